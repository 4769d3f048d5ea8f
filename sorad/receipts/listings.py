"""The names in output folders, which are asked for before each create: a folder is read again where it has changed.

A folder's time of change tells that only where the kernel of this machine makes all changes and keeps fine times.
Elsewhere (network and pass-through file systems, FAT, other systems) each folder is read each time.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sorad.receipts.places import names_in
from sorad.vault.filesystem import MOUNTS, kind_under

_EXACT = frozenset({"bcachefs", "btrfs", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
# What changed less than so many seconds ago may change again within the same tick of the file system's clock.
_TICK = 3.0
_HOLDS = 1.0  # seconds that what is mounted there is taken for as it was
_MOST = 5_000  # folders; some hundred bytes each

_Stamp = tuple[int, int, int, int]


class Listings:
    """Thread-safe. ``now``: the wall clock (epoch seconds) by which files are dated."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._known: dict[str, tuple[_Stamp, str]] = {}
        self._exact = (
            Path(),
            0.0,
            False,
        )  # of the folder that was last asked for, and until when (monotonic) it holds

    def holding(self, assets: Path, folders: list[str], digits: str) -> list[str]:
        """Those of the ``folders`` below ``assets`` in which a name has the ``digits``. ``OSError`` where one cannot be
        looked into just now."""
        names = self._names if self._is_exact(assets) else _read
        prefix = f"{assets}{os.sep}"
        return [folder for folder in folders if digits in names(prefix + folder)]

    def _is_exact(self, assets: Path) -> bool:
        """Many creates ask in a second."""
        folder, until, exact = self._exact
        if folder != assets or time.monotonic() > until:
            exact = is_exact(assets)
            self._exact = assets, time.monotonic() + _HOLDS, exact
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
