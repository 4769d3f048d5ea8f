"""Builders for the tests of being told: rules, conditions, a server that takes messages, a clock."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sorad.notify.rules import Condition, Rules
from sorad.problems import Problem

EVERY_KIND = frozenset({"done", "waiting", "trouble", "over"})


def rules(
    *targets: str, kinds: frozenset[str] = EVERY_KIND, settle: float = 60.0, per_hour: int = 100
) -> Rules:
    return Rules(kinds, targets or ("phone",), settle, per_hour)


def trouble(text: str = "broken", kind: str = "trouble") -> Condition:
    return Condition(kind, Problem("some.code", text, "Mend it."))


class Time:
    """A clock that stands still until it is moved; the wall clock may be set."""

    def __init__(self) -> None:
        self.now, self.wall = 1000.0, 1_700_000_000.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


@dataclass
class Post:
    """A request that came in."""

    path: str
    method: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass
class Inbox:
    """What a loopback server got; ``answer`` makes its answers."""

    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answer: Callable[[Post], tuple[int, bytes]] = lambda post: (200, b"{}")

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.partition("://")[2]


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A server on loopback that takes whatever comes."""
    box = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            post = Post(self.path, self.command, dict(self.headers), body)
            box.posts.append(post)
            status, text = box.answer(post)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *request: None  # who hung up is no news
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    box.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
