"""What a user does to storyboards, and what it costs: a table, played with takes done and in flight, with
sorad running and not. Every row ends with the ledger lost: the folder alone must say the same."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.engine.steps import fetch as fetch_step
from sorad.ledger.values import Moved

A = "ep1/storyboard_a.json"
THREE = ["one", "two", "three"]


def path_of(stage: Stage, name: str = A) -> Path:
    return stage.vault_dir / name


def rename(stage: Stage) -> Path:
    return path_of(stage).rename(path_of(stage, "ep1/storyboard_b.json"))


def rename_and_edit_most(stage: Stage) -> Path:
    rename(stage)
    return stage.board("ep1/storyboard_b.json", ["new", "newer", "newest", "two"])


def rename_with_assets(stage: Stage) -> Path:
    assets = stage.assets(path_of(stage))
    if assets.exists():
        assets.rename(stage.assets(path_of(stage, "ep1/storyboard_b.json")))
    return rename(stage)


def rename_and_edit(stage: Stage) -> Path:
    rename(stage)
    return stage.board("ep1/storyboard_b.json", ["one", "two", "new"])


def rename_with_assets_and_edit(stage: Stage) -> Path:
    rename_with_assets(stage)
    return stage.board("ep1/storyboard_b.json", ["one", "two", "new"])


def move_folder(stage: Stage) -> Path:
    path_of(stage, "ep1").rename(path_of(stage, "ep2"))
    return path_of(stage, "ep2/storyboard_a.json")


def move_folder_and_edit(stage: Stage) -> Path:
    move_folder(stage)
    return stage.board("ep2/storyboard_a.json", ["new", "two", "three"])


def move_file(stage: Stage) -> Path:
    path_of(stage, "deep").mkdir()
    return path_of(stage).rename(path_of(stage, "deep/storyboard_a.json"))


def rename_to_a_folder_that_is_there(stage: Stage) -> Path:
    stage.assets(path_of(stage, "ep1/storyboard_b.json")).mkdir()
    return rename(stage)


def edit(stage: Stage) -> Path:
    return stage.board(A, ["one", "new", "three"])


def insert(stage: Stage) -> Path:
    return stage.board(A, ["new", "one", "two", "three"])


def insert_and_rename(stage: Stage) -> Path:
    rename(stage)
    return stage.board("ep1/storyboard_b.json", ["new", "one", "two", "three"])


def reorder(stage: Stage) -> Path:
    return stage.board(A, ["three", "one", "two"])


def swap(stage: Stage) -> Path:
    return stage.board(A, ["two", "one", "three"])


def remove_first(stage: Stage) -> Path:
    return stage.board(A, ["two", "three"])


def nothing(stage: Stage) -> Path:
    return path_of(stage)


Deed = Callable[[Stage], Path]
DEEDS: list[Deed] = [
    nothing,
    rename,
    rename_with_assets,
    move_folder,
    move_file,
    rename_to_a_folder_that_is_there,
    reorder,
    swap,
    remove_first,
    rename_and_edit_most,
    rename_and_edit,
    rename_with_assets_and_edit,
    move_folder_and_edit,
    edit,
    insert,
    insert_and_rename,
]


def wanted(board: Path) -> list[str]:
    return [one["prompt_text"] for one in json.loads(board.read_text())["segments"]]


def new_in(board: Path) -> set[str]:
    return set(wanted(board)) - set(THREE)


def settled(stage: Stage, board: Path) -> None:
    """Everything wanted is delivered beside the storyboard, and every prompt was bought once."""
    stage.all_delivered(board, *wanted(board))
    assert stage.bought() == Counter({*THREE, *new_in(board)})


def in_mode(stage: Stage, mode: str) -> None:
    if mode == "centralized":
        stage.centralize()


# Each deed in each phase, running and stopped, and each two of the three together.
CROSSED = [
    (deed, phase, running, "in_place" if (number + (phase == "done") + running) % 2 else "centralized")
    for number, deed in enumerate(DEEDS)
    for phase in ("generating", "done")
    for running in (True, False)
]


@pytest.mark.parametrize(
    ("deed", "phase", "running", "mode"),
    CROSSED,
    ids=lambda one: {True: "running", False: "stopped"}.get(one) or getattr(one, "__name__", one),
)
def test_only_what_is_new_is_bought(stage: Stage, deed: Deed, phase: str, running: bool, mode: str) -> None:
    in_mode(stage, mode)
    stage.board(A, THREE)
    stage.until(phase)
    if not running:
        stage.stop()
    board = deed(stage)
    if not running:
        stage.restart()
    stage.go()
    settled(stage, board)
    stage.check()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    settled(stage, board)


@pytest.mark.parametrize(
    ("deed", "phase", "mode"),
    [(deed, phase, mode) for deed, phase, running, mode in CROSSED if running],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_with_the_ledger_lost_meanwhile_the_folder_is_enough(
    stage: Stage, deed: Deed, phase: str, mode: str
) -> None:
    in_mode(stage, mode)
    stage.board(A, THREE)
    stage.until(phase)
    stage.stop()
    stage.lose_ledger()
    board = deed(stage)
    stage.restart()
    stage.go()
    settled(stage, board)


@pytest.mark.parametrize("phase", ["queued", "generating", "done"])
def test_what_is_sent_of_an_old_text_is_delivered_and_what_is_not_is_cancelled(
    stage: Stage, phase: str
) -> None:
    board = stage.board(A, THREE)
    stage.until(phase)
    edit(stage)
    stage.go(10)  # read, before anything more is sent
    stage.control.pause(paused=False)
    stage.go()
    stage.all_delivered(board, "one", "new", "three")
    if phase == "queued":
        assert stage.bought() == Counter(["one", "new", "three"])
    else:
        assert stage.bought() == Counter([*THREE, "new"])
        assert stage.delivered("two").parent.name == "Segment_2"


def test_going_back_to_an_old_text_buys_nothing(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    edit(stage)
    stage.go()
    stage.board(A, THREE)
    stage.go()
    stage.all_delivered(board, *THREE)
    assert stage.bought() == Counter([*THREE, "new"])


def test_a_prompt_that_is_wanted_twice_is_bought_twice(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    stage.board(A, ["one", "one"])
    stage.go()
    assert stage.bought() == Counter(one=2)


def test_the_output_folder_goes_along_whole(stage: Stage) -> None:
    """With it what is not sorad's, and what is not wanted any more."""
    board = stage.board(A, THREE)
    stage.go()
    assets = board.with_name("storyboard_a_assets")
    (assets / "notes.md").write_text("mine")
    stage.board(A, ["one", "two"])
    stage.go()
    new = rename(stage)
    stage.go()
    assert not assets.exists()
    assert new.with_name("storyboard_b_assets").joinpath("notes.md").read_text() == "mine"
    assert stage.delivered("three").is_relative_to(new.with_name("storyboard_b_assets"))


