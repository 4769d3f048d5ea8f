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
from sorad.condition import DEAD, HUNG, Part
from sorad.daemon.systemd import Systemd, line
from sorad.health.pulse import EVERY, Pulse, PulseFile
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
        self._wrote_at: Optional[float] = None
        self._judgement: object = None
        self._hung: dict[str, float] = {}
        self._status = self._told_status = ""
        # READY=1 is owed from the start on, and again from the end of each reload on.
        self._owing = threading.Lock()
        self._owes_ready = True
        self._since = clock.monotonic()
        self._between = 0  # counts what changes what is owed: a look of before tells nothing of after
        self._reloading = self._stopping = False

    def wake(self) -> None:
        """Something has changed: look now."""
        self._news.set()

    def say(self, status: str) -> None:
        """The line for `systemctl status`."""
        if not self._stopping:
            self._status = status
            self._news.set()

    def reloading(self) -> None:
        """A reload begins."""
        with self._owing:
            self._reloading, self._between = True, self._between + 1
            self._systemd.reloading()

    def reloaded(self) -> None:
        """It is over, whatever came of it: the service is ready again once its pulse says so."""
        with self._owing:
            self._reloading, self._between = False, self._between + 1
            self._owes_ready, self._since = True, self._clock.monotonic()
        self._news.set()

    def stopping(self, status: str) -> None:
        """The end has begun; nothing else is told from now on."""
        with self._owing:
            self.say(status)
            self._stopping, self._owes_ready = True, False
            self._systemd.stopping()
        self._news.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Look, tell, sleep."""
        every = min(EVERY, self._systemd.watchdog / 3 if self._systemd.watchdog else EVERY)
        while not stop.is_set():
            self._news.clear()
            beat()
            self.turn()
            self._news.wait(min(every, STARTING_EVERY) if self._owes_ready else every)

    def turn(self) -> None:
        """Look once."""
        between = self._between
        parts = []
        for watched in self._watched():
            part = watched.part()
            parts.append(part)
            if part.state == DEAD:
                watched.start()
            self._report(part, watched)
        pulse = self._look(parts)
        self._tell_systemd(pulse, between)
        self._write(pulse)

    # --- who is told -------------------------------------------------------------------------------

    def _tell_systemd(self, pulse: Pulse, between: int) -> None:
        self._systemd.again()
        lost = any(part.lost for part in pulse.parts)
        if not lost:
            self._systemd.alive()
        with self._owing:
            if self._owes_ready and not self._reloading and between == self._between:
                if pulse.ready:
                    self._systemd.ready()
                    self._owes_ready = False
                elif not lost and self._clock.monotonic() - self._since < EXTEND_MOST:
                    self._systemd.extend(EXTEND)
        status = self._status if self._stopping else line(self._status, pulse)
        if status != self._told_status:
            self._told_status = status
            self._systemd.status(status)

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
