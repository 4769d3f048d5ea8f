"""How sorad stands, looked at from inside, for all who want to tell of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Callable, Optional

from sorad.clock import Clock
from sorad.health.complaint import Complaint
from sorad.health.complaints import complaints
from sorad.health.facts import Facts

# A look is good for so many seconds: who comes right after another need not look again.
GOOD_FOR = 2.0


@dataclass(frozen=True)
class View:
    """The facts, and what they mean. ``at``: monotonic seconds; ``took``: seconds of a processor."""

    facts: Facts
    complaints: tuple[Complaint, ...]
    at: float
    took: float

    @property
    def healthy(self) -> bool:
        """As `sorad status` says it."""
        return self.facts.holder is not None and not any(one.heavy for one in self.complaints)


class Viewer:
    """Gathers the facts when they are asked for. Thread-safe."""

    def __init__(self, gather: Callable[[], Facts], clock: Clock) -> None:
        """``gather`` raises nothing."""
        self._gather = gather
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Optional[View] = None

    def __call__(self) -> View:
        with self._lock:
            began = self._clock.monotonic()
            if self._last is None or began - self._last.at >= GOOD_FOR:
                worked = time.thread_time()
                facts = self._gather()
                found = tuple(complaints(facts))
                self._last = View(facts, found, began, time.thread_time() - worked)
            return self._last
