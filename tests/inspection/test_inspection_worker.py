"""Posters and checks of what was delivered: made once each, told in ledger and receipt, and nobody waits or pays."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.inspection.worker import LATER, Inspector
from sorad.layout import poster_path, receipt_path
from sorad.ledger.chosen import choices
from sorad.media.flaws import flaws_of
from sorad.media.questions import OURS, Answer, Frame, Inspect, Inspected, PictureSaved, Question, Unanswered
from sorad.model import State, Take
from sorad.receipts.receipt import Payer, read_receipt

A = "ep1/storyboard_a.json"
GOOD = Inspected(1280, 720, 10.0, 10.0, 24.0, 240, 0, "h264", "yuv420p", "", 0.0)
SILENT = Unanswered("unreadable", "no index")


class Desk:
    """The inspector, and the child process that it asks."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.asked: list[tuple[type, str]] = []
        self.answers: dict[tuple[type, str], Answer] = {}
        self.before: Callable[[], object] = lambda: None
        self.installed = True
        self.began()

    def began(self, **media: bool) -> Inspector:
        config = self.stage.config
        media = {"sheets": False, **media}  # see test_inspection_sheets.py
        config = config.model_copy(update={"media": config.media.model_copy(update=media)})
        self.inspector = Inspector(
            config,
            self.stage.raw,
            self.stage.clock,
            lambda root: True,
            lambda root: Payer(),
            self.ask,
            installed=lambda: self.installed,
        )
        return self.inspector

    def ask(self, question: Question) -> Answer:
        assert isinstance(question, (Frame, Inspect))
        key = type(question), question.path
        self.asked.append(key)
        self.before()
        if key in self.answers:
            return self.answers[key]
        if isinstance(question, Inspect):
            return GOOD
        Path(question.out).write_bytes(b"\xff\xd8" + OURS)
        return PictureSaved(640, 360, 1.0)

    def work(self) -> int:
        """All that is to be done; how many videos were looked at."""
        count = 0
        while self.inspector.turn():
            count += 1
            assert count < 50
        return count

    def takes(self) -> list[Take]:
        return sorted(self.stage.takes(), key=lambda take: take.id)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    """Two segments, the first with two takes, all delivered."""
    stage.board(A, ["one", "two"])
    stage.go()
    stage.order("redo", ids=[1])
    stage.go()
    return Desk(stage)


def test_each_video_is_looked_at_once_posters_first_and_the_newest_first(desk: Desk) -> None:
    spent, before = desk.stage.raw.spend(), [(take.id, take.state, take.due_at) for take in desk.takes()]
    receipts = [read_receipt(receipt_path(Path(take.output))) for take in desk.takes()]
    assert desk.work() == 6
    newest = [take.output for take in reversed(desk.takes())]
    assert desk.asked == [*((Frame, one) for one in newest), *((Inspect, one) for one in newest)]
    assert desk.began().turn() is False  # also after a restart
    for take in desk.takes():
        assert take.poster == 1
        assert poster_path(Path(take.output)).is_file()
        told = json.loads(receipt_path(Path(take.output)).read_text("utf-8"))["checks"]
        assert told == json.loads(take.checks)
        assert (told["width"], told["flaws"]) == (1280, [])
    assert desk.stage.raw.spend() == spent
    assert [(take.id, take.state, take.due_at) for take in desk.takes()] == before
    # what earlier versions read of them is the same
    assert [read_receipt(receipt_path(Path(take.output))) for take in desk.takes()] == receipts
    assert [event.note for event in desk.stage.raw.history(1)].count("checked") == 0  # months of them


def test_the_lowest_number_that_decodes_counts_until_somebody_chooses(desk: Desk) -> None:
    first, _second, third = desk.takes()
    assert choices(desk.takes())[1].id == first.id
    desk.answers = {(Inspect, first.output): SILENT, (Frame, first.output): SILENT}
    desk.work()
    assert [one.kind for one in flaws_of(desk.takes()[0])] == ["unreadable"]
    assert desk.takes()[0].poster == 2
    assert choices(desk.takes())[1].id == third.id
    desk.stage.order("choose", ids=[first.id])
    desk.stage.go(2.0)
    assert choices(desk.takes())[1].id == first.id
    assert desk.began().turn() is False
    assert Counter(take.state for take in desk.takes()) == {State.DONE: 3}


def test_a_video_that_is_too_much_is_told_as_not_checked(desk: Desk) -> None:
    first = desk.takes()[0]
    desk.answers = {(Inspect, first.output): Unanswered("time", "60 s")}
    assert desk.work() == 6
    assert json.loads(desk.takes()[0].checks) == {"unchecked": "time", "flaws": []}
    assert choices(desk.takes())[1].id == first.id


