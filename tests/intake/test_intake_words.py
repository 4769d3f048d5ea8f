"""Words in storyboards that an earlier sorad left out, and this one understands: an upgrade over them buys nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage

from sorad.intake.plan import plan_storyboard
from sorad.model import Request, State

WORDY = {"seed": 7, "negative_prompt": "blur", "audio": False, "takes": 2}
SEGMENTS = [
    {"segment_index": 1, "prompt_text": "A cat.", **WORDY},
    {"segment_index": 2, "prompt_text": "Alice waves.", "asset": {"characters": ["Alice"]}},
    {"segment_index": 3, "prompt_text": "A dog."},
]
TOP = {"characters": [{"name": "Alice", "id": "@alice"}], "title": "One"}


@pytest.fixture(autouse=True)  # before the stage is set
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A sorad that knows no such words; ``undo`` is the upgrade."""

    def known(self: Any, part: Any, path: Any) -> Request:
        return replace(self.older(part, 2), rules=0)

    with monkeypatch.context() as patch:
        patch.setattr("sorad.storyboard.shots.Reader.request", known)
        patch.setattr("sorad.storyboard.shots.EARLIER", ())
        patch.setattr("sorad.storyboard.read.EARLIER", ())
        patch.setattr("sorad.intake.rules.RULES", 2)
        yield patch


def write(stage: Stage, segments: list[dict[str, Any]], name: str = "storyboard_a.json") -> Path:
    path = stage.vault_dir / name
    path.write_text(json.dumps({**TOP, "segments": segments}), encoding="utf-8")
    stage.look = True
    return path


def upgrade(stage: Stage, before: pytest.MonkeyPatch) -> None:
    stage.stop()
    before.undo()
    stage.restart()
    stage.go()
    stage.go()


def wanted(stage: Stage) -> list[tuple[int, int, Any]]:
    return sorted((take.segment, take.take, take.request.seed) for take in stage.takes() if take.wanted)


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("phase", ["done", "generating"])
def test_an_upgrade_over_them_buys_nothing(
    stage: Stage, before: pytest.MonkeyPatch, phase: str, lost: bool
) -> None:
    path = write(stage, SEGMENTS)
    stage.until(phase)
    stage.go()
    bought = stage.bought()
    if lost:
        stage.lose_ledger()
    upgrade(stage, before)
    assert stage.bought() == bought
    assert wanted(stage) == [(1, 1, None), (1, 2, None), (2, 1, None), (3, 1, None)]
    newer = {take.segment: take.newer for take in stage.takes() if take.newer is not None}
    assert set(newer) == {1, 2}
    assert newer[2] is not None
    assert newer[2].prompt == "@alice waves."
    config = stage.config
    planned = plan_storyboard(path, config.watch[0], config, lambda _target: stage.provider, stage.raw)
    assert planned.bought == []
    write(stage, [*SEGMENTS[:2], {**SEGMENTS[2], "prompt_text": "A bird."}])  # the others stay marked
    stage.go()
    assert dict(stage.bought() - bought) == {"A bird.": 1}


def test_the_same_words_written_today_are_an_edit(stage: Stage, before: pytest.MonkeyPatch) -> None:
    write(stage, SEGMENTS)
    stage.go()
    upgrade(stage, before)
    bought = stage.bought()
    path = write(stage, [*SEGMENTS[:2], {**SEGMENTS[2], "seed": 3}])
    config = stage.config
    planned = plan_storyboard(path, config.watch[0], config, lambda _target: stage.provider, stage.raw)
    assert [item.request.seed for item in planned.bought] == [3]
    stage.go()
    assert dict(stage.bought() - bought) == {"A dog.": 1}
    write(stage, [{**SEGMENTS[0], "seed": 9}, *SEGMENTS[1:2], {**SEGMENTS[2], "seed": 3}])
    stage.go()
    assert dict(stage.bought() - bought) == {"A dog.": 1, "A cat.": 2}
    assert (1, 2, 10) in wanted(stage)


def test_a_copy_with_such_words_added_is_a_storyboard_of_its_own(
    stage: Stage, before: pytest.MonkeyPatch
) -> None:
    before.undo()
    stage.restart()
    write(stage, SEGMENTS[2:])
    stage.go()
    bought = stage.bought()
    write(stage, [{**SEGMENTS[2], "seed": 3}], "storyboard_b.json")
    stage.go()
    assert dict(stage.bought() - bought) == {"A dog.": 1}
    assert {take.state for take in stage.takes()} == {State.DONE}


def test_redo_of_a_take_with_a_seed_has_the_next_one(stage: Stage, before: pytest.MonkeyPatch) -> None:
    before.undo()
    stage.restart()
    write(stage, SEGMENTS[:1])
    stage.go()
    assert wanted(stage) == [(1, 1, 7), (1, 2, 8)]
    first = min(stage.takes(), key=lambda take: take.take)
    stage.order("redo", ids=[first.id])
    stage.order("redo", ids=[first.id])  # while that one is open
    stage.go()
    assert wanted(stage) == [(1, 1, 7), (1, 2, 8), (1, 3, 9)]
    for lose in (False, True):
        stage.stop()
        if lose:
            stage.lose_ledger()
        stage.restart()
        stage.go()
        assert wanted(stage) == [(1, 1, 7), (1, 2, 8), (1, 3, 9)]
    assert sum(stage.bought().values()) == 3


def test_a_receipt_tells_what_was_sent(stage: Stage, before: pytest.MonkeyPatch) -> None:
    before.undo()
    stage.restart()
    write(stage, SEGMENTS[2:])
    stage.go()

    def told() -> Any:
        (take,) = stage.takes()
        return json.loads(Path(take.output).with_suffix(".json").read_text("utf-8"))

    assert told()["sent"] == {"duration": 10}
    assert told()["state"] == "done"
    assert told()["request"]["rules"] == 3
    stage.lose_ledger()
    stage.restart()
    stage.go()
    assert told()["sent"] == {"duration": 10}
