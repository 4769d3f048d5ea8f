"""What is refused with 429: it costs nothing, makes no take fail, and is looked for before the next try."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Callable

import pytest
from odd_lists import OddList
from test_simulation_creates import BUSY, LOST
from test_simulation_lookalikes import PICTURES, bought, calm_world, pictures, shown
from world import PRICE, World

from sorad.engine.steps import recheck_refused, submit
from sorad.model import Request, State
from sorad.providers.base import Created, Fault, Refused, RemoteTask, Trouble
from sorad.providers.errors import faults


def answer(world: World, fate: Callable[[int, Request], str]) -> list[tuple[float, str]]:
    """What becomes of each create, told by its number and request: ``refused``, ``refused and accepted``, ``lost``,
    ``lost and accepted`` or ``answered``. Returns when which text left."""
    honest, left = world.provider.create, list[tuple[float, str]]()

    def create(request: Request, own_id: str = "") -> Created:
        left.append((world.clock.now, request.prompt))
        told = fate(len(left), request)
        answered = honest(request) if told == "answered" or told.endswith("accepted") else None
        for task in world.provider.tasks.values():
            task.listed_at = task.created_at
        if told.startswith("lost"):
            return LOST
        return BUSY if answered is None or told != "answered" else answered

    world.provider.create = create  # type: ignore[method-assign]
    return left


def test_a_day_of_429_makes_no_take_fail_and_spends_nothing(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    left = answer(world, lambda number, request: "refused")
    world.write("storyboard_a.json", ["never"])
    world.run(86_400)
    (take,) = world.takes()
    assert (take.state, take.creates, world.raw.spend()) == (State.QUEUED, 0, 0)
    assert not world.raw.bought(take.id)
    waits = [later - sooner for (sooner, _a), (later, _b) in zip(left, left[1:])]
    assert all(wait <= 70 for wait in waits[:11])
    assert [round(wait, -2) for wait in waits[11:15]] == [600, 1200, 1800, 2400]


def test_one_that_is_refused_again_and_again_holds_up_no_other(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused" if request.prompt == "bad" else "answered")
    world.write("storyboard_a.json", ["bad", *(f"good {n}" for n in range(5))])
    world.run(2 * 3600)
    assert Counter(take.state for take in world.takes()) == {State.DONE: 5, State.QUEUED: 1}


@pytest.mark.parametrize("takes", [1, 2])
def test_what_was_accepted_with_a_429_is_adopted_and_not_bought_again(tmp_path: Path, takes: int) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused and accepted" if number <= takes else "answered")
    world.write("storyboard_a.json", ["text"], takes=takes)
    world.run(3 * 3600)
    assert world.bought() == {"text": takes}
    assert [take.state for take in world.takes()] == [State.DONE] * takes
    assert world.raw.spend() == takes * PRICE
    world.check()


def test_what_was_accepted_without_money_is_adopted_once_there_is_some(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused and accepted" if number == 1 else "answered")
    busy, short = world.provider.create, faults.fault(Trouble.BALANCE, "no money", status=429)

    def create(request: Request, own_id: str = "") -> Created:
        came = busy(request, own_id)
        return Refused(short) if isinstance(came, Refused) else came

    world.provider.create = create  # type: ignore[method-assign]
    world.write("storyboard_a.json", ["text"])
    world.run(3 * 3600)
    assert world.bought() == {"text": 1}
    assert [take.state for take in world.takes()] == [State.DONE]


def test_a_list_that_is_dated_by_another_zone_is_read_as_far_back(tmp_path: Path) -> None:
    world = calm_world(tmp_path, proved=False)
    world.provider.list = OddList(off=-8 * 3600.0)
    answer(world, lambda number, request: "refused and accepted" if number == 2 else "answered")
    world.write("storyboard_a.json", ["first"])
    world.run(3600)
    world.write("storyboard_b.json", ["text"])
    world.run(3 * 3600)
    assert world.bought() == {"first": 1, "text": 1}


def test_a_task_that_is_listed_late_is_told_when_it_was_bought_again(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused and accepted" if number == 1 else "answered")
    shown(world, lambda task, request: None if world.clock.now < task.created_at + 60 else task)
    world.write("storyboard_a.json", ["text"])
    world.run(3 * 3600)
    (take,) = world.takes()
    assert world.bought() == {"text": 2}
    assert "paid too" in [event.note for event in world.raw.history(take.id)]


def test_what_looks_much_like_it_is_for_the_user(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused and accepted" if number == 1 else "answered")
    prompt = "A cat walks slowly over the old bridge at night, in the rain"
    shown(world, lambda task, request: RemoteTask(task.remote_id, f"{prompt[:45]}...", task.created_at))
    world.write("storyboard_a.json", [prompt])
    world.run(3 * 3600)
    (take,) = world.takes()
    assert world.bought() == {prompt: 1}
    assert (take.state, take.error and take.error.code) == (State.UNKNOWN, "take.several")
    assert world.raw.spend() == PRICE


@pytest.mark.parametrize("how", ["", "lower", "translated", "rewritten", "none"])
def test_so_is_any_task_of_its_time_where_the_list_is_known_to_rewrite_texts(
    tmp_path: Path, how: str
) -> None:
    world = calm_world(tmp_path, proved=False)
    world.provider.list = OddList(how=how)
    answer(world, lambda number, request: "refused and accepted" if number == 2 else "answered")
    world.write("storyboard_a.json", ["The first One"])
    world.run(3600)
    assert world.seen().verbatim is (how in ("", "lower"))
    world.write("storyboard_b.json", ["Then Another"])
    world.run(3 * 3600)
    last = world.takes()[-1]
    assert world.bought() == {"The first One": 1, "Then Another": 1}
    assert (last.state, last.error and last.error.code) == (
        (State.UNKNOWN, "take.several") if how else (State.DONE, None)
    )


@pytest.mark.parametrize("how", ["lower", "translated", "none"])
def test_so_is_it_where_the_list_has_not_shown_yet_how_it_shows_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def first(folder: Path) -> World:
        world = calm_world(folder, proved=False)
        world.provider.list = OddList(how=how)
        answer(world, lambda number, request: "refused and accepted" if number == 1 else "answered")
        world.write("storyboard_a.json", ["The first One"])
        world.run(3 * 3600)
        return world

    world = first(tmp_path / "a")
    assert world.bought() == {"The first One": 1}
    assert [take.error and take.error.code for take in world.takes()] == ["take.several"]
    if how != "lower":
        monkeypatch.setattr(recheck_refused, "_much_like_it", lambda view: None)
        assert first(tmp_path / "b").bought() == {"The first One": 2}


def test_a_first_429_beside_others_asks_nobody_once_another_take_shows_how_texts_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beside(folder: Path) -> World:
        """A neighbour buys something of our length while the first create is refused, and long before."""
        world = calm_world(folder, proved=False)
        world.provider.neighbour(Request("long before"))
        world.run(60)
        left = answer(world, lambda number, request: "refused" if number == 1 else "answered")
        world.write("storyboard_a.json", ["one"])
        while not left:
            world.run(0.1)
        world.provider.neighbour(Request("meanwhile"))
        world.run(15)
        world.write("storyboard_b.json", ["two"])
        world.run(3 * 3600)
        return world

    world = beside(tmp_path / "a")
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    monkeypatch.setattr(recheck_refused, "_waits_for_texts", lambda context, take, view: False)
    assert beside(tmp_path / "b").takes()[0].state is State.UNKNOWN


def test_tasks_of_others_keep_no_refused_take_back_where_the_list_shows_texts_as_they_are(
    tmp_path: Path,
) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused" if number in (2, 3) else "answered")
    world.write("storyboard_a.json", ["one"])
    world.run(3600)
    world.write("storyboard_b.json", ["two"])
    for number in range(20):
        world.run(5)
        world.provider.neighbour(Request(f"neighbour {number}"))
    world.run(3600)
    assert [take.state for take in world.takes()] == [State.DONE] * 2


def test_a_list_that_cannot_be_read_keeps_no_refused_take_for_good(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answer(world, lambda number, request: "refused" if number == 1 else "answered")
    world.provider.recent = lambda since, own_id="": Fault(Trouble.SERVER, BUSY.fault.problem)  # type: ignore[method-assign]
    world.write("storyboard_a.json", ["text"])
    world.run(3600)
    assert [take.state for take in world.takes()] == [State.DONE]


def test_refusals_between_lost_creates_leave_the_limit_as_it_is(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    left = answer(world, lambda number, request: "refused" if number % 2 else "lost")
    world.write("storyboard_a.json", ["text"])
    world.run(6 * 3600)
    (take,) = world.takes()
    assert len(left) == 4
    assert (take.state, take.creates, world.raw.spend()) == (State.UNKNOWN, 2, 2 * PRICE)


def test_the_task_of_an_earlier_refused_create_is_found_as_well(tmp_path: Path) -> None:
    """It shows on the list only after further creates were refused, and long before the last of them."""
    world = calm_world(tmp_path)
    answer(
        world,
        lambda number, request: (
            "refused and accepted" if number == 1 else "refused" if number < 16 else "answered"
        ),
    )
    shown(world, lambda task, request: None if world.clock.now < task.created_at + 2_000 else task)
    world.write("storyboard_a.json", ["text"])
    world.run(6 * 3600)
    assert world.bought() == {"text": 1}
    assert [take.state for take in world.takes()] == [State.DONE]


def test_what_may_be_the_task_of_another_refused_create_is_adopted_by_none(tmp_path: Path) -> None:
    """Two pictures of one text: the list shows no pictures."""
    world = calm_world(tmp_path)
    left = answer(world, lambda number, request: fate(request))
    met = set[str]()

    def fate(request: Request) -> str:
        """The second one's first create is accepted, after the first one's was refused."""
        first = request.image not in met
        met.add(request.image)
        return "refused and accepted" if first and request.image == PICTURES[1] else "refused"

    pictures(world)
    world.run(3600)
    assert (len(left) >= 2, bought(world)) == (True, Counter([PICTURES[1]]))
    assert [(one.remote_id, one.error and one.error.code) for one in world.takes()] == [
        ("", "take.several")
    ] * 2


def test_a_create_in_its_jitter_is_one_that_is_being_tried(tmp_path: Path) -> None:
    """After refusals creates are tried singly, however often the loop is woken meanwhile."""
    world = calm_world(tmp_path)
    left = answer(world, lambda number, request: "refused" if number == 1 else "answered")
    world.write("storyboard_a.json", ["one", "two", "three", "four"])
    while not left:
        world.run(0.5)
    while world.raw.in_flight():
        world.run(0.1)
    assert len(left) == 1
    world.clock.now += 3600
    for _woken in range(5):
        world.engine.turn()
    assert (len(left), world.raw.in_flight()) == (1, 1)


class TestSeededFaults:
    def test_without_the_look_a_take_is_paid_for_twice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(submit, "accepted_after_all", lambda context, take: False)
        world = calm_world(tmp_path)
        answer(world, lambda number, request: "refused and accepted" if number == 1 else "answered")
        world.write("storyboard_a.json", ["text"])
        world.run(3 * 3600)
        with pytest.raises(AssertionError, match="was bought 2 times"):
            world.check()


class TestBudget:
    def test_a_create_that_was_on_no_list_counts_for_the_day(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        world.restart(budget={"per_day": 0.06})
        answer(world, lambda number, request: "lost" if number == 1 else "answered")
        world.write("storyboard_a.json", ["one", "two"])
        world.run(3600)
        assert Counter(take.state for take in world.takes()) == {State.DONE: 1, State.HELD: 1}
        assert world.raw.spend() == 2 * PRICE

    def test_sent_again_it_may_be_dearer_than_was_approved(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        world.restart(budget={"approve_above": 0.06})
        answer(world, lambda number, request: "lost" if number == 1 else "answered")
        world.write("storyboard_a.json", ["one", "two"])
        world.run(3600)
        held = [take for take in world.takes() if take.state is State.HELD]
        assert [take.error and take.error.code for take in held] == ["budget.approve"]
        world.raw.post("approve", {"ids": [held[0].id]}, world.clock.time())
        world.commanded = True
        world.run(3 * 3600)
        assert Counter(take.state for take in world.takes()) == {State.DONE: 2}
        assert world.raw.spend() == 3 * PRICE

    def test_another_days_purchases_of_the_storyboard_are_not_weighed_again(self, tmp_path: Path) -> None:
        world = calm_world(tmp_path)
        world.restart(budget={"approve_above": 0.06})
        answer(world, lambda number, request: "lost" if number == 3 else "answered")
        world.write("storyboard_a.json", ["one", "two"])
        world.run(3600)
        world.write("storyboard_a.json", ["one", "two", "three"])
        world.run(3 * 3600)
        assert Counter(take.state for take in world.takes()) == {State.DONE: 3}
