"""Which download makes room for one that waits: the slowest by far, and nobody where all are slow."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.engine.decide.crawling import BY_FAR, MOST_ASIDE, NOTHING, PATIENCE, WATCHED, Ease, Flow, ease
from sorad.engine.run.lanes import Lane
from sorad.engine.state.downloads import WINDOW, Downloads

CRAWLS = Flow(1, 60.0, 1.0, 10_000_000, resumable=True)
QUICK = Flow(2, 60.0, 2_000_000.0, 10_000_000, resumable=True)


def lane_of(*flows: Flow) -> list[Flow]:
    """The flows, each with an id of its own."""
    return [replace(flow, take_id=number) for number, flow in enumerate(flows, start=1)]


def test_the_slowest_by_far_goes_aside_and_keeps_going() -> None:
    assert ease(lane_of(*[QUICK] * 7, CRAWLS), 0.0) == Ease(aside=8)


def test_eight_that_crawl_make_room_though_none_is_slower_than_the_others() -> None:
    assert ease(lane_of(*[CRAWLS] * 8), 0.0).aside is not None


def test_where_two_are_aside_one_that_can_be_resumed_is_cut() -> None:
    aside = replace(CRAWLS, aside=True)
    assert ease(lane_of(aside, aside, *[CRAWLS] * 7, QUICK), 0.0) == Ease(cut=3)
    # What the line did lately counts where nothing quick runs just now.
    assert ease(lane_of(aside, aside, *[CRAWLS] * 8), 1_000.0) == Ease(cut=3)
    forever = replace(CRAWLS, resumable=False)
    assert ease(lane_of(aside, aside, *[forever] * 7, QUICK), 0.0) == NOTHING


def test_where_nothing_quicker_was_seen_what_waits_gets_its_try_and_nothing_is_cut() -> None:
    aside = replace(CRAWLS, aside=True)
    assert ease(lane_of(aside, aside, *[CRAWLS] * 8), 10.0) == Ease(aside=3)
    trying = replace(CRAWLS, seconds=1.0)  # it may be quick: it has its time to show
    assert ease(lane_of(aside, aside, aside, *[CRAWLS] * 7, trying), 10.0) == NOTHING
    assert ease(lane_of(*[aside] * MOST_ASIDE, *[CRAWLS] * 8), 10.0) == NOTHING


def test_a_slow_home_line_cuts_nothing() -> None:
    rates = (9_000.0, 12_000.0, 15_000.0, 11_000.0, 8_000.0, 10_000.0, 14_000.0, 7_000.0)
    flows = [replace(flow, rate=rate) for flow, rate in zip(lane_of(*[QUICK] * 8), rates)]
    seen = [replace(flow, aside=True, take_id=20 + number) for number, flow in enumerate(flows[:2])]
    assert ease([*flows, *seen], 16_000.0).cut is None


def test_nobody_is_judged_before_it_was_watched() -> None:
    young = replace(CRAWLS, seconds=WATCHED - 1)
    assert ease(lane_of(*[young] * 8), 1e6) == NOTHING


def test_quick_ones_that_end_soon_are_waited_for() -> None:
    soon = replace(QUICK, rate=1_000_000.0, left=int(PATIENCE / 2 * 1_000_000))
    assert ease(lane_of(*[soon] * 8), 0.0) == NOTHING


FLOWS = st.lists(
    st.builds(
        Flow,
        st.integers(1, 99),
        st.floats(0, 1e4),
        st.floats(0, 1e8),
        st.none() | st.integers(0, 10**9),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda flow: flow.take_id,
)


@given(FLOWS, st.floats(0, 1e8))
def test_what_makes_room_was_watched_is_not_aside_and_loses_nothing(flows: list[Flow], best: float) -> None:
    found = ease(flows, best)
    by_id = {flow.take_id: flow for flow in flows}
    assert found.aside is None or found.cut is None
    for take_id in filter(None, (found.aside, found.cut)):
        one = by_id[take_id]
        assert one.seconds >= WATCHED
        assert not one.aside
    if found.aside is not None:
        assert sum(flow.aside for flow in flows) < MOST_ASIDE
    if found.cut is not None:
        assert by_id[found.cut].resumable
        assert by_id[found.cut].rate * BY_FAR < max([best, *(flow.rate for flow in flows)])


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_minute_is_enough_for_the_ninth() -> None:
    """Eight begin at once and crawl; by the clock, one has gone aside before a minute is over."""
    clock = Clock()
    downloads = Downloads(clock)
    for take_id in range(8):
        downloads.began(take_id)
        downloads.opened(take_id, 0, 10_000_000, resumable=False)
    for second in range(60):
        clock.now += 1.0
        for take_id in range(8):
            downloads.came(take_id, second, 10_000_000)
        found = ease(downloads.flows(), downloads.best())
        if found.aside is not None:
            return
    raise AssertionError("none went aside")


def test_rates_are_those_of_late() -> None:
    clock = Clock()
    downloads = Downloads(clock)
    downloads.began(1)
    downloads.opened(1, 500, 10_000_000, resumable=True)
    for _second in range(30):  # quick at first
        clock.now += 1.0
        downloads.came(1, 500 + 100_000 * (_second + 1), 10_000_000)
    [flow] = downloads.flows()
    assert flow.rate == pytest.approx(100_000)
    got = 500 + 3_000_000
    for _second in range(int(3 * WINDOW)):
        clock.now += 1.0
        got += 1
        downloads.came(1, got, 10_000_000)
    [flow] = downloads.flows()
    assert flow.rate < 2
    assert flow.left == 10_000_000 - got
    assert downloads.best() == pytest.approx(100_000)
    clock.now += 700.0
    assert downloads.best() == 0.0
    downloads.cut(1)
    assert downloads.is_cut(1)
    assert downloads.flows() == []
    downloads.ended(1)
    assert not downloads.is_cut(1)


def test_a_lane_gives_the_place_of_what_goes_aside_to_another() -> None:
    ended = threading.Semaphore(0)
    lane = Lane("fetch", 2, ended.release)
    hold, ran = threading.Event(), threading.Event()
    for key in (1, 2):
        lane.run(lambda: hold.wait(30), key)
    assert lane.free == 0
    lane.go_aside(1)
    lane.go_aside(77)  # nobody's
    assert (lane.free, lane.busy) == (1, 2)
    lane.run(ran.set, 3)
    assert ran.wait(60)
    assert ended.acquire(timeout=30)
    assert (lane.free, lane.busy, lane.part().state) == (1, 2, "ok")
    hold.set()
    assert ended.acquire(timeout=30)
    assert ended.acquire(timeout=30)
    assert (lane.free, lane.busy) == (2, 0)
    lane.close()


def crawling(clock: Clock, *steps: int, left: bool = True) -> Downloads:
    """Two downloads: one gets so many bytes in each further second, the other a megabyte."""
    downloads = Downloads(clock)
    total = 10_000_000_000 if left else None
    for take_id in (1, 2):
        downloads.began(take_id)
        downloads.opened(take_id, 0, total, resumable=False)
    got = [0, 0]
    for step in steps:
        clock.now += 1.0
        got = [got[0] + step, got[1] + 10_000_000]
        for take_id in (1, 2):
            downloads.came(take_id, got[take_id - 1], total)
        downloads.problem()
    return downloads


@pytest.mark.parametrize("left", [True, False])
def test_one_that_crawls_for_a_minute_is_told_until_it_is_over(left: bool) -> None:
    clock = Clock()
    downloads = crawling(clock, *[1] * 70, left=left)
    problem = downloads.problem()
    assert problem is not None
    assert (problem.code, problem.params) == ("download.crawls", {"count": 1, "rate": "1 B"})
    downloads.ended(1)
    assert downloads.problem() is None


def test_a_stall_is_not_told() -> None:
    assert crawling(Clock(), *[10_000_000] * 70, *[0] * 50).problem() is None
    assert crawling(Clock(), *[0] * 50, *[10_000_000] * 30, *[0] * 50).problem() is None
