"""Several sorads with ledgers of their own over one folder, without any sync."""

from __future__ import annotations

from collections import Counter
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.claim.note import NAME
from sorad.model import State

# What the daemon looks at every few seconds, it looks at all the time here.
HASTE = """
from sorad.daemon import parts
parts.HOUSEKEEPING = parts.SWEEP = 0.1
"""
PROMPTS = [f"shot {number}" for number in range(9)]


@pytest.fixture
def homes(set_stage: Callable[..., Stage]) -> Callable[..., list[Stage]]:
    """So many sorads with a state_dir each, over the folder of the first and with its provider."""

    def made(count: int, **simulator: object) -> list[Stage]:
        stages = [set_stage(**simulator) for _number in range(count)]
        for stage in stages[1:]:
            stage.vault.rmdir()
            stage.vault = stages[0].vault
            stage.simulator.close()
            stage.simulator = stages[0].simulator
            stage.configure()
        return stages

    return made


def paid_for(stage: Stage) -> int:
    """Takes that are done, or have their video on the way."""
    return stage.states()[State.DONE] + stage.states()[State.DOWNLOADING]


def bought(stage: Stage) -> Counter[str]:
    return Counter(task.order.prompt for task in stage.simulator.accepted)


def test_of_three_over_one_folder_one_buys_and_the_others_say_who(
    homes: Callable[..., list[Stage]],
) -> None:
    stages = homes(3)
    first, *others = stages
    running = first.run(HASTE)
    for other in others:
        other.run(HASTE)
    first.drop("storyboard_a.json", *PROMPTS)
    for stage in stages:
        stage.wait_states(done=9)
    assert bought(first) == Counter(PROMPTS)
    for other in others:
        status = other.status()
        problems = {one["code"]: one for one in status["problems"]}
        assert "claim.other_process" in problems, status
        told = problems["claim.other_process"]["message"]
        assert str(running.pid) in told
        assert str(first.state) in told
        assert status["roots"][0]["claim"]["buys"] is False
    assert "claim.other_process" not in first.problems()
    assert not (first.vault / NAME).exists()  # a plain folder needs no note


def test_the_next_one_takes_over_when_the_buyer_is_killed(homes: Callable[..., list[Stage]]) -> None:
    first, second = homes(2)
    running = first.run(HASTE)
    first.drop("storyboard_a.json", "a", "b")
    first.wait_states(done=2)
    second.run(HASTE)
    second.wait_states(done=2)
    first.drop("storyboard_b.json", "c")
    first.wait_states(done=3)
    running.kill()
    first.drop("storyboard_c.json", "d")
    second.wait_states(done=4)
    assert bought(first) == Counter(["a", "b", "c", "d"])
    assert not (first.vault / NAME).exists()


def test_once_beside_a_buyer_ends_with_the_reason(homes: Callable[..., list[Stage]]) -> None:
    first, second = homes(2, task_seconds=(600.0, 600.0))
    running = first.run()
    first.drop("storyboard_a.json", "a")
    wait_for(lambda: first.simulator.accepted, first.told)
    plan = second.cli("plan")
    assert str(running.pid) in plan.out()
    once = second.cli("once", code=1)
    assert str(running.pid) in once.out()
    assert str(first.state) in once.out()
    assert bought(first) == Counter(["a"])


def test_once_beside_a_buyer_that_has_bought_all_has_done_its_work(
    homes: Callable[..., list[Stage]],
) -> None:
    first, second = homes(2)
    first.run()
    first.drop("storyboard_a.json", "a")
    first.wait_states(done=1)
    second.cli("once")
    assert bought(first) == Counter(["a"])


def test_once_after_once_with_another_ledger_waits_for_nothing(homes: Callable[..., list[Stage]]) -> None:
    first, second = homes(2)
    first.drop("storyboard_a.json", "a")
    first.cli("once")
    first.drop("storyboard_b.json", "b")
    second.cli("once")
    assert bought(first) == Counter(["a", "b"])
    assert not (first.vault / NAME).exists()


def test_over_a_share_where_no_lock_is_seen_each_take_is_bought_once(
    homes: Callable[..., list[Stage]],
) -> None:
    stages = homes(3)
    for stage in stages:
        locks = stage.folder / "locks"  # as on a machine of its own
        locks.mkdir()
        stage.run(HASTE, env={"SORAD_LOCK_DIR": str(locks)})
    stages[0].drop("storyboard_a.json", *PROMPTS)
    # All three fetch what one has bought, into one place: which of them is late with it does not matter here.
    for stage in stages:
        wait_for(lambda stage=stage: paid_for(stage) == 9, stage.told)  # type: ignore[misc]
    assert bought(stages[0]) == Counter(PROMPTS)
    assert not any("claim.other_process" in stage.problems() for stage in stages)


# The process ends when its first create was answered, before anything is written of it.
DIES = """
import os
from sorad.engine.decide import transitions
transitions.after_create = lambda *told: os.kill(os.getpid(), 9)
"""
SOON = (
    HASTE
    + """
from sorad.claim.claims import Claims
Claims.__init__.__kwdefaults__["settle"] = 0.1
"""
)


def test_what_the_killed_buyer_had_announced_is_held_told_and_looked_up_on_demand(
    homes: Callable[..., list[Stage]],
) -> None:
    first, second = homes(2)
    dying = first.run(HASTE + DIES)
    second.run(SOON)
    first.drop("storyboard_a.json", "a")
    dying.ends()
    second.wait_states(held=1)
    first.drop("storyboard_b.json", "b")
    second.wait_states(held=1, done=1)
    told = second.problems()["take.other_intent"]
    assert str(dying.pid) in told
    (held,) = second.takes(State.HELD)
    second.cli("approve", str(held.id), code=None)  # never simply sent
    second.wait_states(held=1, done=1)
    second.cli("claim", str(first.vault))
    second.wait_states(done=2)
    assert bought(first) == Counter(["a", "b"])
    assert not list(first.vault.rglob("*.intent*"))


def test_the_killed_buyer_that_comes_back_ends_it_by_itself(homes: Callable[..., list[Stage]]) -> None:
    first, second = homes(2)
    dying = first.run(HASTE + DIES)
    second.run(HASTE)
    first.drop("storyboard_a.json", "a")
    dying.ends()
    second.wait_states(held=1)
    first.run(HASTE)
    for stage in (first, second):
        stage.wait_states(done=1)
    assert bought(first) == Counter(["a"])


def test_an_intent_that_is_not_exclusive_pays_twice(homes: Callable[..., list[Stage]]) -> None:
    """The seeded fault: this is what the exclusive intents are for."""
    careless = """
from sorad.receipts import writing
writing.create_intent = lambda video, intent, base: None
"""
    stages = homes(2)
    for stage in stages:
        locks = stage.folder / "locks"
        locks.mkdir()
        stage.run(HASTE + careless, env={"SORAD_LOCK_DIR": str(locks)})
    dropped = 0

    def paid_twice() -> bool:
        """Where one was so quick that the other saw its receipts, they are given more."""
        nonlocal dropped
        if sum(bought(stages[0]).values()) == dropped * len(PROMPTS):
            stages[0].drop(f"storyboard_{dropped}.json", *(f"{dropped} {prompt}" for prompt in PROMPTS))
            dropped += 1
        return max(bought(stages[0]).values(), default=0) > 1

    wait_for(paid_twice, stages[1].told)
