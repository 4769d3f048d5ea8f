"""The storyboards, read as the daemon reads them: only counted here, for `sorad validate` says it all."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad import providers
from sorad.config.key import KeySource
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, ok, problem, warning
from sorad.doctor.root import Look
from sorad.intake.rules import rules_of
from sorad.messages import N_, ngettext
from sorad.problems import SoradError
from sorad.storyboard.read import Rules, read_file
from sorad.vault.scan import Scan

PATIENCE = 10.0  # seconds; 1,000 storyboards of ten segments take about one


@dataclass(frozen=True)
class Read:
    """How many there are (``None``: no folder could be looked through), how many were read, and the bad ones."""

    there: Optional[int] = None
    read: int = 0
    invalid: tuple[str, ...] = ()


def look(context: Context, looks: Sequence[Look]) -> Read:
    """Read them all, where the config tells by which rules."""
    found = {one.path: one.found for one in looks if one.found is not None}
    there = sum(len(scan.files) for scan in found.values()) if found else None
    if context.config is None or context.provider is None:
        return Read(there)
    try:
        validate = providers.make(context.provider, KeySource(context.provider, context.env)).validate
    except SoradError:
        return Read(there)
    good: dict[str, bool] = {}
    deadline = time.monotonic() + PATIENCE
    for watch in context.watches:
        scan = found.get(str(watch.path))
        if scan is not None:
            good.update(_read(scan, rules_of(context.config, watch, validate), deadline))
    return Read(there, len(good), tuple(sorted(path for path, is_good in good.items() if not is_good)))


def _read(scan: Scan, rules: Rules, deadline: float) -> Iterator[tuple[str, bool]]:
    """The storyboards that could be read until ``deadline`` (monotonic), and whether each is good."""
    for seen in scan.files:
        if seen.placeholder or time.monotonic() > deadline:
            continue
        try:
            yield seen.path, read_file(Path(seen.path), rules).ok
        except OSError:
            continue  # vanished, or told as unreadable


def judge(read: Read) -> Iterator[Finding]:
    """Are there any, and are they good?"""
    if read.there == 0:
        yield warning(  # the usual first mistake is another name
            "storyboards",
            "storyboards.none",
            N_("There is none in the watched folders."),
            N_("Put one there: a file named storyboard*.json. `sorad demo` shows one at work."),
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
