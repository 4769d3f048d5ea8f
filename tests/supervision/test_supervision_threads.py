"""Supervised threads: begun again, later each time; counted, shown, logged once; told by name where they hang."""

from __future__ import annotations

import random
import threading
import time
from typing import Callable

import pytest
from loguru import logger
from supervision_fakes import Clock, Rest, until

from sorad import heartbeat
from sorad.condition import DEAD, FAILING, HUNG, OK
from sorad.daemon import threads
from sorad.daemon.threads import CALM, LIMIT, SHOWN, Attended, Supervised, Trouble, fresh, row_after
from sorad.problems import Problem

Main = Callable[[threading.Event, Callable[[], None]], None]


def supervised(main: Main, clock: Clock, **more: object) -> Supervised:
    return Supervised("engine", main, clock, lambda: None, **more)  # type: ignore[arg-type]


class Work:
    """A main that works until it is told otherwise."""

    def __init__(self) -> None:
        self.runs = 0
        self.error: BaseException | None = None
        self._over = threading.Event()

    def __call__(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        self.runs += 1
        while not stop.is_set():
            if self._over.wait(0.005):
                self._over.clear()
                if self.error is not None:
                    raise self.error
                return

    def end(self, error: BaseException | None = None) -> None:
        self.error = error
        self._over.set()


# --- begun again ------------------------------------------------------------------------------------------


def test_what_dies_again_and_again_is_begun_later_each_time(log: list[str]) -> None:
    clock, rest = Clock(), Rest(9)

    def dies(stop: threading.Event, beat: Callable[[], None]) -> None:
        raise OSError("the disk is away")

    one = supervised(dies, clock, rest=rest, rng=random.Random(7))
    one.start()
    assert one.join(60)
    for pause, longest in zip(rest.took, (1, 2, 4, 8, 16, 32, 60, 60, 60)):
        assert 0.75 * longest <= pause <= longest
    assert one.failures == 9
    assert sum("Traceback" in line for line in log) == 1, "the same mistake is logged whole once"
    assert "the disk is away" in log[0]
    assert sum("failed again" in line for line in log) == 8
    assert "9 times by now" in log[-1]


@pytest.mark.parametrize(
    ("row", "ran", "expected"),
    [(0, 0.1, 1), (3, 0.1, 4), (3, CALM, 4), (3, CALM + 1, 1), (3, None, 4), (0, None, 1)],
)
def test_who_ran_calmly_for_long_begins_its_row_anew(row: int, ran: float | None, expected: int) -> None:
    assert row_after(row, ran) == expected


def test_after_a_calm_time_the_back_off_is_short_again_and_the_traceback_is_logged_again(
    log: list[str],
) -> None:
    clock, rest = Clock(), Rest(4)

    def dies(stop: threading.Event, beat: Callable[[], None]) -> None:
        if len(rest.took) == 3:
            clock.now += CALM + 1
        raise ValueError("no")

    one = supervised(dies, clock, rest=rest)
    one.start()
    assert one.join(60)
    assert rest.took[2] >= 3.0
    assert rest.took[3] <= 1.0
    assert sum("Traceback" in line for line in log) == 2


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError(), RecursionError("deep")])
def test_whatever_comes_to_the_root_of_a_thread_the_thread_lives(
    error: BaseException, log: list[str]
) -> None:
    rest = Rest(2)

    def dies(stop: threading.Event, beat: Callable[[], None]) -> None:
        raise error

    one = supervised(dies, Clock(), rest=rest)
    one.start()
    assert one.join(60)
    assert one.failures == 2
    assert type(error).__name__ in log[0]


def test_a_part_that_ends_though_nobody_asked_it_to_has_failed(log: list[str]) -> None:
    clock, work = Clock(), Work()
    one = supervised(work, clock, rest=lambda stop, seconds: None)
    one.start()
    until(lambda: work.runs == 1)
    assert one.part().state == OK
    work.end()
    until(lambda: work.runs == 2)
    part = one.part()
    assert (part.state, part.failures, part.lost) == (FAILING, 1, False)
    assert "nobody asked it to" in Problem.from_json(part.problem).text()
    assert "engine" in log[0]
    one.stop()
    assert one.join(60)


def test_the_last_error_is_shown_until_it_has_run_for_a_while(log: list[str]) -> None:
    clock, work = Clock(), Work()
    one = supervised(work, clock, rest=lambda stop, seconds: None)
    one.start()
    for number, word in enumerate(("first", "second"), start=1):
        until(lambda number=number: work.runs == number)
        work.end(ValueError(word))
    until(lambda: work.runs == 3)
    assert "second" in Problem.from_json(one.part().problem).text()
    one.beat()
    clock.now += SHOWN - 1
    one.beat()
    assert one.part().state == FAILING
    clock.now += 2
    one.beat()
    part = one.part()
    assert (part.state, part.failures, part.problem) == (OK, 2, ""), "still counted"
    one.stop()
    assert one.join(60)


def test_a_failure_is_told_at_once(log: list[str]) -> None:
    told = threading.Event()
    one = Supervised("engine", lambda stop, beat: None, Clock(), told.set)
    one.start()
    assert told.wait(60)
    one.stop()
    assert one.join(5), "an end is not held up by a pause"


