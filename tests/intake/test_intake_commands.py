"""Commands of users, right after they were left: what they do to the money, and what they leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from intake_stage import Stage

from sorad.engine.run.commands import Commands
from sorad.engine.state.control import Control
from sorad.ledger.values import Change
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.intents import CODE as OTHER_INTENT


def carry_out(stage: Stage, verb: str, **args: Any) -> Mapping[str, Any]:
    number = stage.raw.post(verb, args, stage.clock.time())
    stage.commands.run()
    result = stage.raw.result(number)
    assert result is not None
    return result


def queued(stage: Stage, *texts: str) -> list[Take]:
    stage.board("storyboard_a.json", texts)
    stage.until("queued")
    return list(stage.raw.takes())


def moved(stage: Stage, take: Take, *changes: Change) -> Take:
    for change in changes:
        take = stage.raw.record(take, change, stage.clock.time())
    return take


def sent(**members: Any) -> Change:
    return Change(State.SUBMITTING, "intent", intent=True, **members)


UNKNOWN = Change(State.UNKNOWN, "unknown")


@pytest.mark.parametrize(
    ("code", "released"), [("budget.approve", True), ("take.copied", True), (OTHER_INTENT, False)]
)
def test_approve_never_sends_what_another_sorad_announced(stage: Stage, code: str, released: bool) -> None:
    (take,) = queued(stage, "one")
    moved(stage, take, Change(State.HELD, "held", error=Problem(code, "why")))
    assert carry_out(stage, "approve", ids=[take.id])["count"] == released
    after = stage.raw.take(take.id)
    assert after is not None
    assert (after.state, after.approved) == ((State.QUEUED, True) if released else (State.HELD, False))


def test_approve_of_all_that_waits_does_not_mean_copies(stage: Stage) -> None:
    copy, dear = queued(stage, "one", "two")
    moved(stage, copy, Change(State.HELD, "held", error=Problem("take.copied", "why")))
    moved(stage, dear, Change(State.HELD, "held", error=Problem("budget.approve", "why")))
    assert carry_out(stage, "approve", all=True)["count"] == 1
    assert [take.state for take in stage.raw.takes()] == [State.HELD, State.QUEUED]


def test_resolve_takes_no_task_of_another_take(stage: Stage) -> None:
    lost, other = queued(stage, "one", "two")
    moved(stage, lost, sent(), UNKNOWN)
    moved(stage, other, sent(), Change(State.GENERATING, "accepted", remote_id="t1"))
    result = carry_out(stage, "resolve", id=lost.id, how="adopt", remote_id="t1")
    assert (result["ok"], "command.owned" in result["problem"]) == (False, True)
    assert carry_out(stage, "resolve", id=lost.id, how="adopt", remote_id="t2")["ok"]
    assert [take.remote_id for take in stage.raw.takes()] == ["t2", "t1"]


def test_resolve_leaves_alone_what_is_being_looked_up_and_what_does_not_wait_for_it(stage: Stage) -> None:
    lost, other = queued(stage, "one", "two")
    moved(stage, lost, sent(), UNKNOWN)
    (claimed,) = stage.raw.claim(State.UNKNOWN, stage.clock.time(), 1)
    for take, code in ((lost, "command.busy"), (other, "command.resolve")):
        result = carry_out(stage, "resolve", id=take.id, how="resend")
        assert (result["ok"], code in result["problem"]) == (False, True)
    stage.raw.release(claimed)
    assert carry_out(stage, "resolve", id=lost.id, how="resend")["ok"]
    assert {take.state for take in stage.raw.takes()} == {State.QUEUED}


@pytest.mark.parametrize("code", ["take.lost", "provider.missing", "account.key"])
def test_retry_of_a_task_that_nobody_called_failed_looks_and_buys_nothing(stage: Stage, code: str) -> None:
    (take,) = queued(stage, "one")
    gone = Change(State.FAILED, "lost", error=Problem(code, "why"))
    moved(stage, take, sent(), Change(State.GENERATING, "accepted", remote_id="t1"), gone)
    assert carry_out(stage, "retry", ids=[take.id])["count"] == 1
    after = stage.raw.take(take.id)
    assert after is not None
    assert (after.state, after.remote_id, after.rebuy) == (State.GENERATING, "t1", False)


def test_pause_and_resume_mean_every_provider(stage: Stage) -> None:
    context = stage.context
    other = replace(
        context, control=Control(stage.raw, stage.config.limits, stage.clock, "other"), name="other"
    )
    stage.commands = Commands(context, lambda path: None, others=[other])
    carry_out(stage, "pause")
    assert (context.control.paused, other.control.paused) == (True, True)
    assert Control(stage.raw, stage.config.limits, stage.clock).paused, "a restart forgets no pause"
    carry_out(stage, "resume")
    assert (context.control.paused, other.control.paused) == (False, False)
