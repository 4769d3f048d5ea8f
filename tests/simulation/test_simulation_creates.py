"""``max_creates_per_take``: so many creates ever leave for one take by themselves, whatever else goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Union

import pytest
from world import SAID, Died, Odds, World

from sorad.engine.decide.ambiguous import waits_for_user
from sorad.engine.run.commands import Commands
from sorad.model import Request, State, Take
from sorad.providers.base import Accepted, Created, Fault, NotSent, Refused, Trouble, Unknown

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))
BUSY = Refused(Fault(Trouble.RATE, SAID, "", 5.0))
HELD_BACK = NotSent(Fault(Trouble.TRANSPORT, SAID))
Outcome = Union[Created, "type[Died]"]


def world_of(folder: Path, answer: Callable[[int], Outcome], **limits: int) -> tuple[World, list[Request]]:
    """One take is wanted; its creates are never accepted. What becomes of the n-th is told by ``answer``."""
    left: list[Request] = []
    base = {"concurrency": 4, "safe_concurrency": 2, "jitter_seconds": [0.5, 3.0]}
    settings: dict[str, Any] = {"limits": {**base, **limits}}
    world = World(1, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)), settings=settings)

    def create(request: Request, own_id: str = "") -> Created:
        left.append(request)
        outcome = answer(len(left))
        if outcome is Died:
            raise Died
        assert not isinstance(outcome, type)
        return outcome

    world.provider.create = create  # type: ignore[method-assign]
    world.write("storyboard_a.json", ["never accepted"])
    return world, left


def the_take(world: World) -> Take:
    (take,) = world.takes()
    return take


def asks(world: World) -> bool:
    """Whether the user is asked, and told how to go on."""
    take = the_take(world)
    return waits_for_user(take) and take.error is not None and "sorad resolve" in take.error.fix_text()


@pytest.mark.parametrize(
    ("limits", "most"), [({}, 2), ({"max_creates_per_take": 1}, 1), ({"max_creates_per_take": 3}, 3)]
)
@pytest.mark.parametrize("outcome", [LOST, Died], ids=["lost", "died"])
def test_no_more_than_the_limit_leave_and_then_the_user_is_asked(
    tmp_path: Path, outcome: Outcome, limits: dict[str, int], most: int
) -> None:
    world, left = world_of(tmp_path, lambda number: outcome, **limits)
    world.run(7200)
    assert len(left) == most
    assert asks(world)
    world.live(world.start)  # a restart asks again, and sends nothing
    world.run(3600)
    assert len(left) == the_take(world).creates == most
    assert asks(world)


def test_the_user_may_have_another_one_sent(tmp_path: Path) -> None:
    world, left = world_of(tmp_path, lambda number: LOST if number < 3 else Accepted("t0", "req", 1))
    world.run(3600)
    assert len(left) == 2
    world.provider._accept(left[0])
    world.provider.tasks["t0"].listed_at = world.clock.now + 1e9
    world.raw.post("resolve", {"id": the_take(world).id, "how": "resend"}, world.clock.time())
    Commands(world.context, world.vault.rescan).run()
    world.run(3600)
    assert (len(left), the_take(world).state) == (3, State.DONE)


def test_a_create_that_the_user_has_sent_again_is_looked_for_as_long_as_any_other(tmp_path: Path) -> None:
    """What was looked for in vain before says nothing of it, though it is the first of its take once more."""

    def answer(number: int) -> Outcome:
        provider = world.provider
        task = provider._accept(left[-1] if number == 2 else Request("a neighbour's"))
        task.listed_at = world.clock.now + (60 if number == 2 else 0)
        return LOST if number < 3 else Accepted(task.remote_id, "req", 1)

    world, left = world_of(tmp_path, answer)
    world.run(900)
    assert len(left) == 1
    assert asks(world)
    world.raw.post("resolve", {"id": the_take(world).id, "how": "resend"}, world.clock.time())
    Commands(world.context, world.vault.rescan).run()
    world.run(7200)
    assert (len(left), the_take(world).state) == (2, State.DONE)


def test_what_did_not_leave_or_was_refused_does_not_count(tmp_path: Path) -> None:
    answers: list[Outcome] = [HELD_BACK, BUSY, LOST, BUSY, HELD_BACK, LOST]
    world, left = world_of(tmp_path, lambda number: answers[number - 1])
    world.run(7200)
    assert len(left) == len(answers)
    assert asks(world)


def test_a_lower_limit_counts_for_what_has_left_already(tmp_path: Path) -> None:
    world, left = world_of(tmp_path, lambda number: LOST if number == 1 else BUSY)
    while the_take_is(world, State.QUEUED, creates=1) is None:
        world.run(10)
    sent = len(left)
    world.restart(limits={"max_creates_per_take": 1})
    world.run(3600)
    take = the_take(world)
    assert len(left) == sent
    assert take.state is State.FAILED
    assert take.error is not None
    assert take.error.code == "take.creates"


def the_take_is(world: World, state: State, creates: int) -> Take | None:
    takes = world.takes()
    return next((take for take in takes if (take.state, take.creates) == (state, creates)), None)
