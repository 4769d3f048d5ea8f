"""`sorad doctor`: everything outside the code that sorad needs, looked at now. Changes nothing."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sorad.cli.shared.columns import pad, width, wrap
from sorad.cli.shared.common import find_state_dir, looked_at, say, to_json
from sorad.messages import _, ngettext
from sorad.plaintext import printable
from sorad.problems import after_the_end

if TYPE_CHECKING:
    from sorad.doctor.examination import Group
    from sorad.doctor.finding import Finding, Level

# Marks of a line, and how it looks in a terminal.
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "bold red")}
_NARROW, _WIDE = 60, 100  # columns of text: what is longer is hard to read


class Piece(NamedTuple):
    """A stretch of a line."""

    text: str
    style: str = ""


Line = Sequence[Piece]


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "doctor",
        parents=common,
        help=_("check everything around sorad, with a mend for each trouble"),
        description=_(
            "Looks at the config, the key (by a free call), the folders, disks, ledger, daemon and service, and "
            "says what is wrong and how to mend it. Changes nothing, buys nothing. Exit code 0: no problem; "
            "1: problems; 3: the only problem is that sorad does not run."
        ),
    )
    parser.add_argument(
        "--json", action="store_true", help=_("for programs and bug reports: free of keys and prompts")
    )
    parser.add_argument("--offline", action="store_true", help=_("ask no server"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Examine, and show each finding as soon as it is there."""
    from sorad.doctor.context import look_around
    from sorad.doctor.examination import examine
    from sorad.doctor.finding import exit_code
    from sorad.doctor.report import as_json, homes

    now, home = time.time(), homes()
    written = find_state_dir(args)[0]
    around = look_around(args.config, now, offline=args.offline, env=os.environ, written=written)
    found: list[tuple[Group, Finding]] = []
    show = _nothing if args.json else (_Screen() if looked_at() else _plain)
    with after_the_end(not around.running):
        for group, finding in examine(around):
            found.append((group, finding))
            show(group, finding, home)
        if args.json:
            say(to_json(as_json(found, now, home), indent=2))
            return exit_code(finding for _group, finding in found)
    say(("\n" if looked_at() else "") + _summary([finding.level for _group, finding in found]))
    return exit_code(finding for _group, finding in found)


def _nothing(_group: Group, _finding: Finding, _homes: Sequence[str]) -> None:
    return None


def _plain(_group: Group, finding: Finding, homes: Sequence[str]) -> None:
    """A line that `grep` likes, and the mend below it."""
    from sorad.doctor.report import clean

    message = printable(clean(finding.problem.text(), homes)).replace("\n", " ")
    say(f"{finding.level}: {finding.check}: {message}")
    for line in printable(clean(finding.problem.fix_text(), homes)).splitlines():
        say(f"    {line}")


def _summary(levels: Sequence[Level]) -> str:
    bad = sum(level.value == "problem" for level in levels)
    odd = sum(level.value == "warning" for level in levels)
    if not bad and not odd:
        return _("All is well.")
    return _("{problems}, {warnings}.").format(
        problems=ngettext("{count} problem", "{count} problems", bad).format(count=bad),
        warnings=ngettext("{count} warning", "{count} warnings", odd).format(count=odd),
    )


class _Screen:
    """Coloured lines under a title for each group."""

    def __init__(self) -> None:
        from rich.console import Console

        from sorad.doctor.examination import TITLES

        self._console = Console(highlight=False, soft_wrap=True)
        self._names = max(width(_(title)) for title in TITLES.values())
        self._group = ""

    def __call__(self, group: Group, finding: Finding, homes: Sequence[str]) -> None:
        if group.name != self._group:
            if self._group:
                self._print([Piece("")])
            self._group = group.name
            self._print([Piece(_(group.title), "bold")])
        for line in lines(finding, self._names, self._console.width, homes):
            self._print(line)

    def _print(self, line: Line) -> None:
        from rich.text import Text

        self._console.print(Text.assemble(*((piece.text, piece.style) for piece in line)))


def lines(finding: Finding, names: int, columns: int, homes: Sequence[str]) -> Iterator[Line]:
    """Mark, name and sentence, and the mend below. ``names``: columns of the longest name.

    Lines of a mend that begin with spaces are commands to copy, and are never broken.
    """
    from sorad.doctor.report import clean, title

    mark, style = _MARKS[finding.level.value]
    indent = 2 + 2 + names + 2
    room = min(max(columns - indent, columns - _NARROW, 20), _WIDE)
    head, gap = Piece(pad(title(finding), names), "" if finding.level.value == "ok" else style), " " * indent
    message = [part for text in _paragraphs(finding.problem.text(), homes) for part in wrap(text, room)]
    for number, part in enumerate(message):
        if number:
            yield [Piece(gap + part)]
        else:
            yield [Piece(f"  {mark} ", style), head, Piece(f"  {part}")]
    for text in clean(finding.problem.fix_text(), homes).splitlines():
        if text.startswith("  "):
            yield [Piece(gap + printable(text), "cyan")]
        else:
            for part in wrap(printable(text), room):
                yield [Piece(gap + part, "dim")]


def _paragraphs(text: str, homes: Sequence[str]) -> list[str]:
    from sorad.doctor.report import clean

    return printable(clean(text, homes)).splitlines() or [""]
