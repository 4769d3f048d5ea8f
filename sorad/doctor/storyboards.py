"""The storyboards, read as the daemon reads them: only counted here, for `sorad validate` says it all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad.config.model import Config, Watch
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, ok, problem, warning
from sorad.doctor.root import Look
from sorad.intake.rules import rules_of
from sorad.intake.wants import assets_of
from sorad.media.questions import missing
from sorad.messages import N_, ngettext
from sorad.problems import SoradError
from sorad.providers.sellers import Sellers
from sorad.receipts import place
from sorad.receipts.folder import receipts_in
from sorad.receipts.receipt import DONE
from sorad.storyboard.read import Reading, Rules, read_file
from sorad.vault.scan import Scan

PATIENCE = 10.0  # seconds; 1,000 storyboards of ten segments take about one


@dataclass(frozen=True)
class Read:
    """How many there are (``None``: no folder could be looked through), how many were read, and the bad ones."""

    there: Optional[int] = None
    read: int = 0
    invalid: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()  # videos that were delivered, as their receipts tell, and are not there
    pictured: bool = False  # some shot begins with a picture


def look(context: Context, looks: Sequence[Look]) -> Read:
    """Read them all, where the config tells by which rules."""
    found = {one.path: one.found for one in looks if one.found is not None}
    there = sum(len(scan.files) for scan in found.values()) if found else None
    if context.config is None or context.provider is None:
        return Read(there)
    try:
        rules = _rules(context.config, context)
    except SoradError:
        return Read(there)
    readings: dict[str, Reading] = {}
    absent: list[str] = []
    deadline = time.monotonic() + PATIENCE
    for watch in context.watches:
        scan = found.get(str(watch.path))
        if scan is not None:
            readings.update(_read(scan, rules[str(watch.path)], deadline))
            absent += _absent(scan, watch, deadline)
    invalid = tuple(sorted(path for path, reading in readings.items() if not reading.ok))
    return Read(there, len(readings), invalid, tuple(sorted(absent)), _begin_with_pictures(readings.values()))


def _begin_with_pictures(readings: Iterable[Reading]) -> bool:
    return any(one.request.image for reading in readings for one in reading.segments)


def _rules(config: Config, context: Context) -> dict[str, Rules]:
    """By which rules the storyboards of each folder are read. :class:`SoradError` where a provider lacks something."""
    sellers = Sellers(config, context.env)
    return {str(watch.path): rules_of(config, watch, sellers) for watch in context.watches}


def _read(scan: Scan, rules: Rules, deadline: float) -> Iterator[tuple[str, Reading]]:
    """The storyboards that could be read until ``deadline`` (monotonic)."""
    for seen in scan.files:
        if seen.placeholder or time.monotonic() > deadline:
            continue
        try:
            yield seen.path, read_file(Path(seen.path), rules)
        except OSError:
            continue  # vanished, or told as unreadable


def _absent(scan: Scan, watch: Watch, deadline: float) -> Iterator[str]:
    """Videos that receipts call delivered, and that are not there: a sync that leaves them out, a backup."""
    for seen in scan.files:
        if time.monotonic() > deadline:
            return
        try:
            told = receipts_in(assets_of(Path(seen.path), watch))
            yield from (str(one.video) for one in told if one.receipt.state == DONE and _is_absent(one.video))
        except OSError:
            continue  # told as unreadable


def _is_absent(video: Path) -> bool:
    found = place.look(video)
    return found.size is None and not found.in_cloud


def judge(read: Read) -> Iterator[Finding]:
    """Are there any, and are they good?"""
    if read.there == 0:
        yield warning(  # the usual first mistake is another name
            "storyboards",
            "storyboards.none",
            N_("There is none in the watched folders."),
            N_(
                "Put one there: a file named storyboard*.json, or a note with the property sorad: storyboard."
            ),
        )
    elif read.invalid:
        count = len(read.invalid)
        yield problem(
            "storyboards",
            "storyboards.invalid",
            N_("{storyboards} with mistakes, of which nothing is bought; the first is {path}."),
            N_("`sorad validate {path}` says what is wrong and how to mend it."),
            storyboards=ngettext("{count} storyboard", "{count} storyboards", count).format(count=count),
            path=read.invalid[0],
        )
    elif read.read:
        boards = ngettext("{count} storyboard", "{count} storyboards", read.read).format(count=read.read)
        yield ok(
            "storyboards", "storyboards.ok", N_("{storyboards} read, none has a mistake."), storyboards=boards
        )
    lacking = missing() if read.pictured else None
    if lacking is not None:
        yield warning(
            "storyboards",
            lacking.code,
            N_("Shots begin with pictures here; whether the videos do, too, cannot be looked at: {reason}"),
            "{reason_fix}",
            reason=lacking,
        )
    if read.absent:
        yield warning(
            "storyboards",
            "storyboards.absent",
            N_("Receipts whose videos were delivered and are not here: {count}; the first is {path}."),
            N_(
                "Does a sync leave videos out, or was a backup put back? Where this computer buys, the daemon fetches "
                "what the provider still has. `sorad list --missing` shows the others; `sorad redo` buys one anew."
            ),
            count=len(read.absent),
            path=read.absent[0],
        )
