"""The watcher fails in every way that was seen: the daemon sees it, says it, and misses no storyboard.

``benchmarks/proof_watch.py`` plays the same at length.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import watch_play as play
from watch_play import Scene

from sorad.daemon import parts
from sorad.vault.watch import Watcher

Make = Callable[..., Scene]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks inside of inotify"),
]

# Between two rescans, in seconds. Longer than any test waits: what is picked up then, the rescan did not find.
PERIOD = 60.0
SHORT = 1.0  # where the root itself is away: it is looked for once in a period


@pytest.fixture(autouse=True)
def _told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "HOUSEKEEPING", 0.5)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Scene] = []

    def scene(rescan: float, **more: Any) -> Scene:
        made.append(Scene(tmp_path, rescan, **more))
        return made[-1]

    yield scene
    for one in made:
        one.close()


@pytest.fixture
def scene(make: Make) -> Scene:
    return make(PERIOD)


@pytest.fixture
def brisk(make: Make) -> Scene:
    return make(SHORT)


def test_its_reader_dies(scene: Scene) -> None:
    play.the_reader_dies(scene)


def test_two_processes_churn(scene: Scene) -> None:
    play.two_processes_churn(scene)


def test_sixty_thousand_files_come_at_once(scene: Scene) -> None:
    play.sixty_thousand_files_come_at_once(scene)


def test_the_root_is_deleted_and_made_again(brisk: Scene) -> None:
    play.the_root_is_deleted_and_made_again(brisk)


def test_the_root_is_renamed_away_and_back(brisk: Scene) -> None:
    play.the_root_is_renamed_away_and_back(brisk)


def test_the_root_is_replaced_by_a_mount_and_comes_back(brisk: Scene) -> None:
    play.the_root_is_replaced_by_a_mount(brisk)


def test_a_disk_that_hides_the_root_for_a_while_cancels_nothing(brisk: Scene) -> None:
    play.a_disk_hides_the_root_for_a_while(brisk)


def test_a_folder_is_moved_in_from_outside(scene: Scene) -> None:
    play.a_folder_is_moved_in_from_outside(scene)


def test_the_limit_of_watched_folders_is_met_at_the_start(scene: Scene) -> None:
    play.the_limit_is_met_at_the_start(scene)


def test_the_limit_of_watched_folders_is_met_later(scene: Scene) -> None:
    play.the_limit_is_met_later(scene)


def test_our_own_handler_raises(scene: Scene) -> None:
    play.our_own_handler_raises(scene)


def test_the_play_finds_a_watcher_that_nobody_looks_after(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watcher, "check", lambda watcher, now: [])
    with pytest.raises(AssertionError, match="is picked up never came true"):
        play.our_own_handler_raises(make(PERIOD, patience=3.0))
