"""Which video serves a take in place of a purchase, as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sorad.ledger.reused import FOLDER, NO_REUSE, ROOT, bought_as, left, source_for, sources
from sorad.model import Request, State, Take
from sorad.problems import Problem

REQUEST = Request("a cat")
MISSING = Problem("take.missing", "it is gone")
B = "/v/film/b.json"


def take(number: int, path: str, state: State, **more: Any) -> Take:
    bought = state not in (State.QUEUED, State.HELD, State.CANCELLED)
    members = {"storyboard_id": hash(path), "remote_id": f"t{number}" if bought else "", **more}
    return Take(
        id=number,
        root="/v",
        storyboard=path,
        segment=number,
        take=1,
        fingerprint=REQUEST.fingerprint(),
        request=REQUEST,
        state=state,
        output=f"/v/{number}.mp4",
        due_at=0.0,
        **members,
    )


@pytest.mark.parametrize(
    ("state", "more", "serves"),
    [
        (State.DONE, {}, True),
        (State.DONE, {"error": MISSING}, False),
        (State.DONE, {"error": Problem("take.rescued", "it lies elsewhere")}, True),
        (State.DONE, {"remote_id": ""}, False),  # nobody knows who bought it
        (State.DONE, {"reused": "t9"}, False),  # what was reused itself
        (State.GENERATING, {}, True),
        (State.UNKNOWN, {}, True),
        (State.QUEUED, {}, True),  # the first by path buys
        (State.QUEUED, {"wanted": False}, False),
        (State.HELD, {}, False),
        (State.FAILED, {}, False),
        (State.CANCELLED, {}, False),
    ],
)
def test_what_serves_another_storyboard(state: State, more: dict[str, Any], serves: bool) -> None:
    one = take(1, "/v/film/a.json", state, **more)
    assert sources(B, "/v", [one], FOLDER) == ([one] if serves else [])
    assert sources(B, "/v", [one], NO_REUSE) == []
    assert sources(one.storyboard, "/v", [one], FOLDER) == [], (
        "two equal segments of one file are two purchases"
    )


def test_of_two_that_wait_the_first_by_path_buys() -> None:
    later = take(1, "/v/film/c.json", State.QUEUED)
    assert sources(B, "/v", [later], FOLDER) == []


def test_only_what_is_near_serves() -> None:
    far = take(1, "/v/other/a.json", State.DONE)
    assert sources(B, "/v", [far], FOLDER) == []
    assert sources(B, "/v", [far], ROOT) == [far]
    assert sources(B, "/w", [far], ROOT) == []


def test_one_video_serves_one_take_of_a_storyboard() -> None:
    source, first, second = (
        take(1, "/v/film/a.json", State.DONE),
        take(2, B, State.QUEUED),
        take(3, B, State.QUEUED),
    )
    takes = [source, first, second]
    assert source_for(first, takes, FOLDER) == source
    assert source_for(second, takes, FOLDER) is None
    served = replace(first, state=State.DONE, reused="t1")
    assert left([source], [served]) == []
    assert source_for(second, [source, served, second], FOLDER) is None
    assert bought_as(served, takes) == [source]


@pytest.mark.parametrize("more", [{"extra": True}, {"remote_id": "t7"}])
def test_redo_and_the_retry_of_what_failed_buy(more: dict[str, Any]) -> None:
    mine = take(2, B, State.QUEUED, **more)
    assert source_for(mine, [take(1, "/v/film/a.json", State.DONE), mine], FOLDER) is None
