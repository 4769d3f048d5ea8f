"""Gateways that send a create again by themselves: what their headers say, and what an answer then means."""

from __future__ import annotations

import json

import pytest
from dialects import REQUEST, OpenAiVideos
from hypothesis import given
from hypothesis import strategies as st
from scripted_http import Reply, ScriptedServer

from sorad.model import MOST_REPEATS
from sorad.problems import Problem
from sorad.providers.answers.litellm import repeats_in_words
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


FIRST = "litellm.RateLimitError: slow down"
GROUP = "\n\nLiteLLM: model group 'sim-1' failed with the error above."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (FIRST, 0),
        (f"{FIRST}{GROUP} No fallback was attempted.", 0),
        (f"{FIRST}{GROUP} Fallback to sim-2 also failed: litellm.Timeout", 1),
        (f"{FIRST}{GROUP} Fallback to sim-2, sim-3 also failed: litellm.Timeout", 2),
        (f"{FIRST}{GROUP} Fallback to sim-2 was skipped because the caller is not authorized to call it.", 0),
        (f"{FIRST} LiteLLM Retried: 2 times, LiteLLM Max Retries: 2", 2),
        (f"{FIRST} Available Model Group Fallbacks=['a']\nError doing the fallback: Timeout", 1),
        (f"{FIRST} LiteLLM Retried: 999 times", MOST_REPEATS),
    ],
)
def test_an_error_tells_of_repeats_in_words(words: str, expected: int) -> None:
    body = json.dumps({"error": {"message": words, "code": "429"}}).encode()
    assert repeats_in_words(body) == expected


@given(st.binary())
def test_no_error_breaks_the_count(body: bytes) -> None:
    assert 0 <= repeats_in_words(body) <= MOST_REPEATS


def test_a_429_of_the_first_model_is_no_refusal_where_a_fallback_was_tried(server: ScriptedServer) -> None:
    message = f"{FIRST}{GROUP} Fallback to sim-2 also failed: litellm.Timeout: Connection timed out."
    server.script(Reply({"error": {"message": message, "code": "429"}}, 429))
    created = OpenAiVideos().make(server.url + "/v1").create(REQUEST)
    assert isinstance(created, Unknown)
    assert created.repeats == 1


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
