"""Shots that continue the one before: what they wait for, what they are bought with, and what never buys them again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from world import SAID, Odds, World

from sorad.config.model import Budget
from sorad.engine.decide.chain import is_of_another_shot
from sorad.engine.steps.reprice import reprice_all
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.layout import last_frame_path
from sorad.ledger.chain import NO_FRAME, WAITS, segment_before
from sorad.media.questions import Answer, Frame, PictureSaved, Question, Unanswered
from sorad.model import State, Take
from sorad.providers.base import Created, Fault, Trouble, Unknown
from sorad.receipts.receipt import read_receipt

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))
OPENING: dict[str, Any] = {"segment_index": 1, "prompt_text": "a lighthouse", "takes": 2}


def following(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {"segment_index": number, "prompt_text": text, "continue": True, **more}


CHAIN = [OPENING, following(2, "the door opens"), following(3, "she looks out")]


class Film(World):
    """A world where the last frame of a video is told by its bytes."""

    def __init__(self, folder: Path, **odds: float) -> None:
        self.unreadable: set[str] = set()  # videos whose last frame does not decode
        super().__init__(1, folder / "w", odds=Odds(**{**dict.fromkeys(vars(Odds()), 0.0), **odds}))

    def start(self) -> None:
        super().start()
        self.context.ask_media = self.decode

    def decode(self, question: Question) -> Answer:
        assert isinstance(question, Frame)
        if question.path in self.unreadable:
            return Unanswered("unreadable", "no picture")
        frame = b"\x89PNG\r\n\x1a\n" + Path(question.path).read_bytes()
        Path(question.out).write_bytes(frame)
        return PictureSaved(1, 1, 9.9)

    def board(self, segments: list[dict[str, Any]], name: str = "storyboard_a.json", **top: Any) -> Path:
        path = self.write(name, [])
        path.write_text(json.dumps({**top, "segments": segments}), "utf-8")
        self.changed()
        return path

    def post(self, verb: str, **args: Any) -> None:
        self.raw.post(verb, args, self.clock.time())
        self.commands.run()

    def of(self, segment: int) -> list[Take]:
        return [one for one in self.takes() if one.segment == segment]

    def bought(self) -> Counter[str]:
        return Counter(task.request.prompt for task in self.provider.tasks.values())

    def frame(self, take: Take) -> str:
        """The last frame of a take's video."""
        content = b"\x89PNG\r\n\x1a\n" + Path(take.output).read_bytes()
        return "sha256:" + hashlib.sha256(content).hexdigest()

    def begins_with(self, take: Take) -> str:
        """The picture that the provider was sent."""
        return self.provider.tasks[take.remote_id].request.image

    def strayed(self) -> set[int]:
        """The segments with a take that begins with another shot."""
        return {one.segment for one in self.takes() if is_of_another_shot(one, segment_before(self.raw, one))}

    def told(self) -> dict[str, bool]:
        facts = from_ledger(self.raw, None, self.clock.time())
        return {one.problem.code: one.heavy for one in complaints(facts)}


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Film:
    monkeypatch.setattr("sorad.intake.rules.missing", lambda: None)
    return Film(tmp_path)


@pytest.fixture
def done(film: Film) -> Film:
    """All of the chain is there."""
    film.board(CHAIN)
    film.run(4 * 3_600)
    assert {take.state for take in film.takes()} == {State.DONE}
    return film


def test_each_begins_with_the_last_frame_of_the_first_take_before_it(done: Film) -> None:
    one, _two = done.of(1)
    (middle,) = done.of(2)
    (last,) = done.of(3)
    assert (done.begins_with(middle), done.begins_with(last)) == (done.frame(one), done.frame(middle))
    assert (middle.frame, middle.frame_of) == (done.frame(one), one.remote_id)
    receipt = read_receipt(Path(middle.output).with_suffix(".json"))
    assert receipt is not None
    assert (receipt.frame, receipt.frame_of) == (done.frame(one), one.remote_id)
    assert last_frame_path(Path(one.output)).is_file()
    assert done.strayed() == set()


def test_it_is_held_visibly_until_all_takes_before_it_have_ended(film: Film) -> None:
    film.board(CHAIN)
    while not any(take.state is State.DONE for take in film.of(1)):
        film.run(10)
    if any(take.state is not State.DONE for take in film.of(1)):
        film.run(200)
    (middle,), (last,) = film.of(2), film.of(3)
    assert last.state is State.HELD
    assert last.error is not None
    assert (last.error.code, "segment 2" in last.error.text()) == (WAITS, True)
    assert film.told()[WAITS] is False
    film.post("approve")
    film.run(60)
    assert film.of(3)[0].creates == 0
    assert middle.follows == 1


