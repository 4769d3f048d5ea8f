"""Lanes: small thread pools that run steps. One per kind of step, so that no kind can starve another.

The threads are daemons: a step that hangs in the network never holds up the end of the process, and what
it was doing is in the ledger. (The executor of the standard library joins its threads at exit.)
"""

from __future__ import annotations

import queue
import threading
from typing import Callable, Optional

from loguru import logger

from sorad.messages import _

Job = Callable[[], None]


class Lane:
    """Up to ``size`` threads, started as they are needed."""

    def __init__(self, name: str, size: int, done: Callable[[], None]) -> None:
        self.name = name
        self.size = size
        self._done = done
        self._jobs: queue.SimpleQueue[Optional[Job]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._threads = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Jobs waiting or running."""
        return self._busy

    @property
    def free(self) -> int:
        """How many more jobs would start at once."""
        return max(0, self.size - self._busy)

    def run(self, job: Job) -> None:
        """Have a job run by the next free thread."""
        with self._lock:
            self._busy += 1
            if self._closed:  # from a loop that ends late: rare, so a thread of its own
                threading.Thread(target=self._do, args=(job,), name=self.name, daemon=True).start()
                return
            start = self._busy > self._threads and self._threads < self.size
            if start:
                self._threads += 1
                number = self._threads
            self._jobs.put(job)
        if start:
            threading.Thread(target=self._work, name=f"{self.name}-{number}", daemon=True).start()

    def close(self) -> None:
        """Let the threads end, once the jobs that wait are done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for _thread in range(self._threads):
                    self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: Job) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001  (a thread's root)
            logger.exception(_("a step in lane {lane} crashed"), lane=self.name)
        finally:
            with self._lock:
                self._busy -= 1
            self._done()
