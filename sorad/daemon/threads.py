"""Long-lived threads that are watched: named, with a heartbeat, restarted with backoff.

An exception at a thread's root is logged once with its traceback, counted, and shown in `status`; so is a
thread that ends though nobody asked it to. One that hangs cannot be ended from outside: it is shown, its stack
is logged, and the watchdog of the service manager hears no more of us (see :mod:`sorad.daemon.watchman`).
"""

from __future__ import annotations

import random
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

from loguru import logger

from sorad import heartbeat
from sorad.clock import Clock
from sorad.engine import backoff
from sorad.health.pulse import DEAD, FAILING, HUNG, LIMIT, OK, SHOWN, Part, part_failed
from sorad.messages import _
from sorad.problems import Problem

RESTART_FIRST, RESTART_LONGEST = 1.0, 60.0
# A thread that ran this long before it failed again starts its backoff anew.
CALM = 300.0

Main = Callable[[threading.Event, Callable[[], None]], None]


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a part of the daemon, since when (epoch seconds)."""

    since: float
    problem: Problem

    def to_json(self) -> dict[str, Any]:
        """As `status` reads it from the pulse."""
        return {"code": self.problem.code, "since": self.since, "problem": self.problem.to_json()}


class Supervised:
    """One long-lived thread. ``main(stop, beat)`` runs until ``stop`` is set and calls ``beat`` all the while.

    ``main`` beats at least every 10 s while all is well. Where it raises, or returns though ``stop`` is not
    set, it is called again, later each time.
    """

    def __init__(
        self, name: str, main: Main, clock: Clock, failed: Callable[[], None], limit: float = LIMIT
    ) -> None:
        """``failed`` is called after each failure. ``limit``: seconds without a beat after which it hangs."""
        self.name = name
        self.limit = limit
        self.failures = 0
        self._main = main
        self._clock = clock
        self._failed = failed
        self._stop = threading.Event()
        self._starting = threading.Lock()  # two starts at once must not make two threads
        self._thread: Optional[threading.Thread] = None
        self._beat_at = clock.monotonic()
        self._since = clock.monotonic()  # the last start of main
        self._running = False
        self._row = 0  # failures in a row
        self._problem: Optional[Problem] = None
        self._logged: set[str] = set()  # exceptions whose traceback stands in the log already

    # --- from any thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; where the thread is dead, begin again."""
        with self._starting:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            again = self._thread is not None
            thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._beat_at = self._clock.monotonic()
            thread.start()
            self._thread = thread
        if again:
            self._note_failure(RuntimeError("the thread had died"), None)

    def stop(self) -> None:
        """Ask it to end; does not wait."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait for its end; whether it has ended."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def beat(self, ahead: float = 0.0) -> None:
        """It makes progress, or rests in good health. ``ahead``: so many seconds may pass before the next."""
        self._beat_at = self._clock.monotonic() + ahead

    def part(self) -> Part:
        """How it stands now. Waits for nothing."""
        now = self._clock.monotonic()
        age = max(0.0, now - self._beat_at)
        problem = self._problem.to_json() if self._problem is not None else ""
        state = self._state(age, now)
        return Part(
            self.name,
            round(age, 1),
            self.limit,
            self.failures,
            state,
            problem if state != OK else "",
            lost=state == HUNG,
        )

    def stack(self) -> str:
        """Where it is just now, for the log."""
        frame = sys._current_frames().get(self._thread.ident or 0) if self._thread is not None else None
        return "".join(traceback.format_stack(frame)) if frame is not None else ""

    def _state(self, age: float, now: float) -> str:
        if self._stop.is_set():
            return OK  # it ends, or has ended, as it should
        if self._thread is None:
            return OK  # made at a reload, and about to begin
        if not self._thread.is_alive():
            return DEAD
        if not self._running:
            return FAILING if self._row else OK
        if age > self.limit:
            return HUNG
        return FAILING if self._row and now - self._since < SHOWN else OK

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        with heartbeat.lent(self.beat):
            while not self._stop.is_set():
                self._since = self._clock.monotonic()
                self.beat()
                self._running = True
                try:
                    self._main(self._stop, self.beat)
                    if self._stop.is_set():
                        return
                    raise RuntimeError("it ended though nobody asked it to")
                except BaseException as error:  # noqa: BLE001  (a thread's root: logged, counted, shown)
                    self._running = False
                    ran = self._clock.monotonic() - self._since
                    self._note_failure(error, ran)
                self._stop.wait(backoff.delay(self._row, RESTART_FIRST, RESTART_LONGEST, random.Random()))

    def _note_failure(self, error: BaseException, ran: Optional[float]) -> None:
        self.failures += 1
        if ran is not None and ran > CALM:
            self._row = 0
            self._logged.clear()
        self._row += 1
        self._problem = part_failed(self.name, error)
        kind = _kind(error)
        if kind in self._logged:
            logger.error(
                _("thread {name} failed again ({count} times by now): {error}"),
                name=self.name,
                count=self.failures,
                error=f"{type(error).__name__}: {error}",
            )
        else:
            self._logged.add(kind)
            logger.opt(exception=error).error(_("thread {name} failed and is started again"), name=self.name)
        self._failed()


def fresh(troubles: Sequence[tuple[float, Trouble]], now: float) -> list[Trouble]:
    """Those of the last while. Their times, and ``now``, are monotonic: a clock set back brings none to life."""
    return [trouble for at, trouble in troubles if now - at < 2 * SHOWN]


def _kind(error: BaseException) -> str:
    """The same for the same mistake: the type, and the place in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {place}"
