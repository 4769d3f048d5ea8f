"""A gateway that sends creates again by itself: what it may have bought besides counts, wherever it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_simulation_lookalikes import calm_world
from world import PRICE, World

from sorad.engine.steps import submit
from sorad.layout import receipt_path
from sorad.model import Request, State
from sorad.providers.base import Accepted


def repeating(folder: Path, times: int, **settings: Any) -> World:
    """Each create arrives ``times`` times more than it was sent; one of those tasks is told of."""
    world = calm_world(folder)
    if settings:
        world.restart(**settings)
    honest = world.provider.create

    def create(request: Request, own_id: str = "") -> Any:
        for _time in range(times):
            world.provider._accept(request).repeat = True
        answer = honest(request)
        assert isinstance(answer, Accepted)
        return replace(answer, repeats=times)

    world.provider.create = create  # type: ignore[method-assign]
    return world


def money_is_told(world: World) -> None:
    assert world.raw.spend() == PRICE * len(world.provider.tasks)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_all_that_may_have_been_bought_counts_as_spent(tmp_path: Path, times: int) -> None:
    world = repeating(tmp_path, times)
    world.write("storyboard_a.json", ["one", "two"])
    world.run(3600)
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    assert len(world.provider.tasks) == 2 * (1 + times)
    money_is_told(world)
    for take in world.takes():
        assert json.loads(receipt_path(Path(take.output)).read_text())["repeats"] == times
    world.check()


def test_a_lost_ledger_learns_it_from_the_receipts(tmp_path: Path) -> None:
    world = repeating(tmp_path, 2)
    world.write("storyboard_a.json", ["one"])
    world.run(30)
    world.ledger.close()
    for file in (world.folder / "state").glob("ledger.sqlite3*"):
        file.unlink()
    world.start()
    world.run(3600)
    assert [take.state for take in world.takes()] == [State.DONE]
    money_is_told(world)


def test_the_budget_of_the_day_ends_with_them(tmp_path: Path) -> None:
    world = repeating(tmp_path, 2, budget={"per_day": 0.1})  # three creates of 0.03
    world.write("storyboard_a.json", ["one", "two", "three"])
    world.run(3600)
    states = [take.state for take in world.takes()]
    assert (states.count(State.DONE), states.count(State.HELD)) == (1, 2)


def test_repeats_that_are_not_counted_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = submit.transitions.after_create

    def forgetful(*args: Any) -> Any:
        result = honest(*args)
        return replace(result, change=replace(result.change, repeats=None))

    monkeypatch.setattr(submit.transitions, "after_create", forgetful)
    with pytest.raises(AssertionError):
        test_all_that_may_have_been_bought_counts_as_spent(tmp_path, 2)
