"""Videos that are put together below one folder: it is no watched one, and tells what was bought all the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from intake_stage import Stage

NAME = "ep1/storyboard.json"


@pytest.mark.parametrize("phase", ["generating", "done"])
def test_a_folder_that_two_storyboards_have_stays_where_it_is(tmp_path: Path, phase: str) -> None:
    """A config that would lead to this is refused; should it happen all the same, each keeps its own."""
    roots = [tmp_path / "w" / "vault", tmp_path / "other"]
    for folder in (roots[1], tmp_path / "out"):
        folder.mkdir()
    stage = Stage(1, tmp_path / "w")
    stage.stop()
    both = {
        "output_mode": "centralized",
        "output_dir": tmp_path / "out",
        "rescan_seconds": 300,
        "polling": "never",
    }
    stage.settings["watch"] = [{"path": root, **both} for root in roots]
    stage.restart()
    board = stage.board(NAME, ["one", "two"])
    stage.board(NAME, ["three", "four"], roots[1])
    stage.until(phase)
    new = board.rename(board.with_name("storyboard_b.json"))
    stage.go()
    other = stage.board(NAME, ["three", "four", "five"], roots[1])
    stage.go()
    assert stage.bought() == Counter(["one", "two", "three", "four", "five"])
    stage.all_delivered(new, "one", "two")
    stage.all_delivered(other, "three", "four", "five")
    stage.stop()
