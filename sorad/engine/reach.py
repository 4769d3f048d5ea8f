"""Whether the provider can be reached: since when no exchange came to an answer. Pure, but for its lock."""

from __future__ import annotations

import threading
import time
from typing import Optional

from sorad.clock import Clock
from sorad.messages import N_
from sorad.problems import Problem

# A hiccup is nobody's concern; what lasts this long is told, in seconds.
TOLD_AFTER = 45.0


class Reach:
    """Thread-safe. Told of each exchange: of whole answers, and of those that failed on the way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: Optional[tuple[float, float]] = None  # wall clock and monotonic, of the first failure
        self._returned = False

    def failed(self) -> None:
        """An exchange met trouble on the way: name, connection, time-out."""
        with self._lock:
            if self._since is None:
                self._since = self._clock.time(), self._clock.monotonic()

    def answered(self) -> None:
        """The provider answered, whatever it said."""
        with self._lock:
            if self._since is not None:
                self._returned = self._clock.monotonic() - self._since[1] >= TOLD_AFTER
                self._since = None

    def returned(self) -> bool:
        """Whether it was away for a while and is back; true once."""
        with self._lock:
            returned, self._returned = self._returned, False
            return returned

    def problem(self) -> Optional[Problem]:
        """What `status` tells, once it has lasted."""
        with self._lock:
            if self._since is None or self._clock.monotonic() - self._since[1] < TOLD_AFTER:
                return None
            since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self._since[0]))
        return Problem(
            "provider.away",
            N_(
                "The provider cannot be reached since {since}: nothing is bought, and what is paid for waits."
            ),
            N_("Check the network and [provider] proxy; it goes on by itself once the way is free."),
            {"since": since},
        )
