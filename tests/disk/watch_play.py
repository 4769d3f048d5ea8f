"""The ways in which a watcher fails, each played on a daemon that watches: the play behind the tests and the proof.

After each of them a storyboard that is dropped is picked up, and `status` tells what happened.
"""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from disk_stage import House, mount, small_disk, unmount, until

from sorad.health.complaints import complaints
from sorad.health.facts import gather
from sorad.model import State
from sorad.vault import observer as library

# Two of these at once end watchdog's hidden reader thread of a KeyError, in most runs.
CHURN = """
import os, shutil, sys, time
end = time.monotonic() + 2
while time.monotonic() < end:
    for n in range(8):
        try: os.makedirs(f"{sys.argv[1]}/x{n}/y/z", exist_ok=True)
        except OSError: pass
    for n in range(8):
        shutil.rmtree(f"{sys.argv[1]}/x{n}", ignore_errors=True)
"""
BURST = """
import os, sys
for n in range(60_000):
    os.close(os.open(f"{sys.argv[1]}/{n}.png", os.O_CREAT | os.O_WRONLY))
"""


class Scene:
    """A daemon that watches a vault and does not buy, and what it was seen to do."""

    def __init__(self, folder: Path, rescan: float, patience: float = 30.0) -> None:
        """``patience``: how many seconds a dropped storyboard may take to be picked up."""
        self.folder, self.patience = folder, patience
        self.house = House(folder, folder / "vault", folder / "state", rescan=rescan)
        self.vault = self.house.vault
        self.took: list[float] = []  # seconds from each drop until it was picked up
        self.died = 0  # readers that really did, of a churn

    def start(self) -> Scene:
        """It watches one storyboard. Nothing is bought, so that what waits can be counted."""
        self.house.drop("storyboard_first.json", "first")
        self.house.start()
        self.house.daemon.control.pause(paused=True)
        until(lambda: self.knows("storyboard_first.json"), "the first storyboard")
        return self

    def close(self) -> None:
        self.house.close()
        shutil.rmtree(self.vault, ignore_errors=True)  # a burst of files is not kept for later

    def knows(self, name: str) -> bool:
        return any(take.storyboard == str(self.vault / name) for take in self.house.takes())

    def picks_up(self, name: str) -> None:
        """A storyboard that is dropped now is found."""
        self.house.drop(name, name)
        dropped = time.monotonic()
        until(lambda: self.knows(name), f"{name} is picked up", self.patience)
        self.took.append(time.monotonic() - dropped)

    def says(self, code: str, *words: str) -> None:
        """`sorad status` tells of it."""
        said = until(lambda: self.house.told().get(code), f"status tells {code}")
        assert all(word in said for word in (*words, str(self.vault))), said
        assert "{" not in said

    def well_again(self) -> None:
        """It watches, and nothing is wrong with the folder any more."""
        row = self.house.row
        until(lambda: row().state == "watching" and row().reason is None, "the watch")
        found = complaints(gather(self.house.state / "ledger.sqlite3", time.time()))
        assert not [one for one in found if one.heavy and one.problem.code.startswith(("watch", "root."))]

    def cancels_nothing(self, count: int) -> None:
        assert self.house.states() == {State.QUEUED: count}, "nothing is cancelled"

    @property
    def watch(self) -> Any:
        """The supervised watch of the vault."""
        return until(lambda: self.house.daemon.vault._watcher)._watches[str(self.vault)]


def the_reader_dies(scene: Scene) -> None:
    def die(*_args: object) -> None:
        raise KeyError(7)

    scene.start()
    for reader in library.readers(scene.watch.observer):
        for name in ("_group_events", "handle_event"):
            if hasattr(reader, name):
                setattr(reader, name, die)
    (scene.vault / "note.md").touch()
    scene.says("watch.broken", "broke (reader)")
    scene.picks_up("storyboard_2.json")
    scene.well_again()
    scene.picks_up("storyboard_3.json")
    scene.says("watcher.mended", "failed (reader")


def two_processes_churn(scene: Scene, times: int = 1) -> None:
    """The reader dies of it in most runs; ``times``: so often at most, until it does."""
    scene.start()
    for number in range(times):
        before = scene.watch.observer
        churn = [subprocess.Popen([sys.executable, "-c", CHURN, str(scene.vault)]) for _ in range(2)]
        assert [process.wait(60) for process in churn] == [0, 0]
        scene.picks_up(f"late {number}/storyboard.json")
        scene.well_again()
        if scene.watch.observer is not before:
            scene.died += 1
            scene.says("watcher.mended")
            break


