"""A wall clock that jumps, machines that are off: nothing is bought twice, and nothing given up too early.

``live_with_bad_clocks(seed, folder)`` and ``live_without_a_clock(seed, folder)`` replay a failing seed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from odd_lists import OddList
from seeds import in_blocks
from test_simulation_failed import one_failed, order, states, twice
from test_simulation_histories import run_all
from test_simulation_lists import prices_take_time
from test_simulation_lookalikes import answers, calm_world
from world import World

from sorad import budget
from sorad.elapsed import Boot, Moment
from sorad.engine.decide import absence, dating
from sorad.engine.state.budget_day import BudgetDay
from sorad.engine.steps import afford, reconcile, task_list
from sorad.ledger import failed_tasks
from sorad.model import State, Take

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86_400.0, 365 * 86_400.0


# --- any history ----------------------------------------------------------------------------------------------


def trouble_with_time(world: World) -> None:
    """The machine sleeps, or its clock is set: by the hour of a time zone, by mistake, or right again."""
    clock, rng = world.clock, world.rng
    deed = rng.randrange(4)
    if deed == 0:
        clock.sleep(rng.choice([60.0, 2400.0, 7 * DAY]))
    elif deed == 1:
        clock.wrong = 0.0
    else:
        clock.wrong += rng.choice([-DAY, -28_800.0, -HOUR, -700.0, 700.0, HOUR, 28_800.0, YEAR])


def live_with_bad_clocks(seed: int, folder: Path) -> World:
    """A day in which the clock jumps at any moment, above all while a create's answer is lost."""
    world = World(seed, folder / f"c{seed}", lists=seed % 7 != 0)
    rng = world.rng
    world.odds.lost_answer, world.odds.die_in_create = 0.2, 0.08
    if rng.random() < 0.3:
        trouble_with_time(world)
    for event in range(rng.randrange(2, 5)):
        name = f"ep{event}/storyboard_{event}.json"
        world.write(name, [f"{event}-{n}" for n in range(rng.randrange(1, 4))], rng.choice([1, 1, 2]))
        for _jump in range(rng.randrange(1, 5)):
            world.run(rng.choice([1, 3, 7, 20, 60, 130, 600, 3000]))
            trouble_with_time(world)
            if rng.random() < 0.2:
                world.restart()
    return put_right(world)


def live_without_a_clock(seed: int, folder: Path) -> World:
    """Days of a machine whose clock stands still while it is off, or begins anew, until the network sets it right."""
    world = World(seed, folder / f"p{seed}", lists=seed % 7 != 0)
    clock, rng = world.clock, world.rng
    world.odds.lost_answer, world.odds.die_in_create = 0.2, 0.08
    for event in range(rng.randrange(2, 5)):
        name = f"ep{event}/storyboard_{event}.json"
        world.write(name, [f"{event}-{n}" for n in range(rng.randrange(1, 4))], rng.choice([1, 1, 2]))
        for _boot in range(rng.randrange(1, 4)):
            world.run(rng.choice([1, 3, 7, 20, 60, 130, 600, 3000]))
            off = rng.choice([20.0, 600.0, 8 * HOUR, 3 * DAY])
            world.reboot(off, rng.choice([0.0, clock.wrong, clock.wrong - off, 1_000_000.0 - clock.now]))
            world.run(rng.choice([1, 20, 130, 600]))
            if rng.random() < 0.7:
                clock.wrong = 0.0
    return put_right(world)


def put_right(world: World) -> World:
    """The clock is right in the end, and all that can come to its end does."""
    world.run(600)
    world.clock.wrong = 0.0
    world.run(HOUR)
    world.calm()
    world.settle()
    return world


def with_lasting_failures(seed: int, folder: Path) -> World:
    """The same, but that what fails has failed."""
    honest = World.__post_init__

    def unmended(world: World) -> None:
        world.odds.mends = 0.0
        honest(world)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "__post_init__", unmended)
        return live_with_bad_clocks(seed, folder)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("live", [live_with_bad_clocks, live_without_a_clock])
@in_blocks(0.08)
def test_no_jump_of_the_clock_breaks_a_promise(block: range, live: Callable[[int, Path], World]) -> None:
    assert run_all(block, live) == []


