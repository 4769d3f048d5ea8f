"""Where no video is reused: copies, other roots, whole vaults on the move, and videos that somebody deleted."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.intake.plan import plan_storyboard
from sorad.ledger.copied import is_copied
from sorad.model import State

A, B = "ep1/storyboard_a.json", "ep1/storyboard_b.json"
THREE = ["one", "two", "three"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """One watched folder."""
    stage = Stage(1, tmp_path / "w", watch=watches(tmp_path / "w" / "vault"))
    (stage.vault_dir / "note.md").touch()
    yield stage
    stage.close()


@pytest.fixture
def two(tmp_path: Path) -> Stage:
    """Two watched folders."""
    roots = [tmp_path / "w" / "vault", tmp_path / "other"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "note.md").touch()
    stage = Stage(1, tmp_path / "w", watch=watches(*roots))
    (stage.vault_dir / "note.md").touch()
    return stage


def watches(*roots: Path) -> list[dict[str, object]]:
    return [{"path": root, "rescan_seconds": 300, "polling": "never", "reuse": "never"} for root in roots]


def state_of(stage: Stage, path: Path) -> str:
    return next(board.state for board in stage.raw.storyboards() if board.path == str(path))


# --- copies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["generating", "done"])
def test_a_copy_buys_nothing_and_says_so(stage: Stage, phase: str) -> None:
    board = stage.board(A, THREE)
    stage.until(phase)
    copy = stage.vault_dir / B
    shutil.copy(board, copy)
    stage.go()
    assert stage.bought() == Counter(THREE)
    (row,) = (row for row in stage.raw.storyboards() if row.path == str(copy))
    assert (row.state, row.copy_of, row.problems[0].code) == ("copy", str(board), "storyboard.copy")


def test_a_copy_takes_the_place_of_the_original(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    copy = stage.vault_dir / B
    shutil.copy(board, copy)
    stage.go()
    board.unlink()
    stage.go()
    stage.all_delivered(copy, *THREE)
    assert stage.bought() == Counter(THREE)


def copied(stage: Stage) -> Path:
    """All three texts are bought, and a copy lies beside."""
    board = stage.board(A, THREE)
    stage.go()
    copy = stage.vault_dir / B
    shutil.copy(board, copy)
    stage.go()
    assert state_of(stage, copy) == "copy"
    return copy


def held_of(stage: Stage, path: Path) -> list[str]:
    """What waits for the user because another storyboard has it."""
    mine = [take for take in stage.takes() if take.storyboard == str(path)]
    assert {take.state for take in mine} <= {State.HELD, State.DONE, State.CANCELLED}
    held = [take for take in mine if take.state is State.HELD]
    assert all(is_copied(take) for take in held)
    return [take.request.prompt for take in held]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_copy_buys_nothing_once_more_when_its_original_is_edited(stage: Stage, restarted: bool) -> None:
    """Nobody touches the copy: what the original has, or had, is offered; `sorad approve PATH` buys it."""
    copy = copied(stage)
    if restarted:
        stage.stop()
    stage.board(A, ["one", "two", "changed"])
    if restarted:
        stage.restart()
    stage.run(400)  # one period, without a hint
    assert state_of(stage, copy) == "ok"
    stage.go()
    assert stage.bought() == Counter([*THREE, "changed"])
    assert held_of(stage, copy) == THREE
    stage.order("approve", all=True)
    stage.go()
    assert held_of(stage, copy) == THREE  # who approves all does not mean copies
    stage.order("approve", storyboard=str(copy))
    stage.go()
    assert held_of(stage, copy) == []
    assert stage.bought() == Counter(one=2, two=2, three=2, changed=1)


def test_what_only_a_copy_has_is_bought_for_it(stage: Stage) -> None:
    """The original is edited before "three" was sent: nobody else ever buys that."""
    stage.control.pause(paused=True)
    board = stage.board(A, THREE)
    stage.go(5)
    shutil.copy(board, stage.vault_dir / B)
    stage.go(5)
    stage.board(A, ["one", "two", "changed"])
    stage.run(400)
    stage.control.pause(paused=False)
    stage.go()
    assert stage.bought() == Counter([*THREE, "changed"])
    assert held_of(stage, stage.vault_dir / B) == ["one", "two"]


def edited(stage: Stage, copy: Path) -> Path:
    return stage.board(B, ["one", "two", "new"])


def edited_by_way_of_a_mistake(stage: Stage, copy: Path) -> Path:
    copy.write_text("{")
    stage.go()
    return edited(stage, copy)


def edited_and_edited_back(stage: Stage, copy: Path) -> Path:
    edited(stage, copy)
    stage.go()
    stage.board(B, ["else"])
    stage.go()
    return edited(stage, copy)


def edited_and_renamed(stage: Stage, copy: Path) -> Path:
    edited(stage, copy)
    stage.go()
    return copy.rename(copy.with_name("storyboard_z.json"))


@pytest.mark.parametrize(
    "deed",
    [edited, edited_by_way_of_a_mistake, edited_and_edited_back, edited_and_renamed],
    ids=lambda deed: deed.__name__,
)
def test_of_a_copy_that_is_edited_the_new_texts_are_bought(
    stage: Stage, deed: Callable[[Stage, Path], Path]
) -> None:
    board = deed(stage, copied(stage))
    stage.go()
    bought = Counter({*THREE, "new"})
    if deed is edited_and_edited_back:
        bought["else"] = 1
    assert stage.bought() == bought
    assert held_of(stage, board) == ["one", "two"]


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("name", ["storyboard_a backup.json", "storyboard_0.json"])
def test_a_copy_of_what_the_original_was_before_is_one_too(stage: Stage, name: str, running: bool) -> None:
    """Copied, and the original edited at once, before sorad saw the copy."""
    board = stage.board(A, THREE)
    stage.go()
    if not running:
        stage.stop()
    shutil.copy(board, board.with_name(name))
    stage.board(A, [*THREE, "more"])
    if not running:
        stage.restart()
    stage.go()
    assert stage.bought() == Counter([*THREE, "more"])
    assert held_of(stage, board.with_name(name)) == THREE


def test_so_is_one_that_comes_after_the_edit_was_read(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    old = board.read_bytes()
    stage.board(A, [*THREE, "more"])
    stage.go()
    (stage.vault_dir / B).write_bytes(old)
    stage.go()
    assert stage.bought() == Counter([*THREE, "more"])
    assert held_of(stage, stage.vault_dir / B) == THREE


def test_an_original_that_is_put_back_has_its_copy_again(stage: Stage) -> None:
    copy = copied(stage)
    stage.board(A, ["one", "two", "changed"])
    stage.go()
    board = stage.board(A, THREE)
    stage.go()
    assert (state_of(stage, board), state_of(stage, copy)) == ("ok", "copy")
    assert held_of(stage, copy) == []
    stage.board(A, ["one", "two", "changed"])
    stage.go()
    assert held_of(stage, copy) == THREE
    assert stage.bought() == Counter([*THREE, "changed"])


def test_an_original_that_is_renamed_and_edited_leaves_its_copy_a_copy(stage: Stage) -> None:
    copy = copied(stage)
    (stage.vault_dir / A).rename(stage.vault_dir / "ep1/storyboard_c.json")
    board = stage.board("ep1/storyboard_c.json", ["one", "two", "changed"])
    stage.go()
    stage.all_delivered(board, "changed")
    assert held_of(stage, copy) == THREE
    assert stage.bought() == Counter([*THREE, "changed"])


def test_a_copy_buys_a_further_take_of_what_it_was_given_itself(stage: Stage) -> None:
    copy = copied(stage)
    stage.board(B, ["one", "new"])
    stage.go()
    stage.order("approve", storyboard=str(copy))
    stage.go()
    stage.board(B, ["one", "new", "one"])
    stage.go()
    assert stage.bought() == Counter(one=3, two=1, three=1, new=1)


def test_the_plan_says_what_a_copy_would_not_buy(stage: Stage) -> None:
    copy = copied(stage)
    stage.board(B, ["one", "two", "new"])

    def planned() -> list[tuple[str, str]]:
        plan = plan_storyboard(
            copy, stage.config.watch[0], stage.config, lambda _target: stage.provider, stage.raw
        )
        return [(one.action, one.problem.code if one.problem else "") for one in plan.items]

    held = ("skip", "take.copied")
    assert planned() == [held, held, ("buy", "")]
    stage.go()
    assert planned() == [held, held, ("skip", "")]


def test_a_copy_waits_while_its_original_is_broken(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    copy = stage.vault_dir / B
    shutil.copy(board, copy)
    stage.go()
    text = board.read_text()
    board.write_text(text[:-5])
    stage.go()
    assert (state_of(stage, board), state_of(stage, copy)) == ("invalid", "copy")
    board.write_text(text)
    stage.go()
    assert (state_of(stage, board), state_of(stage, copy)) == ("ok", "copy")
    assert stage.bought() == Counter(THREE)


def test_copies_of_an_edited_original_remain_copies_of_each_other(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    copies = [stage.vault_dir / f"ep1/storyboard_{name}.json" for name in "xyz"]
    for copy in copies:
        shutil.copy(board, copy)
    stage.go()
    stage.board(A, ["one", "two", "changed"])
    stage.go()
    assert sorted(state_of(stage, copy) for copy in copies) == ["copy", "copy", "ok"]
    assert stage.bought() == Counter([*THREE, "changed"])


def test_a_copy_with_an_edit_is_a_storyboard_of_its_own(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.go()
    board = stage.board(B, ["one", "two", "new"])
    stage.go()
    assert stage.bought() == Counter(one=2, two=2, three=1, new=1)
    assert len(list(board.with_name("storyboard_b_assets").rglob("*.mp4"))) == 3


def test_a_copied_folder_with_an_edit_buys_the_edit(stage: Stage) -> None:
    stage.board(A, THREE)
    stage.go()
    shutil.copytree(stage.vault_dir / "ep1", stage.vault_dir / "ep2")
    stage.board("ep2/storyboard_a.json", ["one", "two", "new"])
    stage.go()
    assert stage.bought() == Counter([*THREE, "new"])
    copy = stage.vault_dir / "ep2" / "storyboard_a.json"
    known = Counter(take.request.prompt for take in stage.takes() if take.storyboard == str(copy))
    assert known == Counter([*THREE, "new"])
    assert {take.state for take in stage.takes()} == {State.DONE}


def test_a_copy_in_another_root_buys_nothing(two: Stage, tmp_path: Path) -> None:
    board = two.board(A, THREE)
    two.go()
    copy = tmp_path / "other" / "storyboard.json"
    shutil.copy(board, copy)
    two.go()
    assert state_of(two, copy) == "copy"
    assert two.bought() == Counter(THREE)


@pytest.mark.parametrize("running", [True, False])
def test_a_copy_waits_while_the_original_may_be_on_a_disk_that_is_away(
    two: Stage, tmp_path: Path, running: bool
) -> None:
    board = two.board(A, THREE)
    two.go()
    copy = tmp_path / "other" / "storyboard.json"
    shutil.copy(board, copy)
    away = two.vault_dir.rename(tmp_path / "away")
    if not running:
        two.stop()
        two.restart()
    two.go()
    assert state_of(two, copy) == "copy"
    away.rename(two.vault_dir)
    two.go()
    two.all_delivered(board, *THREE)
    assert two.bought() == Counter(THREE)


# --- vaults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edit", [False, True], ids=["as it was", "edited"])
@pytest.mark.parametrize("phase", ["queued", "generating", "done"])
def test_a_vault_that_moved_brings_its_takes_along(
    stage: Stage, tmp_path: Path, phase: str, edit: bool
) -> None:
    stage.board(A, THREE)
    stage.until(phase)
    stage.control.pause(paused=False)
    stage.stop()
    new = stage.vault_dir.rename(tmp_path / "moved")
    stage.settings["watch"] = watches(new)
    texts = ["one", "two", "new"] if edit else THREE
    board = stage.board(A, texts, new)
    stage.restart()
    stage.go()
    stage.all_delivered(board, *texts)
    expected = Counter([*THREE, "new"] if edit else THREE)
    if edit and phase == "queued":
        del expected["three"]
    assert stage.bought() == expected
    assert {take.root for take in stage.takes()} == {str(new)}


def test_a_vault_that_was_cloned_and_left_where_it_was_buys_nothing(stage: Stage, tmp_path: Path) -> None:
    stage.board(A, THREE)
    stage.go()
    stage.stop()
    shutil.copytree(stage.vault_dir, tmp_path / "clone")
    stage.settings["watch"] = watches(tmp_path / "clone")
    stage.restart()
    stage.go()
    assert stage.bought() == Counter(THREE)


# --- deleted videos ---------------------------------------------------------------------------------------


def error_of(stage: Stage, prompt: str) -> str:
    take = stage.take(prompt)
    assert take.state is State.DONE
    return take.error.code if take.error is not None else ""


@pytest.mark.parametrize("running", [True, False])
def test_a_deleted_video_is_missed_and_not_bought_again(stage: Stage, running: bool) -> None:
    stage.board(A, THREE)
    stage.go()
    video = stage.delivered("two")
    if not running:
        stage.stop()
    kept = video.read_bytes()
    video.unlink()
    if not running:
        stage.restart()
    stage.go()
    assert [error_of(stage, prompt) for prompt in THREE] == ["", "take.missing", ""]
    assert [problem.code for problem in problems(stage)] == ["take.missing"]
    video.write_bytes(kept)
    stage.go()
    stage.delivered("two")
    assert problems(stage) == []
    assert stage.bought() == Counter(THREE)


def test_a_copy_that_is_gone_takes_no_place_of_what_it_was_copied_from(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    stage.go()
    copy = board.with_name("storyboard_twin.json")
    copy.write_bytes(board.read_bytes())
    stage.go()
    copy.unlink()
    stage.go()
    video = stage.delivered("one")
    kept = video.read_bytes()
    video.unlink()
    stage.go()  # has the storyboard read again
    video.write_bytes(kept)
    stage.go()
    stage.delivered("one")
    assert {board.path: board.state for board in stage.raw.storyboards()} == {
        str(board): "ok",
        str(copy): "gone",
    }
    assert problems(stage) == []
    assert stage.bought() == Counter(["one"])


def test_what_is_missing_is_not_told_of_a_storyboard_that_is_gone_or_is_a_copy(stage: Stage) -> None:
    board = stage.board(A, ["one"])
    copy = stage.board("ep2/storyboard_b.json", ["two"])
    stage.go()
    for prompt in ("one", "two"):
        stage.delivered(prompt).unlink()
    stage.go()
    assert len(problems(stage)) == 1
    copy.write_bytes(board.read_bytes())
    stage.go()
    assert problems(stage)[0].params["count"] == 1
    for path in (board, copy):
        path.unlink()
    stage.go()
    assert problems(stage) == []


def test_with_the_ledger_lost_too_it_is_fetched_again_and_not_bought(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    stage.delivered("one").unlink()
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()
    assert error_of(stage, "one") == ""
    assert stage.delivered("one").exists()
    assert stage.bought() == Counter(one=1)


def problems(stage: Stage) -> list:
    return [one for one in stage.vault._intake.problems() if one.code == "take.missing"]  # type: ignore


def delete_all(stage: Stage) -> None:
    shutil.rmtree(stage.vault_dir / "ep1" / "storyboard_a_assets")


def delete_one(stage: Stage) -> None:
    stage.delivered("one").unlink()


@pytest.mark.parametrize("delete", [delete_all, delete_one])
def test_retry_fetches_it_again_and_buys_nothing(stage: Stage, delete: Callable[[Stage], None]) -> None:
    stage.board(A, THREE)
    stage.go()
    spent = stage.raw.spend()
    delete(stage)
    stage.go()
    stage.order("retry", ids=[stage.take("one").id])
    stage.go()
    stage.delivered("one")
    assert stage.bought() == Counter(THREE)
    assert stage.raw.spend() == spent


def test_retry_of_a_storyboard_fetches_what_is_missing_in_it(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    delete_all(stage)
    stage.go()
    stage.order("retry", storyboard=str(board))
    stage.go()
    stage.all_delivered(board, *THREE)
    assert stage.bought() == Counter(THREE)


def test_redo_buys_a_missing_one_anew(stage: Stage) -> None:
    stage.board(A, ["one"])
    stage.go()
    delete_one(stage)
    stage.go()
    stage.order("redo", ids=[stage.take("one").id])
    stage.go()
    assert stage.bought() == Counter(one=2)


def test_nothing_is_missed_on_a_root_that_is_away(two: Stage, tmp_path: Path) -> None:
    two.board(A, THREE)
    two.go()
    away = two.vault_dir.rename(tmp_path / "away")
    two.go()
    assert [error_of(two, prompt) for prompt in THREE] == ["", "", ""]
    two.stop()
    two.restart()
    two.go()
    assert [error_of(two, prompt) for prompt in THREE] == ["", "", ""]
    away.rename(two.vault_dir)
    two.go()
    assert [two.delivered(prompt) for prompt in THREE]


def test_a_folder_that_is_renamed_by_hand_afterwards_is_found_again(stage: Stage) -> None:
    board = stage.board(A, THREE)
    stage.go()
    new = board.rename(stage.vault_dir / B)
    (stage.vault_dir / "ep1" / "storyboard_b_assets").mkdir()
    stage.go()
    stage.all_delivered(new, *THREE)
    assert not (stage.vault_dir / "ep1" / "storyboard_a_assets" / "Segment_1").exists()


# --- editors ----------------------------------------------------------------------------------------------


def test_an_editor_that_saves_every_two_seconds_buys_the_last_version(stage: Stage) -> None:
    board = stage.board(A, ["draft 0", "fixed"])
    stage.changed()
    for version in range(1, 31):
        stage.run(2.0)
        stage.board(A, [f"draft {version}", "fixed"])
        stage.vault.hint(str(board))
    stage.go()
    assert stage.bought() == Counter(["draft 30", "fixed"])


def test_an_unchanged_folder_is_not_listed_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.board(A, THREE)
    stage.go()
    stage.go()
    listed: list[str] = []
    monkeypatch.setattr("sorad.intake.audit._names", lambda folder: listed.append(str(folder)) or set())
    stage.go()
    assert listed == []


def test_a_folder_that_cannot_be_read_misses_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.board(A, THREE)
    stage.go()
    folder, real = stage.delivered("two").parent, os.listdir

    def denied(path: object = ".") -> list[str]:
        if os.fspath(path) == str(folder):  # type: ignore[call-overload]
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return real(path)  # type: ignore[call-overload,no-any-return]

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", denied)
        (folder / "note.txt").write_text("x")  # it is looked at anew
        stage.go()
        assert (error_of(stage, "two"), stage.intake.missing()) == ("", [])
    stage.delivered("two").unlink()
    stage.go()
    assert error_of(stage, "two") == "take.missing"
