"""What `sorad status` shows a person: the report in sections, and which of them gives way on a small screen. Pure.

The most important stands first: whether it lives, what needs somebody, what is under way and till when.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.columns import clip, cut, pad, width
from sorad.cli.shared.fit import Item, Line, Section, Step, fit
from sorad.layout import below
from sorad.messages import N_, _, ngettext
from sorad.plaintext import printable
from sorad.units import format_size

if TYPE_CHECKING:
    from sorad.health.report import Report

ROOT_STATES = {
    "starting": N_("starting"),
    "watching": N_("watching"),
    "polling": N_("polling"),
    "offline": N_("offline"),
}
_MODES = {"normal": N_("normal"), "safe": N_("safe mode"), "recovering": N_("recovering")}
_STYLES = {"starting": "dim", "watching": "green", "polling": "yellow", "offline": "red"}
_NOT_WATCHED = N_("not watched")
# Even where there is room, no more takes in flight and no more folders than this are named.
NAMED = 10
PATH_WIDTH = 50


def screen(report: Report, columns: int, rows: int, *, latest: bool = False) -> list[Line]:
    """The report on one screen; what was left out is counted, with the command that shows it.

    ``latest``: with the names of the videos that came last.
    """
    needs, runs, folders, numbers, notes = _parts(report, columns)
    last = Section([], [], _left_out)
    if latest and report["delivered"]:
        last = _latest(report, columns)
    steps = (
        Step(last, least=1),
        Step(notes, way=1),
        Step(runs, least=3),
        Step(notes, least=1),
        Step(folders, least=3),
        Step(needs, way=1),
        Step(notes, least=0),
        Step(last, least=0),
        Step(runs, least=1),
        Step(folders, least=1),
        Step(needs, way=2),
        Step(runs, least=0),
        Step(needs, least=1),
        Step(numbers, least=1),
        Step(folders, least=0),
    )
    head = Section([_head(report)], (), _left_out)
    return fit([head, needs, runs, last, folders, numbers, notes], steps, columns, rows)


def everything(report: Report, *, latest: bool = False) -> Iterator[Line]:
    """The report in full, each paragraph one line: for a pipe, and for who asks for all. ``latest``: as above."""
    yield _head(report)
    for part in _parts(report, 0):
        yield from part.lines()
    if latest and report["delivered"]:
        yield from _latest(report, 0).lines()


def _parts(report: Report, columns: int) -> tuple[Section, ...]:
    """The sections below the head; ``columns`` 0: as wide as they are."""
    if not report["read"]:  # zeros would be a lie
        nothing = Section([], [], _left_out)
        notes = _problems(report, "note", _("Worth knowing"), columns)
        return _problems(report, "problem", _("What needs you"), columns), nothing, nothing, nothing, notes
    moment = datetime.strptime(report["time"].replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z").astimezone()
    return (
        _problems(report, "problem", _("What needs you"), columns),
        _takes(report, moment, columns),
        _folders(report, columns),
        _numbers(report),
        _problems(report, "note", _("Worth knowing"), columns),
    )


def _left_out(count: int) -> Line:
    return Line(_("and {count} more: `sorad status --all`").format(count=count), "dim", 2)


# --- alive -------------------------------------------------------------------------------------------------


def _head(report: Report) -> Line:
    daemon = report["daemon"]
    codes = [one["code"] for one in report["problems"]]
    if not daemon["running"]:
        told = (
            _("sorad is not running")
            if "daemon.not_running" in codes
            else _("Whether sorad runs is not known")
        )
        return Line(told, "bold red")
    who = _("sorad {command} is running since {since} (process {pid})").format(
        command=daemon["command"], since=_at(daemon["since"], "%Y-%m-%d %H:%M:%S"), pid=daemon["pid"]
    )
    heavy = sum(one["level"] == "problem" for one in report["problems"])
    if heavy:
        how = ngettext("{count} problem", "{count} problems", heavy).format(count=heavy)
    else:
        how = _("paused") if daemon["paused"] else _("all is well")
    return Line(_("{who}: {how}").format(who=who, how=how), "bold red" if heavy else "bold green")


# --- what needs somebody -----------------------------------------------------------------------------------


def _problems(report: Report, level: str, title: str, columns: int) -> Section:
    found = [one for one in report["problems"] if one["level"] == level]
    mark, style = ("!", "red") if level == "problem" else ("·", "")
    items = [
        _problem(mark, style, _one_line(one["message"]), _one_line(one["fix"]), columns) for one in found
    ]
    more = _left_out if level == "problem" else _noted
    return Section([Line(title, "bold")], items, more, untitled=True)


def _noted(count: int) -> Line:
    text = ngettext("{count} note: `sorad status --all`", "{count} notes: `sorad status --all`", count)
    return Line(text.format(count=count), "dim")


def _one_line(text: str) -> str:
    return printable(text).replace("\n", " ").replace("\t", " ")


def _problem(mark: str, style: str, message: str, fix: str, columns: int) -> Item:
    """At length; the beginning of it, with the advice and the commands; the beginning alone.

    Advice in words comes before the commands behind it: of a prompt that was refused, "reword it", not "retry".
    """
    head = Line(f"{mark} {message}", style, 2)
    full = [head, Line(fix, "", 4)] if fix else [head]
    if not columns:
        return [full]
    first = Line(clip(head.text, columns - 2), style, 2)
    commands = [f"`{command}`" for command in re.findall(r"`(.+?)`", fix)]
    advice = _advice(fix)
    further = [Line(clip(text, columns - 4), "", 4) for text in (advice, ", ".join(commands)) if text]
    return [full, [first, *further], [_tiny(head.text, style, [] if advice else commands, columns)]]


def _advice(fix: str) -> str:
    """The sentences of a mend that come before its first command."""
    before, command, _rest = fix.partition("`")
    ends = [found.end() for found in re.finditer(r"[.!:;](?= |$)|[。！：；]", before)]
    return (before[: ends[-1]] if command and ends else "" if command else before).rstrip(" :：")


def _tiny(message: str, style: str, commands: Sequence[str], columns: int) -> Line:
    """On one line: the beginning, and the command that ends it where that is short."""
    command = next((one for one in commands if width(one) <= columns // 3), "")
    room = columns - 2 - (width(command) + 2 if command else 0)
    return Line("  ".join(part for part in (clip(message, room), command) if part), style, 2)


# --- what is under way -------------------------------------------------------------------------------------


def _takes(report: Report, moment: datetime, columns: int) -> Section:
    from sorad.cli.shared.screen import counts_line
    from sorad.model import State

    counts = counts_line({State(name): count for name, count in report["takes"].items()})
    title = [Line(_("Takes"), "bold"), Line(counts or _("none yet"), "", 2)]
    flying = sorted(report["in_flight"], key=_place)
    there = sum(report["takes"][state] for state in ("submitting", "generating", "downloading"))

    def more(count: int) -> Line:
        text = _("and {count} more in flight: `sorad list --state generating`")
        return Line(text.format(count=count), "dim", 4)

    roots = [root["path"] for root in report["roots"]]
    items = [[[_in_flight(take, roots, moment, columns)]] for take in flying[:NAMED]]
    beyond = max(there - len(items), 0)
    return Section(title, items, more, list(_forecast(report, roots, moment, columns)), beyond)


def _latest(report: Report, columns: int) -> Section:
    """What came last, by its names: `sorad open` shows it."""
    moment = _local(report["time"])

    def more(count: int) -> Line:
        text = _("and {count} more: `sorad list --state done`")
        return Line(text.format(count=count), "dim", 2)

    lines = [
        _("take {id}: {name}, {time}").format(
            id=one["id"], name=printable(Path(one["output"]).name), time=_brief(one["at"], moment)
        )
        for one in report["delivered"]
    ]
    items = [[[Line(clip(line, columns - 2) if columns else line, "dim", 2)]] for line in lines]
    return Section([Line(_("Delivered last"), "bold")], items, more)


def _place(take: dict[str, Any]) -> tuple[object, ...]:
    """The late ones first, then as they stand in their storyboards."""
    return not take["overdue"], take["storyboard"], take["segment"], take["take"]


def _in_flight(take: dict[str, Any], roots: Sequence[str], moment: datetime, columns: int) -> Line:
    from sorad.model import STATE_NAMES, State

    since = _brief(take["since"], moment)
    if take["expected"]:
        till = _("since {since}, ready about {time}").format(
            since=since, time=_brief(take["expected"], moment)
        )
    elif take["overdue"]:
        till = _("since {since}, longer than usual").format(since=since)
    else:
        till = _("since {since}").format(since=since)
    text = _("take {id}: {state} {till}; {segment}_v{take} of {storyboard}")
    state = STATE_NAMES[State(take["state"])]
    values = {"id": take["id"], "take": take["take"], "state": _(state), "till": till}
    board = printable(below(take["storyboard"], roots, named=len(roots) > 1))
    if columns:
        room = columns - 4 - width(text.format(**values, segment=take["segment"], storyboard=""))
        board = cut(board, max(room, 12))
    told = text.format(**values, segment=take["segment"], storyboard=board)
    return Line(clip(told, columns - 4) if columns else told, "yellow" if take["overdue"] else "dim", 4)


def _forecast(report: Report, roots: Sequence[str], moment: datetime, columns: int) -> Iterator[Line]:
    """When all is ready, how long one takes, and which queued takes are next: on one line."""
    told = []
    if report["queue_done_at"]:
        told.append(_("all ready by about {time}").format(time=_brief(report["queue_done_at"], moment)))
    if report["takes"]["queued"] + report["takes"]["generating"]:
        told += [_pace(pace) for pace in report["pace"][:3]]
    from sorad.cli.shared.screen import in_turn

    told += [in_turn(report["next"], roots)] if report["next"] else []
    if told:
        text = _("; ").join(told)
        yield Line(clip(text, columns - 4) if columns else text, "", 4)


def _pace(pace: dict[str, Any]) -> str:
    text = (
        _("a {seconds} s pro video usually takes {took}")
        if pace["pro"]
        else _("a {seconds} s video usually takes {took}")
    )
    return text.format(seconds=pace["seconds"], took=_took(pace["quick"], pace["slow"]))


def _took(quick: float, slow: float) -> str:
    """``20–40 s``, ``4–7 min``; no range where its ends are the same."""
    unit, text = (1, _("{range} s")) if slow < 100 else (60, _("{range} min"))
    ends = dict.fromkeys(max(round(end / unit), 1) for end in (quick, slow))
    return text.format(range=_("–").join(map(str, ends)))


# --- folders and figures -----------------------------------------------------------------------------------


def _folders(report: Report, columns: int) -> Section:
    # What was seen last says nothing about now.
    running = report["daemon"]["running"]
    roots = sorted(report["roots"], key=lambda root: (root["state"] != "offline", not root["invalid"]))
    most = PATH_WIDTH if not columns else max(min(PATH_WIDTH, columns - 34), 12)
    longest = min(most, max((width(printable(root["path"])) for root in roots), default=0))

    def more(count: int) -> Line:
        text = ngettext("and {count} more folder", "and {count} more folders", count).format(count=count)
        seen = all(root["state"] != "offline" for root in roots[len(roots) - count :]) and running
        return Line(_("{what}, all seen").format(what=text) if seen else text, "dim", 2)

    items = [[[_root(root, longest, most, running=running)]] for root in roots]
    return Section([Line(_("Folders"), "bold")] if roots else [], items, more)


def _root(root: dict[str, Any], longest: int, most: int, *, running: bool) -> Line:
    count = root["storyboards"]
    what = ngettext("{count} storyboard", "{count} storyboards", count).format(count=count)
    if root["invalid"]:
        what += _(", {count} with mistakes").format(count=root["invalid"])
    word = ROOT_STATES[root["state"]] if running else _NOT_WATCHED
    name = _(word)
    style = _STYLES[root["state"] if running else "offline"]
    return Line(f"{pad(cut(printable(root['path']), most), longest)}  {name}  {what}", style, 2)


def _each_provider(report: Report) -> list[tuple[str, str]]:
    """A line for each of several providers."""
    providers = report["providers"] if len(report["providers"]) > 1 else []
    return [(cut(printable(one["name"]), 20), _stands(one)) for one in providers]


def _stands(one: Mapping[str, Any]) -> str:
    told = _("{in_flight} of {effective} in flight, {spend:.2f} {currency} today")
    halted = _("nothing is bought, {in_flight} in flight, {spend:.2f} {currency} today")
    if one["per_day"] is not None:
        told = _("{in_flight} of {effective} in flight, {spend:.2f} of {per_day:.2f} {currency} today")
        halted = _("nothing is bought, {in_flight} in flight, {spend:.2f} of {per_day:.2f} {currency} today")
    return (halted if one["halt"] else told).format(**one)


def _other_money(report: Report) -> Iterator[str]:
    """What was spent in currencies that no line tells of: the provider that took them is no longer in the config."""
    several = report["providers"] if len(report["providers"]) > 1 else []
    named = {report["spend"]["currency"], *(one["currency"] for one in several)}
    for currency, sums in report["spend"]["by_currency"].items():
        if currency not in named and sums["total"]:
            told = _("{today:.2f} {currency} today, {total:.2f} {currency} in all")
            yield told.format(currency=currency, **sums)


def _numbers(report: Report) -> Section:
    limits, spend = report["limits"], report["spend"]
    money = (
        _("{today:.2f} {currency} today, {total:.2f} {currency} in all")
        if spend["per_day"] is None
        else _("{today:.2f} of {per_day:.2f} {currency} today, {total:.2f} {currency} in all")
    ).format(**spend)
    unpriced = spend["unpriced_today"]
    if unpriced:
        more = ngettext(
            "{count} take today has no known price", "{count} takes today have no known price", unpriced
        )
        money += f"; {more.format(count=unpriced)}"
    rows = [(_("Money"), "; ".join([money, *_other_money(report)]))]
    if limits["concurrency"]:
        same = limits["effective"] == limits["concurrency"]
        text = (
            _("{mode}: {effective} in flight at most")
            if same
            else _("{mode}: {effective} of {concurrency} in flight at most")
        )
        mode = _MODES[limits["mode"]]
        rows.append((_("Limits"), text.format(**{**limits, "mode": _(mode)})))
    rows += _each_provider(report)
    for disk in sorted(report["disk"], key=lambda disk: bool(disk["ok"])):
        text = _("{free} free, {needed} needed").format(
            free=format_size(disk["free"]), needed=format_size(disk["needed"])
        )
        rows.append((_("Disk"), f"{text}  {cut(printable(disk['path']), 40)}"))
    longest = max(width(name) for name, _text in rows)
    return Section((), [[[Line(f"{pad(name, longest)}  {text}")]] for name, text in rows], _left_out)


# --- times -------------------------------------------------------------------------------------------------


def _at(text: str | None, form: str) -> str:
    """The ISO time of a report on the user's clock."""
    return "?" if text is None else _local(text).strftime(form)


def _brief(text: str, moment: datetime) -> str:
    """``14:05`` of today; else ``11-24 14:05``."""
    at = _local(text)
    near = at.date() == moment.date() or abs(at - moment) < timedelta(hours=6)
    return at.strftime("%H:%M" if near else "%m-%d %H:%M")


def _local(text: str) -> datetime:
    return datetime.strptime(text.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z").astimezone()


def plain_lines(lines: Sequence[Line]) -> list[str]:
    """As they are printed without colours."""
    return [" " * line.indent + line.text for line in lines]
