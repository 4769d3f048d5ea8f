"""Tables that lie in a vault and were perhaps not meant: those from before sorad read any, and those of which a ledger
that was lost may have known more. None of them is bought by itself; `sorad approve PATH` does.

Whoever writes to such a table, or puts it there once more, means it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.budget import NEVER
from sorad.intake.facts import Key, key_of
from sorad.layout import intent_path, receipt_path
from sorad.ledger.copied import TABLE
from sorad.ledger.interface import Ledger
from sorad.ledger.quarantine import REBUILT
from sorad.ledger.values import Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.folder import creates_in

# In the ledger, in epoch seconds: when it was brought up to a sorad that reads tables, and when it was made.
SINCE, BORN = "tables_since", "born"
_FIX = N_("`sorad approve PATH`, with its path, buys it; so does an edit, what is new in it.")


def tables_since(ledger: Ledger) -> float:
    """From when on tables are taken up; 0 where the ledger knew of no storyboard then: it was no upgrade."""
    return float(ledger.recall(SINCE) or 0.0)


def why_held(path: Path, ledger: Ledger, folders: Callable[[], Iterable[Path]]) -> Optional[Problem]:
    """Why nothing of a table is bought by itself; ``None``: it may be. ``OSError``.

    ``folders``: output folders that tell of purchases. Where one tells of some from before the ledger was made, another
    one was lost, which may have held this table, too.
    """
    if _is_older(path, tables_since(ledger)):
        message = N_("this table lay here before sorad read tables: nothing of it is bought by itself.")
        return Problem(TABLE, message, _FIX)
    born = float(ledger.recall(BORN) or 0.0)
    if not _is_older(path, born):
        return None
    if ledger.recall(REBUILT) is None and not any(_tells_of_before(folder, born) for folder in folders()):
        return None
    message = N_(
        "this table lay here before the ledger was lost, and nobody knows any more whether it was to be bought: "
        "nothing of it is bought by itself."
    )
    return Problem(TABLE, message, _FIX)


def _is_older(path: Path, since: float) -> bool:
    """Whether a table was there, and is untouched, since before."""
    if path.suffix.lower() != ".csv" or not since:
        return False
    found = path.stat()
    return max(found.st_mtime, found.st_ctime) < since


def _tells_of_before(folder: Path, born: float) -> bool:
    """Whether a receipt or an intent was written before then."""
    videos = (one.video for one in creates_in(folder))
    notes = (note for video in videos for note in (receipt_path(video), intent_path(video)))
    return any(note.stat().st_mtime < born for note in notes if note.exists())


def held_as_older(problem: Problem, wants: Sequence[Want], known: Mapping[Key, Take]) -> tuple[Want, ...]:
    """The wants, those that nobody bought or approved held."""

    def held(want: Want) -> Want:
        if want.state is not State.QUEUED or key_of(want) in known:
            return want
        return replace(want, state=State.HELD, due_at=NEVER, error=problem)

    return tuple(map(held, wants))
