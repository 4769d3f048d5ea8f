"""What a folder tells of a take, as tables."""

from __future__ import annotations

from typing import Optional

import pytest
from ledger_samples import NOW, want

from sorad.ledger.wants import accepted_at, news
from sorad.model import State


@pytest.mark.parametrize(
    ("known", "told", "is_news"),
    [
        (None, NOW, True),
        (NOW - 1, NOW, True),
        (NOW, NOW, False),  # the end of that create is known
        (NOW + 1, NOW, False),
        (None, None, False),
    ],
)
def test_an_intent_is_news_where_it_is_later_than_the_last_one_that_is_known(
    known: Optional[float], told: Optional[float], is_news: bool
) -> None:
    assert news(known, want(state=State.UNKNOWN, intent_at=told)) is is_news


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
