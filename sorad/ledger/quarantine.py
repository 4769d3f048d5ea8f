"""A ledger that is damaged is kept aside, never silently replaced; a new one learns from the folders.

The files are kept together under one new name, so that SQLite's own tools can still open what is left.
"""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

from loguru import logger

from sorad.ledger.errors import LedgerDamaged
from sorad.ledger.sqlite import SqliteLedger
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

# Under this key the ledger remembers what it learned from receipts: "at", "kept", "takes", "in_flight".
REBUILT = "rebuilt"
_BESIDE = ("-wal", "-shm")


def open_or_rebuild(path: Path, now: float) -> SqliteLedger:
    """Open the ledger as its owner; where it is damaged, keep it aside and begin a new one.

    Raises what :meth:`SqliteLedger.open` raises, but for :class:`LedgerDamaged`.
    """
    if not path.exists() and any(_beside(path, one).exists() for one in _BESIDE):
        # Somebody deleted the file alone: SQLite would read the rest of it into a new one.
        keep_aside(path, now)
    try:
        return SqliteLedger.open(path)
    except LedgerDamaged as error:
        kept = keep_aside(path, now)
        logger.error(
            _(
                "the ledger is damaged ({error}); it is kept as {kept}, and a new one is built from the receipts"
            ),
            error=str(error),
            kept=str(kept),
        )
    ledger = SqliteLedger.open(path)
    ledger.remember(REBUILT, {"at": now, "kept": str(kept), "takes": 0, "in_flight": 0})
    return ledger


def keep_aside(path: Path, now: float) -> Path:
    """Rename the ledger's files to ``….damaged-YYYYMMDDTHHMMSS`` (UTC); the new name of the first.

    The file itself goes first: what is left beside it after a power cut is noticed at the next start, while
    a ledger without its WAL would pass for a sound, older one. Raises :class:`SoradError`.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    names = (path.with_name(f"{path.name}.damaged-{stamp}{'-' if n else ''}{n or ''}") for n in count())
    kept = next(name for name in names if not any(map(os.path.lexists, _all(name))))
    try:
        for old, new in zip(_all(path), _all(kept)):
            if os.path.lexists(old):
                old.rename(new)
    except OSError as error:
        problem = Problem(
            "ledger.cannot_keep",
            N_("The ledger {path} is damaged and cannot be moved aside: {reason}."),
            N_("Move it and the files beside it to another name, then start sorad again."),
            {"path": str(path), "reason": error.strerror or str(error)},
        )
        raise SoradError(problem) from error
    return kept


def _all(path: Path) -> list[Path]:
    return [path, *(_beside(path, one) for one in _BESIDE)]


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)
