"""Gateways that take a task and answer as if they had not, or without an id: nothing is paid for twice."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from odd_answers import outcome
from seeds import in_blocks, is_found
from test_simulation_histories import run_all
from world import Odds, World

from sorad.engine.state import first_create
from sorad.model import State
from sorad.providers.base import Trouble
from sorad.providers.creates import proof
from sorad.providers.creates.proof import CreateAnswer
from sorad.providers.errors import refusals

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))


def live_at_a_gateway(seed: int, folder: Path) -> World:
    """A day at a gateway that often answers wrongly, with a user who says what became of what was lost."""
    world = World(seed, folder / f"g{seed}", lists=seed % 2 == 0)
    rng, odds = world.rng, world.odds
    odds.odd_answer, odds.no_id = 0.3, 0.1
    for event in range(rng.randrange(2, 5)):
        texts = [f"{event}-{n}" for n in range(rng.randrange(1, 5))]
        world.write(f"ep{event}/storyboard_{event}.json", texts, rng.choice([1, 1, 2]))
        for _deed in range(rng.randrange(1, 4)):
            world.run(rng.choice([1, 7, 60, 600, 3000]))
            world.command(rng.choice(["resolve", "resolve", "resume"]))
    world.run(3600)
    world.calm()
    world.settle()
    return world


@pytest.mark.timeout(300)
@in_blocks(0.12)
def test_no_gateway_breaks_a_promise(block: range) -> None:
    assert run_all(block, live_at_a_gateway) == []


class TestSeededFaults:
    """Each rule of the table that is undone is found as a double payment."""

    @pytest.mark.timeout(300)
    @pytest.mark.parametrize(
        ("undone", "first"),
        [
            (lambda said: said.status >= 500 and said.error, 5),
            (lambda said: said.status == 400 and proof.is_cut(said), 1),
            (lambda said: said.status in proof.TIMED_OUT, 7),
            (lambda said: said.status == 422, 11),
            (lambda said: said.status == 400 and bool(said.task), 43),
        ],
        ids=["server errors", "words of a time-out", "408", "no cause", "names a task"],
    )
    def test_without_one_rule_a_take_is_paid_for_twice(
        self, undone: Callable[[CreateAnswer], bool], first: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = proof.proof

        def without(said: CreateAnswer, refusals: proof.Refusals = ()) -> proof.Proof:
            return proof.Proof.REFUSED if undone(said) else honest(said, refusals)

        monkeypatch.setattr(proof, "proof", without)
        # What is refused for its parameters fails and is not tried again; here all of it is.
        monkeypatch.setattr(refusals, "refusal", lambda *said: (Trouble.RATE, False))
        assert is_found(lambda some: run_all(some, live_at_a_gateway), "was bought", tries=60, first=first)


# --- an answer that is not understood ---------------------------------------------------------------------


def at_a_gateway_without_ids(folder: Path, *, lists: bool) -> World:
    world = World(3, folder / "w", odds=Odds(**{**vars(CALM), "no_id": 1.0}), lists=lists)
    world.write("storyboard_a.json", [f"shot {n}" for n in range(6)])
    return world


def states(world: World) -> dict[State, int]:
    return {state: count for state, count in world.raw.counts().items() if count}


def test_one_create_leaves_and_no_other_while_its_answer_is_not_understood(tmp_path: Path) -> None:
    world = at_a_gateway_without_ids(tmp_path, lists=False)
    world.run(6 * 3600)
    assert world.provider.creates == 1
    assert states(world) == {State.UNKNOWN: 1, State.QUEUED: 5}
    (stop,) = world.control.stops
    assert stop.code == "provider.unreadable"
    assert "id_paths" in stop.problem.fix_text()
    (take,) = world.raw.takes(states=[State.UNKNOWN])
    kept = [event.problem.params.get("answer") for event in world.raw.history(take.id) if event.problem]
    assert any(kept)


def test_found_in_the_list_it_goes_on_one_at_a_time(tmp_path: Path) -> None:
    world = at_a_gateway_without_ids(tmp_path, lists=True)
    world.run(6 * 3600)
    assert states(world) == {State.DONE: 6}
    assert set(world.bought().values()) == {1}
    world.check()


def test_what_the_list_does_not_show_is_not_tried_again_by_itself(tmp_path: Path) -> None:
    world = at_a_gateway_without_ids(tmp_path, lists=True)
    accept = world.provider._accept
    world.provider._accept = lambda request: world.provider.tasks.pop(accept(request).remote_id)  # type: ignore[method-assign]
    world.run(6 * 3600)
    assert world.provider.creates == 1
    assert states(world) == {State.QUEUED: 6}
    assert [stop.code for stop in world.control.stops] == ["provider.unreadable"]


def test_another_place_for_ids_goes_on(tmp_path: Path) -> None:
    world = at_a_gateway_without_ids(tmp_path, lists=False)
    world.control.under(world.config.provider.model_dump(mode="json"))
    world.run(600)
    assert world.control.stops
    world.odds.no_id = 0.0  # the new paths find it
    world.restart(provider={"id_paths": ["made.up"]})
    world.control.under(world.config.provider.model_dump(mode="json"))
    world.run(3600)
    assert world.control.stops == ()
    assert states(world) == {State.UNKNOWN: 1, State.DONE: 5}


def test_html_cut_and_half_answers_stop_nothing_where_it_worked_before(tmp_path: Path) -> None:
    world = World(3, tmp_path / "w", odds=Odds(**vars(CALM)), lists=False)
    world.write("storyboard_a.json", ["first"])
    world.run(1800)
    world.provider.create = lambda request, own_id="": page  # type: ignore[method-assign,assignment]
    page = outcome(200, "<html>maintenance</html>", native=False)
    world.write("storyboard_b.json", ["second"])
    world.run(60)
    del world.provider.create  # type: ignore[attr-defined]
    assert world.control.stops == ()
    assert world.control.halt is None
    world.write("storyboard_c.json", ["third"])
    world.run(1800)
    assert states(world) == {State.DONE: 2, State.UNKNOWN: 1}


def test_a_web_page_at_an_address_that_never_worked_stops_buying_at_once(tmp_path: Path) -> None:
    world = World(3, tmp_path / "w", odds=Odds(**vars(CALM)), lists=False)
    page = outcome(200, "<html><title>Welcome</title></html>", native=False)
    left = []
    world.provider.create = lambda request, own_id="": (left.append(request), page)[1]  # type: ignore[method-assign,assignment]
    world.write("storyboard_a.json", ["a", "b", "c", "d"])
    world.run(30)
    assert len(left) == 1
    assert world.control.halt is not None
    assert "base_url" in world.control.halt.problem.fix_text()


# --- the first create at a place --------------------------------------------------------------------------


class Together:
    """How many creates were under way at once."""

    def __init__(self, world: World) -> None:
        self.most, self._now, honest = 0, 0, world.provider.create

        def create(request: object, own_id: str = "") -> object:
            self._now += 1
            self.most = max(self.most, self._now)
            world.turns.pause()
            try:
                return honest(request)  # type: ignore[arg-type]
            finally:
                self._now -= 1

        world.provider.create = create  # type: ignore[method-assign,assignment]


def test_the_first_create_leaves_alone_until_one_was_answered_with_a_task(tmp_path: Path) -> None:
    world = World(5, tmp_path / "w", odds=Odds(**{**vars(CALM), "lost_answer": 1.0}), lists=False)
    together = Together(world)
    world.write("storyboard_a.json", [f"shot {n}" for n in range(4)])
    world.run(300)
    assert together.most == 1
    world.odds.lost_answer = 0.0
    world.command("resume")  # creates that were lost in a row stopped the buying
    world.write("storyboard_b.json", ["one more"])
    world.run(3600)
    world.restart()
    assert world.control.first.knows(next(iter(world.raw.recall("answered"))))


def test_the_model_counts_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    world = World(5, tmp_path / "w", odds=Odds(**vars(CALM)))
    told = first_create.FirstCreates(world.raw)
    told.answered("https://a.invalid/v1 x")
    again = first_create.FirstCreates(world.raw)
    assert again.knows("https://a.invalid/v1 x")
    assert not again.knows("https://a.invalid/v1 y")
    with again.alone("https://a.invalid/v1 y") as one, again.alone("https://a.invalid/v1 y") as other:
        assert (one, other, again.busy) == (True, False, True)
    with again.alone("https://a.invalid/v1 x") as one, again.alone("https://a.invalid/v1 x") as other:
        assert (one, other, again.busy) == (True, True, False)
    assert not again.busy
