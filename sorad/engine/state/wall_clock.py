"""What is known of this machine's clock beside what it says: that it jumped, and how far off it is.

Dates (budget days, purchases, what is shown) go by the wall clock, which may be set, and which jumps when a
machine wakes. Waits are written as dates too, to outlive the process; so a clock that is set back would
stretch them. Here the wall clock is compared with the monotonic one at each turn of the engine, and with the
provider's clock at each answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

from sorad.clock import Clock, asleep
from sorad.messages import N_
from sorad.problems import Problem

# Seconds that the two clocks of a machine may come apart between two looks without it being a jump: more than
# a second is never slewed within one turn, and a turn takes ten seconds where the ledger is locked.
TOLERANCE = 5.0
# How long `status` tells of a jump, in seconds.
TOLD_FOR = 3_600.0
# What took longer does not tell a server's time, in seconds.
SLOW = 30.0
# From here on the provider's clock and ours are told to be apart, in seconds.
APART = 300.0


@dataclass(frozen=True)
class Jump:
    """The wall clock came off the monotonic one. Seconds.

    ``set_by``: how far it was set, forward or (below 0) back. ``slept``: how long the machine slept. Where the
    system does not tell them apart, a jump forward is taken for sleep: then nothing is put off by it.
    """

    at: float  # wall clock, after it
    set_by: float
    slept: float


class WallClock:
    """Thread-safe."""

    def __init__(self, clock: Clock, sleeping: Callable[[], Optional[float]] = asleep) -> None:
        """``sleeping``: seconds that the machine has slept since its start, where that is known."""
        self._clock = clock
        self._sleeping = sleeping
        self._lock = threading.Lock()
        self._seen = self._read()
        self._jump: Optional[tuple[Jump, float]] = None  # the last one, and when, monotonic
        self._ahead: Optional[float] = None

    def look(self) -> Optional[Jump]:
        """Whether the clock jumped since the last look."""
        with self._lock:
            before, self._seen = self._seen, self._read()
            jump = _between(before, self._seen)
            if jump is not None:
                self._jump = jump, self._clock.monotonic()
                if self._ahead is not None:
                    self._ahead += jump.set_by
            return jump

    def heard(self, date: Optional[float], took: float) -> None:
        """A server answered just now with its ``date``, ``took`` seconds after the request left.

        A slow answer is dated by its beginning or by its end: it tells too little.
        """
        if date is None or took > SLOW:
            return
        with self._lock:
            now = self._read()
            jump = _between(self._seen, now)  # that the next look will reckon with
            self._ahead = now[0] - took / 2 - date - (jump.set_by if jump is not None else 0.0)

    @property
    def ahead(self) -> float:
        """Seconds that our clock is ahead of the provider's, as last heard; 0 while nothing is known."""
        return self._ahead or 0.0

    @property
    def proven(self) -> bool:
        """Whether a server has told its time, so that ``ahead`` is known."""
        return self._ahead is not None

    @property
    def tells_sleep(self) -> bool:
        """Whether the system tells a clock that was set from a machine that slept."""
        return self._sleeping() is not None

    def undisturbed(self) -> Optional[float]:
        """Seconds that have passed since the last jump; ``None`` where there was none."""
        with self._lock:
            return None if self._jump is None else self._clock.monotonic() - self._jump[1]

    def problems(self) -> list[Problem]:
        """What `status` tells of it."""
        passed, jump = self.undisturbed(), self._jump
        found = (
            [jump_problem(jump[0])] if jump is not None and passed is not None and passed < TOLD_FOR else []
        )
        if abs(self.ahead) > APART:
            found.append(_apart(self.ahead))
        return found

    def _read(self) -> tuple[float, float, Optional[float]]:
        return self._clock.time(), self._clock.monotonic(), self._sleeping()


def _between(
    before: tuple[float, float, Optional[float]], after: tuple[float, float, Optional[float]]
) -> Optional[Jump]:
    moved = (after[0] - before[0]) - (after[1] - before[1])
    slept = max(moved, 0.0)
    if before[2] is not None and after[2] is not None:
        slept = after[2] - before[2]
    slept = slept if slept > TOLERANCE else 0.0
    set_by = moved - slept if abs(moved - slept) > TOLERANCE else 0.0
    return Jump(after[0], set_by, slept) if slept or set_by else None


def jump_problem(jump: Jump) -> Problem:
    """A jump in words."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(jump.at))
    if jump.set_by < 0:
        return _problem("clock.back", N_("The clock was set back by {span}, to {at}."), jump.set_by, at)
    if jump.set_by > 0:
        return _problem("clock.forward", N_("The clock was set forward by {span}, to {at}."), jump.set_by, at)
    return _problem("clock.woke", N_("The machine woke at {at} after {span} of sleep."), jump.slept, at)


def _problem(code: str, message: str, seconds: float, at: str) -> Problem:
    fix = N_("Nothing to do: what was due is looked at again.")
    return Problem(code, message, fix, {"span": span(abs(seconds)), "at": at})


def _apart(ahead: float) -> Problem:
    if ahead > 0:
        message = N_("The clock of this machine is {span} ahead of the provider's.")
    else:
        message = N_("The clock of this machine is {span} behind the provider's.")
    fix = N_("Let it be set over the network; until then the days of the budget are not the real ones.")
    return Problem("clock.apart", message, fix, {"span": span(abs(ahead))})


_UNITS: Sequence[tuple[str, float]] = (
    (N_("{count} d"), 86_400.0),
    (N_("{count} h"), 3_600.0),
    (N_("{count} min"), 60.0),
    (N_("{count} s"), 1.0),
)


def span(seconds: float) -> Problem:
    """A length of time in its two largest units, in the reader's language: ``7 d``, ``1 h 5 min``, ``12 s``."""
    left, parts = round(seconds), list[Problem]()
    for unit, length in _UNITS:
        count, left = divmod(left, int(length))
        if count or (length == 1.0 and not parts):
            parts.append(Problem("span", unit, params={"count": count}))
    if len(parts) == 1:
        return parts[0]
    return Problem("span", "{first} {second}", params={"first": parts[0], "second": parts[1]})
