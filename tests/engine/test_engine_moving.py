"""When a take goes to another provider, as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.attempts import Attempt, as_json, as_members, attempts_of, parse_attempts
from sorad.budget import NEVER
from sorad.config.fallbacks import chain
from sorad.engine.decide.moving import fallback, is_dearer, moved, next_ones, one_create
from sorad.ledger.change import changed
from sorad.model import Request, State, Take
from sorad.problems import Problem

NOW = 1_800_000_000.0
TAKE = Take(
    1, 1, "/v", "/v/storyboard.json", 1, 1, "f" * 64, Request("a cat"), State.QUEUED, "/v/x.mp4", NOW, cost=500_000,
    currency="CNY", provider="ark", base_url="https://ark.example",
)  # fmt: skip
NAMES = ["ark", "kling", "vidu", "minimax"]
FALLBACKS = {"ark": ("kling", "vidu"), "kling": ("minimax",), "vidu": (), "minimax": ("vidu",)}


def after(*names: str, creates: int = 0) -> Take:
    """A take that was tried at these before."""
    return replace(TAKE, attempts=as_json(Attempt(name, "x", NOW, creates=creates) for name in names))


@pytest.mark.parametrize(
    ("tried", "here", "ways"),
    [
        ((), "ark", ["kling", "vidu", "minimax"]),
        (("ark",), "kling", ["vidu", "minimax"]),  # the first one's own list comes first
        (("ark", "kling"), "vidu", ["minimax"]),
        (("ark", "kling", "vidu"), "minimax", []),
        ((), "minimax", ["vidu"]),
        ((), "vidu", []),
        (("gone",), "kling", ["minimax", "vidu"]),
        (("kling",), "ark", ["minimax", "vidu"]),
    ],
)
def test_where_a_take_goes_next(tried: tuple[str, ...], here: str, ways: list[str]) -> None:
    assert next_ones(after(*tried), here, FALLBACKS) == ways


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4)),
    st.sampled_from(NAMES),
)
def test_no_way_passes_a_provider_twice(fallbacks: dict[str, list[str]], first: str) -> None:
    tried, here = list[str](), first
    while True:
        assert here not in tried
        ways = next_ones(after(*tried), here, fallbacks)
        assert len({*ways}) == len(ways)
        assert first not in chain(first, fallbacks)
        if not ways:
            break
        tried, here = [*tried, here], ways[0]


@pytest.mark.parametrize(
    ("before", "creates", "one"),
    [(None, 0, True), (None, 1, False), (1, 1, True), (1, 2, False), (0, 1, False)],
)
def test_only_one_create_may_have_left(before: Optional[int], creates: int, one: bool) -> None:
    take = TAKE if before is None else after("ark", creates=before)
    assert one_create(take, creates) is one


@pytest.mark.parametrize(
    ("here", "there", "dearer"),
    [
        ((100, "CNY"), (100, "CNY"), False),
        ((100, "CNY"), (99, "CNY"), False),
        ((100, "CNY"), (101, "CNY"), True),
        ((100, "CNY"), (1, "USD"), True),
        ((None, "CNY"), (1, "CNY"), True),
        ((100, "CNY"), (None, "CNY"), True),
    ],
)
def test_an_approval_holds_for_what_is_no_dearer(
    here: tuple[Optional[int], str], there: tuple[Optional[int], str], dearer: bool
) -> None:
    assert is_dearer(here, there) is dearer
    approved = replace(TAKE, approved=True)
    assert changed(approved, moved(approved, "kling", "", NOW, dearer=dearer), NOW).approved is not dearer


def test_what_was_tried_is_kept_and_a_second_move_keeps_where_its_storyboard_wants_it_from() -> None:
    failed = replace(TAKE, state=State.FAILED, remote_id="t1", target="ark")
    why = Problem("provider.moderation_result", "no")
    take = changed(failed, fallback(failed, "ark", "kling", "", why, NOW, dearer=False, creates=1), NOW)
    assert (take.state, take.target, take.moved_by, take.moved_from) == (
        State.QUEUED,
        "kling",
        "fallback",
        "ark",
    )
    assert take.remote_id == ""
    assert as_members(take.attempts) == [
        {
            "provider": "ark", "code": "provider.moderation_result", "at": NOW, "kind": "ark", "remote_id": "t1",
            "cost": 0.5, "currency": "CNY", "creates": 1,
        }
    ]  # fmt: skip
    refused = replace(take, state=State.SUBMITTING)
    take = changed(refused, fallback(refused, "kling", "vidu", "", why, NOW, dearer=False, creates=1), NOW)
    assert (take.target, take.moved_from, [one.provider for one in attempts_of(take.attempts)]) == (
        "vidu",
        "ark",
        ["ark", "kling"],
    )


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("budget.approve", State.QUEUED), ("budget.day", State.QUEUED), ("pictures.ignored", None),
        ("storyboard.copied", State.HELD), ("receipt.damaged", State.HELD),
    ],
)  # fmt: skip
def test_what_is_held_for_another_reason_than_money_stays_held(code: str, state: Optional[State]) -> None:
    from sorad.engine.decide.pictures import IGNORED

    held = replace(
        TAKE, state=State.HELD, error=Problem(IGNORED if state is None else code, "x"), due_at=NEVER
    )
    take = changed(held, moved(held, "kling", "", NOW, dearer=False), NOW)
    assert take.state is (state or State.QUEUED)
    assert (take.error is None) is (take.state is State.QUEUED)
    assert take.target == "kling"


@pytest.mark.parametrize(
    "raw",
    [
        None, 7, "x", {}, [7], [{}], [{"provider": ""}], [{"provider": "a", "code": 7, "at": 1, "creates": 0}],
        [{"provider": "a", "code": "b", "at": -1, "creates": 0}], [{"provider": "a", "code": "b", "at": 1}],
        [{"provider": "a\n", "code": "b", "at": 1, "creates": 0}],
        [{"provider": "a", "code": "b", "at": 1, "creates": True}],
        [{"provider": "a", "code": "b", "at": 1, "creates": 0, "cost": 1e300}],
        [{"provider": "a" * 999, "code": "b", "at": 1, "creates": 0}],
    ],
)  # fmt: skip
def test_what_a_stranger_wrote_into_a_receipt_is_left_out(raw: object) -> None:
    assert parse_attempts(raw) == ()


def test_attempts_are_read_as_they_were_written() -> None:
    rows = (Attempt("ark", "x", NOW, "ark", "t", 0.0, "CNY", 1), Attempt("可灵", "y", NOW + 1))
    assert attempts_of(as_json(rows)) == rows
    assert parse_attempts(as_members(as_json(rows))) == rows
    assert attempts_of("") == attempts_of("{") == attempts_of("7") == ()
