"""A disk that is mounted below a watched folder is away for a while: as with a root that is away, all waits for it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from disk_stage import House, small_disk, unmount, until
from disk_world import DAY, HOUR, ready, restart
from world import Odds, World, mp4

from sorad.daemon import parts
from sorad.engine.decide.rescue import Patience
from sorad.engine.steps import dedupe, fetch
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.model import State, Take
from sorad.vault import filesystem
from sorad.vault import mount_table as mounts

# Version 7 warns, with all its tables, of what its own handling of new folders does to itself.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))


# --- simulated: a disk that any machine has ---------------------------------------------------------------


class Stick:
    """A disk in a simulated world: mounted at ``vault/disk``, or in the drawer."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.place, self.drawer = world, world.vault_dir / "disk", world.folder / "drawer"
        self.number = 1_000
        self.is_in = True
        self.place.mkdir()
        monkeypatch.setattr(mounts, "device", self._device)
        monkeypatch.setattr(mounts, "_identity", lambda path: f"{self._device(path)}:2")
        monkeypatch.setattr(filesystem, "is_mount_point", lambda path: path == str(self.place))

    def _device(self, path: str) -> int:
        Path(path).stat()
        return self.number if self.is_in and Path(path, "x").is_relative_to(self.place) else 1

    def unplug(self, *, leave_folder: bool = True) -> None:
        self.place.rename(self.drawer)
        self.is_in = False
        if leave_folder:
            self.place.mkdir()
        self.world.changed()

    def plug(self) -> None:
        """Disks get another number each time."""
        if self.place.exists():
            self.place.rmdir()
        self.drawer.rename(self.place)
        self.is_in = True
        self.number += 1
        self.world.changed()

    def swap(self) -> None:
        """Another disk comes in its place."""
        self.plug_folder = self.place.rename(self.drawer)
        self.place.mkdir()
        (self.place / "note.md").touch()
        self.number += 1
        self.world.changed()

    def swap_back(self) -> None:
        shutil.rmtree(self.place)
        self.plug()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fetch, "LOOK_AGAIN", 150.0)  # fewer tries are simulated
    made = World(3, tmp_path / "w", odds=Odds(**vars(CALM)))
    made.write("storyboard_stays.json", ["stays"])
    made.settle()
    made.context.patience = Patience(HOUR, DAY)
    return made


@pytest.fixture
def stick(world: World, monkeypatch: pytest.MonkeyPatch) -> Stick:
    """Two takes on it are in flight, the third waits."""
    stick = Stick(world, monkeypatch)
    world.write("disk/storyboard_top.json", ["one"])
    world.write("disk/ep1/storyboard_deep.json", ["two"])
    world.run(60)
    world.control.pause(paused=True)
    world.write("disk/storyboard_unsent.json", ["three"])
    world.run(30)
    assert states(world) == {"stays": "done", "one": "generating", "two": "generating", "three": "queued"}
    return stick


def states(world: World) -> dict[str, str]:
    return {take.request.prompt: take.state.value for take in world.takes()}


def of(world: World, prompt: str) -> Take:
    (take,) = (take for take in world.takes() if take.request.prompt == prompt)
    return take


def said(world: World) -> dict[str, tuple[bool, str]]:
    """What `sorad status` has to say of the folders: by code, whether it is heavy, and the sentence."""
    world.raw.remember("notices", [problem.to_json() for problem in world.vault.problems()])
    found = complaints(from_ledger(world.raw, None, world.clock.now))
    return {one.problem.code: (one.heavy, str(one.problem)) for one in found}


def all_came(world: World) -> None:
    """Each was bought once and lies beside its storyboard on the disk."""
    assert set(states(world).values()) == {"done"}
    assert set(world.bought().values()) == {1}
    for take in world.takes():
        assert Path(take.output).read_bytes() == mp4(take.request.prompt)
        assert Path(take.output).is_relative_to(Path(take.storyboard).parent)
    world.check()


@pytest.mark.parametrize("leave_folder", [True, False], ids=["empty folder", "no folder"])
@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
def test_what_lies_on_a_disk_below_a_root_waits_for_it(
    world: World, stick: Stick, leave_folder: bool, restarts: bool
) -> None:
    stick.unplug(leave_folder=leave_folder)
    if restarts:
        restart(world)
    world.control.pause(paused=False)
    ready(world)
    world.run(HOUR + 600)
    assert states(world) == {"stays": "done", "one": "downloading", "two": "downloading", "three": "queued"}
    assert [path for path in stick.place.rglob("*") if path != stick.place] == []
    for code in ("mount.away", "delivery.disk_away"):
        heavy, sentence = said(world)[code]
        assert heavy
        assert str(stick.place) in sentence
        assert "Mount it again" in sentence
    stick.plug()
    world.run(1500)
    assert not {"mount.away", "delivery.disk_away"} & said(world).keys()
    ready(world)
    all_came(world)


