"""Videos that were brought to safety are known again though the ledger is lost, and never bought again."""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from pathlib import Path

import pytest
from intake_stage import Stage
from world import mp4

from sorad.engine.decide.rescue import Patience
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.ledger.quarantine import REBUILT
from sorad.model import State, Take
from sorad.receipts.rescued import RESCUED, is_rescued

A = "ep1/storyboard_a.json"
TWO = ["one", "two"]


@pytest.fixture
def rescued(stage: Stage) -> Stage:
    """Two videos lie in ``rescued``; the storyboard's folder is away."""
    stage.board("storyboard_stays.json", ["stays"])
    stage.go()
    stage.board(A, TWO)
    stage.go(60)
    stage.context.patience = Patience(900.0, 7_200.0)
    away(stage)
    stage.go(7_000)
    assert [is_rescued(take) for take in of(stage)] == [True, True]
    return stage


def away(stage: Stage) -> None:
    (stage.vault_dir / "ep1").rename(stage.folder / "away")


def back(stage: Stage) -> None:
    (stage.folder / "away").rename(stage.vault_dir / "ep1")


def of(stage: Stage) -> list[Take]:
    return [take for take in stage.takes() if take.request.prompt in TWO]


def lose(stage: Stage) -> None:
    stage.stop()
    stage.lose_ledger()
    stage.restart()


def asked_after(stage: Stage) -> list[str]:
    polls: list[str] = []
    poll = stage.provider.poll
    stage.provider.poll = lambda remote_id: polls.append(remote_id) or poll(remote_id)  # type: ignore
    return polls


@pytest.mark.parametrize("receipts", ["with its receipts", "without", "without its folder"])
def test_a_storyboard_that_is_back_gets_its_rescued_videos_though_the_ledger_is_lost(
    rescued: Stage, receipts: str
) -> None:
    lose(rescued)
    if receipts != "with its receipts":
        shutil.rmtree(rescued.folder / "away" / "storyboard_a_assets")
    polls = asked_after(rescued)
    rescued.go(600)
    if receipts == "without its folder":  # written anew, by another name
        rescued.board("ep9/storyboard_b.json", [(3, "two"), (7, "one")])
    else:
        back(rescued)
    rescued.go()
    board = next(rescued.vault_dir.glob("ep*/storyboard_*.json"))
    rescued.all_delivered(board, *TWO)
    assert rescued.bought() == Counter([*TWO, "stays"])
    assert polls == []
    assert not list((rescued.state / "rescued").rglob("*.mp4"))
    assert rescued.raw.recall(REBUILT)["takes"] == 3
    assert "take.rescued" not in told(rescued)


def told(stage: Stage) -> dict[str, str]:
    found = complaints(from_ledger(stage.raw, None, stage.clock.now))
    return {one.problem.code: str(one.problem) for one in found}


def notices(stage: Stage) -> dict[str, str]:
    return {problem.code: str(problem) for problem in stage.vault._intake.problems()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("receipts", [True, False])
def test_on_another_disk_they_stay_where_they_are_and_status_tells(
    rescued: Stage, monkeypatch: pytest.MonkeyPatch, receipts: bool
) -> None:
    shelf = rescued.state / "rescued"
    real = Path.replace

    def apart(self: Path, target: Path) -> Path:
        if (shelf in self.parents) != (shelf in Path(target).parents):
            raise OSError(errno.EXDEV, "another disk")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", apart)
    lose(rescued)
    if not receipts:
        shutil.rmtree(rescued.folder / "away" / "storyboard_a_assets")
    polls = asked_after(rescued)
    back(rescued)
    rescued.go()
    for take in of(rescued):
        assert (take.state, is_rescued(take)) == (State.DONE, True)
        assert shelf in Path(take.output).parents
        assert Path(take.output).read_bytes() == mp4(take.request.prompt)
    assert polls == []
    assert rescued.bought() == Counter([*TWO, "stays"])
    assert str(shelf) in told(rescued)["take.rescued"]
    assert sorted(rescued.raw.recall(RESCUED)) == sorted(take.id for take in of(rescued))
    assert "take.missing" not in notices(rescued)
    monkeypatch.undo()
    rescued.board(A, [*TWO, "three"])  # read again, with the disks joined: they come home
    rescued.go()
    rescued.all_delivered(rescued.vault_dir / A, *TWO, "three")


def test_an_old_copy_of_the_ledger_does_not_buy_what_lies_rescued(stage: Stage) -> None:
    stage.board("storyboard_stays.json", ["stays"])
    stage.go()
    stage.board(A, TWO)
    stage.control.pause(paused=True)
    stage.go(10)
    stage.control.pause(paused=False)
    stage.stop()
    shutil.copy(stage.state / "ledger.sqlite3", stage.folder / "old")
    stage.restart()
    stage.go(60)
    stage.context.patience = Patience(900.0, 7_200.0)
    away(stage)
    stage.go(7_000)
    assert [is_rescued(take) for take in of(stage)] == [True, True]
    stage.stop()
    stage.lose_ledger()
    shutil.copy(stage.folder / "old", stage.state / "ledger.sqlite3")
    shutil.rmtree(stage.folder / "away" / "storyboard_a_assets")
    stage.restart()
    stage.go(600)
    back(stage)
    stage.go()
    stage.all_delivered(stage.vault_dir / A, *TWO)
    assert stage.bought() == Counter([*TWO, "stays"])


def test_rescued_videos_that_no_storyboard_asks_for_are_told(rescued: Stage) -> None:
    assert "rescued.unclaimed" not in notices(rescued), "the ledger knows whose they are"
    lose(rescued)
    rescued.go(600)
    said = notices(rescued)["rescued.unclaimed"]
    assert ": 2." in said
    assert str(rescued.state / "rescued") in said
    back(rescued)
    rescued.go()
    assert "rescued.unclaimed" not in notices(rescued)
