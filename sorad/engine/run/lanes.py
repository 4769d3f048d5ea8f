"""Lanes: small thread pools that run steps. One per kind of step, so that no kind can starve another.

The threads are daemons: a step that hangs in the network never holds up the end of the process, and what
it was doing is in the ledger. (The executor of the standard library joins its threads at exit.) A thread that
hangs or dies is seen, as any other part of the daemon: a lane tells how it stands.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
import traceback
from typing import Callable, Optional

from loguru import logger

from sorad import heartbeat
from sorad.condition import DEAD, FAILING, HUNG, LIMIT, OK, SHOWN, Part, part_failed
from sorad.messages import _
from sorad.problems import Problem

Job = Callable[[], None]


class Lane:
    """Up to ``size`` threads, started as they are needed. What runs in them beats as it makes progress."""

    def __init__(
        self,
        name: str,
        size: int,
        done: Callable[[], None],
        limit: float = LIMIT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``done`` is called after each job. ``limit``: seconds without a beat after which a job hangs."""
        self.name = name
        self.size = size
        self.limit = limit
        self.failures = 0
        self._done = done
        self._monotonic = monotonic
        self._jobs: queue.SimpleQueue[Optional[tuple[Job, Optional[int]]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._keys: set[int] = set()  # of the jobs that wait or run
        self._aside: set[int] = set()  # keys of jobs that run beside the lane's own
        self._threads = 0
        self._numbered = 0
        self._closed = False
        self._beats: dict[int, float] = {}  # of the threads that run a job, by their idents
        self._problem: Optional[Problem] = None  # the last death of a thread, and when
        self._died_at = 0.0

    @property
    def busy(self) -> int:
        """Jobs waiting or running, those aside, too."""
        return self._busy

    @property
    def free(self) -> int:
        """How many more jobs would start at once."""
        return max(0, self.size - (self._busy - len(self._aside)))

    def run(self, job: Job, key: Optional[int] = None) -> None:
        """Have a job run by the next free thread. ``key`` names it, for :meth:`go_aside`."""
        with self._lock:
            self._busy += 1
            if key is not None:
                self._keys.add(key)
            if self._closed:  # from a loop that ends late: rare, so a thread of its own
                threading.Thread(target=self._do, args=(job, key), name=self.name, daemon=True).start()
                return
            self._jobs.put((job, key))
        self.start()

    def go_aside(self, key: int) -> None:
        """A job that runs goes on beside the others, on a thread of its own: its place is free."""
        with self._lock:
            if key in self._keys:
                self._aside.add(key)

    def start(self) -> None:
        """See to it that there are threads for the jobs there are."""
        with self._lock:
            missing = 0 if self._closed else self._wanted() - self._threads
            names = [f"{self.name}-{self._numbered + n}" for n in range(1, missing + 1)]
            self._threads += len(names)
            self._numbered += len(names)
        for name in names:
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _wanted(self) -> int:
        """How many threads the jobs need."""
        return min(self._busy, self.size + len(self._aside))

    def close(self) -> None:
        """Let the threads end, once the jobs that wait are done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for _thread in range(self._threads):
                    self._jobs.put(None)

    # --- how it stands -----------------------------------------------------------------------------

    def part(self) -> Part:
        """How it stands now: as the job that beat least lately. Waits for nothing."""
        now = self._monotonic()
        age = max((now - at for at in list(self._beats.values())), default=0.0)
        state = self._state(age, now)
        problem = self._problem.to_json() if state in (FAILING, DEAD) and self._problem is not None else ""
        age = round(max(0.0, age), 1)
        return Part(self.name, age, self.limit, self.failures, state, problem, lost=state == HUNG)

    def _state(self, age: float, now: float) -> str:
        if age > self.limit:
            return HUNG
        if not self._closed and self._threads < self._wanted():
            return DEAD
        return FAILING if self._problem is not None and now - self._died_at < SHOWN else OK

    def stack(self) -> str:
        """Where the jobs that hang are just now, for the log."""
        now, frames = self._monotonic(), sys._current_frames()
        hung = [ident for ident, at in list(self._beats.items()) if now - at > self.limit]
        return "\n".join("".join(traceback.format_stack(frames[ident])) for ident in hung if ident in frames)

    # --- its threads -------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (one := self._jobs.get()) is not None:
                self._do(*one)
        except BaseException as error:  # noqa: BLE001  (a thread's root: logged, counted, shown)
            self._note_death(error)
        finally:
            with self._lock:
                self._threads -= 1

    def _do(self, job: Job, key: Optional[int]) -> None:
        ident = threading.get_ident()

        def heard(ahead: float = 0.0) -> None:
            self._beats[ident] = self._monotonic() + ahead

        try:
            heard()
            with heartbeat.lent(heard):
                job()
        except BaseException as error:  # noqa: BLE001  (a thread's root: logged, counted, shown)
            self._note_death(error)
        finally:
            self._beats.pop(ident, None)
            with self._lock:
                self._busy -= 1
                if key is not None:
                    self._keys.discard(key)
                    self._aside.discard(key)
            self._done()

    def _note_death(self, error: BaseException) -> None:
        self.failures += 1
        self._problem = part_failed(self.name, error)
        self._died_at = self._monotonic()
        logger.opt(exception=error).error(_("a step in lane {lane} crashed"), lane=self.name)
