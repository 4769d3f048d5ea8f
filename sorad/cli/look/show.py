"""`sorad show`: one take and all that happened to it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from sorad.cli.shared.arguments import whole_number
from sorad.cli.shared.columns import form, pad, width
from sorad.cli.shared.common import no_take, open_ledger, say, start_command, state_dir, to_json
from sorad.clock import local_time
from sorad.messages import N_, _
from sorad.plaintext import one_line, printable
from sorad.problems import after_the_end, joined

if TYPE_CHECKING:
    from sorad.cli.look.list import Names
    from sorad.files.labels import Labels
    from sorad.health.outlook import Outlook
    from sorad.ledger.values import Event, Purchase
    from sorad.model import Reference, Request, Take

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
    "not failed": N_("not failed after all"),
    "download": N_("being fetched"),
    "download failed": N_("could not be fetched"),
    "rescued": N_("its folder is gone: brought to safety"),
    "rescue failed": N_("could not be brought to safety"),
    "delivered": N_("delivered"),
    "over budget": N_("over the budget"),
    "too many creates": N_("bought too often"),
    "new day": N_("a new day"),
    "weighed": N_("weighed against the budget"),
    "weighed again": N_("weighed again at the start"),
    "approved": N_("approved by you"),
    "retry": N_("tried again by you"),
    "retarget": N_("moved to another provider by you"),
    "fallback": N_("goes on at another provider"),
    "cancel": N_("cancelled by you"),
    "resend": N_("sent again by you"),
    "dropped": N_("dropped by you"),
    "no key": N_("its key is not set"),
    "crashed": N_("failed for a mistake in sorad"),
    "not ours": N_("left to the computer that bought it"),
    "turned up": N_("its video is there"),
    "gone": N_("its video is no longer there"),
    "found again": N_("its video is there again"),
    "mended": N_("its damaged receipt is gone"),
    "no place": N_("its folder takes no files"),
    "other buyer": N_("another sorad buys it"),
    "seen again": N_("looked at again"),
    "chosen": N_("chosen by you"),
    "chain": N_("waits for the shot before"),
    "ready": N_("the shot before has ended"),
    "pictures": N_("waits, for pictures are ignored there"),
    "not chosen": N_("chosen no longer"),
    "maybe accepted": N_("refused, and on the list all the same"),
}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "show",
        parents=common,
        help=_("one take and all that happened to it"),
        description=_(
            "Shows a take: how it stands and what comes next, what is sent, its file and cost, and every step "
            "with request ids and errors."
        ),
    )
    parser.add_argument(
        "take", metavar=_("TAKE"), type=whole_number, help=_("its number, as `sorad list` shows it")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    from sorad.lock import holder

    folder = state_dir(args)
    with after_the_end(holder(folder) is None):
        seen = _look(args, folder, args.take)
        if args.json:
            say(to_json(_as_json(seen), indent=2))
        else:
            for text in (*_card(seen), "", *_history(seen.history)):
                say(text)
    return 0


class _Seen(NamedTuple):
    """All there is to know of a take."""

    take: Take
    history: list[Event]
    purchases: list[Purchase]  # money that is out for it
    currency: str
    next: Outlook
    size: Optional[int]  # bytes of the file at its place; None: there is none
    receipt: Optional[str]
    old: bool  # it is of an earlier text of its segment
    names: Names
    another_shot: bool  # it begins with the frame of another shot than the one before it now
    labels: Labels  # in the file at its place


def _look(args: argparse.Namespace, folder: Path, number: int) -> _Seen:
    from sorad.cli.look.list import Names, continues_another, is_old, well_read
    from sorad.files.labels import NO_LABELS
    from sorad.health.estimates import learn
    from sorad.health.facts import LEARNT_FROM
    from sorad.health.outlook import Standing, outlook
    from sorad.layout import receipt_path
    from sorad.lock import holder
    from sorad.model import State
    from sorad.receipts.writing import labels_at

    ledger = open_ledger(folder)
    try:
        take = ledger.take(number)
        if take is None:
            raise no_take(number)
        running = holder(folder) is not None
        standing = Standing(
            time.time(),
            running=running,
            start="" if running else start_command(args),
            paused=bool(ledger.recall("paused")),
            halted=bool(ledger.recall("halt") or ledger.recall("stops")),
            paces=learn(ledger.generations(LEARNT_FROM)),
            looks=ledger.rechecks(take.id),
        )
        history, purchases = ledger.history(take.id), ledger.bought(take.id)
        currency = ledger.recall("currency") or "USD"
        old, another = is_old(take, well_read(ledger)), continues_another(ledger, take)
        names = Names(ledger)
    finally:
        ledger.close()
    video = Path(take.output)
    receipt = receipt_path(video)
    there = str(receipt) if _size(receipt) is not None else None
    told = outlook(take, standing)
    labels = NO_LABELS if take.state is not State.DONE else labels_at(video)
    return _Seen(take, history, purchases, currency, told, _size(video), there, old, names, another, labels)


def _size(path: Path) -> Optional[int]:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # not there, or not for us to see
        return None


def _as_json(seen: _Seen) -> dict[str, Any]:
    from sorad.attempts import as_members
    from sorad.cli.look.list import as_json, problem_json
    from sorad.clock import iso

    take, following = seen.take, seen.next
    return {
        **as_json(take, seen.names),
        "fingerprint": take.fingerprint,
        "request": take.request.canonical(),
        "frame": {"image": take.frame, "of": take.frame_of} if take.frame else None,
        "earlier_shot": seen.another_shot,
        "newer": None if take.newer is None else take.newer.canonical(),
        "kind": take.provider or None,
        "base_url": take.base_url or None,
        "creates": take.creates,
        "moved_by": take.moved_by,
        "attempts": as_members(take.attempts),
        "accepted_at": iso(take.accepted_at),
        "finished_at": iso(take.finished_at),
        **_video_json(seen),
        "labels": seen.labels.members() if seen.labels else None,
        "next": {
            "message": following.told.text(),
            "fix": following.told.fix_text(),
            "at": iso(following.at),
            "expected": iso(following.expected),
        },
        "purchases": [_purchase_json(one, seen.currency) for one in seen.purchases],
        "history": [
            {
                "at": iso(event.at),
                "state": event.state.value,
                "note": event.note,
                "request_id": event.request_id or None,
                "error": problem_json(event.problem),
                **({"answer": _answer(event)} if _answer(event) else {}),
            }
            for event in seen.history
        ],
    }


def _purchase_json(one: Purchase, first: str) -> dict[str, Any]:
    from sorad.clock import iso
    from sorad.model import units

    return {
        "at": iso(one.charged_at),
        "remote_id": one.remote_id or None,
        "cost": None if one.cost is None else units(one.cost),
        "currency": one.currency or first,
        "told": one.told,
        "repeats": one.repeats,
    }


def _video_json(seen: _Seen) -> dict[str, Any]:
    """What lies there, and what a look at it found."""
    from sorad.layout import poster_path
    from sorad.media.flaws import members

    take = seen.take
    return {
        "size": seen.size,
        "receipt": seen.receipt,
        "checks": members(take.checks) or None,
        "poster": str(poster_path(Path(take.output))) if take.poster == 1 else None,
    }


def _card(seen: _Seen) -> Iterator[str]:
    from sorad.model import STATE_NAMES
    from sorad.units import format_size

    take, request = seen.take, seen.take.request
    rows = [
        (
            _("take"),
            _("{id}: segment {segment}, take {take}").format(
                id=take.id, segment=take.segment, take=take.take
            ),
        ),
        (_("state"), _(STATE_NAMES[take.state])),
        (_("text"), _("an earlier one of its segment") if seen.old else ""),
        (_("chosen"), local_time(take.chosen_at or None)),
        (_("next"), _next(seen.next)),
        (_("error"), str(take.error or "")),
        (_("storyboard"), take.storyboard),
        (_("video"), take.output),
        (_("file"), _("not there") if seen.size is None else format_size(seen.size)),
        (_("receipt"), seen.receipt or ""),
        (_("labels"), _labels(seen.labels)),
        *_checks(take),
        (_("prompt"), request.prompt),
        *_pictures(take.to_send),
        (_("frame of"), _frame_of(seen)),
        (_("not to be seen"), request.negative_prompt),
        (_("text today"), _today(take)),
        (_("form"), form(request)),
        (_("provider"), _provider(seen)),
        *_tried(take),
        (_("task id"), take.remote_id),
        (_("request id"), take.request_id),
        *_money(seen),
        (_("delivered"), local_time(take.finished_at)),
    ]
    longest = max(width(name) for name, _text in rows)
    for name, text in rows:
        if text:
            first, *more = printable(text).split("\n")
            yield f"{pad(name, longest)}  {first}"
            yield from (f"{'':{longest}}  {row}" for row in more)


def _provider(seen: _Seen) -> str:
    """Where it was sent, or is to be; and where its storyboard wants it from, if that is another one."""
    from sorad.cli.look.list import model_of

    take = seen.take
    name, there = seen.names.of(take), f"{take.provider} {take.base_url}".strip()
    told = f"{name} ({there})" if there and name != take.provider else there or name
    told = " ".join(filter(None, (told, model_of(take))))
    if not take.moved_by:
        return told
    if take.moved_by == "user":
        return _("{provider}, as you said with `sorad retarget`").format(provider=told)
    return _("{provider}, as a fallback").format(provider=told)


def _tried(take: Take) -> Iterator[tuple[str, str]]:
    """What came of other providers before."""
    from sorad.attempts import attempts_of

    for one in attempts_of(take.attempts):
        spent = "" if one.cost is None else f"{one.cost:.2f} {one.currency}"
        parts = (one.provider, one.remote_id, one.code, spent, local_time(one.at))
        yield _("tried"), "  ".join(filter(None, parts))


def _labels(labels: Labels) -> str:
    """What the file says of how it was made."""
    told = [_("AIGC metadata: {text}").format(text=one_line(text)) for text in labels.aigc]
    return "\n".join([*told, *([_("a C2PA manifest, not checked")] if labels.c2pa else [])])


def _checks(take: Take) -> Iterator[tuple[str, str]]:
    """What a look at its video found."""
    from sorad.layout import poster_path
    from sorad.media.flaws import flaws_of, members

    told = members(take.checks)
    if told.get("width"):
        sound = told.get("sound") or _("no sound")
        form = "{width}x{height} · {length} s · {rate} fps · {codec} {pixels} · {sound}"
        yield _("seen"), form.format(**{**told, "sound": sound})
    if "unchecked" in told:
        yield _("seen"), _("not checked: too much for the limits of time and memory")
    elif told:
        yield _("flaws"), "\n".join(one.text() for one in flaws_of(take)) or _("none found")
    yield _("poster"), str(poster_path(Path(take.output))) if take.poster == 1 else ""


def _pictures(request: Request) -> Iterator[tuple[str, str]]:
    yield _("first frame"), request.image_path or request.image
    yield _("last frame"), request.last_frame_path or request.last_frame
    yield from ((_("reference"), _reference(one)) for one in request.references)


def _frame_of(seen: _Seen) -> str:
    """The shot that it continues."""
    told = seen.take.frame_of
    return _("{task} (of another earlier shot)").format(task=told) if seen.another_shot else told


def _reference(one: Reference) -> str:
    said = _(", ").join(part for part in (one.name, one.kind) if part)
    return f"{one.path or one.image} ({said})" if said else one.path or one.image


def _today(take: Take) -> str:
    """What its segment asks for now, where an earlier version of sorad bought another text."""
    if take.newer is None:
        return ""
    told = _("{prompt}\n(It was bought with the older text; `sorad redo {id}` buys today's.)")
    return told.format(prompt=take.newer.prompt, id=take.id)


def _money(seen: _Seen) -> Iterator[tuple[str, str]]:
    """What was paid; where it was bought more than once, each time."""
    from sorad.model import units

    def price(cost: Optional[int], currency: str = "") -> str:
        known = currency or seen.take.currency or seen.currency
        return _("price not known") if cost is None else f"{units(cost):.2f} {known}"

    take, bought = seen.take, seen.purchases
    possible = sum(one.possible for one in bought)
    if any(one.repeats for one in bought):
        told = _("its gateway sent it {count} times more by itself: {price} more may be spent")
        yield (
            _("perhaps"),
            told.format(count=sum(one.repeats for one in bought), price=price(possible or None)),
        )
    if len(bought) < 2:
        yield _("cost"), "" if take.cost is None else price(take.cost)
        yield _("bought"), local_time(take.accepted_at)
        return
    for one in bought:
        yield _("bought"), f"{local_time(one.charged_at)}  {price(one.cost, one.currency)}  {one.remote_id}"


def _next(following: Outlook) -> str:
    told = following.told.text()
    if following.at is not None:
        told = _("{told} At {time}.").format(told=told, time=local_time(following.at))
    if following.expected is not None:
        told = _("{told} Ready about {time}.").format(told=told, time=local_time(following.expected))
    return joined(told, following.told.fix_text())


def _history(history: list[Event]) -> Iterator[str]:
    from sorad.model import STATE_NAMES

    for event in history:
        request_id = f"  [{event.request_id}]" if event.request_id else ""
        note = _(_NOTES.get(event.note, event.note))
        yield f"{local_time(event.at)}  {pad(_(STATE_NAMES[event.state]), 11)}  {note}{request_id}"
        if event.problem is not None:
            yield f"    {printable(str(event.problem))}"
        answer = _answer(event)
        if answer:
            yield "    " + printable(_("The answer was: {answer}").format(answer=answer))


def _answer(event: Event) -> str:
    """The answer to a create that was not understood, as it is kept."""
    from sorad.engine.decide.transitions import ANSWER

    return str(event.problem.params.get(ANSWER, "")) if event.problem is not None else ""
