"""Lists that lag, are cut, page wrongly, show other texts or cannot be read: none makes sorad pay twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from odd_lists import OddList, any_list
from seeds import in_blocks
from test_simulation_histories import run_all
from test_simulation_lookalikes import answers, calm_world
from world import World

from sorad.engine.decide import absence
from sorad.engine.state import list_history
from sorad.engine.state.list_history import Sightings
from sorad.engine.steps import poll, reconcile, submit
from sorad.model import Request, State
from sorad.providers.answers import listing
from sorad.providers.base import RemoteTask

TEXTS = ["@Bob walks，into the HARBOUR", "a Dog（old）sleeps。", "Rain on @Ann's window"]
TEXT = TEXTS[0]


def live_with_odd_lists(seed: int, folder: Path) -> World:
    """A day of lost answers at a provider whose list is odd, and of neighbours who buy on the same account."""
    world = World(seed, folder / f"l{seed}", proved=False)
    rng, odds, provider = world.rng, world.odds, world.provider
    odds.lost_answer, odds.lost_request = 0.3, 0.15
    provider.list, provider.date_skew = any_list(rng), provider.skew
    provider.unreadable = rng.random() < 0.1
    refuses = rng.random() < 0.3
    if refuses:
        provider.list = OddList(how=rng.choice(["", "lower", "translated", "rewritten", "none"]))
        odds.rate_accepted = 0.15
    busy = rng.choice([0, 0, 1, 4])
    for event in range(rng.randrange(2, 5)):
        texts = [f"{rng.choice(TEXTS)} {event}-{n}" for n in range(rng.randrange(1, 4))]
        world.write(f"ep{event}/storyboard_{event}.json", texts, rng.choice([1, 1, 2]))
        for _moment in range(rng.randrange(2, 7)):
            world.run(rng.choice([0.5, 1, 3, 7, 20, 60, 130, 600]))
            for _other in range(rng.randrange(busy + 1)):
                provider.neighbour(Request(f"neighbour {rng.random()}", seconds=rng.choice([10, 10, 15])))
            if rng.random() < 0.2:
                world.command("resolve")
    world.run(3600)
    world.calm()
    world.settle()
    return world


@pytest.mark.timeout(300)
@in_blocks(0.08)
def test_no_list_breaks_a_promise(block: range) -> None:
    assert run_all(block, live_with_odd_lists) == []


# --- one list at a time -------------------------------------------------------------------------------------


def listed_after(world: World, seconds: float) -> None:
    """From now on, tasks of ours show on the list so long after they were accepted."""
    honest = world.provider._accept

    def accept(request: Request) -> Any:
        task = honest(request)
        task.listed_at = task.created_at + seconds
        return task

    world.provider._accept = accept  # type: ignore[method-assign]


def lose(
    folder: Path,
    odd: OddList,
    *,
    neighbours: int = 0,
    lag: float = 0.0,
    unreadable: bool = False,
    proved: bool = True,
    tells_date: bool = True,
) -> World:
    """One create is accepted and its answer lost, at a provider with that list. Its task shows ``lag`` seconds later.

    Before that show ``neighbours`` tasks of another length.
    """
    world = calm_world(folder, proved=proved)
    world.provider.tells_date, world.provider.list, world.provider.unreadable = tells_date, odd, unreadable
    answers(world, "accepted")
    listed_after(world, lag)
    world.write("storyboard_a.json", [TEXT])
    while not world.provider.creates:
        world.run(0.5)
    for number in range(neighbours):
        world.run(1.0)
        world.provider.neighbour(Request(f"neighbour {number}", seconds=15))
    return world


def once(world: World) -> bool:
    """Whether it was paid for once, after two hours; then the user is told why it waits, or it is there."""
    world.run(2 * 3600)
    (take,) = world.takes()
    asked = take.error is not None and take.error.code in ("take.unknown", "take.several")
    count = world.bought()[TEXT]
    assert count > 1 or take.state is State.DONE or (take.state is State.UNKNOWN and asked), take
    return count == 1


@pytest.mark.parametrize("how", ["lower", "at", "halfwidth", "translated", "rewritten", "none"])
def test_a_task_of_the_time_keeps_a_create_back_whatever_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    world = lose(tmp_path / "a", OddList(how=how))
    assert once(world)
    (take,) = world.takes()
    assert take.error is not None
    assert "t0" in take.error.text()
    assert f"sorad resolve {take.id} --adopt t0" in take.error.fix_text()

    def alike(view: absence.View) -> Iterator[RemoteTask]:
        return (one for one in absence.blocking_tasks(view) if absence.same(view.take, one))

    monkeypatch.setattr(reconcile, "blocking_tasks", alike)
    assert not once(lose(tmp_path / "b", OddList(how=how)))


UNPROVED = [
    pytest.param(OddList(stub=True), id="a stub that says for ever that there is nothing"),
    pytest.param(OddList(stub=True, total=False, offsets=False, more=True), id="one that says that it ends"),
    pytest.param(OddList(how="rewritten", off=-3_600.0), id="an hour off, and other texts"),
    pytest.param(OddList(how="rewritten", off=-8 * 3_600.0), id="another zone, and other texts"),
]


@pytest.mark.parametrize("odd", UNPROVED)
def test_a_list_that_never_showed_a_task_of_ours_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: OddList
) -> None:
    monkeypatch.setattr(absence, "NEAREST_ZONE", float("inf"))  # as if its dates were believed
    world = lose(tmp_path / "a", odd, proved=False)
    assert once(world)
    (take,) = world.takes()
    assert take.error is not None
    assert "has not shown" in take.error.text()
    assert f"sorad resolve {take.id}" in take.error.fix_text()
    monkeypatch.setattr(Sightings, "proved", True)
    assert not once(lose(tmp_path / "b", odd, proved=False))


def test_a_list_that_rounds_lengths_tells_no_task_apart_by_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rounded(folder: Path) -> World:
        world = calm_world(folder, proved=False)
        world.provider.list = OddList(how="rewritten", rounds=True)
        answers(world, "answered", "accepted")
        world.write("storyboard_a.json", ["another"])
        world.run(4 * 86_400.0)
        world.write("storyboard_b.json", [TEXT])
        world.run(2 * 3_600.0)
        return world

    assert rounded(tmp_path / "a").bought()[TEXT] == 1
    monkeypatch.setattr(absence, "alters", lambda view: False)
    assert rounded(tmp_path / "b").bought()[TEXT] == 2


@pytest.mark.parametrize("hours", [-1, -8, 8])
def test_the_zone_of_a_list_is_learnt_from_what_it_shows_of_ours_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    def zone(folder: Path) -> World:
        """The first create is answered and shown; two days later one is lost, with its text rewritten."""
        world = calm_world(folder, proved=False)
        world.provider.tells_date = True
        world.provider.list = OddList(how="rewritten", off=hours * 3_600.0)
        answers(world, "answered", "accepted")
        world.write("storyboard_a.json", ["another"])
        world.run(2 * 86_400.0)
        assert world.context.lookups.list_history.of(world.raw, world.provider.account).proved
        world.write("storyboard_b.json", [TEXT])
        world.run(2 * 3_600.0)
        return world

    assert zone(tmp_path / "a").bought()[TEXT] == 1
    if hours < 0:
        monkeypatch.setattr(absence, "NEAREST_ZONE", float("inf"))
        monkeypatch.setattr(absence.View, "_behind", 0.0)
        assert zone(tmp_path / "b").bought()[TEXT] == 2


@pytest.mark.parametrize("hours", [1, 8, 120])
def test_the_date_of_a_task_that_turns_up_too_late_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    def slipped(folder: Path) -> World:
        """The list dates the lost one back, and rewrites its text; all others are as they should be."""
        world = calm_world(folder, proved=False)
        world.provider.tells_date = True
        world.provider.list = OddList(how="rewritten", off=-hours * 3_600.0, only="t1")
        answers(world, "answered", "accepted")
        world.write("storyboard_a.json", ["another"])
        world.run(1_800.0)
        world.write("storyboard_b.json", [TEXT])
        world.run(2 * 3_600.0)
        return world

    world = slipped(tmp_path / "a")
    assert world.bought()[TEXT] == 1
    assert [take.error and take.error.code for take in world.takes()] == [None, "take.several"]
    monkeypatch.setattr(absence, "NEAREST_ZONE", float("inf"))
    monkeypatch.setattr(Sightings, "_belated", lambda self, listed: set())
    assert slipped(tmp_path / "b").bought()[TEXT] == 2


def prices_take_time(world: World) -> None:
    """A look at the list and the intent after it are not at one instant."""
    honest = world.provider.price

    def price(request: Request) -> Any:
        world.clock.now += 0.1
        return honest(request)

    world.provider.price = price  # type: ignore[method-assign]


def sorted_by_date(
    folder: Path, fate: str, days: float, *, how: str = "rewritten", off: float = 0.0
) -> World:
    """A list in pages, sorted by its dates, on which a neighbour's task of our length comes each hour.

    A first create is answered; so many days later one is lost, whose row is dated so many seconds off.
    """
    world = calm_world(folder, proved=False)
    prices_take_time(world)
    world.provider.tells_date = True
    world.provider.list = OddList(
        how=how, off=off, only="t1", by_date=True, total=False, offsets=False, more=True
    )

    def neighbours(hours: float) -> None:
        for _hour in range(int(hours)):
            world.provider.neighbour(Request(f"neighbour {len(world.provider.foreign)}"))
            world.run(3_600.0)

    neighbours(12)
    answers(world, "answered", fate)
    world.write("storyboard_a.json", ["another"])
    neighbours(24 * days)
    world.run(1_800.0)
    world.write("storyboard_b.json", [TEXT])
    world.run(2 * 3_600.0)
    return world


@pytest.mark.parametrize(("how", "days"), [("rewritten", 1), ("lower", 0.1)])
def test_a_task_that_is_dated_back_behind_all_looks_keeps_its_create_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, days: float
) -> None:
    def slipped(folder: Path) -> World:
        return sorted_by_date(folder, "accepted", days, how=how, off=-8 * 3_600.0)

    assert slipped(tmp_path / "a").bought()[TEXT] == 1
    monkeypatch.setattr(submit, "look_before", lambda context, take, provider: None)
    world = slipped(tmp_path / "b")
    assert (world.bought()[TEXT], world.takes()[-1].error is not None) == (1, True)
    monkeypatch.setattr(absence, "NEAREST_ZONE", float("inf"))
    assert slipped(tmp_path / "c").bought()[TEXT] == 2


@pytest.mark.parametrize(("how", "days"), [("rewritten", 1), ("", 0.1)])
def test_what_others_bought_before_a_create_left_asks_nobody_whatever_the_list_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, days: float
) -> None:
    world = sorted_by_date(tmp_path / "a", "lost", days, how=how)
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    assert world.bought() == {"another": 1, TEXT: 1}
    if how:
        monkeypatch.setattr(submit, "look_before", lambda context, take, provider: None)
        assert sorted_by_date(tmp_path / "b", "lost", days, how=how).takes()[-1].state is State.UNKNOWN


@pytest.mark.parametrize(("days", "tells_date"), [(1, True), (5, False)])
def test_before_it_is_sent_again_the_list_is_read_far_further_back_than_its_create(
    tmp_path: Path, days: int, tells_date: bool
) -> None:
    """The list dates the lost task days back, and shows only what is younger than was asked for. Where no answer tells
    the server's time, ours may be wrong by any length."""
    world = lose(tmp_path, OddList(off=-days * 86_400.0, only="t0"), tells_date=tells_date)
    honest = world.provider.recent

    def recent(since: float, own_id: str = "") -> Any:
        listed = honest(since)
        young = tuple(task for task in listed.tasks if (task.created_at or 0.0) >= since)
        ids = frozenset(one for one in listed.ids if listed.dates[one] >= since)
        return replace(
            listed, tasks=young, ids=ids, dates={one: listed.dates[one] for one in ids}, counted=True
        )

    world.provider.recent = recent  # type: ignore[method-assign]
    assert once(world)
    (take,) = world.takes()
    assert take.error is not None
    assert "t0" in take.error.text()


