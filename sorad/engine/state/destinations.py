"""Where videos can go: which roots are there, and for how many more takes their disks have room."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from sorad.config.model import Disk, Watch
from sorad.engine.state.disk import Sizes, needed, places
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import RootRow

# Free space moves all the time; for `status` it is written down when it has moved by this share.
WORTH_TELLING = 0.2


@dataclass(frozen=True)
class DiskSpace:
    """Free and needed bytes on the disk under a folder."""

    path: str
    free: int
    needed: int

    @property
    def ok(self) -> bool:
        """Whether another take may be bought for it."""
        return self.free >= self.needed

    def to_json(self) -> dict[str, Any]:
        """A row of ``disk`` in `sorad status --json`."""
        return {"path": self.path, "free": self.free, "needed": self.needed, "ok": self.ok}


class Destinations:
    """The engine's view of the folders. Thread-safe."""

    def __init__(
        self,
        watches: Sequence[Watch],
        disk: Disk,
        ledger: Ledger,
        states: Callable[[], list[RootRow]],
        free: Callable[[Path], int],
        ours: Callable[[str], bool] = lambda root: True,
        away: Callable[[], Collection[str]] = tuple,
        edits: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """``ours`` tells whether this machine may buy for a root, or another one does.

        ``away``, ``edits``: see :class:`sorad.engine.run.loop.Folders`.
        """
        self.away = away
        self.edits = edits
        self._outputs = {str(watch.path): watch.output_dir or watch.path for watch in watches}
        self._disk = disk
        self._ledger = ledger
        self._states = states
        self._free = free
        self._ours = ours
        self._sizes = Sizes(disk.assumed_size)
        self._lock = threading.Lock()
        self._told: list[DiskSpace] = []

    def delivered(self, size: int) -> None:
        """A file of ``size`` bytes arrived."""
        with self._lock:
            self._sizes.saw(size)

    def expected_size(self) -> int:
        """Bytes that a take is expected to need."""
        with self._lock:
            return self._sizes.expected()

    def buyable(self) -> dict[str, int]:
        """Roots that are there and ours, and for how many more takes their disk has room."""
        size, least = self.expected_size(), self._disk.min_free
        waiting = self._ledger.undelivered()
        rooms: dict[str, int] = {}
        spaces: list[DiskSpace] = []
        for folders in self._by_disk():
            path = self._outputs[folders[0]]
            free = self._free(path)
            coming = sum(waiting.get(root, 0) for root in folders)
            spaces.append(DiskSpace(str(path), free, needed(coming, size, least).total))
            rooms.update(dict.fromkeys(folders, places(free, coming, size, least)))
        self._tell(spaces)
        return {root: room for root, room in rooms.items() if self._ours(root)}

    def reachable(self) -> Optional[Collection[str]]:
        """Roots whose folder is there. Those of an earlier config count too: what is paid for is delivered."""
        watched = self._online()
        former = [
            row.path
            for row in self._ledger.roots()
            if row.path not in self._outputs and Path(row.path).is_dir()
        ]
        return [*watched, *former]

    def _online(self) -> list[str]:
        return [row.path for row in self._states() if row.state != "offline" and row.path in self._outputs]

    def _by_disk(self) -> list[list[str]]:
        """The roots that are there, grouped by the device their outputs go to."""
        groups: dict[object, list[str]] = {}
        for root in self._online():
            groups.setdefault(_device(self._outputs[root]), []).append(root)
        return list(groups.values())

    def _tell(self, spaces: list[DiskSpace]) -> None:
        with self._lock:
            if not _moved(self._told, spaces):
                return
            try:
                self._ledger.remember("disk", [space.to_json() for space in spaces])
                self._told = spaces
            except LedgerUnavailable:
                pass  # told at the next look


def _device(path: Path) -> object:
    for folder in (path, *path.parents):
        try:
            return os.stat(folder).st_dev  # noqa: PTH116
        except OSError:
            continue
    return str(path)


def _moved(told: Sequence[DiskSpace], now: Sequence[DiskSpace]) -> bool:
    """Whether what `status` shows has become untrue."""
    if [(space.path, space.ok) for space in told] != [(space.path, space.ok) for space in now]:
        return True
    return any(
        abs(new.free - old.free) > WORTH_TELLING * max(old.free, 1)
        or abs(new.needed - old.needed) > WORTH_TELLING * max(old.needed, 1)
        for old, new in zip(told, now)
    )
