"""Hours of refusals, outages and empty balances, in a second each: the real engine on a simulated clock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from loguru import logger
from world import SAID, Odds, World

from sorad.engine.run import loop
from sorad.ledger.errors import LedgerUnavailable
from sorad.model import State
from sorad.providers.base import Created, Fault, NotSent, Refused, Trouble

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(
        1, tmp_path / "w", odds=Odds(**vars(CALM)), settings={"limits": {"jitter_seconds": [0.5, 3.0]}}
    )
    made.write("storyboard_a.json", [f"shot {n}" for n in range(40)])
    return made


def states(world: World) -> dict[State, int]:
    return {state: count for state, count in world.raw.counts().items() if count}


def refuse(world: World, trouble: Trouble, retry_after: float | None = None) -> list[float]:
    """Every create is refused from now on; the times at which it was tried."""
    tried: list[float] = []

    def create(_request: object, own_id: str = "") -> Created:
        tried.append(world.clock.now)
        return Refused(Fault(trouble, SAID, "req", retry_after))

    world.provider.create = create  # type: ignore[method-assign,assignment]
    return tried


def mend(world: World) -> None:
    del world.provider.create  # type: ignore[attr-defined]


def test_an_hour_of_nothing_but_429_costs_fewer_than_a_hundred_creates(world: World) -> None:
    tried = refuse(world, Trouble.RATE)
    world.run(3600)
    assert 30 < len(tried) < 100
    assert states(world) == {State.QUEUED: 40}


def test_after_the_storm_everything_is_bought_once_within_the_breakers_times(world: World) -> None:
    refuse(world, Trouble.RATE)
    world.run(1800)
    assert world.raw.recall("breaker")["mode"] == "safe"
    mend(world)
    world.run(530)  # the last error may have been a minute ago
    assert world.raw.in_flight() <= 5
    world.run(3 * 3600)
    assert states(world) == {State.DONE: 40}
    assert set(world.bought().values()) == {1}
    assert world.raw.recall("breaker")["mode"] == "normal"


def test_retry_after_is_obeyed(world: World) -> None:
    tried = refuse(world, Trouble.RATE, retry_after=300.0)
    world.run(1800)
    gaps = [later - sooner for sooner, later in zip(tried, tried[1:])]
    assert gaps
    assert min(gaps) >= 300


def test_trouble_with_creates_does_not_stop_paid_takes(world: World) -> None:
    world.run(60)
    paid = world.raw.in_flight()
    assert paid == 20
    refuse(world, Trouble.SERVER)
    world.run(3600)
    assert states(world) == {State.DONE: 20, State.QUEUED: 20}


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.BALANCE, Trouble.RETIRED])
def test_a_halt_stops_at_once_probes_gently_and_ends_by_itself(world: World, trouble: Trouble) -> None:
    tried = refuse(world, trouble)
    checks: list[float] = []

    def check() -> Fault | None:
        checks.append(world.clock.now)
        return Fault(trouble, SAID) if trouble is not Trouble.RETIRED else None

    world.provider.check = check  # type: ignore[method-assign]
    world.run(3600)
    assert world.raw.recall("halt")["code"] == trouble.value
    assert world.raw.recall("breaker") in (None, {**(world.raw.recall("breaker") or {}), "mode": "normal"})
    assert 55 <= len(checks) <= 61
    # Those that were on their way when the first was refused; then none, or one with each probe.
    assert len(tried) <= (8 if trouble is not Trouble.RETIRED else 8 + 61)
    del world.provider.check  # type: ignore[attr-defined]
    mend(world)
    world.run(4 * 3600)
    assert world.raw.recall("halt") is None
    assert states(world) == {State.DONE: 40}


def test_an_outage_of_the_network_spends_nothing_and_loses_nothing(world: World) -> None:
    world.run(30)
    down: list[float] = []

    def create(_request: object, own_id: str = "") -> Created:
        down.append(world.clock.now)
        return NotSent(Fault(Trouble.TRANSPORT, SAID))

    world.provider.create = create  # type: ignore[method-assign,assignment]
    away = Fault(Trouble.TRANSPORT, SAID)
    poll, world.provider.poll = world.provider.poll, lambda _id: away  # type: ignore[method-assign]
    check, world.provider.check = world.provider.check, lambda: away  # type: ignore[method-assign]
    world.run(6 * 3600)
    assert len(down) < 6 * 65
    assert State.FAILED not in states(world)
    world.provider.poll, world.provider.check = poll, check  # type: ignore[method-assign]
    mend(world)
    world.run(4 * 3600)
    assert states(world) == {State.DONE: 40}
    assert set(world.bought().values()) == {1}


def test_the_breaker_survives_a_restart(world: World) -> None:
    refuse(world, Trouble.SERVER)
    world.run(120)
    before = world.raw.recall("breaker")
    assert before["mode"] == "safe"
    world.ledger.close()
    world.start()
    mend(world)
    world.run(60)
    assert world.raw.in_flight() <= 5
    assert world.raw.recall("breaker")["until"] >= before["until"]


def test_hours_without_a_network_cost_few_tries_and_all_goes_on_at_once_after_them(world: World) -> None:
    world.run(60)
    assert world.raw.in_flight() == 20
    world.provider.away_until = world.clock.now + 6 * 3600
    world.run(3600)
    problem = world.reach.problem()
    assert problem is not None
    assert problem.code == "provider.away"
    world.run(5 * 3600 - 1)
    # A create a minute, and 20 takes each every five minutes.
    assert world.provider.tries_away < 400 + 20 * 100
    assert State.FAILED not in states(world)
    world.run(400)
    assert world.reach.problem() is None
    assert states(world)[State.DONE] >= 20, "what was paid for is there minutes after the network"
    world.run(3 * 3600)
    assert states(world) == {State.DONE: 40}
    assert set(world.bought().values()) == {1}


def test_a_clock_set_back_keeps_nothing_waiting(world: World) -> None:
    world.run(60)
    for wrong in (-3600.0, 365 * 86_400.0, 0.0):
        world.clock.wrong = wrong
        world.run(90)
        now = world.clock.time()
        assert all(take.due_at <= now + 400 for take in world.takes() if take.state is State.GENERATING)
    world.run(3 * 3600)
    assert states(world) == {State.DONE: 40}


def test_a_week_of_sleep_gives_nothing_up(world: World) -> None:
    world.run(60)
    for task in world.provider.tasks.values():
        task.ready_at = world.clock.now + 7 * 86_400 + 600  # still running when the lid is opened
    world.clock.sleep(7 * 86_400)
    world.run(300)
    assert not [take for take in world.takes() if take.parked or take.state is State.FAILED]
    world.run(3 * 3600)
    assert states(world) == {State.DONE: 40}


def test_a_mistaken_year_does_not_block_the_budget_for_a_year(tmp_path: Path) -> None:
    settings = {"budget": {"per_day": 0.10}}
    world = World(1, tmp_path / "b", odds=Odds(**vars(CALM)), settings=settings)
    world.clock.wrong = 365 * 86_400.0
    world.write("storyboard_a.json", [f"shot {n}" for n in range(6)])
    world.run(600)
    assert len(world.provider.tasks) == 3
    world.clock.wrong = 0.0
    world.run(2 * 86_400)
    assert len(world.provider.tasks) == 6


def test_a_ledger_that_fails_for_long_is_logged_once_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, turns, lines = threading.Event(), [], []

    def turn() -> float:
        turns.append(len(turns))
        if len(turns) == 20:
            stop.set()
        if len(turns) == 10:
            return 0.0
        raise LedgerUnavailable("locked")

    monkeypatch.setattr(loop, "LOOK_EVERY", 0.001)
    monkeypatch.setattr(world.engine, "turn", turn)
    logger.enable("sorad")
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING")
    world.engine.run(stop, lambda: None)
    logger.remove(sink)
    assert len([line for line in lines if "locked" in line]) == 2
