"""Folders that are gone for good: the paid video is brought to safety, once, and not too early."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from disk_world import DAY, HOUR, ready, restart
from world import Died, Odds, World, mp4

from sorad.delivery import receive as receiving
from sorad.delivery.outcome import OBSTACLES, Obstacle, blocked
from sorad.engine.decide.rescue import NOTE, Patience, Place, blocked_since, due, rescue_places
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.layout import receipt_path
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change, Event
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Trouble
from sorad.receipts.receipt import DONE, read_receipt

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))
SAID = Problem("provider.server", "x")

# --- the decision -----------------------------------------------------------------------------------------


def failed(at: float, code: str) -> Event:
    return Event(1, at, State.DOWNLOADING, NOTE, "", Problem(code, "x"))


def begun(at: float = 0.0) -> list[Event]:
    return [Event(1, at, State.GENERATING, "accepted"), Event(1, at, State.DOWNLOADING, "finished")]


GONE, FULL, RATE = "delivery.folder_gone", "delivery.disk_full", "provider.rate"
POLLED = Event(1, 50.0, State.DOWNLOADING, "poll failed", "", Problem(RATE, "x"))
THERE, NO_FOLDER, NO_ROOT = Place(True, True), Place(True, False), Place(False, False)


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([], 1000.0),
        (begun(), 1000.0),
        ([*begun(), failed(10, GONE)], 10),
        ([*begun(), failed(10, GONE), POLLED, failed(60, GONE)], 10),  # a poll says nothing of the folder
        ([*begun(), failed(10, GONE), failed(20, RATE), failed(30, GONE)], 30),  # a download had begun
        ([*begun(), failed(10, FULL), failed(20, GONE)], 20),
        ([failed(1, GONE), *begun(5), failed(10, GONE)], 10),  # another purchase, another wait
    ],
)
def test_since_when_a_folder_is_gone_stands_in_the_history(history: list[Event], since: float) -> None:
    assert blocked_since(history, {Obstacle.GONE}, 1000.0) == since


@pytest.mark.parametrize(
    ("obstacle", "place", "wait"),
    [
        (Obstacle.GONE, NO_FOLDER, 7.0),
        (Obstacle.GONE, NO_ROOT, 90.0),
        (Obstacle.GONE, THERE, 90.0),  # a file where a folder should be, a disk that does not answer
        (Obstacle.DENIED, THERE, 90.0),
        (Obstacle.DENIED, NO_FOLDER, 90.0),
        (Obstacle.IN_THE_WAY, THERE, 90.0),
        (Obstacle.FULL, THERE, 90.0),
    ],
)
def test_only_a_folder_that_was_deleted_is_not_waited_for_a_day(
    obstacle: Obstacle, place: Place, wait: float
) -> None:
    code = next(code for code, one in OBSTACLES.items() if one is obstacle)
    history = [*begun(), failed(10, code)]
    assert due(history, obstacle, place, Patience(7.0, 90.0), 500.0) == 10 + wait


def test_a_day_of_changing_obstacles_is_a_day() -> None:
    history = [*begun(), failed(10, FULL), failed(40, "delivery.read_only"), failed(80, GONE)]
    assert due(history, Obstacle.GONE, NO_FOLDER, Patience(70.0, 90.0), 100.0) == 100
    assert due(history, Obstacle.GONE, NO_FOLDER, Patience(10.0, 90.0), 100.0) == 90


def test_every_error_of_a_disk_has_its_obstacle() -> None:
    for number in errno.errorcode:
        found = blocked(OSError(number, os.strerror(number)), Path("v"))
        assert OBSTACLES[found.problem.code] is found.obstacle


# --- whole histories --------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(3, tmp_path / "w", odds=Odds(**vars(CALM)))
    made.write("storyboard_stays.json", ["stays"])
    made.settle()
    made.context.patience = Patience(HOUR, DAY)
    made.write("ep1/storyboard_a.json", ["one", "two"])
    made.run(60)
    assert made.raw.in_flight() == 2
    return made


def of(world: World, name: str = "storyboard_a.json") -> list[Take]:
    return [take for take in world.takes() if take.storyboard.endswith(name)]


def states(world: World) -> set[State]:
    return {take.state for take in of(world)}


def codes(world: World) -> set[str]:
    return {take.error.code if take.error else "" for take in of(world)}


def check_rescued(world: World) -> None:
    """Each lies in ``rescued``, whole, with its receipt, and was bought once."""
    shelf = world.folder / "state" / "rescued" / "vault" / "ep1" / "storyboard_a_assets"
    for take in of(world):
        video = Path(take.output)
        assert (take.state, video.parent.parent) == (State.DONE, shelf)
        assert video.read_bytes() == mp4(take.request.prompt)
        receipt = read_receipt(receipt_path(video))
        assert receipt is not None
        assert (receipt.state, receipt.remote_id) == (DONE, take.remote_id)
        assert take.error is not None
        assert take.error.code == "take.rescued"
        assert take.output in take.error.text()
        assert "{" not in str(take.error)
    assert len(list(shelf.rglob("*"))) == 6, "two folders, two videos, two receipts, nothing half"
    assert set(world.bought().values()) == {1}


def test_a_deleted_folder_is_waited_for_an_hour_then_its_videos_are_rescued(world: World) -> None:
    world.context.patience = Patience()
    shutil.rmtree(world.vault_dir / "ep1")
    ready(world)
    world.run(3_600 - 180)
    assert states(world) == {State.DOWNLOADING}
    assert codes(world) == {"delivery.folder_gone"}
    world.run(200)
    check_rescued(world)
    assert not (world.vault_dir / "ep1").exists()


def test_restarts_do_not_begin_the_hour_anew(world: World) -> None:
    shutil.rmtree(world.vault_dir / "ep1")
    ready(world)
    for _part in range(4):
        world.run(HOUR / 4)
        restart(world)
    world.run(300)
    check_rescued(world)


def test_a_folder_that_is_back_in_time_gets_its_videos(world: World) -> None:
    (world.vault_dir / "ep1").rename(world.folder / "away")
    ready(world)
    world.run(HOUR / 2)
    assert states(world) == {State.DOWNLOADING}
    (world.folder / "away").rename(world.vault_dir / "ep1")
    world.run(120)
    assert states(world) == {State.DONE}
    assert codes(world) == {""}
    assert all(take.output.startswith(str(world.vault_dir)) for take in of(world))
    assert not (world.folder / "state" / "rescued").exists()
    world.check()


def test_a_folder_that_is_back_later_gets_its_videos_from_there(world: World) -> None:
    (world.vault_dir / "ep1").rename(world.folder / "away")
    ready(world)
    world.run(HOUR + 60)
    check_rescued(world)
    (world.folder / "away").rename(world.vault_dir / "ep1")
    world.changed()
    world.run(60)
    assert all(take.output.startswith(str(world.vault_dir)) for take in of(world))
    assert codes(world) == {""}, "nothing is out of its place any more"
    assert len(world.provider.tasks) == 3
    world.check()


def test_a_root_that_is_away_is_waited_for_a_day(world: World) -> None:
    away = world.folder / "away"
    world.vault_dir.rename(away)
    world.changed()
    ready(world)
    world.run(DAY - 300)
    assert states(world) == {State.DOWNLOADING}
    world.run(300)
    check_rescued(world)
    assert not world.vault_dir.exists()


def test_a_root_that_is_back_within_the_day_gets_its_videos_at_once(world: World) -> None:
    away = world.folder / "away"
    world.vault_dir.rename(away)
    world.changed()
    ready(world)
    world.run(DAY / 2)
    restart(world)
    away.rename(world.vault_dir)
    world.changed()
    world.run(60)
    assert states(world) == {State.DONE}
    assert all(take.output.startswith(str(world.vault_dir)) for take in of(world))


def test_after_a_long_sleep_a_disk_that_comes_late_is_waited_for(world: World) -> None:
    away = world.folder / "away"
    world.vault_dir.rename(away)
    world.changed()
    ready(world)
    world.clock.now += 9 * DAY  # the machine is off
    restart(world)
    world.run(HOUR / 2)
    assert states(world) == {State.DOWNLOADING}
    away.rename(world.vault_dir)
    world.changed()
    world.run(60)
    assert states(world) == {State.DONE}
    assert all(take.output.startswith(str(world.vault_dir)) for take in of(world))


def test_an_address_that_ages_while_the_root_is_away_is_asked_for_anew(world: World) -> None:
    open_video, expired = world.provider.open_video, []

    def aging(remote_id: str, video: object, offset: int, validator: str) -> object:
        if len(expired) < 2:
            expired.append(remote_id)
            return Fault(Trouble.EXPIRED, SAID)
        return open_video(remote_id, video, offset, validator)  # type: ignore[arg-type]

    world.provider.open_video = aging  # type: ignore[method-assign,assignment]
    world.vault_dir.rename(world.folder / "away")
    world.changed()
    ready(world)
    world.run(DAY - 600)
    restart(world)
    world.run(2 * HOUR)
    assert len(expired) == 2
    check_rescued(world)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.ESTALE])
def test_a_disk_that_takes_nothing_for_a_day_costs_no_video(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    real = receiving.make_folders

    def refusing(video: Path, base: Path | None = None) -> None:
        if world.vault_dir in video.parents:
            raise OSError(code, os.strerror(code))
        real(video, base)

    monkeypatch.setattr(receiving, "make_folders", refusing)
    ready(world)
    world.run(DAY - 300)
    assert states(world) == {State.DOWNLOADING}
    world.run(1200)
    check_rescued(world)


def test_a_rescue_that_fails_is_tried_again_and_the_hour_is_not_begun_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, state = receiving.make_folders, world.folder / "state"
    full = [True]

    def refusing(video: Path, base: Path | None = None) -> None:
        if state in video.parents and full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(video, base)

    monkeypatch.setattr(receiving, "make_folders", refusing)
    shutil.rmtree(world.vault_dir / "ep1")
    ready(world)
    world.run(2 * HOUR)
    assert codes(world) == {"delivery.folder_gone"}
    full.clear()
    world.run(900)
    check_rescued(world)


def test_what_lies_there_already_is_never_written_over(world: World) -> None:
    first = of(world)[0]
    shelf = next(rescue_places(world.folder / "state" / "rescued", first))
    shelf.parent.mkdir(parents=True)
    shelf.write_bytes(mp4("of somebody else"))
    shutil.rmtree(world.vault_dir / "ep1")
    ready(world)
    world.run(HOUR + 60)
    assert shelf.read_bytes() == mp4("of somebody else")
    moved = next(take for take in of(world) if take.id == first.id)
    assert Path(moved.output).parts[-5:-3] == ("vault 2", "ep1")
    assert Path(moved.output).read_bytes() == mp4(first.request.prompt)
    world.check()


# --- what is said of it -----------------------------------------------------------------------------------


def told(world: World) -> dict[str, tuple[bool, str]]:
    """What `sorad status` has to say: by code, whether it is heavy, and the sentence with its mend."""
    found = complaints(from_ledger(world.raw, None, world.clock.now))
    return {one.problem.code: (one.heavy, str(one.problem)) for one in found}


def test_status_tells_of_a_folder_that_is_gone_of_the_rescue_and_of_the_return(world: World) -> None:
    (world.vault_dir / "ep1").rename(world.folder / "away")
    ready(world)
    heavy, said = told(world)["delivery.folder_gone"]
    assert heavy
    assert "Paid for, and cannot be delivered: 2 takes" in said
    assert str(world.vault_dir / "ep1") in said
    world.run(HOUR + 60)
    heavy, said = told(world)["take.rescued"]
    assert not heavy
    assert str(world.folder / "state" / "rescued") in said
    assert "Move it to where you want it" in said
    assert "delivery.folder_gone" not in told(world)
    (world.folder / "away").rename(world.vault_dir / "ep1")
    world.changed()
    world.run(60)
    assert "take.rescued" not in told(world)


def test_retry_leaves_a_rescued_video_where_it_is(world: World) -> None:
    shutil.rmtree(world.vault_dir / "ep1")
    ready(world)
    world.run(HOUR + 60)
    world.raw.post("retry", {"ids": [take.id for take in of(world)]}, world.clock.now)
    world.run(120)
    check_rescued(world)


def test_of_many_rescued_videos_the_first_are_named_and_the_rest_is_counted(world: World) -> None:
    world.write("ep2/storyboard_b.json", [f"shot {number}" for number in range(8)])
    world.settle()
    for number in range(8):
        take = of(world, "storyboard_b.json")[number]
        assert take.state is State.DONE
        world.raw.record(take, Change(State.DONE, "rescued", error=Problem("take.rescued", "x")), 0.0)
    world.raw.remember("rescued", [take.id for take in of(world, "storyboard_b.json")])
    found = complaints(from_ledger(world.raw, None, world.clock.now))
    said = [one.problem.text() for one in found if one.problem.code == "take.rescued"]
    assert said == ["x"] * 5 + ["3 more of this kind."]


# --- the ledger's disk is full, and the process ends ------------------------------------------------------


def test_an_id_that_the_ledger_never_heard_of_is_told_by_the_receipt(tmp_path: Path) -> None:
    world = World(5, tmp_path / "w", odds=Odds(**vars(CALM)), lists=False)
    world.write("storyboard_a.json", ["one"])
    ledger, real = world.raw, world.raw.record

    def full(take: Take, change: Change, now: float) -> Take:
        if change.note == "accepted":
            raise LedgerUnavailable("database or disk is full")
        return real(take, change, now)

    def die(_seconds: float) -> None:
        raise Died

    ledger.record = full  # type: ignore[method-assign]
    world.context.process = replace(world.context.process, pause=die)
    world.settle()
    assert world.deaths == 1
    assert states(world) == {State.DONE}
    assert len(world.provider.tasks) == 1
    world.check()
