"""What was paid for twice: a create that was on no list in time and was sent again may turn up after all; a task that
was said to have failed and was bought again may end well after all.

Nothing undoes that, but it is told, so that both videos can be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Optional

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Event, Purchase
from sorad.messages import N_
from sorad.model import State, Take, units
from sorad.problems import Problem

# It is told for so long, in seconds; so many are remembered.
TOLD_FOR, REMEMBERED = 7 * 86_400.0, 50
_KEY = "paid too"
# Notes in the history of creates that surely never left: there was no way to the server, or no folder to tell them in.
NOT_SENT, NO_PLACE, ANOTHERS = "not sent", "no place", "other buyer"


# And that it goes to another provider from then on.
MOVED = frozenset({"retarget", "fallback"})


def creates_that_left(history: Sequence[Event]) -> list[Event]:
    """The intents of a take's creates that left, those that were refused among them: one may be there all the same.

    Of a take that was moved, those alone that went where its last one went.
    """
    legs: list[list[Event]] = [[]]
    for event in history:
        if event.note in MOVED:
            legs.append([])
        legs[-1].append(event)
    return next(filter(None, map(_left, reversed(legs))), [])


def _left(history: Sequence[Event]) -> list[Event]:
    return [
        event
        for event, after in zip_longest(history, history[1:])
        if event.state is State.SUBMITTING
        and (after is None or after.note not in (NOT_SENT, NO_PLACE, ANOTHERS))
    ]


def double_payments(ledger: Ledger, now: float) -> list[str]:
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


def bought_anew(take: Take, others: Sequence[Purchase], cost: Optional[int], currency: str) -> Problem:
    """A task that was said to have failed goes on after all, and was bought again meanwhile. ``take`` has its id;
    ``cost``: what it costs now, in micro-units of ``currency``."""
    return Problem(
        "take.paid_twice",
        N_(
            "the task {remote_id} of take {take} was said to have failed, and did not. Meanwhile it was bought anew as "
            "{others}: {cost} for the first, {more} for that."
        ),
        N_("Both videos are kept. The provider can tell why it said so."),
        {
            "remote_id": take.remote_id,
            "take": take.id,
            "others": ", ".join(one.remote_id or f"#{one.take_id}" for one in others),
            "cost": _money([(cost, currency)]),
            "more": _money([(one.cost, one.currency or currency) for one in others]),
        },
    )


def _money(amounts: Sequence[tuple[Optional[int], str]]) -> str:
    """``0.60 USD``, each currency by itself; a question mark where no price is known."""
    sums: dict[str, int] = {}
    for cost, currency in amounts:
        if cost is not None:
            sums[currency] = sums.get(currency, 0) + cost
    return " + ".join(f"{units(cost):.2f} {name}" for name, cost in sums.items()) or f"? {amounts[0][1]}"
