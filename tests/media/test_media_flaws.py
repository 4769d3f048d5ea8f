"""From what was measured and what was asked for to flaws, as a table; and stretches of a video that come twice."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.media.flaws import Expected, Flaw, as_json, expected_of, flaws, flaws_of, is_usable, unreadable
from sorad.media.questions import Inspected
from sorad.media.stretches import Doubled, Runs, doubled
from sorad.messages import set_language
from sorad.model import Request, State, Take

GOOD = Inspected(1280, 720, 10.0, 10.0, 24.0, 240, 0, "h264", "yuv420p", "aac", 0.3)
ASKED = Expected(10, "16:9", "720p", True)
TAKE = Take(1, 1, "/v", "/v/storyboard.json", 1, 1, "f", Request("a cat"), State.DONE, "/v/1.mp4", 0.0)


def kinds(seen: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    return [one.kind for one in flaws(replace(GOOD, **seen), replace(ASKED, **asked))]


@pytest.mark.parametrize(
    ("seen", "asked", "found"),
    [
        ({}, {}, []),
        ({"seconds": 9.7}, {}, []),
        ({"seconds": 6.2}, {}, ["broken"]),
        ({"seconds": 6.2, "told": 0.0}, {}, ["length"]),
        ({"damaged": 2}, {}, ["damaged"]),
        ({"damaged": 200}, {}, ["unreadable"]),
        ({"seconds": 6.2, "damaged": 2}, {}, ["broken"]),
        ({"seconds": 5.04, "told": 5.04}, {"seconds": 5}, []),
        ({"seconds": 5.0, "told": 5.0}, {}, ["length"]),
        ({"seconds": 12.0, "told": 12.0}, {}, ["length"]),
        ({}, {"seconds": 0}, []),
        ({"width": 720, "height": 1280}, {}, ["direction"]),
        ({"width": 720, "height": 1280}, {"ratio": "9:16"}, []),
        ({"width": 720, "height": 1280}, {"ratio": "adaptive"}, []),
        ({"width": 720, "height": 1280}, {"ratio": ""}, []),
        ({"width": 1280, "height": 704}, {}, []),  # whole blocks of 32
        ({"width": 832, "height": 480}, {"resolution": "480p"}, []),
        ({"width": 960, "height": 960}, {"ratio": "1:1"}, []),  # as many pixels as 16:9 has
        ({"width": 1470, "height": 630}, {"ratio": "21:9"}, []),
        ({"width": 720, "height": 720}, {"ratio": "1:1"}, []),
        ({"width": 854, "height": 480}, {}, ["size"]),
        ({"width": 1920, "height": 1088}, {"resolution": "1080p"}, []),
        ({"width": 1280, "height": 720}, {"resolution": "1080p"}, ["size"]),
        ({"width": 3840, "height": 2160}, {"resolution": "4k"}, []),
        ({"width": 1920, "height": 1080}, {}, ["size"]),
        ({"width": 64, "height": 36}, {"resolution": ""}, []),
        ({"pixels": "yuvj420p"}, {}, []),
        ({"pixels": ""}, {}, []),
        ({"codec": "hevc"}, {}, ["codec"]),
        ({"codec": "hevc", "pixels": "yuv420p10le"}, {}, ["codec"]),
        ({"pixels": "yuv420p10le"}, {}, ["codec"]),
        ({"pixels": "yuv444p"}, {}, ["codec"]),
        ({"black": [[0.0, 1.5]], "frozen": [[3, 6]], "doubled": [[0, 2, 5]]}, {}, ["black", "frozen", "doubled"]),
        ({"sound": ""}, {}, ["silent"]),
        ({"peak": 0.0}, {}, ["silent"]),
        ({"peak": 0.01}, {}, []),
        ({"sound": "", "peak": 0.0}, {"audio": False}, []),
    ],
)  # fmt: skip
def test_what_is_measured_tells_the_flaws(
    seen: dict[str, Any], asked: dict[str, Any], found: list[str]
) -> None:
    assert kinds(seen, asked) == found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_flaws_are_told_in_words_and_outlive_the_ledger(language: str) -> None:
    told = {"black": [[0.0, 1.54]], "frozen": [[3, 6]], "doubled": [[0, 2, 5]], "codec": "hevc", "sound": ""}
    bad = replace(GOOD, **told, width=300, height=900, seconds=8.0)  # type: ignore[arg-type]
    found = flaws(bad, replace(ASKED, seconds=4))
    take = replace(TAKE, checks=as_json(bad, found))
    set_language(language)
    try:
        words = [one.text() for one in flaws_of(take)]
    finally:
        set_language("en")
    assert words == [*dict.fromkeys(words)]
    assert len(words) == 9
    assert not any("{" in one or one in json.loads(take.checks) for one in words)
    assert any("1.5" in one for one in words)


def test_what_was_sent_counts_where_the_storyboard_says_nothing() -> None:
    vertical = Request("a cat", seconds=5, orientation="vertical", audio=False, resolution="1080p")
    sent = '{"resolution": "480p", "audio": true}'
    assert expected_of(replace(TAKE, sent=sent)) == Expected(10, "16:9", "480p", True)
    assert expected_of(replace(TAKE, request=vertical, sent=sent)) == Expected(5, "9:16", "1080p", False)
    assert kinds({}, {"resolution": "horizontal"}) == []  # sora_hk calls the direction so


@pytest.mark.parametrize("checks", ["", "{}", "[]", "x", '{"flaws": 3}', '{"flaws": [3, {}]}'])
def test_what_is_kept_may_be_anything(checks: str) -> None:
    take = replace(TAKE, checks=checks)
    assert [one.text() for one in flaws_of(take)] in ([], [""])
    assert is_usable(take)


def test_what_does_not_decode_is_not_usable() -> None:
    assert not is_usable(replace(TAKE, checks=unreadable()))
    assert Flaw("of a later version", {"x": 1}).text() == "of a later version"


# --- stretches ------------------------------------------------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_where_something_holds_long_enough(holds: list[bool]) -> None:
    runs = Runs(3.0)
    for at, one in enumerate(holds):
        runs.see(float(at), one)
    for start, end in runs.ended(float(len(holds))):
        assert end - start >= 3
        assert all(holds[int(start) : int(end)])
        assert int(end) == len(holds) or not holds[int(end)]


def scene(seed: int, count: int, moves: bool = True) -> list[bytes]:
    """Small pictures that differ much from each other, or not at all."""
    rng = random.Random(seed)
    return [rng.randbytes(64)] * count if not moves else [rng.randbytes(64) for _number in range(count)]


def noisy(pictures: list[bytes]) -> list[bytes]:
    return [bytes(min(255, value + n % 2) for value in one) for n, one in enumerate(pictures)]


@pytest.mark.parametrize(
    ("pictures", "found"),
    [
        ([], []),
        (scene(1, 100), []),
        (scene(1, 24) + scene(2, 30), []),
        (scene(1, 24) + scene(1, 24), [Doubled(0, 24, 24)]),
        (scene(1, 24) + noisy(scene(1, 24)) + scene(2, 20), [Doubled(0, 24, 24)]),
        (scene(3, 10) + scene(1, 30) + scene(2, 9) + scene(1, 30), [Doubled(10, 40, 49)]),
        (scene(1, 12) * 3, [Doubled(0, 12, 12)]),  # goes round
        (scene(1, 8) + scene(2, 9) + scene(1, 8), []),  # too short
        (scene(1, 60, moves=False), []),  # stands still
        (scene(1, 12, moves=False) + scene(2, 12, moves=False) + scene(1, 12, moves=False), []),  # stills
    ],
)
def test_what_comes_twice_is_found(pictures: list[bytes], found: list[Doubled]) -> None:
    assert doubled(pictures, 1 / 12) == found


def test_a_slow_scene_is_not_taken_for_one_that_comes_twice() -> None:
    """A calm one differs from second to second less than what compression may make of the same picture."""
    calm = [bytes((100 + (n + x) % 3) for x in range(64)) for n in range(120)]
    assert doubled(calm, 1 / 12) == []
