"""The clock that jumps: what is noticed of it, and what the ledger makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest

from sorad.elapsed import Boot, Moment, passed
from sorad.engine.decide.dating import LONG_AGO, accepted, dated
from sorad.engine.decide.matching import began, in_window
from sorad.engine.state.wall_clock import Jump, WallClock, jump_problem, span
from sorad.messages import set_language
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.providers.base import RemoteTask

HOUR, DAY = 3600.0, 86_400.0


class Hands:
    """A clock that a test moves."""

    def __init__(self, tells: bool = True) -> None:
        self.wall, self.mono, self.tells = 1_800_000_000.0, 50.0, tells
        self.slept = 7.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def asleep(self) -> Optional[float]:
        return self.slept if self.tells else None

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds

    def sleeps(self, seconds: float) -> None:
        self.wall += seconds
        self.slept += seconds


@pytest.mark.parametrize("tells", [True, False])
def test_a_clock_that_only_runs_never_jumps(tells: bool) -> None:
    hands = Hands(tells)
    times = WallClock(hands, hands.asleep)
    for seconds in (0.1, 1.0, 3600.0):
        hands.passes(seconds)
        hands.wall += 0.9  # slewed a little
        assert times.look() is None
    assert times.problems() == []


@pytest.mark.parametrize(
    ("tells", "slept", "by", "code"),
    [
        (True, 7 * DAY, 0.0, "clock.woke"),
        (False, 7 * DAY, 0.0, "clock.woke"),
        (True, 0.0, HOUR, "clock.forward"),
        (True, 0.0, -HOUR, "clock.back"),
        (False, 0.0, -DAY, "clock.back"),
        (True, 2 * HOUR, -HOUR, "clock.back"),
    ],
)
def test_each_jump_is_known_for_what_it_is(tells: bool, slept: float, by: float, code: str) -> None:
    hands = Hands(tells)
    times = WallClock(hands, hands.asleep)
    hands.passes(1.0)
    hands.sleeps(slept)
    hands.wall += by
    jump = times.look()
    assert jump is not None
    assert (jump.set_by, jump.slept) == (by, slept)
    assert times.look() is None
    assert [problem.code for problem in times.problems()] == [code]
    hands.passes(2 * HOUR)
    assert times.problems() == []


def test_the_servers_clock_is_heard_and_followed_over_a_jump() -> None:
    hands = Hands()
    times = WallClock(hands, hands.asleep)
    assert (times.ahead, times.proven) == (0.0, False)
    times.heard(None, 1.0)
    times.heard(hands.wall - HOUR, 300.0)  # which end of it?
    assert not times.proven
    times.heard(hands.wall - 8 * HOUR - 0.5, 1.0)
    assert times.ahead == pytest.approx(8 * HOUR)
    assert [problem.code for problem in times.problems()] == ["clock.apart"]
    hands.wall -= 8 * HOUR
    times.look()
    assert times.ahead == pytest.approx(0.0)


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_jump_that_an_answer_saw_first_is_not_counted_twice(by: float) -> None:
    hands = Hands()
    times = WallClock(hands, hands.asleep)
    true = hands.wall
    hands.wall += by
    times.heard(true, 0.0)
    assert times.look() is not None
    assert times.ahead == pytest.approx(by)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (12, "12 s"), (3900, "1 h 5 min"), (7 * DAY, "7 d"), (DAY + 60, "1 d 1 min")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds).text() == text


def lost(intent_at: float) -> Take:
    return Take(
        1, 1, "/v", "/v/s.json", 1, 1, "f", Request("p"), State.UNKNOWN, "/v/1.mp4", 0.0, intent_at=intent_at
    )


TRUE = 1_800_000_000.0


@pytest.mark.parametrize(
    ("intent_error", "look_error", "heard"),
    [
        (0.0, 0.0, 0.0),
        (8 * HOUR, 8 * HOUR, 8 * HOUR),  # a time zone ahead, and the server says so
        (-8 * HOUR, -8 * HOUR, -8 * HOUR),
        (8 * HOUR, 0.0, 0.0),  # put right since
        (365 * DAY, 0.0, 0.0),
        (-365 * DAY, 0.0, 0.0),
        (-HOUR, 365 * DAY, 365 * DAY),
    ],
)
def test_the_window_holds_the_task_whatever_the_clock_said(
    intent_error: float, look_error: float, heard: float
) -> None:
    take, now = lost(TRUE + intent_error), TRUE + 300 + look_error
    task = RemoteTask("r", "p", TRUE + 2.0)
    assert began(take, now, heard) <= TRUE
    assert in_window(take, task, now, heard)


# --- how much time really passed --------------------------------------------------------------------------

PRESENT = Moment(5, 1000.0)


@pytest.mark.parametrize(
    ("since", "seconds"),
    [
        (Moment(5, 400.0), 600.0),
        (Moment(4, 400.0), 1000.0),  # at least: that since the boot
        (Moment(4, 9e6), 1000.0),
        (Moment(5, 1000.5), 0.0),
        (None, 0.0),
    ],
)
def test_what_passed_at_least(since: Optional[Moment], seconds: float) -> None:
    assert passed(since, PRESENT) == seconds
    assert Moment.read(None if since is None else str(since)) == since


def test_boots_are_counted_and_none_is_taken_for_another() -> None:
    first = Boot().next("a", 500.0)
    assert (first.number, first.began) == (1, 500.0)
    again = first.next("a", 900.0)
    assert (again.number, again.began) == (1, 500.0)  # the process was started again
    assert again.next("b", 30.0).number == 2
    assert again.next("b", 9e6).number == 2  # a container: another name for a boot that goes on
    assert again.next("b", 9e6).began == 9e6
    assert again.next("a", 899.0).number == 2  # a snapshot was put back
    nameless = Boot().next("", 500.0).next("", 900.0)
    assert (nameless.number, nameless.began) == (2, 900.0)


@pytest.mark.parametrize("wrong_then", [0.0, HOUR, -DAY, 365 * DAY])
@pytest.mark.parametrize("wrong_now", [0.0, -HOUR, DAY, -365 * DAY])
def test_an_intent_is_dated_by_the_clock_of_now_whatever_it_was_written_down_as(
    wrong_then: float, wrong_now: float
) -> None:
    now = TRUE + 600.0 + wrong_now
    here = replace(lost(TRUE + wrong_then), moment=Moment(5, 400.0), accepted_at=TRUE + 3.0)
    before = replace(here, moment=Moment(4, 400.0))
    assert dated(here, now, PRESENT).intent_at == TRUE + wrong_now
    told = replace(before, ahead=wrong_then)  # the provider's clock was heard
    assert dated(told, now, PRESENT, wrong_now).intent_at == TRUE + wrong_now
    assert dated(before, now, PRESENT, wrong_now).intent_at == LONG_AGO
    assert dated(replace(before, moment=None), now, PRESENT, wrong_now).intent_at == LONG_AGO
    at = accepted(here, now, PRESENT)
    assert 0.0 <= at - (TRUE + wrong_now) <= 300.0
    assert accepted(before, now, PRESENT) == TRUE + 3.0  # nothing better is known


def test_an_uptime_that_does_not_count_sleep_dates_an_intent_only_where_the_wall_clock_agrees() -> None:
    take = replace(lost(TRUE), moment=Moment(5, 400.0))
    awake, slept = TRUE + 600.0, TRUE + 600.0 + 7 * DAY
    assert dated(take, awake, PRESENT, tells_sleep=False).intent_at == TRUE
    assert dated(take, slept, PRESENT, tells_sleep=False).intent_at == LONG_AGO
    assert dated(replace(take, ahead=0.0), slept, PRESENT, tells_sleep=False).intent_at == TRUE
    assert dated(take, slept, PRESENT).intent_at == slept - 600.0  # the clock was set, for nobody slept


def test_a_span_is_told_in_the_language_of_who_reads():
    told = Problem.from_json(jump_problem(Jump(0.0, -3_900.0, 0.0)).to_json())
    try:
        set_language("zh")
        assert "1 小时 5 分钟" in told.text()
    finally:
        set_language("en")
    assert "1 h 5 min" in told.text()
