"""How long steps take: a histogram for each kind, as Prometheus counts them."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

# Upper bounds in seconds: from a commit to a long download.
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True)
class Histogram:
    """``counts``: of each bound those at most so long, and not of an earlier one; the last: longer ones."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: float = 0.0  # seconds

    def with_one(self, seconds: float) -> Histogram:
        """After another step."""
        at = bisect_left(BOUNDS, seconds)
        counts = (*self.counts[:at], self.counts[at] + 1, *self.counts[at + 1 :])
        return Histogram(counts, self.total + seconds)


class Latencies:
    """Told of every step that ended, well or not. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Histogram] = {}

    def saw(self, step: str, seconds: float) -> None:
        """A step of this kind took so long."""
        with self._lock:
            self._found[step] = self._found.get(step, Histogram()).with_one(max(seconds, 0.0))

    def read(self) -> Mapping[str, Histogram]:
        """All of them, by kind of step."""
        with self._lock:
            return dict(self._found)
