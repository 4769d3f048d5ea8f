"""The picture that was ignored: how many takes with pictures are bought before it is known, and what stops then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import Odds, World

from sorad.engine.decide.pictures import FAR, IGNORED, SAME, Trial, compared, is_ignored
from sorad.engine.steps.pictures import follow_config
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.media.questions import Answer, Compare, Compared, Question, Unanswered
from sorad.model import State, Take

PNG = b"\x89PNG\r\n\x1a\n"


class Gallery(World):
    """A world whose takes begin with pictures; what comes back is as alike to them as ``likeness`` says."""

    def __init__(self, folder: Path) -> None:
        self.likeness: Answer = Compared(0.05)
        self.questions: list[Question] = []
        super().__init__(1, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)))

    def start(self) -> None:
        super().start()
        self.context.ask_media = self.answer
        self.context.decodes = lambda: True

    def answer(self, question: Question) -> Answer:
        self.questions.append(question)
        return self.likeness

    def board(self, count: int) -> None:
        entries = []
        for number in range(1, count + 1):
            (self.vault_dir / f"{number}.png").write_bytes(PNG + bytes([number]))
            entries.append(
                {"segment_index": number, "prompt_text": f"shot {number}", "first_frame": f"{number}.png"}
            )
        path = self.write("storyboard_a.json", [])
        path.write_text(json.dumps({"segments": entries}), "utf-8")
        self.changed()

    def there(self, state: State) -> list[Take]:
        return list(self.raw.takes(states=[state]))

    def post(self, verb: str, **args: str) -> None:
        self.raw.post(verb, args, self.clock.time())
        self.commands.run()

    def most_in_flight(self, seconds: float) -> int:
        most = 0
        for _step in range(int(seconds / 30)):
            self.run(30.0)
            sent = (State.SUBMITTING, State.UNKNOWN, State.GENERATING, State.DOWNLOADING)
            most = max(most, sum(1 for _take in self.raw.takes(states=sent)))
        return most

    def codes(self) -> list[str]:
        facts = from_ledger(self.raw, None, self.clock.time())
        return [one.problem.code for one in complaints(facts)]


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path)


def test_two_are_tried_and_where_both_are_far_off_no_further_one_is_bought(gallery: Gallery) -> None:
    gallery.board(6)
    assert gallery.most_in_flight(3_600) == 2
    held = gallery.there(State.HELD)
    assert (len(gallery.there(State.DONE)), len(held), len(gallery.provider.tasks)) == (2, 4, 2)
    assert {take.error.code for take in held if take.error} == {IGNORED}
    assert IGNORED in gallery.codes()
    assert "take.held" not in gallery.codes()


def test_no_approval_lets_them_leave_and_resume_does(gallery: Gallery) -> None:
    gallery.board(4)
    gallery.run(3_600)
    gallery.post("approve")
    gallery.run(600)
    assert len(gallery.provider.tasks) == 2
    gallery.post("resume", pictures="somebody")
    gallery.run(60)
    assert len(gallery.provider.tasks) == 2
    gallery.post("resume", pictures=gallery.context.config.provider.title)
    gallery.run(3_600)
    assert (len(gallery.there(State.DONE)), len(gallery.provider.tasks)) == (4, 4)
    assert IGNORED not in gallery.codes()


def test_takes_without_a_picture_go_on(gallery: Gallery) -> None:
    gallery.board(3)
    gallery.run(3_600)
    gallery.write("b/storyboard_b.json", ["a dog"])
    gallery.changed()
    gallery.run(3_600)
    assert (len(gallery.there(State.DONE)), len(gallery.there(State.HELD))) == (3, 1)


def test_once_one_has_passed_all_go(gallery: Gallery) -> None:
    gallery.likeness = Compared(0.9)
    gallery.board(6)
    assert gallery.most_in_flight(3_600) > 2
    assert len(gallery.there(State.DONE)) == 6
    assert len(gallery.questions) == 6


def test_what_was_found_outlives_the_process(gallery: Gallery) -> None:
    gallery.board(3)
    gallery.run(3_600)
    gallery.restart()
    gallery.run(600)
    assert len(gallery.provider.tasks) == 2
    assert gallery.context.control.pictures.at(_place(gallery)).stopped is not None


def test_under_another_address_it_is_tried_anew(gallery: Gallery) -> None:
    gallery.board(3)
    gallery.run(3_600)
    gallery.context.control.pictures.follow("https://elsewhere.invalid/v1", "")
    follow_config(gallery.context)
    gallery.run(3_600)
    assert len(gallery.there(State.DONE)) == 3
    assert IGNORED not in gallery.codes()


def test_a_picture_that_was_changed_meanwhile_is_compared_with_nothing(gallery: Gallery) -> None:
    gallery.board(1)
    gallery.run(60)
    (gallery.vault_dir / "1.png").write_bytes(PNG + b"another")
    gallery.run(3_600)
    assert gallery.questions == []


def test_what_cannot_be_compared_tells_nothing(gallery: Gallery) -> None:
    gallery.likeness = Unanswered("died")
    gallery.board(4)
    assert gallery.most_in_flight(7_200) == 2
    assert len(gallery.there(State.DONE)) == 4
    assert isinstance(gallery.questions[0], Compare)


def _place(gallery: Gallery) -> str:
    return f"{gallery.provider.base_url} -"


@pytest.mark.parametrize(
    ("seen", "passed", "stops"),
    [
        ([], False, False),
        ([0.1], False, False),
        ([0.1, 0.1], False, True),
        ([0.1, SAME], True, False),
        ([SAME, 0.1, 0.1], True, True),
        ([0.1, FAR, 0.1], False, False),
        ([FAR, FAR, FAR], False, False),
    ],
)
def test_two_far_off_in_a_row_stop(seen: list[float], passed: bool, stops: bool) -> None:
    trial = Trial()
    for number, likeness in enumerate(seen):
        trial = compared(trial, number, likeness)
    assert (trial.passed, is_ignored(trial)) == (passed, stops)


def test_one_take_that_is_fetched_twice_counts_once() -> None:
    trial = compared(compared(Trial(), 7, 0.1), 7, 0.1)
    assert not is_ignored(trial)
    assert not is_ignored(Trial(far=(1, 2), vouched=True))
    assert Trial.from_json(trial.to_json()) == trial
