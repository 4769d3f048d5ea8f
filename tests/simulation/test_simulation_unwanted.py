"""What is no longer wanted while its create is open is not bought; what nobody can tell holds no slot for ever."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from world import SAID, Odds, World

from sorad.engine.run.commands import Commands
from sorad.model import Request, State
from sorad.providers.base import Accepted, Created, Fault, Refused, Trouble, Unknown


def calm_world(folder: Path, *, lists: bool = True, reuse: str = "folder") -> World:
    return World(1, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)), lists=lists, reuse=reuse)


def first_answers(world: World, outcome: Created, meanwhile: Callable[[], object]) -> None:
    """The first create meets ``outcome``, and something happens before its answer is written down."""
    honest, seen = world.provider.create, []

    def create(request: Request, own_id: str = "") -> Created:
        seen.append(request)
        if len(seen) > 1:
            return honest(request)
        meanwhile()
        world.changed()
        for _turn in range(3):  # seen, settled, read
            world.vault.turn()
            world.clock.now += 2.5
        return outcome

    world.provider.create = create  # type: ignore[method-assign]


def command(world: World, verb: str, args: dict[str, object]) -> None:
    """The user says something, and it is carried out."""
    world.raw.post(verb, args, world.clock.time())
    Commands(world.context, world.vault.rescan).run()


LOST = Unknown(Fault(Trouble.SERVER, SAID))
BUSY = Refused(Fault(Trouble.RATE, SAID, "", 5.0))


@pytest.mark.parametrize("outcome", [LOST, BUSY], ids=["lost", "refused"])
def test_an_edit_while_a_create_is_open_keeps_the_old_text_from_being_sent_again(
    tmp_path: Path, outcome: Created
) -> None:
    world = calm_world(tmp_path)
    first_answers(world, outcome, lambda: world.write("storyboard_a.json", ["new"]))
    world.write("storyboard_a.json", ["old"])
    world.run(3600)
    assert world.bought() == Counter({"new": 1})
    assert {take.request.prompt: take.state for take in world.takes()} == {
        "old": State.CANCELLED,
        "new": State.DONE,
    }


@pytest.mark.parametrize("outcome", [LOST, BUSY], ids=["lost", "refused"])
@pytest.mark.parametrize("damage", ["deleted", "invalid"])
def test_a_storyboard_that_is_gone_or_wrong_buys_nothing_more_until_it_is_back(
    tmp_path: Path, outcome: Created, damage: str
) -> None:
    world = calm_world(tmp_path)
    board = world.write("storyboard_a.json", ["text"])
    world.write("storyboard_b.json", ["other"])  # the root is not empty without it
    text = board.read_text("utf-8")
    first_answers(
        world, outcome, board.unlink if damage == "deleted" else lambda: board.write_text('{"segments": 1}')
    )
    world.run(3600)
    assert len(world.bought()) == 1
    board.write_text(text, "utf-8")
    world.changed()
    world.run(3600)
    assert world.bought() == Counter({"text": 1, "other": 1})
    assert {take.state for take in world.takes()} == {State.DONE}


def test_a_text_that_is_wanted_again_is_sent_again(tmp_path: Path) -> None:
    world = calm_world(tmp_path)

    def hesitate() -> None:
        world.write("storyboard_a.json", ["new"])
        world.run(5)
        world.write("storyboard_a.json", ["old"])

    first_answers(world, LOST, hesitate)
    world.write("storyboard_a.json", ["old"])
    world.run(3600)
    assert world.bought()["old"] == 1


def test_retry_of_all_leaves_what_no_storyboard_asks_for(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    first_answers(world, Refused(Fault(Trouble.REQUEST, SAID)), lambda: None)
    world.write("storyboard_a.json", ["old"])
    world.run(600)
    world.write("storyboard_a.json", ["new"])
    world.run(3600)
    old = next(take for take in world.takes() if take.request.prompt == "old")
    assert (old.state, old.wanted) == (State.FAILED, False)
    command(world, "retry", {})
    world.run(3600)
    assert world.bought() == Counter({"new": 1})
    command(world, "retry", {"ids": [old.id]})
    world.run(3600)
    assert world.bought() == Counter({"new": 1, "old": 1})


def test_unknown_creates_that_wait_for_the_user_free_their_slots_in_time(tmp_path: Path) -> None:
    world = calm_world(tmp_path, lists=False)
    honest, lost = world.provider.create, 4  # as many as may be in flight

    def create(request: Request, own_id: str = "") -> Created:
        nonlocal lost
        answer = honest(request)
        lost -= 1
        return LOST if lost >= 0 and isinstance(answer, Accepted) else answer

    world.provider.create = create  # type: ignore[method-assign]
    world.write("storyboard_a.json", [f"p{n}" for n in range(6)])
    world.run(600)
    assert Counter(take.state for take in world.takes()) == {
        State.UNKNOWN: 3,
        State.QUEUED: 3,
    }  # it stops buying
    command(world, "resume", {})
    world.run(600)
    assert Counter(take.state for take in world.takes()) == {State.UNKNOWN: 4, State.QUEUED: 2}
    world.run(3 * 3600)
    assert Counter(take.state for take in world.takes()) == {State.UNKNOWN: 4, State.DONE: 2}
    # one of them is adopted long after: it is polled as slowly as it has waited, and counts no slot
    take = next(take for take in world.takes() if take.state is State.UNKNOWN)
    task = next(task for task in world.provider.tasks.values() if task.request == take.request)
    command(world, "resolve", {"id": take.id, "how": "adopt", "remote_id": task.remote_id})
    world.run(3600)
    assert Counter(take.state for take in world.takes()) == {State.UNKNOWN: 3, State.DONE: 3}
    world.check()


@pytest.mark.parametrize("delivered", [True, False])
def test_a_storyboard_renamed_over_another_costs_no_video_of_the_same_text(
    tmp_path: Path, delivered: bool
) -> None:
    """Both have a take of that text, whose videos would have the same name in the same folder."""
    world = calm_world(tmp_path, reuse="never")
    first = world.write("storyboard_r.json", ["one"])
    world.run(3600 if delivered else 60)
    second = world.write("storyboard_a.json", ["one", "two"])
    while sum(world.bought().values()) < 3:
        world.run(1)
    assert any(take.state is State.GENERATING for take in world.takes())
    first.replace(second)
    world.changed()
    world.run(3600)
    assert world.bought() == Counter({"one": 2, "two": 1})
    world.check()
    assert len({take.output for take in world.takes()}) == 3
    assert len(list(world.vault_dir.rglob("*.mp4"))) == 3
