"""`sorad show`: one take and all that happened to it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sorad.cli.common import local_time, no_take, open_ledger, say, state_dir, to_json
from sorad.cli.words import pad, plain, width
from sorad.messages import N_, _

if TYPE_CHECKING:
    from sorad.ledger.interface import Event
    from sorad.model import Take

# The notes that steps leave in the history; one that is not here is shown as it is.
_NOTES = {
    "wanted": N_("wanted by the storyboard"),
    "found": N_("found in the folder"),
    "moved": N_("moved with its storyboard"),
    "again": N_("wanted once more"),
    "withdrawn": N_("no longer wanted"),
    "intent": N_("about to be bought"),
    "accepted": N_("accepted"),
    "refused": N_("refused"),
    "not sent": N_("did not leave"),
    "unknown": N_("perhaps accepted"),
    "recovered": N_("interrupted by the end of sorad"),
    "look": N_("not in the provider's list yet"),
    "look failed": N_("the provider's list could not be read"),
    "several": N_("several tasks match"),
    "waits": N_("waits for you"),
    "adopted": N_("adopted"),
    "not accepted": N_("was not accepted"),
    "running": N_("still generating"),
    "parked": N_("slow: gives its slot up"),
    "missing": N_("the provider does not know it"),
    "poll failed": N_("could not be asked after"),
    "finished": N_("generated"),
    "failed": N_("failed at the provider"),
    "lost": N_("given up"),
    "download": N_("being fetched"),
    "download failed": N_("could not be fetched"),
    "rescued": N_("its folder is gone: brought to safety"),
    "rescue failed": N_("could not be brought to safety"),
    "delivered": N_("delivered"),
    "over budget": N_("over the budget"),
    "too many creates": N_("bought too often"),
    "new day": N_("a new day"),
    "weighed again": N_("weighed again at the start"),
    "approved": N_("approved by you"),
    "retry": N_("tried again by you"),
    "cancel": N_("cancelled by you"),
    "resend": N_("sent again by you"),
    "dropped": N_("dropped by you"),
    "no key": N_("its key is not set"),
    "crashed": N_("failed for a mistake in sorad"),
}

_ORIENTATIONS = {"horizontal": N_("horizontal"), "vertical": N_("vertical")}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "show",
        parents=common,
        help=_("one take and all that happened to it"),
        description=_("Shows a take: what is sent, its cost, and every step with request ids and errors."),
    )
    parser.add_argument("take", metavar=_("TAKE"), type=int, help=_("its number, as `sorad list` shows it"))
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    ledger = open_ledger(state_dir(args))
    try:
        take = ledger.take(args.take)
        if take is None:
            raise no_take(args.take)
        history = ledger.history(take.id)
        currency = ledger.recall("currency") or "USD"
    finally:
        ledger.close()
    if args.json:
        say(to_json(_as_json(take, history), indent=2))
    else:
        for text in (*_card(take, currency), *_history(history)):
            say(text)
    return 0


def _as_json(take: Take, history: list[Event]) -> dict[str, Any]:
    from sorad.cli.list import as_json
    from sorad.clock import iso

    return {
        **as_json(take),
        "fingerprint": take.fingerprint,
        "request": take.request.canonical(),
        "provider": take.provider or None,
        "base_url": take.base_url or None,
        "creates": take.creates,
        "accepted_at": iso(take.accepted_at),
        "finished_at": iso(take.finished_at),
        "history": [
            {
                "at": iso(event.at),
                "state": event.state.value,
                "note": event.note,
                "request_id": event.request_id or None,
                "error": event.problem
                and {
                    "code": event.problem.code,
                    "message": event.problem.text(),
                    "fix": event.problem.fix_text(),
                },
            }
            for event in history
        ],
    }


def _card(take: Take, currency: str) -> Iterator[str]:
    from sorad.cli.screen import STATE_NAMES
    from sorad.model import units

    request = take.request
    kind = [_("{seconds} seconds").format(seconds=request.seconds), _(_ORIENTATIONS[request.orientation])]
    rows = [
        (
            _("take"),
            _("{id}: segment {segment}, take {take}").format(
                id=take.id, segment=take.segment, take=take.take
            ),
        ),
        (_("state"), _(STATE_NAMES[take.state])),
        (_("storyboard"), take.storyboard),
        (_("video"), take.output),
        (_("prompt"), request.prompt),
        (_("picture"), request.image_path or request.image),
        (_("form"), _(", ").join([*kind, "pro"] if request.pro else kind)),
        (_("provider"), f"{take.provider} {take.base_url}".strip()),
        (_("task id"), take.remote_id),
        (_("request id"), take.request_id),
        (_("cost"), "" if take.cost is None else f"{units(take.cost):.2f} {currency}"),
        (_("bought"), local_time(take.accepted_at)),
        (_("delivered"), local_time(take.finished_at)),
        (_("error"), str(take.error or "")),
    ]
    longest = max(width(name) for name, _text in rows)
    for name, text in rows:
        if text:
            first, *more = plain(text).split("\n")
            yield f"{pad(name, longest)}  {first}"
            yield from (f"{'':{longest}}  {row}" for row in more)


def _history(history: list[Event]) -> Iterator[str]:
    from sorad.cli.screen import STATE_NAMES

    yield ""
    for event in history:
        request_id = f"  [{event.request_id}]" if event.request_id else ""
        note = _(_NOTES.get(event.note, event.note))
        yield f"{local_time(event.at)}  {pad(_(STATE_NAMES[event.state]), 11)}  {note}{request_id}"
        if event.problem is not None:
            yield f"    {plain(str(event.problem))}"
