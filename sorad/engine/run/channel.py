"""A channel: what of the engine is per account, so that trouble at one provider stops nothing at the others."""

from __future__ import annotations

import heapq
from functools import partial
from itertools import count
from typing import Callable, Optional

from sorad.engine.decide.admission import Admitted
from sorad.engine.run.lanes import Lane
from sorad.engine.steps.context import StepContext, release
from sorad.engine.steps.guard import guarded
from sorad.engine.steps.probe import look_for_provider, probe
from sorad.engine.steps.submit import submit
from sorad.ledger.values import Party
from sorad.model import Take
from sorad.problems import SoradError

# Threads: creates and polls wait for the network, downloads for the disk.
SUBMITTERS, POLLERS, FETCHERS = 8, 8, 8
# So many creates are claimed ahead at most, for their jitter: each is held in memory, and kept from other changes.
AHEAD = 256

MakeLane = Callable[[str, int, Callable[[], None]], Lane]


class Channel:
    """One account: its context (breaker, gate, halt, limits), its lanes, and the creates in their jitter."""

    def __init__(
        self, context: StepContext, make_lane: MakeLane, wake: Callable[[], None], name: str = ""
    ) -> None:
        """``name`` tells its lanes from those of others; ``""``: those of the first provider."""
        self.context = context
        behind = f":{name}" if name else ""
        self.submitting = make_lane(f"submit{behind}", SUBMITTERS, wake)
        self.polling = make_lane(f"poll{behind}", POLLERS, wake)
        self.fetching = make_lane(f"fetch{behind}", FETCHERS, wake)
        self.again: Optional[float] = None  # when admission wants to be asked again
        self._waiting: list[tuple[float, int, Take]] = []  # admitted creates in their jitter (monotonic)
        self._order = count()
        self._probe_running = self._looking = False

    @property
    def lanes(self) -> tuple[Lane, Lane, Lane]:
        """Its lanes."""
        return self.submitting, self.polling, self.fetching

    @property
    def party(self) -> Party:
        """Where its creates go; without an account while there is no key."""
        provider = self.context.accounts.current
        try:
            account = provider.account
        except SoradError:
            account = ""
        return Party(provider.kind, provider.base_url, account)

    # --- creates -----------------------------------------------------------------------------------

    def admit(self, in_flight: int) -> Admitted:
        """How many creates may start now."""
        return self.context.control.admit(in_flight, len(self._waiting) + self.submitting.busy)

    @property
    def room(self) -> int:
        """How many more creates may be lined up; many at a time, or none yet."""
        free = AHEAD - len(self._waiting) - self.submitting.busy
        return free if free >= AHEAD // 2 else 0

    def line_up(self, take: Take) -> None:
        """An admitted take leaves after its jitter."""
        jitter = self.context.rng.uniform(*self.context.config.limits.jitter_seconds)
        at = self.context.clock.monotonic() + jitter
        heapq.heappush(self._waiting, (at, next(self._order), take))

    def send(self) -> None:
        """Hand over the creates whose jitter is over."""
        while self._waiting and self._waiting[0][0] <= self.context.clock.monotonic():
            _at, _n, take = heapq.heappop(self._waiting)
            self.submitting.run(partial(guarded, submit, self.context, take))

    def give_back(self) -> None:
        """At the end: what has not left."""
        for _at, _n, take in self._waiting:
            release(self.context, take)
        self._waiting.clear()

    # --- looking whether it is there ---------------------------------------------------------------

    def probe(self, now: float) -> None:
        """While buying is halted: find out, gently, whether it is mended."""
        if any(at <= now for at in self._probe_due()):
            self._probe_running = True
            self.polling.run(self._run_probe)

    def look_for_provider(self) -> None:
        """While it cannot be reached, and no step asks it: find out whether it is back."""
        due = self.context.reach.look_in()
        if due is not None and due <= 0 and not self._looking and self.polling.free:
            self._looking = True
            self.polling.run(self._run_look)

    def _run_look(self) -> None:
        try:
            look_for_provider(self.context)
        finally:
            self._looking = False

    def _run_probe(self) -> None:
        try:
            probe(self.context)
        finally:
            self._probe_running = False

    def _probe_due(self) -> list[float]:
        """When buying that was stopped is tried again."""
        control = self.context.control
        halt = control.halt
        if halt is None or halt.probing or self._probe_running or control.paused:
            return []
        return [halt.until]

    def dues(self, now: float) -> list[float]:
        """When something is due that is not in the ledger."""
        dues = [now + self._waiting[0][0] - self.context.clock.monotonic()] if self._waiting else []
        if self.again is not None:
            dues.append(self.again)
        look = self.context.reach.look_in()
        if look is not None and not self._looking:
            dues.append(now + look)
        return dues + self._probe_due()
