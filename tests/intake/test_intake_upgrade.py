"""A new sorad builds some prompts in another way: what an earlier one has bought stays bought."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import pytest
from intake_stage import Stage

from sorad.intake.plan import plan_storyboard
from sorad.model import State

LIN = [{"name": "林", "id": "@lin"}]
OLD, NEW = "@lin 走进树 @lin", "林走进树林"
SEGMENTS = [
    {"segment_index": 1, "prompt_text": "林走进树林", "asset": {"characters": LIN}, "takes": 2},
    {"segment_index": 2, "prompt_text": "Alice waves", "asset": {"characters": ["Alice (@x)"]}},
    {"segment_index": 3, "prompt_text": "A cat."},
]


@pytest.fixture(autouse=True)  # before the stage is set
def earlier(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A sorad of the first rules; ``undo`` is the upgrade."""
    with monkeypatch.context() as patch:
        patch.setattr("sorad.storyboard.shots.RULES", 1)
        patch.setattr("sorad.storyboard.shots.EARLIER", ())
        patch.setattr("sorad.storyboard.read.EARLIER", ())
        patch.setattr("sorad.intake.rules.RULES", 1)
        yield patch


def write(stage: Stage, name: str, segments: list[dict[str, Any]]) -> Path:
    path = stage.vault_dir / name
    path.write_text(json.dumps({"segments": segments}, ensure_ascii=False), encoding="utf-8")
    stage.look = True
    return path


def nothing(stage: Stage) -> None:
    pass


def lose_ledger(stage: Stage) -> None:
    stage.lose_ledger()


def rename(stage: Stage) -> None:
    (stage.vault_dir / "storyboard_a.json").rename(stage.vault_dir / "storyboard_b.json")


def rename_and_lose_ledger(stage: Stage) -> None:
    rename(stage)
    stage.lose_ledger()


def rename_with_folder(stage: Stage) -> None:
    rename(stage)
    (stage.vault_dir / "storyboard_a_assets").rename(stage.vault_dir / "storyboard_b_assets")


def copy(stage: Stage) -> None:
    shutil.copy(stage.vault_dir / "storyboard_a.json", stage.vault_dir / "storyboard_0.json")


def copy_and_lose_ledger(stage: Stage) -> None:
    copy(stage)
    stage.lose_ledger()


def edited_copy_and_lost_ledger(stage: Stage) -> None:
    write(stage, "storyboard_0.json", [*SEGMENTS[:2], {"segment_index": 3, "prompt_text": "new"}])
    stage.lose_ledger()


def edit_known_copy(stage: Stage) -> None:
    stage.restart()
    copy(stage)
    stage.go(60.0)
    stage.stop()
    write(stage, "storyboard_0.json", [*SEGMENTS[:2], {"segment_index": 3, "prompt_text": "new"}])


def copy_and_edit_original(stage: Stage) -> None:
    copy(stage)
    write(stage, "storyboard_a.json", [*SEGMENTS[:2], {"segment_index": 3, "prompt_text": "new"}])


def insert(stage: Stage) -> None:
    segments = [{**one, "segment_index": n} for n, one in enumerate(SEGMENTS, 2)]
    write(stage, "storyboard_a.json", [{"segment_index": 1, "prompt_text": "new"}, *segments])


def insert_and_lose_ledger(stage: Stage) -> None:
    insert(stage)
    stage.lose_ledger()


def reorder(stage: Stage) -> None:
    order = {1: 2, 2: 1, 3: 3}
    write(
        stage,
        "storyboard_a.json",
        [{**one, "segment_index": order[one["segment_index"]]} for one in SEGMENTS],
    )


