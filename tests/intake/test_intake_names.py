"""What videos are called is for people: receipts and intents say what a folder holds, whatever the names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.layout import OLD_NAME, intent_path, receipt_path
from sorad.model import State

A, B = "ep1/storyboard_a.json", "ep1/storyboard_b.json"
THREE = ["one", "two", "three"]
OTHER = "{fingerprint8}-{take:02}-{segment}"


def call_them(stage: Stage, name: str) -> None:
    """With the process stopped."""
    watch = stage.config.watch[0].model_dump()
    stage.settings["watch"] = [{**watch, "name": name}]


@pytest.mark.parametrize("lost", [False, True], ids=["known", "lost"])
@pytest.mark.parametrize("renamed", [False, True], ids=["there", "renamed"])
@pytest.mark.parametrize(
    ("before", "after"), [(OLD_NAME, None), (None, OTHER), (OTHER, OTHER)], ids=["old", "new", "same"]
)
@pytest.mark.parametrize("phase", ["queued", "generating", "done"])
def test_other_names_buy_nothing(
    stage: Stage, phase: str, before: str | None, after: str | None, renamed: bool, lost: bool
) -> None:
    default = stage.config.watch[0].name
    if before is not None:
        stage.stop()
        call_them(stage, before)
        stage.restart()
    board = stage.board(A, THREE)
    stage.until(phase)
    names = {Path(take.output).name for take in stage.takes()}
    stage.stop()
    if renamed:
        board = board.rename(stage.vault_dir / B)
    if lost:
        stage.lose_ledger()
    call_them(stage, after or default)
    stage.restart()
    stage.control.pause(paused=False)
    stage.go()
    stage.all_delivered(board, *THREE)
    assert sum(stage.bought().values()) == len(THREE)
    if phase != "queued":  # what was bought keeps its name
        assert {Path(take.output).name for take in stage.takes()} == names
        assert {path.name for path in stage.vault_dir.rglob("*.mp4")} == names


def test_a_folder_of_old_is_left_as_it_is(stage: Stage) -> None:
    stage.stop()
    call_them(stage, OLD_NAME)
    stage.restart()
    board = stage.board(A, THREE)
    stage.go()
    before = {path: path.stat().st_mtime_ns for path in stage.vault_dir.rglob("*")}
    stage.stop()
    call_them(stage, "{stem}_S{segment:03}_T{take}_{fingerprint8}")
    stage.restart()
    stage.go()
    assert {path: path.stat().st_mtime_ns for path in stage.vault_dir.rglob("*")} == before
    stage.order("redo", ids=[stage.take("one").id])  # what is new has a new name
    stage.go()
    names = sorted(path.name for path in (stage.assets(board) / "Segment_1").glob("*.mp4"))
    fingerprint = stage.takes()[0].fingerprint[:8]
    assert names == [f"1_v1_{fingerprint}.mp4", f"storyboard_a_S001_T2_{fingerprint}.mp4"]


@pytest.mark.parametrize("part", ["intent", "receipt", "damaged", "video"])
def test_the_last_look_before_a_create_sees_other_names(stage: Stage, part: str) -> None:
    """Another sorad, with another ``name``, bought it after this one had read the folder."""
    stage.board(A, ["one"])
    stage.until("done")
    take = stage.take("one")
    video = Path(take.output)
    other = video.with_name(f"{take.fingerprint[:8]}-01-1.mp4")
    told = json.loads(receipt_path(video).read_text())
    stage.stop()
    stage.lose_ledger()
    for path in (video, receipt_path(video)):
        path.rename(path.with_name(path.name + ".away"))
    stage.restart()
    stage.until("queued")
    if part == "intent":
        told.update(
            remote_id="", state="submitting", intent_at=stage.clock.now, machine={"id": "beef", "name": "b"}
        )
        intent_path(other).write_text(json.dumps(told))
    elif part == "receipt":
        receipt_path(other).write_text(json.dumps(told))
    elif part == "damaged":
        receipt_path(other).write_text(json.dumps(told)[:200])
    else:
        other.write_bytes(video.with_name(video.name + ".away").read_bytes())
    stage.control.pause(paused=False)
    stage.go(60.0)
    take = stage.take("one")
    assert take.output == str(other)
    assert take.state is (State.DONE if part == "receipt" else State.HELD)
    assert sum(stage.bought().values()) == 1


def test_a_video_that_was_renamed_by_hand_with_its_receipt_is_found(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    stage.go()
    video = stage.delivered("one")
    for path in (video, receipt_path(video)):
        path.rename(path.with_name("the best one" + path.suffix))
    stage.go()
    assert Path(stage.take("one").output).name == "the best one.mp4"
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    stage.all_delivered(board, "one")
    assert sum(stage.bought().values()) == 1


def test_a_copy_of_a_receipt_does_not_hide_its_video(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    stage.go()
    receipt = receipt_path(stage.delivered("one"))
    receipt.with_name(f"{receipt.stem} copy.json").write_bytes(receipt.read_bytes())
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    stage.all_delivered(board, "one")
    assert len(stage.takes()) == sum(stage.bought().values()) == 1


def test_a_receipt_is_never_a_storyboard(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    receipt = receipt_path(stage.delivered("one"))
    assert receipt.name.startswith("storyboard_")
    copy = stage.vault_dir / receipt.name
    copy.write_bytes(receipt.read_bytes())
    stage.look = True
    stage.go()
    assert [board.path for board in stage.raw.storyboards()] == [str(stage.vault_dir / A)]
    assert copy.exists()
