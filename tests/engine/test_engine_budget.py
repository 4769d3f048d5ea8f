"""What may be spent, as tables: the day's budget, the limit of a storyboard, prices that are not known."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from test_engine_pure import take

from sorad.budget import NEVER, PRICE_ASKED, awaits_price, is_asked_for, needs_approval, over_day
from sorad.config.model import Budget
from sorad.model import State
from sorad.problems import Problem

ONE = 1_000_000  # micro-units
BOTH: dict[str, float] = {"USD": 2.0, "CNY": 3.0}


@pytest.mark.parametrize(
    ("limit", "spent", "price", "currency", "code"),
    [
        (None, 9 * ONE, None, "USD", None),  # no budget is set
        (2.0, ONE, ONE, "USD", None),  # to the last cent
        (2.0, ONE, ONE + 1, "USD", "budget.day"),
        (2.0, 2 * ONE, 0, "USD", None),
        (2.0, 0, None, "USD", "budget.price"),
        (0.0, 0, 1, "USD", "budget.day"),
        (BOTH, 2 * ONE, ONE, "CNY", None),  # each currency by itself
        (BOTH, 2 * ONE, ONE, "USD", "budget.day"),
        (BOTH, 0, ONE, "EUR", "budget.currency"),
    ],
)
def test_a_day(limit: Any, spent: int, price: Optional[int], currency: str, code: Optional[str]) -> None:
    why = over_day(Budget(per_day=limit), spent, price, currency)
    assert (why.code if why is not None else None) == code


@pytest.mark.parametrize(
    ("limit", "prices", "currency", "code"),
    [
        (None, [9 * ONE, None], "USD", None),
        (2.0, [ONE, ONE], "USD", None),
        (2.0, [ONE, ONE, 1], "USD", "budget.approve"),
        (2.0, [ONE, None], "USD", "budget.price"),  # one unknown price is enough
        (2.0, [], "USD", None),
        (BOTH, [ONE], "EUR", "budget.currency"),
    ],
)
def test_a_storyboard(limit: Any, prices: list[Optional[int]], currency: str, code: Optional[str]) -> None:
    why = needs_approval(Budget(approve_above=limit), prices, currency)
    assert (why.code if why is not None else None) == code


@pytest.mark.parametrize(
    ("state", "code", "due_at", "waits"),
    [
        (State.HELD, "provider.key", 60.0, True),
        (State.HELD, PRICE_ASKED, 60.0, True),
        (State.HELD, "budget.day", 60.0, False),
        (State.HELD, "provider.key", NEVER, False),  # for the user
        (State.HELD, "take.copied", 60.0, False),
        (State.HELD, "", 60.0, False),
        (State.QUEUED, "provider.key", 60.0, False),
    ],
)
def test_what_waits_for_its_price_alone(state: State, code: str, due_at: float, waits: bool) -> None:
    error = Problem(code, "why") if code else None
    held = take(state=state, error=error, due_at=due_at)
    assert awaits_price(held) is waits
    assert is_asked_for(held) is (code == PRICE_ASKED)
