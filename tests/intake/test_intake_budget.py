"""A budget, and a provider that does not tell its prices just now: nothing is bought blindly, and all goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage
from world import PRICE

from sorad.budget import NEVER
from sorad.engine.steps.reprice import reprice_all
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.health.outlook import Standing, outlook
from sorad.ledger.values import Change
from sorad.model import State, Take, units
from sorad.problems import Problem

WHY = Problem("provider.key", "The key is refused.", "Set another one.")
OTHER = Problem("provider.network", "No way there.", "Nothing to do.")
TWO = 2 * units(PRICE)


def held(stage: Stage) -> list[Take]:
    return [take for take in stage.takes() if take.state is State.HELD]


def begin(folder: Path, **budget: Any) -> Stage:
    """Two takes wait for their price."""
    stage = Stage(1, folder, budget=budget)
    stage.provider.keeps_prices = WHY
    stage.board("storyboard.json", ["one", "two"])
    stage.go(400)
    assert not stage.provider.tasks
    assert [take.error for take in held(stage)] == [WHY, WHY]
    return stage


@pytest.mark.parametrize(
    "budget", [{"approve_above": TWO}, {"per_day": TWO}, {"per_day": TWO, "approve_above": TWO}]
)
def test_takes_go_on_once_the_provider_tells_their_price(tmp_path: Path, budget: dict[str, float]) -> None:
    stage = begin(tmp_path / "w", **budget)
    stage.provider.keeps_prices = OTHER
    stage.go(130)
    assert [take.error for take in held(stage)] == [OTHER, OTHER]
    stage.provider.keeps_prices = None
    stage.go()
    assert {take.state for take in stage.takes()} == {State.DONE}
    assert len(stage.provider.tasks) == 2


def test_what_is_too_dear_then_waits_for_approval(tmp_path: Path) -> None:
    stage = begin(tmp_path / "w", approve_above=TWO * 0.9)  # each alone would be cheap enough
    stage.provider.keeps_prices = None
    stage.go()
    assert [(take.error.code, take.due_at) for take in held(stage) if take.error] == [
        ("budget.approve", NEVER)
    ] * 2
    late = held(stage)[1]  # its outcome was not written together with the other's
    stage.ledger.record(late, Change(State.HELD, "late", due_at=stage.clock.now, error=WHY), stage.clock.now)
    stage.go()
    assert [take.error.code for take in held(stage) if take.error] == ["budget.approve"] * 2
    assert not stage.provider.tasks
    stage.order("approve", all=True)
    stage.go()
    assert len(stage.provider.tasks) == 2


def test_they_may_be_approved_without_a_price(tmp_path: Path) -> None:
    stage = begin(tmp_path / "w", per_day=TWO, approve_above=TWO)
    stage.order("approve", all=True)
    stage.go()
    assert {take.state for take in stage.takes()} == {State.DONE}


def test_they_write_nothing_while_they_wait(tmp_path: Path) -> None:
    stage = begin(tmp_path / "w", approve_above=TWO)
    before = [len(list(stage.ledger.history(take.id))) for take in stage.takes()]
    stage.go(3600)
    assert [len(list(stage.ledger.history(take.id))) for take in stage.takes()] == before


def test_status_tells_the_provider_s_trouble_and_not_that_somebody_must_approve(tmp_path: Path) -> None:
    stage = begin(tmp_path / "w", approve_above=TWO)
    (one,) = [
        one
        for one in complaints(from_ledger(stage.ledger, None, stage.clock.now))
        if "price" in one.problem.text()
    ]
    assert (one.problem.code, one.heavy, one.problem.fix_text()) == (WHY.code, True, WHY.fix)
    assert "The key is refused." in one.problem.text()
    told = outlook(held(stage)[0], Standing(stage.clock.now)).told
    assert "price" in told.text()


# --- another limit, another start ---------------------------------------------------------------------------


def start_under(stage: Stage, **budget: Any) -> None:
    """End sorad and start it with this budget, as a reload does, too."""
    stage.stop()
    stage.settings = {"budget": budget}
    stage.restart()
    reprice_all(stage.raw, stage.config.budget, stage.clock.time())
    stage.control.pause(paused=False)


def codes(stage: Stage) -> list[str]:
    takes = sorted(stage.takes(), key=lambda take: (take.storyboard, take.segment))
    return [take.error.code if take.error else take.state.value for take in takes]


def test_an_unknown_price_and_a_start_do_not_spare_the_approval(tmp_path: Path) -> None:
    stage = Stage(1, tmp_path / "w", budget={"approve_above": TWO * 0.9})
    price = stage.provider.price
    stage.provider.price = lambda request: None  # type: ignore[method-assign]
    start_under(stage, approve_above=TWO * 0.9)
    stage.board("storyboard.json", ["one", "two"])
    stage.go(60)
    assert codes(stage) == ["budget.price"] * 2
    stage.provider.price = price  # type: ignore[method-assign]
    start_under(stage, approve_above=TWO * 0.9)
    stage.go()
    assert codes(stage) == ["budget.approve"] * 2
    assert not stage.provider.tasks


def waiting(folder: Path, **budget: Any) -> Stage:
    """Two storyboards wait to be bought: one of two takes, one of a single one."""
    stage = Stage(1, folder, budget=budget)
    reprice_all(stage.raw, stage.config.budget, stage.clock.time())
    stage.board("one/storyboard_a.json", ["one", "two"])
    stage.board("two/storyboard_b.json", ["three"])
    stage.until("queued")
    return stage


def test_a_limit_that_is_set_while_takes_wait_counts_for_them(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "w")
    start_under(stage, approve_above=TWO * 0.9)
    stage.go()
    assert codes(stage) == ["budget.approve", "budget.approve", "done"]
    assert len(stage.provider.tasks) == 1
    stage.order("approve", all=True)
    stage.go(10)
    start_under(stage, approve_above=TWO * 0.1)  # what is approved, or bought, is not asked for again
    stage.go()
    assert codes(stage) == ["done"] * 3


@pytest.mark.parametrize("limit", [None, TWO])
def test_a_limit_that_is_raised_lets_go(tmp_path: Path, limit: float | None) -> None:
    stage = waiting(tmp_path / "w")
    start_under(stage, approve_above=TWO * 0.9)
    stage.go()
    start_under(stage, approve_above=TWO * 0.95)  # not enough
    stage.go()
    assert codes(stage) == ["budget.approve", "budget.approve", "done"]
    start_under(stage, approve_above=limit)
    stage.go()
    assert codes(stage) == ["done"] * 3


def test_what_waits_for_the_next_day_is_weighed_by_a_new_limit(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "w", per_day=0.0)
    stage.control.pause(paused=False)
    stage.go(100)
    assert codes(stage) == ["budget.day"] * 3
    start_under(stage, approve_above=TWO * 0.9)
    stage.go()
    assert codes(stage) == ["budget.approve", "budget.approve", "done"]


def test_a_start_under_the_same_limit_holds_nothing_that_it_let_pass(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "w", approve_above=TWO)
    stage.board("one/storyboard_a.json", ["one", "two", "four"])  # an addition, cheap enough for itself
    stage.go(10)
    start_under(stage, approve_above=TWO)
    stage.go()
    assert codes(stage) == ["done"] * 4


def test_the_limit_of_a_storyboard_is_weighed_by_though_the_price_is_not_told(tmp_path: Path) -> None:
    stage = waiting(tmp_path / "w")
    stage.provider.keeps_prices = WHY
    start_under(stage, approve_above=TWO * 0.9)
    stage.go(600)
    assert codes(stage) == [WHY.code] * 3
    stage.provider.keeps_prices = None
    stage.go()
    assert codes(stage) == ["budget.approve", "budget.approve", "done"]
