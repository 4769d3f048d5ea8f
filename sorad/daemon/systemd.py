"""What is told to systemd, over the socket that it names (sd_notify(3)); nothing where it names none.

Nothing here raises or waits: a daemon does not fail because nobody listens.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Optional

from sorad.ledger.interface import RootRow
from sorad.messages import _
from sorad.model import State

_UNDER_WAY = (State.SUBMITTING, State.UNKNOWN, State.GENERATING, State.DOWNLOADING)


class Systemd:
    """The service manager that started this process, if one did."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of Linux' abstract names; other kinds (vsock) are for machines.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.listens = address.startswith(("/", "@")) and hasattr(socket, "AF_UNIX")
        self.watchdog = _watchdog(environ) if self.listens else None

    def ready(self) -> None:
        """Started, or done with a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins; it ends with :meth:`ready`."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """All parts work: another period of the watchdog."""
        self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """The start (or the end) takes longer, and at least that long from now on."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def status(self, text: str) -> None:
        """One line for people, in `systemctl status`."""
        self._send(f"STATUS={text}".replace("\n", " "))

    def _send(self, *lines: str) -> None:
        if not self.listens:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto("\n".join(lines).encode(), self._address)
        except (OSError, ValueError):
            pass  # nobody listens just now, or its queue is full: it is told again


def _watchdog(environ: Mapping[str, str]) -> Optional[float]:
    """Seconds within which it wants to hear from this very process; ``None``: it does not watch."""
    try:
        if int(environ.get("WATCHDOG_PID") or os.getpid()) != os.getpid():
            return None
        seconds = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def standing(counts: Mapping[State, int], roots: Sequence[RootRow]) -> str:
    """How it stands, in a line. Pure."""
    flight = sum(counts[state] for state in _UNDER_WAY)
    waiting = counts[State.QUEUED] + counts[State.HELD]
    away = sum(1 for root in roots if root.state == "offline")
    line = _("{flight} under way, {waiting} waiting, {done} done, {failed} failed").format(
        flight=flight, waiting=waiting, done=counts[State.DONE], failed=counts[State.FAILED]
    )
    return line + _("; {away} of {all} folders away").format(away=away, all=len(roots)) if away else line