def test_what_cannot_be_read_just_now_is_tried_again_and_keeps_nobody_waiting(desk: Desk) -> None:
    first = desk.takes()[0]
    desk.answers = {(Frame, first.output): Unanswered("disk", "no room")}
    desk.work()
    assert [take.poster for take in desk.takes()] == [0, 1, 1]
    assert all(take.checks for take in desk.takes()[1:])
    for wait, tries in ((LATER - 2, 0), (4, 1), (LATER + 2, 0), (LATER, 1)):
        desk.asked.clear()
        desk.stage.clock.now += wait
        desk.work()
        assert desk.asked.count((Frame, first.output)) == tries, wait
    desk.answers.clear()
    desk.stage.clock.now += 10 * LATER
    desk.work()
    assert [take.poster for take in desk.takes()] == [1, 1, 1]


def test_an_end_in_the_middle_of_a_look_leaves_it_to_the_next_start(desk: Desk) -> None:
    stop = threading.Event()

    def ended() -> None:
        stop.set()

    desk.before = ended
    for take in desk.takes():
        desk.answers[(Frame, take.output)] = Unanswered("died", "closed")
    desk.inspector.run(stop, lambda: None)
    assert len(desk.asked) == 1
    assert [take.poster for take in desk.takes()] == [0, 0, 0]
    desk.answers.clear()
    desk.began()
    assert desk.work() == 6


def test_with_its_video_a_poster_goes_and_comes_again(desk: Desk) -> None:
    desk.work()
    first = desk.takes()[0]
    video = Path(first.output)
    kept = video.read_bytes()
    video.unlink()
    desk.stage.look = True
    desk.stage.go(600.0)
    assert desk.takes()[0].error is not None
    desk.installed = False  # needs no decoder
    assert desk.work() == 1
    assert not poster_path(video).exists()
    video.write_bytes(kept)
    desk.stage.look = True
    desk.stage.go(600.0)
    desk.installed = True
    assert desk.work() == 1
    assert poster_path(video).is_file()


def test_with_the_ledger_lost_posters_that_are_there_stay(desk: Desk) -> None:
    desk.work()
    desk.stage.stop()
    desk.stage.lose_ledger()
    desk.stage.restart()
    desk.stage.look = True
    desk.stage.go(100.0)
    desk.asked.clear()
    desk.began()
    assert desk.work() == 6
    assert {kind for kind, _path in desk.asked} == {Inspect}
    assert [take.poster for take in desk.takes()] == [1, 1, 1]


def test_what_is_switched_off_is_not_done(desk: Desk) -> None:
    desk.began(posters=False, checks=False)
    assert desk.work() == 0
    desk.began(posters=False)
    assert desk.work() == 3
    assert {kind for kind, _path in desk.asked} == {Inspect}
    desk.installed = False
    desk.began()
    assert desk.work() == 0


def test_segments_in_another_order_take_their_posters_along(desk: Desk) -> None:
    desk.work()
    desk.stage.board(A, [(1, "two"), (2, "one")])
    desk.stage.go()
    for take in desk.takes():
        assert (take.poster, poster_path(Path(take.output)).is_file()) == (1, True), take
    assets = desk.stage.vault_dir / "ep1" / "storyboard_a_assets"
    posters = {path.name for path in assets.glob("*/*_poster.jpg")}
    assert posters == {poster_path(Path(take.output)).name for take in desk.takes()}
    assert desk.work() == 0


def test_a_video_that_is_renamed_with_its_receipt_takes_its_poster_along(desk: Desk) -> None:
    desk.work()
    first = desk.takes()[0]
    old = Path(first.output)
    new = old.with_name("my favourite.mp4")
    receipt_path(old).rename(receipt_path(new))
    old.rename(new)
    desk.stage.look = True
    desk.stage.go(600.0)
    assert desk.takes()[0].output == str(new)
    desk.asked.clear()
    assert desk.work() == 1  # seen to be there
    assert desk.asked == []
    assert desk.takes()[0].poster == 1
    assert {path.name for path in old.parent.glob("*_poster.jpg")} >= {"my favourite_poster.jpg"}
    assert not poster_path(old).exists()


def test_a_picture_of_the_users_in_place_of_a_poster_stays_and_serves(desk: Desk) -> None:
    first, second, _third = desk.takes()
    mine = poster_path(Path(first.output))
    mine.write_bytes(b"mine")
    poster_path(Path(second.output)).mkdir()
    desk.work()
    assert [take.poster for take in desk.takes()] == [1, 2, 1]
    Path(first.output).unlink()
    desk.stage.look = True
    desk.stage.go(600.0)
    desk.work()
    assert mine.read_bytes() == b"mine"
