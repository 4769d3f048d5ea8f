"""Ended between any two steps of carrying out a plan, sorad buys nothing twice and loses nothing."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_stage import Stage
from test_intake_rescued import TWO, away, back

from sorad.engine.decide.rescue import Patience
from sorad.intake.planned_moves import after_move
from sorad.layout import intent_path, receipt_path, video_path
from sorad.model import Request, State
from sorad.receipts.intents import create_intent
from sorad.receipts.moving import Spot, move_video, spot_of
from sorad.receipts.receipt import GENERATING, Receipt, write_receipt

# Every step in one of two phases; of another Python fewer tell enough.
STRIDE = 2 if int(os.environ.get("SORAD_TEST_HISTORIES", "80")) >= 80 else 6
A, B = "ep1/storyboard_a.json", "ep2/storyboard_b.json"
THREE = ["one", "two", "three"]


class Ended(BaseException):
    """The process ended here."""


class Steps:
    """Ends the process before step ``at``: a write of the ledger, or a change on the disk."""

    def __init__(self, at: int, patch: pytest.MonkeyPatch) -> None:
        self.at, self.taken = at, 0
        for name in ("rename", "replace", "unlink"):
            patch.setattr(Path, name, self._before(getattr(Path, name)))

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **more: Any) -> Any:
            self.step("")
            return call(*args, **more)

        return stepped

    def step(self, _name: str) -> None:
        self.taken += 1
        if self.taken == self.at:
            raise Ended


def renamed(stage: Stage) -> Path:
    return (stage.vault_dir / A).rename(stage.vault_dir / "ep1" / "storyboard_z.json")


def renamed_and_sorted_anew(stage: Stage) -> Path:
    (stage.vault_dir / A).unlink()
    return stage.board("storyboard_moved.json", ["new", "three", "one", "two"])


def sorted_anew(stage: Stage) -> Path:
    return stage.board(A, ["new", "two", "one", "three"])


def lost_and_renamed(stage: Stage) -> Path:
    stage.lose_ledger()
    return renamed_and_sorted_anew(stage)


def copied_and_lost(stage: Stage) -> Path:
    """The copy comes first by its path, and the ledger is lost: the original outranks it."""
    original = stage.vault_dir / A
    (stage.vault_dir / "ep0").mkdir()
    (stage.vault_dir / "ep0" / "storyboard_copy.json").write_bytes(original.read_bytes())
    stage.lose_ledger()
    return original


CHANGES = {
    change.__name__: change
    for change in (renamed, renamed_and_sorted_anew, sorted_anew, lost_and_renamed, copied_and_lost)
}


def ended_before(at: int, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let the process end before step ``at`` of carrying out, and start it again; whether there were so many steps."""
    with monkeypatch.context() as patch:
        stage.intake.carry_out.step = Steps(at, patch).step
        try:
            stage.go()
            return False
        except Ended:
            pass
    stage.stop()
    stage.restart()
    stage.go()
    return True


@pytest.mark.timeout(240)
@pytest.mark.parametrize("phase", ["generating", "done"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_ended_between_any_two_steps(
    change: Callable[[Stage], Path], phase: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in count(1 if phase == "done" else 2, STRIDE):
        stage = Stage(1, tmp_path / str(at))
        stage.board(A, THREE)
        stage.until(phase)
        stage.stop()
        board = change(stage)
        stage.restart()
        ended = ended_before(at, stage, monkeypatch)
        stage.go()
        wanted = (
            ["new", *THREE] if change in (renamed_and_sorted_anew, sorted_anew, lost_and_renamed) else THREE
        )
        # A create that was lost with the ledger is for the user: no list has proved itself by then.
        lost = Counter[str]()
        if change is lost_and_renamed:
            lost.update(take.request.prompt for take in stage.takes() if take.state is State.UNKNOWN)
        there = Counter(wanted) - lost
        assert not there - stage.bought(), f"ended before step {at}"
        assert not stage.bought() - Counter(wanted), f"ended before step {at}"
        if not lost:
            stage.all_delivered(board, *wanted)
        stage.stop()
        if not ended:
            assert at > 2, "nothing was carried out"
            return


@pytest.mark.timeout(240)
@pytest.mark.parametrize("lost", [False, True], ids=["", "lost"])
def test_ended_while_rescued_videos_come_home(
    lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in count(1):
        stage = Stage(1, tmp_path / str(at))
        stage.board("storyboard_stays.json", ["stays"])
        stage.go()
        board = stage.board(A, TWO)
        stage.go(60)
        stage.context.patience = Patience(900.0, 7_200.0)
        away(stage)
        stage.go(7_000)
        stage.stop()
        if lost:
            stage.lose_ledger()
        back(stage)
        stage.restart()
        ended = ended_before(at, stage, monkeypatch)
        assert stage.bought() == Counter(["stays", *TWO]), f"ended before step {at}"
        stage.all_delivered(board, *TWO)
        stage.stop()
        if not ended:
            return


# --- what is played on paper is what happens on the disk ----------------------------------------------------

TEXT = Request(prompt="one", seconds=4, orientation="portrait", pro=False)
tasks = st.sampled_from(["", "t1", "t2"])  # "": nothing there
spots = st.builds(
    lambda video, receipt, intent: Spot(video, receipt or None, intent or None),
    st.booleans(),
    tasks,
    st.sampled_from(["", f"{TEXT.fingerprint()}@5.0"]),
)


def receipt(remote_id: str) -> Receipt:
    return Receipt(TEXT, TEXT.fingerprint(), 1, 1, GENERATING, remote_id, submitted_at=1.0)


def lay(video: Path, spot: Spot) -> None:
    video.parent.mkdir(parents=True)
    if spot.video:
        video.write_bytes(b"video")
    if spot.receipt:
        write_receipt(video, receipt(spot.receipt))
    if spot.intent:
        intent = Receipt(TEXT, TEXT.fingerprint(), 1, 1, "submitting", "", submitted_at=5.0)
        create_intent(video, intent, None)


@settings(max_examples=60, deadline=None)
@given(spots, spots)
def test_a_move_comes_to_what_was_decided(tmp_path_factory: Any, old: Spot, new: Spot) -> None:
    assets = tmp_path_factory.mktemp("move") / "a_assets"
    source = video_path(assets, 1, 1, TEXT.fingerprint())
    target = video_path(assets, 2, 1, TEXT.fingerprint())
    lay(source, old)
    lay(target, new)
    before = {path.read_bytes() for path in (receipt_path(source), receipt_path(target)) if path.exists()}
    assert move_video(source, target, 2, 1)
    if old == Spot():
        assert spot_of(target) == new
        return
    assert (spot_of(source), spot_of(target)) == after_move(old, new)
    assert intent_path(target).exists() == (new.intent is not None or old.intent is not None)
    assert len(before) == 0 or receipt_path(target).exists()
