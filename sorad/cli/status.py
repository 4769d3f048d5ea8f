"""`sorad status`: is it alive and well, and what needs the user. Works with the daemon dead."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from sorad.cli.common import OK, local_time, looked_at, say, state_dir, to_json
from sorad.cli.words import cut, pad, plain, width
from sorad.ledger.place import ledger_path
from sorad.messages import N_, _, ngettext
from sorad.units import format_size

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Group

    from sorad.health.report import Report

WATCH_EVERY = 1.0  # seconds

_ROOT_STATES = {"watching": N_("watching"), "polling": N_("polling"), "offline": N_("offline")}
_MODES = {"normal": N_("normal"), "safe": N_("safe mode"), "recovering": N_("recovering")}
_STYLES = {"watching": "green", "polling": "yellow", "offline": "red"}


class Line(NamedTuple):
    """A line of the screen; what does not fit goes on below, indented by ``indent``."""

    text: str
    style: str = ""
    indent: int = 0


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "status",
        parents=common,
        help=_("is it alive and well, and what needs you"),
        description=_(
            "Shows whether sorad runs and is well, its folders, takes, limits, disk and money, and "
            "everything that needs you, with the command for it. Exit code 0: healthy; 1: problems; "
            "3: not running."
        ),
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.add_argument("--watch", "-w", action="store_true", help=_("stay, and show it anew each second"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    from sorad.health.report import exit_code

    ledger = ledger_path(state_dir(args))
    if args.watch:
        return _watch(ledger, as_json=args.json)
    report = _look(ledger)
    _show(report, as_json=args.json)
    return exit_code(report)


def _look(ledger: Path) -> Report:
    from sorad.health.facts import gather
    from sorad.health.report import report

    return report(gather(ledger, time.time()))


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        say(to_json(report, indent=2))
    elif looked_at():
        from rich.console import Console

        Console(highlight=False).print(_rendered(report))
    else:
        for line in lines(report):
            say(" " * line.indent + line.text)


def _watch(ledger: Path, *, as_json: bool) -> int:
    report = _look(ledger)
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        if as_json or not looked_at():
            _watch_piped(ledger, report, as_json=as_json)
        else:
            _watch_live(ledger, report)
    return OK


def _watch_live(ledger: Path, report: Report) -> None:
    from rich.live import Live

    with Live(_rendered(report), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(WATCH_EVERY)
            live.update(_rendered(_look(ledger)), refresh=True)


def _watch_piped(ledger: Path, report: Report, *, as_json: bool) -> None:
    """Each time that something has changed: one JSON document on a line, or the plain lines."""
    shown: Report = {}
    while True:
        if {**report, "time": ""} != shown:
            shown = {**report, "time": ""}
            if as_json:
                say(to_json(report))
            else:
                _show(report, as_json=False)
            print(end="", flush=True)  # noqa: T201
        time.sleep(WATCH_EVERY)
        report = _look(ledger)


# --- what is on the screen --------------------------------------------------------------------------------


def lines(report: Report) -> Iterator[Line]:
    """The report for a person, line by line."""
    yield _head(report)
    yield from _folders(report)
    yield from _work(report)
    for level, title in (("problem", _("What needs you")), ("note", _("Worth knowing"))):
        found = [one for one in report["problems"] if one["level"] == level]
        if found:
            yield Line(title, "bold")
        for one in found:
            mark, style = ("!", "red") if level == "problem" else ("·", "")
            yield Line(f"{mark} {plain(one['message'])}", style, 2)
            if one["fix"]:
                yield Line(plain(one["fix"]), "", 4)


def _head(report: Report) -> Line:
    daemon = report["daemon"]
    if not daemon["running"]:
        return Line(_("sorad is not running"), "bold red")
    who = _("sorad {command} is running since {since} (process {pid})").format(
        command=daemon["command"], since=_local(daemon["since"]), pid=daemon["pid"]
    )
    heavy = sum(one["level"] == "problem" for one in report["problems"])
    if heavy:
        how = ngettext("{count} problem", "{count} problems", heavy).format(count=heavy)
    else:
        how = _("paused") if daemon["paused"] else _("all is well")
    return Line(_("{who}: {how}").format(who=who, how=how), "bold red" if heavy else "bold green")


def _folders(report: Report) -> Iterator[Line]:
    roots = report["roots"]
    if not roots:
        return
    yield Line(_("Folders"), "bold")
    longest = min(50, max(width(root["path"]) for root in roots))
    for root in roots:
        count = root["storyboards"]
        what = ngettext("{count} storyboard", "{count} storyboards", count).format(count=count)
        if root["invalid"]:
            what += _(", {count} with mistakes").format(count=root["invalid"])
        # what was seen last says nothing about now
        state = root["state"] if report["daemon"]["running"] else "offline"
        name = _(_ROOT_STATES[state]) if report["daemon"]["running"] else _("not watched")
        yield Line(f"{pad(cut(plain(root['path']), 50), longest)}  {name}  {what}", _STYLES[state], 2)


def _work(report: Report) -> Iterator[Line]:
    from sorad.cli.screen import counts_line
    from sorad.model import State

    yield Line(_("Takes"), "bold")
    counts = counts_line({State(name): count for name, count in report["takes"].items()})
    yield Line(counts or _("none yet"), "", 2)
    for take in report["in_flight"]:
        yield Line(_in_flight(take), "dim", 4)
    yield from _numbers(report)


def _in_flight(take: dict[str, Any]) -> str:
    from sorad.cli.screen import STATE_NAMES
    from sorad.model import State

    state = State(take["state"])
    return _("take {id}: {state} since {since}, segment {segment} of {storyboard}").format(
        id=take["id"],
        state=_(STATE_NAMES[state]),
        since=_local(take["since"]),
        segment=take["segment"],
        storyboard=cut(plain(take["storyboard"]), 40),
    )


def _numbers(report: Report) -> Iterator[Line]:
    limits, spend = report["limits"], report["spend"]
    rows = []
    if limits["concurrency"]:
        text = _("{mode}: {effective} of {concurrency} in flight at most")
        mode = _MODES[limits["mode"]]
        rows.append((_("Limits"), text.format(**{**limits, "mode": _(mode)})))
    for disk in report["disk"]:
        text = _("{free} free, {needed} needed").format(
            free=format_size(disk["free"]), needed=format_size(disk["needed"])
        )
        rows.append((_("Disk"), f"{text}  {cut(plain(disk['path']), 40)}"))
    money = _("{today:.2f} {currency} today, {total:.2f} {currency} in all").format(**spend)
    rows.append((_("Money"), money))
    longest = max(width(name) for name, _text in rows)
    for name, text in rows:
        yield Line(f"{pad(name, longest)}  {text}")


def _local(time_text: str | None) -> str:
    """The ISO time of a report on the user's clock."""
    from datetime import datetime

    if time_text is None:
        return "?"
    return local_time(datetime.strptime(time_text.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z").timestamp())


def _rendered(report: Report) -> Group:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    return Group(*(Padding(Text(line.text, line.style), (0, 0, 0, line.indent)) for line in lines(report)))
