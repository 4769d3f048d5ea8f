"""Which take goes on under which number: a table, and what must hold for any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.intake.renumber import Known, renumbered
from sorad.ledger.states import PAID
from sorad.model import State

Q, G, DONE, FAILED, CANCELLED = (
    State.QUEUED,
    State.GENERATING,
    State.DONE,
    State.FAILED,
    State.CANCELLED,
)


def known(segment: int, fingerprint: str, state: State = DONE, take: int = 1, **more: bool) -> Known:
    return Known(segment, take, fingerprint, state, **more)


TABLE = {
    "nothing changed": ([known(1, "a")], [(1, 1, "a")], {}),
    "inserted before": (
        [known(1, "a"), known(2, "b")],
        [(1, 1, "x"), (2, 1, "a"), (3, 1, "b")],
        {0: (2, 1), 1: (3, 1)},
    ),
    "removed before": ([known(1, "a"), known(2, "b")], [(1, 1, "b")], {1: (1, 1)}),
    "two change places": ([known(1, "a"), known(2, "b")], [(1, 1, "b"), (2, 1, "a")], {0: (2, 1), 1: (1, 1)}),
    "wanted twice is bought twice": ([known(1, "a")], [(1, 1, "a"), (2, 1, "a")], {}),
    "the delivered before the one in flight": ([known(1, "a", G), known(2, "a")], [(3, 1, "a")], {1: (3, 1)}),
    "the failed is not bought again": ([known(1, "a", FAILED)], [(2, 1, "a")], {0: (2, 1)}),
    "dropped by the folder tells nothing": ([known(1, "a", CANCELLED)], [(2, 1, "a")], {}),
    "dropped by the user stays dropped": ([known(1, "a", CANCELLED, by_user=True)], [(2, 1, "a")], {0: (2, 1)}),
    "a dropped row changes places": (
        [known(1, "a"), known(2, "a", CANCELLED)],
        [(2, 1, "a")],
        {0: (2, 1), 1: (1, 1)},
    ),
    "the same take number first": (
        [known(1, "a", take=2), known(5, "a", take=1)],
        [(3, 1, "a"), (3, 2, "a")],
        {0: (3, 2), 1: (3, 1)},
    ),
    "a further take goes along": (
        [known(1, "a"), known(1, "a", take=2, extra=True)],
        [(2, 1, "a")],
        {0: (2, 1), 1: (2, 2)},
    ),
    "a further take stays with its text": (
        [known(1, "a"), known(1, "a", take=2, extra=True)],
        [(1, 1, "a"), (2, 1, "a")],
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE)
def test_numbers_go_where_the_text_went(row: str) -> None:
    takes, wanted, expected = TABLE[row]
    assert renumbered(takes, wanted) == expected


keys = st.tuples(st.integers(1, 4), st.integers(1, 2), st.sampled_from("abc"))
takes = st.dictionaries(
    keys, st.tuples(st.sampled_from(list(State)), st.booleans(), st.booleans()), max_size=8
).map(
    lambda made: [
        Known(*key, state, extra, state is CANCELLED and by_user)
        for key, (state, extra, by_user) in made.items()
    ]
)


@given(takes, st.sets(keys, max_size=8))
def test_no_purchase_is_left_aside_and_no_number_given_twice(
    known: list[Known], wanted: set[tuple[int, int, str]]
) -> None:
    numbers = renumbered(known, wanted)
    after = [
        (*numbers.get(index, (one.segment, one.take)), one.fingerprint) for index, one in enumerate(known)
    ]
    assert len(set(after)) == len(after)
    assert [key[2] for key in after] == [one.fingerprint for one in known]
    bought = PAID | {DONE, FAILED}
    had = {key for key, one in zip(after, known) if one.state in bought}
    texts = {(segment, fingerprint) for segment, _take, fingerprint in wanted}
    for index, one in enumerate(known):
        if one.key in wanted:
            assert after[index] == one.key or one.state is CANCELLED
        if one.state in bought and after[index] not in wanted and (one.segment, one.fingerprint) not in texts:
            lacking = {key for key in wanted if key[2] == one.fingerprint} - set(after)
            assert not lacking, f"{one} could have been {lacking}"
    assert had == {key for key in had if key in set(after)}
