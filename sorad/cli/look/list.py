"""`sorad list`: the takes, one line each, as many as there are."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.columns import clip, cut, pad, width
from sorad.cli.shared.common import (
    complain,
    looked_at,
    open_ledger,
    say,
    state_dir,
    storyboard_path,
    to_json,
)
from sorad.messages import _
from sorad.plaintext import one_line, printable

if TYPE_CHECKING:
    from sorad.ledger.interface import Ledger
    from sorad.model import Take
    from sorad.problems import Problem

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
    parser.add_argument("--missing", action="store_true", help=_("only those whose video is no longer there"))
    parser.add_argument(
        "--old", action="store_true", help=_("only those of an earlier text of their segment")
    )
    parser.add_argument(
        "--flawed", action="store_true", help=_("only those with whose video something is wrong")
    )
    parser.add_argument("-n", metavar=_("N"), type=_count, help=_("only the last so many, by their numbers"))
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
        read = well_read(ledger)
        takes = filter(_wanted(args, read), takes)
        if args.n is not None:
            takes = iter(deque(takes, maxlen=args.n))
        if args.json:
            _write_json(takes, Names(ledger))
        else:
            _write_lines(takes, ledger, read)
    finally:
        ledger.close()
    return 0


def is_missing(take: Take) -> bool:
    """Whether its video was delivered and is no longer there."""
    return take.state == "done" and take.error is not None and take.error.code == "take.missing"


def well_read(ledger: Ledger) -> frozenset[int]:
    """The storyboards whose texts are known: neither gone, nor with mistakes, nor copies."""
    return frozenset(board.id for board in ledger.storyboards() if board.state == "ok")


def is_old(take: Take, read: Collection[int]) -> bool:
    """Whether it was bought for a text that its segment no longer has. ``read``: see :func:`well_read`."""
    bought = take.state == "done" or bool(take.remote_id)
    return not take.wanted and bought and take.storyboard_id in read


def _wanted(args: argparse.Namespace, read: Collection[int]) -> Callable[[Take], bool]:
    """What ``--missing``, ``--old`` and ``--flawed`` leave."""
    from sorad.media.flaws import flaws_of

    asked = [(args.missing, is_missing), (args.old, lambda take: is_old(take, read)), (args.flawed, flaws_of)]
    wanted: list[Callable[[Take], object]] = [holds for said, holds in asked if said]
    return lambda take: all(holds(take) for holds in wanted)


class Names:
    """What the providers of takes are called."""

    def __init__(self, ledger: Ledger) -> None:
        rows = ledger.recall("providers") or []
        self._first = str(rows[0]["name"]) if rows else ""
        self._by_account = {
            (row["kind"], row["base_url"], row["account"]): row["name"] for row in reversed(rows)
        }
        self._by_place = {(row["kind"], row["base_url"]): row["name"] for row in reversed(rows)}

    def of(self, take: Take) -> str:
        """The name of the provider that has its task, or else that it is wanted from.

        Of one that is not in the config of the last run any more, its kind.
        """
        if not take.remote_id and take.state.value in ("queued", "held", "cancelled"):
            return take.target or self._first
        return self.at(take.provider, take.base_url, take.account) or take.target or self._first

    def at(self, kind: str, base_url: str, account: str) -> str:
        """The name of the provider that has tasks there."""
        told = self._by_account.get((kind, base_url, account)) or self._by_place.get((kind, base_url))
        return told or kind


def model_of(take: Take) -> str:
    """The model that it was sent to, as the provider calls it, or that is asked for; ``""``: the default one."""
    sent = take.said.get("model") if take.provider else None
    return sent if isinstance(sent, str) and sent else take.effective_request.model


def as_json(take: Take, names: Names) -> dict[str, Any]:
    """A take as `sorad list --json` shows it (design: Commands): ``cost`` in units of the currency."""
    from sorad.clock import iso
    from sorad.media.flaws import flaws_of
    from sorad.model import units

    return {
        "id": take.id,
        "storyboard": take.storyboard,
        "segment": take.segment,
        "take": take.take,
        "state": take.state.value,
        "output": take.output,
        "remote_id": take.remote_id or None,
        "reused": take.reused or None,
        "request_id": take.request_id or None,
        "provider": names.of(take) or None,
        "model": model_of(take) or None,
        "error": problem_json(take.error),
        "chosen": bool(take.chosen_at),
        "flaws": None
        if not take.checks
        else [{**one.members(), "message": one.text()} for one in flaws_of(take)],
        "wanted": take.wanted,
        "cost": None if take.cost is None else units(take.cost),
        "created_at": iso(take.created_at),
        "updated_at": iso(take.updated_at),
    }


def problem_json(problem: Problem | None) -> dict[str, str] | None:
    """What is wrong, in the language in force."""
    if problem is None:
        return None
    return {"code": problem.code, "message": problem.text(), "fix": problem.fix_text()}


def continues_another(ledger: Ledger, take: Take) -> bool:
    """Whether it begins with the last frame of another shot than the one that stands, or is chosen, before it now."""
    from sorad.engine.decide.chain import is_of_another_shot
    from sorad.ledger.chain import segment_before

    return take.frame_of != "" and is_of_another_shot(take, segment_before(ledger, take))


def _write_json(takes: Iterable[Take], names: Names) -> None:
    """An array, a take a line: never more than one of them in memory."""
    between = "[\n"
    for take in takes:
        sys.stdout.write(between + to_json(as_json(take, names)))
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def _write_lines(takes: Iterable[Take], ledger: Ledger, read: Collection[int]) -> None:
    columns = shutil.get_terminal_size().columns if looked_at() else 0
    count = 0
    for take in takes:
        count += 1
        for text in lines(
            take, columns, old=is_old(take, read), another_shot=continues_another(ledger, take)
        ):
            say(text)
    if not count:
        complain(_("No takes."))


def lines(take: Take, columns: int, *, old: bool = False, another_shot: bool = False) -> Iterator[str]:
    """``12  done  3_v1  /vault/film/…/3_v1_0123abcd.mp4``; of an open or failed one also what is wrong.

    In a terminal of so many ``columns`` each fits its line, what is wrong below; for a pipe (0) it is one line.
    """
    from sorad.media.flaws import flaws_of
    from sorad.model import STATE_NAMES

    state = pad(_(STATE_NAMES[take.state]), 11)
    head = f"{take.id:>6}  {state}  {f'{take.segment}_v{take.take}':<7}  "
    marks = [_("of an earlier text")] if old else []
    marks += [_("of another earlier shot")] if another_shot else []
    marks += [_("chosen")] if take.chosen_at else []
    marks += [_("reused")] if take.reused else []
    marks += [one_line(one.text()) for one in flaws_of(take)] if take.checks else []
    wrong = _("; ").join([*marks, *([one_line(take.error.text())] if take.error else [])])
    if not columns:
        yield f"{head}{printable(take.output)}{'  ' if wrong else ''}{wrong}"
        return
    yield clip(head + cut(printable(take.output), max(columns - width(head), 8)), columns)
    if wrong:
        yield clip(f"        {wrong}", columns)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


_count.__name__ = "int"  # argparse names the type in its complaint
