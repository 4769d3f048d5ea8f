"""A service manager that listens, a clock that is set by hand, parts that stand as the test says."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Callable

from sorad.condition import OK, Part

PATIENCE = 60.0  # seconds; only a failing test waits so long


def until(condition: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.005)


class Clock:
    """Monotonic time moves by hand; whoever asks for the wall clock's gets what it was set to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_800_000_000.0

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.now


class Manager:
    """What systemd does: a datagram socket whose name it gives to the service."""

    def __init__(self, address: str) -> None:
        """``address`` as in $NOTIFY_SOCKET; one that begins with "@" is abstract."""
        self.address = address
        self.told: list[str] = []  # every line since the last question, in order
        self._all: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def environment(self, **more: str) -> dict[str, str]:
        return {"NOTIFY_SOCKET": self.address, **more}

    def heard(self) -> list[str]:
        """All lines since the last question for news."""
        while True:
            try:
                lines = self._socket.recv(65536).decode("utf-8").split("\n")
            except BlockingIOError:
                return self.told
            self.told += lines
            self._all += lines

    def news(self) -> list[str]:
        """The lines since the last question."""
        self.heard()
        told, self.told = self.told, []
        return told

    def status(self) -> str:
        """The last line for people."""
        self.heard()
        return next((line[7:] for line in reversed(self._all) if line.startswith("STATUS=")), "")

    def count(self, line: str) -> int:
        """How often it was heard."""
        self.heard()
        return self._all.count(line)

    def fill(self) -> None:
        """Let the queue be full, as of a manager that is busy."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            try:
                while True:
                    out.sendto(b"X=1", self._socket.getsockname())
            except BlockingIOError:
                pass

    def close(self) -> None:
        self._socket.close()


class Standing:
    """A part of the daemon that stands as it is told to."""

    def __init__(self, name: str, state: str = OK, **more: object) -> None:
        self.stands(name, state, **more)
        self.started = 0

    def stands(self, name: str, state: str = OK, **more: object) -> None:
        self._part = Part(name, 0.0, 45.0, state=state, **more)  # type: ignore[arg-type]

    def part(self) -> Part:
        return self._part

    def start(self) -> None:
        self.started += 1

    def stack(self) -> str:
        return "here it hangs"


class Rest:
    """Between two runs of a thread: so many pauses are over at once, then it is to end."""

    def __init__(self, pauses: int) -> None:
        self.took: list[float] = []
        self._left = pauses

    def __call__(self, stop: threading.Event, seconds: float) -> None:
        self.took.append(seconds)
        if len(self.took) >= self._left:
            stop.set()


def io_of(pid: int) -> dict[str, int]:
    """What a process has read and written so far, in bytes."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:  # noqa: PTH123
        return {name: int(value) for name, value in (line.split(": ") for line in file)}


def inode(path: str) -> int:
    """Each pulse is a new file."""
    return os.stat(path).st_ino  # noqa: PTH116
