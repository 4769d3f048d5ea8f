"""A text that another storyboard nearby has bought is not bought once more: its video is reused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from intake_stage import Stage, mp4

from sorad.intake.plan import plan_storyboard
from sorad.layout import receipt_path
from sorad.model import State, Take
from sorad.receipts.receipt import read_receipt

A, B, C = "ep1/storyboard_a.json", "ep1/storyboard_b.json", "ep1/storyboard_c.json"
FIVE = ["s1", "s2", "s3", "s4", "s5"]
EDITED = [*FIVE[:4], "s5 edited"]
THREE = ["s1", "s2", "s3"]


def of(stage: Stage, path: Path) -> list[Take]:
    return [take for take in stage.takes() if take.storyboard == str(path)]


def check_reused(stage: Stage, take: Take, source: Take) -> None:
    assert (take.state, take.reused, take.remote_id, take.cost) == (State.DONE, source.remote_id, "", 0)
    video = Path(take.output)
    assert video.read_bytes() == mp4(take.request.prompt)
    members = json.loads(receipt_path(video).read_text("utf-8"))
    assert members["reused_from"]["remote_id"] == source.remote_id
    assert members["reused_from"]["fingerprint"] == take.fingerprint
    assert (members["cost"], members["remote_id"], members["state"]) == (0, "", "done")
    told = (video.parent.parent / members["reused_from"]["path"]).resolve()
    assert told == Path(source.output).resolve()


def reuse(stage: Stage, how: str) -> None:
    stage.stop()
    watch = stage.config.watch[0].model_dump()
    stage.settings["watch"] = [{**watch, "reuse": how}]
    stage.restart()


def test_a_later_version_buys_its_one_new_text(stage: Stage) -> None:
    first = stage.board(A, FIVE)
    stage.go()
    later = stage.board(B, EDITED)
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    for take, source in zip(of(stage, later)[:4], of(stage, first)):
        check_reused(stage, take, source)
    assert of(stage, later)[4].reused == ""
    assert stage.raw.spend() == 6 * 30_000


@pytest.mark.parametrize("phase", ["queued", "generating"])
def test_what_is_under_way_is_waited_for(stage: Stage, phase: str) -> None:
    first = stage.board(B, THREE)
    stage.until(phase)
    stage.control.pause(paused=False)
    later = stage.board(A, [*THREE[:2], "new"])  # by its path the first one
    stage.go()
    assert stage.bought() == Counter([*THREE, "new"])
    assert {take.state for take in (*of(stage, first), *of(stage, later))} == {State.DONE}


def test_of_two_that_come_at_once_the_first_by_path_buys(stage: Stage) -> None:
    second, first = stage.board(B, FIVE), stage.board(A, EDITED)
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    assert [bool(take.reused) for take in of(stage, first)] == [False] * 5
    assert [bool(take.reused) for take in of(stage, second)] == [True] * 4 + [False]


def test_two_equal_segments_of_one_file_stay_two_purchases(stage: Stage) -> None:
    stage.board(A, ["same", "same", "one"])
    stage.go()
    assert stage.bought() == Counter(same=2, one=1)
    later = stage.board(B, ["same", "same", "same"])
    stage.go()
    assert stage.bought() == Counter(same=3, one=1)
    reused = [take.reused for take in of(stage, later) if take.reused]
    assert len(reused) == len(set(reused)) == 2


def test_a_third_one_reuses_from_the_first(stage: Stage) -> None:
    stage.board(A, FIVE)
    stage.go()
    stage.board(B, EDITED)
    stage.go()
    third = stage.board(C, [*FIVE[:3], "s5 edited"])
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    assert all(take.reused for take in of(stage, third))


def test_where_the_source_is_cancelled_the_waiter_buys(stage: Stage) -> None:
    stage.control.pause(paused=True)
    first = stage.board(A, ["s1"])
    later = stage.board(B, ["s1", "s2"])
    stage.go(5.0)
    stage.order("cancel", storyboard=str(first))
    stage.run(5.0)
    stage.control.pause(paused=False)
    stage.go()
    assert stage.bought() == Counter(["s1", "s2"])
    assert [take.reused for take in of(stage, later)] == ["", ""]


def test_where_the_source_fails_the_waiter_buys(stage: Stage) -> None:
    stage.odds.fails, stage.odds.mends = 1.0, 0.0
    first = stage.board(A, ["s1"])
    stage.go(30.0)
    stage.odds.fails = 0.0
    later = stage.board(B, ["s1", "s2"])
    stage.go()
    assert of(stage, first)[0].state is State.FAILED
    assert {take.state for take in of(stage, later)} == {State.DONE}
    assert stage.bought() == Counter(s1=2, s2=1)


@pytest.mark.parametrize(
    ("how", "other", "reused"),
    [
        ("folder", "ep2/storyboard_b.json", False),
        ("root", "ep2/storyboard_b.json", True),
        ("never", B, False),
    ],
)
def test_how_far_it_reaches(stage: Stage, how: str, other: str, reused: bool) -> None:
    reuse(stage, how)
    stage.board(A, ["s1", "s2"])
    stage.go()
    later = stage.board(other, ["s1", "new"])
    stage.go()
    assert stage.bought()["s1"] == (1 if reused else 2)
    assert bool(of(stage, later)[0].reused) == reused


def test_redo_buys(stage: Stage) -> None:
    stage.board(A, FIVE)
    stage.go()
    later = stage.board(B, EDITED)
    stage.go()
    stage.order("redo", ids=[of(stage, later)[0].id])
    stage.go()
    assert stage.bought()["s1"] == 2


def test_a_reused_video_that_is_missing_is_taken_again(stage: Stage) -> None:
    first = stage.board(A, FIVE)
    stage.go()
    later = stage.board(B, EDITED)
    stage.go()
    video = Path(of(stage, later)[0].output)
    video.unlink()
    stage.go()
    check_reused(stage, of(stage, later)[0], of(stage, first)[0])
    receipt_path(video).unlink()
    video.unlink()
    stage.go()
    check_reused(stage, of(stage, later)[0], of(stage, first)[0])
    Path(of(stage, first)[0].output).unlink()
    video.unlink()
    stage.go()
    gone = of(stage, later)[0]
    assert (gone.state, gone.error and gone.error.code) == (State.DONE, "take.missing")
    assert stage.bought()["s1"] == 1


@pytest.mark.parametrize("missing", [False, True])
def test_a_ledger_that_is_rebuilt_counts_the_cost_once(stage: Stage, missing: bool) -> None:
    stage.board(A, FIVE)
    stage.go()
    later = stage.board(B, EDITED)
    stage.go()
    if missing:
        Path(of(stage, later)[0].output).unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    assert stage.raw.spend() == 6 * 30_000
    assert [bool(take.reused) for take in of(stage, later)] == [True] * 4 + [False]
    assert {(take.state, take.error) for take in stage.takes()} == {(State.DONE, None)}


def test_it_needs_no_approval_for_what_costs_nothing(stage: Stage) -> None:
    stage.board(A, FIVE)
    stage.go()
    stage.stop()
    stage.settings["budget"] = {"approve_above": 0.03}
    stage.restart()
    later = stage.board(B, EDITED)
    stage.go()
    assert {take.state for take in of(stage, later)} == {State.DONE}


def test_plan_says_so(stage: Stage) -> None:
    stage.board(A, FIVE)
    stage.go()
    stage.control.pause(paused=True)
    later = stage.board(B, EDITED)
    provider = stage.provider
    planned = plan_storyboard(later, stage.config.watch[0], stage.config, lambda _target: provider, stage.raw)
    assert [item.request.prompt for item in planned.bought] == ["s5 edited"]
    assert all(item.reason.startswith("reused") for item in planned.items[:4])


def test_an_edit_of_a_copy_reuses_what_its_original_has(stage: Stage) -> None:
    stage.board(A, FIVE)
    stage.go()
    copy = stage.board(B, FIVE)
    stage.go()
    assert of(stage, copy) == []
    stage.board(B, EDITED)
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    assert [bool(take.reused) for take in of(stage, copy)] == [True] * 4 + [False]


def test_an_edit_of_the_original_gives_its_copy_what_it_had(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.go()
    copy = stage.board(B, THREE)
    stage.go()
    stage.board(A, ["s1", "s2", "new"])
    stage.go()
    assert stage.bought() == Counter([*THREE, "new"])
    assert [bool(take.reused) for take in of(stage, copy)] == [True] * 3


def test_an_approved_conflict_copy_buys_its_one_new_text(stage: Stage) -> None:
    stage.board("storyboard_ep1.json", FIVE)
    stage.go()
    copy = stage.board("storyboard_ep1-DESKTOP-AB12CD.json", EDITED)
    stage.go()
    stage.order("approve", storyboard=str(copy))
    stage.go()
    assert stage.bought() == Counter([*FIVE, "s5 edited"])
    assert [bool(take.reused) for take in of(stage, copy)] == [True] * 4 + [False]


@pytest.mark.parametrize("links", [True, False])
def test_an_edited_video_of_the_one_never_changes_the_other_by_sorad(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr("sorad.receipts.sharing._link", lambda source, target: False)
    first = stage.board(A, FIVE)
    stage.go()
    later = stage.board(B, EDITED)
    stage.go()
    check_reused(stage, of(stage, later)[0], of(stage, first)[0])
    video = Path(of(stage, later)[0].output)
    assert not list(video.parent.glob(".*"))
    receipt = read_receipt(receipt_path(video))
    assert receipt is not None
    assert receipt.size == video.stat().st_size
