"""Each kind of ``find`` on the simulated clock: lists that lag, forget, drop texts, and show other people's tasks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from finding_lists import finds, shape_of
from seeds import in_blocks
from test_simulation_histories import run_all
from test_simulation_lookalikes import answers, calm_world
from world import SAID, World

from sorad.engine.decide import own_ids
from sorad.engine.decide.elimination import Eliminated
from sorad.engine.steps import reconcile, submit
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.layout import receipt_path
from sorad.model import Request, State, Take
from sorad.providers.base import Created, Fault, Refused, Trouble
from sorad.providers.finding import Find, new_own_id
from sorad.receipts.intents import intent_path
from sorad.receipts.receipt import read_receipt

TEXT = "a lantern on the river"
OTHER = Request("somebody else's", orientation="vertical")
LISTED = [Find.OWN_ID, Find.TAG, Find.TEXT, Find.TEXT_LATER, Find.ELIMINATION]


def lose(folder: Path, how: Find, fate: str = "accepted", **facts: Any) -> World:
    """One create's answer is lost, at a provider of that kind, whose list shows it a minute later."""
    world = calm_world(folder)
    world.provider.tells_date = True
    finds(world.provider, how, **{"late": 60.0, **facts})
    answers(world, fate)
    world.write("storyboard_a.json", [TEXT])
    while not world.takes() or not world.takes()[0].creates:
        world.run(0.5)
    return world


def twin(world: World, own_id: str = "") -> None:
    """Somebody else buys the same at the same moment."""
    take = the_take(world)
    world.provider.neighbour(take.request)
    one = world.provider.foreign[-1]
    ours = [task.created_at for task in world.provider.tasks.values()]
    one.own_id, one.created_at = own_id, ours[0] if ours else take.intent_at or 0.0


def the_take(world: World) -> Take:
    (take,) = world.takes()
    return take


def ended(world: World, hours: float = 3.0) -> tuple[int, State, str]:
    """How often it was paid for, after so many hours, how its take stands, and with which problem."""
    world.run(hours * 3600)
    take = the_take(world)
    code = "" if take.state is State.DONE or take.error is None else take.error.code
    return world.bought()[TEXT], take.state, code


@pytest.mark.parametrize("how", LISTED)
@pytest.mark.parametrize("fate", ["accepted", "lost"])
def test_a_lost_create_is_found_or_sent_again(tmp_path: Path, how: Find, fate: str) -> None:
    world = lose(tmp_path, how, fate)
    world.provider.neighbour(OTHER)
    first = the_take(world).own_id
    assert ended(world) == (1, State.DONE, "")
    world.check()
    assert the_take(world).own_id == first


def test_where_there_is_no_list_the_user_is_asked(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.NONE)
    assert ended(world) == (1, State.UNKNOWN, "take.unknown")
    assert "has no list of tasks" in str(the_take(world).error)


@pytest.mark.parametrize("how", LISTED)
@pytest.mark.parametrize("fate", ["accepted", "lost"])
def test_a_list_that_drops_texts_and_ids_is_no_proof(tmp_path: Path, how: Find, fate: str) -> None:
    world = lose(tmp_path, how, fate, drops=True)
    for _number in range(2):
        twin(world)
    assert ended(world) == (int(fate == "accepted"), State.UNKNOWN, "take.several")


@pytest.mark.parametrize("how", [Find.OWN_ID, Find.TAG])
@pytest.mark.parametrize("fate", ["accepted", "lost"])
def test_others_of_the_same_text_and_shape_are_told_apart_by_ids(
    tmp_path: Path, how: Find, fate: str
) -> None:
    world = lose(tmp_path, how, fate)
    for number in range(3):
        twin(world, f"sorad-{number}")
    assert ended(world) == (1, State.DONE, "")
    world.check()


@pytest.mark.parametrize(
    ("fate", "told"), [("accepted", (1, State.DONE, "")), ("lost", (0, State.UNKNOWN, "take.several"))]
)
def test_a_row_without_an_id_keeps_a_create_back(
    tmp_path: Path, fate: str, told: tuple[int, State, str]
) -> None:
    world = lose(tmp_path, Find.OWN_ID, fate)
    twin(world)
    assert ended(world) == told


@pytest.mark.parametrize("how", [Find.TEXT, Find.TEXT_LATER, Find.ELIMINATION])
def test_without_ids_they_are_for_the_user(tmp_path: Path, how: Find) -> None:
    world = lose(tmp_path, how)
    twin(world)
    assert ended(world) == (1, State.UNKNOWN, "take.several")


