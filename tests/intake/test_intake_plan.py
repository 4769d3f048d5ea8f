"""The plan foresees what intake will do."""

from __future__ import annotations

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
from sorad.intake.plan import BUY, SKIP, Item, Total, plan_storyboard, total
from sorad.layout import receipt_path
from sorad.ledger.sqlite import SqliteLedger


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
