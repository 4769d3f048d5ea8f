"""Tables that lay in a vault before sorad read any: an upgrade does not buy them by itself; `sorad approve PATH` does.

Whoever writes to such a table, or puts it there once more, means it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sorad.budget import NEVER
from sorad.intake.facts import Key, key_of
from sorad.ledger.copied import TABLE
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

SINCE = "tables_since"  # in the ledger: when this sorad, or a later one, was first started with it (epoch seconds)


def tables_since(ledger: Ledger, now: float) -> float:
    """From when on tables are taken up; 0 where the ledger knew of no storyboard then: it is no upgrade."""
    told = ledger.recall(SINCE)
    if told is not None:
        return float(told)
    return now if ledger.storyboards() else 0.0


def is_older(path: Path, since: float) -> bool:
    """Whether a table was there, and is untouched, since before. ``OSError``."""
    if path.suffix.lower() != ".csv":
        return False
    found = path.stat()
    return max(found.st_mtime, found.st_ctime) < since


def held_as_older(wants: Sequence[Want], known: Mapping[Key, Take]) -> tuple[Want, ...]:
    """The wants, those that nobody bought or approved held."""
    problem = Problem(
        TABLE,
        N_("this table lay here before sorad read tables: nothing of it is bought by itself."),
        N_("`sorad approve PATH`, with its path, buys it; so does an edit, what is new in it."),
    )

    def held(want: Want) -> Want:
        if want.state is not State.QUEUED or key_of(want) in known:
            return want
        return replace(want, state=State.HELD, due_at=NEVER, error=problem)

    return tuple(map(held, wants))