def rare_loss(folder: Path) -> World:
    """A first create is answered; days later another one is lost on its way."""
    world = calm_world(folder, proved=False)
    answers(world, "answered", "lost")
    world.write("storyboard_a.json", ["another"])
    world.run(3 * 86_400.0)
    world.write("storyboard_b.json", [TEXT])
    world.run(3_600.0)
    return world


def test_a_list_is_looked_at_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = rare_loss(tmp_path / "a")
    assert [take.state for take in world.takes()] == [State.DONE] * 2
    assert world.bought() == {"another": 1, TEXT: 1}
    monkeypatch.setattr(poll, "prove_list", lambda context, take, provider, found: None)
    asked = rare_loss(tmp_path / "b").takes()[-1]
    assert (asked.state, asked.error and asked.error.code) == (State.UNKNOWN, "take.unknown")


def test_who_was_asked_for_a_first_create_is_asked_no_more_once_the_list_shows_another_one(
    tmp_path: Path,
) -> None:
    world = calm_world(tmp_path, proved=False)
    answers(world, "lost")
    world.write("storyboard_a.json", [TEXT])
    world.run(1_800)
    assert [take.error and take.error.code for take in world.takes()] == ["take.unknown"]
    world.write("storyboard_b.json", ["another"])
    world.run(3_600)
    assert [take.state for take in world.takes()] == [State.DONE] * 2


