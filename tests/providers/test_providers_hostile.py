"""What an answer brings is bounded before anything counts with it: costs, depth, digits, lengths, times."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.model import LARGEST_COST, plausible_cost
from sorad.nested import is_deep, may_be_deep
from sorad.providers.base import Accepted, Finished, Unknown
from sorad.providers.sora_hk import answers as sora_hk_answers
from sorad.providers.wire import headers, reading
from sorad.providers.wire.answer import Answer

NEST = b'{"a":' * 600 + b"1" + b"}" * 600


def answer(body: str) -> Answer:
    return Answer(200, {}, body.encode())


@pytest.mark.parametrize(
    "cost", ["1e15", "1e400", "-1", "true", "[[[1]]]", '{"a": 1}', "9" * 5_000, "NaN", "Infinity", '"1e300"']
)
def test_a_cost_beyond_all_bounds_is_none(cost: str) -> None:
    created = sora_hk_answers.after_create(
        answer(
            '{"code": 200, "data": {"task_id": "t1", "status": "pending", "cost": COST}}'.replace(
                "COST", cost
            )
        )
    )
    assert isinstance(created, Accepted)
    assert (created.remote_id, created.cost) == ("t1", None)
    polled = sora_hk_answers.after_poll(
        answer(
            (
                '{"code": 200, "data": {"task_id": "t1", "status": "completed", "cost": COST,'
                ' "video_url": "https://a.example/v.mp4"}}'
            ).replace("COST", cost)
        )
    )
    assert isinstance(polled, Finished)
    assert polled.cost is None


@given(
    st.one_of(
        st.integers(), st.integers(-(10**400), 10**400), st.floats(), st.booleans(), st.text(), st.none()
    )
)
def test_what_counts_as_a_cost_fits_into_the_ledger(amount: Any) -> None:
    for size in (1_000_000, 10_000):
        found = plausible_cost(amount, size)
        assert found is None or 0 <= found <= LARGEST_COST * 1_000_000 < 2**63 / 21


def test_an_answer_that_is_nested_without_end_is_not_understood() -> None:
    for body in (NEST, b"[" * 100_000, b'{"data":' + NEST + b"}"):
        came = Answer(200, {}, body)
        assert came.json() is None
        assert isinstance(sora_hk_answers.after_create(came), Unknown)
        assert isinstance(sora_hk_answers.after_poll(came), object)


@given(st.recursive(st.integers(), lambda below: st.lists(below, max_size=2), max_leaves=40))
def test_depth_is_counted(value: Any) -> None:
    def depth(one: Any) -> int:
        return 1 + max(map(depth, one)) if isinstance(one, list) and one else 0

    for deepest in range(5):
        assert is_deep(value, deepest) == (depth(value) > deepest)
        assert may_be_deep(json.dumps(value).encode(), deepest) or not is_deep(value, deepest)


def test_long_numbers_are_texts_and_cost_no_time() -> None:
    began = time.thread_time()
    found = reading.parse(b'{"id": ' + b"7" * 900_000 + b"}")
    assert isinstance(found["id"], str)
    assert reading.number(found["id"]) is None
    assert time.thread_time() - began < 5


@pytest.mark.parametrize("value", [1e300, -1e300, -5, "1e300", float("inf")])
def test_a_time_that_no_clock_shows_is_none(value: Any) -> None:
    assert reading.epoch(value) is None


def test_lengths_of_thousands_of_digits_are_none() -> None:
    many = "9" * 5_000
    assert headers.content_length({"content-length": many}) is None
    assert headers.content_range({"content-range": f"bytes 0-{many}/{many}"}) is None
    assert headers.content_length({"content-length": "12"}) == 12


def test_half_a_character_in_an_answer_is_no_id() -> None:
    body = json.dumps({"code": 200, "data": {"task_id": "\ud83e", "status": "pending"}})
    assert not isinstance(sora_hk_answers.after_create(answer(body)), Accepted)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gbk"])
def test_json_is_read_in_the_encodings_that_gateways_write(encoding: str) -> None:
    assert reading.parse('{"id": "t1", "message": "任务已提交"}'.encode(encoding)) == {
        "id": "t1",
        "message": "任务已提交",
    }
    assert reading.parse('{"id": "t1"'.encode(encoding)) is None
