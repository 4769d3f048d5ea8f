"""How far the work under way has come: for screens only, so nothing here is kept."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Optional

# So many of the videos that were delivered are shown by their names.
LATEST = 3


@dataclass(frozen=True)
class Fetching:
    """A download under way, in bytes."""

    output: str
    got: int
    total: Optional[int]


class Progress:
    """Counters that steps write and a screen reads. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetching: dict[int, Fetching] = {}
        self._percent: dict[int, float] = {}
        self._bytes = 0
        self._finished: deque[str] = deque(maxlen=LATEST)

    def percent(self, take_id: int, value: Optional[float]) -> None:
        """What the provider says of a generation, 0..100."""
        with self._lock:
            if value is None:
                self._percent.pop(take_id, None)
            else:
                self._percent[take_id] = value

    def fetched(self, take_id: int, output: str, got: int, total: Optional[int]) -> None:
        """``got`` bytes of a file are there."""
        with self._lock:
            before = self._fetching.get(take_id)
            self._bytes += max(0, got - (before.got if before else 0))
            self._fetching[take_id] = Fetching(output, got, total)

    def ended(self, take_id: int) -> None:
        """A download is over, well or not."""
        with self._lock:
            self._fetching.pop(take_id, None)
            self._percent.pop(take_id, None)

    def delivered(self, output: str) -> None:
        """A video has got its name."""
        with self._lock:
            self._finished.append(output)

    def latest(self) -> list[str]:
        """The last few videos that were delivered, in their order."""
        with self._lock:
            return list(self._finished)

    def downloads(self) -> list[Fetching]:
        """The downloads under way."""
        with self._lock:
            return list(self._fetching.values())

    def percents(self) -> dict[int, float]:
        """What is known of the generations under way."""
        with self._lock:
            return dict(self._percent)

    @property
    def bytes(self) -> int:
        """All bytes fetched so far."""
        return self._bytes
