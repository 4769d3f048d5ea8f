"""Contact sheets: drawn once there is nothing more to come, again where they would look otherwise, and not in vain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.inspection.ours import is_anothers
from sorad.inspection.sheet import cells, signature
from sorad.inspection.sheets import GAP, SOON, Sheets
from sorad.ledger.values import Change
from sorad.media.decoder import Decoder
from sorad.media.questions import OURS, Answer, Cell, PictureSaved, Question, Sheet, Unanswered
from sorad.messages import set_language
from sorad.model import State, Take

A = "ep1/storyboard_a.json"
FLAWED = '{"flaws": [{"kind": "black", "from": 0.0, "to": 2.0}]}'


class Desk:
    """The sheets, and the child process that draws them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.drawn: list[Sheet] = []
        self.works = True
        self.began()

    def began(self, **media: bool) -> None:
        config = self.stage.config
        config = config.model_copy(update={"media": config.media.model_copy(update=media)})
        self.sheets = Sheets(config, self.stage.raw, self.stage.clock, self.ask)

    def ask(self, question: Question) -> Answer:
        assert isinstance(question, Sheet)
        if not self.works:
            return Unanswered("disk", "no room")
        self.drawn.append(question)
        Path(question.out).write_bytes(OURS)
        return PictureSaved(1, 1, 0.0)

    def turns(self, wait: float = GAP + 1) -> int:
        """Time passes; how many were drawn."""
        self.stage.clock.now += wait
        self.sheets.touched({board.id for board in self.stage.raw.storyboards()})
        count = len(self.drawn)
        for _turn in range(5):
            self.sheets.turn([str(self.stage.vault_dir)])
        return len(self.drawn) - count

    def looked(self, take: Take, checks: str = '{"flaws": []}') -> None:
        self.stage.raw.record(take, Change(State.DONE, "looked", checks=checks, poster=1), 1.0)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    stage.board(A, ["one", "two"])
    stage.go()
    return Desk(stage)


def test_a_sheet_is_drawn_once_all_was_looked_at_and_again_where_it_differs(desk: Desk) -> None:
    first, second = sorted(desk.stage.takes(), key=lambda take: take.id)
    assert desk.turns() == 0
    desk.looked(first)
    assert desk.turns() == 0
    desk.looked(second, FLAWED)
    assert desk.turns() == 1
    assert desk.turns() == 0
    desk.began()  # also after a restart
    assert desk.turns() == 0
    out = Path(desk.drawn[0].out)
    assert out == desk.stage.vault_dir / "ep1" / "storyboard_a_assets" / "storyboard_a_sheet.jpg"
    desk.stage.order("choose", ids=[first.id])
    desk.stage.go(2.0)
    assert desk.turns() == 1
    assert [cell.mark for cell in desk.drawn[-1].cells] == ["chosen", "counts"]
    out.unlink()  # a deleted one stays away
    desk.stage.order("choose", ids=[second.id])
    desk.stage.go(2.0)
    assert desk.turns() == 0


def test_a_picture_of_the_users_is_not_written_over(desk: Desk) -> None:
    for take in desk.stage.takes():
        desk.looked(take)
    mine = desk.stage.vault_dir / "ep1" / "storyboard_a_assets" / "storyboard_a_sheet.jpg"
    mine.write_bytes(b"mine")
    assert desk.turns() == 0
    assert mine.read_bytes() == b"mine"


def test_sheets_of_one_storyboard_are_a_minute_apart(desk: Desk) -> None:
    for take in desk.stage.takes():
        desk.looked(take)
    assert desk.turns() == 1
    desk.stage.order("choose", ids=[1])
    desk.stage.go(2.0)
    assert desk.turns(1.0) == 0
    assert desk.turns() == 1


def test_what_cannot_be_drawn_just_now_is_drawn_later(desk: Desk) -> None:
    for take in desk.stage.takes():
        desk.looked(take)
    desk.works = False
    assert desk.turns() == 0
    desk.works = True
    desk.stage.clock.now += GAP
    assert desk.sheets.turn(["/elsewhere"]) is False  # its folder is away
    desk.stage.clock.now += SOON
    assert desk.sheets.turn([str(desk.stage.vault_dir)]) is True


def test_without_posters_and_checks_nothing_is_waited_for(desk: Desk) -> None:
    desk.began(posters=False, checks=False)
    assert desk.turns() == 1
    assert [cell.picture for cell in desk.drawn[0].cells] == ["", ""]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_cell_says_number_choice_and_flaws(desk: Desk, language: str) -> None:
    takes = sorted(desk.stage.takes(), key=lambda take: take.id)
    known = [
        replace(takes[0], poster=1, checks=FLAWED, chosen_at=1.0),
        replace(takes[0], id=7, take=2, wanted=False, poster=1),
        replace(takes[1], state=State.GENERATING),
    ]
    set_language(language)
    try:
        found = cells(known)
    finally:
        set_language("en")
    assert [(one.number, one.lines[0], one.mark) for one in found] == [
        (1, "1 · 1_v1", "chosen"),
        (7, "7 · 1_v2", ""),
        (2, "2 · 2_v1", ""),
    ]
    assert [bool(one.picture) for one in found] == [True, True, False]
    assert [len(one.flaws) for one in found] == [1, 0, 0]
    assert signature(found) != signature(found[:2])
    if language == "en":
        assert found[0].flaws == ("black from 0.0 s to 2.0 s",)
        assert [one.lines[1:] for one in found] == [("chosen",), ("of an earlier text",), ("generating",)]


def test_a_sheet_shows_posters_and_what_is_no_picture_leaves_a_gap(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="the extra sorad[media] is not installed")
    pytest.importorskip("av", reason="the extra sorad[media] is not installed")
    red, none, out = (tmp_path / name for name in ("red.jpg", "none.jpg", "sheet.jpg"))
    image.new("RGB", (64, 36), "red").save(red)
    none.write_bytes(b"no picture")
    some = [Cell(n, str(path), (f"{n} · 1_v1", "chosen"), ("很长的问题" * 20,), "chosen") for n, path in
            enumerate((red, none, tmp_path / "not there.jpg", red, red))]  # fmt: skip
    decoder = Decoder()
    try:
        found = decoder.ask(Sheet(str(out), "storyboard_港.json", some))
        assert isinstance(found, PictureSaved), found
        many = decoder.ask(Sheet(str(out), "x" * 500, [some[0]] * 100))
        assert isinstance(many, PictureSaved), many
        assert decoder.ask(Sheet(str(tmp_path / "no" / "sheet.jpg"), "x", [])).why == "disk"  # type: ignore[union-attr]
    finally:
        decoder.close()
    assert max(many.width, many.height) < 16_000
    assert not is_anothers(out)
    with image.open(out) as picture:
        assert picture.size == (many.width, many.height)
        colours = picture.convert("RGB").resize((picture.width // 4, picture.height // 4)).getcolors(1 << 24)
    assert any(red > 200 and green < 60 for _count, (red, green, _blue) in colours)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []
