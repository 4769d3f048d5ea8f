"""Several sorads with ledgers of their own over one folder, without any sync."""

from __future__ import annotations

from collections import Counter
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.claim.note import NAME

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
