"""`sorad list`: the takes, one line each, as many as there are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sorad.cli.common import complain, open_ledger, say, state_dir, storyboard_path, to_json
from sorad.cli.words import pad, plain
from sorad.messages import _

if TYPE_CHECKING:
    from sorad.model import Take

STATES = (
    "queued",
    "held",
    "submitting",
    "unknown",
    "generating",
    "downloading",
    "done",
    "failed",
    "cancelled",
)


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "list",
        parents=common,
        help=_("the takes"),
        description=_("Lists the takes: number, state, segment and take, video, and what went wrong."),
    )
    parser.add_argument(
        "--state",
        metavar=_("STATE"),
        choices=STATES,
        action="append",
        help=_("only these: {states}; may be repeated").format(states=", ".join(STATES)),
    )
    parser.add_argument(
        "--storyboard", metavar=_("PATH"), help=_("only of this storyboard, or below this folder")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """List them."""
    from sorad.model import State

    ledger = open_ledger(state_dir(args))
    try:
        takes = ledger.takes(
            states=[State(name) for name in args.state] if args.state else None,
            storyboard=storyboard_path(args.storyboard) if args.storyboard else None,
        )
        if args.json:
            _write_json(takes)
        else:
            _write_lines(takes)
    finally:
        ledger.close()
    return 0


def as_json(take: Take) -> dict[str, Any]:
    """A take as `sorad list --json` shows it (design: Commands): ``cost`` in units of the currency."""
    from sorad.clock import iso
    from sorad.model import units

    error = take.error
    return {
        "id": take.id,
        "storyboard": take.storyboard,
        "segment": take.segment,
        "take": take.take,
        "state": take.state.value,
        "output": take.output,
        "remote_id": take.remote_id or None,
        "request_id": take.request_id or None,
        "error": error and {"code": error.code, "message": error.text(), "fix": error.fix_text()},
        "cost": None if take.cost is None else units(take.cost),
        "created_at": iso(take.created_at),
        "updated_at": iso(take.updated_at),
    }


def _write_json(takes: Iterable[Take]) -> None:
    """An array, a take a line: never more than one of them in memory."""
    between = "[\n"
    for take in takes:
        sys.stdout.write(between + to_json(as_json(take)))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _write_lines(takes: Iterable[Take]) -> None:
    count = 0
    for take in takes:
        count += 1
        say(line(take))
    if not count:
        complain(_("No takes."))


def line(take: Take) -> str:
    """``12  done  3_v1  /vault/film/…/3_v1_0123abcd.mp4``; of an open or failed one also what is wrong."""
    from sorad.cli.screen import STATE_NAMES

    state = pad(_(STATE_NAMES[take.state]), 11)
    wrong = f"  {plain(take.error.text())}" if take.error else ""
    return f"{take.id:>6}  {state}  {f'{take.segment}_v{take.take}':<7}  {plain(take.output)}{wrong}"