def test_a_video_that_arrives_at_its_old_place_while_its_storyboard_is_renamed_is_known_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = stage.board(A, ["one"])
    stage.until("generating")
    received = fetch_step._receive

    def rename_meanwhile(context: object, take: object, *how: object) -> object:
        monkeypatch.setattr(fetch_step, "_receive", received)
        outcome = received(context, take, *how)  # type: ignore[arg-type]
        stage.raw.apply(
            replace(stage.raw.storyboards()[0]),
            None,
            stage.clock.now,
            [Moved(stage.take("one").id, 1, 1, str(board.with_name("elsewhere.mp4")), False)],
        )
        return outcome

    monkeypatch.setattr(fetch_step, "_receive", rename_meanwhile)
    stage.go()
    stage.delivered("one")
    assert "found again" not in [event.note for event in stage.raw.history(stage.take("one").id)]


def test_an_old_text_is_followed_where_all_was_moved_renamed_and_edited_at_once(stage: Stage) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    path_of(stage, "ep1").rename(path_of(stage, "ep2"))
    path_of(stage, "ep2/storyboard_a.json").unlink()
    board = stage.board("ep2/storyboard_b.json", ["one", "new", "newer"])
    stage.go()
    stage.all_delivered(board, "one", "new", "newer")
    assert stage.delivered("two").parent.parent.parent == board.parent
    assert stage.bought() == Counter(["one", "two", "new", "newer"])


# --- the process ended between the files' move and the ledger's commit -----------------------------------------


def test_a_video_that_came_over_with_a_folder_is_known_once(stage: Stage) -> None:
    stage.board("ep1/storyboard_a.json", ["one"])
    stage.until("done")
    stage.control.pause(paused=True)
    stage.board("ep1/storyboard_a.json", ["two"])
    stage.go(5)
    stage.stop()
    # renamed, and the folder brought along by a process that died of it; the other one is read first
    path_of(stage, "ep1/storyboard_a.json").rename(path_of(stage, "ep1/storyboard_b.json"))
    stage.board("ep1/storyboard_c.json", ["one"])
    path_of(stage, "ep1/storyboard_a_assets").rename(path_of(stage, "ep1/storyboard_c_assets"))
    stage.restart()
    stage.control.pause(paused=False)
    stage.go()
    stage.all_delivered(path_of(stage, "ep1/storyboard_c.json"), "one")
    stage.all_delivered(path_of(stage, "ep1/storyboard_b.json"), "two")
    assert stage.bought() == {"one": 1, "two": 1}
    stage.check()


def test_a_receipt_that_was_laid_down_at_the_old_name_does_not_stay_behind(stage: Stage) -> None:
    old = stage.board("ep1/storyboard_a.json", ["one"])
    stage.until("generating")
    stage.stop()
    old.rename(path_of(stage, "ep1/storyboard_b.json"))
    shutil.copytree(path_of(stage, "ep1/storyboard_a_assets"), path_of(stage, "ep1/storyboard_b_assets"))
    stage.restart()
    stage.go()
    stage.all_delivered(path_of(stage, "ep1/storyboard_b.json"), "one")
    stage.board("ep1/storyboard_a.json", ["two"])
    stage.go()
    assert len(stage.takes()) == 2
    assert not list(
        path_of(stage, "ep1/storyboard_a_assets").rglob("*" + stage.take("one").fingerprint[:8] + "*")
    )
    stage.check()


def test_what_failed_for_a_storyboard_that_is_gone_is_not_told_again_by_the_next_one_of_its_name(
    stage: Stage,
) -> None:
    old = stage.board("ep1/storyboard_a.json", ["one"])
    stage.until("generating")
    for task in stage.provider.tasks.values():
        task.fails = True
    stage.go()
    old.unlink()
    other = stage.board("ep1/storyboard_b.json", ["two"])
    stage.go()
    other.rename(old)
    stage.go()
    stage.all_delivered(old, "two")
    assert [(take.request.prompt, take.state.value) for take in stage.takes()] == [
        ("one", "failed"),
        ("two", "done"),
    ]
    before = stage.log.copy(), [take.updated_at for take in stage.takes()]
    stage.go()
    assert (stage.log, [take.updated_at for take in stage.takes()]) == before  # and it is left at that
