"""A create that was on no list in time and was sent again: what is paid for twice is told, at least."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_lists import OddList
from test_simulation_lookalikes import answers, calm_world
from world import World

from sorad.engine.decide import paid_twice
from sorad.engine.decide.paid_twice import REMEMBERED, TOLD_FOR, paid_too, remember
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.model import State


def told(world: World) -> list[str]:
    facts = from_ledger(world.raw, None, world.clock.time())
    return [one.problem.text() for one in complaints(facts) if one.problem.code == "take.paid_too"]


def listed_late(world: World, seconds: float) -> None:
    """The first task is on the list only after so long; the second takes longer than that."""
    honest = world.provider._accept

    def accept(request: object) -> object:
        task = honest(request)  # type: ignore[arg-type]
        first = len(world.provider.tasks) == 1
        task.listed_at = task.created_at + (seconds if first else 0.0)
        task.ready_at, task.fails = task.created_at + 900, False
        return task

    world.provider._accept = accept  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("seconds", [400.0, 0.0])
def test_a_create_that_turns_up_after_it_was_sent_again_is_told(tmp_path: Path, seconds: float) -> None:
    world = calm_world(tmp_path)
    listed_late(world, seconds)
    answers(world, "accepted")
    world.write("storyboard_a.json", ["text"])
    world.run(3 * 3600)
    (take,) = world.takes()
    assert (take.state, take.error) == (State.DONE, None)
    late = seconds > 0
    assert len(world.provider.tasks) == 1 + late
    assert [one for one in told(world) if "t0" in one] == told(world)
    assert len(told(world)) == late
    history = [event.note for event in world.raw.history(take.id)]
    assert history.count("paid too") == late
    world.run(TOLD_FOR)
    assert told(world) == []


def test_so_is_one_that_left_long_before_and_whose_text_the_list_rewrites(tmp_path: Path) -> None:
    world = calm_world(tmp_path, reconcile={"window": 900})
    world.provider.list = OddList(how="rewritten")
    listed_late(world, 1_500.0)
    answers(world, "accepted")
    world.write("storyboard_a.json", ["text"])
    world.run(3 * 3600)
    assert len(world.provider.tasks) == 2
    assert ["t0" in one for one in told(world)] == [True]


def test_one_that_truly_never_arrived_is_not_told(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answers(world, "lost")
    world.write("storyboard_a.json", ["text"], takes=2)
    world.run(3 * 3600)
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    assert told(world) == []


def test_of_many_late_ones_the_latest_are_told(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    world.write("storyboard_a.json", ["text"])
    world.run(60)
    (take,) = world.takes()
    for number in range(REMEMBERED + 5):
        remember(world.raw, paid_too(take, f"late{number}."), world.clock.time())
    said = " ".join(paid_twice.double_payments(world.raw, world.clock.time()))
    assert f"late{REMEMBERED + 4}." in said
    assert "late5." in said
    assert "late4." not in said