@pytest.mark.parametrize("phase", ["done", "generating"])
@pytest.mark.parametrize(
    "deed",
    [
        nothing,
        lose_ledger,
        rename,
        rename_and_lose_ledger,
        rename_with_folder,
        copy,
        copy_and_lose_ledger,
        edited_copy_and_lost_ledger,
        edit_known_copy,
        copy_and_edit_original,
        insert,
        insert_and_lose_ledger,
        reorder,
    ],
    ids=lambda deed: deed.__name__,
)
def test_an_upgrade_buys_nothing(
    stage: Stage, earlier: pytest.MonkeyPatch, deed: Callable[[Stage], None], phase: str
) -> None:
    path = write(stage, "storyboard_a.json", SEGMENTS)
    stage.until(phase)
    before = stage.bought()
    assert before[OLD] == 2
    stage.stop()
    deed(stage)
    earlier.undo()
    stage.restart()
    stage.go()
    stage.go()
    bought = stage.bought() - before
    assert set(bought) <= {"new"}
    assert {take.state for take in stage.takes() if take.wanted} <= {State.DONE, State.CANCELLED, State.HELD}
    if path.exists():
        config = stage.config
        planned = plan_storyboard(path, config.watch[0], config, lambda _target: stage.provider, stage.raw)
        assert planned.bought == []


def test_what_was_bought_is_marked_and_only_redo_buys_the_text_of_today(
    stage: Stage, earlier: pytest.MonkeyPatch
) -> None:
    write(stage, "storyboard_a.json", SEGMENTS[:1])
    stage.go()
    stage.stop()
    earlier.undo()
    stage.restart()
    stage.go()
    first, *_others = stage.takes()
    assert first.request.prompt == OLD
    assert first.newer is not None
    assert first.newer.prompt == NEW
    before = stage.bought()
    stage.order("redo", ids=[first.id])
    stage.go()
    assert dict(stage.bought() - before) == {NEW: 1}
    for lost in (False, True, False):
        stage.stop()
        if lost:
            stage.lose_ledger()
        stage.restart()
        stage.go()
        assert dict(stage.bought() - before) == {NEW: 1}
        assert sorted(take.request.prompt for take in stage.takes()) == sorted([OLD, OLD, NEW])


def test_what_was_only_queued_is_bought_with_the_text_of_today(
    stage: Stage, earlier: pytest.MonkeyPatch
) -> None:
    write(stage, "storyboard_a.json", SEGMENTS[:1])
    stage.until("queued")
    stage.stop()
    earlier.undo()
    stage.restart()
    stage.control.pause(paused=True)
    stage.go(60.0)
    stage.control.pause(paused=False)
    stage.go()
    assert dict(stage.bought()) == {NEW: 2}


def test_what_the_user_cancelled_or_what_failed_is_not_bought_by_an_upgrade(
    stage: Stage, earlier: pytest.MonkeyPatch
) -> None:
    write(stage, "storyboard_a.json", SEGMENTS[:1])
    stage.until("queued")
    stage.order("cancel", ids=[take.id for take in stage.takes()])
    stage.go(60.0)
    assert {take.state for take in stage.takes()} == {State.CANCELLED}
    stage.stop()
    earlier.undo()
    stage.restart()
    stage.control.pause(paused=False)
    stage.go()
    assert not stage.bought()
    assert {take.state for take in stage.takes()} == {State.CANCELLED}


def test_an_edit_after_the_upgrade_is_bought_as_ever(stage: Stage, earlier: pytest.MonkeyPatch) -> None:
    write(stage, "storyboard_a.json", SEGMENTS)
    stage.go()
    stage.stop()
    earlier.undo()
    stage.restart()
    stage.go()
    before = stage.bought()
    edited: list[dict[str, Any]] = [{**SEGMENTS[0], "prompt_text": "林看着树林"}, *SEGMENTS[1:]]
    write(stage, "storyboard_a.json", edited)
    stage.go()
    assert dict(stage.bought() - before) == {"林看着树林": 2}
    old: Optional[str] = next(one.request.prompt for one in stage.takes() if one.segment == 2)
    assert old == "Alice waves"