def test_two_tasks_with_one_id_are_for_the_user(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.OWN_ID)
    twin(world, the_take(world).own_id)
    assert ended(world) == (1, State.UNKNOWN, "take.several")


def test_what_was_sent_and_its_id_stand_in_ledger_intent_and_receipt(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.OWN_ID)
    take = the_take(world)
    assert take.said == {**shape_of(take.request), "found_by": "own_id"}
    intent = read_receipt(intent_path(Path(take.output)))
    assert intent is not None
    assert (intent.own_id, intent.sent) == (take.own_id, take.sent)
    ended(world)
    receipt = read_receipt(receipt_path(Path(take.output)))
    assert receipt is not None
    assert (receipt.own_id, receipt.sent) == (take.own_id, take.sent)


def test_a_ledger_that_is_lost_with_the_answer_learns_the_id_from_the_folder(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.OWN_ID)
    own_id = the_take(world).own_id
    world.ledger.close()
    for file in (tmp_path / "w" / "state").glob("ledger.sqlite3*"):
        file.unlink()
    world.lost = True
    world.live(world.start)
    world.list_is_proved()
    world.run(5.0)
    assert the_take(world).own_id == own_id
    assert ended(world) == (1, State.DONE, "")


def test_a_new_purchase_goes_by_a_new_id(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.OWN_ID)
    ended(world)
    first = the_take(world)
    world.raw.post("redo", {"ids": [first.id]}, world.clock.time())
    world.commanded = True
    world.run(3600)
    ids = [task.own_id for task in world.provider.tasks.values()]
    assert len(ids) == len(set(ids)) == 2