def test_a_list_that_lacks_one_of_ours_has_to_prove_itself_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turns_into_a_stub(folder: Path) -> World:
        """It has proved itself, lacks the next one, and more than a day later one is lost."""
        world = calm_world(folder)
        answers(world, "answered", "accepted", "accepted")
        world.provider.list = OddList(stub=True)
        world.write("storyboard_a.json", ["another", "and one that is lost"])
        world.run(1.2 * 86_400.0)
        world.write("storyboard_b.json", [TEXT])
        world.run(2 * 3_600.0)
        return world

    assert turns_into_a_stub(tmp_path / "a").bought()[TEXT] == 1
    updated = Sightings.updated
    monkeypatch.setattr(
        Sightings, "updated", lambda self, found: updated(self, found._replace(against=False))
    )
    assert turns_into_a_stub(tmp_path / "b").bought()[TEXT] == 2


# Lists that never show the task, each in its own way.
HALVES = [
    pytest.param(OddList(cap=5, total=False), 6, id="the newest five"),
    pytest.param(
        OddList(cap=5, total=False, offsets=False, more=True), 6, id="the newest five, and says that it ends"
    ),
    pytest.param(OddList(cap=5), 6, id="the newest five of more"),
    pytest.param(OddList(cap=5, lies=True), 6, id="the newest five, and tells of five"),
    pytest.param(OddList(cap=7, lies=True), 7, id="the newest seven, and tells of seven"),
    pytest.param(OddList(repeats=True, size=4, total=False), 6, id="the first page again and again"),
    pytest.param(OddList(empty_after=0), 0, id="empty, though it tells of one"),
    pytest.param(
        OddList(empty_after=2, offsets=False, total=False, endless=True), 3, id="empty, though more follow"
    ),
    pytest.param(OddList(empty_after=0, total=False), 0, id="empty without a word"),
    pytest.param(
        OddList(cap=5, endless=True, offsets=False, total=False), 6, id="the newest five, and more follow"
    ),
]