def test_choosing_before_it_comes_decides_and_later_marks_and_never_buys(done: Film) -> None:
    one, two = done.of(1)
    before = done.bought()
    done.post("choose", ids=[two.id])
    done.run(3_600)
    assert (done.bought(), done.strayed()) == (before, {2})
    done.post("redo", ids=[done.of(2)[0].id])
    done.run(4 * 3_600)
    first, again = done.of(2)
    assert (done.begins_with(first), done.begins_with(again)) == (done.frame(one), done.frame(two))
    done.post("choose", ids=[again.id])
    done.run(600)
    assert done.strayed() == {2, 3}  # the first take of 2 still, and 3, which continues that one
    assert done.bought() == before + Counter({"the door opens": 1})


@pytest.mark.parametrize(
    ("segments", "strayed", "more"),
    [
        ([{**OPENING, "prompt_text": "a church"}, *CHAIN[1:]], {2}, Counter({"a church": 2})),
        ([OPENING, CHAIN[2]], {3}, Counter()),
        ([OPENING, following(2, "she looks out"), following(3, "the door opens")], {2, 3}, Counter()),
        (
            [OPENING, following(2, "rain"), following(3, "the door opens"), following(4, "she looks out")],
            {3},
            Counter({"rain": 1}),
        ),
    ],
    ids=["another text before", "the one between is gone", "changed places", "one between"],
)
def test_edits_before_it_mark_it_and_buy_only_what_is_new(
    done: Film, segments: list[dict[str, Any]], strayed: set[int], more: Counter[str]
) -> None:
    before = done.bought()
    done.board(segments)
    done.run(4 * 3_600)
    assert done.bought() - before == more
    wanted = {one.segment for one in done.takes() if one.wanted}
    assert done.strayed() & wanted == strayed


def test_a_failure_holds_what_follows_until_it_is_mended(film: Film) -> None:
    film.odds.fails = 1.0
    film.board([{**OPENING, "takes": 1}, *CHAIN[1:]])
    film.run(3 * 3_600)
    (middle,), (last,) = film.of(2), film.of(3)
    assert middle.error is not None
    assert last.error is not None
    assert (middle.error.code, last.error.code, film.told()[NO_FRAME]) == (NO_FRAME, WAITS, True)
    film.post("approve", ids=[middle.id])
    film.run(600)
    assert film.bought() == {"a lighthouse": 1}
    film.odds.fails = 0.0
    film.post("redo", ids=[film.of(1)[0].id])
    film.run(6 * 3_600)
    assert film.bought() == {"a lighthouse": 2, "the door opens": 1, "she looks out": 1}
    assert {film.of(2)[0].state, film.of(3)[0].state} == {State.DONE}


def test_the_lowest_that_decodes_is_used_and_a_chosen_one_alone(film: Film) -> None:
    film.board(CHAIN[:2])
    while [take.state for take in film.of(1)] != [State.DONE] * 2:
        film.run(30)
    one, two = film.of(1)
    film.unreadable = {one.output}
    film.run(2 * 3_600)
    (middle,) = film.of(2)
    assert (middle.state, middle.frame_of) == (State.DONE, two.remote_id)
    film.unreadable = {two.output}
    film.post("choose", ids=[two.id])
    film.post("redo", ids=[middle.id])
    film.run(600)
    again = film.of(2)[1]
    assert again.error is not None
    assert (again.state, again.error.code) == (State.HELD, NO_FRAME)
    film.post("choose", ids=[one.id])
    film.run(2 * 3_600)
    assert film.of(2)[1].frame_of == one.remote_id


def test_what_is_sent_again_begins_with_the_frame_of_its_first_intent(film: Film) -> None:
    sent: list[str] = []
    honest = film.provider.create

    def create(request: Any, own_id: str = "") -> Created:
        if request.continues:
            sent.append(request.image)
            if len(sent) == 1:
                return LOST
        return honest(request, own_id)

    film.provider.create = create  # type: ignore[method-assign]
    film.board(CHAIN[:2])
    while not sent:
        film.run(10)
    one, two = film.of(1)
    film.post("choose", ids=[two.id])
    last_frame_path(Path(one.output)).unlink()  # it is made again from the same video
    film.run(4 * 3_600)
    (middle,) = film.of(2)
    if middle.state is not State.DONE:
        film.post("resolve", ids=[middle.id], how="resend")
        film.run(4 * 3_600)
    assert sent == [film.frame(one)] * 2
    assert film.of(2)[0].frame_of == one.remote_id
    assert film.strayed() == {2}


