"""Calls and answers as data, and the HTTP/1.1 server that carries them, with its accidents."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Union
from urllib.parse import parse_qsl, unquote, urlsplit

BODY_MAX = 64_000_000  # bytes of a request
_TRICKLE = 20  # steps in which a slow answer leaves
_RESET_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST and drops what was not sent

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body>Bad Gateway</body></html>"


@dataclass(frozen=True)
class Call:
    """One request. ``parts`` are the unquoted pieces of its path; header names are lower case."""

    method: str
    path: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: str  # the address it came from

    @property
    def key(self) -> str:
        """The bearer key, or ``""``."""
        scheme, _space, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    def json(self) -> Any:
        """The body as JSON, or ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Stream:
    """A body in pieces. ``stop_after`` bytes the connection is closed; it takes ``seconds`` to send, or
    ``crawl`` seconds for each byte."""

    length: int
    pieces: Iterator[memoryview]
    stop_after: int | None = None
    seconds: float = 0.0
    crawl: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What is sent back. With ``delay`` it starts late; with ``trickle`` its first bytes come one by one."""

    status: int
    body: bytes | Stream = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds
    trickle: float = 0.0  # seconds
    note: str = ""  # for the line that `--verbose` shows


@dataclass(frozen=True)
class Reset:
    """The connection is cut in place of an answer, after ``delay`` seconds."""

    delay: float = 0.0
    note: str = ""


Reply = Union[Answer, Reset]


def json_answer(status: int, data: Any, headers: Mapping[str, str] | None = None, note: str = "") -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Answer(
        status, body, {"content-type": "application/json; charset=utf-8", **(headers or {})}, note=note
    )


def html_answer(status: int, note: str = "") -> Answer:
    """The web page of some proxy on the way."""
    return Answer(status, HTML_PAGE, {"content-type": "text/html; charset=utf-8"}, note=note)


@dataclass(frozen=True)
class Exchange:
    """A call and what came of it, for those who watch. The query, which may be signed, is not in it."""

    method: str
    path: str
    status: int  # 0: the connection was cut
    request_id: str
    note: str


class Server(socketserver.ThreadingTCPServer):
    """A listening socket and one thread for each connection. ``answer`` is called from those threads."""

    # On Windows it would let two programs share the port.
    allow_reuse_address = os.name == "posix"
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[Call], Reply],
        watch: Callable[[Exchange], None],
        now: Callable[[], float],
        request_id: Callable[[], str],
    ) -> None:
        """``now`` gives the time of the ``Date`` header; all four are called from several threads."""
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)
        self.answer = answer
        self.watch = watch
        self.now = now
        self.request_id = request_id
        self.ending = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="simulator", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server_address[1]

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at once, as if the process had died: connections are cut."""
        self.ending.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it was gone already

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class _Gone(Exception):
    """The connection is to be closed without another word."""


class Handler(BaseHTTPRequestHandler):
    """Reads calls off one connection, and writes the answers."""

    protocol_version = "HTTP/1.1"
    server_version = "sorad-simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, _Gone):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: exchanges are told to those who watch."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """For what is no HTTP: an answer with a request id, like all others."""
        self.close_connection = True
        text = message or HTTPStatus(code).phrase
        self._send(json_answer(code, {"code": code, "message": text}), self.server.request_id())

    def _serve(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or "transfer-encoding" in self.headers:
            self.send_error(411)
            return
        if int(length) > BODY_MAX:
            self.send_error(413)
            return
        parts = urlsplit(self.path)
        call = Call(
            self.command,
            parts.path,
            tuple(unquote(part) for part in parts.path.split("/") if part),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(length)),
            str(self.client_address[0]),
        )
        request_id = self.server.request_id()
        reply = self.server.answer(call)
        status = reply.status if isinstance(reply, Answer) else 0
        self.server.watch(Exchange(call.method, call.path, status, request_id, reply.note))
        if self.server.ending.wait(reply.delay):
            raise _Gone
        if isinstance(reply, Reset):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_NOW)
            self.connection.close()
            raise _Gone
        self._send(reply, request_id)

    do_GET = _serve  # noqa: N815
    do_HEAD = _serve  # noqa: N815
    do_POST = _serve  # noqa: N815
    do_PUT = _serve  # noqa: N815
    do_PATCH = _serve  # noqa: N815
    do_DELETE = _serve  # noqa: N815

    def _send(self, answer: Answer, request_id: str) -> None:
        body = answer.body
        length = body.length if isinstance(body, Stream) else len(body)
        phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else ""
        headers = {
            "date": self.date_time_string(int(self.server.now())),
            "server": self.server_version,
            "x-request-id": request_id,
            "content-length": str(length),
            **answer.headers,
        }
        if self.close_connection:
            headers["connection"] = "close"
        lines = [
            f"HTTP/1.1 {answer.status} {phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.command == "HEAD":
            self.connection.sendall(head)
        elif isinstance(body, Stream):
            self.connection.sendall(head)
            self._send_stream(body)
        elif answer.trickle:
            self._send_slowly(head + body, answer.trickle)
        else:
            self.connection.sendall(head + body)

    def _send_stream(self, body: Stream) -> None:
        left = body.length if body.stop_after is None else body.stop_after
        pause = body.crawl or body.seconds / _TRICKLE
        step = 1 if body.crawl else max(1, body.length // _TRICKLE) if pause else body.length
        for piece in body.pieces:
            while piece and left:
                part = piece[: min(step, left)]
                self.connection.sendall(part)
                left -= len(part)
                piece = piece[len(part) :]
                if pause and self.server.ending.wait(pause):
                    raise _Gone
            if not left:
                break
        if body.stop_after is not None:
            raise _Gone

    def _send_slowly(self, data: bytes, seconds: float) -> None:
        """Byte by byte through the status line, so that no single read waits long; then the rest."""
        for position in range(_TRICKLE):
            self.connection.sendall(data[position : position + 1])
            if self.server.ending.wait(seconds / _TRICKLE):
                raise _Gone
        self.connection.sendall(data[_TRICKLE:])
