"""A glance at the ledger for the shell's completion: a few rows, read-only, at once or not at all.

Apart from :class:`SqliteLedger` because a TAB must wait for nobody: no busy time-out, no migrations looked up,
nothing but sqlite3 imported. A connection with ``mode=ro`` never writes and never checkpoints.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

_TAKES = """
SELECT t.id, t.state, t.segment, t.take, s.path FROM takes t JOIN storyboards s ON s.id = t.storyboard_id
WHERE (:prefix = '' OR CAST(t.id AS TEXT) LIKE :prefix || '%') AND {states} ORDER BY t.id DESC LIMIT :most
"""
_STORYBOARDS = """
SELECT path, segments, state FROM storyboards WHERE state <> 'gone' ORDER BY updated_at DESC LIMIT :most
"""


class TakeRow(NamedTuple):
    """A take, as far as a line has room for it."""

    id: int
    state: str
    segment: int
    take: int
    storyboard: str


class StoryboardRow(NamedTuple):
    """A storyboard that is there; ``state`` is ``"ok"``, ``"invalid"`` or ``"copy"``."""

    path: str
    segments: int
    state: str


def newest_takes(ledger: Path, prefix: str, states: Collection[str], most: int) -> list[TakeRow]:
    """The newest takes whose number begins with ``prefix`` (digits); in ``states``, or any where it is empty.

    Raises :class:`sqlite3.Error`.
    """
    names = {f"state{number}": state for number, state in enumerate(sorted(states))}
    wanted = f"t.state IN ({', '.join(':' + name for name in names)})" if names else "1"
    values = {"prefix": prefix, "most": most, **names}
    with _open(ledger) as db:
        return [TakeRow(*row) for row in db.execute(_TAKES.format(states=wanted), values)]


def newest_storyboards(ledger: Path, most: int) -> list[StoryboardRow]:
    """The storyboards that were read last. Raises :class:`sqlite3.Error`."""
    with _open(ledger) as db:
        # a path that is no UTF-8 is stored as bytes; no shell could take it as a word
        rows = [StoryboardRow(*row) for row in db.execute(_STORYBOARDS, {"most": most})]
        return [row for row in rows if isinstance(row.path, str)]


@contextlib.contextmanager
def _open(ledger: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
    with contextlib.closing(db):
        yield db
