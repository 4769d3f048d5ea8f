"""What the delivery tests play on: videos, a loopback server with manners on request, a take's place."""

from __future__ import annotations

import http.client
import http.server
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from sorad.delivery.receive import Outcome, receive
from sorad.layout import partial_path
from sorad.problems import Problem
from sorad.providers.base import Download, DownloadCut, Fault, Trouble


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def video_of(size: int, seed: int = 1) -> bytes:
    """A whole MP4 of exactly ``size`` bytes: index first, then random pictures."""
    head = box(b"ftyp", b"isom\0\0\2\0isommp41") + box(b"moov", box(b"mvhd", bytes(100)))
    return head + box(b"mdat", random.Random(seed).randbytes(size - len(head) - 8))


@dataclass
class Manners:
    """How the server answers."""

    body: bytes
    etag: str = '"one"'
    ranges: bool = True
    length: int | None = -1  # announced; -1: the true one; None: none
    cut_after: int | None = None  # bytes of the answer, then the connection breaks
    status: int = 200
    seen: list[tuple[str, str]] = field(default_factory=list)  # Range and If-Range of each request


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    manners: Manners

    @property
    def url(self) -> tuple[str, int]:
        return "127.0.0.1", self.server_port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of these tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        manners = self.server.manners
        asked, condition = self.headers.get("Range", ""), self.headers.get("If-Range", "")
        manners.seen.append((asked, condition))
        if manners.status >= 400:
            self.send_error(manners.status)
            return
        start = int(asked[len("bytes=") : -1]) if asked else 0
        partly = bool(asked) and manners.ranges and condition == manners.etag
        if partly and start >= len(manners.body):
            self.send_error(416)
            return
        body = manners.body[start:] if partly else manners.body
        self.send_response(206 if partly else 200)
        if partly:
            size = len(manners.body)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if manners.etag:
            self.send_header("ETag", manners.etag)
        if manners.length is not None:
            self.send_header("Content-Length", str(len(body) if manners.length == -1 else manners.length))
        self.end_headers()
        self.wfile.write(body if manners.cut_after is None else body[: manners.cut_after])


def opener(server: Server, piece: int = 1 << 16) -> Callable[[int, str], Download | Fault]:
    """What a provider's ``open_video`` does, as small as it can be."""

    def open_at(offset: int, validator: str) -> Download | Fault:
        connection = http.client.HTTPConnection(*server.url, timeout=10)
        headers = {"Range": f"bytes={offset}-", "If-Range": validator} if offset else {}
        connection.request("GET", "/v.mp4", headers=headers)
        answer = connection.getresponse()
        if answer.status >= 400:
            connection.close()
            trouble = {410: Trouble.EXPIRED, 416: Trouble.REQUEST}.get(answer.status, Trouble.SERVER)
            return Fault(trouble, Problem("test", "HTTP {status}", params={"status": answer.status}))
        start, announced = 0, answer.getheader("Content-Length")
        total = int(announced) if announced else None
        if answer.status == 206:
            span, size = answer.getheader("Content-Range", "").split(" ")[1].split("/")
            start, total = int(span.split("-")[0]), int(size)
        return Download(
            start,
            total,
            answer.getheader("ETag", ""),
            answer.getheader("Content-Type", ""),
            "req-1",
            pieces_of(connection, answer, piece),
        )

    return open_at


def pieces_of(
    connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, piece: int
) -> Iterator[bytes]:
    try:
        while True:
            try:
                data = answer.read(piece)
            except http.client.IncompleteRead as cut:
                raise DownloadCut from cut
            if not data:
                return
            yield data
    finally:
        connection.close()


@dataclass
class Desk:
    """One take's place, and what a caller keeps for it between calls of ``receive``."""

    target: Path
    validator: str = ""
    keep_free: int = 0
    free: int = 10**12
    stop: Callable[[], bool] = lambda: False
    heard: list[tuple[int, int | None]] = field(default_factory=list)
    booted_at: float = 0.0
    base: Path | None = None
    brought: list[tuple[int, str, bool]] = field(default_factory=list)  # size, hash, had it its name then
    grows: Path | None = None  # where, if not beside the target
    asked: set[Path] = field(default_factory=set)  # folders that were asked for room

    @property
    def partial(self) -> Path:
        return self.grows or partial_path(self.target)

    @property
    def names(self) -> list[str]:
        """Everything in the folder of the video."""
        return sorted(path.name for path in self.target.parent.iterdir())

    def keep(self, validator: str) -> None:
        self.validator = validator

    def _room(self, folder: Path) -> int:
        self.asked.add(folder)
        return self.free

    def receive(self, open_at: Callable[[int, str], Download | Fault]) -> Outcome:
        return receive(
            open_at,
            self.target,
            validator=self.validator,
            keep_free=self.keep_free,
            stop=self.stop,
            started=self.keep,
            progress=lambda got, total: self.heard.append((got, total)),
            free=self._room,
            task="task-1",
            brought=lambda size, sha: self.brought.append((size, sha, self.target.exists())),
            base=self.base,
            booted_at=self.booted_at,
            partial=self.grows,
            sleep=lambda _seconds: None,
        )
