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

from sorad.intake.plan import plan_storyboard


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
    planned = plan_storyboard(
        board, config.watch[0], config, lambda request: [], lambda request: 1, stage.raw
    )
    foreseen = Counter(item.request.prompt for item in planned.bought)
    stage.go()
    assert foreseen == stage.bought() - before
