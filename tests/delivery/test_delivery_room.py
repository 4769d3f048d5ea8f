"""Room on a disk for the takes to come."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.engine.state.disk import Needed, Sizes, free_bytes, needed, places, room


@pytest.mark.parametrize(
    ("free", "in_flight", "expected"),
    [(3000, 0, True), (2999, 0, False), (3999, 1, False), (4000, 1, True), (0, 0, False), (22_000, 19, True)],
)
def test_what_is_in_flight_counts(free: int, in_flight: int, expected: bool) -> None:
    assert room(free, in_flight, size=1000, min_free=2000) is expected


def test_what_is_needed_is_told_in_parts() -> None:
    assert needed(3, 1000, 2000) == Needed(min_free=2000, in_flight=3000, next=1000)
    assert needed(3, 1000, 2000).total == 6000


@given(*[st.integers(0, 10**6)] * 2, st.integers(1, 10**4), st.integers(0, 10**6))
def test_places_are_as_many_as_find_room_one_after_another(
    free: int, in_flight: int, size: int, min_free: int
) -> None:
    count = places(free, in_flight, size, min_free)
    assert not room(free, in_flight + count, size, min_free)
    assert count == 0 or room(free, in_flight + count - 1, size, min_free)


def test_the_largest_of_the_last_twenty_is_expected() -> None:
    sizes = Sizes(assumed=12)
    assert sizes.expected() == 12
    sizes.saw(5)
    assert sizes.expected() == 5, "what was seen counts for more than what was assumed"
    sizes.saw(90)
    for _ in range(19):
        sizes.saw(7)
    assert sizes.expected() == 90
    sizes.saw(7)
    assert sizes.expected() == 7


def test_free_bytes_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    free = free_bytes(tmp_path / "a" / "b" / "c")
    assert 0 < free <= shutil.disk_usage(tmp_path).total


def test_a_disk_that_does_not_answer_has_no_room(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert free_bytes(loop / "below") == 0
