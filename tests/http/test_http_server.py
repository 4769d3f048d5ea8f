"""The endpoint: for this machine alone, for few at once, in nobody's way."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sorad.clock import SystemClock
from sorad.config.listen import parse_listen
from sorad.http import server as server_module
from sorad.http.hosts import is_ours
from sorad.http.server import AT_ONCE, Endpoint, Page
from sorad.problems import Problem


def wait_for(condition: Callable[[], object], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Running:
    """An endpoint in its thread."""

    def __init__(self, port: int, pages: Callable[[str], Page | None]) -> None:
        self.trouble: dict[str, Problem | None] = {}
        self.beats = 0
        self.port = port
        self.part = Endpoint(f"127.0.0.1:{port}", pages, SystemClock(), self.trouble.__setitem__)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.part.run, args=(self.stop, self.beat), daemon=True)
        self.thread.start()

    def beat(self) -> None:
        self.beats += 1

    def ask(self, path: str = "/health", method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def raw(self, text: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as one:
            one.sendall(text)
            return b"".join(iter(lambda: one.recv(4096), b""))


def page(path: str) -> Page | None:
    return Page(200, "text/plain", b"well") if path == "/health" else None


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def make(pages: Callable[[str], Page | None] = page, port: int = 0) -> Running:
        one = Running(port or free_port(), pages)
        made.append(one)
        wait_for(lambda: one.part.port or one.trouble.get("http"))
        return one

    yield make
    for one in made:
        one.stop.set()
        one.thread.join(60)
        assert not one.thread.is_alive()


def test_it_answers_get_and_head_and_nothing_else(serve):
    one = serve()
    answer = one.ask()
    assert (answer.status, answer.text) == (200, "well")
    assert (one.ask(method="HEAD").status, one.ask(method="HEAD").text) == (200, "")
    assert one.ask("/health?verbose=1").status == 200
    assert one.ask("/").status == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert one.ask(method=method).status == 501
    assert answer.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9187", "[::1]:80", "LOCALHOST:1", "127.0.0.2"])
def test_names_of_this_machine_are_answered(serve, host):
    assert serve().ask(Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9187",
        "localhost.evil.example",
        "192.168.1.5",
        "0.0.0.0",
        "",
        "[",
        "127.1",
    ],
)
def test_any_other_name_is_refused(serve, host):
    """A page of the web can point its own name at 127.0.0.1; the browser then sends that name."""
    answer = serve().ask(Host=host)
    assert answer.status == 421
    assert "well" not in answer.text


def test_no_host_two_hosts_and_a_foreign_address_in_the_line_are_refused(serve):
    one = serve()
    assert b" 421 " in one.raw(b"GET /health HTTP/1.1\r\n\r\n")
    assert b" 421 " in one.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert b"well" not in one.raw(b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_a_port_that_is_taken_is_shown_and_taken_as_soon_as_it_is_free(serve, monkeypatch):
    monkeypatch.setattr(server_module, "AGAIN", 0.1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        one = serve(port=other.getsockname()[1])
        told = one.trouble["http"]
        assert told is not None
        assert told.code == "http.port"
        beats = one.beats
        wait_for(lambda: one.beats > beats)
    wait_for(lambda: one.part.port)
    assert one.trouble["http"] is None
    assert one.ask().status == 200


def test_who_says_nothing_is_hung_up_on_and_keeps_nobody_out(serve, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE", 0.5)
    one = serve()
    with contextlib.ExitStack() as held:
        silent = [
            held.enter_context(socket.create_connection(("127.0.0.1", one.port), timeout=60))
            for _number in range(AT_ONCE)
        ]
        for connection in silent:
            connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
        assert [connection.recv(100) for connection in silent] == [b""] * AT_ONCE

    def answers() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return one.ask().status == 200
        return False

    wait_for(answers)


def test_more_than_a_few_at_once_are_turned_away_and_not_piled_up(serve):
    go_on, inside = threading.Event(), []

    def slow(path: str) -> Page:
        inside.append(path)
        go_on.wait(60)
        return Page(200, "text/plain", b"well")

    one = serve(slow)
    threads = [threading.Thread(target=one.ask, daemon=True) for _number in range(AT_ONCE)]
    try:
        for thread in threads:
            thread.start()
        wait_for(lambda: len(inside) == AT_ONCE)
        with pytest.raises((OSError, http.client.HTTPException)):
            one.ask()
        beats = one.beats
        wait_for(lambda: one.beats > beats)
    finally:
        go_on.set()
        for thread in threads:
            thread.join(60)
    assert one.ask().status == 200


def test_a_mistake_in_a_page_ends_one_request_and_not_the_part(serve):
    def broken(path: str) -> Page:
        if path == "/broken":
            raise RuntimeError("a mistake")
        return Page(200, "text/plain", b"well")

    one = serve(broken)
    with pytest.raises((OSError, http.client.HTTPException)):
        one.ask("/broken")
    assert one.ask().status == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:9187", ("127.0.0.1", 9187)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("[::1]:9187", ("::1", 9187)),
    ],
)
def test_addresses_of_this_machine_alone_are_listened_at(text, found):
    assert parse_listen(text) == found


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:9187", "[::]:9187", "192.168.1.2:9187", "example.com:80", "127.0.0.1", ":9187", "127.0.0.1:0",
     "127.0.0.1:99999", "http://127.0.0.1:80", "127.0.0.1:80/metrics", "user@127.0.0.1:80", ""],
)  # fmt: skip
def test_no_other_address_is(text):
    with pytest.raises(ValueError, match=r"."):
        parse_listen(text)


def test_a_name_is_ours_only_if_nobody_else_can_give_it():
    assert is_ours("localhost:1")
    assert not is_ours("localhost.")
    assert not is_ours("127.0.0.1.nip.io")
