"""The dead man's ping: only while all is well, and never in anybody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from loguru import logger
from notify_samples import Inbox

from sorad.clock import SystemClock
from sorad.config.model import Ping
from sorad.notify.ping import Pinger
from sorad.problems import Problem


def wait_for(condition: Callable[[], object], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Running:
    """A pinger in its thread."""

    def __init__(self, **config: object) -> None:
        self.well = True
        self.trouble: dict[str, Problem | None] = {}
        self.beats = 0
        # the config takes no shorter time; a test must not wait for it
        settings = Ping.model_construct(**{**Ping().model_dump(), "every": 0.05, **config})
        self.part = Pinger(settings, lambda: self.well, SystemClock(), self.trouble.__setitem__)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.part.run, args=(self.stop, self.beat), daemon=True)
        self.thread.start()

    def beat(self) -> None:
        self.beats += 1

    def end(self) -> None:
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def ping() -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def make(**config: object) -> Running:
        made.append(Running(**config))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_it_is_called_again_and_again_while_all_is_well(box: Inbox, ping):
    ping(url=f"{box.url}/alive?status=up")
    wait_for(lambda: len(box.posts) >= 3)
    assert {(post.method, post.path) for post in box.posts} == {("GET", "/alive?status=up")}
    assert not any("Authorization" in post.headers for post in box.posts)


def test_it_is_not_called_while_something_is_wrong_and_again_after_that(box: Inbox, ping):
    one = ping(url=f"{box.url}/alive", fail_url=f"{box.url}/dead")
    wait_for(lambda: box.posts)
    one.well = False
    wait_for(lambda: any(post.path == "/dead" for post in box.posts))
    count = sum(post.path == "/alive" for post in box.posts)
    wait_for(lambda: sum(post.path == "/dead" for post in box.posts) >= 3)
    assert sum(post.path == "/alive" for post in box.posts) == count
    one.well = True
    wait_for(lambda: sum(post.path == "/alive" for post in box.posts) > count)


def test_without_a_fail_url_nothing_is_called_while_something_is_wrong(box: Inbox, ping):
    one = ping(url=f"{box.url}/alive")
    one.well = False
    wait_for(lambda: box.posts or one.beats > 5)
    before, beats = len(box.posts), one.beats
    wait_for(lambda: one.beats > beats + 5)
    assert len(box.posts) <= before + 1, "at most the one that was under way"


def test_a_target_that_fails_is_told_once_and_without_the_address(box: Inbox, ping):
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}", level="INFO")
    try:
        box.answer = lambda post: (500, b"")
        one = ping(url=f"{box.url}/alive/0123456789abcdef")
        wait_for(lambda: len(box.posts) >= 5)
        assert [note.code for note in one.part.notes] == ["ping.failed"]
        box.answer = lambda post: (200, b"OK")
        wait_for(lambda: not one.part.notes)
    finally:
        logger.remove(sink)
    assert len([line for line in lines if "HTTP 500" in line]) == 1
    assert len([line for line in lines if "works again" in line]) == 1
    assert "0123456789abcdef" not in "".join(lines)


def test_a_target_that_never_answers_stops_no_heartbeat_and_no_end(box: Inbox, ping):
    stuck = threading.Event()
    box.answer = lambda post: ((stuck.wait(60) and 200) or 200, b"")
    try:
        one = ping(url=f"{box.url}/alive", timeout=30.0)
        wait_for(lambda: box.posts)
        beats = one.beats
        wait_for(lambda: one.beats > beats + 3)
        began = time.monotonic()
        one.end()
        assert time.monotonic() - began < 5
        assert len(box.posts) == 1
    finally:
        stuck.set()


def test_a_variable_that_is_not_set_is_shown(ping, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    one = ping(url="$NOWHERE")
    wait_for(lambda: one.trouble.get("ping"))
    told = one.trouble["ping"]
    assert told is not None
    assert told.code == "notify.variable"


def test_it_goes_through_the_proxy_that_is_set(box: Inbox, ping):
    ping(url="http://alive.invalid/x", proxy=box.url)
    wait_for(lambda: box.posts)
    assert box.posts[0].path == "http://alive.invalid/x"
