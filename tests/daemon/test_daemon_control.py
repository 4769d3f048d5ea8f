"""The commands that speak to a running daemon."""

from __future__ import annotations

import json
from typing import Callable

from daemon_stage import Stage, wait_for

from sorad.model import State

Set = Callable[..., Stage]


def test_pause_and_resume(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(0.5, 0.5))
    daemon = stage.run()
    stage.drop("storyboard_1.json", "paid before")
    wait_for(lambda: stage.simulator.accepted)
    stage.cli("pause")
    stage.drop("storyboard_2.json", "waits")
    stage.wait_states(done=1, queued=1)
    daemon.stop()
    stage.run()  # a pause lasts over a restart
    assert stage.status()["daemon"]["paused"] is True
    stage.wait_states(done=1, queued=1)
    assert len(stage.simulator.accepted) == 1
    stage.cli("resume")
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_cancel_and_retry(stage: Stage) -> None:
    stage.run()
    stage.cli("pause")
    stage.drop("storyboard.json", "wanted", "not wanted")
    stage.wait_states(queued=2)
    unwanted = next(take for take in stage.takes() if take.request.prompt == "not wanted")
    stage.cli("cancel", str(unwanted.id))
    stage.cli("resume")
    stage.wait_states(done=1, cancelled=1)
    stage.check_delivered(1, states={State.CANCELLED: 1})
    stage.cli("retry", str(unwanted.id), "--yes")
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_retry_of_what_the_provider_failed_buys_once_more(stage: Stage) -> None:
    stage.simulator.faults.add("fail,count=1")
    stage.run()
    stage.drop("storyboard.json", "moderated")
    stage.wait_states(failed=1)
    assert stage.cli("status", code=1)
    stage.cli("retry", "--yes")
    stage.wait_states(done=1)
    assert stage.simulator.creates("moderated") == 2
    assert len(stage.videos()) == 1


def test_redo_buys_one_more_beside_the_first(stage: Stage) -> None:
    stage.run()
    path = stage.drop("storyboard.json", "again", "not again")
    stage.wait_states(done=2)
    stage.cli("redo", "--storyboard", str(path), "--segment", "1", "--yes")
    stage.wait_states(done=3)
    stage.check_delivered(3)
    assert stage.simulator.creates("again") == 2


def test_scan_looks_now(stage: Stage) -> None:
    stage.configure([{"path": stage.vault, "polling": "always", "rescan_seconds": 3600}])
    stage.run()
    stage.wait_states()
    stage.drop("storyboard.json", "found by a scan")
    stage.cli("scan")
    stage.wait_states(done=1)
    stage.check_delivered(1)


def test_what_looking_commands_tell(stage: Stage) -> None:
    stage.run()
    stage.drop("storyboard.json", "one", "two")
    stage.wait_states(done=2)
    status = stage.status()
    assert status["daemon"]["running"] is True
    assert status["daemon"]["pid"] == stage.processes[0].pid
    assert status["takes"]["done"] == 2
    spend = {"today": 0.06, "per_day": None, "unpriced_today": 0, "total": 0.06, "currency": "USD"}
    spend["by_currency"] = {"USD": {"today": 0.06, "total": 0.06}}
    assert status["spend"] == spend
    rows = json.loads(stage.cli("list", "--json").out())
    assert {row["state"] for row in rows} == {"done"}
    assert {row["remote_id"] for row in rows} == {task.id for task in stage.simulator.accepted}
    stage.cli("show", str(rows[0]["id"]))
    stage.cli("log")
    planned = stage.cli("plan").out()
    assert "0" in planned


def test_a_budget_holds_and_an_approval_releases(stage: Stage) -> None:
    stage.configure(budget={"approve_above": 0.05})
    stage.run()
    cheap = stage.drop("storyboard_cheap.json", "one")
    dear = stage.drop("storyboard_dear.json", "two", "three")
    stage.wait_states(done=1, held=2)
    assert cheap.exists()
    stage.cli("approve", str(dear), "--yes")
    stage.wait_states(done=3)
    stage.check_delivered(3)


def test_a_price_that_is_told_after_a_restart_does_not_spare_the_approval(stage: Stage) -> None:
    stage.configure(budget={"approve_above": 0.05})
    stage.simulator.faults.add("server,target=account")
    daemon = stage.run()
    stage.drop("storyboard.json", "two", "three")  # each is cheap enough, both together are not
    stage.wait_states(held=2)
    assert "provider.server" in stage.problems()
    daemon.stop()
    stage.simulator.faults.clear()
    stage.run()
    wait_for(lambda: "budget.approve" in stage.problems(), stage.told)
    assert not stage.simulator.accepted
    stage.cli("approve", "--all", "--yes")
    stage.wait_states(done=2)


def test_the_budget_of_a_day_is_never_exceeded(stage: Stage) -> None:
    stage.configure(budget={"per_day": 0.07})
    stage.run()
    stage.drop("storyboard.json", *(f"shot {number}" for number in range(6)))
    stage.wait_states(done=2, held=4)
    assert len(stage.simulator.accepted) == 2