# --- beginning --------------------------------------------------------------------------------------------


def test_a_part_that_its_owner_has_not_begun_yet_is_no_dead_one() -> None:
    """The watchman begins dead ones again: it would be faster than the owner."""
    one = supervised(Work(), Clock())
    assert one.part().state == OK


def test_two_who_begin_it_at_once_begin_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(threading.Thread):
        def start(self) -> None:
            time.sleep(0.02)
            super().start()

    work = Work()
    one = supervised(work, Clock())
    others = [threading.Thread(target=one.start) for _n in range(3)]
    monkeypatch.setattr(threads.threading, "Thread", Slow)
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    until(lambda: work.runs)
    one.stop()
    assert one.join(60)
    assert work.runs == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_begun_again_after_a_pause_and_counted(log: list[str]) -> None:
    clock, work, pauses = Clock(), Work(), []

    def failed() -> None:
        if one.failures == 1:
            raise SystemExit  # the root itself fails: no pause, the thread is gone

    one = Supervised("engine", work, clock, failed, rest=lambda stop, seconds: pauses.append(seconds))
    one.start()
    until(lambda: work.runs == 1)
    work.end(ValueError("deadly"))
    until(lambda: one.part().state == DEAD)
    assert "deadly" in Problem.from_json(one.part().problem).text()
    assert not pauses
    one.start()
    until(lambda: work.runs == 2)
    assert len(pauses) == 1
    assert 1.5 <= pauses[0] <= 2.0, "the second failure in a row"
    part = one.part()
    assert (part.state, part.failures) == (FAILING, 2)
    one.stop()
    assert one.join(60)
    one.start()
    assert one.part().state == OK, "what was stopped stays so"
    assert work.runs == 2


# --- hanging ----------------------------------------------------------------------------------------------


def hangs_here(go_on: threading.Event) -> None:
    go_on.wait(60)


def test_a_part_that_hangs_is_known_by_its_old_beat_and_its_place(log: list[str]) -> None:
    clock, go_on, deep = Clock(), threading.Event(), threading.Event()

    def main(stop: threading.Event, beat: Callable[[], None]) -> None:
        beat()
        hangs_here(go_on)
        heartbeat.beat()  # from deep inside, without knowing whose thread it is
        deep.set()
        stop.wait(60)

    one = supervised(main, clock)
    one.start()
    until(lambda: "hangs_here" in one.stack())
    clock.now += LIMIT
    assert one.part().state == OK
    clock.now += 0.5
    part = one.part()
    assert (part.name, part.state, part.lost, part.age) == ("engine", HUNG, True, LIMIT + 0.5)
    clock.wall -= 3600.0
    assert one.part() == part, "the wall clock has no say"
    go_on.set()
    assert deep.wait(60)
    assert one.part().state == OK
    one.stop()
    assert one.join(60)


def test_one_that_hangs_over_its_own_log_line_hangs() -> None:
    """Its disk may be the one that does not answer; between two runs it would look merely unwell for ever."""
    clock, go_on, inside = Clock(), threading.Event(), threading.Event()

    def sink(message: object) -> None:
        inside.set()
        go_on.wait(60)

    logger.remove()
    logger.add(sink)

    def dies(stop: threading.Event, beat: Callable[[], None]) -> None:
        raise ValueError("no")

    one = supervised(dies, clock)
    one.start()
    assert inside.wait(60)
    assert one.part().state == FAILING
    clock.now += LIMIT + 1
    assert one.part().state == HUNG
    one.stop()
    go_on.set()
    assert one.join(60)
    logger.remove()


def test_a_long_pause_is_no_hang(log: list[str]) -> None:
    clock, paused, go_on = Clock(), threading.Event(), threading.Event()

    def rest(stop: threading.Event, seconds: float) -> None:
        if len(log) == 8:
            paused.set()
            go_on.wait(60)

    def dies(stop: threading.Event, beat: Callable[[], None]) -> None:
        raise ValueError("no")

    one = supervised(dies, clock, rest=rest, rng=random.Random(1))
    one.start()
    assert paused.wait(60)
    clock.now += 59.0
    assert one.part().state == FAILING
    clock.now += LIMIT + 2.0
    assert one.part().state == HUNG, "it did not come back from it"
    one.stop()
    go_on.set()
    assert one.join(60)


def test_a_thread_that_is_only_attended_tells_where_it_hangs() -> None:
    clock = Clock()
    one = Attended("main", clock)
    clock.now += LIMIT + 1
    part = one.part()
    assert (part.name, part.state, part.lost) == ("main", HUNG, True)
    assert "test_a_thread_that_is_only_attended" in one.stack()
    one.beat()
    assert one.part().state == OK


def test_a_step_that_crashed_is_shown_for_a_while_though_the_clock_is_set_back() -> None:
    clock = Clock()
    trouble = Trouble(clock.time(), Problem("daemon.step", "x"), clock.monotonic())
    clock.wall -= 3600.0
    assert fresh([trouble], clock.monotonic()) == [trouble]
    clock.now += 2 * SHOWN + 1
    assert fresh([trouble], clock.monotonic()) == []