def test_exact_elimination_lets_one_of_a_shape_leave_at_a_time(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    world.provider.tells_date = True
    finds(world.provider, Find.ELIMINATION, exact=True)
    answers(world, "accepted", "accepted")
    world.write("storyboard_a.json", [TEXT, "another"])
    world.run(3 * 3600)
    assert [take.state for take in world.takes()] == [State.DONE, State.DONE]
    assert set(world.bought().values()) == {1}
    world.check()


# --- seeded faults ----------------------------------------------------------------------------------------


def lags(folder: Path) -> World:
    """The list shows a task after four minutes, and is said to within five."""
    return lose(folder, Find.OWN_ID, seen_after=300.0, late=240.0)


def test_not_there_counts_only_once_it_must_be_there(tmp_path: Path) -> None:
    assert ended(lags(tmp_path / "a")) == (1, State.DONE, "")
    world = lags(tmp_path / "b")
    hasty = replace(world.provider.capabilities.finding, seen_after=0.0)
    world.provider.capabilities = replace(world.provider.capabilities, finding=hasty)
    assert ended(world)[0] == 2


def forgets(folder: Path, how: Find) -> World:
    """The list forgets within the hour, and cannot be read for that long."""
    world = lose(folder, how, kept_for=3_000.0, forgets=3_000.0, late=120.0)
    world.provider.unreadable = True
    world.run(3_600.0)
    world.provider.unreadable = False
    return world


@pytest.mark.parametrize("how", LISTED)
def test_not_there_counts_only_while_it_is_remembered(tmp_path: Path, how: Find) -> None:
    assert ended(forgets(tmp_path / "a", how)) == (1, State.UNKNOWN, "take.unknown")
    world = forgets(tmp_path / "b", how)
    endless = replace(world.provider.capabilities.finding, kept_for=float("inf"))
    world.provider.capabilities = replace(world.provider.capabilities, finding=endless)
    assert ended(world)[0] == 2


def test_the_nearest_of_several_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def two_of_a_shape(folder: Path) -> World:
        world = lose(folder, Find.ELIMINATION)
        twin(world)
        world.provider.foreign[-1].created_at = the_take(world).intent_at or 0.0
        return world

    assert ended(two_of_a_shape(tmp_path / "a")) == (1, State.UNKNOWN, "take.several")

    def nearest(view: Any) -> Eliminated:
        rows = sorted(view.listed.tasks, key=lambda row: abs((row.created_at or 0.0) - view.intent_at))
        return Eliminated(rows[0]) if rows else Eliminated()

    monkeypatch.setattr(reconcile, "eliminated", nearest)
    world = two_of_a_shape(tmp_path / "b")
    with pytest.raises((AssertionError, KeyError)):  # another's task was made ours
        ended(world)


def late_and_unique(folder: Path) -> World:
    """The list shows a task later than it is said to, but ids are refused where they come twice."""
    return lose(folder, Find.OWN_ID, seen_after=120.0, late=600.0, unique=True)


def test_what_is_sent_again_goes_by_the_same_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = late_and_unique(tmp_path / "a")
    assert ended(world) == (1, State.DONE, "")
    assert any(event.note == own_ids.REFUSED_AGAIN for event in world.raw.history(the_take(world).id))
    monkeypatch.setattr(submit, "own_id_of", lambda take, place: new_own_id())
    assert ended(late_and_unique(tmp_path / "b"))[0] == 2


def refusing(folder: Path, *, accepts: bool) -> World:
    """The first create is answered with 429, taken on all the same or not; what is sent again, as a wrong parameter."""
    world = calm_world(folder)
    world.provider.tells_date = True
    finds(world.provider, Find.OWN_ID, late=60.0, unique=accepts)
    honest, left = (
        world.provider.create,
        [Refused(Fault(Trouble.RATE, SAID)), Refused(Fault(Trouble.REQUEST, SAID))],
    )

    def create(request: Request, own_id: str = "") -> Created:
        if accepts or len(left) < 2:
            answer = honest(request, own_id) if accepts else left[0]
            return left.pop(0) if len(left) == 2 else answer
        return left.pop(0)

    world.provider.create = create  # type: ignore[method-assign]
    world.write("storyboard_a.json", [TEXT])
    return world


def test_a_true_refusal_after_a_429_is_a_refusal_once_the_list_must_show_the_first(tmp_path: Path) -> None:
    world = refusing(tmp_path / "a", accepts=False)
    assert ended(world) == (0, State.FAILED, SAID.code)
    assert (the_take(world).creates, world.raw.spend()) == (0, 0)
    assert ended(refusing(tmp_path / "b", accepts=True)) == (1, State.DONE, "")


@pytest.mark.parametrize("fate", ["accepted", "lost"])
def test_a_task_that_runs_for_ever_has_the_user_asked_soon_and_nothing_sent(
    tmp_path: Path, fate: str
) -> None:
    world = lose(tmp_path, Find.TEXT_LATER, fate)
    world.provider.neighbour(Request("somebody else's"))
    for task in world.provider.all_tasks():
        task.ready_at = math.inf
    assert ended(world, 0.5) == (fate == "accepted", State.UNKNOWN, "take.unfinished")
    told = {one.problem.code: one for one in complaints(from_ledger(world.raw, None, world.clock.now))}
    assert "still run" in told["take.unfinished"].problem.text()
    assert not told["take.unfinished"].heavy
    assert ended(world, 0.2) == (fate == "accepted", State.UNKNOWN, "take.unknown")
    for task in world.provider.all_tasks():
        task.ready_at = world.clock.now
    # the looks go on
    told_apart = (1, State.DONE, "") if fate == "accepted" else (0, State.UNKNOWN, "take.several")
    assert ended(world, 1.0) == told_apart


def test_a_true_refusal_of_what_was_sent_again_is_for_the_user(tmp_path: Path) -> None:
    world = lose(tmp_path, Find.OWN_ID, "lost", unique=True)
    world.provider.odds.refused = 1.0  # its parameters are no longer taken
    assert ended(world) == (0, State.UNKNOWN, "take.unknown")


# --- histories --------------------------------------------------------------------------------------------


def live(seed: int, folder: Path) -> World:
    """A day of lost answers, at a provider of any kind, with neighbours, deaths and a list that is late or forgets."""
    world = World(seed, folder / f"f{seed}")
    rng, odds, provider = world.rng, world.odds, world.provider
    odds.lost_answer, odds.lost_request, odds.repeats, odds.refused = 0.3, 0.15, 0.0, 0.0
    how = list(Find)[seed % len(Find)]
    late = rng.choice([0.0, 30.0, 110.0])
    finds(provider, how, late=late, unique=rng.random() < 0.5, exact=rng.random() < 0.5)
    provider.date_skew = provider.skew
    for event in range(rng.randrange(2, 4)):
        texts = [f"scene {event}-{n}" for n in range(rng.randrange(1, 4))]
        world.write(f"ep{event}/storyboard_{event}.json", texts)
        for _moment in range(rng.randrange(2, 6)):
            world.run(rng.choice([0.5, 1, 3, 20, 130, 600]))
            other = Request(rng.choice(texts)) if how.by_id else OTHER
            if rng.random() < 0.4:
                provider.neighbour(other)
            if rng.random() < 0.2:
                world.command("resolve")
    world.run(3600)
    world.calm()
    world.settle()
    return world


@pytest.mark.timeout(300)
@in_blocks(0.08)
def test_no_kind_of_find_breaks_a_promise(block: range) -> None:
    assert run_all(block, live) == []
