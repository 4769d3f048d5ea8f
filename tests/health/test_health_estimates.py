"""What is learnt from finished takes, and what is said of those under way: tables and laws."""

from __future__ import annotations

import dataclasses
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.health.estimates import UNTOLD, Kind, Pace, forecast, late, learn, quantile, queue_done
from sorad.ledger.values import Generation
from sorad.model import Request, State, Take

NOW = 1_700_000_000.0
NORMAL = Kind("sora_hk", "u", 10, False)
PRO = Kind("sora_hk", "u", 25, True)
TIMES = st.lists(st.floats(1, 4_000), min_size=3, max_size=60)


def ended(*times: float, kind: Kind = NORMAL) -> list[Generation]:
    return [Generation(*kind, took, NOW - 50_000 + number) for number, took in enumerate(times)]


def take(state: State = State.GENERATING, since: float = 0.0, kind: Kind = NORMAL, **members) -> Take:
    """A take in that state since so many seconds."""
    request = Request("a cat", seconds=kind.seconds, pro=kind.pro)
    made = Take(1, 1, "/v", "/v/s.json", 1, 1, "f", request, state, "/v/1.mp4", NOW)
    sent = {} if state is State.QUEUED else {"provider": kind.provider, "base_url": kind.base_url}
    if state is State.GENERATING:
        sent["accepted_at"] = NOW - since
    return dataclasses.replace(made, intent_at=NOW - since, **{**sent, **members})


@pytest.mark.parametrize(
    ("times", "median", "slow"),
    [
        ((240, 240, 240), 240, 240),
        ((100, 200, 300, 400, 500), 300, 460),
        ((240, 250, 260, 30_000), 250, 258),  # a laptop slept over one
    ],
)
def test_a_pace_is_a_median_and_a_late_end(times, median, slow):
    pace = learn(ended(*times))[NORMAL]
    assert pace.median == pytest.approx(median)
    assert pace.slow == pytest.approx(slow)


@pytest.mark.parametrize("times", [(), (200,), (200, 210), (-5, 200, 210)])
def test_too_little_says_nothing(times):
    paces = learn(ended(*times))
    assert paces == {}
    assert forecast(take(), paces, NOW) == UNTOLD
    assert queue_done([take()], [], 0, 20, paces, NOW) is None


def test_only_the_latest_count():
    paces = learn(ended(*[300] * 60, *[60] * 500))
    assert paces[NORMAL].median == 300


def test_kinds_are_learnt_apart():
    paces = learn([*ended(100, 100, 100), *ended(900, 900, 900, kind=PRO)])
    assert forecast(take(), paces, NOW).expected == NOW + 100
    assert forecast(take(kind=PRO), paces, NOW).expected == NOW + 900
    other = Kind("openai_videos", "elsewhere", 10, False)
    assert forecast(take(kind=other), paces, NOW) == UNTOLD


@pytest.mark.parametrize(
    "state", [state for state in State if state not in (State.GENERATING, State.SUBMITTING)]
)
def test_of_what_does_not_generate_nothing_is_said(state):
    assert forecast(take(state), learn(ended(100, 100, 100)), NOW) == UNTOLD


def test_a_take_that_is_sent_just_now_counts_from_its_intent():
    told = forecast(take(State.SUBMITTING, since=2), learn(ended(100, 100, 100)), NOW)
    assert told.expected == NOW + 98


def test_what_has_run_long_is_measured_by_those_that_took_long():
    paces = learn(ended(100, 100, 100, 100, 400, 500))
    assert forecast(take(since=0), paces, NOW).expected == NOW + 100
    assert forecast(take(since=200), paces, NOW).expected == NOW + 250


def test_of_what_takes_longer_than_nine_of_ten_nothing_is_expected():
    assert forecast(take(since=1_000), learn(ended(100, 200, 300)), NOW).expected is None


def past(*spans: tuple[float, float]) -> list[Generation]:
    """Generations that began so long ago and took so long, in seconds."""
    return [Generation(*NORMAL, took, NOW - ago + took) for ago, took in spans]


YESTERDAY = [
    (90_000 + number, took) for number, took in enumerate([100, 110, 120, 130, 140, 150, 160, 170, 180, 190])
]
BATCH = [(200, took) for took in (60, 70, 80, 90, 100, 110, 120, 130, 140, 150)]  # of one, the quick half


