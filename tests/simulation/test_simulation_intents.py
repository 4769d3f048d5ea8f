"""With the ledger lost while a create is open, the intent in the folder tells of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from turns import Died
from world import SAID, Odds, World

from sorad.engine.steps import submit as submitting
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.layout import INTENT
from sorad.model import Request, State
from sorad.providers.base import Created, Fault, Refused, Trouble, Unknown

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))


def calm_world(folder: Path, *, lists: bool = True) -> World:
    return World(1, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)), lists=lists)


def lose_answer(world: World, *, accepted: bool) -> None:
    """The answer to the first create is lost, ``accepted`` or not; and its list, until :func:`until_lost`."""
    world.odds.list_fault = 1.0
    honest, seen = world.provider.create, []

    def create(request: Request, own_id: str = "") -> Created:
        seen.append(request)
        if len(seen) > 1:
            return honest(request)
        if accepted:
            honest(request)
        return LOST

    world.provider.create = create  # type: ignore[method-assign]


def lose_ledger(world: World) -> None:
    world.ledger.close()
    for file in (world.folder / "state").glob("ledger.sqlite3*"):
        file.unlink()
    world.start()


def notes(world: World) -> list[Path]:
    return sorted(world.vault_dir.rglob(f"*{INTENT}"))


def until_lost(world: World) -> None:
    """Run until the first create's answer is lost."""
    while not any(take.state is State.UNKNOWN for take in world.takes()):
        world.run(0.5)
    assert len(notes(world)) == 1
    world.odds.list_fault = 0.0


@pytest.mark.parametrize("accepted", [True, False])
def test_a_create_that_is_open_when_the_ledger_is_lost_is_paid_for_once(
    tmp_path: Path, accepted: bool
) -> None:
    world = calm_world(tmp_path)
    lose_answer(world, accepted=accepted)
    world.write("storyboard_a.json", ["text"], takes=2)
    until_lost(world)
    lose_ledger(world)
    world.list_is_proved()
    world.run(3600)
    assert world.bought() == Counter({"text": 2})
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    assert notes(world) == []
    world.check()


def test_without_a_list_it_waits_for_the_user_after_the_loss_too(tmp_path: Path) -> None:
    world = calm_world(tmp_path, lists=False)
    lose_answer(world, accepted=True)
    world.write("storyboard_a.json", ["text"])
    until_lost(world)
    lose_ledger(world)
    world.run(7200)
    assert world.bought() == Counter({"text": 1})
    (take,) = world.takes()
    assert (take.state, take.error and take.error.code) == (State.UNKNOWN, "take.unknown")
    assert world.raw.spend() == take.cost  # it counts until it is cleared up


@pytest.mark.parametrize("accepted", [True, False])
def test_an_open_create_of_an_earlier_text_is_delivered_or_dropped(tmp_path: Path, accepted: bool) -> None:
    world = calm_world(tmp_path)
    lose_answer(world, accepted=accepted)
    world.write("storyboard_a.json", ["old"])
    until_lost(world)
    world.write("storyboard_a.json", ["new"])
    lose_ledger(world)
    world.run(3600)
    assert world.bought() == Counter({"new": 1, **({"old": 1} if accepted else {})})
    states = {take.request.prompt: take.state for take in world.takes()}
    assert states == {"new": State.DONE, "old": State.DONE if accepted else State.CANCELLED}
    assert notes(world) == []


def test_an_old_copy_of_the_ledger_learns_of_it(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    lose_answer(world, accepted=True)
    world.control.pause(paused=True)
    world.write("storyboard_a.json", ["text"])
    world.run(10)
    file, copy = world.folder / "state" / "ledger.sqlite3", world.folder / "copy"
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()
    world.control.pause(paused=False)
    until_lost(world)
    world.ledger.close()
    for old in file.parent.glob("ledger.sqlite3*"):
        old.unlink()
    shutil.copy(copy, file)
    world.start()
    world.control.pause(paused=False)
    world.run(3600)
    assert world.bought() == Counter({"text": 1})
    assert [take.state for take in world.takes()] == [State.DONE]


def test_the_intent_goes_when_the_outcome_is_known(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    honest, answers = world.provider.create, [Refused(Fault(Trouble.RATE, SAID, "", 30.0))]
    there = []

    def create(request: Request, own_id: str = "") -> Created:
        there.append([note.name for note in notes(world)])
        return answers.pop() if answers else honest(request)

    world.provider.create = create  # type: ignore[method-assign]
    world.write("storyboard_a.json", ["text"])
    while len(there) < 1:
        world.run(0.5)
    assert notes(world) == []  # refused
    while len(there) < 2:
        world.run(0.5)
    assert notes(world) == []  # accepted: the receipt tells of it
    assert all(len(names) == 1 for names in there)


def test_an_intent_whose_create_was_refused_is_no_purchase_though_it_stayed_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends when the refusal is written down and the intent is not removed yet."""
    world = calm_world(tmp_path, lists=False)
    honest, answers = world.provider.create, []
    world.provider.create = lambda request, own_id="": answers.pop() if answers else honest(request)  # type: ignore[method-assign]
    world.write("ep2/storyboard_b.json", ["other"])  # the root is not empty without the first
    world.run(3600)
    answers.append(Refused(Fault(Trouble.RATE, SAID, "", 30.0)))
    board = world.write("ep1/storyboard_a.json", ["text"])
    with monkeypatch.context() as patch:

        def dies(*_takes: object) -> None:
            patch.undo()
            board.unlink()
            raise Died

        patch.setattr(submitting, "drop_intent", dies)
        while not world.deaths:
            world.run(0.5)
    assert len(notes(world)) == 1
    world.run(3600)
    assert notes(world) == []
    assert {take.request.prompt: take.state for take in world.takes()} == {
        "other": State.DONE,
        "text": State.CANCELLED,
    }
    world.check()


def test_what_no_folder_takes_is_not_bought_until_one_does(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    in_the_way = world.vault_dir / "storyboard_a_assets"
    in_the_way.write_text("a file has the folder's name")
    world.write("storyboard_a.json", ["text"])
    world.run(120)
    assert world.bought() == Counter()
    facts = from_ledger(world.raw, None, world.clock.time())
    assert [one.heavy for one in complaints(facts) if "Not bought" in one.problem.text()] == [True]
    in_the_way.unlink()
    world.run(3600)
    assert world.bought() == Counter({"text": 1})
    assert [(take.state, take.creates) for take in world.takes()] == [(State.DONE, 1)]


@pytest.mark.parametrize("open_create", [True, False])
def test_what_was_bought_for_a_storyboard_that_is_gone_is_fetched_though_the_ledger_is_lost(
    tmp_path: Path, open_create: bool
) -> None:
    world = calm_world(tmp_path)
    world.write("ep2/storyboard_b.json", ["other"])  # the root is not empty without the first
    if open_create:
        lose_answer(world, accepted=True)
    board = world.write("ep1/storyboard_a.json", ["text"])
    while world.bought()["text"] < 1:
        world.run(0.5)
    world.run(0.5)
    board.unlink()
    lose_ledger(world)
    world.odds.list_fault = 0.0
    world.run(2 * 3600)
    assert world.bought() == Counter({"text": 1, "other": 1})
    assert len(list((world.vault_dir / "ep1").rglob("*.mp4"))) == 1
    world.check()
    board.write_text('{"segments": [{"segment_index": 1, "prompt_text": "text"}]}', "utf-8")
    world.changed()
    world.run(3600)
    assert world.bought() == Counter({"text": 1, "other": 1})
