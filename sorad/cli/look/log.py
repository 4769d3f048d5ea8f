"""`sorad log`: the end of the log, and what is added to it."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from sorad.cli.shared.arguments import whole_number
from sorad.cli.shared.common import NOT_RUNNING, complain, looked_at, no_take, open_ledger, say, state_dir
from sorad.messages import N_, _
from sorad.plaintext import printable
from sorad.problems import Problem, SoradError

LOOK_EVERY = 0.3  # seconds

Wanted = Callable[[str], bool]


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "log",
        parents=common,
        help=_("the log"),
        description=_("Shows the end of the log, of all takes or of one."),
    )
    parser.add_argument("-n", metavar=_("N"), type=_count, default=50, help=_("so many lines (default: 50)"))
    parser.add_argument("-f", "--follow", action="store_true", help=_("stay, and show what is added"))
    parser.add_argument("--take", metavar=_("TAKE"), type=whole_number, help=_("only lines about this take"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    from sorad.logs import log_files, log_path

    folder = state_dir(args)
    files = log_files(folder)
    if not files and not args.follow:
        raise SoradError(
            Problem(
                "log.none",
                N_("There is no log yet: {path} does not exist."),
                N_("`sorad run` writes one."),
                {"path": str(log_path(folder))},
            ),
            exit_code=NOT_RUNNING,
        )
    wanted = _about(args.take, folder) if args.take is not None else None
    current = log_path(folder)
    stream = _open(current)
    if looked_at():
        complain(_("This is {path}").format(path=current))
    try:
        older = [file for file in files if file != current]
        for line in _tail(older, stream, args.n, wanted):
            say(line)
        if args.follow:
            for line in _filtered(_follow(current, stream), wanted):
                say(line, flush=True)
    finally:
        if stream is not None:
            stream.close()
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


_count.__name__ = "int"  # argparse names the type in its complaint


def _open(path: Path) -> TextIO | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _tail(older: list[Path], current: TextIO | None, count: int, wanted: Wanted | None) -> Iterable[str]:
    """The last ``count`` lines; ``older`` files (the oldest first) are read only as far as needed."""
    kept: deque[str] = deque(_filtered(current or (), wanted), maxlen=count)
    for file in reversed(older):
        if len(kept) >= count:
            break
        stream = _open(file)
        if stream is not None:  # else rotated away meanwhile
            with stream:
                before = deque(_filtered(stream, wanted), maxlen=count - len(kept))
            kept.extendleft(reversed(before))
    return kept


def _filtered(lines: Iterable[str], wanted: Wanted | None) -> Iterator[str]:
    """The lines that are wanted, each with the indented ones below it."""
    showing = wanted is None
    for line in lines:
        if wanted is not None and not line.startswith(" "):
            showing = wanted(line)
        if showing:
            yield printable(line.rstrip("\n"))


def _follow(path: Path, stream: TextIO | None) -> Iterator[str]:
    """Lines as they are added, through rotations, until Ctrl+C."""
    part = ""
    while True:
        line = stream.readline() if stream is not None else ""
        if line.endswith("\n"):
            yield part + line
            part = ""
            continue
        part += line
        if not line:
            if _is_other(path, stream):
                rest = (
                    stream.read() if stream is not None else ""
                )  # what came between the look and the rotation
                yield from (part + rest).splitlines(keepends=True)
                part = ""
                if stream is not None:
                    stream.close()
                stream = _open(path)
            else:
                time.sleep(LOOK_EVERY)


def _is_other(path: Path, stream: TextIO | None) -> bool:
    """Whether the name stands for another file than the one that is open."""
    try:
        named = path.stat()
    except OSError:
        return False
    if stream is None:
        return True
    mine, read = os.fstat(stream.fileno()), os.lseek(stream.fileno(), 0, os.SEEK_CUR)
    return (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino) or named.st_size < read


def _about(take_id: int, folder: Path) -> Wanted:
    """Whether a line is about a take: it names its number, a task or a request of it, or its video."""
    # Lines of either language, as the daemon may have spoken another one.
    numbered = rf"(?:take|条目) ?{take_id}(?!\d)"
    others = [rf"(?<!\w){re.escape(name)}(?!\w)" for name in _names(take_id, folder) if name]
    return re.compile("|".join([numbered, *others])).search  # type: ignore[return-value]


def _names(take_id: int, folder: Path) -> set[str]:
    """What a take goes by in the log, beside its number; nothing where the ledger cannot tell."""
    from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable

    try:
        ledger = open_ledger(folder)
    except (SoradError, LedgerUnavailable, LedgerDamaged):
        return set()  # the log is read when something is wrong
    try:
        take = ledger.take(take_id)
        if take is None:
            raise no_take(take_id)
        names = {take.remote_id, take.request_id, take.output}
        names.update(event.request_id for event in ledger.history(take_id))
        names.update(one.remote_id for one in ledger.bought(take_id))  # also of creates before the last
    except (LedgerUnavailable, LedgerDamaged):
        return set()
    finally:
        ledger.close()
    return names
