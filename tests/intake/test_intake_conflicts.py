"""What a sync service laid beside a storyboard, because two devices had changed it at once: held and offered."""

from __future__ import annotations

import platform
from collections import Counter
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.intake.plan import plan_storyboard
from sorad.ledger.copied import is_copied
from sorad.model import State

TEXTS = ["s1", "s2", "s3", "s4", "s5"]
EDITED = [*TEXTS[:4], "s5 edited"]
NAMES = [
    "storyboard_ep1-DESKTOP-AB12CD.json",
    "storyboard_ep1 (conflict 2026-11-23).json",
    "storyboard_ep1 (SFConflict mei@example.org 2026-11-23-12-00-00).json",
    "storyboard_ep1 (冲突).json",
]


def held(stage: Stage, path: Path) -> list[str]:
    mine = [take for take in stage.takes() if take.storyboard == str(path) and take.state is State.HELD]
    assert all(is_copied(take) for take in mine)
    return [take.request.prompt for take in mine]


def test_half_of_the_texts_are_enough(stage: Stage) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    copy = stage.board(NAMES[0], ["s1", "s2", "x", "y"])
    stage.go()
    assert held(stage, copy) == ["s1", "s2", "x", "y"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("together", [False, True])
def test_a_conflict_copy_waits_for_the_user(stage: Stage, name: str, together: bool) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    if not together:
        stage.go()
    copy = stage.board(name, EDITED)
    stage.go()
    assert stage.bought() == Counter(TEXTS)
    assert held(stage, copy) == EDITED
    stage.order("approve", all=True)
    stage.go()
    assert held(stage, copy) == EDITED, "who approves all does not mean conflict copies"
    stage.order("approve", storyboard=str(copy))
    stage.go()
    assert held(stage, copy) == []
    assert stage.bought()["s5 edited"] == 1


def test_plan_says_so(stage: Stage) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    copy = stage.board(NAMES[0], EDITED)
    provider = stage.provider
    for ledger in (None, stage.raw):
        planned = plan_storyboard(copy, stage.config.watch[0], stage.config, lambda _target: provider, ledger)
        assert planned.bought == []
        assert {item.problem.code for item in planned.items if item.problem is not None} == {"take.copied"}


def test_this_computers_name_counts_too(stage: Stage) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    copy = stage.board(f"storyboard_ep1-{platform.node()}.json", EDITED)
    stage.go()
    assert held(stage, copy) == EDITED


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("storyboard_ep2-DESKTOP-AB12CD.json", EDITED),  # no plain sibling
        ("storyboard_ep1-DESKTOP-AB12CD.json", ["s1", "x", "y"]),  # another content
        ("storyboard_ep1-night.json", ["n1", "n2"]),
    ],
)
def test_what_is_none_is_bought(stage: Stage, name: str, texts: list[str]) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    stage.go()
    other = stage.board(name, texts)
    stage.go()
    assert held(stage, other) == []
    assert not Counter(texts) - stage.bought()


def test_beside_a_storyboard_with_mistakes_it_waits(stage: Stage) -> None:
    plain = stage.board("storyboard_ep1.json", TEXTS)
    plain.write_text("{", "utf-8")
    copy = stage.board(NAMES[0], EDITED)
    stage.go()
    assert (stage.bought(), held(stage, copy)) == (Counter(), EDITED)


def test_what_was_approved_stays_so_and_what_is_new_waits(stage: Stage) -> None:
    stage.board("storyboard_ep1.json", TEXTS)
    copy = stage.board(NAMES[0], EDITED)
    stage.go()
    stage.order("approve", storyboard=str(copy))
    stage.go()
    stage.board(NAMES[0], [*EDITED, "s6"])
    stage.go()
    assert held(stage, copy) == ["s6"]
