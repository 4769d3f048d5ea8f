"""What is told to systemd, over the socket that it names (sd_notify(3)); nothing where it names none.

Nothing here raises or waits: a daemon does not fail because nobody listens.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Optional

from sorad.condition import DEAD, FAILING, HUNG
from sorad.health.pulse import Pulse
from sorad.ledger.values import RootRow
from sorad.messages import _
from sorad.model import State
from sorad.problems import Problem

_UNDER_WAY = (State.SUBMITTING, State.UNKNOWN, State.GENERATING, State.DOWNLOADING)


class Systemd:
    """The service manager that started this process, if one did. Thread-safe."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # "@" stands for the zero byte of Linux' abstract names; other kinds (vsock) are for machines.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.listens = address.startswith(("/", "@")) and hasattr(socket, "AF_UNIX")
        self.watchdog = _watchdog(environ) if self.listens else None
        self._lock = threading.Lock()
        self._owed: dict[str, str] = {}  # what it did not take yet: the last of each kind

    def ready(self) -> None:
        """Started, or done with a reload."""
        self._tell("state", "READY=1")

    def reloading(self) -> None:
        """A reload begins; it ends with :meth:`ready`."""
        self._tell("state", f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("state", "STOPPING=1")

    def status(self, text: str) -> None:
        """One line for people, in `systemctl status`."""
        self._tell("status", f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """All parts work: another period of the watchdog, where it watches this very process."""
        if self.watchdog is not None:
            self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """The start (or the end) takes longer, and at least that long from now on."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def again(self) -> None:
        """Tell once more what was not taken: its queue was full, or nobody listened just then."""
        with self._lock:
            for kind in [kind for kind, told in self._owed.items() if self._send(told)]:
                del self._owed[kind]

    def _tell(self, kind: str, told: str) -> None:
        with self._lock:
            self._owed.pop(kind, None)
            if not self._send(told):
                self._owed[kind] = told

    def _send(self, told: str) -> bool:
        """Whether there is nothing more to do about it."""
        if not self.listens:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto(told.encode("utf-8", "replace"), self._address)
        except (OSError, ValueError):
            return False
        return True


def keep_to_itself(environ: MutableMapping[str, str] = os.environ) -> None:
    """Let no child process inherit the way to the service manager: it would speak for this one."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        environ.pop(name, None)


def _watchdog(environ: Mapping[str, str]) -> Optional[float]:
    """Seconds within which it wants to hear from this very process; ``None``: it does not watch."""
    try:
        if int(environ.get("WATCHDOG_PID") or os.getpid()) != os.getpid():
            return None
        seconds = int(environ.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def standing(
    counts: Mapping[State, int],
    roots: Sequence[RootRow],
    halt: Optional[Problem] = None,
    paused: bool = False,
) -> str:
    """How it stands, in a line. ``halt``: why nothing is bought. Pure."""
    flight = sum(counts[state] for state in _UNDER_WAY)
    waiting = counts[State.QUEUED] + counts[State.HELD]
    away = sum(1 for root in roots if root.state == "offline")
    line = _("{flight} under way, {waiting} waiting, {done} done, {failed} failed").format(
        flight=flight, waiting=waiting, done=counts[State.DONE], failed=counts[State.FAILED]
    )
    if away:
        line += _("; {away} of {all} folders away").format(away=away, all=len(roots))
    if halt is not None:
        line += _("; nothing is bought: {reason}").format(reason=halt.text())
    elif paused:
        line += _("; paused")
    return line


def line(standing: str, pulse: Pulse) -> str:
    """The same, behind what is the matter with the daemon itself, if anything is. Pure."""
    told = next(iter(_matters(pulse)), "")
    if not told or not standing:
        return told or standing
    return _("{trouble} ({standing})").format(trouble=told, standing=standing)


def _matters(pulse: Pulse) -> Iterator[str]:
    """The heaviest first."""
    for part in pulse.parts:
        if part.state in (HUNG, DEAD):
            yield _("the part {name} hangs").format(name=part.name)
    for part in pulse.parts:
        if part.state == FAILING and part.problem:
            yield Problem.from_json(part.problem).text()
    for trouble in pulse.troubles:
        yield Problem.from_json(trouble["problem"]).text()
