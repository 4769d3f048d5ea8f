"""The plan foresees what intake will do."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_stage import Stage
from test_intake_situations import (
    THREE,
    A,
    edit,
    insert,
    insert_and_rename,
    move_folder_and_edit,
    nothing,
    rename,
    rename_and_edit,
    reorder,
)
from world import PRICE

from sorad.cli.main import main
from sorad.intake.plan import BUY, SKIP, Item, Planner, Total, plan_storyboard, total
from sorad.layout import receipt_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.receipts.intents import intent_path
from sorad.vault.own import without_receipts
from sorad.vault.scan import scan


@pytest.mark.parametrize(
    "deed",
    [nothing, rename, rename_and_edit, move_folder_and_edit, edit, insert, insert_and_rename, reorder],
    ids=lambda deed: deed.__name__,
)
def test_the_plan_says_what_is_bought(stage: Stage, deed: Callable[[Stage], Path]) -> None:
    stage.board(A, THREE)
    stage.go()
    before = stage.bought()
    board = deed(stage)
    config = stage.config
    planned = plan_storyboard(board, config.watch[0], config, lambda _target: stage.provider, stage.raw)
    foreseen = Counter(item.request.prompt for item in planned.bought)
    stage.go()
    assert foreseen == stage.bought() - before


B = "ep1/storyboard_b.json"


def copy_beside(stage: Stage) -> None:
    shutil.copy(stage.vault_dir / A, stage.vault_dir / B)


def copy_beside_and_edit(stage: Stage) -> None:
    stage.board(B, ["one", "two", "new"])


def copy_elsewhere_and_edit(stage: Stage) -> None:
    stage.board("ep2/storyboard_b.json", [*THREE, "new"])


def copy_known_then_edited(stage: Stage) -> None:
    shutil.copytree(stage.vault_dir / "ep1", stage.vault_dir / "ep2")
    stage.go(30)
    stage.board("ep2/storyboard_a.json", ["one", "two", "new"])


def two_new_ones_of_one_text(stage: Stage) -> None:
    stage.board("ep3/storyboard_x.json", ["new", "newer"])
    stage.board("ep3/storyboard_y.json", ["new", "newest"])


def two_new_ones_that_are_the_same(stage: Stage) -> None:
    stage.board("ep3/storyboard_x.json", ["new", "newer"])
    stage.board("ep4/storyboard_y.json", ["new", "newer"])


def one_more_take(stage: Stage) -> None:
    stage.control.pause(paused=True)
    stage.order("redo", ids=[stage.take("two").id])
    stage.go(30)
    stage.control.pause(paused=False)


def video_is_gone(stage: Stage) -> None:
    stage.delivered("two").unlink()


def receipt_is_gone(stage: Stage) -> None:
    receipt_path(stage.delivered("two")).unlink()


def ledger_is_lost(stage: Stage) -> None:
    stage.stop()
    stage.lose_ledger()


def ledger_is_lost_and_it_is_renamed(stage: Stage) -> None:
    ledger_is_lost(stage)
    rename_and_edit(stage)


def ledger_is_lost_and_it_is_copied(stage: Stage) -> None:
    ledger_is_lost(stage)
    copy_beside(stage)


def ledger_is_lost_with_the_receipts(stage: Stage) -> None:
    ledger_is_lost(stage)
    for video in stage.vault_dir.rglob("*.mp4"):
        receipt_path(video).unlink()


def deleted_and_put_back_elsewhere(stage: Stage) -> None:
    text = (stage.vault_dir / A).read_text()
    (stage.vault_dir / A).unlink()
    stage.go(60)
    (stage.vault_dir / "deep").mkdir()
    (stage.vault_dir / "deep/storyboard_z.json").write_text(text)


def folder_is_copied_and_its_own_outputs_renamed(stage: Stage) -> None:
    shutil.copytree(stage.vault_dir / "ep1", stage.vault_dir / "ep9")
    stage.assets(stage.vault_dir / A).rename(stage.vault_dir / "ep1/storyboard_old_assets")
    stage.board("ep9/storyboard_a.json", ["new", *THREE])


def redone_of_an_older_text(stage: Stage) -> None:
    edit(stage)
    stage.go()
    stage.control.pause(paused=True)
    stage.order("redo", ids=[next(take.id for take in stage.takes() if take.request.prompt == "two")])
    stage.go(30)
    stage.control.pause(paused=False)


def ledger_is_lost_and_a_copy_is_edited(stage: Stage) -> None:
    copy_beside(stage)
    stage.go(60)
    ledger_is_lost(stage)
    stage.board(A, ["two"])


def two_change_places(stage: Stage) -> None:
    stage.board(B, ["four", "five"])
    stage.go()
    one, other = stage.vault_dir / A, stage.vault_dir / B
    one.rename(one.with_suffix(".old"))
    other.rename(one)
    one.with_suffix(".old").rename(other)


def cancelled_and_edited(stage: Stage) -> None:
    stage.control.pause(paused=True)
    edit(stage)
    stage.go(60)
    stage.order("cancel", ids=[stage.take("new").id])
    stage.go(30)
    stage.control.pause(paused=False)
    insert(stage)


def intent_of_a_stranger(stage: Stage) -> None:
    stage.control.pause(paused=True)
    edit(stage)
    stage.go(60)
    intent_path(Path(stage.take("new").output)).parent.mkdir(parents=True, exist_ok=True)
    intent_path(Path(stage.take("new").output)).write_text("{}")
    stage.control.pause(paused=False)


@pytest.mark.parametrize(
    "deed",
    [
        copy_beside,
        copy_beside_and_edit,
        copy_elsewhere_and_edit,
        copy_known_then_edited,
        two_new_ones_of_one_text,
        two_new_ones_that_are_the_same,
        one_more_take,
        video_is_gone,
        receipt_is_gone,
        ledger_is_lost,
        ledger_is_lost_and_it_is_renamed,
        ledger_is_lost_and_it_is_copied,
        ledger_is_lost_with_the_receipts,
        deleted_and_put_back_elsewhere,
        folder_is_copied_and_its_own_outputs_renamed,
        redone_of_an_older_text,
        ledger_is_lost_and_a_copy_is_edited,
        two_change_places,
        cancelled_and_edited,
        intent_of_a_stranger,
    ],
    ids=lambda deed: deed.__name__,
)
def test_the_plan_of_a_whole_folder_says_what_is_bought(stage: Stage, deed: Callable[[Stage], None]) -> None:
    stage.board(A, THREE)
    stage.go()
    deed(stage)
    before = stage.bought()
    there = stage.state / "ledger.sqlite3"
    ledger = SqliteLedger.attach(there) if there.exists() else None
    left = {path: path.stat().st_mtime_ns for path in stage.folder.rglob("*")}
    planner = Planner(stage.config, lambda _target: stage.provider, ledger)
    files = scan(stage.vault_dir, ()).files
    plans = planner.plan([(Path(one.path), stage.config.watch[0]) for one in without_receipts(files)])
    planner.close()
    assert left == {path: path.stat().st_mtime_ns for path in stage.folder.rglob("*")}
    if ledger is None:
        stage.restart()
    else:
        ledger.close()
    stage.go()
    foreseen = Counter(item.request.prompt for one in plans for item in one.bought)
    assert foreseen == stage.bought() - before


def test_a_take_whose_receipt_is_damaged_is_no_purchase_and_says_what_to_do(stage: Stage) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    video = stage.delivered("one")
    video.unlink()
    receipt_path(video).write_text("{")
    stage.stop()
    stage.lose_ledger()
    stage.restart()

    def planned(ledger: SqliteLedger | None) -> Item:
        config = stage.config
        found = plan_storyboard(board, config.watch[0], config, lambda _target: stage.provider, ledger)
        assert total([found]) == Total(
            len(found.bought), {"USD": PRICE * len(found.bought)} if found.bought else {}, True
        )
        return next(item for item in found.items if item.request.prompt == "one")

    for ledger in (None, stage.raw):
        item = planned(ledger)
        assert item.action == SKIP
        assert item.problem is not None
        assert "cannot be read" in item.problem.text()
        assert "sorad approve" in item.problem.fix_text()
    stage.control.pause(paused=True)
    stage.go(10)
    assert planned(stage.raw).action == SKIP
    stage.order("approve", ids=[stage.take("one").id])
    stage.go(10)
    assert planned(stage.raw).action == BUY


def test_a_video_that_is_gone_is_told_with_the_number_of_its_take(stage: Stage) -> None:
    board = stage.board(A, ["one", "two"])
    stage.go()
    stage.delivered("two").unlink()
    config = stage.config
    found = plan_storyboard(board, config.watch[0], config, lambda _target: stage.provider, stage.raw)
    (problem,) = (item.problem for item in found.items if item.problem is not None)
    assert f"`sorad redo {stage.take('two').id}`" in problem.fix_text()


def test_sorad_plan_shows_it_so(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.board(A, ["one", "two"])
    stage.go()
    video = stage.delivered("one")
    video.unlink()
    receipt_path(video).write_text("{")
    stage.stop()
    stage.lose_ledger()
    config = stage.folder / "config.toml"
    config.write_text(
        f"state_dir = {str(stage.state)!r}\n[[watch]]\npath = {str(stage.vault_dir)!r}\n"
        "[provider]\nkind = 'simulator'\nbase_url = 'http://127.0.0.1:9'\n"
    )
    assert main(["--lang", "en", "--config", str(config), "plan"]) == 0
    shown = capsys.readouterr().out
    assert "nothing would be bought" in shown
    assert f"its receipt {receipt_path(video)} cannot be read" in shown
    assert "sorad approve ID" in shown
