"""Gateways that send a create again by themselves: what their headers say, and what an answer then means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.model import MOST_REPEATS
from sorad.problems import Problem
from sorad.providers.base import Accepted, Fault, NotSent, Refused, Trouble, Unknown
from sorad.providers.openai_videos.api import repeated
from sorad.providers.wire.headers import gateway, repeats

FAULT = Fault(Trouble.RATE, Problem("test", "something"))
RETRIES, FALLBACKS = "x-litellm-attempted-retries", "x-litellm-attempted-fallbacks"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({RETRIES: "0", FALLBACKS: "0"}, 0),
        ({RETRIES: "2"}, 2),
        ({FALLBACKS: "1"}, 1),
        ({RETRIES: "2", FALLBACKS: "1"}, 3),
        ({RETRIES: " 2 "}, 2),
        ({RETRIES: "-5", FALLBACKS: "1"}, 1),
        ({RETRIES: "1e308"}, MOST_REPEATS),
        ({RETRIES: "9" * 400}, 0),  # no finite number
        ({RETRIES: "nan", FALLBACKS: "inf"}, 0),
        ({RETRIES: "two"}, 0),
        ({RETRIES: ""}, 0),
    ],
)
def test_repeats_are_read_and_bounded(headers: dict[str, str], expected: int) -> None:
    assert repeats(headers) == expected


@given(st.text(), st.text())
def test_no_header_breaks_or_exceeds_the_bounds(one: str, other: str) -> None:
    assert 0 <= repeats({RETRIES: one, FALLBACKS: other}) <= MOST_REPEATS


def test_the_gateway_is_known_by_its_version() -> None:
    assert gateway({}) == ""
    assert gateway({"x-litellm-version": "1.80.5"}) == "1.80.5"
    assert gateway({"x-litellm-version": "1\x1b[2J" + "9" * 500}) == ("1[2J" + "9" * 500)[:40]


def test_a_refusal_after_repeats_proves_nothing_of_those_before() -> None:
    assert repeated(Refused(FAULT), 2) == Unknown(FAULT, repeats=2)
    assert repeated(Refused(FAULT), 0) == Refused(FAULT)
    assert repeated(Accepted("t1"), 2) == Accepted("t1", repeats=2)
    assert repeated(Unknown(FAULT, "kept"), 1) == Unknown(FAULT, "kept", 1)
    assert repeated(NotSent(FAULT), 2) == NotSent(FAULT)
