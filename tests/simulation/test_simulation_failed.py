"""What a provider says to have failed may be a video after all: it is delivered, and never bought twice in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from seeds import is_found
from test_simulation_histories import run_all
from test_simulation_lookalikes import calm_world
from world import PRICE, World

from sorad.engine.decide import transitions
from sorad.engine.run import commands
from sorad.engine.steps import recheck_failed
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.ledger import part
from sorad.ledger.sqlite import SqliteLedger
from sorad.model import Request, State, Take
from sorad.providers.base import Fault, Missing, Trouble

HOUR, DAY = 3600.0, 86_400.0
NEVER = float("inf")


def failing(world: World, *mends_after: float) -> None:
    """The first tasks are said to have failed, each for so many seconds; the others end well."""
    honest, fates = world.provider._accept, list(mends_after)

    def accept(request: Request) -> Any:
        task = honest(request)
        task.ready_at, task.fails = task.created_at + 300, bool(fates)
        task.mends_after = fates.pop(0) if fates else NEVER
        return task

    world.provider._accept = accept  # type: ignore[method-assign]


def one_failed(folder: Path, *mends_after: float) -> World:
    """A world in which the one take has just failed."""
    world = calm_world(folder)
    failing(world, *mends_after)
    world.write("storyboard_a.json", ["text"])
    until(world, lambda take: take.state is State.FAILED)
    return world


def until(world: World, reached: Callable[[Take], bool]) -> Take:
    for _look in range(500):
        for take in world.takes():
            if reached(take):
                return take
        world.run(10)
    raise AssertionError(f"never reached: {world.takes()}")


def order(world: World, verb: str, **args: Any) -> Any:
    number = world.raw.post(verb, args, world.clock.time())
    world.commands.run()
    return world.raw.result(number)


def twice(world: World) -> list[str]:
    facts = from_ledger(world.raw, None, world.clock.time())
    return [one.problem.text() for one in complaints(facts) if one.problem.code == "take.paid_twice"]


def states(world: World) -> list[State]:
    return [take.state for take in world.takes()]


# --- by itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [90.0, 400.0, 3000.0, 20_000.0, 80_000.0])
def test_a_task_that_completes_within_a_day_is_delivered_without_a_second_purchase(
    tmp_path: Path, seconds: float
) -> None:
    world = one_failed(tmp_path, seconds)
    world.run(DAY + HOUR)
    (take,) = world.takes()
    assert (take.state, take.error, len(world.provider.tasks)) == (State.DONE, None, 1)
    assert world.raw.spend() == PRICE
    assert twice(world) == []
    assert world.raw.next_recheck() is None
    world.check()


def test_one_that_truly_failed_is_asked_after_five_times_and_holds_nothing(tmp_path: Path) -> None:
    world = one_failed(tmp_path, NEVER)
    said_at, asked = world.clock.now, list[float]()
    honest = world.provider.poll

    def poll(remote_id: str) -> Any:
        asked.append(world.clock.now - said_at)
        return honest(remote_id)

    world.provider.poll = poll  # type: ignore[method-assign]
    assert world.raw.in_flight() == 0
    world.run(3 * DAY)
    expected = [60, 600, HOUR, 6 * HOUR, DAY]
    assert [pytest.approx(at, abs=15) for at in expected] == asked
    assert states(world) == [State.FAILED]


def test_a_restart_forgets_no_look_and_a_sleep_past_them_makes_one_at_once(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 2 * DAY)
    world.restart()
    world.clock.sleep(3 * DAY)
    world.run(60)
    until(world, lambda take: take.state is State.DONE)


@pytest.mark.parametrize("trouble", [Trouble.TRANSPORT, Trouble.SERVER, Trouble.KEY])
def test_a_look_that_meets_no_answer_is_made_again(tmp_path: Path, trouble: Trouble) -> None:
    world = one_failed(tmp_path, 90.0)
    honest = world.provider.poll
    world.provider.poll = lambda remote_id: Fault(trouble, transitions.slow(0))  # type: ignore[method-assign]
    world.run(DAY)
    assert states(world) == [State.FAILED]
    world.provider.poll = honest  # type: ignore[method-assign]
    world.run(2 * HOUR)
    assert states(world) == [State.DONE]


def test_one_that_runs_again_holds_no_slot_and_is_delivered_when_it_ends(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 90.0)
    (task,) = world.provider.tasks.values()
    task.fails, task.ready_at = False, world.clock.now + HOUR
    world.run(120)
    assert (states(world), world.raw.in_flight()) == ([State.GENERATING], 0)
    world.run(2 * HOUR)
    assert states(world) == [State.DONE]


def test_a_lost_ledger_asks_after_what_its_receipts_say_to_have_failed(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 400.0)
    world.ledger.close()
    for file in (world.folder / "state").glob("ledger.sqlite3*"):
        file.unlink()
    world.start()
    world.run(5)
    assert states(world) == [State.FAILED]
    world.run(HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 1)


def test_what_the_user_put_aside_is_delivered_too(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 90.0)
    assert order(world, "cancel", ids=[1])["ok"]
    world.run(HOUR)
    assert states(world) == [State.DONE]


# --- retry ----------------------------------------------------------------------------------------------------


def test_retry_asks_first_and_buys_nothing_that_is_there(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 90.0)
    world.clock.sleep(50.0)
    assert order(world, "retry", ids=[1]) == {"ok": True, "count": 1}
    world.run(HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 1)


def test_retry_buys_what_still_says_failed(tmp_path: Path) -> None:
    world = one_failed(tmp_path, NEVER)
    order(world, "retry", ids=[1])
    assert world.raw.in_flight() == 0  # asked after, no more
    world.run(HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 2)
    assert world.raw.spend() == 2 * PRICE
    assert twice(world) == []


def test_retry_buys_what_the_provider_knows_no_more(tmp_path: Path) -> None:
    world = one_failed(tmp_path, NEVER)
    honest = world.provider.poll

    def poll(remote_id: str) -> Any:
        return Missing(transitions.slow(0)) if remote_id == "t0" else honest(remote_id)

    world.provider.poll = poll  # type: ignore[method-assign]
    order(world, "retry", ids=[1])
    world.run(HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 2)


def test_retry_waits_while_the_provider_cannot_be_asked_also_over_a_restart(tmp_path: Path) -> None:
    world = one_failed(tmp_path, NEVER)
    honest = world.provider.poll
    world.provider.poll = lambda remote_id: Fault(Trouble.SERVER, transitions.slow(0))  # type: ignore[method-assign]
    order(world, "retry", ids=[1])
    world.run(HOUR)
    world.restart()
    world.run(HOUR)
    assert len(world.provider.tasks) == 1
    world.provider.poll = honest  # type: ignore[method-assign]
    world.run(HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 2)


# --- bought anew meanwhile ------------------------------------------------------------------------------------


def test_bought_anew_by_retry_both_videos_are_kept_and_it_is_told_with_the_money(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 3000.0)
    order(world, "retry", ids=[1])
    world.run(2 * HOUR)
    assert states(world) == [State.DONE, State.DONE]
    assert {take.remote_id for take in world.takes()} == {"t0", "t1"}
    (said,) = twice(world)
    assert "t0" in said
    assert "t1" in said
    assert said.count("0.03 USD") == 2
    assert world.raw.spend() == 2 * PRICE
    world.again["text"] += 1
    world.check()


def test_bought_anew_by_redo_it_is_told(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 3000.0)
    order(world, "redo", ids=[1])
    world.run(2 * HOUR)
    assert states(world) == [State.DONE, State.DONE]
    assert len(twice(world)) == 1


def test_a_second_take_that_was_wanted_from_the_start_is_no_double_payment(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    failing(world, 3000.0)
    world.write("storyboard_a.json", ["text"], takes=2)
    world.run(2 * HOUR)
    assert states(world) == [State.DONE, State.DONE]
    assert twice(world) == []


def test_queued_again_and_not_sent_yet_it_is_not_bought(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 3000.0)
    order(world, "pause")
    order(world, "retry", ids=[1])
    world.run(2 * HOUR)
    order(world, "resume")
    world.run(2 * HOUR)
    assert (states(world), len(world.provider.tasks)) == ([State.DONE], 1)
    assert world.raw.spend() == PRICE


def test_both_fail_and_both_complete_after_all(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 20_000.0, 30_000.0)
    order(world, "retry", ids=[1])
    world.run(2 * DAY)
    assert states(world) == [State.DONE, State.DONE]
    assert len(twice(world)) == 1


# --- resolve --------------------------------------------------------------------------------------------------


def test_resolve_adopts_the_own_task_of_a_failed_take(tmp_path: Path) -> None:
    world = one_failed(tmp_path, 2 * DAY)
    world.run(3 * DAY)
    assert states(world) == [State.FAILED]
    assert order(world, "resolve", id=1, how="adopt", remote_id="t0") == {"ok": True, "count": 1}
    world.run(HOUR)
    assert (states(world), world.raw.spend()) == ([State.DONE], PRICE)


def test_resolve_neither_resends_a_failed_take_nor_gives_it_the_task_of_another(tmp_path: Path) -> None:
    world = one_failed(tmp_path, NEVER)
    world.write("storyboard_b.json", ["other"])
    until(world, lambda take: take.state is State.DONE)
    assert order(world, "resolve", id=1, how="resend")["problem"]
    assert "command.owned" in order(world, "resolve", id=1, how="adopt", remote_id="t1")["problem"]


# --- undoing a rule is found ----------------------------------------------------------------------------------


def test_without_the_looks_the_histories_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "has_failed", lambda before, after: False)
    assert is_found(run_all, "given up too early")


def test_without_a_place_beside_the_other_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqliteLedger, "deliver_beside", lambda ledger, take, change, output, now: take)
    world = one_failed(tmp_path, 3000.0)
    order(world, "retry", ids=[1])
    world.run(2 * HOUR)
    world.again["text"] += 1
    with pytest.raises(AssertionError, match="nobody knows"):
        world.check()


def test_a_retry_that_does_not_ask_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands.transitions, "ask_first", transitions.buy_anew)
    with pytest.raises(AssertionError):
        test_retry_asks_first_and_buys_nothing_that_is_there(tmp_path)


def test_a_double_payment_that_is_not_told_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck_failed, "_tell", lambda *_told: None)
    with pytest.raises(ValueError, match="unpack"):
        test_bought_anew_by_retry_both_videos_are_kept_and_it_is_told_with_the_money(tmp_path)
