"""Folders that tell what the ledger does not: they stand somewhere without their storyboard, or the ledger is old."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_stage import Stage
from world import mp4

from sorad.layout import intent_path
from sorad.model import State
from sorad.receipts.orphaned import AT_MOST, HOLDS, OrphanedFolders

A = "ep1/storyboard_a.json"


@pytest.fixture(params=["old copy", "lost"])
def aged(request: pytest.FixtureRequest, stage: Stage) -> Callable[[], Callable[[], None]]:
    """Keeps the ledger as it is; the call of what that returns puts it back, or nothing in its place."""

    def keep() -> Callable[[], None]:
        copy = stage.folder / "copy"
        source, target = sqlite3.connect(stage.state / "ledger.sqlite3"), sqlite3.connect(copy)
        source.backup(target)
        source.close()
        target.close()

        def put_back() -> None:
            stage.stop()
            stage.lose_ledger()
            if request.param == "old copy":
                shutil.copy(copy, stage.state / "ledger.sqlite3")
            stage.restart()

        return put_back

    return keep


def test_a_folder_that_was_renamed_just_after_another_look_for_such_folders_is_found(stage: Stage) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    stage.board("ep2/storyboard_b.json", ["three"])  # new: looks for folders that may be its own
    stage.go(4)
    board.with_name("storyboard_a_assets").rename(board.with_name("other_assets"))
    new = stage.vault_dir / "ep3" / "storyboard_c.json"
    new.parent.mkdir()
    board.rename(new)
    stage.go(30)
    stage.all_delivered(new, "one", "two")
    stage.go()
    assert stage.bought() == Counter(["one", "two", "three"])


def test_a_folder_that_was_away_when_its_storyboard_was_renamed_is_found_once_it_is_missed(
    stage: Stage,
) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    away = board.with_name("storyboard_a_assets").rename(stage.folder / "away")
    new = board.rename(board.with_name("storyboard_b.json"))
    stage.changed()
    while stage.take("one").storyboard != str(new):
        stage.run(1)
    away.rename(stage.vault_dir / "ep1" / "anything_assets")
    stage.go()
    stage.all_delivered(new, "one", "two")
    assert stage.bought() == Counter(["one", "two"])


def test_what_an_earlier_folder_tells_of_is_not_bought_again(
    stage: Stage, aged: Callable[[], Callable[[], None]]
) -> None:
    """The storyboard is renamed, added to, and renamed alone, with the ledger of the first day put back."""
    board = stage.board(A, ["one", "two"])
    stage.until("generating")
    put_back = aged()
    board = board.rename(board.with_name("storyboard_b.json"))
    stage.board("ep1/storyboard_b.json", ["one", "two", "three", "four"])
    stage.go()
    stage.board("ep1/storyboard_b.json", ["one", "two", "three"])
    stage.go()
    put_back()
    stage.vault_dir.joinpath("ep1/storyboard_a_assets").mkdir()  # as a download of the old copy makes it
    new = board.rename(board.with_name("storyboard_c.json"))
    stage.go()
    assert stage.bought() == Counter(["one", "two", "three", "four"])
    stage.all_delivered(new, "one", "two", "three")
    assert Path(stage.take("four").output).read_bytes() == mp4("four")
    stage.check()


@pytest.mark.parametrize("phase", ["generating", "done"])
def test_what_failed_by_an_old_copy_and_was_bought_anew_since_is_not_lost(
    stage: Stage, aged: Callable[[], Callable[[], None]], phase: str
) -> None:
    board = stage.board(A, ["one"])
    stage.until("generating")
    for task in stage.provider.tasks.values():
        task.fails = True
    stage.go()
    put_back = aged()
    stage.order("retry", ids=[stage.take("one").id])
    stage.go(30 if phase == "generating" else 4000)
    assert stage.take("one").state.value == phase
    put_back()
    stage.go()
    stage.all_delivered(board, "one")
    assert stage.bought() == Counter(one=2)


def test_an_open_create_that_the_ledger_knows_is_not_met_anew_once_its_storyboard_is_gone(
    stage: Stage,
) -> None:
    stage.odds.lost_answer = stage.odds.list_fault = 1.0
    board = stage.board(A, ["one"])
    stage.go(60)
    board.unlink()
    stage.go(60)
    take = stage.take("one")
    assert (take.state, intent_path(Path(take.output)).exists()) == (State.UNKNOWN, True)
    folders = OrphanedFolders(stage.config.watch, stage.raw, stage.clock)
    assert [folder.name for folder in folders.folders()] == ["storyboard_a_assets"]
    assert folders.unfetched(stage.vault_dir, stage.clock.monotonic()) == {}


def test_a_walk_serves_many_and_is_never_older_than_a_doubt(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock, walks = Clock(), []

    def walk(watch: object) -> dict[Path, object]:
        walks.append(clock.now)
        clock.now += 1.0
        return {}

    monkeypatch.setattr("sorad.receipts.orphaned.orphaned_folders", walk)
    found = OrphanedFolders(stage.config.watch, stage.raw, clock)  # type: ignore[arg-type]
    for _again in range(10):
        found.folders()
        clock.now += 1.0
    assert walks == [1000.0]
    found.folders(since=1005.0)
    found.folders(since=1005.0)
    assert len(walks) == 2
    clock.now += min(AT_MOST, HOLDS) + 0.1
    found.folders()
    assert len(walks) == 3
