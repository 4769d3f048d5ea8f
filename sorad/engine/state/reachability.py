"""Whether the provider can be reached: since when no exchange came to an answer. Pure except for its lock."""

from __future__ import annotations

import threading
import time
from typing import Optional

from sorad.clock import Clock
from sorad.messages import N_
from sorad.problems import Problem

# A hiccup is nobody's concern; what lasts this long is told, in seconds.
TOLD_AFTER = 45.0
# Where no step asks any more, so many seconds after the last failure a free call does: or nobody would notice
# that the way is free.
LOOK_AFTER = 30.0


class Reachability:
    """Thread-safe. Told of each exchange: of whole answers, and of those that failed on the way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: Optional[tuple[float, float]] = None  # wall clock and monotonic, of the first failure
        self._last = 0.0  # when the last one failed (monotonic)
        self._returned = False

    def failed(self, began: float) -> None:
        """An exchange that ``began`` then (monotonic) met trouble on the way: name, connection, time-out."""
        with self._lock:
            self._last = self._clock.monotonic()
            if self._since is None:
                self._since = self._clock.time() - (self._last - began), began

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

    def look_in(self) -> Optional[float]:
        """Seconds until somebody should ask the provider whether it is there; ``None``: nobody need."""
        with self._lock:
            return None if self._since is None else self._last + LOOK_AFTER - self._clock.monotonic()

    def problem(self, name: str = "") -> Optional[Problem]:
        """What `status` tells, once it has lasted. ``name``: of the provider, where there are several."""
        with self._lock:
            if self._since is None or self._clock.monotonic() - self._since[1] < TOLD_AFTER:
                return None
            since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self._since[0]))
        if name:
            message = N_(
                "The provider {name} cannot be reached since {since}: nothing is bought there, and what is paid for "
                "waits."
            )
        else:
            message = N_(
                "The provider cannot be reached since {since}: nothing is bought, and what is paid for waits."
            )
        fix = N_("Check the network and [provider] proxy; it goes on by itself once the way is free.")
        return Problem("provider.away", message, fix, {"since": since, "name": name})
