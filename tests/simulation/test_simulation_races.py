"""What may come between two instructions of a step: a command, another step, the end of the ledger's file."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Union

import pytest
from world import PRICE, SAID, Odds, World

from sorad.engine.run.commands import Commands
from sorad.engine.steps.reconcile import reconcile
from sorad.engine.steps.submit import submit
from sorad.layout import receipt_path
from sorad.ledger.errors import ClaimLost, LedgerDamaged
from sorad.ledger.values import Change
from sorad.model import Request, State, Take
from sorad.providers.base import Accepted, Created, Fault, Listed, Trouble, Unknown
from sorad.receipts.receipt import Payer, write_receipt
from sorad.receipts.writing import receipt_of

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))


def calm_world(folder: Path) -> World:
    world = World(3, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)))
    world.provider.skew = 0.0
    return world


def queued(world: World, prompts: list[str], takes: int = 1) -> list[Take]:
    """Takes that are claimed to be bought, and nothing else moves."""
    world.control.pause(paused=True)
    world.write("storyboard_a.json", prompts, takes)
    world.run(5)
    world.control.pause(paused=False)
    return world.raw.claim(State.QUEUED, world.clock.time() + 99, 9)


def test_a_cancel_that_meets_a_create_under_way_leaves_it_alone(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    (take,) = queued(world, ["text"])
    honest, answers = world.provider.create, []

    def create(request: Request, own_id: str = "") -> Created:
        # `sorad cancel` listed the take before its intent, and writes only now
        commands = Commands(world.context, world.vault.rescan)
        cancelled = Change(State.CANCELLED, "cancel", error=SAID)
        answers.append(commands._each([take], lambda _take: cancelled))
        return honest(request)

    world.provider.create = create  # type: ignore[method-assign]
    submit(world.context, take)
    assert [(answer["ok"], answer["count"]) for answer in answers] == [(False, 0)]
    world.run(3600)
    assert [take.state for take in world.takes()] == [State.DONE]
    world.check()


def test_a_resolve_waits_for_the_look_that_is_under_way(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    (take,) = queued(world, ["text"])
    honest, seen, answers = world.provider.create, [], []

    def create(request: Request, own_id: str = "") -> Created:
        seen.append(request)
        answer = honest(request)
        return LOST if len(seen) == 1 else answer

    world.provider.create = create  # type: ignore[method-assign]
    submit(world.context, take)
    list_tasks = world.provider.recent

    def recent(since: float, own_id: str = "") -> Union[Listed, Fault]:
        world.raw.post("resolve", {"id": take.id, "how": "resend"}, world.clock.time())
        (command,) = world.raw.commands()
        answers.append(Commands(world.context, world.vault.rescan)._carry_out(command))
        return list_tasks(since)

    world.provider.recent = recent  # type: ignore[method-assign]
    (unknown,) = world.raw.claim(State.UNKNOWN, world.clock.time() + 1, 1)
    reconcile(world.context, unknown)
    assert ["command.busy" in answer["problem"] for answer in answers] == [True]
    world.provider.recent = list_tasks  # type: ignore[method-assign]
    world.run(3600)
    assert world.bought() == Counter({"text": 1})
    assert [take.state for take in world.takes()] == [State.DONE]


def test_an_answer_that_finds_its_take_changed_is_told_by_the_folder(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    (take,) = queued(world, ["text"])
    real = world.raw.record

    def record(one: Take, change: Change, now: float) -> Take:
        if change.note == "accepted":
            raise ClaimLost("somebody else")
        return real(one, change, now)

    world.raw.record = record  # type: ignore[method-assign]
    submit(world.context, take)
    receipts = list(world.vault_dir.rglob("*_S001_T1_????????.json"))
    assert len(receipts) == 1
    assert '"remote_id": "t0"' in receipts[0].read_text("utf-8")


def test_a_ledger_that_breaks_with_the_answer_is_built_anew_and_buys_nothing_twice(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    (take,) = queued(world, ["text"])
    real = world.raw.record

    def record(one: Take, change: Change, now: float) -> Take:
        if change.note == "accepted":
            raise LedgerDamaged("database disk image is malformed")
        return real(one, change, now)

    world.raw.record = record  # type: ignore[method-assign]
    submit(world.context, take)  # does not raise
    world.ledger.close()
    for file in (world.folder / "state").glob("ledger.sqlite3*"):
        file.unlink()
    world.start()
    world.run(3600)
    assert world.bought() == Counter({"text": 1})
    assert [take.state for take in world.takes()] == [State.DONE]


def test_no_create_leaves_while_the_ledgers_file_is_not_the_one_that_was_opened(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    there = [False]
    world.context.process = replace(world.context.process, has_ledger=lambda: there[0])
    world.write("storyboard_a.json", ["text"])
    world.run(120)
    assert world.bought() == Counter()
    there[0] = True
    world.run(3600)
    assert world.bought() == Counter({"text": 1})


@pytest.mark.timeout(300)
def test_of_two_takes_of_one_prompt_neither_adopts_the_others_task(tmp_path: Path) -> None:
    """The second passes its look at the first, asks for the price, and leaves while the first is looked up."""
    world = calm_world(tmp_path)
    first, second = queued(world, ["same"], takes=2)
    provider, honest = world.provider, (world.provider.price, world.provider.recent)
    asking, go, left = threading.Event(), threading.Event(), threading.Event()

    def here() -> bool:
        return threading.current_thread().name == "second"

    def price(request: Request) -> Any:
        if here():
            asking.set()
            go.wait(10)
        return honest[0](request)

    def create(request: Request, own_id: str = "") -> Created:
        task = provider._accept(request)
        task.listed_at = 0.0 if here() else world.clock.now + 20
        return Accepted(task.remote_id, "r", PRICE) if here() else LOST

    def recent(since: float, own_id: str = "") -> Any:
        go.set()
        left.wait(10)
        return honest[1](since)

    provider.price, provider.create = price, create  # type: ignore[method-assign]

    def buy_second() -> None:
        submit(world.context, second)
        left.set()

    thread = threading.Thread(target=buy_second, name="second")
    thread.start()
    assert asking.wait(10)
    submit(world.context, first)
    (unknown,) = world.raw.claim(State.UNKNOWN, world.clock.time() + 1, 1)
    provider.recent = recent  # type: ignore[method-assign]
    reconcile(world.context, unknown)
    thread.join(10)
    provider.recent = honest[1]  # type: ignore[method-assign]
    world.run(3600)
    assert len(provider.tasks) == 2
    assert {take.remote_id for take in world.takes()} == set(provider.tasks)
    world.check()


@pytest.mark.parametrize(
    "change", [{"payer": Payer("b" * 16, "studio")}, {"fingerprint": "0" * 64}, {"remote_id": ""}]
)
def test_a_receipt_that_is_not_of_our_own_lost_create_is_not_adopted(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    """A sync brought another machine's to the place, after the create left; or it tells of something else."""
    world = calm_world(tmp_path)
    (take,) = queued(world, ["text"])
    honest = world.provider.create

    def create(request: Request, own_id: str = "") -> Created:
        honest(request)
        return LOST

    world.provider.create = create  # type: ignore[method-assign]
    submit(world.context, take)
    world.provider.tasks["t0"].listed_at = 0.0
    (unknown,) = world.raw.claim(State.UNKNOWN, world.clock.time() + 1, 1)
    told = receipt_of(
        replace(unknown, remote_id="t9", state=State.GENERATING), "USD", payer=world.claims.payer(take.root)
    )
    write_receipt(Path(take.output), replace(told, **change))
    reconcile(world.context, unknown)
    assert [take.remote_id for take in world.takes()] == ["t0"]


def test_a_receipt_that_tells_of_another_create_is_not_taken_for_the_lost_ones(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    first, second = queued(world, ["text"], takes=2)
    submit(world.context, first)
    honest = world.provider.create

    def create(request: Request, own_id: str = "") -> Created:
        honest(request)
        return LOST

    world.provider.create = create  # type: ignore[method-assign]
    submit(world.context, second)
    world.provider.tasks["t1"].listed_at = 0.0
    there = receipt_path(Path(second.output))
    there.write_bytes(
        receipt_path(Path(first.output)).read_bytes()
    )  # copied by hand, or of an earlier create
    (unknown,) = world.raw.claim(State.UNKNOWN, world.clock.time() + 1, 1)
    reconcile(world.context, unknown)
    assert {take.remote_id for take in world.takes()} == {"t0", "t1"}
    world.run(3600)
    world.check()