@pytest.mark.parametrize(("odd", "neighbours"), HALVES)
def test_half_a_list_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: OddList, neighbours: int
) -> None:
    assert once(lose(tmp_path / "a", odd, neighbours=neighbours, lag=30.0))
    monkeypatch.setattr(reconcile, "not_whole", lambda view: None)
    assert not once(lose(tmp_path / "b", odd, neighbours=neighbours, lag=30.0))


def test_a_list_that_lacks_what_it_showed_and_has_nothing_older_may_be_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crowd(folder: Path) -> World:
        """It shows the newest three, and tells of three: all of them ours, bought after the lost one."""
        world = calm_world(folder, proved=False)
        world.provider.list = OddList(cap=3, lies=True)
        answers(world, "answered", "accepted")
        listed_after(world, 30.0)
        world.write("storyboard_a.json", ["another"])
        world.run(1.1 * 3_600.0)
        world.write("storyboard_b.json", [TEXT])
        while len(world.provider.tasks) < 2:
            world.run(0.5)
        world.provider.tasks["t1"].listed_at += 30.0
        world.write("storyboard_c.json", [f"good {number}" for number in range(3)])
        world.run(900.0)
        return world

    world = crowd(tmp_path / "a")
    assert (world.bought()[TEXT], len(world.provider.tasks)) == (1, 5)
    monkeypatch.setattr(Sightings, "lacks", lambda self, listed, since: False)
    assert crowd(tmp_path / "b").bought()[TEXT] == 2