@pytest.mark.timeout(120)
def test_jumps_that_once_broke_a_promise_do_so_no_more() -> None:
    assert run_all([110, 172, 176], live_with_bad_clocks) == []
    assert run_all([59, 128], with_lasting_failures) == []


# --- a lost create, and jumps before it, between it and the look, and after -------------------------------------

# How far ahead the clock is at the intent, then at the looks. In the end it is right.
JUMPS = [(0.0, -HOUR), (0.0, YEAR), (YEAR, YEAR - HOUR), (YEAR, 0.0), (HOUR, 0.0), (-YEAR, 0.0)]


def at_once(world: World) -> None:
    """sorad notices the jump itself."""


def over_a_restart(world: World) -> None:
    world.restart()


def over_a_boot(world: World) -> None:
    world.reboot(10 * MINUTE, world.clock.wrong)


HOW = [at_once, over_a_restart, over_a_boot]


def lose(
    folder: Path, fate: str, jump: tuple[float, float], how: Callable[[World], None], **more: Any
) -> World:
    """A create whose answer is lost, on a list that shows other texts than were sent: only time tells them apart."""
    then, now = jump
    world = calm_world(folder)
    world.names_boots = world.tells_sleep = world.provider.tells_date = True
    world.provider.list = OddList(how=more.get("shows", "rewritten"))
    world.clock.wrong = then
    world.restart()
    world.times.heard(world.clock.now, 0.0)  # some answer told the provider's time
    answers(world, fate)
    world.write("storyboard_a.json", ["@Bob walks into the harbour"])
    while not any(take.creates for take in world.takes()):
        world.run(1)
    world.run(1)
    world.clock.wrong = now
    how(world)
    world.run(10 * MINUTE)
    world.clock.wrong = 0.0
    world.run(12 * HOUR)
    return world


def bought(world: World) -> int:
    world.close()
    return len(world.provider.tasks)


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("how", HOW)
def test_a_create_that_arrived_is_not_sent_again_whatever_the_clock_does(
    tmp_path: Path, jump: tuple[float, float], how: Callable[[World], None]
) -> None:
    assert bought(lose(tmp_path, "accepted", jump, how)) == 1


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("jump", JUMPS[1:4])
def test_a_create_that_never_arrived_is_sent_again_once_whatever_the_clock_does(
    tmp_path: Path, jump: tuple[float, float], how: Callable[[World], None]
) -> None:
    world = lose(tmp_path, "lost", jump, how, shows="")
    assert states(world) == [State.DONE]
    assert bought(world) == 1


def sleeps_untold(folder: Path) -> World:
    """A machine that does not tell its sleep sleeps for a week while an answer is lost."""
    world = calm_world(folder)
    world.names_boots, world.tells_sleep, world.provider.tells_date = True, False, True
    world.provider.list = OddList(how="rewritten")
    world.restart()
    answers(world, "accepted")
    world.write("storyboard_a.json", ["@Bob walks into the harbour"])
    while not any(take.creates for take in world.takes()):
        world.run(1)
    world.clock.sleep(7 * DAY)
    world.run(12 * HOUR)
    return world


def test_a_create_before_a_sleep_that_the_uptime_does_not_count_is_not_sent_again(tmp_path: Path) -> None:
    assert bought(sleeps_untold(tmp_path)) == 1


def test_sleep_that_is_taken_for_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dating, "TOGETHER", YEAR)
    assert bought(sleeps_untold(tmp_path)) == 2


def test_a_neighbour_that_was_there_before_holds_up_nothing_after_a_boot(tmp_path: Path) -> None:
    """The provider's clock tells it: an intent of another boot is not simply of any time."""

    world = calm_world(tmp_path, proved=False)
    prices_take_time(world)
    world.names_boots = world.provider.tells_date = True
    world.provider.list = OddList(how="rewritten")
    world.write("storyboard_0.json", ["the first one"])
    world.run(HOUR)
    world.provider.neighbour(world.takes()[0].request)
    world.run(HOUR)
    world.times.heard(world.clock.now, 0.0)
    answers(world, "lost")
    world.write("storyboard_a.json", ["@Bob walks into the harbour"])
    world.run(5)
    over_a_boot(world)
    world.run(3 * HOUR)
    assert states(world) == [State.DONE, State.DONE]


