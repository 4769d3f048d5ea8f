"""The part that tells: over a real ledger, with a clock by hand and a sender that notes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from notify_samples import Inbox, Time

from sorad.config.model import Notify
from sorad.health.complaints import complaints
from sorad.health.facts import Facts, from_ledger
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, Storyboard, Want
from sorad.lock import Holder
from sorad.messages import set_language
from sorad.model import Request, State
from sorad.notify.conditions import conditions
from sorad.notify.part import MEMORY, PATIENCE, Notifier
from sorad.notify.targets import Target
from sorad.notify.text import Message
from sorad.notify.view import Viewer
from sorad.problems import Problem

HOLDER = Holder(1, 0.0, "run", "box")
PATH = "/vault/film/storyboard_one.json"


class House:
    """A ledger, a notifier, and what it sent."""

    def __init__(self, folder: Path, **config: object) -> None:
        set_language("en")
        self.clock = Time()
        self.ledger = SqliteLedger.open(folder / "ledger.db")
        self.ledger.recover("test", 0.0)
        self.config = Notify.model_validate({"urls": ("json://127.0.0.1/a",), **config})
        self.sent: list[Message] = []
        self.error = ""
        self.trouble: dict[str, Problem | None] = {}
        self.lacking: Problem | None = None
        self.blind: Problem | None = None
        self.restart()

    def restart(self) -> None:
        self.part = Notifier(
            self.config,
            self.ledger,
            Viewer(self.facts, self.clock),
            self.clock,
            self.send,
            self.trouble.__setitem__,
            "box",
            lambda: self.lacking,
        )

    def facts(self) -> Facts:
        if self.blind is not None:
            return Facts(self.clock.time(), HOLDER, self.blind)
        return from_ledger(self.ledger, HOLDER, self.clock.time())

    def send(self, target: Target, message: Message, go_on: object) -> str:
        if not self.error:
            self.sent.append(message)
        return self.error

    def go(self, seconds: float, every: float = 10.0) -> House:
        """Let time pass, as the thread would see it."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.go(every)
            self.part._turn()
        return self

    def want(self, count: int = 1) -> None:
        wants = []
        for segment in range(1, count + 1):
            request = Request(f"a cat {segment}")
            wants.append(Want(segment, 1, request, request.fingerprint(), f"/vault/{segment}.mp4"))
        board = Storyboard(0, "/vault", PATH, 1, 1, "content", "ok")
        self.ledger.apply(board, wants, self.clock.time())

    def move(self, *states: State, count: int = 100, **more: object) -> None:
        """All queued takes go that way."""
        for take in self.ledger.claim(State.QUEUED, self.clock.time() + 1e9, count):
            for state in states:
                intent = state is State.SUBMITTING
                change = Change(state, "test", keep_claim=state is not states[-1], intent=intent, **more)
                take = self.ledger.record(take, change, self.clock.time())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


DELIVERED = (State.SUBMITTING, State.GENERATING, State.DOWNLOADING, State.DONE)


def test_a_finished_storyboard_is_told_once_with_its_videos_and_its_cost(house: House):
    house.go(30)
    house.want(3)
    house.go(30)
    assert house.sent == []
    house.move(*DELIVERED, cost=500_000)
    house.go(600)
    (message,) = house.sent
    assert message.title == "sorad on box: done"
    assert message.body == "storyboard_one.json is done: 3 videos. Cost: 1.50 USD."


def test_a_storyboard_that_begins_and_ends_between_two_looks_is_told(house: House):
    house.go(30)
    house.want()
    house.move(*DELIVERED)
    house.part.worked_on(house.ledger.storyboards()[0].id)
    house.go(30)
    assert len(house.sent) == 1


def test_failures_are_told_with_the_command_that_tries_again(house: House):
    house.want(2)
    house.go(30)
    house.move(*DELIVERED, count=1, cost=1_000_000)
    house.move(State.SUBMITTING, State.FAILED, error=Problem("provider.moderation", "It was refused."))
    house.go(50)
    (message,) = house.sent
    assert "is done: 1 video. Cost: 1.00 USD. 1 take failed: It was refused." in message.body
    assert "`sorad retry " in message.body


def test_a_restart_tells_nothing_again_and_what_ended_meanwhile(house: House):
    house.want()
    house.go(30)
    house.restart()
    house.move(*DELIVERED)
    house.go(100)
    house.restart()
    house.go(100)
    assert len(house.sent) == 1


def test_a_trouble_and_its_end_are_told(house: House):
    house.ledger.remember(
        "halt", {"since": 0.0, "until": 0.0, "problem": Problem("provider.key", "No.").to_json()}
    )
    house.go(50)
    assert house.sent == []
    house.go(30)
    assert [message.mood for message in house.sent] == ["failure"]
    house.go(7200)
    house.ledger.remember("halt", None)
    house.go(100)
    assert [message.title for message in house.sent] == ["sorad on box: trouble", "sorad on box: over"]


