"""Turns: in which order queued takes are bought. Storyboards take turns, segments in order within each.

Each queued take has a turn, a number that grows; of several of one turn the oldest goes first. The takes of a
storyboard have one turn after the other, the first of them the one after that which was claimed last. So what is
dropped beside a long storyboard is bought between its segments, and nobody is ever overtaken for good.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from sorad.ledger.connection import Connection
from sorad.ledger.values import Want
from sorad.model import State, Take

UPCOMING = 3  # so many of the takes that are next in turn are named

_NOW = "coalesce((SELECT CAST(value AS INTEGER) FROM memory WHERE key = 'ledger.turn'), 0)"
_LAST = (
    "coalesce((SELECT turn FROM takes WHERE storyboard_id = ? AND state = 'queued' AND id <> ? "
    "ORDER BY turn DESC LIMIT 1), 0)"
)


def turn_of(take: Take) -> dict[str, Any]:
    """A queued take that is next in turn, as `status --json` and `plan --json` tell it."""
    return {"id": take.id, "storyboard": take.storyboard, "segment": take.segment, "take": take.take}


def turns_of(db: Connection, wants: Sequence[Want]) -> Sequence[int]:
    """The turn of each of a storyboard's takes that are about to be queued, as :func:`deal` gives them if it has no
    others: written along with them, they need not be written once more. 0 for what is not queued."""
    order = sorted(range(len(wants)), key=lambda number: (wants[number].segment, wants[number].take))
    turns, turn = array("q", bytes(8 * len(wants))), _now(db)
    for number in order:
        if wants[number].state is State.QUEUED:
            turn += 1
            turns[number] = turn
    return turns


def deal(db: Connection, storyboard_id: int) -> None:
    """Give all queued takes of a storyboard their turns, from now on. Inside a transaction."""
    now = _now(db)
    waiting = db.rows(
        "SELECT id, turn FROM takes WHERE storyboard_id = ? AND state = 'queued' AND claim = '' "
        "ORDER BY segment, take, id",
        (storyboard_id,),
    )
    db.run_many(
        "UPDATE takes SET turn = ? WHERE id = ?",
        [(turn, take_id) for turn, (take_id, had) in enumerate(waiting, now + 1) if turn != had],
    )


def _now(db: Connection) -> int:
    row = db.row(f"SELECT {_NOW}")
    return int(row[0]) if row else 0


def line_up(db: Connection, take_id: int, storyboard_id: int) -> None:
    """A take is queued, again or beside what its storyboard asks for: behind the others. Inside a transaction."""
    db.run(
        f"UPDATE takes SET turn = 1 + max({_NOW}, {_LAST}) WHERE id = ?", (storyboard_id, take_id, take_id)
    )


def pass_on(db: Connection, claim: str) -> None:
    """The turn of what was claimed has come; it never goes back. Inside a transaction."""
    db.run(
        "INSERT INTO memory (key, value) "
        "SELECT 'ledger.turn', CAST(coalesce(max(turn), 0) AS TEXT) FROM takes WHERE claim = +? AND claim <> '' "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value "
        "WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)",
        (claim,),
    )
