"""The names in output folders, which are asked for before each create: a folder is read again where it has changed.

A folder's time of change tells that only where the kernel of this machine makes all changes and keeps fine times.
Elsewhere (network and pass-through file systems, FAT, other systems) each folder is read each time.

Of a storyboard with many segments even that takes long, while creates leave by the dozen: one look then serves those
that ask in the next moments, so that looks never take more than a tenth of the time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sorad.receipts.places import names_in
from sorad.vault.filesystem import MOUNTS, kind_under

_EXACT = frozenset({"bcachefs", "btrfs", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
# What changed less than so many seconds ago may change again within the same tick of the file system's clock.
_TICK = 3.0
_HOLDS = 1.0  # seconds that what is mounted there is taken for as it was
_MOST = 5_000  # folders; some hundred bytes each
# Of so many folders a look is shared: for so many times as long as it took, and so many seconds at most.
MANY, _REST, _LONGEST = 64, 10.0, 1.0
# One that seems so many seconds old was made before the machine slept, or its clock was set.
_ASLEEP = 30.0
_STORYBOARDS = 16  # whose last look is kept

_Stamp = tuple[int, int, int, int]


@dataclass
class _Look:
    """The last look at the segments of a storyboard; one thread looks at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    names: Mapping[str, str] = field(default_factory=dict)  # by folder
    at: float = (
        0.0  # when it began, by the wall clock: the other one may stand still while the machine sleeps
    )
    until: float = float("-inf")  # it serves (monotonic)


class Listings:
    """Thread-safe. ``now``: the wall clock (epoch seconds) by which files are dated."""

    def __init__(
        self, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._looks: dict[Path, _Look] = {}
        # Of the folder that was last asked for, and until when (monotonic) it holds.
        self._exact = Path(), 0.0, False

    def holding(self, assets: Path, digits: str, folders: Callable[[], list[str]]) -> list[str]:
        """Those of the ``folders`` below ``assets`` in which a name has the ``digits``. ``OSError`` where one cannot be
        looked into just now."""
        look = self._looks.setdefault(assets, _Look())
        with look.lock:
            at, began = self._now(), self._monotonic()
            if began >= look.until or not 0.0 <= at - look.at <= _ASLEEP:
                look.names, look.at = self._all_names(assets, folders()), at
                took = self._monotonic() - began
                if len(look.names) >= MANY:
                    look.until = began + took + min(_REST * took, _LONGEST)
            names = look.names
        if len(names) < MANY:
            self._looks.pop(assets, None)
        for old in list(self._looks)[:-_STORYBOARDS]:
            self._looks.pop(old, None)
        return [folder for folder, held in names.items() if digits in held]

    def _all_names(self, assets: Path, folders: list[str]) -> Mapping[str, str]:
        names = self._names if self._is_exact(assets) else _read
        prefix = f"{assets}{os.sep}"
        return {folder: names(prefix + folder) for folder in folders}

    def _is_exact(self, assets: Path) -> bool:
        """Many creates ask in a second."""
        folder, until, exact = self._exact
        if folder != assets or self._monotonic() > until:
            exact = is_exact(assets)
            self._exact = assets, self._monotonic() + _HOLDS, exact
        return exact

    def _names(self, folder: str) -> str:
        try:
            found = os.stat(folder)  # noqa: PTH116  (hundreds before each create)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        stamp = found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns
        known = self._known.get(folder)
        if known is not None and known[0] == stamp:
            return known[1]
        names = _read(folder)
        if max(found.st_mtime, found.st_ctime) < self._now() - _TICK:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[folder] = stamp, names
        return names


def is_exact(folder: Path) -> bool:
    """Whether the times of folders there tell each change."""
    if sys.platform != "linux":
        return False
    try:
        return kind_under(os.path.realpath(folder), MOUNTS.read_text(errors="surrogateescape")) in _EXACT
    except OSError:
        return False


def _read(folder: str) -> str:
    return "\n".join(names_in(folder))
