"""A budget, and a provider that does not tell its prices just now: nothing is bought blindly, and all goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage
from world import PRICE

from sorad.budget import NEVER
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.health.outlook import Standing, outlook
from sorad.ledger.interface import Change
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