def test_an_edit_while_the_disk_was_away_is_read_before_anything_is_bought(
    world: World, stick: Stick
) -> None:
    stick.unplug()
    world.run(600)
    world.control.pause(paused=False)
    board = stick.drawer / "storyboard_unsent.json"
    board.write_text(board.read_text().replace("three", "four"))
    stick.plug()
    world.run(60)
    ready(world)
    world.run(600)
    assert world.bought() == {"stays": 1, "one": 1, "two": 1, "four": 1}
    assert states(world)["three"] == "cancelled"


def test_many_takes_that_wait_for_a_disk_hold_up_no_others(world: World, stick: Stick) -> None:
    world.write("disk/storyboard_many.json", [f"shot {number}" for number in range(40)])
    world.run(30)
    stick.unplug()
    world.run(30)
    world.control.pause(paused=False)
    ready(world)
    asked: list[str] = []
    away = world.context.folders.is_away
    world.context.folders = replace(
        world.context.folders, is_away=lambda mount: (asked.append(mount), away(mount))[1]
    )
    world.write("storyboard_here.json", ["here"])
    world.run(60)
    assert states(world)["here"] == "generating"
    assert world.raw.counts()[State.QUEUED] == 41
    assert asked.count(str(stick.place)) <= 10, "only downloads ask; what waits to be bought is left out"


def test_a_disk_that_goes_between_two_looks_gets_nothing_bought(world: World, stick: Stick) -> None:
    world.control.pause(paused=False)
    stick.is_in = False  # and nobody has looked
    world.vault._away = frozenset()
    taken = world.raw.claim(State.QUEUED, world.clock.time(), 1)
    assert dedupe.already_bought(world.context, taken[0])
    assert of(world, "three").due_at == world.clock.time() + dedupe.LOOK_AGAIN


def test_after_a_day_the_video_is_brought_to_safety_and_comes_home(world: World, stick: Stick) -> None:
    stick.unplug()
    ready(world)
    world.run(DAY + 900)
    assert "rescued" in of(world, "one").output
    assert "rescued" in of(world, "two").output
    assert states(world)["three"] == "queued"
    stick.plug()
    world.run(900)
    all_of = [take for take in world.takes() if take.request.prompt in ("one", "two")]
    assert all(Path(take.output).is_relative_to(stick.place) for take in all_of)
    assert set(world.bought().values()) == {1}


def test_where_nothing_waits_the_disk_is_only_mentioned(world: World, stick: Stick) -> None:
    world.control.pause(paused=False)
    ready(world)
    world.run(60)
    ready(world)
    all_came(world)
    stick.unplug()
    world.run(60)
    heavy, sentence = said(world)["mount.away"]
    assert not heavy
    assert str(stick.place) in sentence
    assert "take.missing" not in said(world)
    all_states = states(world)
    restart(world)
    world.run(600)
    assert states(world) == all_states


def test_a_copy_of_what_lies_on_a_disk_that_is_away_buys_nothing(world: World, stick: Stick) -> None:
    shutil.copytree(stick.place / "ep1", world.vault_dir / "ep1")
    shutil.rmtree(world.vault_dir / "ep1" / "storyboard_deep_assets", ignore_errors=True)
    stick.unplug()
    world.control.pause(paused=False)
    world.run(600)
    (copy,) = (
        one
        for one in world.raw.storyboards()
        if one.path == str(world.vault_dir / "ep1/storyboard_deep.json")
    )
    assert (copy.state, copy.copy_of) == ("copy", str(stick.place / "ep1" / "storyboard_deep.json"))
    assert world.bought()["two"] == 1


def test_another_disk_in_its_place_is_not_a_deletion(world: World, stick: Stick) -> None:
    stick.swap()
    world.control.pause(paused=False)
    ready(world)
    world.run(HOUR + 600)
    assert states(world) == {"stays": "done", "one": "downloading", "two": "downloading", "three": "queued"}
    assert sorted(path.name for path in stick.place.iterdir()) == ["note.md"]
    assert "Another disk" in said(world)["mount.replaced"][1]
    stick.swap_back()
    world.run(1500)
    ready(world)
    all_came(world)


def test_a_storyboard_on_another_disk_in_its_place_lets_it_take_over(world: World, stick: Stick) -> None:
    stick.swap()
    world.write("disk/storyboard_new.json", ["new"])
    world.run(600)
    assert states(world)["three"] == "cancelled"
    assert states(world)["new"] == "queued"
    assert "mount.replaced" not in said(world)


