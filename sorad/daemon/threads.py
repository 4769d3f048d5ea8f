"""Long-lived threads that are watched: named, restarted with backoff, their troubles shown in `status`."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, Optional

from loguru import logger

from sorad.clock import Clock
from sorad.engine import backoff
from sorad.messages import N_, _
from sorad.problems import Problem

RESTART_FIRST, RESTART_LONGEST = 1.0, 60.0
# A thread that ran this long before it failed again starts its backoff anew.
CALM = 300.0
# A failure is shown for longer than the longest backoff: a part that fails again and again never looks well.
SHOWN = 120.0


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a part of the daemon, since when (epoch seconds)."""

    since: float
    problem: Problem

    def to_json(self) -> dict[str, Any]:
        """As `status` reads it from the ledger."""
        return {"code": self.problem.code, "since": self.since, "problem": self.problem.to_json()}


class Supervised:
    """One long-lived thread. ``main(stop)`` runs until ``stop`` is set; an exception restarts it."""

    def __init__(
        self, name: str, main: Callable[[threading.Event], None], clock: Clock, failed: Callable[[], None]
    ) -> None:
        """``failed`` is called after each failure."""
        self.name = name
        self._main = main
        self._clock = clock
        self._failed = failed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.trouble: Optional[Trouble] = None
        self.failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; does not wait."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait for its end; whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        row = 0
        while not self._stop.is_set():
            began = self._clock.monotonic()
            try:
                self._main(self._stop)
                return
            except Exception as error:  # noqa: BLE001  (a thread's root: logged, counted, shown)
                logger.exception(_("thread {name} failed and is started again"), name=self.name)
                self.failures += 1
                row = 1 if self._clock.monotonic() - began > CALM else row + 1
                self.trouble = Trouble(self._clock.time(), _failed(self.name, error))
                self._failed()
            self._stop.wait(backoff.delay(row, RESTART_FIRST, RESTART_LONGEST, random.Random()))

    def failing(self, now: float) -> Optional[Trouble]:
        """The last trouble, until the thread has run for a while without another."""
        trouble = self.trouble
        return trouble if trouble is not None and now - trouble.since < SHOWN else None


def troubles(threads: Sequence[Supervised], others: Sequence[Trouble], now: float) -> list[dict[str, Any]]:
    """What to remember in the ledger for `status`: of threads, and ``others`` as long as they are fresh."""
    found = [thread.failing(now) for thread in threads]
    found += [trouble for trouble in others if now - trouble.since < SHOWN]
    return [trouble.to_json() for trouble in found if trouble is not None]


def _failed(name: str, error: BaseException) -> Problem:
    return Problem(
        "daemon.thread",
        N_("the part {name} failed: {error}. It is started again."),
        N_("If it keeps failing: `sorad log` has the details."),
        {"name": name, "error": f"{type(error).__name__}: {error}"},
    )