def test_a_ledger_that_cannot_be_read_ends_no_trouble(house: House):
    house.ledger.remember(
        "halt", {"since": 0.0, "until": 0.0, "problem": Problem("provider.key", "No.").to_json()}
    )
    house.go(100)
    house.blind = Problem("ledger.unavailable", "Locked.")
    house.go(600)
    assert [message.body for message in house.sent[1:]] == ["Locked."]
    house.blind = None
    house.go(600)
    assert "Locked" in house.sent[2].body
    assert len(house.sent) == 3


def test_what_waits_for_approval_is_told_by_storyboard(house: House):
    house.want(4)
    house.move(State.HELD, error=Problem("budget.approve", "it costs 5."))
    house.go(100)
    (message,) = house.sent
    assert message.title == "sorad on box: something waits for you"
    assert f"`sorad approve {PATH}`" in message.body


def test_invalid_storyboards_are_told_one_by_one_and_not_as_trouble(house: House):
    for name in ("a", "b"):
        problem = Problem("storyboard.duration", "segment 3 is too long.")
        board = Storyboard(0, "/vault", f"/vault/{name}.json", 1, 1, "", "invalid", (problem,))
        house.ledger.apply(board, None, 0.0)
    facts = house.facts()
    found = conditions(facts, complaints(facts))
    assert {key: one.kind for key, one in found.items()} == {
        "invalid:/vault/a.json": "waiting",
        "invalid:/vault/b.json": "waiting",
    }


def test_ten_folders_that_are_away_are_one_trouble(house: House):
    from sorad.ledger.values import RootRow

    for number in range(10):
        house.ledger.put_root(RootRow(f"/disk{number}", "offline", ""))
    house.go(100)
    (message,) = house.sent
    assert "/disk0" in message.body


def test_an_idle_sorad_writes_nothing(house: House):
    house.go(100)
    before = house.ledger.recall(MEMORY)
    house.ledger.remember = None  # type: ignore[method-assign,assignment]
    house.go(7200)
    assert before is None


def test_a_trouble_that_lasts_is_written_once(house: House):
    house.ledger.remember(
        "halt", {"since": 0.0, "until": 0.0, "problem": Problem("provider.key", "No.").to_json()}
    )
    house.go(100)
    house.ledger.remember = None  # type: ignore[method-assign,assignment]
    house.go(7200)
    assert len(house.sent) == 1


def test_what_cannot_be_sent_is_shown_and_in_the_end_makes_unhealthy(house: House):
    house.error = "down"
    house.want()
    house.go(30)
    house.move(*DELIVERED)
    house.go(60)
    assert [note.code for note in house.part.notes] == ["notify.unsent"]
    assert house.trouble["notify"] is None
    house.go(PATIENCE)
    told = house.trouble["notify"]
    assert told is not None
    assert "down" in told.text()
    house.error = ""
    house.go(3600)
    assert len(house.sent) == 1
    assert (house.trouble["notify"], house.part.notes) == (None, ())


def test_its_own_troubles_are_not_told_over_the_line_that_is_down(house: House):
    heavy = Problem("notify.unsent", "Down.")
    facts = replace(house.facts(), troubles=({"problem": heavy.to_json(), "code": heavy.code, "since": 0},))
    found = complaints(facts)
    assert any(one.problem.code == "notify.unsent" for one in found), "status shows it"
    assert conditions(facts, found) == {}


def test_without_apprise_nothing_is_marked_as_told(house: House):
    house.lacking = Problem("notify.extra", "Missing.")
    house.ledger.remember(
        "halt", {"since": 0.0, "until": 0.0, "problem": Problem("provider.key", "No.").to_json()}
    )
    house.go(600)
    assert house.trouble["notify"] == house.lacking
    house.lacking = None
    house.go(100)
    assert (len(house.sent), house.trouble["notify"]) == (1, None)


def test_a_ledger_that_cannot_be_written_stops_no_message(house: House, monkeypatch):
    house.want()
    house.go(30)
    house.move(*DELIVERED)

    def full(key: str, value: object) -> None:
        raise LedgerUnavailable("disk full")

    monkeypatch.setattr(house.ledger, "remember", full)
    house.go(600)
    assert len(house.sent) == 1


def test_the_thread_beats_and_ends(house: House, box: Inbox):
    stop, beats = threading.Event(), []
    thread = threading.Thread(target=house.part.run, args=(stop, lambda: beats.append(1)), daemon=True)
    thread.start()
    while not beats:
        stop.wait(0.01)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
