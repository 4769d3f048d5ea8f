"""The day that a budget is for: the user's own, but none ends before it has really passed.

A clock that is set forward over midnight would else fill the budget anew. Where the system does not tell sleep from a
clock that was set, the wall clock alone tells the day.
"""

from __future__ import annotations

from typing import NamedTuple

from sorad.budget import day_began, next_day
from sorad.elapsed import Moment
from sorad.ledger.interface import Ledger

_KEY = "budget.day"


class BudgetDay(NamedTuple):
    """Epoch seconds: since when money counts, and when the next day's budget may be spent."""

    began: float
    ends: float


def budget_day(ledger: Ledger, now: float) -> BudgetDay:
    """The day of ``now``, together with the one before while that has not really passed. :class:`LedgerUnavailable`."""
    began, ends, present = day_began(now), next_day(now), ledger.moment()
    known = ledger.recall(_KEY)
    if known is not None:
        over = Moment(*known["over"])
        if known["began"] < began and over.boot == present.boot and present < over:
            return BudgetDay(known["began"], now + over.up - present.up)
    if known is None or known["began"] != began:
        ledger.remember(_KEY, {"began": began, "over": [present.boot, present.up + ends - now]})
    return BudgetDay(began, ends)
