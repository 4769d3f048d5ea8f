"""Storyboards in notes and tables: renamed, merged by a sync service, beside others; nothing is bought twice."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.intake.older_tables import BORN, SINCE
from sorad.ledger.copied import REPEATED, TABLE
from sorad.model import State
from sorad.receipts.orphaned import orphaned_folders

SAYS = "---\nsorad: storyboard\n---\n"
TWO = ["one", "two"]


def note(stage: Stage, name: str, prompts: Iterable[str], head: str = SAYS, *, numbered: bool = True) -> Path:
    path = stage.vault_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"| {at} | {prompt} |" if numbered else f"| {prompt} |" for at, prompt in enumerate(prompts, 1)]
    top = ["| shot | prompt |", "|---|---|"] if numbered else ["| prompt |", "|---|"]
    path.write_text(head + "\n".join([*top, *rows, ""]), encoding="utf-8")
    stage.look = True
    return path


def csv(stage: Stage, name: str, prompts: Iterable[str]) -> Path:
    path = stage.vault_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("shot,prompt\n" + "".join(f"{at},{one}\n" for at, one in enumerate(prompts, 1)))
    stage.look = True
    return path


def without_ledger(stage: Stage) -> None:
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()


def states(stage: Stage) -> dict[str, str]:
    return {Path(row.path).name: row.state for row in stage.raw.storyboards()}


def delivered(stage: Stage, board: Path, prompts: Iterable[str]) -> None:
    for prompt in prompts:
        assert stage.delivered(prompt).parent.parent == stage.assets(board)


@pytest.mark.parametrize("phase", ["generating", "done"])
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("name", ["ep1/ep.md", "ep1/storyboard_a.csv"])
def test_renamed_alone_or_with_its_folder_it_buys_nothing_again(
    stage: Stage, name: str, phase: str, lost: bool
) -> None:
    make = note if name.endswith(".md") else csv
    old = make(stage, name, TWO)
    stage.until(phase)
    stage.stop()
    if lost:
        stage.lose_ledger()
    new = old.with_name(f"storyboard_b{old.suffix}")
    old.rename(new)
    stage.restart()
    stage.go()
    delivered(stage, new, TWO)
    assert stage.bought() == Counter(TWO)
    newer = new.with_name(f"storyboard_c{old.suffix}")
    new.rename(newer)
    stage.assets(new).rename(stage.assets(newer))
    if lost:
        without_ledger(stage)
    stage.go()
    delivered(stage, newer, TWO)
    assert stage.bought() == Counter(TWO)


@pytest.mark.parametrize("name", ["ep1/ep.md", "ep1/storyboard_a.csv"])
def test_the_folder_of_a_note_or_table_has_an_owner(stage: Stage, name: str) -> None:
    make = note if name.endswith(".md") else csv
    board = make(stage, name, TWO)
    stage.go()
    watch = stage.config.watch[0]
    assert orphaned_folders(watch) == {}
    board.with_suffix(".json").write_text("{}") if board.suffix == ".csv" else None
    moved = watch.model_copy(update={"output_mode": "centralized", "output_dir": stage.folder / "out"})
    (told,) = orphaned_folders(moved).values()
    assert told.is_there
    if board.suffix == ".md":  # a note that is no storyboard owns nothing
        board.write_text("# diary")
        (told,) = orphaned_folders(watch).values()
        assert not told.is_there
        board.with_suffix(".csv").write_text("shot,prompt\n")  # a table by a name that is none
        assert not next(iter(orphaned_folders(watch).values())).is_there


def test_a_copy_takes_the_folder_of_a_note_that_lost_its_property(stage: Stage) -> None:
    board = note(stage, "ep1/ep.md", TWO)
    stage.go()
    copy = board.with_name("second.md")
    shutil.copy(board, copy)
    stage.go()
    assert states(stage) == {"ep.md": "ok", "second.md": "copy"}
    board.write_text("# only a diary\n")
    stage.go()
    assert states(stage) == {"second.md": "ok"}
    delivered(stage, copy, TWO)
    assert stage.bought() == Counter(TWO)


def test_a_note_without_the_property_buys_nothing_and_loses_what_was_not_bought(stage: Stage) -> None:
    board = note(stage, "ep1/ep.md", TWO, "---\ntags: x\n---\n")
    stage.go()
    assert states(stage) == {}
    note(stage, "ep1/ep.md", TWO)
    stage.until("generating")
    board.write_text("# nothing\n")
    stage.go()
    assert states(stage) == {"ep.md": "gone"}
    assert {take.state for take in stage.takes()} == {State.DONE}
    note(stage, "ep1/ep.md", [*TWO, "three"])
    stage.go()
    delivered(stage, board, [*TWO, "three"])
    assert stage.bought() == Counter([*TWO, "three"])


def test_a_draft_buys_nothing_and_keeps_what_it_has(stage: Stage) -> None:
    board = note(stage, "ep1/ep.md", TWO, "---\nsorad: draft\n---\n")
    stage.go()
    assert states(stage) == {"ep.md": "draft"}
    assert stage.takes() == []
    note(stage, "ep1/ep.md", TWO)
    stage.go()
    note(stage, "ep1/ep.md", [*TWO, "three"], "---\nsorad: draft\n---\n")
    stage.go()
    assert states(stage) == {"ep.md": "draft"}
    note(stage, "ep1/ep.md", [*TWO, "three"])
    stage.go()
    delivered(stage, board, [*TWO, "three"])
    assert stage.bought() == Counter([*TWO, "three"])


def test_lines_that_a_sync_doubled_are_not_bought(stage: Stage) -> None:
    board = note(stage, "ep1/ep.md", ["one", "two", "two", "three"], numbered=False)
    stage.go()
    held = [take for take in stage.takes() if take.state is State.HELD]
    assert [(take.segment, take.error.code if take.error else "") for take in held] == [
        (2, REPEATED),
        (3, REPEATED),
    ]
    assert stage.bought() == Counter(["one", "three"])
    stage.order("approve", all=True)  # who approves all that waits does not mean it
    stage.go()
    assert stage.bought() == Counter(["one", "three"])
    note(stage, "ep1/ep.md", ["one", "two", "three"], numbered=False)
    stage.go()
    assert stage.bought() == Counter(["one", "two", "three"])
    note(stage, "ep1/ep.md", ["one", "one", "two", "two", "three", "three"], numbered=False)
    stage.go()
    assert stage.bought() == Counter(["one", "two", "three"])
    waiting = [take for take in stage.takes() if take.state is State.HELD]
    assert len(waiting) == 3
    stage.order("approve", ids=[waiting[0].id])
    stage.go()
    assert stage.bought()[waiting[0].request.prompt] == 2
    note(stage, "ep1/ep.md", ["one", "two", "three"], numbered=False)
    without_ledger(stage)
    assert sum(stage.bought().values()) == 4
    assert board.exists()


def test_lines_that_are_doubled_while_it_is_being_bought_change_nothing(stage: Stage) -> None:
    stage.control.pause(paused=True)
    note(stage, "ep1/ep.md", TWO)
    stage.go(150)
    stage.until("queued")
    note(stage, "ep1/ep.md", ["one", "two", "one", "two"], numbered=False)
    stage.go(200)
    stage.control.pause(paused=False)
    stage.go()
    assert stage.bought() == Counter(TWO)
    assert Counter(take.state for take in stage.takes())[State.HELD] == 2


def test_of_one_stem_the_second_waits(stage: Stage) -> None:
    board = note(stage, "ep1/storyboard_a.md", TWO)
    stage.go()
    second = stage.board("ep1/storyboard_a.json", ["other"])
    table = csv(stage, "ep1/storyboard_a.csv", ["third"])
    stage.go()
    assert states(stage) == {board.name: "ok", second.name: "invalid", table.name: "invalid"}
    assert stage.bought() == Counter(TWO)
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.go()  # the JSON is read long before the note: its texts are not those of the receipts
    assert states(stage) == {board.name: "ok", second.name: "invalid", table.name: "invalid"}
    assert stage.bought() == Counter(TWO)
    board.rename(board.with_name("b.md"))
    stage.go()
    assert states(stage) == {"b.md": "ok", second.name: "ok", table.name: "invalid"}
    delivered(stage, board.with_name("b.md"), TWO)
    delivered(stage, second, ["other"])
    assert stage.bought() == Counter([*TWO, "other"])


def test_the_json_form_takes_the_place_of_its_note(stage: Stage) -> None:
    board = note(stage, "ep1/storyboard_a.md", TWO)
    stage.go()
    second = stage.board("ep1/storyboard_a.json", TWO)
    stage.go()
    board.unlink()
    stage.go()
    assert states(stage) == {second.name: "ok"}
    delivered(stage, second, TWO)
    assert stage.bought() == Counter(TWO)


def test_pictures_settle_before_their_storyboard_is_bought(stage: Stage) -> None:
    frame = stage.vault_dir / "ep1/asset/segment/1_start.png"
    frame.parent.mkdir(parents=True)
    board = stage.vault_dir / "ep1/storyboard_a.json"
    segment = {"segment_index": 1, "prompt_text": "one"}
    board.write_text(json.dumps({"assets": True, "segments": [segment]}))
    for size in range(1, 8):  # copied in pieces, each whole as far as anybody can see
        frame.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * size + b"IEND")
        stage.go(1.5)
        assert states(stage) == {}
    stage.go()
    (take,) = stage.takes()
    assert take.request.image_path == str(frame)
    assert stage.bought() == Counter(["one"])


def test_a_table_that_lay_there_before_the_upgrade_is_not_bought_by_itself(stage: Stage) -> None:
    old = csv(stage, "ep1/storyboard_old.csv", TWO)
    stage.raw.remember(SINCE, old.stat().st_ctime + 1000)  # as if sorad had read no tables until then
    stage.go()
    assert {take.error.code for take in stage.takes() if take.error} == {TABLE}
    assert stage.bought() == Counter()
    stage.order("approve", all=True)
    stage.restart()
    stage.go()
    assert stage.bought() == Counter()
    stage.order("approve", storyboard=str(old))
    stage.go()
    assert stage.bought() == Counter(TWO)
    stage.raw.remember(SINCE, old.stat().st_ctime - 1000)
    csv(stage, "ep2/storyboard_new.csv", ["three"])
    stage.go()
    assert stage.bought() == Counter([*TWO, "three"])


@pytest.mark.parametrize("was_lost", [True, False])
def test_a_table_from_before_the_ledger_was_lost_is_not_bought_by_itself(
    stage: Stage, was_lost: bool
) -> None:
    stage.board("ep2/storyboard_b.json", ["bought"])
    if was_lost:
        stage.go()
    old = csv(stage, "ep1/storyboard_old.csv", TWO)
    stage.stop()
    stage.lose_ledger()
    stage.restart()
    stage.raw.remember(BORN, old.stat().st_ctime + 1000)  # it lay there when this one was made
    stage.go()
    assert stage.bought() == Counter(["bought"] if was_lost else ["bought", *TWO])
    if was_lost:
        assert {take.error.code for take in stage.takes() if take.error} == {TABLE}
        stage.order("approve", storyboard=str(old))
        stage.go()
        assert stage.bought() == Counter(["bought", *TWO])
    stage.raw.remember(BORN, old.stat().st_ctime - 1000)
    csv(stage, "ep3/storyboard_new.csv", ["three"])
    stage.go()
    assert stage.bought() == Counter(["bought", *TWO, "three"])