def test_pages_of_another_size_than_was_asked_for_leave_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gap(folder: Path) -> World:
        """Two of four rows come in a page: the lost task is the third, and the fifth is old."""
        world = calm_world(folder)
        world.provider.tells_date, world.provider.list = True, OddList(size=2, total=False)
        for number in range(4):
            world.provider.neighbour(Request(f"old {number}", seconds=15))
        world.run(5000)
        answers(world, "accepted")
        world.write("storyboard_a.json", [TEXT])
        while not world.provider.creates:
            world.run(0.5)
        for number in range(2):
            world.run(1.0)
            world.provider.neighbour(Request(f"neighbour {number}", seconds=15))
        world.provider.tasks["t0"].listed_at = world.clock.now + 10.0
        return world

    world = gap(tmp_path / "a")
    assert once(world)
    assert [take.state for take in world.takes()] == [State.DONE], "it is found"
    monkeypatch.setattr(listing._Reading, "gap", property(lambda self: False, lambda self, value: None))
    assert not once(gap(tmp_path / "b"))


def test_a_list_that_lacks_another_of_ours_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_listed(folder: Path) -> World:
        world = calm_world(folder)
        answers(world, "accepted")
        listed_after(world, float("inf"))
        world.write("storyboard_a.json", [TEXT, "another"])
        world.run(2 * 3600)
        return world

    assert never_listed(tmp_path / "a").bought() == {TEXT: 1, "another": 1}
    monkeypatch.setattr(absence, "_lacking", lambda view: None)
    assert max(never_listed(tmp_path / "b").bought().values()) > 1


def test_how_late_ours_were_widens_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late_list(folder: Path) -> World:
        """Tasks show after 150 s, which the first two have taught; then one is lost alone."""
        world = calm_world(folder)
        answers(world, "accepted", "answered", "accepted")
        listed_after(world, 150.0)
        world.write("storyboard_a.json", [TEXT, "another"])
        world.run(3 * 3600)
        world.write("storyboard_b.json", ["alone"])
        world.run(2 * 3600)
        return world

    world = late_list(tmp_path / "a")
    assert world.bought() == {TEXT: 1, "another": 1, "alone": 1}
    assert [take.state for take in world.takes()] == [State.DONE] * 3
    monkeypatch.setattr(Sightings, "lateness", lambda self: 0.0)
    monkeypatch.setattr(Sightings, "updated", lambda self, found: replace(self, shown=0.0))
    assert late_list(tmp_path / "b").bought()["alone"] == 2


def hide(world: World, hidden: Callable[[RemoteTask], bool]) -> None:
    """The list stops showing what it showed, and goes on to tell that it is whole."""
    honest = world.provider.recent

    def recent(since: float, own_id: str = "") -> Any:
        listed = honest(since)
        gone = {task.remote_id for task in listed.tasks if hidden(task)}
        tasks = tuple(task for task in listed.tasks if task.remote_id not in gone)
        return replace(listed, tasks=tasks, ids=listed.ids - gone)

    world.provider.recent = recent  # type: ignore[method-assign]


def test_what_a_list_showed_once_keeps_a_create_back_though_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown_once(folder: Path) -> World:
        world = lose(folder, OddList(how="rewritten"))
        world.run(60)
        hide(world, lambda task: True)
        return world

    assert once(shown_once(tmp_path / "a"))

    def there_now(view: absence.View) -> Iterator[RemoteTask]:
        there = {task.remote_id for task in view.listed.tasks}
        return (task for task in absence.blocking_tasks(view) if task.remote_id in there)

    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "blocking_tasks", there_now)
        assert not once(shown_once(tmp_path / "b"))


def test_what_the_user_was_asked_about_is_not_sent_when_the_task_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(folder: Path) -> World:
        world = lose(folder, OddList(how="rewritten"))
        world.run(3600)
        assert [take.error and take.error.code for take in world.takes()] == ["take.several"]
        hide(world, lambda task: True)
        world.list_is_proved(most=9)
        world.run(5 * 3600)
        return world

    assert once(asked(tmp_path / "a"))
    monkeypatch.setattr(reconcile, "_was_deferred", lambda context, take: False)
    assert not once(asked(tmp_path / "b"))


