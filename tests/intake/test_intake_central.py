"""Videos that are put together below one folder: it is no watched one, and tells what was bought all the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.model import State

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


@pytest.mark.parametrize("phase", ["generating", "done"])
@pytest.mark.parametrize("to", ["centralized", "in_place"])
def test_with_the_ledger_lost_the_place_of_the_other_mode_is_looked_at_too(
    stage: Stage, to: str, phase: str
) -> None:
    stage.centralize()
    (watch,) = stage.settings["watch"]
    both = {mode: [{**watch, "output_mode": mode}] for mode in ("in_place", "centralized")}
    stage.stop()
    stage.settings["watch"] = both["in_place" if to == "centralized" else "centralized"]
    stage.restart()
    board = stage.board(NAME, ["one", "two"])
    stage.until(phase)
    stage.stop()
    stage.settings["watch"] = both[to]
    stage.lose_ledger()
    other = stage.board("ep0/storyboard.json", ["one", "three"])  # read first; it never was that folder's
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(one=1, two=1, three=1)
    takes = {(take.storyboard, take.request.prompt): take for take in stage.takes()}
    mine = takes[str(board), "one"]
    assert takes[str(other), "one"].state is State.HELD  # who knows whether it is a copy?
    assert Path(mine.output).is_relative_to(stage.assets(board))
    assert stage.delivered("two").is_relative_to(stage.assets(board))
    assert stage.delivered("three").is_relative_to(stage.assets(other))


def test_what_is_on_its_way_for_a_storyboard_that_is_gone_is_fetched_though_the_ledger_is_lost(
    stage: Stage,
) -> None:
    stage.centralize()
    board = stage.board(NAME, ["one"])
    stage.board("ep2/storyboard.json", ["two"])
    stage.until("generating")
    stage.stop()
    stage.lose_ledger()
    board.unlink()
    stage.restart()
    stage.go()
    assert stage.delivered("one").is_relative_to(stage.assets(board))
    assert stage.bought() == Counter(["one", "two"])


@pytest.mark.parametrize("phase", ["generating", "done"])
@pytest.mark.parametrize("to", ["centralized", "in_place"])
def test_with_the_ledger_lost_too_an_output_dir_of_an_earlier_config_is_looked_at(
    stage: Stage, to: str, phase: str
) -> None:
    stage.centralize()
    board = stage.board(NAME, ["one", "two"])
    stage.until(phase)
    stage.stop()
    (watch,) = stage.settings["watch"]
    second = stage.folder / "second"
    second.mkdir()
    stage.settings["watch"] = [
        {**watch, "output_mode": to, "output_dir": None if to == "in_place" else second}
    ]
    stage.lose_ledger()
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(one=1, two=1)
    assert {stage.delivered(prompt).is_relative_to(stage.assets(board)) for prompt in ("one", "two")} == {
        True
    }


def test_a_note_of_earlier_output_dirs_that_is_damaged_stops_nothing(stage: Stage) -> None:
    stage.centralize()
    stage.board(NAME, ["one"])
    stage.stop()
    (stage.state / "outputs.json").write_text('{"/vault": 3', "utf-8")
    stage.restart()
    stage.go()
    stage.delivered("one")
