"""What a stranger puts into a shared folder holds the one take whose name it bears, and stops nothing else."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile import KINDS, put
from intake_stage import Stage

from sorad.layout import intent_path, receipt_path
from sorad.model import State
from sorad.receipts.receipt import GENERATING, SUBMITTING, Receipt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")

A = "ep1/storyboard_a.json"


def forge(stage: Stage, prompt: str, **changed: Any) -> Path:
    """A receipt that fits the take's name, by somebody else."""
    take = stage.take(prompt)
    told = Receipt(take.request, take.fingerprint, take.segment, take.take, GENERATING, "not-ours")
    file = receipt_path(Path(take.output))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**told.to_members(), **changed}), "utf-8")
    return file


def held(stage: Stage, prompt: str) -> bool:
    take = stage.take(prompt)
    return (take.state, take.error.code if take.error else "") == (State.HELD, "receipt.damaged")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", [receipt_path, intent_path])
@pytest.mark.parametrize("again", [False, True])
def test_whatever_lies_in_a_receipts_place_holds_one_take_alone(
    stage: Stage, of: Callable[[Path], Path], kind: str, again: bool
) -> None:
    """``again``: the ledger is lost after it came, so that the folder is read, and not only the place of a take."""
    stage.board(A, ["one", "two"])
    stage.until("queued")
    bad = of(Path(stage.take("one").output))
    put(kind, bad)
    before = bad.lstat()
    if again:
        stage.stop()
        stage.lose_ledger()
        stage.restart()
    stage.control.pause(paused=False)
    stage.board("ep2/storyboard_b.json", ["three"])
    stage.go()
    assert held(stage, "one")
    stage.delivered("two")
    stage.delivered("three")
    assert stage.bought() == Counter(two=1, three=1)
    after = bad.lstat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode), "it stays where it is"
    if kind == "folder":
        bad.rmdir()
    else:
        bad.unlink()
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=1, two=1, three=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"cost": 1e13},
        {"cost": -1},
        {"cost": True},
        {"segment": 10**30},
        {"size": 2**70},
        {"remote_id": "\ud83e"},
        {"request_id": ["x"]},
        {"times": 7},
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_forged_receipt_that_cannot_be_holds_one_take_alone(
    stage: Stage, changed: dict[str, Any], again: bool
) -> None:
    stage.board(A, ["one", "two"])
    stage.until("queued")
    file = forge(stage, "one", **changed)
    text = file.read_bytes()
    if again:
        stage.stop()
        stage.lose_ledger()
        stage.restart()
    stage.control.pause(paused=False)
    stage.go()
    assert held(stage, "one")
    stage.delivered("two")
    assert file.read_bytes() == text
    assert stage.bought() == Counter(two=1)


def test_a_receipt_that_is_put_back_from_a_backup_is_believed(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    video = stage.delivered("one")
    good = receipt_path(video).read_bytes()
    receipt_path(video).write_bytes(good[:100])
    video.unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    assert held(stage, "one")
    receipt_path(video).write_bytes(good)
    (video.parent / "touched").write_text("")
    stage.go()
    take = stage.take("one")
    assert (take.state, take.error) == (State.DONE, None)
    assert video.exists()  # fetched again: the provider still has it
    assert stage.bought() == Counter(one=1)


def test_a_cost_of_the_future_counts_as_of_now(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.until("generating")
    file = receipt_path(Path(stage.take("one").output))
    when = {"submitted": "2098-01-01T00:00:00Z", "accepted": "2098-01-01T00:00:00Z", "finished": None}
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "cost": 5, "times": when}), "utf-8")
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go(20)
    assert stage.ledger.spend() == 5_000_000
    assert stage.ledger.spend(stage.clock.now + 86_400) == 0


def test_numbers_in_names_are_those_that_a_ledger_can_hold(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    stage.until("queued")
    file = forge(stage, "one")
    for number in ("9" * 30, "9" * 11):
        folder = stage.assets(board) / f"Segment_{number}"
        folder.mkdir()
        file.rename(folder / f"{number}_v1_{stage.take('one').fingerprint[:8]}.json")
        file = forge(stage, "one")
    file.unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.control.pause(paused=False)
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(one=1)


def test_a_lasting_intent_of_nobody_holds_its_take(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.until("queued")
    take = stage.take("one")
    told = Receipt(take.request, take.fingerprint, take.segment, take.take, SUBMITTING, "")
    file = intent_path(Path(take.output))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told.to_members()), "utf-8")  # without a time
    stage.control.pause(paused=False)
    stage.go()
    assert held(stage, "one")
    assert file.exists()
    assert not stage.bought()