# --- what was said to have failed --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [HOUR, DAY, YEAR, -HOUR, -YEAR])
@pytest.mark.parametrize("how", [at_once, over_a_restart])
def test_no_jump_uses_up_the_day_in_which_a_failed_task_is_asked_after(
    tmp_path: Path, by: float, how: Callable[[World], None]
) -> None:
    world = one_failed(tmp_path, 40_000.0)
    world.names_boots = True
    world.run(100)
    for wrong in (by, 0.0, by, 0.0):
        world.clock.wrong = wrong
        how(world)
        world.run(MINUTE)
    assert states(world) == [State.FAILED]
    world.run(DAY)
    assert states(world) == [State.DONE]
    world.check()


def test_what_was_bought_anew_is_told_whatever_the_clock_does(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 3000.0)
    world.clock.wrong = -DAY
    order(world, "retry", ids=[1])
    world.run(2 * HOUR)
    assert states(world) == [State.DONE, State.DONE]
    assert len(twice(world)) == 1


# --- the budget of a day --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [at_once, over_a_restart])
def test_a_clock_set_forward_does_not_fill_the_budget_anew(
    tmp_path: Path, how: Callable[[World], None]
) -> None:
    world = calm_world(tmp_path, budget={"per_day": 0.10})  # three takes
    world.names_boots = world.tells_sleep = True
    world.times._sleeping = lambda: world.clock.slept
    world.write("storyboard_a.json", [f"shot {n}" for n in range(9)])
    world.run(10 * MINUTE)
    for wrong in (DAY, 30 * DAY, 0.0, DAY):
        world.clock.wrong = wrong
        world.restart(**world.settings) if how is over_a_restart else how(world)
        world.times._sleeping = lambda: world.clock.slept
        world.run(10 * MINUTE)
    assert len(world.provider.tasks) == 3
    world.run(DAY)
    assert len(world.provider.tasks) == 6


# --- undoing a rule is found -------------------------------------------------------------------------------------


def as_written_down(take: Take, *_facts: object, **_how: object) -> Take:
    return take


def never_another(boot: Boot, name: str, up: float) -> Boot:
    return replace(boot, name=name, number=1, seen=up)


def test_intents_dated_as_they_were_written_down_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_list, "dated", as_written_down)
    assert bought(lose(tmp_path, "accepted", (YEAR, YEAR - HOUR), over_a_restart)) == 2


def test_what_was_on_a_list_and_is_taken_for_older_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "was_before", lambda seen, take: seen is not None)
    monkeypatch.setattr(reconcile, "was_before", lambda seen, take: seen is not None)
    assert bought(lose(tmp_path, "accepted", (YEAR, YEAR - HOUR), over_a_restart)) == 2


def test_boots_that_are_taken_for_one_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Boot, "next", never_another)
    assert bought(lose(tmp_path, "accepted", (0.0, 0.0), over_a_boot)) == 2


def test_an_intent_of_another_boot_that_is_dated_by_our_clock_alone_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = dating.dated

    def trusting(take: Take, now: float, present: Moment, ahead: float = 0.0, **how: bool) -> Take:
        return honest(replace(take, ahead=ahead), now, present, ahead, **how)

    monkeypatch.setattr(task_list, "dated", trusting)
    assert bought(lose(tmp_path, "accepted", (YEAR, 0.0), over_a_boot)) == 2


def test_a_budget_by_the_wall_clock_alone_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        afford, "budget_day", lambda ledger, now: BudgetDay(budget.day_began(now), budget.next_day(now))
    )
    with pytest.raises(AssertionError):
        test_a_clock_set_forward_does_not_fill_the_budget_anew(tmp_path, at_once)


def test_looks_that_a_jump_uses_up_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_tasks, "passed", lambda since, now: DAY)
    with pytest.raises(AssertionError):
        test_no_jump_uses_up_the_day_in_which_a_failed_task_is_asked_after(tmp_path, YEAR, at_once)
