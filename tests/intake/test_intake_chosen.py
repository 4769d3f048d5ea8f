"""The choice of a take for its segment: a fact of the ledger and of the receipts."""

from __future__ import annotations

import json
from pathlib import Path

from intake_stage import Stage

from sorad.layout import receipt_path
from sorad.model import Take

A = "ep1/storyboard_a.json"


def two_takes(stage: Stage) -> tuple[Path, Take, Take]:
    board = stage.board(A, ["one", "two"])
    stage.go()
    stage.order("redo", ids=[stage.take("one").id])
    stage.go()
    first, second = (take for take in stage.takes() if take.request.prompt == "one")
    return board, first, second


def chosen(stage: Stage) -> list[tuple[int, int]]:
    return [(take.segment, take.take) for take in stage.takes() if take.chosen_at]


def told(take: Take) -> float | None:
    return json.loads(receipt_path(Path(take.output)).read_text()).get("chosen_at")


def test_of_a_segment_one_take_is_chosen_until_the_choice_is_taken_back(stage: Stage) -> None:
    _board, first, second = two_takes(stage)
    stage.order("choose", ids=[first.id, stage.take("two").id])
    stage.go(5)
    assert chosen(stage) == [(1, 1), (2, 1)]
    stage.order("choose", ids=[second.id])
    stage.go(5)
    assert chosen(stage) == [(2, 1), (1, 2)]
    assert told(first) is None
    assert told(second) is not None
    stage.order("choose", ids=[first.id], none=True)
    stage.go(5)
    assert chosen(stage) == [(2, 1)]
    assert told(second) is None


def test_a_ledger_that_was_lost_learns_the_choice_from_the_receipts_and_the_newest_counts(
    stage: Stage,
) -> None:
    _board, first, second = two_takes(stage)
    stage.order("choose", ids=[second.id])
    stage.go(5)
    # A receipt that came back from a backup tells of an earlier choice.
    path = receipt_path(Path(first.output))
    path.write_text(json.dumps({**json.loads(path.read_text()), "chosen_at": 12.5}))
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    assert chosen(stage) == [(1, 2)]
    assert stage.raw.spend() == 3 * stage.takes()[0].cost


def test_a_choice_outlives_an_edit_and_a_renumbering(stage: Stage) -> None:
    board, _first, second = two_takes(stage)
    stage.order("choose", ids=[second.id, stage.take("two").id])
    stage.go(5)
    stage.board(A, [(7, "one"), (2, "other")])
    stage.go()
    takes = {take.request.prompt: take for take in stage.takes() if take.chosen_at}
    assert (takes["one"].segment, takes["one"].take) == (7, 2)
    assert not takes["two"].wanted  # of an earlier text, and still chosen
    assert board.exists()


def test_what_is_not_delivered_is_not_chosen(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.until("generating")
    stage.order("choose", ids=[stage.take("one").id])
    stage.go(5)
    assert chosen(stage) == []
