"""`sorad status`: is it alive and well, and what needs the user. Works with the daemon dead."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.common import (
    OK,
    find_state_dir,
    looked_at,
    say,
    service_lacks,
    start_command,
    to_json,
    watched_folders,
)
from sorad.ledger.place import ledger_path
from sorad.messages import _
from sorad.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sorad.cli.shared.fit import Line
    from sorad.health.facts import Facts
    from sorad.health.report import Report

WATCH_EVERY = 1.0  # seconds
# A sorad makes its ledger within moments of its start; one that is missing later is a problem. Seconds.
START = 30.0


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "status",
        parents=common,
        help=_("is it alive and well, and what needs you"),
        description=_(
            "Shows whether sorad runs and is well, what needs you, with the command for it, what is under way "
            "and till when, its folders, limits, disk and money. Exit code 0: healthy; 1: problems; "
            "3: not running."
        ),
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.add_argument("--watch", "-w", action="store_true", help=_("stay, and show what changes (q: end)"))
    parser.add_argument(
        "--all", "-a", action="store_true", help=_("all of it, though it fills no one screen")
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    from sorad.health.report import exit_code

    eyes = _Eyes(args)
    if args.watch and args.json:
        return _watch_json(eyes)
    if args.watch and looked_at():
        return _watch_plain(eyes) if os.environ.get("TERM") in ("dumb", "unknown") else _watch(eyes)
    report = eyes.look()
    _show(report, args)
    return exit_code(report)


class _Eyes:
    """Looks at the standing, again and again."""

    def __init__(self, args: argparse.Namespace) -> None:
        from sorad.health.look import Look

        self._args = args
        self._looks: dict[Path, Look] = {}

    def look(self) -> Report:
        """How it stands now. Raises nothing: what cannot be read is told in the report."""
        from sorad.health.look import Look
        from sorad.health.report import report

        folder, config = find_state_dir(self._args)
        if folder is None:
            return report(self._blind(config))
        if folder not in self._looks:
            self._looks = {folder: Look(ledger_path(folder))}
        facts = self._begun(self._looks[folder].facts(time.time(), config))
        facts = replace(facts, service=tuple(service_lacks(self._args)))
        return report(facts if facts.holder else replace(facts, start=start_command(self._args)))

    def _begun(self, facts: Facts) -> Facts:
        """Of a sorad that has just begun and made no ledger yet: the folders that it is about to watch."""
        begins = facts.holder is not None and facts.now - facts.holder.started < START
        ready = facts.pulse is not None and facts.pulse.ready
        if ready or not begins or facts.ledger is None or facts.ledger.code != "ledger.missing":
            return facts
        from sorad.ledger.values import RootRow

        roots = tuple(RootRow(path, "starting", "") for path in watched_folders(self._args))
        return replace(facts, ledger=None, roots=roots)

    @staticmethod
    def _blind(config: Optional[Problem]) -> Facts:
        from sorad.health.facts import Facts

        return Facts(time.time(), ledger=config)


def _show(report: Report, args: argparse.Namespace) -> None:
    from sorad.cli.look.status_sections import everything, plain_lines, screen

    if args.json:
        say(to_json(report, indent=2))
    elif not looked_at():
        for text in plain_lines(list(everything(report))):
            say(text)
    else:
        size = shutil.get_terminal_size()
        rows = 1_000_000 if args.all else max(size.lines - 1, 5)  # the prompt has the last one
        _print(screen(report, size.columns, rows))


def _print(lines: Sequence[Line]) -> None:
    from rich.console import Console

    from sorad.cli.shared.live import text_of

    console = Console(highlight=False)
    for line in lines:
        console.print(text_of(line), crop=True)


def _watch(eyes: _Eyes) -> int:
    from sorad.cli.look.status_sections import screen
    from sorad.cli.shared import live
    from sorad.cli.shared.fit import Line

    def render(columns: int, rows: int) -> list[Line]:
        lines = screen(eyes.look(), columns, rows - 1, latest=True)
        foot = Line(_("{time}  q: end").format(time=time.strftime("%H:%M:%S")), "dim")
        return [*lines, *[Line("")] * (rows - 1 - len(lines)), foot]

    live.run(render)
    return OK


def _watch_plain(eyes: _Eyes) -> int:
    """For a terminal on which nothing can be overwritten: all of it, each time that something has changed."""
    from sorad.cli.look.status_sections import everything, plain_lines

    shown: list[str] = []
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        while True:
            lines = plain_lines(list(everything(eyes.look(), latest=True)))
            if lines != shown:
                say("\n".join([time.strftime("-- %H:%M:%S"), *lines]))
                print(end="", flush=True)  # noqa: T201
                shown = lines
            time.sleep(WATCH_EVERY)
    return OK


def _watch_json(eyes: _Eyes) -> int:
    """Each time that something has changed: one JSON document on a line."""
    shown: Report = {}
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        while True:
            report = eyes.look()
            if {**report, "time": ""} != shown:
                shown = {**report, "time": ""}
                say(to_json(report))
                print(end="", flush=True)  # noqa: T201
            time.sleep(WATCH_EVERY)
    return OK