def test_a_list_that_cannot_be_read_is_given_to_the_user_after_a_few_looks(tmp_path: Path) -> None:
    world = lose(tmp_path, OddList(), unreadable=True)
    asked, honest = [], world.provider.recent

    def recent(since: float, own_id: str = "") -> Any:
        asked.append(world.clock.monotonic())
        return honest(since)

    world.provider.recent = recent  # type: ignore[method-assign]
    began = world.clock.monotonic()
    while not any(one.error is not None and one.error.code == "take.unknown" for one in world.takes()):
        world.run(5)
    assert 2 <= len(asked) <= reconcile.FEW
    assert world.clock.monotonic() - began < 300
    gaps = [after - before for before, after in zip(asked, asked[1:])]
    assert gaps == sorted(gaps), "the pauses grow"
    (take,) = world.takes()
    assert take.error is not None
    assert "simulated" in take.error.text()
    world.provider.unreadable = False  # it is looked at again all the same
    world.run(3600)
    assert world.bought() == {TEXT: 1}
    assert [one.state for one in world.takes()] == [State.DONE]


@pytest.mark.parametrize("what", ["ROWS", "DATES"])
def test_more_tasks_since_the_create_than_are_remembered_are_for_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Those of the neighbours are of another length, so none of them keeps it back; ours is off the list again."""

    def crowded(folder: Path) -> World:
        world = lose(
            folder,
            OddList(how="rewritten", off=-8 * 3_600.0 * (what == "DATES"), only="t0", by_date=True),
            lag=110.0,
        )
        world.provider.neighbour(Request("long before", seconds=15))
        world.provider.foreign[-1].created_at -= 3_000.0
        if what == "ROWS":
            world.provider.tasks["t0"].listed_at = 0.0
            world.run(16)
            hide(world, lambda task: task.remote_id == "t0")
        for number in range(21):
            world.run(5)
            world.provider.neighbour(Request(f"neighbour {number}", seconds=15))
        return world

    monkeypatch.setattr(list_history, what, 8)
    assert once(crowded(tmp_path / "a"))
    monkeypatch.setattr(Sightings, "is_crowded", lambda self, since, left: False)
    assert not once(crowded(tmp_path / "b"))


def test_a_busy_neighbour_whose_tasks_are_told_apart_holds_up_nothing(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answers(world, "lost")
    world.provider.tells_date = True
    for number in range(3):
        world.provider.neighbour(Request(f"old {number}"))
    world.run(900)
    world.write("storyboard_a.json", [TEXT])
    for number in range(20):
        world.run(5)
        world.provider.neighbour(Request(f"neighbour {number}", seconds=15))
    world.run(2 * 3600)
    assert [take.state for take in world.takes()] == [State.DONE]
    assert world.bought() == {TEXT: 1}


def test_a_busy_neighbour_whose_tasks_are_not_told_apart_is_for_the_user(tmp_path: Path) -> None:
    world = calm_world(tmp_path)
    answers(world, "lost")
    world.write("storyboard_a.json", [TEXT])
    world.run(20)
    world.provider.neighbour(Request("neighbour"))
    world.run(2 * 3600)
    (take,) = world.takes()
    assert world.bought() == {}
    assert (take.state, take.error and take.error.code) == (State.UNKNOWN, "take.several")
    assert take.error is not None
    assert "n0" in take.error.text()


def test_a_list_of_what_is_ready_says_nothing_of_what_runs(tmp_path: Path) -> None:
    """The first task takes three minutes, and proves the list only if it shows before; the lost one takes an hour."""
    world = calm_world(tmp_path, proved=False)
    answers(world, "answered", "accepted")
    honest = world.provider._accept

    def accept(request: Request) -> Any:
        task = honest(request)
        task.ready_at = task.listed_at = task.created_at + (180 if len(world.provider.tasks) == 1 else 3_600)
        return task

    world.provider._accept = accept  # type: ignore[method-assign]
    world.write("storyboard_a.json", ["first"])
    world.run(900)
    assert [take.state for take in world.takes()] == [State.DONE]
    world.write("storyboard_b.json", [TEXT])
    world.run(3 * 3_600)
    assert world.bought()[TEXT] == 1
    assert [take.state for take in world.takes()] == [State.DONE, State.DONE]
