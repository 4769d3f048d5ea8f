"""The notes of a vault: what they show, when they are written, and what a ticked box does."""

from __future__ import annotations

import gc
import json
import re
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage

from sorad.layout import poster_path
from sorad.ledger.values import Change
from sorad.messages import set_language
from sorad.model import State, Take
from sorad.notes.keeper import Keeper
from sorad.notes.merge import BEGIN
from sorad.problems import Problem

A = "ep1/storyboard_a.json"
BOX = re.compile(r"^- \[ \] (.* · `sorad choose (\d+)`.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


class Desk:
    """The keeper, and the user's editor."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.spent, self.costs = 0.0, 0.0  # seconds of CPU, so far and for a note's text
        self.keeper = self.began()

    def cpu(self) -> float:
        self.spent += self.costs
        return self.spent

    def began(self) -> Keeper:
        self.writes_here = True
        stage = self.stage
        self.keeper = Keeper(
            stage.config,
            stage.raw,
            stage.clock,
            lambda root: self.writes_here,
            self.choose,
            lambda seconds: None,
            cpu=self.cpu,
        )
        return self.keeper

    def choose(self, take: Take) -> None:
        self.stage.order("choose", ids=[take.id])
        self.stage.go(2.0)

    def turns(self, seconds: float = 30.0) -> None:
        for _turn in range(int(seconds // 2)):
            self.stage.go(2.0)
            self.keeper.turn()

    @property
    def path(self) -> Path:
        return self.stage.vault_dir / "ep1" / "storyboard_a_assets" / "storyboard_a_takes.md"

    def text(self) -> str:
        return self.path.read_text("utf-8")

    def boxes(self) -> dict[int, str]:
        """The lines of empty boxes, by the take that each would choose."""
        return {int(found[2]): found[0] for found in BOX.finditer(self.text())}

    def tick(self, *takes: int, more: str = "") -> str:
        """As an editor does it; the text then."""
        text = self.text()
        for take in takes:
            line = self.boxes()[take]
            text = text.replace(line, line.replace("- [ ]", "- [x]") + more)
        self.path.write_text(text, "utf-8")
        return text

    def chosen(self) -> list[int]:
        return [take.id for take in self.stage.takes() if take.chosen_at]


@pytest.fixture
def desk(stage: Stage) -> Desk:
    """Two segments, the first with two takes."""
    stage.board(A, ["a [[cat]] <b> %%x%%\n%% sorad:end %%", "two"])
    stage.go()
    stage.order("redo", ids=[1])
    stage.go()
    made = Desk(stage)
    made.turns()
    return made


def test_a_note_shows_what_came(desk: Desk) -> None:
    text = desk.text()
    for line in (
        'sorad_storyboard: "[[storyboard_a.json]]"',
        "sorad_state: done",
        "sorad_done: 3",
        "sorad_total: 3",
        "sorad_failed: 0",
        r"> a \[\[cat\]\] \<b\> \%\%x\%\%",
        r"> \%\% sorad\:end \%\%",
    ):
        assert f"{line}\n" in text, text
    first, _second, third = sorted(desk.stage.takes(), key=lambda take: take.id)
    assert f"![[{Path(first.output).name}]]" in text
    assert f"[[{Path(third.output).name}|T2]]" in text
    assert set(desk.boxes()) == {first.id, third.id}
    vault = (desk.stage.vault_dir / "sorad.md").read_text("utf-8")
    assert "[[storyboard_a_takes.md|storyboard_a.json]]" in vault
    assert "Spent today" in vault


def test_posters_and_flaws_stand_in_the_note(desk: Desk) -> None:
    first, second, third = sorted(desk.stage.takes(), key=lambda take: take.id)
    assert "_poster" not in desk.text()
    wrong = json.dumps({"flaws": [{"kind": "black", "from": 1.0, "to": 2.5}, {"kind": "unreadable"}]})
    for take, checks, poster in ((first, wrong, 1), (second, '{"flaws": []}', 2), (third, "", 1)):
        desk.stage.raw.record(
            take, Change(State.DONE, "looked", checks=checks, poster=poster), desk.stage.clock.time()
        )
        poster_path(Path(take.output)).write_bytes(b"poster")
    desk.turns()
    text, shown = desk.text(), poster_path(Path(third.output)).name
    assert text.count("_poster.jpg|240]]") == 2
    assert f"  ![[{shown}|240]]" in text
    assert f'sorad_poster: "[[{shown}]]"' in text  # of the one that counts, for the first does not decode
    (line,) = (line for line in text.split("\n") if f"`sorad choose {first.id}`" in line)
    assert "black from 1.0 s to 2.5 s · cannot be decoded" in line
    assert f"![[{Path(third.output).name}]]" in text
    assert desk.boxes().keys() == {first.id, third.id}
    poster_path(Path(third.output)).unlink()  # by somebody
    desk.stage.order("choose", ids=[first.id])
    desk.stage.go(2.0)
    desk.turns()
    assert desk.text().count("_poster.jpg|240]]") == 1


def test_without_the_extra_a_note_says_once_how_to_get_pictures(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = Problem("media.extra", "not here.", "Run: {command}", {"command": "/opt/my_venv/python -m pip"})
    monkeypatch.setattr("sorad.notes.keeper.missing", lambda: lacking)
    desk.stage.order("choose", ids=[1])
    desk.stage.go(2.0)
    desk.turns()
    assert desk.text().count("No posters and checks: not here. `/opt/my_venv/python -m pip`") == 1


def test_a_ticked_box_chooses_once(desk: Desk) -> None:
    first, third = sorted(desk.boxes())
    old = desk.tick(third, more=" ✅ 2026-11-30")
    desk.turns()
    assert desk.chosen() == [third]
    assert set(desk.boxes()) == {first}
    assert "- [x] " in desk.text()
    desk.tick(first)
    desk.turns()
    assert desk.chosen() == [first]
    # An old version comes back through a sync: its box means nothing any more.
    desk.path.write_text(old, "utf-8")
    desk.turns()
    assert desk.chosen() == [first]
    assert desk.text() != old


def test_a_note_that_costs_much_is_written_less_often(desk: Desk) -> None:
    first, third = sorted(desk.boxes())
    desk.costs = 2.0
    desk.tick(third)
    desk.turns()
    assert desk.chosen() == [third]
    desk.tick(first)
    desk.turns()
    assert desk.chosen() == [third]
    desk.turns(60.0)
    assert desk.chosen() == [first]


def test_two_ticks_for_one_segment_choose_nothing_and_are_told(desk: Desk) -> None:
    desk.tick(*desk.boxes())
    desk.turns()
    assert desk.chosen() == []
    assert "none was chosen" in desk.text()
    desk.tick(max(desk.boxes()))
    desk.turns()
    assert len(desk.chosen()) == 1
    assert "none was chosen" not in desk.text()


def test_what_an_editor_wrote_for_a_whole_minute_into_the_old_file_is_kept(desk: Desk) -> None:
    old = desk.path.with_name(f".{desk.path.stem}.sorad-old.tmp")
    kept = desk.text()

    def goes_on_writing(_seconds: float) -> None:
        old.write_text(f"a long thought\n{old.read_text('utf-8')}", "utf-8")

    desk.keeper.rest = goes_on_writing
    desk.stage.order("redo", ids=[1])
    desk.stage.go()
    desk.turns()
    assert old.exists()
    assert "a long thought" not in desk.text()

    desk.keeper.rest = lambda seconds: None
    desk.stage.order("redo", ids=[2])
    desk.stage.go()
    desk.turns()
    assert not old.exists()
    assert desk.text() != kept
    assert any("a long thought\n" in one.read_text("utf-8") for one in desk.path.parent.glob("*.md"))


def test_boxes_of_others_and_of_a_lost_ledger_do_nothing(desk: Desk) -> None:
    line = next(iter(desk.boxes().values())).replace("- [ ]", "- [x]")
    desk.path.write_text(f"{line}\n- [x] mine\n{desk.text()}", "utf-8")  # outside of the marks
    desk.turns()
    assert desk.chosen() == []
    old = desk.tick(min(desk.boxes()))
    desk.stage.stop()
    desk.stage.lose_ledger()
    desk.stage.restart()
    desk.began()
    desk.path.write_text(old, "utf-8")
    desk.turns(60)
    assert desk.chosen() == []
    assert desk.text().startswith(f"{line}\n- [x] mine\n---\n") or line in desk.text()


def test_a_deleted_note_stays_away_until_it_is_asked_for(desk: Desk) -> None:
    desk.path.unlink()
    desk.stage.order("choose", ids=[1])
    desk.turns()
    desk.began()  # also over a restart
    desk.turns()
    assert not desk.path.exists()
    assert desk.keeper.ask(str(desk.stage.vault_dir / A)) == 1
    desk.turns()
    assert BEGIN in desk.text()


def test_nothing_is_written_where_nothing_changed_or_another_machine_buys(desk: Desk) -> None:
    before = desk.path.stat().st_mtime_ns, desk.path.stat().st_ino
    desk.turns(60)
    desk.began()
    desk.turns(60)
    assert (desk.path.stat().st_mtime_ns, desk.path.stat().st_ino) == before
    desk.writes_here = False
    desk.tick(min(desk.boxes()))
    desk.turns()
    assert desk.chosen() == []


@pytest.mark.parametrize("what", ["latin", "large", "folder"])
def test_an_odd_note_is_told_and_breaks_nothing(desk: Desk, what: str) -> None:
    desk.path.unlink()
    if what == "folder":
        desk.path.mkdir()
    else:
        desk.path.write_bytes(b"\xff\xfe" if what == "latin" else b"x" * 5_000_000)
    desk.turns()
    assert [problem.code for problem in desk.keeper.problems()] == ["note.odd"]
    desk.path.rename(desk.path.with_name("away"))
    desk.keeper.ask(str(desk.stage.vault_dir))
    desk.turns()
    assert BEGIN in desk.text()
    assert desk.keeper.problems() == []


def test_no_list_is_written_into_a_storyboard_of_the_users(desk: Desk) -> None:
    path = desk.stage.vault_dir / desk.stage.config.notes.vault_note
    text = "---\nsorad: draft\n---\n| shot | prompt |\n|---|---|\n| 1 | a hen |\n"
    path.write_text(text)
    desk.stage.order("redo", ids=[2])
    desk.turns(120)
    assert path.read_text() == text
    assert [problem.code for problem in desk.keeper.problems()] == ["note.storyboard"]


@pytest.mark.parametrize("lost", [False, True])
def test_a_renamed_storyboard_keeps_its_note(desk: Desk, lost: bool) -> None:
    desk.path.write_text(f"mine\n{desk.text()}", "utf-8")
    (desk.stage.vault_dir / A).rename(desk.stage.vault_dir / "ep1/storyboard_b.json")
    if lost:
        desk.stage.stop()
        desk.stage.lose_ledger()
        desk.stage.restart()
        desk.began()
    desk.turns(60)
    (note,) = (desk.stage.vault_dir / "ep1").rglob("*_takes.md")
    assert note.parent.name == "storyboard_b_assets"
    assert "mine\n" in note.read_text("utf-8")
    assert "[[storyboard_b.json]]" in note.read_text("utf-8")


def test_a_storyboard_that_is_gone_leaves_the_list_of_all(desk: Desk) -> None:
    other = desk.stage.board("ep1/storyboard_b.json", ["three"])
    desk.stage.go()
    desk.turns()
    vault = desk.stage.vault_dir / "sorad.md"
    assert "storyboard_b.json" in vault.read_text("utf-8")
    other.unlink()
    desk.stage.go(60.0)
    desk.tick(1)
    desk.turns()
    assert "storyboard_a.json" in vault.read_text("utf-8")
    assert "storyboard_b.json" not in vault.read_text("utf-8")


def test_the_takes_that_a_note_shows_do_not_stay_in_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, takes = [], desk.stage.raw.takes

    def watched(**asked: Any) -> Iterator[Take]:
        for take in takes(**asked):
            seen.append(weakref.ref(take))
            yield take

    monkeypatch.setattr(desk.stage.raw, "takes", watched)
    desk.began()
    desk.turns()
    gc.collect()
    assert seen
    assert not any(one() for one in seen)


def test_a_note_of_200_segments_is_small_and_quick(stage: Stage) -> None:
    from sorad.notes import render
    from sorad.notes.view import view_of

    board = stage.board(A, ["a rather long prompt " * 40])
    stage.go()
    (take,) = stage.takes()
    from dataclasses import replace

    checks = json.dumps({"flaws": [{"kind": "black", "from": 0.0, "to": 2.0}, {"kind": "silent"}]})
    looked = replace(take, poster=1, checks=checks)
    takes = [replace(looked, id=n, segment=n // 2, take=1 + n % 2) for n in range(400)]
    boxes = {take.id: "0123456789abcdef" for take in takes}
    row = stage.raw.storyboards()[0]

    def once() -> float:
        began = time.process_time()
        view = view_of(row, takes, board.with_name("note.md"), "USD", boxes, {})
        text = "\n".join(render.block(view, markdown_links=False))
        assert len(text.encode()) < 1_000_000
        assert text.count("_poster.jpg") == 400
        return time.process_time() - began

    assert min(once() for _time in range(5)) < 0.05
