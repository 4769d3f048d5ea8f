"""The loop: gives due steps to the lanes, as many as admission allows.

One thread turns it. A turn looks at what is due, claims it, hands it over and says how long nothing will
happen; steps, commands and the folder side wake it.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Collection, Mapping
from functools import partial
from itertools import count
from typing import Callable, Optional, Protocol

from loguru import logger

from sorad.budget import PRICE_AGAIN
from sorad.engine.decide.crawling import ease
from sorad.engine.run.lanes import Lane
from sorad.engine.state.wall_clock import told
from sorad.engine.steps.dedupe import READ_AGAIN
from sorad.engine.steps.fetch import fetch
from sorad.engine.steps.guard import Step, guarded
from sorad.engine.steps.kit import Kit, release
from sorad.engine.steps.poll import poll
from sorad.engine.steps.probe import look_for_provider, probe
from sorad.engine.steps.recheck_failed import asking
from sorad.engine.steps.reconcile import reconcile
from sorad.engine.steps.reprice import is_unpriced, reprice
from sorad.engine.steps.rescue import rescue_away
from sorad.engine.steps.submit import submit
from sorad.ledger.interface import Change, LedgerUnavailable
from sorad.messages import _
from sorad.model import State, Take

# Other processes leave commands in the ledger; this is how soon they are seen.
LOOK_EVERY = 1.0
# Seconds after which no step reckons any more with a clock that was set meanwhile.
CUT_AGAIN = 90.0
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

    @property
    def away(self) -> Callable[[], Collection[str]]:
        """Where disks below the roots belong that are away: nothing is bought for the storyboards on them."""
        ...

    @property
    def edits(self) -> Callable[[], Collection[str]]:
        """Paths of storyboards that are being edited: nothing is bought for them just now."""
        ...


Agenda = Mapping[State, Mapping[str, float]]
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
        self._waiting: list[tuple[float, int, Take]] = []  # admitted creates in their jitter (monotonic)
        self._order = count()
        self._probe_running = self._looking = False
        self._again: Optional[float] = None  # when admission wants to be asked again
        self._seen_change: Optional[int] = None
        # Roots that videos wait for: since when (monotonic) each is seen to be away.
        self._missed: dict[str, float] = {}
        self._set_by = 0.0  # how far the clock was set, while the ledger does not know yet
        self._cut_again: Optional[float] = None

    def wake(self) -> None:
        """Something happened: look again now. From any thread."""
        self._wake.set()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Turn until told to stop, then give back what has not left."""
        failed = False
        while not stop.is_set():
            beat()
            self._wake.clear()
            try:
                wait = self.turn()
                failed = False
            except LedgerUnavailable as error:
                if not failed:  # once, however long it lasts: `status` tells of it meanwhile
                    logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
                failed, wait = True, LOOK_EVERY
            if not stop.is_set():
                self._wake.wait(min(wait, LOOK_EVERY))
        for _at, _n, take in self._waiting:
            release(self._kit, take)
        self._waiting.clear()

    @property
    def lanes(self) -> tuple[Lane, Lane, Lane]:
        """Its lanes."""
        return self.submitting, self.polling, self.fetching

    def room(self, root: str) -> int:
        """For how many more takes of a root there is room; 0 where nothing may be bought for it."""
        return self._folders.buyable().get(root, 0)

    def close(self) -> None:
        """After the end of :meth:`run`: let the lanes' threads end, each with its step."""
        for lane in self.lanes:
            lane.close()

    @property
    def busy(self) -> int:
        """Steps that are running now."""
        return sum(lane.busy for lane in self.lanes)

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
        self._follow_clock()
        self._take_commands()
        now = kit.clock.time()
        agenda = kit.ledger.agenda()
        there = self._reachable(agenda)
        claimed = [
            self._claim(agenda, State.GENERATING, self.polling, poll, now, None),
            self._claim(agenda, State.DOWNLOADING, self.fetching, fetch, now, there),
            self._claim_overdue(agenda, now, there),
            self._claim(agenda, State.UNKNOWN, self.polling, reconcile, now, None),
            self._claim_looks(now),
            self._release_held(agenda, now),
            self._claim_submits(agenda, now),
        ]
        if not any(claimed[1:3]):  # what waited may have just been handed over
            self._ease_downloads(agenda, now, there)
        self._send()
        self._probe(now)
        self._look_for_provider()
        if any(claimed):
            agenda = kit.ledger.agenda()
        return max(self._next(agenda, now) - kit.clock.time(), 0.0)

    def _follow_clock(self) -> None:
        """A clock that was set must neither stretch a wait nor move an open create out of its window.

        A step that reckoned with the clock of before may write its due time after this; so the waits are cut
        short once more when all such steps have ended.
        """
        kit = self._kit
        jump = kit.times.look()
        if jump is not None:
            logger.warning("{}", told(jump).text())
            self._set_by += jump.set_by
            if jump.set_by:
                kit.control.clock_set(jump.set_by)
            self._cut_again = kit.clock.monotonic() + CUT_AGAIN if jump.set_by < 0 else self._cut_again
        if self._set_by:
            kit.sightings.clock_set(kit.ledger, kit.clock.time())
            kit.ledger.clock_set(self._set_by, kit.clock.time())
            self._set_by = 0.0
        if self._cut_again is not None and kit.clock.monotonic() >= self._cut_again:
            kit.ledger.clock_set(0.0, kit.clock.time())
            self._cut_again = None
        if kit.reach.returned():
            logger.info(_("the provider can be reached again"))
            kit.ledger.clock_set(0.0, kit.clock.time())

    def _next(self, agenda: Agenda, now: float) -> float:
        """When something is due that no step, command or file will wake us for."""
        kit = self._kit
        dues = [now + self._waiting[0][0] - kit.clock.monotonic()] if self._waiting else []
        if self.polling.free:
            dues += [*_dues(agenda, State.GENERATING, None), *_dues(agenda, State.UNKNOWN, None)]
            dues += filter(None, [kit.ledger.next_look()])
        if self.fetching.free:
            dues += _dues(agenda, State.DOWNLOADING, self._reachable(agenda))
        dues += _dues(agenda, State.HELD, None)
        dues += [at for at in _dues(agenda, State.QUEUED, None) if at > now]  # those due wait for a slot
        if self._again is not None:
            dues.append(self._again)
        dues += self._probe_due()
        look = kit.reach.look_in()
        if look is not None and not self._looking:
            dues.append(now + look)
        return min(dues, default=math.inf)

    def _probe_due(self) -> list[float]:
        """When buying that was stopped is tried again."""
        control = self._kit.control
        halt = control.halt
        if halt is None or halt.probing or self._probe_running or control.paused:
            return []
        return [halt.until]

    def _take_commands(self) -> None:
        change = self._kit.ledger.changed()
        if change != self._seen_change:
            self._commands()
            self._seen_change = self._kit.ledger.changed()

    # --- each kind of step -------------------------------------------------------------------------

    def _reachable(self, agenda: Agenda) -> Optional[Collection[str]]:
        return self._folders.reachable() if State.DOWNLOADING in agenda else ()

    def _claim_overdue(self, agenda: Agenda, now: float, there: Optional[Collection[str]]) -> bool:
        """What waits for a root that is away is not claimed, so its due time tells since when it waits.

        The time that the process did not run counts, too, but no root is away for good before it was missed
        for a while in this run: at the machine's start its disk may come later than we do.
        """
        waiting, patience = agenda.get(State.DOWNLOADING, {}), self._kit.patience
        missing = [] if there is None else [root for root in waiting if root not in there]
        seen = self._kit.clock.monotonic()
        self._missed = {root: self._missed.get(root, seen) for root in missing}
        away = [root for root in missing if seen - self._missed[root] >= patience.folder]
        return self._claim(agenda, State.DOWNLOADING, self.fetching, rescue_away, now - patience.place, away)

    def _release_held(self, agenda: Agenda, now: float) -> bool:
        """A new day: what the budget held back is queued again. What waits for its price is priced again."""
        if min(_dues(agenda, State.HELD, None), default=math.inf) > now:
            return False
        ledger, waiting = self._kit.ledger, dict[str, Take]()
        for take in ledger.claim(State.HELD, now, 1000):
            if not is_unpriced(take):
                ledger.record(take, Change(State.QUEUED, "new day", due_at=now, clear_error=True), now)
            elif take.storyboard in waiting:
                ledger.release(take, now + PRICE_AGAIN)  # priced together with the first one
            else:
                waiting[take.storyboard] = take
        for take in waiting.values():  # now that none of the others is claimed
            self.submitting.run(partial(guarded, reprice, self._kit, take))
        return True

    def _claim(
        self,
        agenda: Agenda,
        state: State,
        lane: Lane,
        step: Step,
        now: float,
        roots: Optional[Collection[str]],
    ) -> bool:
        """Hand what is due to the lane, as far as it is free; whether there was any."""
        kit = self._kit
        if not lane.free or min(_dues(agenda, state, roots), default=math.inf) > now:
            return False
        for take in kit.ledger.claim(state, now, lane.free, roots):
            lane.run(partial(guarded, step, kit, take), take.id)
        return True

    def _ease_downloads(self, agenda: Agenda, now: float, there: Optional[Collection[str]]) -> None:
        """Where every lane is taken and a download waits for one, a crawling one makes room."""
        if self.fetching.free or min(_dues(agenda, State.DOWNLOADING, there), default=math.inf) > now:
            return
        downloads = self._kit.downloads
        found = ease(downloads.flows(), downloads.best())
        if found.aside is not None:
            downloads.go_aside(found.aside)
            self.fetching.go_aside(found.aside)
            logger.info(_("take {id}: its download crawls, others go first"), id=found.aside)
            self.wake()
        if found.cut is not None:
            downloads.cut(found.cut)
            logger.info(_("take {id}: its download crawls and is put off, others go first"), id=found.cut)

    def _claim_looks(self, now: float) -> bool:
        """What was said to have failed is asked after again."""
        due = self._kit.ledger.next_look()
        if not self.polling.free or due is None or due > now:
            return False
        for look in self._kit.ledger.claim_looks(now, self.polling.free):
            self.polling.run(partial(guarded, asking(look), self._kit, look.take))
        return True

    def _claim_submits(self, agenda: Agenda, now: float) -> bool:
        kit, waiting = self._kit, State.QUEUED in agenda
        trying = len(self._waiting) + self.submitting.busy
        # Asked each turn, though nothing may wait: the breaker's time passes here.
        admitted = kit.control.admit(kit.ledger.in_flight() if waiting else 0, trying)
        self._again = admitted.again if waiting else None
        if admitted.count == 0 or min(_dues(agenda, State.QUEUED, None), default=math.inf) > now:
            return False
        left, away, edits = admitted.count, self._folders.away(), self._folders.edits()
        for root, room in self._folders.buyable().items():
            if left <= 0:
                break
            if not kit.ready(root):
                # Not admitted before: what its receipts tell may fill the slots.
                self._again = min(self._again or math.inf, now + READ_AGAIN)
                continue
            most = max(0, min(left, room))
            for take in kit.ledger.claim(State.QUEUED, now, most, [root], away, edits) if most else ():
                left -= 1
                jitter = kit.rng.uniform(*kit.config.limits.jitter_seconds)
                at = kit.clock.monotonic() + jitter
                heapq.heappush(self._waiting, (at, next(self._order), take))
        return left < admitted.count

    def _send(self) -> None:
        """Hand over the creates whose jitter is over."""
        kit = self._kit
        while self._waiting and self._waiting[0][0] <= kit.clock.monotonic():
            _at, _n, take = heapq.heappop(self._waiting)
            self.submitting.run(partial(guarded, submit, kit, take))

    def _probe(self, now: float) -> None:
        """While buying is halted: find out, gently, whether it is mended."""
        halt = self._kit.control.halt
        if halt is None or halt.probing or self._probe_running or self._kit.control.paused:
            return
        if now >= halt.until:
            self._probe_running = True
            self.polling.run(self._run_probe)

    def _look_for_provider(self) -> None:
        """While it cannot be reached, and no step asks it: find out whether it is back."""
        due = self._kit.reach.look_in()
        if due is not None and due <= 0 and not self._looking and self.polling.free:
            self._looking = True
            self.polling.run(self._run_look)

    def _run_look(self) -> None:
        try:
            look_for_provider(self._kit)
        finally:
            self._looking = False

    def _run_probe(self) -> None:
        try:
            probe(self._kit)
        finally:
            self._probe_running = False


def _dues(agenda: Agenda, state: State, roots: Optional[Collection[str]]) -> list[float]:
    """When the earliest steps of a state are due, one for each root (of ``roots``; ``None``: of all)."""
    return [at for root, at in agenda.get(state, {}).items() if roots is None or root in roots]