@pytest.mark.parametrize(
    ("known", "ages", "overdue"),
    [
        ([], [1_000_000], []),
        (YESTERDAY, [100], []),
        (YESTERDAY, [200], [200]),
        (YESTERDAY[:3], [200], []),  # three are too few to tell the slow tenth
        (YESTERDAY[:3], [600], [600]),  # but not to tell what is out of all measure
        (YESTERDAY[:2], [100_000 - 20_000], []),
        # The quickest of the batch itself, which all began together:
        (BATCH[:3], [200] * 17, []),
        (BATCH, [200] * 10, []),
        ([(199.5 + n / 10, 60) for n in range(10)], [200, 199], []),  # began one after the other
        # What took their places began when ten had ended, beside ten slower ones that had not.
        (
            [(400, took) for took in range(60, 70)],
            [400] * 10 + [330] * 10,
            [400] * 10 + [330] * 10,
        ),  # all absurd
        ([(250, took) for took in range(60, 70)], [250] * 10 + [180] * 10, []),
        # Of a whole batch that ended before, all is known.
        ([(500, took) for took in range(60, 80)], [400, 70], [400]),
        # The slow one of an earlier batch, by what was known before it, holds up the judgement of no other.
        (YESTERDAY, [5_000, 250, 100], [5_000, 250]),
        # One hangs in the very first batch: told when it is out of all measure.
        (BATCH, [200, 5_000], [5_000]),
        ([(9_000, -5.0)] * 20, [5_000], []),  # the clock was set
        ([(90_000, 100)] * 10 + [(90_000, 40_000)] * 2, [450], [450]),  # a laptop slept over two
    ],
)
def test_longer_than_usual_is_told_by_those_that_ended_before(known, ages, overdue):
    flying = [dataclasses.replace(take(since=age), id=number) for number, age in enumerate(ages)]
    found = late(flying, past(*known), NOW)
    assert sorted(ages[number] for number in found) == sorted(overdue)


@given(st.lists(st.floats(1, 4_000), min_size=2, max_size=40), st.floats(1, 5_000))
def test_no_take_of_a_first_batch_is_called_late_for_the_quick_ones_in_it(times, age):
    """All begin at once; whoever has not ended at ``age`` is no slower than others that are still under way."""
    ended_by_then = [took for took in times if took <= age]
    known = past(*[(age, took) for took in ended_by_then])
    flying = [dataclasses.replace(take(since=age), id=n) for n in range(len(times) - len(ended_by_then))]
    found = late(flying, known, NOW)
    assert not found or age > 5 * statistics.median(ended_by_then)
    assert len(found) in (0, len(flying))


def test_kinds_are_late_apart_and_what_does_not_generate_never_is():
    flying = [
        take(since=5_000, kind=PRO),
        take(State.DOWNLOADING, since=5_000),
        take(State.UNKNOWN, since=5_000),
    ]
    assert late(flying, past(*YESTERDAY), NOW) == frozenset()


@given(TIMES, st.floats(0, 20_000))
def test_an_expected_end_is_to_come_and_not_after_the_slowest(times, age):
    paces = learn(ended(*times))
    if not paces:
        return
    told = forecast(take(since=age), paces, NOW)
    if told.expected is not None:
        assert NOW - 0.001 <= told.expected <= NOW - age + max(times) + 0.001


@given(TIMES)
def test_quantiles_lie_between_the_ends(times):
    ordered = sorted(times)
    assert quantile(ordered, 0) == ordered[0]
    assert quantile(ordered, 1) == ordered[-1]
    assert quantile(ordered, 0.5) == pytest.approx(statistics.median(times))


# --- the whole queue --------------------------------------------------------------------------------------

STEADY = {NORMAL: Pace((100.0, 100.0, 100.0))}


@pytest.mark.parametrize(
    ("flying", "waiting", "slots", "seconds"),
    [
        (0, 0, 20, None),
        (1, 0, 20, 100),  # what runs
        (0, 1, 20, 100),  # a free slot
        (0, 20, 20, 100),
        (0, 21, 20, 200),
        (20, 1, 20, 200),
        (20, 20, 20, 200),
        (20, 41, 20, 400),
        (20, 1, 5, 200),  # safe mode: 15 more than may be are in flight; the last to end makes the first room
        (0, 5_000, 5, 100_000),
        (0, 1_000_000, 20, 5_000_000),
        (1, 1, 0, None),  # nothing may be bought
    ],
)
def test_the_queue_is_done_when_the_slots_have_taken_it_all(flying, waiting, slots, seconds):
    queued = [take(State.QUEUED)] * min(waiting, 200)
    done = queue_done([take()] * flying, queued, waiting, slots, STEADY, NOW)
    assert done == (None if seconds is None else pytest.approx(NOW + seconds))


def test_an_unlearnt_kind_in_the_queue_leaves_the_end_open():
    assert queue_done([take()], [take(State.QUEUED, kind=PRO)], 1, 20, STEADY, NOW) is None
    assert queue_done([take(kind=PRO)], [take(State.QUEUED)], 1, 20, STEADY, NOW) is None


def test_parked_and_fetched_takes_hold_nothing_up():
    still = [take(since=9_000, parked=True), take(State.DOWNLOADING)]
    assert queue_done(still, [], 0, 20, STEADY, NOW) is None
    assert queue_done(still, [take(State.QUEUED)], 1, 1, STEADY, NOW) == NOW + 100


@given(st.integers(0, 30), st.integers(0, 400), st.integers(1, 40), TIMES)
def test_more_in_the_queue_is_never_done_sooner(flying, waiting, slots, times):
    paces = learn(ended(*times))
    if not paces:
        return
    one = take(State.QUEUED)

    def end(count: int) -> float:
        return queue_done([take()] * flying, [one] * min(count, 5), count, slots, paces, NOW) or NOW

    assert end(waiting) <= end(waiting + 1) + 0.001
    assert end(waiting) >= NOW