def test_with_the_ledger_lost_the_folder_tells_the_frames_and_nothing_is_bought(done: Film) -> None:
    before, frames = done.bought(), {one.output: (one.frame, one.frame_of) for one in done.takes()}
    done.ledger.close()
    for file in (done.folder / "state").glob("ledger.sqlite3*"):
        file.unlink()
    done.lost = True
    done.live(done.start)
    done.run(3_600)
    assert (done.bought(), done.strayed()) == (before, set())
    assert {one.output: (one.frame, one.frame_of) for one in done.takes()} == frames


def test_the_whole_chain_waits_for_approval_together(film: Film) -> None:
    price = film.provider.price(None) or 0  # type: ignore[arg-type]
    film.restart(budget={"approve_above": 3.5 * price / 1_000_000})
    film.board(CHAIN)
    film.run(600)
    assert {one.error.code for one in film.takes() if one.error} == {"budget.approve"}
    film.post("approve")
    film.run(4 * 3_600)
    assert {take.state for take in film.takes()} == {State.DONE}


@pytest.mark.parametrize(("same", "bought"), [(True, 1), (False, 2)])
def test_another_storyboards_video_serves_only_where_it_begins_with_the_wanted_frame(
    film: Film, same: bool, bought: int
) -> None:
    opening = {**OPENING, "takes": 1}
    film.board([opening, CHAIN[1]])
    film.run(4 * 3_600)
    other = opening if same else {**opening, "prompt_text": "a church"}
    film.board([other, CHAIN[1], following(3, "rain")], "storyboard_b.json")
    film.run(4 * 3_600)
    assert film.bought()["the door opens"] == bought
    assert {take.state for take in film.takes()} == {State.DONE}


@pytest.mark.parametrize("seed", range(4))
def test_through_deaths_and_lost_answers_none_leaves_without_its_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("sorad.intake.rules.missing", lambda: None)
    film = Film(
        tmp_path / str(seed), die_at_commit=0.01, die_in_create=0.1, lost_request=0.1, rate=0.1, cut=0.2
    )
    film.rng.seed(seed)
    film.board(CHAIN)
    film.run(2 * 86_400)
    continued = [one.request for one in film.provider.tasks.values() if one.request.continues]
    assert continued
    assert all(request.image.startswith("sha256:") for request in continued)
    for take in film.takes():
        if take.state is State.DONE and take.request.continues:
            assert film.begins_with(take) == take.frame
    assert {take.state for take in film.takes()} <= {State.DONE, State.UNKNOWN, State.HELD, State.FAILED}


def test_a_lower_limit_holds_what_waits_too_and_more_segments_are_weighed_alone(film: Film) -> None:
    price = (film.provider.price(None) or 0) / 1_000_000  # type: ignore[arg-type]
    film.restart(budget={"approve_above": 4.5 * price})
    film.board(CHAIN)
    film.run(100)
    assert {one.error.code for one in film.takes() if one.error} == {WAITS}
    film.board([*CHAIN, following(4, "rain")])  # one more: it alone is weighed
    film.run(60)
    assert {one.error.code for one in film.takes() if one.error} == {WAITS}
    reprice_all(film.context.ledger, Budget(approve_above=0.5 * price), film.clock.time())
    film.restart(budget={"approve_above": 0.5 * price})
    film.run(6 * 3_600)
    assert set(film.bought()) == {"a lighthouse"}
    assert {one.error.code for one in film.takes() if one.error} == {"budget.approve"}


def test_a_disk_in_trouble_gives_no_other_takes_frame(film: Film) -> None:
    film.board(CHAIN[:2])
    while [take.state for take in film.of(1)] != [State.DONE] * 2:
        film.run(30)
    decode, film.context.ask_media = film.context.ask_media, lambda question: Unanswered("disk", "I/O error")
    while NO_FRAME not in film.told():
        film.run(30)
    assert film.told()[NO_FRAME] is True
    film.context.ask_media = decode
    film.run(2 * 3_600)
    assert film.of(2)[0].frame_of == film.of(1)[0].remote_id
