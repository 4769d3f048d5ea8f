"""The watchman's looks, one by one: what the service manager hears, what is logged, when a pulse is written."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
from loguru import logger
from supervision_fakes import Clock, Manager, Standing, inode, until

from sorad.condition import DEAD, FAILING, HUNG, Part
from sorad.daemon.systemd import Systemd
from sorad.daemon.threads import Supervised
from sorad.daemon.watchman import EXTEND_MOST, Watchman
from sorad.health.pulse import EVERY, Pulse, PulseFile
from sorad.problems import Problem

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such sockets")
MINUTE = "EXTEND_TIMEOUT_USEC=60000000"


class House:
    """A watchman with two parts, and a service manager that feeds it a watchdog."""

    def __init__(self, manager: Manager, folder: Path) -> None:
        self.clock = Clock()
        self.parts: list[Any] = [Standing("engine"), Standing("vault")]
        self.ready = False
        self.troubles: tuple[dict[str, str], ...] = ()
        self.during_look: Callable[[], None] = lambda: None
        self.file = PulseFile(folder)
        self.manager = manager
        environ = manager.environment(WATCHDOG_USEC="180000000")
        self.watchman = Watchman(lambda: self.parts, self._look, self.file, Systemd(environ), self.clock)

    def _look(self, parts: Any) -> Pulse:
        pulse = Pulse(0.0, every=EVERY, ready=self.ready, parts=tuple(parts), troubles=self.troubles)
        self.during_look()
        return pulse

    def turn(self, seconds: float = 0.0) -> list[str]:
        """What the manager hears of a look, after so many seconds; the watchdog's share apart."""
        self.clock.now += seconds
        self.watchman.turn()
        self.fed = "WATCHDOG=1" in self.manager.heard()
        return [line for line in self.manager.news() if line != "WATCHDOG=1"]


@pytest.fixture
def house(manager: Manager, tmp_path: Path) -> House:
    return House(manager, tmp_path)


# --- the start --------------------------------------------------------------------------------------------


def test_ready_is_told_once_and_not_before_all_is(house: House) -> None:
    house.watchman.say("looking through the folders")
    assert house.turn() == [MINUTE, "STATUS=looking through the folders"]
    assert house.fed
    assert house.turn(30.0) == [MINUTE]
    house.ready = True
    assert house.turn(0.5) == ["READY=1"]
    assert house.turn(5.0) == []


def test_a_start_is_not_extended_for_ever_nor_for_a_part_that_hangs(house: House) -> None:
    house.parts[1].stands("vault", HUNG, lost=True)
    assert MINUTE not in house.turn()
    house.parts[1].stands("vault")
    assert MINUTE in house.turn(EXTEND_MOST - 1.0)
    assert MINUTE not in house.turn(2.0)


# --- the watchdog -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1])
def test_the_watchdog_is_fed_only_while_every_part_is_alive(
    house: House, number: int, log: list[str]
) -> None:
    part = house.parts[number]
    name = part.part().name
    house.turn()
    assert house.fed
    part.stands(name, HUNG, lost=True)
    assert f"STATUS=the part {name} hangs" in house.turn(1.0)
    assert not house.fed
    house.turn(1.0)
    assert not house.fed
    part.stands(name, FAILING, problem=Problem("x", "It failed.").to_json())
    assert "STATUS=It failed." in house.turn(1.0)
    assert house.fed, "it is begun again: no reason for a new process"
    part.stands(name)
    assert "STATUS=" in house.turn(1.0)
    assert house.fed


def test_a_part_that_hangs_is_logged_once_with_its_place_and_once_that_it_goes_on(
    house: House, log: list[str]
) -> None:
    house.parts[0].stands("engine", HUNG, lost=True)
    for _look in range(3):
        house.turn(5.0)
    until(lambda: log)
    house.parts[0].stands("engine")
    for _look in range(3):
        house.turn(5.0)
    until(lambda: len(log) == 2)
    assert "engine hangs" in log[0]
    assert "here it hangs" in log[0]
    assert "engine goes on, after 15 s" in log[1]


def test_a_dead_part_is_begun_again_and_the_others_are_not(house: House) -> None:
    house.parts[1].stands("vault", DEAD)
    house.turn()
    assert [part.started for part in house.parts] == [0, 1]


def test_a_part_whose_owner_has_not_begun_it_yet_is_let_alone(house: House) -> None:
    begun = threading.Event()
    house.parts = [Supervised("engine", lambda stop, beat: begun.set(), house.clock, lambda: None)]
    house.turn()
    assert not any(thread.name == "engine" for thread in threading.enumerate())
    assert not begun.is_set()


