"""Disks that are mounted below a watched folder: which of them are away.

A disk that is away leaves an empty folder behind, or none at all: by the looks of it, all storyboards on it were
deleted. So each storyboard remembers where the disk under it was mounted. Where nothing is mounted now, or
another disk without any of its storyboards, it is away and not gone: nothing is cancelled, its videos wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sorad.ledger.values import Storyboard
from sorad.messages import N_
from sorad.problems import Problem
from sorad.vault.mount_table import mounted
from sorad.vault.scan import Seen


def absent(boards: Iterable[Storyboard], now: Mapping[str, str], found: Iterable[Seen]) -> dict[str, Problem]:
    """The mounts whose storyboards are away, and why. Pure.

    ``now`` tells for each mount of the boards what is mounted there (see :func:`mounted`), ``found`` what a scan
    found. A disk counts as theirs if one of them was last seen on it, or a storyboard is on it: a disk gets
    another number at each plug, and its storyboards tell that it is the same one, or takes its place.
    """
    theirs = {(seen.mount, seen.disk) for seen in found if seen.mount}
    mounts = set()
    for board in boards:
        if board.mount and board.state != "gone":
            mounts.add(board.mount)
            theirs.add((board.mount, board.disk))
    away = {}
    for mount in sorted(mounts):
        disk = now.get(mount, "")
        if not disk:
            away[mount] = _not_mounted(mount)
        elif (mount, disk) not in theirs:
            away[mount] = _replaced(mount)
    return away


@dataclass
class Mounts:
    """The disks below one root. Belongs to the folder side's thread."""

    away: dict[str, Problem] = field(default_factory=dict)  # those that are not there, and why
    back: set[str] = field(default_factory=set)  # returned, and not read through yet
    _disks: dict[str, str] | None = None  # what was mounted where at the last judgement
    _boards: dict[str, set[int]] = field(default_factory=dict)  # the storyboards of each mount
    _waiting: frozenset[str] = frozenset()  # mounts whose storyboards have takes that have not ended

    def judge(self, boards: Collection[Storyboard], found: Collection[Seen]) -> bool:
        """After a full scan: what is there, what is away. Whether a disk came or went since the last one."""
        self._boards = {}
        for board in boards:
            if board.mount and board.state != "gone":
                self._boards.setdefault(board.mount, set()).add(board.id)
        disks = {mount: mounted(mount) for mount in {*self._boards, *(seen.mount for seen in found)} if mount}
        first, changed = self._disks is None, self._disks != disks
        self._disks = disks
        before, self.away = set(self.away), absent(boards, self._disks, found)
        self.back = {mount for mount in self.back | before if mount in self._boards}.difference(self.away)
        return changed and not first

    def note(self, seen: Seen) -> None:
        """A storyboard was read."""
        if seen.mount and self._disks is not None:
            self._disks.setdefault(seen.mount, seen.disk)

    def moved(self) -> bool:
        """Whether a disk came or went since the last judgement. Two ``stat`` for each."""
        return any(mounted(mount) != disk for mount, disk in (self._disks or {}).items())

    def lacks(self, board: Storyboard) -> bool:
        """Whether a storyboard that is not there is away with its disk, as far as can be told."""
        if not board.mount:
            return False
        return board.mount in self.away or mounted(board.mount) != (self._disks or {}).get(board.mount)

    def note_working(self, working: Collection[int]) -> None:
        """Tell which storyboards have takes that have not ended."""
        self._waiting = frozenset(
            mount for mount in self.away if not self._boards.get(mount, set()).isdisjoint(working)
        )

    def problems(self) -> list[Problem]:
        """What is away. ``waiting`` is 1 where something waits for it: then somebody should act."""
        return [
            Problem(one.code, one.message, one.fix, {**one.params, "waiting": int(mount in self._waiting)})
            for mount, one in self.away.items()
        ]


def _not_mounted(mount: str) -> Problem:
    return Problem(
        "mount.away",
        N_("The disk that belongs at {path} is not there: the storyboards on it, and their videos, wait."),
        N_(
            "Mount it again: nothing is cancelled; {then}. If it never comes back, "
            "`sorad cancel --storyboard {path}` drops what is not bought yet."
        ),
        {"path": mount},
    )


def _replaced(mount: str) -> Problem:
    return Problem(
        "mount.replaced",
        N_("Another disk is mounted at {path}, without any of the storyboards that lay there; they wait."),
        N_("Mount the right one. If this one is to take its place, put a storyboard onto it."),
        {"path": mount},
    )
