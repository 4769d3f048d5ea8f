"""What a folder tells of a take, as tables."""

from __future__ import annotations

from typing import Optional

import pytest
from ledger_samples import NOW, want

from sorad.ledger.wants import accepted_at, is_known
from sorad.model import State


@pytest.mark.parametrize(
    ("intents", "told", "known"),
    [
        ([], NOW, False),
        ([NOW - 1], NOW, False),
        ([NOW], NOW, True),  # the end of that create is known
        ([NOW + 1], NOW, False),  # the clock was set back since
        ([NOW + 1, NOW], NOW, True),
        ([NOW + 0.25], NOW, True),  # an older version wrote whole seconds
        ([NOW + 0.25], NOW + 0.5, False),
    ],
)
def test_an_intent_is_known_by_its_date_whatever_was_written_down_since(
    intents: list[float], told: float, known: bool
) -> None:
    assert is_known(intents, told) is known


@pytest.mark.parametrize(
    ("state", "told", "counts"),
    [
        (State.GENERATING, NOW - 5, NOW - 5),
        (State.GENERATING, None, NOW),  # its money counts, whenever it went out
        (State.DONE, None, None),
        (State.DONE, NOW + 1e8, NOW),  # a wrong clock, or a stranger: not every day
        (State.QUEUED, None, None),
    ],
)
def test_a_receipt_tells_when_money_went_out(
    state: State, told: Optional[float], counts: Optional[float]
) -> None:
    assert accepted_at(want(state=state, accepted_at=told), NOW) == counts
