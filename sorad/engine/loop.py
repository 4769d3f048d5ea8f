"""The loop: gives due steps to the lanes, as many as admission allows.

One thread turns it. A turn looks at what is due, claims it, hands it over and says how long nothing will
happen; steps, commands and the folder side wake it.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Collection
from functools import partial
from itertools import count
from typing import Callable, Optional, Protocol

from loguru import logger

from sorad.engine.lanes import Lane
from sorad.engine.steps.fetch import fetch
from sorad.engine.steps.guard import Step, guarded
from sorad.engine.steps.kit import Kit, release
from sorad.engine.steps.poll import poll
from sorad.engine.steps.probe import probe
from sorad.engine.steps.reconcile import reconcile
from sorad.engine.steps.submit import submit
from sorad.ledger.interface import Change, LedgerUnavailable
from sorad.messages import _
from sorad.model import State, Take

# Other processes leave commands in the ledger; this is how soon they are seen.
LOOK_EVERY = 1.0
# Threads: creates and polls wait for the network, downloads for the disk.
SUBMITTERS, POLLERS, FETCHERS = 8, 8, 8


class Folders(Protocol):
    """What the engine asks the folder side."""

    def buyable(self) -> dict[str, int]:
        """Roots that may be bought for now, and for how many more takes their disk has room."""
        ...

    def reachable(self) -> Optional[Collection[str]]:
        """Roots whose folder is there, so that videos can be put into it; ``None``: all."""
        ...


MakeLane = Callable[[str, int, Callable[[], None]], Lane]


class Engine:
    """Owns the lanes and the timers."""

    def __init__(
        self, kit: Kit, folders: Folders, commands: Callable[[], bool], make_lane: MakeLane = Lane
    ) -> None:
        """``commands`` carries out what other processes left in the ledger; true if there was any."""
        self._kit = kit
        self._folders = folders
        self._commands = commands
        self._wake = threading.Event()
        self.submitting = make_lane("submit", SUBMITTERS, self.wake)
        self.polling = make_lane("poll", POLLERS, self.wake)
        self.fetching = make_lane("fetch", FETCHERS, self.wake)
        self._waiting: list[tuple[float, int, Take]] = []  # admitted creates in their jitter
        self._order = count()
        self._probe_running = False
        self._seen_change: Optional[int] = None
        self.beat = kit.clock.monotonic()

    def wake(self) -> None:
        """Something happened: look again now. From any thread."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Turn until told to stop, then give back what has not left."""
        while not stop.is_set():
            self._wake.clear()
            try:
                wait = self.turn()
            except LedgerUnavailable as error:
                logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
                wait = LOOK_EVERY
            if not stop.is_set():
                self._wake.wait(min(wait, LOOK_EVERY))
        for _at, _n, take in self._waiting:
            release(self._kit, take)
        self._waiting.clear()

    @property
    def busy(self) -> int:
        """Steps that are running now."""
        return self.submitting.busy + self.polling.busy + self.fetching.busy

    def wait_idle(self, timeout: float) -> bool:
        """After the end of :meth:`run`: wait until no step runs; whether that came in time."""
        deadline = self._kit.clock.monotonic() + timeout
        while self.busy:
            left = deadline - self._kit.clock.monotonic()
            if left <= 0:
                return False
            self._wake.clear()
            if self.busy:
                self._wake.wait(min(left, 0.1))
        return True

    def turn(self) -> float:
        """One look at everything; returns the seconds for which nothing is due (inf: nothing is)."""
        kit = self._kit
        self.beat = kit.clock.monotonic()
        self._take_commands()
        now = kit.clock.time()
        due = [
            self._claim_polls(now),
            self._claim_downloads(now),
            self._claim_unknown(now),
            self._release_held(now),
            self._claim_submits(now),
            self._send(now),
            self._probe(now),
        ]
        soonest = min((at for at in due if at is not None), default=math.inf)
        return max(soonest - kit.clock.time(), 0.0)

    def _take_commands(self) -> None:
        change = self._kit.ledger.changed()
        if change != self._seen_change:
            self._commands()
            self._seen_change = self._kit.ledger.changed()

    # --- each kind of step -------------------------------------------------------------------------

    def _claim_polls(self, now: float) -> Optional[float]:
        return self._claim(State.GENERATING, self.polling, poll, now, None)

    def _claim_downloads(self, now: float) -> Optional[float]:
        return self._claim(State.DOWNLOADING, self.fetching, fetch, now, self._folders.reachable())

    def _claim_unknown(self, now: float) -> Optional[float]:
        return self._claim(State.UNKNOWN, self.polling, reconcile, now, None)

    def _release_held(self, now: float) -> Optional[float]:
        """A new day: what the budget held back is queued again."""
        kit = self._kit
        for take in kit.ledger.claim(State.HELD, now, 1000):
            kit.ledger.record(take, Change(State.QUEUED, "new day", due_at=now, clear_error=True), now)
        return kit.ledger.next_due(State.HELD)

    def _claim(
        self,
        state: State,
        lane: Lane,
        step: Step,
        now: float,
        roots: Optional[Collection[str]],
    ) -> Optional[float]:
        """Claim what is due as far as the lane is free; when the next is due (``None``: the lane will wake)."""
        kit = self._kit
        if lane.free:
            for take in kit.ledger.claim(state, now, lane.free, roots):
                lane.run(partial(guarded, step, kit, take))
        return kit.ledger.next_due(state, roots) if lane.free else None

    def _claim_submits(self, now: float) -> Optional[float]:
        kit = self._kit
        trying = len(self._waiting) + self.submitting.busy
        admitted = kit.control.admit(kit.ledger.in_flight(), trying)
        left = admitted.count
        if left == 0:
            return admitted.again
        roots = self._folders.buyable()
        for root, room in roots.items():
            for take in kit.ledger.claim(State.QUEUED, now, min(left, room), [root]) if room > 0 else ():
                left -= 1
                jitter = kit.rng.uniform(*kit.config.limits.jitter_seconds)
                heapq.heappush(self._waiting, (now + jitter, next(self._order), take))
            if left <= 0:
                break
        again = kit.ledger.next_due(State.QUEUED, [root for root, room in roots.items() if room > 0])
        # A slot that frees up wakes us; what is due already waits for one.
        return again if again is not None and again > now else admitted.again

    def _send(self, now: float) -> Optional[float]:
        """Hand over the creates whose jitter is over."""
        kit = self._kit
        while self._waiting and self._waiting[0][0] <= now:
            _at, _n, take = heapq.heappop(self._waiting)
            self.submitting.run(partial(guarded, submit, kit, take))
        return self._waiting[0][0] if self._waiting else None

    def _probe(self, now: float) -> Optional[float]:
        """While buying is halted: find out, gently, whether it is mended."""
        halt = self._kit.control.halt
        if halt is None or halt.probing or self._kit.control.paused:
            return None
        if now < halt.until or self._probe_running:
            return halt.until
        self._probe_running = True
        self.polling.run(self._run_probe)
        return None

    def _run_probe(self) -> None:
        try:
            probe(self._kit)
        finally:
            self._probe_running = False
