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
from sorad.condition import DEAD, FAILING, HUNG, LIMIT, OK, SHOWN, Part, part_failed
from sorad.engine.decide import backoff
from sorad.messages import _
from sorad.problems import Problem

RESTART_FIRST, RESTART_LONGEST = 1.0, 60.0
# A thread that ran this long before it failed again starts its backoff again.
CALM = 300.0

Main = Callable[[threading.Event, Callable[[], None]], None]


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a part of the daemon, since when (epoch seconds; ``at``: the same, monotonic)."""

    since: float
    problem: Problem
    at: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As `status` reads it from the pulse."""
        return {"code": self.problem.code, "since": self.since, "problem": self.problem.to_json()}


class Supervised:
    """One long-lived thread. ``main(stop, beat)`` runs until ``stop`` is set and calls ``beat`` all the while.

    ``main`` beats at least every 10 s while all is well. Where it raises, or returns though ``stop`` is not
    set, it is called again, later each time.
    """

    def __init__(
        self,
        name: str,
        main: Main,
        clock: Clock,
        failed: Callable[[], None],
        limit: float = LIMIT,
        *,
        rest: Callable[[threading.Event, float], object] = threading.Event.wait,
        rng: Optional[random.Random] = None,
    ) -> None:
        """``failed`` is called after each failure. ``limit``: seconds without a beat after which it hangs.
        ``rest`` waits so many seconds, less when the event is set."""
        self.name = name
        self.limit = limit
        self.failures = 0
        self._main = main
        self._clock = clock
        self._failed = failed
        self._rest = rest
        self._rng = rng or random.Random()
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._beat_at = clock.monotonic()
        self._since = clock.monotonic()  # the last start of main
        self._running = False
        self._row = 0  # failures in a row
        self._problem: Optional[Problem] = None
        self._logged: set[str] = set()  # exceptions whose traceback stands in the log already

    # --- from any thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; where the thread is dead, begin again. ``RuntimeError``: the system has no thread left."""
        with self._starting:  # its owner begins it, the watchman begins it again: never two at once
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            thread = threading.Thread(
                target=self._run, args=(self._thread is not None,), name=self.name, daemon=True
            )
            self.beat()
            thread.start()
            self._thread = thread

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
        return _stack(self._thread.ident) if self._thread is not None else ""

    def _state(self, age: float, now: float) -> str:
        if self._stop.is_set() or self._thread is None:
            return OK  # it ends, or has ended, as it should; or its owner has yet to begin it
        if not self._thread.is_alive():
            return DEAD
        if age > self.limit:
            return HUNG  # maybe over the log's disk, between two runs
        if not self._running:
            return FAILING if self._row else OK
        return FAILING if self._row and now - self._since < SHOWN else OK

    # --- the thread --------------------------------------------------------------------------------

    def _run(self, again: bool) -> None:
        with heartbeat.lent(self.beat):
            if again:
                self._recover(RuntimeError("the thread had died"), None)
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
                    self._recover(error, self._clock.monotonic() - self._since)

    def _recover(self, error: BaseException, ran: Optional[float]) -> None:
        """Tell of a failure after ``ran`` seconds (``None``: nobody knows), and rest."""
        self._running = False
        self.beat()
        self._note_failure(error, ran)
        pause = backoff.delay(self._row, RESTART_FIRST, RESTART_LONGEST, self._rng)
        self.beat(pause)
        self._rest(self._stop, pause)

    def _note_failure(self, error: BaseException, ran: Optional[float]) -> None:
        self.failures += 1
        self._row = row_after(self._row, ran)
        if self._row == 1:
            self._logged.clear()
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


class Attended:
    """A thread that its owner began and nobody can begin again: it is watched, and lends its beat."""

    def __init__(self, name: str, clock: Clock, limit: float = LIMIT) -> None:
        """To be made in that thread. ``limit`` as in :class:`Supervised`."""
        self.name = name
        self.limit = limit
        self._clock = clock
        self._ident = threading.get_ident()
        self._beat_at = clock.monotonic()

    def beat(self, ahead: float = 0.0) -> None:
        """As :meth:`Supervised.beat`."""
        self._beat_at = self._clock.monotonic() + ahead

    def part(self) -> Part:
        """How it stands now. Waits for nothing."""
        age = max(0.0, self._clock.monotonic() - self._beat_at)
        hung = age > self.limit
        return Part(self.name, round(age, 1), self.limit, state=HUNG if hung else OK, lost=hung)

    def start(self) -> None:
        """Only a new process brings it back."""

    def stack(self) -> str:
        """Where it is just now, for the log."""
        return _stack(self._ident)


def row_after(row: int, ran: Optional[float]) -> int:
    """Failures in a row with this one, after ``row`` before it. ``ran``: seconds since the last start. Pure."""
    return 1 if ran is not None and ran > CALM else row + 1


def fresh(troubles: Sequence[Trouble], now: float) -> list[Trouble]:
    """Those of the last while; ``now`` is monotonic, because the wall clock may have been set meanwhile."""
    return [trouble for trouble in troubles if now - trouble.at < 2 * SHOWN]


def _stack(ident: Optional[int]) -> str:
    frame = sys._current_frames().get(ident or 0)
    return "".join(traceback.format_stack(frame)) if frame is not None else ""


def _kind(error: BaseException) -> str:
    """The same for the same mistake: the type, and the place in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__} {place}"