def test_a_log_that_does_not_answer_holds_up_neither_the_watchdog_nor_the_pulse(house: House) -> None:
    go_on, inside = threading.Event(), threading.Event()
    logging: list[str] = []

    def sink(message: object) -> None:
        logging.append(threading.current_thread().name)
        inside.set()
        go_on.wait(60)

    logger.remove()
    logger.add(sink)
    house.parts[0].stands("engine", HUNG, lost=True)
    house.turn()
    assert inside.wait(60)
    assert logging == ["watchman-log"]
    house.parts[0].stands("engine")
    before = inode(str(house.file.path))
    house.turn(1.0)
    assert house.fed
    assert inode(str(house.file.path)) != before
    go_on.set()
    logger.remove()


# --- reload and end ---------------------------------------------------------------------------------------


def test_a_reload_is_over_once_all_is_ready_again(house: House) -> None:
    house.ready = True
    house.turn()
    house.watchman.reloading()
    told = house.turn()
    assert told[0] == "RELOADING=1"
    assert told[1].startswith("MONOTONIC_USEC=")
    assert len(told) == 2, "the parts of before are ready still, and that is no end of the reload"
    house.ready = False
    house.watchman.reloaded()
    assert house.turn(1.0) == [MINUTE]
    house.ready = True
    assert house.turn(1.0) == ["READY=1"]
    assert house.turn(1.0) == []


def test_a_reload_during_the_start_does_not_make_it_ready(house: House) -> None:
    house.turn()
    house.watchman.reloading()
    house.ready = True
    assert "READY=1" not in house.turn(1.0), "the parts of before are, and they are about to end"
    house.ready = False
    house.watchman.reloaded()
    assert "READY=1" not in house.turn(1.0)
    house.ready = True
    assert house.turn(1.0) == ["READY=1"]


def test_a_look_from_before_the_end_of_a_reload_does_not_end_it(house: House) -> None:
    house.ready = True
    house.turn()
    house.watchman.reloading()

    def ends() -> None:
        house.watchman.reloaded()
        house.ready = False

    house.during_look = ends
    assert "READY=1" not in house.turn()
    house.during_look = lambda: None
    house.ready = True
    assert house.turn() == ["READY=1"]


def test_after_the_end_has_begun_nothing_else_is_told(house: House) -> None:
    house.watchman.stopping("stopping")
    assert house.turn() == ["STOPPING=1", "STATUS=stopping"]
    house.watchman.say("0 under way")
    house.ready = True
    house.troubles = ({"problem": Problem("x", "Locked.").to_json()},)
    assert house.turn(1.0) == []


def test_a_manager_that_was_busy_hears_ready_at_the_next_look(house: House) -> None:
    house.turn()
    house.ready = True
    house.manager.fill()
    house.turn()
    assert "READY=1" in house.turn(0.5)


# --- the pulse --------------------------------------------------------------------------------------------


def test_a_pulse_is_written_when_it_is_due_or_when_something_is_otherwise(house: House) -> None:
    written: list[int] = []

    def look(seconds: float) -> bool:
        """Whether one was written."""
        house.turn(seconds)
        written.append(inode(str(house.file.path)))
        return len(written) < 2 or written[-1] != written[-2]

    house.ready = True
    assert look(0.0)
    assert not look(1.0)
    house.parts[0].stands("engine", failures=1)
    assert look(1.0)
    house.troubles = ({"problem": Problem("x", "Locked.").to_json()},)
    assert look(1.0)
    assert not look(1.0)
    assert look(house.file.every)


def test_a_watchman_in_a_thread_looks_when_it_is_woken(house: House) -> None:
    """And rests in between: it must cost nothing."""
    looks: list[float] = []
    house.during_look = lambda: looks.append(0.0)
    house.ready = True
    watching = Supervised("watchman", house.watchman.run, house.clock, lambda: None)
    watching.start()
    until(lambda: "READY=1" in house.manager.heard())
    before = len(looks)
    house.watchman.say("something new")
    until(lambda: house.manager.status() == "something new")
    assert len(looks) == before + 1
    watching.stop()
    house.watchman.wake()
    assert watching.join(60)


def test_parts_are_told_as_they_stood(house: House) -> None:
    seen: list[Part] = []
    house.watchman._look = lambda parts: (seen.extend(parts), Pulse(0.0, parts=tuple(parts)))[1]
    house.parts[1].stands("vault", HUNG, lost=True, failures=4)
    house.turn()
    assert [(part.name, part.state, part.failures) for part in seen] == [
        ("engine", "ok", 0),
        ("vault", HUNG, 4),
    ]
