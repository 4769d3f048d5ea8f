"""What keeps the ledger from being written, in words. Looked for at the daemon's pace, and told by its pulse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Optional

from sorad.clock import Clock
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import N_
from sorad.problems import Problem

# The least room that its disk must have, in bytes: a burst of outcomes in the WAL.
LEAST = 2_000_000


# Nobody knows whether a disk takes what is written before something is: so often it is tried, in seconds, where
# nothing else is written, and at each look once a write has failed.
PROVE_EVERY = 40.0


class LedgerWatch:
    """Looks whether the ledger can be written. ``free``: bytes free under a folder."""

    def __init__(self, ledger: Ledger, path: Path, free: Callable[[Path], int], clock: Clock) -> None:
        self._ledger = ledger
        self._path = path
        self._free = free
        self._file = _identity(path)
        self._clock = clock
        self._proved = clock.monotonic()

    def is_there(self) -> bool:
        """Whether the file is the one that was opened: what is written to a deleted one is lost with the process."""
        return _identity(self._path) == self._file

    def look(self) -> Optional[Problem]:
        """What is wrong; ``None``: nothing. Waits for a lock as long as any write does."""
        if not self.is_there():
            return _problem("ledger.replaced", *_REPLACED, self._path)
        if self._free(self._path.parent) < LEAST:
            return _problem("ledger.full", *_FULL, self._path)
        try:
            self._look()
        except LedgerUnavailable as error:
            return explained(error, self._path)
        return None

    def _look(self) -> None:
        now = self._clock.monotonic()
        if not self._ledger.last_write_error() and now - self._proved < PROVE_EVERY:
            self._ledger.check()
            return
        self._ledger.prove(self._clock.time())
        self._proved = now


def explained(error: LedgerUnavailable, path: Path) -> Problem:
    """An error of the ledger by its cause, as SQLite words it."""
    said = str(error)
    if "locked" in said:
        return _problem("ledger.locked", *_LOCKED, path)
    if "full" in said:
        return _problem("ledger.full", *_FULL, path)
    if "readonly" in said:
        return _problem("ledger.readonly", *_READONLY, path)
    if "I/O error" in said or "unable to open" in said:
        return _problem("ledger.disk", *_DISK, path, said)
    return _problem("ledger.unavailable", *_UNAVAILABLE, path, said)


def _problem(code: str, message: str, fix: str, path: Path, reason: str = "") -> Problem:
    return Problem(code, message, fix, {"path": str(path), "reason": reason})


def _identity(path: Path) -> Optional[tuple[int, int]]:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


_LOCKED = (
    N_("Another program keeps the ledger {path} locked: nothing is bought until it lets go."),
    N_("Close what has opened it (an SQLite browser, a backup); sorad goes on by itself."),
)
_FULL = (
    N_("The disk of the ledger {path} is full: nothing is bought, and what comes in is kept in memory."),
    N_("Make room there, and do not end sorad before: it writes it down by itself."),
)
_READONLY = (
    N_("The ledger {path} cannot be written: its disk is read-only."),
    N_("Make it writable, and do not end sorad before: what came in meanwhile is kept in memory."),
)
_DISK = (
    N_(
        "The disk of the ledger {path} reports errors ({reason}): nothing is bought, what comes in stays in memory."
    ),
    N_(
        "Check the disk, it may be failing; and do not end sorad before: it writes it down as soon as it can."
    ),
)
_UNAVAILABLE = (
    N_("The ledger {path} cannot be used just now ({reason})."),
    N_("Check the disk and the rights of state_dir; sorad tries again by itself."),
)
_REPLACED = (
    N_("The ledger {path} was deleted or replaced while sorad works on it: nothing is bought."),
    N_("Restart sorad: what the receipts beside the videos tell is read again, and nothing is bought twice."),
)
