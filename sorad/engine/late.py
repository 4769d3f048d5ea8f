"""A create that was on no list in time, and was sent again, may turn up after all: then two were paid for.

Nothing undoes that, but it is told, so that the video of the first can be had from the provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from sorad.ledger.interface import Event, Ledger
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

# It is told for so long, in seconds; so many are remembered.
TOLD_FOR, REMEMBERED = 7 * 86_400.0, 50
_KEY = "paid too"
# Notes in the history of creates that surely never left: there was no way to the server, or no folder to tell them in.
NOT_SENT, NO_PLACE = "not sent", "no place"


def creates_that_left(history: Sequence[Event]) -> list[float]:
    """When a take's creates left (epoch seconds), those that were refused among them: one may be there all the same."""
    return [
        event.at
        for event, after in zip_longest(history, history[1:])
        if event.state is State.SUBMITTING and (after is None or after.note not in (NOT_SENT, NO_PLACE))
    ]


def told(ledger: Ledger, now: float) -> list[str]:
    """What `sorad status` tells of it: problems as JSON."""
    return [row["problem"] for row in ledger.recall(_KEY) or () if now - row["at"] < TOLD_FOR]


def remember(ledger: Ledger, why: Problem, now: float) -> None:
    """Keep it for `sorad status`. :class:`LedgerUnavailable`."""
    problem = why.to_json()
    before: list[dict[str, Any]] = ledger.recall(_KEY) or []
    rows = [*(row for row in before if row["problem"] != problem), {"at": now, "problem": problem}]
    ledger.remember(_KEY, rows[-REMEMBERED:])


def paid_too(take: Take, remote_id: str) -> Problem:
    """A take was sent again, and its first create is there as well."""
    return Problem(
        "take.paid_too",
        N_(
            "the task {remote_id} at the provider may be the first create of take {take}, which was on no list in time "
            "and was sent again: then it was paid for, too."
        ),
        N_(
            "Look at your account there: its video can be had from the provider. A longer [reconcile] window helps."
        ),
        {"take": take.id, "remote_id": remote_id},
    )
