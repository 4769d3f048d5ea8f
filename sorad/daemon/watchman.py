"""The watchman: tells other processes how the parts of the daemon stand, and systemd's watchdog that all is well.

It depends on nothing that can hang: no ledger, no watched folder, not even the log, whose disk may be the one
that does not answer. What it has to log, a thread of its own logs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Callable, Optional, Protocol

from loguru import logger

from sorad.clock import Clock
from sorad.daemon.systemd import Systemd
from sorad.health.pulse import DEAD, EVERY, HUNG, Part, Pulse, PulseFile
from sorad.messages import _

# While the start lasts, systemd is asked for so many seconds more each time; after so many in all no longer.
EXTEND, EXTEND_MOST = 60.0, 3600.0
# How often it looks while the start lasts (seconds), so that systemd knows soon that it is over.
STARTING_EVERY = 0.5


class Watched(Protocol):
    """A part of the daemon."""

    def part(self) -> Part:
        """How it stands; waits for nothing."""
        ...

    def start(self) -> None:
        """Begin again, where it is dead."""
        ...

    def stack(self) -> str:
        """Where it is just now."""
        ...


class Watchman:
    """``run`` is a supervised thread's main. ``wake`` and ``say`` may be called from any thread."""

    def __init__(
        self,
        watched: Callable[[], Sequence[Watched]],
        look: Callable[[Sequence[Part]], Pulse],
        file: PulseFile,
        systemd: Systemd,
        clock: Clock,
    ) -> None:
        """``watched``: the parts there are now. ``look`` makes the pulse of how they stand; must not wait."""
        self._watched = watched
        self._look = look
        self._file = file
        self._systemd = systemd
        self._clock = clock
        self._news = threading.Event()
        self._began = clock.monotonic()
        self._wrote_at: Optional[float] = None
        self._judgement: object = None
        self._hung: dict[str, float] = {}
        self._ready = False
        self._status = self._told_status = ""

    def wake(self) -> None:
        """Something has changed: look now."""
        self._news.set()

    def say(self, status: str) -> None:
        """The line for `systemctl status`."""
        self._status = status
        self._news.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Look, tell, sleep."""
        every = min(EVERY, self._systemd.watchdog / 3 if self._systemd.watchdog else EVERY)
        while not stop.is_set():
            self._news.clear()
            beat()
            self.turn()
            self._news.wait(every if self._ready else min(every, STARTING_EVERY))

    def turn(self) -> None:
        """Look once."""
        parts = []
        for watched in self._watched():
            part = watched.part()
            parts.append(part)
            if part.state == DEAD:
                watched.start()
            self._report(part, watched)
        pulse = self._look(parts)
        self._tell_systemd(pulse)
        self._write(pulse)

    # --- who is told -------------------------------------------------------------------------------

    def _tell_systemd(self, pulse: Pulse) -> None:
        lost = any(part.lost for part in pulse.parts)
        if not lost:
            self._systemd.alive()
        if pulse.ready and not self._ready:
            self._systemd.ready()
        elif not pulse.ready and not lost and self._clock.monotonic() - self._began < EXTEND_MOST:
            self._systemd.extend(EXTEND)
        self._ready = pulse.ready
        if self._status != self._told_status:
            self._told_status = self._status
            self._systemd.status(self._told_status)

    def _write(self, pulse: Pulse) -> None:
        """When it is time to, or when something is otherwise."""
        now = self._clock.monotonic()
        stand = [(part.name, part.state, part.failures) for part in pulse.parts]
        judgement = (pulse.ready, stand, pulse.troubles, pulse.more)
        due = self._wrote_at is None or now - self._wrote_at >= self._file.every - 0.1
        if due or judgement != self._judgement:
            self._file.write(pulse, self._clock.time())
            self._wrote_at, self._judgement = now, judgement

    def _report(self, part: Part, watched: Watched) -> None:
        """Log once that a part hangs, with its stack, and once that it goes on."""
        if part.state == HUNG and part.name not in self._hung:
            self._hung[part.name] = self._clock.monotonic() - part.age
            told = _("the part {name} hangs: no sign of life for {age:.0f} s. It is here:\n{stack}")
            _aside(lambda: logger.error(told, name=part.name, age=part.age, stack=watched.stack()))
        elif part.state != HUNG and part.name in self._hung:
            lasted = self._clock.monotonic() - self._hung.pop(part.name)
            told = _("the part {name} goes on, after {lasted:.0f} s")
            _aside(lambda: logger.warning(told, name=part.name, lasted=lasted))


def _aside(job: Callable[[], None]) -> None:
    """Do what may hang in a thread of its own."""
    threading.Thread(target=job, name="watchman-log", daemon=True).start()
