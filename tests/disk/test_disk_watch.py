"""The watcher fails in every way that was seen: the daemon sees it, says it, and misses no storyboard."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from disk_stage import House, mount, small_disk, unmount, until

from sorad.model import State
from sorad.vault import observer as library

Make = Callable[..., House]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks inside of inotify"),
]

# Between two rescans, in seconds. Longer than any test waits: what is picked up then, the rescan did not find.
PERIOD = 60.0
SHORT = 1.0  # where the root itself is away: it is looked for once in a period
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


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    return folder


@pytest.fixture
def house(tmp_path: Path, vault: Path) -> Iterator[Make]:
    """Makes daemons that watch and do not buy."""
    made: list[House] = []

    def make(rescan: float = PERIOD) -> House:
        one = House(tmp_path, vault, tmp_path / "state", rescan=rescan)
        made.append(one)
        one.start()
        one.daemon.control.pause(paused=True)
        return one

    yield make
    for one in made:
        one.close()
    shutil.rmtree(vault, ignore_errors=True)  # a burst of files is not kept for later


@pytest.fixture
def one(house: Make) -> House:
    """A daemon that watches one storyboard."""
    return first(house())


@pytest.fixture
def brisk(house: Make) -> House:
    """The same with a short period."""
    return first(house(SHORT))


def first(made: House) -> House:
    made.drop("storyboard_first.json", "first")
    until(lambda: known(made, "storyboard_first.json"), "the first storyboard")
    assert made.row().state == "watching"
    return made


def known(house: House, name: str) -> bool:
    return any(take.storyboard == str(house.vault / name) for take in house.takes())


def picks_up(house: House, name: str) -> None:
    """A storyboard that is dropped now is found."""
    house.drop(name, name)
    until(lambda: known(house, name), f"{name} is picked up")


def says(house: House, code: str, *words: str) -> None:
    """`sorad status` tells of it."""
    said = until(lambda: house.told().get(code), f"status tells {code}")
    assert all(word in said for word in (*words, str(house.vault))), said
    assert "{" not in said


def well_again(house: House) -> None:
    """It watches, and status has nothing more to say of the folder."""
    until(lambda: house.row().state == "watching" and house.row().reason is None, "the watch")
    assert not [code for code in house.told() if code.startswith(("watch.", "root."))]


def watching(house: House) -> Any:
    """The supervised watch of the vault."""
    return until(lambda: house.daemon.vault._watcher)._watches[str(house.vault)]


def test_its_reader_dies(one: House) -> None:
    def die(*_args: object) -> None:
        raise KeyError(7)

    readers = library.readers(watching(one).observer)
    for reader in readers:
        for name in ("_group_events", "handle_event"):
            if hasattr(reader, name):
                setattr(reader, name, die)
    (one.vault / "note.md").touch()
    says(one, "watch.broken", "broke (reader)")
    picks_up(one, "storyboard_2.json")
    well_again(one)
    picks_up(one, "storyboard_3.json")


def test_two_processes_churn(one: House) -> None:
    churn = [subprocess.Popen([sys.executable, "-c", CHURN, str(one.vault)]) for _ in range(2)]
    assert [process.wait(30) for process in churn] == [0, 0]
    picks_up(one, "late/storyboard.json")
    well_again(one)


def test_sixty_thousand_files_come_at_once(one: House) -> None:
    folder = one.vault / "pictures"
    folder.mkdir()
    burst = subprocess.Popen([sys.executable, "-c", BURST, str(folder)])
    picks_up(one, "storyboard_meanwhile.json")
    assert burst.wait(50) == 0
    picks_up(one, "storyboard_after.json")


def test_the_root_is_deleted_and_made_again(brisk: House) -> None:
    shutil.rmtree(brisk.vault)
    says(brisk, "root.missing", "is not there")
    assert brisk.states() == {State.QUEUED: 1}, "nothing is cancelled"
    brisk.vault.mkdir()
    picks_up(brisk, "storyboard_2.json")
    well_again(brisk)


def test_the_root_is_renamed_away_and_back(brisk: House, tmp_path: Path) -> None:
    brisk.vault.rename(tmp_path / "away")
    says(brisk, "root.missing", "is not there")
    assert brisk.states() == {State.QUEUED: 1}
    (tmp_path / "away").rename(brisk.vault)
    picks_up(brisk, "storyboard_2.json")
    well_again(brisk)
    assert brisk.states() == {State.QUEUED: 2}


def test_the_root_is_replaced_by_a_mount_and_comes_back(brisk: House, tmp_path: Path) -> None:
    with small_disk(tmp_path / "other", "2m") as other:
        subprocess.run(["mount", "--bind", str(other), str(brisk.vault)], check=True)
        try:
            says(brisk, "root.empty")
            assert brisk.states() == {State.QUEUED: 1}, "nothing is cancelled"
            picks_up(brisk, "storyboard_on_the_mount.json")
            well_again(brisk)
        finally:
            unmount(brisk.vault)
        picks_up(brisk, "storyboard_under_it.json")
        well_again(brisk)


def test_a_disk_that_hides_the_root_for_a_while_cancels_nothing(brisk: House) -> None:
    mount(brisk.vault, "1m")
    try:
        says(brisk, "root.empty")
    finally:
        unmount(brisk.vault)
    picks_up(brisk, "storyboard_2.json")
    well_again(brisk)
    assert brisk.states() == {State.QUEUED: 2}


def test_a_folder_is_moved_in_from_outside(one: House, tmp_path: Path) -> None:
    (tmp_path / "season" / "episode").mkdir(parents=True)
    (tmp_path / "season").rename(one.vault / "season")
    picks_up(one, "season/episode/storyboard.json")
    well_again(one)


class Limit:
    """The kernel's limit of watched folders, at the library's seam."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from watchdog.observers import inotify_c

        self.left = 10**9
        self._real = inotify_c.inotify_add_watch
        monkeypatch.setattr(inotify_c, "inotify_add_watch", self._add)

    def _add(self, *args: Any) -> int:
        if self.left <= 0:
            ctypes.set_errno(errno.ENOSPC)
            return -1
        self.left -= 1
        return int(self._real(*args))


def test_the_limit_of_watched_folders_is_met_at_the_start(
    house: Make, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Limit(monkeypatch)
    limit.left = 3
    for number in range(6):
        (vault / f"folder {number}").mkdir()
    one = house()
    says(one, "watch.limit", "fs.inotify.max_user_watches", "scanned instead")
    assert one.row().state == "polling"
    picks_up(one, "folder 5/storyboard.json")
    limit.left = 10**9
    well_again(one)


def test_the_limit_of_watched_folders_is_met_later(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limit(monkeypatch)
    limit.left = 0
    (one.vault / "new").mkdir()
    says(one, "watch.limit", "fs.inotify.max_user_watches")
    picks_up(one, "new/storyboard.json")
    limit.left = 10**9
    well_again(one)


def test_our_own_handler_raises(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, raised = watching(one), []

    def raising(path: str) -> None:
        raised.append(path)
        raise ValueError("a bug of ours")

    monkeypatch.setattr(one.daemon.vault._watcher, "_hint", raising)
    picks_up(one, "storyboard_2.json")
    until(lambda: raised, "the event")
    assert watch.observer.is_alive()