def test_what_is_deleted_on_a_disk_that_is_there_is_deleted(world: World, stick: Stick) -> None:
    (stick.place / "storyboard_unsent.json").unlink()
    world.changed()
    world.run(60)
    assert states(world)["three"] == "cancelled"
    assert states(world)["one"] == "generating"
    shutil.rmtree(stick.place / "ep1")
    world.changed()
    ready(world)
    world.run(HOUR + 600)
    assert "rescued" in of(world, "two").output
    assert of(world, "one").output.startswith(str(stick.place))


def test_storyboards_that_were_put_into_the_empty_folder_are_there(world: World, stick: Stick) -> None:
    stick.unplug()
    world.run(60)
    boards = [
        path for path in stick.drawer.rglob("storyboard*.json") if not path.parent.name.startswith("Segment_")
    ]
    for path in boards:
        place = stick.place / path.relative_to(stick.drawer)
        place.parent.mkdir(exist_ok=True)
        shutil.copy2(path, place)
    world.changed()
    world.run(60)
    assert said(world).keys().isdisjoint({"mount.away", "mount.replaced"})
    world.control.pause(paused=False)
    ready(world)
    world.run(60)
    ready(world)
    all_came(world)


# --- real: needs root -------------------------------------------------------------------------------------


@contextmanager
def plugged(disk: Path, place: Path) -> Iterator[None]:
    """What is mounted at ``disk`` is also mounted at ``place``."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(disk), str(place)], check=True)
    try:
        yield
    finally:
        unmount(place)


@pytest.fixture
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((fetch, "LOOK_AGAIN"), (fetch, "AGAIN_FIRST")):
        monkeypatch.setattr(module, name, 0.2)
    monkeypatch.setattr(parts, "HOUSEKEEPING", 0.3)


@pytest.mark.usefixtures("_in_a_hurry")
def test_a_real_disk_below_a_root_goes_and_comes_back(tmp_path: Path) -> None:
    vault, place = tmp_path / "vault", tmp_path / "vault" / "disk"
    with small_disk(tmp_path / "stick", "8m") as stick, small_disk(tmp_path / "twin", "8m") as twin:
        vault.mkdir()
        one = House(tmp_path, vault, tmp_path / "state", rescan=60.0, task_seconds=(0.6, 0.6))
        try:
            with plugged(stick, place):
                one.start()
                one.daemon.parts.context.patience = Patience(0.3, 60.0)
                one.drop("disk/storyboard_top.json", "one")
                one.drop("disk/ep1/storyboard_deep.json", "two")
                until(lambda: len(one.simulator.accepted) == 2)
                one.daemon.control.pause(paused=True)
                one.drop("disk/storyboard_unsent.json", "three")
                until(lambda: one.states()[State.QUEUED] == 1, "it is queued")
            soon(one, lambda: one.told().get("mount.away"), "status tells of it")
            assert str(place) in one.told()["mount.away"]
            until(lambda: one.errors() == {"delivery.disk_away"}, "videos wait")
            waiting = [take for take in one.takes() if take.error is not None]
            until(lambda: all(_tries(one, take) >= 4 for take in waiting), "further tries")
            one.daemon.control.pause(paused=False)
            one.drop("storyboard_here.json", "here")
            until(lambda: one.states()[State.DONE] == 1, "what lies elsewhere goes on")
            assert one.states() == {State.QUEUED: 1, State.DOWNLOADING: 2, State.DONE: 1}
            assert not list(place.iterdir()), "nothing is put into the folder in its place"
            place.rmdir()
            shutil.copytree(stick, twin, dirs_exist_ok=True)
            with plugged(twin, place):  # another number, as after each plug
                soon(one, lambda: one.all_done(4), "all goes on by itself")
                one.check(4)
                soon(one, lambda: "mount.away" not in one.told(), "status is content")
                one.drop("disk/ep2/storyboard_new.json", "new")  # and it is watched again
                soon(one, lambda: one.all_done(5))
                (place / "storyboard_top.json").unlink()
                soon(one, lambda: _gone(one) == [str(place / "storyboard_top.json")], "it is deleted")
        finally:
            one.close()


def soon(one: House, condition: Callable[[], Any], what: str = "it") -> Any:
    """The same, without waiting for the folder side's own pace of some seconds."""
    return until(lambda: condition() or one.daemon.vault.wake(), what)


def _tries(one: House, take: Take) -> int:
    return one.daemon.ledger.take(take.id).attempt  # type: ignore[union-attr]


def _gone(one: House) -> list[str]:
    return [board.path for board in one.daemon.ledger.storyboards() if board.state == "gone"]
