"""``continue``: a shot begins with the last frame of the one before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.read import Reading, Rules, read_bytes

A = "https://x.test/a.png"


def read(*segments: dict[str, Any], lacking: Problem | None = None, **top: Any) -> Reading:
    judged: list[Request] = []
    rules = Rules(
        5_000_000,
        100,
        10,
        1,
        False,
        lambda request: judged.append(request) or [],
        no_frames=lambda before: lacking,
    )
    listed = [
        {"segment_index": 10 * n, "prompt_text": f"shot {n}", **one} for n, one in enumerate(segments, 1)
    ]
    reading = read_bytes(json.dumps({"segments": listed, **top}).encode(), Path("/nowhere"), rules)
    for request in judged:  # a provider judges it as one that begins with a picture from here
        assert request.image.startswith("sha256:") == request.continues
    return reading


@pytest.mark.parametrize(
    ("segments", "top", "follows"),
    [
        ([{}, {"continue": True}, {"continue": True}], {}, [None, 10, 20]),
        ([{}, {"continue": False}, {"continue": None}], {}, [None, None, None]),
        ([{"continue": False}, {}, {"first_frame": A}], {"defaults": {"continue": True}}, [None, 10, None]),
        ([{}, {"continue": True}], {"defaults": {"first_frame": A}}, [None, 10]),
    ],
)
def test_it_follows_the_entry_before_in_the_file(
    segments: list[dict[str, Any]], top: dict[str, Any], follows: list[int | None]
) -> None:
    reading = read(*segments, **top)
    assert reading.problems == ()
    assert [one.follows for one in reading.segments] == follows
    assert [one.request.continues for one in reading.segments] == [one is not None for one in follows]
    assert all(not one.request.image for one in reading.segments if one.request.continues)


@pytest.mark.parametrize(
    ("segments", "top", "found"),
    [
        ([{"continue": True}, {}], {}, [("storyboard.continue", "segments[0].continue")]),
        ([{}, {}], {"defaults": {"continue": True}}, [("storyboard.continue", "segments[0].continue")]),
        ([{}, {"continue": True, "first_frame": A}], {}, [("storyboard.both", "segments[1].continue")]),
        ([{}, {"continue": "yes"}], {}, [("storyboard.continue", "segments[1].continue")]),
        ([{}, {"continues": True}], {}, [("storyboard.near", "segments[1].continues")]),
    ],
)
def test_mistakes_are_told_with_their_place(
    segments: list[dict[str, Any]], top: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert [(one.code, one.where) for one in read(*segments, **top).problems] == found


def test_where_no_frame_can_be_had_it_is_a_mistake() -> None:
    lacking = Problem("media.extra", "nothing decodes.", "Install it.")
    assert read({}, lacking=lacking).ok
    (problem,) = read({}, {"continue": True}, lacking=lacking).problems
    assert (problem.code, problem.where) == ("storyboard.continue", "segments[1].continue")
    assert "nothing decodes" in problem.text()


def test_the_fingerprint_tells_that_it_continues_and_nothing_of_what() -> None:
    plain, told = Request("a cat"), Request("a cat", continues=True)
    assert told.canonical() == {**plain.canonical(), "continue": True}
    assert Request.from_json(told.to_json()) == told
    one, other = read({}, {"continue": True}), read({"prompt_text": "another"}, {"continue": True})
    assert one.segments[1].request.fingerprint() == other.segments[1].request.fingerprint()


def test_another_order_is_another_content_only_where_it_matters() -> None:
    first, second, third = ({"segment_index": n, "prompt_text": f"{n}"} for n in (1, 2, 3))
    assert read(first, second, third).content == read(third, second, first).content
    last = {**third, "continue": True}
    assert read(first, second, last).content != read(second, first, last).content
