"""The loop: gives due steps to the lanes, as many as admission allows.

One thread turns it. A turn looks at what is due, claims it, hands it over and says how long nothing will
happen; steps, commands and the folder side wake it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Callable, Optional, Protocol

from loguru import logger

from sorad.budget import PRICE_AGAIN
from sorad.engine.decide.crawling import ease
from sorad.engine.decide.parties import whose
from sorad.engine.run.channel import Channel, MakeLane
from sorad.engine.run.lanes import Lane
from sorad.engine.state.wall_clock import jump_problem
from sorad.engine.steps.chain import look_again
from sorad.engine.steps.context import StepContext
from sorad.engine.steps.dedupe import READ_AGAIN
from sorad.engine.steps.fetch import fetch
from sorad.engine.steps.follow import follow
from sorad.engine.steps.guard import Step, guarded
from sorad.engine.steps.poll import poll
from sorad.engine.steps.recheck_failed import asking
from sorad.engine.steps.reconcile import reconcile
from sorad.engine.steps.reprice import is_unpriced, reprice
from sorad.engine.steps.rescue import rescue_away
from sorad.ledger.chain import is_waiting
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change, Party
from sorad.messages import _
from sorad.model import State, Take

# Other processes leave commands in the ledger; this is how soon they are seen.
LOOK_EVERY = 1.0
# Seconds between two turns: steps that end together are looked at together.
GAP = 0.02
# Seconds after which no step reckons any more with a clock that was set meanwhile.
CUT_AGAIN = 90.0


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

# The lanes of what was sent to accounts that are in the config no more.
FORMER = "former"


class Engine:
    """Owns the channels and the timers."""

    def __init__(
        self,
        contexts: Sequence[StepContext],
        folders: Folders,
        commands: Callable[[], bool],
        make_lane: MakeLane = Lane,
        segments: Sequence[range] = (),
    ) -> None:
        """``contexts``: one for each account, the first provider's first. ``commands`` carries out what other processes
        left in the ledger; true if there was any. ``segments``: those that may be bought; none: all."""
        self._context = contexts[0]  # for what all have in common
        self._folders = folders
        self._commands = commands
        self._make_lane = make_lane
        self._segments = segments
        self._wake = threading.Event()
        self.channels = [
            Channel(context, make_lane, self.wake, context.name if number else "")
            for number, context in enumerate(contexts)
        ]
        self._former: Optional[Channel] = None  # made when it is needed
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
            began = time.monotonic()
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
                stop.wait(max(0.0, began + GAP - time.monotonic()))
        for channel in self.channels:
            channel.give_back()

    @property
    def _all(self) -> Sequence[Channel]:
        """The channels of the config, and that of what was sent elsewhere."""
        return [*self.channels, *([] if self._former is None else [self._former])]

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes of all channels."""
        return tuple(lane for channel in self._all for lane in channel.lanes)

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
        deadline = self._context.clock.monotonic() + timeout
        while self.busy:
            left = deadline - self._context.clock.monotonic()
            if left <= 0:
                return False
            self._wake.clear()
            if self.busy:
                self._wake.wait(min(left, 0.1))
        return True

    def turn(self) -> float:
        """One look at everything; returns the seconds for which nothing is due (inf: nothing is)."""
        context = self._context
        self._follow_clock()
        self._take_commands()
        now = context.clock.time()
        agenda = context.ledger.agenda()
        there = self._reachable(agenda)
        self._note_missing(agenda, there)
        shares = self._shares()
        claimed = [self._claim_sent(channel, agenda, now, there, exclude) for channel, exclude in shares]
        claimed.append(self._release_held(agenda, now))
        claimed += [
            self._claim_submits(channel, agenda, now, exclude)
            for channel, exclude in shares
            if channel is not self._former
        ]
        claimed += [self._follow(channel, agenda, now) for channel in self.channels]
        for channel in self.channels:
            channel.send()
            channel.probe(now)
            channel.look_for_provider()
        if any(claimed):
            agenda = context.ledger.agenda()
        return max(self._next(agenda, shares, now) - context.clock.time(), 0.0)

    def _shares(self) -> list[tuple[Channel, Sequence[Party]]]:
        """Each channel, with the parties that others see to: all that was ever sent is seen to by one of them."""
        known, sent = {channel.party: channel for channel in self.channels}, self._context.ledger.parties()
        owners = {party: whose(party, known) for party in sent}
        if self._former is None and None in owners.values():
            self._former = Channel(replace(self._context, targets=()), self._make_lane, self.wake, FORMER)
        found: list[tuple[Channel, Sequence[Party]]] = []
        for channel in self._all:
            mine = None if channel is self._former else channel.party
            found.append((channel, [party for party in sent if owners[party] != mine]))
        return found

    def _agenda(self, whole: Agenda, exclude: Sequence[Party]) -> Agenda:
        """What is due without what was sent to some; asked for only where that makes a difference."""
        return self._context.ledger.agenda(exclude) if exclude else whole

    def _claim_sent(
        self,
        channel: Channel,
        whole: Agenda,
        now: float,
        there: Optional[Collection[str]],
        exclude: Sequence[Party],
    ) -> bool:
        """What was sent to an account: polls, downloads, looks."""
        agenda = self._agenda(whole, exclude)
        claimed = [
            self._claim(channel, agenda, State.GENERATING, channel.polling, poll, now, None, exclude),
            self._claim(channel, agenda, State.DOWNLOADING, channel.fetching, fetch, now, there, exclude),
            self._claim_overdue(channel, agenda, now, there, exclude),
            self._claim(channel, agenda, State.UNKNOWN, channel.polling, reconcile, now, None, exclude),
            self._claim_rechecks(channel, now, exclude),
        ]
        if not any(claimed[1:3]):  # what waited may have just been handed over
            self._ease_downloads(channel, agenda, now, there)
        return any(claimed)

    def _follow_clock(self) -> None:
        """A clock that was set must neither stretch a wait nor move an open create out of its window.

        A step that reckoned with the clock of before may write its due time after this; so the waits are cut
        short once more when all such steps have ended.
        """
        context = self._context
        jump = context.times.look()
        for other in self.channels[1:]:
            other.context.times.look()
        if jump is not None:
            logger.warning("{}", jump_problem(jump).text())
            self._set_by += jump.set_by
            if jump.set_by:
                for channel in self.channels:
                    channel.context.control.clock_set(jump.set_by)
            self._cut_again = context.clock.monotonic() + CUT_AGAIN if jump.set_by < 0 else self._cut_again
        if self._set_by:
            context.ledger.clock_set(self._set_by, context.clock.time())
            self._set_by = 0.0
        if self._cut_again is not None and context.clock.monotonic() >= self._cut_again:
            context.ledger.clock_set(0.0, context.clock.time())
            self._cut_again = None
        returned = [channel.context.reach.returned() for channel in self.channels]
        if any(returned):
            logger.info(_("the provider can be reached again"))
            context.ledger.clock_set(0.0, context.clock.time())

    def _next(self, whole: Agenda, shares: Sequence[tuple[Channel, Sequence[Party]]], now: float) -> float:
        """When something is due that no step, command or file will wake us for."""
        dues = _dues(whole, State.HELD, None)
        dues += [at for at in _dues(whole, State.QUEUED, None) if at > now]  # those due wait for a slot
        for channel, exclude in shares:
            agenda = self._agenda(whole, exclude)
            if channel.polling.free:
                dues += [*_dues(agenda, State.GENERATING, None), *_dues(agenda, State.UNKNOWN, None)]
                dues += filter(None, [self._context.ledger.next_recheck(exclude)])
            if channel.fetching.free:
                dues += _dues(agenda, State.DOWNLOADING, self._reachable(agenda))
            if channel is not self._former:
                dues += channel.dues(now)
        return min(dues, default=math.inf)

    def _take_commands(self) -> None:
        change = self._context.ledger.changed()
        if change != self._seen_change:
            self._commands()
            self._seen_change = self._context.ledger.changed()

    # --- each kind of step -------------------------------------------------------------------------

    def _reachable(self, agenda: Agenda) -> Optional[Collection[str]]:
        return self._folders.reachable() if State.DOWNLOADING in agenda else ()

    def _note_missing(self, agenda: Agenda, there: Optional[Collection[str]]) -> None:
        """Since when each root that videos wait for is away: none is for good before it was missed for a while in
        this run, for at the machine's start its disk may come later than we do."""
        waiting = agenda.get(State.DOWNLOADING, {})
        missing = [] if there is None else [root for root in waiting if root not in there]
        seen = self._context.clock.monotonic()
        self._missed = {root: self._missed.get(root, seen) for root in missing}

    def _claim_overdue(
        self,
        channel: Channel,
        agenda: Agenda,
        now: float,
        there: Optional[Collection[str]],
        exclude: Sequence[Party],
    ) -> bool:
        """What waits for a root that is away is not claimed, so its due time tells since when it waits.

        The time that the process did not run counts, too.
        """
        patience, seen = self._context.patience, self._context.clock.monotonic()
        away = [root for root, since in self._missed.items() if seen - since >= patience.folder]
        before = now - patience.place
        return self._claim(
            channel, agenda, State.DOWNLOADING, channel.fetching, rescue_away, before, away, exclude
        )

    def _release_held(self, agenda: Agenda, now: float) -> bool:
        """A new day: what the budget held back is queued again. What waits for its price is priced again, what waits
        for the shot before looks whether that has come."""
        if min(_dues(agenda, State.HELD, None), default=math.inf) > now:
            return False
        ledger, waiting = self._context.ledger, dict[tuple[str, str], Take]()
        held = ledger.claim(State.HELD, now, 1000)
        look_again(self._context, filter(is_waiting, held), now)
        for take in held:
            if is_waiting(take):
                continue
            if not is_unpriced(take):
                ledger.record(take, Change(State.QUEUED, "new day", due_at=now, clear_error=True), now)
            elif (take.storyboard, take.target) in waiting:
                ledger.release(take, now + PRICE_AGAIN)  # priced together with the first one
            else:
                waiting[take.storyboard, take.target] = take
        for take in waiting.values():  # now that none of the others is claimed
            channel = self._wanted_from(take)
            channel.submitting.run(partial(guarded, reprice, channel.context, take))
        return True

    def _wanted_from(self, take: Take) -> Channel:
        """The channel that a take is to be bought through."""
        wanted = (channel for channel in self.channels if take.target in channel.context.targets)
        return next(wanted, self.channels[0])

    def _claim(
        self,
        channel: Channel,
        agenda: Agenda,
        state: State,
        lane: Lane,
        step: Step,
        now: float,
        roots: Optional[Collection[str]],
        exclude: Sequence[Party],
    ) -> bool:
        """Hand what is due to the lane, as far as it is free; whether there was any."""
        if not lane.free or min(_dues(agenda, state, roots), default=math.inf) > now:
            return False
        for take in self._context.ledger.claim(state, now, lane.free, roots, exclude=exclude):
            lane.run(partial(guarded, step, channel.context, take), take.id)
        return True

    def _ease_downloads(
        self, channel: Channel, agenda: Agenda, now: float, there: Optional[Collection[str]]
    ) -> None:
        """Where every lane is taken and a download waits for one, a crawling one makes room."""
        if channel.fetching.free or min(_dues(agenda, State.DOWNLOADING, there), default=math.inf) > now:
            return
        downloads = channel.context.deliveries.downloads
        found = ease(downloads.flows(), downloads.best())
        if found.aside is not None:
            downloads.go_aside(found.aside)
            channel.fetching.go_aside(found.aside)
            logger.info(_("take {id}: its download crawls, others go first"), id=found.aside)
            self.wake()
        if found.cut is not None:
            downloads.cut(found.cut)
            logger.info(_("take {id}: its download crawls and is put off, others go first"), id=found.cut)

    def _claim_rechecks(self, channel: Channel, now: float, exclude: Sequence[Party]) -> bool:
        """What was said to have failed is asked after again."""
        ledger, lane = self._context.ledger, channel.polling
        due = ledger.next_recheck(exclude)
        if not lane.free or due is None or due > now:
            return False
        for look in ledger.claim_rechecks(now, lane.free, exclude):
            lane.run(partial(guarded, asking(look), channel.context, look.take))
        return True

    def _claim_submits(self, channel: Channel, agenda: Agenda, now: float, exclude: Sequence[Party]) -> bool:
        context, waiting = channel.context, State.QUEUED in agenda
        # Asked each turn, though nothing may wait: the breaker's time passes here.
        admitted = channel.admit(self._in_flight(channel, exclude) if waiting else 0)
        channel.again = admitted.again if waiting else None
        count = min(admitted.count, channel.room)
        if count == 0 or min(_dues(agenda, State.QUEUED, None), default=math.inf) > now:
            return False
        rooms = self._folders.buyable()
        ready = {root: room for root, room in rooms.items() if context.folders.ready(root)}
        if len(ready) < len(rooms):
            # Not admitted before: what their receipts tell may fill the slots.
            channel.again = min(channel.again or math.inf, now + READ_AGAIN)
        asked = ready, self._folders.away(), self._folders.edits()
        targets = self._targets(channel)
        takes = context.ledger.claim(
            State.QUEUED, now, count, *asked, targets=targets, segments=self._segments
        )
        for take in takes:
            channel.line_up(take)
        return bool(takes)

    def _follow(self, channel: Channel, agenda: Agenda, now: float) -> bool:
        """What waits at an account that refuses whatever is asked of it goes on elsewhere, where the user said so."""
        context, lane = channel.context, channel.submitting
        halted = bool(context.config.provider.fallback) and context.control.refuses_all is not None
        if not halted or not lane.free or min(_dues(agenda, State.QUEUED, None), default=math.inf) > now:
            return False
        ready = [root for root in self._folders.buyable() if context.folders.ready(root)]
        asked = ready, self._folders.away(), self._folders.edits()
        takes = context.ledger.claim(
            State.QUEUED, now, lane.free, *asked, targets=context.targets, segments=self._segments
        )
        for take in takes:
            lane.run(partial(guarded, follow, context, take), take.id)
        return bool(takes)

    def _targets(self, channel: Channel) -> Optional[Collection[str]]:
        """What is bought through a channel; ``None``: all, because there is no other."""
        return None if len(self.channels) == 1 else channel.context.targets

    def _in_flight(self, channel: Channel, exclude: Sequence[Party]) -> int:
        """The slots that are taken of an account's."""
        ledger = self._context.ledger
        if not exclude and len(self.channels) == 1:
            return ledger.in_flight()
        party = channel.party  # two providers of the config may be of one account
        targets = {name for one in self.channels if one.party == party for name in one.context.targets}
        return ledger.in_flight([one for one in ledger.parties() if one not in exclude], targets)


def _dues(agenda: Agenda, state: State, roots: Optional[Collection[str]]) -> list[float]:
    """When the earliest steps of a state are due, one for each root (of ``roots``; ``None``: of all)."""
    return [at for root, at in agenda.get(state, {}).items() if roots is None or root in roots]
