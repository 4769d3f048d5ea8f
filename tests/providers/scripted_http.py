"""A small HTTP server that answers from a script, breaks connections on request, and keeps what it got."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Union


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str  # with the query
    headers: dict[str, str]  # small names
    body: bytes
    connection: int  # which connection, counted from 0

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer. ``announce`` is the Content-Length where it differs from the body's; None leaves it out."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announce: Union[int, str, None] = "true"

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "video/mp4" if isinstance(self.body, bytes) else "application/json"}
        if self.announce is not None:
            headers["Content-Length"] = str(len(body) if self.announce == "true" else self.announce)
        headers.update(self.headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Said\r\n{head}\r\n".encode() + body

    @property
    def keeps(self) -> bool:
        return self.announce == "true" and self.headers.get("Connection") != "close"


@dataclass(frozen=True)
class Cut:
    """Close without an answer, after the request was read."""


@dataclass(frozen=True)
class Reset:
    """Reset the connection after the request was read."""


@dataclass(frozen=True)
class Silence:
    """Read the request and say nothing until the client goes away."""


@dataclass(frozen=True)
class Raw:
    """These bytes, then the end; ``drip``: one by one, for ever, until the client goes away."""

    data: bytes
    drip: bool = False


Act = Union[Reply, Cut, Reset, Silence, Raw]


class ScriptedServer:
    """Answers the n-th request with the n-th act, and further ones with the last."""

    def __init__(self, wrap: Optional[Callable[[socket.socket], socket.socket]] = None) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._peers: list[socket.socket] = []
        self._acts: list[Union[Act, Callable[[Asked], Act]]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._wrap = wrap
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def script(self, *acts: Union[Act, Callable[[Asked], Act]]) -> ScriptedServer:
        """What to do from now on."""
        with self._lock:
            self._acts = list(acts)
        return self

    def posts(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == "POST"]

    def close(self) -> None:
        self._ended.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass  # wakes the accepting thread
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                peer, _address = self._listener.accept()
            except OSError:
                continue
            if self._ended.is_set():
                peer.close()
                return
            self._peers.append(peer)
            number, self.connections = self.connections, self.connections + 1
            peer.settimeout(0.05)
            thread = threading.Thread(target=self._serve, args=(peer, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._wrap is not None:
                peer.settimeout(5)
                peer = self._wrap(peer)
                peer.settimeout(0.05)
            self._talk(peer, number)

    def _talk(self, peer: socket.socket, number: int) -> None:
        with peer:
            waiting = bytearray()
            while True:
                asked = self._read(peer, waiting, number)
                if asked is None or not self._do(peer, self._record(asked)):
                    return

    def _record(self, asked: Asked) -> Act:
        with self._lock:
            self.asked.append(asked)
            act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
        return act(asked) if callable(act) and not isinstance(act, type) else act  # type: ignore[return-value]

    def _read(self, peer: socket.socket, waiting: bytearray, number: int) -> Optional[Asked]:
        if not self._until(peer, waiting, lambda: b"\r\n\r\n" in waiting):
            return None
        head, _, _rest = bytes(waiting).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        length = int(headers.get("content-length", "0"))
        start = len(head) + 4
        if not self._until(peer, waiting, lambda: len(waiting) >= start + length):
            return None
        body = bytes(waiting[start : start + length])
        del waiting[: start + length]
        method, path, _version = lines[0].split(" ")
        return Asked(method, path, headers, body, number)

    def _until(self, peer: socket.socket, waiting: bytearray, enough: Callable[[], bool]) -> bool:
        while not enough():
            try:
                piece = peer.recv(1 << 20)
            except socket.timeout:
                if self._ended.is_set():
                    return False
                continue
            if not piece:
                return False
            waiting += piece
        return True

    def _do(self, peer: socket.socket, act: Act) -> bool:
        """Act; whether the connection goes on."""
        if isinstance(act, Reply):
            peer.settimeout(10)
            peer.sendall(act.encoded())
            peer.settimeout(0.05)
            return act.keeps
        if isinstance(act, Raw):
            if act.drip:
                while not self._ended.wait(0.02):
                    for byte in act.data:
                        peer.sendall(bytes([byte]))
                        if self._ended.wait(0.02):
                            return False
            peer.sendall(act.data)
        elif isinstance(act, Reset):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif isinstance(act, Silence):
            self._until(peer, bytearray(), lambda: False)
        return False


_HELD: list[socket.socket] = []


def closed_port() -> int:
    """A port that nobody listens on, nor will: it is taken for as long as this process lives."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    _HELD.append(held)
    return int(held.getsockname()[1])


def kinds(problems: Sequence[Any]) -> list[str]:
    """The codes of problems."""
    return [problem.code for problem in problems]


def named(act: Any) -> str:
    """A test id for an act."""
    text = f"{act.status} {act.body!r}" if isinstance(act, Reply) else str(act)
    return text[:60]
