"""Stops that wait for the user, in the real engine on a simulated clock."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import Odds, World

from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Created, Fault, Trouble, Unknown

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))
WHY = Problem("provider.lost", "three were lost", "Look there.")
WHY_TOO = Problem("provider.other", "and this")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(1, tmp_path / "w", odds=Odds(**vars(CALM)), lists=False)


def lose_one(world: World) -> Take:
    """A take whose create was lost, where nothing can be looked up."""
    create = world.provider.create

    def lost(request: object, own_id: str = "") -> Created:
        create(request)  # type: ignore[arg-type]
        return Unknown(Fault(Trouble.TRANSPORT, Problem("sim", "lost")))

    world.provider.create = lost  # type: ignore[method-assign,assignment]
    world.write("storyboard_lost.json", ["lost"])
    world.run(60)
    del world.provider.create  # type: ignore[attr-defined]
    (take,) = world.takes()
    assert take.state is State.UNKNOWN
    return take


def states(world: World) -> dict[State, int]:
    return {state: count for state, count in world.raw.counts().items() if count}


def say(world: World, verb: str, **args: object) -> None:
    world.raw.post(verb, args, world.clock.time())
    world.commanded = True


def test_it_lasts_over_a_restart_and_resume_ends_it_beside_a_pause(world: World) -> None:
    world.control.stop_for_user(WHY)
    world.control.stop_for_user(WHY_TOO)
    world.control.pause(paused=True)
    world.write("storyboard_a.json", ["a", "b"])
    world.restart()
    world.run(3600)
    assert states(world) == {State.QUEUED: 2}
    assert [stop.code for stop in world.control.stops] == [WHY.code, WHY_TOO.code]
    say(world, "resume")
    world.run(3600)
    assert states(world) == {State.DONE: 2}
    assert world.raw.recall("stops") == []


def test_what_is_paid_for_goes_on(world: World) -> None:
    world.write("storyboard_a.json", ["a", "b"])
    world.run(60)
    world.control.stop_for_user(WHY)
    world.write("storyboard_b.json", ["c"])
    world.run(3600)
    assert states(world) == {State.DONE: 2, State.QUEUED: 1}


@pytest.mark.parametrize("how", ["resend", "drop", "adopt"])
def test_to_resolve_the_takes_concerned_ends_it(world: World, how: str) -> None:
    take = lose_one(world)
    world.control.stop_for_user(WHY, [take.id])
    world.write("storyboard_a.json", ["a"])
    world.run(600)
    assert states(world) == {State.UNKNOWN: 1, State.QUEUED: 1}
    say(world, "resolve", id=take.id, how=how, remote_id=next(iter(world.provider.tasks)))
    world.run(3600)
    assert states(world).get(State.QUEUED, 0) == 0
    assert world.control.stops == ()


def test_it_stands_beside_a_halt_and_neither_ends_the_other(world: World) -> None:
    world.control.stop_for_user(WHY)
    world.control.stop_buying(Fault(Trouble.BALANCE, Problem("provider.balance", "empty")))
    world.write("storyboard_a.json", ["a"])
    world.run(300)  # the halt is probed away meanwhile
    assert world.control.halt is None
    assert [stop.code for stop in world.control.stops] == [WHY.code]
    assert states(world) == {State.QUEUED: 1}
    assert world.provider.creates == 0


def test_creates_that_were_admitted_already_do_not_leave(world: World) -> None:
    world.write("storyboard_a.json", ["a", "b", "c"])
    while not world.engine.channels[0]._waiting:
        world.run(0.2)
    world.control.stop_for_user(WHY)
    world.run(600)
    assert world.provider.creates == 0


def test_another_config_ends_what_held_under_the_one_before(world: World) -> None:
    world.control.under({"id_paths": [], "base_url": "u"})
    world.control.stop_for_user(WHY, under={"id_paths": [], "base_url": "u"})
    world.control.under({"id_paths": [], "base_url": "u"})
    assert world.control.stops
    world.control.under({"id_paths": ["result.no"], "base_url": "u"})
    assert world.control.stops == ()
    world.control.stop_for_user(WHY, under={"id_paths": [], "base_url": "u"})  # of a step begun before
    assert world.control.stops == ()