def sixty_thousand_files_come_at_once(scene: Scene) -> None:
    scene.start()
    folder = scene.vault / "pictures"
    folder.mkdir()
    burst = subprocess.Popen([sys.executable, "-c", BURST, str(folder)])
    scene.picks_up("storyboard_meanwhile.json")
    assert burst.wait(120) == 0
    scene.picks_up("storyboard_after.json")
    scene.says("watcher.overflow", "so much changed")


def the_root_is_deleted_and_made_again(scene: Scene) -> None:
    scene.start()
    shutil.rmtree(scene.vault)
    scene.says("root.missing", "is not there")
    scene.cancels_nothing(1)
    scene.vault.mkdir()
    scene.picks_up("storyboard_2.json")
    scene.well_again()


def the_root_is_renamed_away_and_back(scene: Scene) -> None:
    scene.start()
    scene.vault.rename(scene.folder / "away")
    scene.says("root.missing", "is not there")
    scene.cancels_nothing(1)
    (scene.folder / "away").rename(scene.vault)
    scene.picks_up("storyboard_2.json")
    scene.well_again()
    scene.cancels_nothing(2)


def the_root_is_replaced_by_a_mount(scene: Scene) -> None:
    with small_disk(scene.folder / "other", "2m") as other:
        scene.start()
        subprocess.run(["mount", "--bind", str(other), str(scene.vault)], check=True)
        try:
            scene.says("root.empty")
            scene.cancels_nothing(1)
            scene.picks_up("storyboard_on_the_mount.json")
            scene.well_again()
        finally:
            unmount(scene.vault)
        scene.picks_up("storyboard_under_it.json")
        scene.well_again()


def a_disk_hides_the_root_for_a_while(scene: Scene) -> None:
    scene.start()
    mount(scene.vault, "1m")
    try:
        scene.says("root.empty")
    finally:
        unmount(scene.vault)
    scene.picks_up("storyboard_2.json")
    scene.well_again()
    scene.cancels_nothing(2)


def a_folder_is_moved_in_from_outside(scene: Scene) -> None:
    """Nothing fails, and nothing is told but the storyboards in it, and those that come into it."""
    (scene.folder / "season" / "episode").mkdir(parents=True)
    scene.start()
    (scene.folder / "season").rename(scene.vault / "season")
    scene.picks_up("season/episode/storyboard.json")
    scene.well_again()


class Limit:
    """The kernel's limit of watched folders, at the library's seam."""

    def __init__(self, left: int) -> None:
        self.left = left

    @contextmanager
    def holds(self) -> Iterator[Limit]:
        from watchdog.observers import inotify_c

        real = inotify_c.inotify_add_watch

        def add(*args: Any) -> int:
            if self.left <= 0:
                ctypes.set_errno(errno.ENOSPC)
                return -1
            self.left -= 1
            return int(real(*args))

        with mock.patch.object(inotify_c, "inotify_add_watch", add):
            yield self


def the_limit_is_met_at_the_start(scene: Scene) -> None:
    for number in range(6):
        (scene.vault / f"folder {number}").mkdir()
    with Limit(3).holds() as limit:
        scene.start()
        scene.says("watch.limit", "fs.inotify.max_user_watches", "scanned instead")
        assert scene.house.row().state == "polling"
        scene.picks_up("folder 5/storyboard.json")
        limit.left = 10**9
        scene.well_again()


def the_limit_is_met_later(scene: Scene) -> None:
    scene.start()
    with Limit(0).holds() as limit:
        (scene.vault / "new").mkdir()
        scene.says("watch.limit", "fs.inotify.max_user_watches")
        scene.picks_up("new/storyboard.json")
        limit.left = 10**9
        scene.well_again()
    scene.says("watcher.mended", "failed (unwatched folder")


def our_own_handler_raises(scene: Scene) -> None:
    scene.start()
    watch, raised = scene.watch, []

    def raising(path: str) -> None:
        raised.append(path)
        raise ValueError("a bug of ours")

    with mock.patch.object(scene.house.daemon.vault._watcher, "_hint", raising):
        scene.picks_up("storyboard_2.json")
        until(lambda: raised, "the event")
        assert watch.observer.is_alive()
    scene.says("watcher.handler", "could not be handled")


Situation = Callable[[Scene], None]
SITUATIONS: tuple[Situation, ...] = (
    the_reader_dies,
    two_processes_churn,
    sixty_thousand_files_come_at_once,
    the_root_is_deleted_and_made_again,
    the_root_is_renamed_away_and_back,
    the_root_is_replaced_by_a_mount,
    a_disk_hides_the_root_for_a_while,
    a_folder_is_moved_in_from_outside,
    the_limit_is_met_at_the_start,
    the_limit_is_met_later,
    our_own_handler_raises,
)
