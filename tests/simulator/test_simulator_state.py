"""The account: how tasks stand, how long they take, what is kept over restarts."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from simulator_customer import HandClock

from sorad.model import Request
from sorad.simulator.faults import Faults
from sorad.simulator.state import MODERATION, Account, NoMoney, NoRoom, Order, Pace, Stage, Task, stage

SIM = "sora_hk"


def account(clock: HandClock, *faults: str, **settings: object) -> Account:
    known = {"pace": Pace((10.0, 10.0)), "balance": 1_000, "prices": (3, 30), **settings}
    return Account(clock=clock, faults=Faults(0, faults), **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("after", "error", "expected"),
    [
        (0, "", Stage("pending", 0)),
        (9.9, "", Stage("pending", 0)),
        (10, "", Stage("processing", 10)),
        (99.99, "", Stage("processing", 99)),
        (100, "", Stage("completed", 100)),
        (-500, "", Stage("pending", 0)),
        (100, "no", Stage("failed", 97)),
        (99, "no", Stage("processing", 99)),
    ],
)
def test_how_a_task_stands_follows_from_its_times(after: float, error: str, expected: Stage) -> None:
    task = Task("1", SIM, Order("p"), 1000.0, 1100.0, 3, error)
    assert stage(task, 1000.0 + after) == expected


def test_a_failed_task_may_be_a_video_after_all(clock: HandClock) -> None:
    one = account(clock, "fail,seconds=60")
    task = one.create(SIM, Order("p"))
    said = [stage(task, task.ready_at + after).status for after in (-1, 0, 59, 60, 1e6)]
    assert said == ["processing", "failed", "failed", "completed", "completed"]


def test_a_stuck_task_never_ends() -> None:
    task = Task("1", SIM, Order("p"), 0.0, math.inf, 3)
    assert stage(task, 1e12).status == "processing"


def test_believable_times_lie_between_3_and_30_minutes_and_pro_takes_longer() -> None:
    pace = Pace()
    normal = sorted(pace.seconds(str(number), False) for number in range(500))
    pro = sorted(pace.seconds(str(number), True) for number in range(500))
    assert 180 <= normal[0] < 300
    assert pro[-1] <= 1800
    assert 300 < normal[250] < 540 < pro[250]
    assert Pace(speed=60.0).seconds("7", False) == pytest.approx(pace.seconds("7", False) / 60)


def test_a_given_span_is_kept() -> None:
    times = [Pace((1.0, 2.0)).seconds(str(number), True) for number in range(200)]
    assert 1.0 <= min(times) < 1.1
    assert 1.9 < max(times) <= 2.0


def test_the_same_seed_gives_the_same_ids_and_times(clock: HandClock) -> None:
    def run(seed: int, prompts: str) -> dict[tuple[str, int], tuple[str, float]]:
        one = account(clock, "fail=0.5", seed=seed, pace=Pace())
        tasks = [one.create(SIM, Order(prompt)) for prompt in prompts]
        seen: dict[tuple[str, int], tuple[str, float]] = {}
        for task in tasks:
            number = sum(prompt == task.order.prompt for prompt, _ in seen)
            seen[(task.order.prompt, number)] = (task.id, task.ready_at)
        return seen

    assert run(1, "aabbc") == run(1, "bcaba")
    assert run(1, "abc") != run(2, "abc")
    assert len({task_id for task_id, _ in run(1, "aabbc").values()}) == 5


def test_a_task_costs_its_price_until_the_money_is_out(clock: HandClock) -> None:
    one = account(clock, balance=35)
    assert one.create(SIM, Order("a", pro=True)).cost == 30
    assert one.create(SIM, Order("b")).cost == 3
    with pytest.raises(NoMoney):
        one.create(SIM, Order("c"))
    assert one.balance == 2
    assert [task.order.prompt for task in one.accepted] == ["a", "b"]


def test_capacity_counts_what_runs(clock: HandClock) -> None:
    one = account(clock, capacity=2)
    one.create(SIM, Order("a"))
    one.create(SIM, Order("b"))
    with pytest.raises(NoRoom):
        one.create(SIM, Order("c"))
    assert (one.running(), one.peak) == (2, 2)
    clock.now += 10
    one.create(SIM, Order("c"))
    assert (one.running(), one.peak) == (1, 2)


def test_faults_of_a_task_are_settled_when_it_is_created(clock: HandClock) -> None:
    one = account(clock, "stuck,match=mud", "fail,match=nude")
    stuck, failing, good = (one.create(SIM, Order(prompt)) for prompt in ("mud", "nude", "sky"))
    clock.now += 10
    assert [stage(task, clock.now).status for task in (stuck, failing, good)] == [
        "processing",
        "failed",
        "completed",
    ]
    assert failing.error == MODERATION


def test_the_fingerprint_is_that_of_the_request() -> None:
    request = Request("a fox", "https://example.org/a.png", 15, "vertical", True)
    order = Order("a fox", "https://example.org/a.png", 15, "vertical", True, {"quality": "x"})
    assert order.fingerprint == request.fingerprint()


def test_tasks_money_and_deletions_outlive_the_account(clock: HandClock, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.jsonl"
    one = account(clock, "stuck,count=1", persist=path)
    tasks = [one.create(SIM, Order(f"雾 {number}", details={"quality": None})) for number in range(4)]
    one.balance = 500
    one.create(SIM, Order("last"))
    one.delete(tasks[1])
    again = account(clock, persist=path)
    assert again.accepted == one.accepted
    assert again.newest(SIM) == one.newest(SIM)
    assert again.balance == one.balance == 497
    assert again.running() == 5
    assert again.create(SIM, Order("雾 0")).id not in {task.id for task in one.accepted}


@pytest.mark.parametrize("left", [1, 9, -1])
def test_a_line_that_was_being_written_at_death_is_dropped(
    clock: HandClock, tmp_path: Path, left: int
) -> None:
    path = tmp_path / "state.jsonl"
    one = account(clock, persist=path)
    one.create(SIM, Order("a"))
    one.create(SIM, Order("b"))
    one.close()
    *whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole) + last[:left])
    again = account(clock, persist=path)
    assert [task.order.prompt for task in again.accepted] == ["a"]
    again.create(SIM, Order("c"))
    assert [task.order.prompt for task in account(clock, persist=path).accepted] == ["a", "c"]
