"""All that runs under one config: the provider, the engine, the folder side, and their threads.

A reload makes other parts beside these, and lets these end. What both must share is :class:`SharedState`.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Optional

from loguru import logger

from sorad import logs, providers
from sorad.budget import limit_in
from sorad.claim.arrivals import Arrivals
from sorad.claim.buyers import Buyers
from sorad.claim.claims import Claims
from sorad.claim.machine import machine_of
from sorad.clock import Clock
from sorad.condition import LIMIT
from sorad.config.key import KeySource
from sorad.config.model import Config, ProviderConfig
from sorad.daemon import memory
from sorad.daemon.reporting import Reporting, World
from sorad.daemon.standings import Standing, Standings
from sorad.daemon.threads import Supervised
from sorad.daemon.watchman import Watched
from sorad.delivery.partials import partials_in
from sorad.engine.run.commands import Commands
from sorad.engine.run.lanes import Lane
from sorad.engine.run.loop import Engine
from sorad.engine.state import gateways
from sorad.engine.state.absent import Absent
from sorad.engine.state.accounts import Accounts
from sorad.engine.state.destinations import Destinations
from sorad.engine.state.disk import free_bytes
from sorad.engine.state.progress import Progress
from sorad.engine.steps.choose import choose
from sorad.engine.steps.context import ClaimChecks, Deliveries, Folders, Locks, Lookups, Process, StepContext
from sorad.engine.steps.pictures import follow_config
from sorad.engine.steps.receipts import unwritten
from sorad.engine.steps.reprice import reprice_all
from sorad.export.cutter import Cutter
from sorad.export.problems import check_room
from sorad.heartbeat import beat
from sorad.inspection.worker import Inspector
from sorad.intake.reading import Intake
from sorad.intake.rules import sendable
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.place import ledger_path
from sorad.ledger.write_errors import LedgerWatch
from sorad.media.decoder import Decoder
from sorad.media.questions import is_there
from sorad.messages import _
from sorad.model import Take
from sorad.notes.keeper import Keeper
from sorad.problems import Problem, SoradError
from sorad.providers.base import Provider, Trouble, Video
from sorad.providers.wire.answer import Heard
from sorad.vault.service import Vault

# The daemon's own look at its threads, and at what a sync brought into the folders, in seconds.
HOUSEKEEPING, SWEEP = 5.0, 60.0
# So often it looks at the start whether the first scan is over, in seconds.
SLICE = 0.2
_JOINING = 4 * 3600.0  # seconds for the cut of a storyboard at most
# Behind the name of a lane whose steps began under the config of before.
BEFORE = ".before"


@dataclass
class SharedState:
    """What stays the same over a reload, so that steps of before and after it work together.

    A step that is under way at a reload ends with what it began with: its take stays claimed until then, in
    the one ledger; what it learns goes to the one control; no two intents share the last of a budget.
    """

    ledger: Ledger
    clock: Clock
    rng: random.Random
    standings: Standings
    progress: Progress
    ending: threading.Event  # set when the process is to end
    crashed: Callable[[Problem], None]
    failed: Callable[[], None]  # a thread failed
    tell: Callable[[], None]  # the time has come to look at what is worth knowing
    complain: Callable[[str, Optional[Problem]], None]  # what is wrong, by a key; None: no longer
    limit: float = LIMIT  # seconds without a heartbeat from which on a part counts as hung
    buyers: Optional[Buyers] = None  # tells this process from others of the machine
    world: Optional[World] = None  # what those work with that tell people; None: nobody is told
    videos: dict[int, Video] = field(default_factory=dict)
    missed: dict[tuple[int, Optional[float], str], float] = field(default_factory=dict)
    unwritten: dict[int, Problem] = field(default_factory=dict)
    locks: Locks = field(default_factory=Locks)
    segments: Sequence[range] = ()  # those that may be bought; none: all
    decoder: Decoder = field(default_factory=Decoder)  # of pictures and videos


@dataclass(frozen=True)
class Seller:
    """A provider of the config, with all that is its own. ``config``: as if there were no other."""

    name: str
    targets: Sequence[str]  # what takes call it that are wanted from it
    config: Config
    provider: Provider
    accounts: Accounts
    standing: Standing
    key: KeySource

    def has_other_key(self) -> bool:
        """Whether its key was changed since this was last asked."""
        halt = self.standing.control.halt
        if halt is not None and halt.trouble is Trouble.KEY:
            self.key.doubt()
        return self.accounts.was_corrected()

    def stopped(self, *, named: bool = False) -> list[Problem]:
        """Why nothing is bought there: as this run has met it. ``named``: with its name, because there are others."""
        control = self.standing.control
        halted = [] if control.halted is None else [control.halted.problem]
        found = [*halted, *(stop.as_problem() for stop in control.stops)]
        return [self.named(one) for one in found] if named else found

    def named(self, problem: Problem) -> Problem:
        """With its name before it."""
        return Problem(
            problem.code, "{name}: {reason}", "{reason_fix}", {"name": self.name, "reason": problem}
        )

    def to_json(self) -> dict[str, Any]:
        """What `sorad status` needs to know of it, as JSON values."""
        return {
            "name": self.name,
            "kind": self.provider.kind,
            "base_url": self.provider.base_url,
            "account": self.accounts.began_as,
            "key": self.standing.control.key,
            "currency": self.provider.currency,
            "concurrency": self.config.limits.concurrency,
            "per_day": self.config.provider.per_day,
        }


class Parts:
    """Made without effect on anything that runs; ``start`` it, ``retire`` it, ``wait`` for its end."""

    def __init__(self, config: Config, shared: SharedState) -> None:
        """:class:`SoradError` where the config cannot be worked with, :class:`LedgerUnavailable`."""
        self.config = config
        self._shared = shared
        self._retired = threading.Event()
        self._settled = False
        self._saw_scan = False
        self._buying: Optional[set[str]] = None  # roots, as last seen
        self._ledger = LedgerWatch(shared.ledger, ledger_path(config.state_dir), free_bytes, shared.clock)
        ledger, clock = shared.ledger, shared.clock
        self.telling = Reporting(config, shared.world)
        self.sellers = [
            self._seller(number, standing) for number, standing in enumerate(shared.standings.of(config))
        ]
        self.accounts = self.sellers[0].accounts
        by_name = {name: one.provider for one in self.sellers for name in one.targets}
        self.claims = Claims(config.watch, ledger, clock, machine_of(config.state_dir), buyers=shared.buyers)
        self.intake = Intake(
            config,
            lambda target: by_name.get(target, by_name[""]),
            ledger,
            clock,
            self.wake,
            self.claims.stands_by,
            self.claims.is_us,
            self.claims.payer,
        )
        self.vault = Vault(config.watch, ledger, self.intake, clock, self.wake)
        self._arrivals = Arrivals(ledger, self.claims, clock, self.vault.rescan)
        self._absent = Absent(
            ledger,
            self.claims.may_buy,
            lambda take: not isinstance(self._accounts_for(take).of(take), Problem),
        )
        self._rooms = rooms = Destinations(
            config.watch,
            config.disk,
            ledger,
            self.vault.states,
            free_bytes,
            self.claims.may_buy,
            self.vault.away,
            self.vault.edits,
        )
        common = partial(
            StepContext,
            ledger=ledger,
            clock=clock,
            rng=shared.rng,
            process=Process(
                stopping=self._stopping,
                pause=self._pause,
                crashed=shared.crashed,
                ending=shared.ending.is_set,
                has_ledger=self._ledger.is_there,
                stepped=self.telling.stepped,
            ),
            folders=Folders(rooms.delivered, self.vault.ready, self.vault.is_away, self.vault.is_edited),
            claims=ClaimChecks(self._arrivals.guard, self._arrivals.is_foreign, self.claims.payer),
            locks=shared.locks,
            ask_media=shared.decoder.ask,
            decodes=is_there,
            seller=lambda target: by_name.get(target, by_name[""]),
            providers=config.providers,
        )
        contexts = [
            common(
                config=one.config,
                accounts=one.accounts,
                control=one.standing.control,
                reach=one.standing.reach,
                times=one.standing.times,
                deliveries=Deliveries(shared.progress, videos=shared.videos, unwritten=shared.unwritten),
                lookups=Lookups(missed=shared.missed),
                name=one.name,
                targets=one.targets,
            )
            for one in self.sellers
        ]
        self.context = contexts[0]
        # A child process of its own, with time for a whole storyboard.
        self._joiner = Decoder(seconds=_JOINING)
        self.cutter = Cutter(
            config,
            ledger,
            clock,
            self._sees_to,
            self._joiner.ask,
            partial(check_room, free=free_bytes, keep=config.disk.min_free),
            rest=self._joiner.rest,
        )
        # A child process of its own: a long look at a video keeps no step waiting.
        self._decoder = Decoder()
        self.inspector = Inspector(
            config, ledger, clock, self._sees_to, self.claims.payer, self._decoder.ask, self._decoder.rest
        )
        self.notes = Keeper(
            config,
            ledger,
            clock,
            self._sees_to,
            lambda take: choose(self.context, [take]),
            touched=self._touched,
        )
        commands = Commands(self.context, self.vault.rescan, self.claims, contexts[1:], note=self.notes.ask)
        make_lane = partial(Lane, limit=shared.limit, monotonic=clock.monotonic)
        self.engine = Engine(contexts, rooms, commands.run, make_lane, shared.segments)
        self.threads = [
            Supervised("engine", self.engine.run, clock, shared.failed, shared.limit),
            Supervised("vault", self.vault.run, clock, shared.failed, shared.limit),
            Supervised("housekeeping", self._keep_house, clock, shared.failed, shared.limit),
            Supervised("notes", self.notes.run, clock, shared.failed, shared.limit),
            Supervised("cuts", self.cutter.run, clock, shared.failed, shared.limit),
            Supervised("media", self.inspector.run, clock, shared.failed, shared.limit),
            *self.telling.threads,
        ]

    def _seller(self, number: int, standing: Standing) -> Seller:
        """One provider of the config, with all that is its own."""
        config, pictures = self.config.providers[number], sendable(self.config)
        key = KeySource(config, shared=number == 0)

        def heard(heard: Heard) -> None:
            self._heard(heard, standing, provider, first=number == 0)

        provider = providers.make(config, key, heard, pictures)
        accounts = Accounts(provider, config.model_dump(mode="json"), self._shared.ledger, revive)
        targets = (config.title, "") if number == 0 else (config.title,)
        view = self.config.buys_from(config)
        return Seller(config.title, targets, view, provider, accounts, standing, key)

    def _heard(self, heard: Heard, standing: Standing, provider: Provider, *, first: bool) -> None:
        if heard.gateway and first:
            with contextlib.suppress(LedgerUnavailable):  # the next answer tells it again
                gateways.notice(self._shared.ledger, provider.base_url, heard.gateway)
        standing.times.heard(heard.date, heard.took)
        standing.reach.answered()

    @property
    def provider(self) -> Provider:
        """The first one."""
        return self.sellers[0].provider

    @property
    def standings(self) -> list[Standing]:
        """With each of its providers."""
        return [one.standing for one in self.sellers]

    def elsewhere(self, before: Parts) -> list[bool]:
        """Of each provider: whether it is another account than before that its standing is about."""
        was = {id(one.standing): one.accounts.began_as for one in before.sellers}
        return [was.get(id(one.standing)) not in (None, one.accounts.began_as) for one in self.sellers]

    def seller_of(self, take: Take) -> Seller:
        """Whom a take is wanted from."""
        wanted = (one for one in self.sellers if take.target in one.targets)
        return next(wanted, self.sellers[0])

    def has_no_provider(self, take: Take) -> bool:
        """Whether an unsent take is wanted from a provider that is not in the config: nobody buys it then."""
        known = any(take.target in one.targets for one in self.sellers)
        return not known and (len(self.sellers) > 1 or bool(take.moved_by))

    def _accounts_for(self, take: Take) -> Accounts:
        """Those that know the way to where a take was sent."""
        there = (
            one.accounts for one in self.sellers if (one.provider.kind, one.provider.base_url) == take.place
        )
        return next(there, self.accounts)

    def why_not(self) -> Iterator[Problem]:
        """Why nothing is bought from some provider just now."""
        for standing in self.standings:
            halt = standing.control.halt
            yield from (
                [halt.problem] if halt is not None else (stop.problem for stop in standing.control.stops)
            )

    def clock_problems(self) -> Iterator[Problem]:
        """What is known of the clock; that it jumped, once."""
        for number, standing in enumerate(self.standings):
            found = standing.times.problems()
            yield from (one for one in found if number == 0 or one.code == "clock.apart")

    def watched(self) -> Sequence[Watched]:
        """All that must live."""
        return [*self.threads, *self.engine.lanes]

    def _sees_to(self, root: str) -> bool:
        """Whether this machine keeps the notes of a root: it is there, and no other one buys there."""
        states = {row.path: row.state for row in self.vault.states()}
        return states.get(root, "offline") != "offline" and not self.claims.stands_by(root)

    def _touched(self, boards: set[int]) -> None:
        """What has changed of storyboards may change their contact sheets and cuts."""
        self.inspector.sheets.touched(boards)
        self.cutter.changed(boards)

    def _stopping(self) -> bool:
        return self._retired.is_set() or self._shared.ending.is_set()

    def _pause(self, seconds: float) -> None:
        beat(seconds)
        self._shared.ending.wait(seconds)

    # --- beginning and end -------------------------------------------------------------------------

    def start(self) -> None:
        """Begin. What the ledger cannot take just now is written as soon as it can."""
        if self._shared.buyers is not None:
            self._shared.buyers.follow([str(watch.path) for watch in self.config.watch])
        self._settle_in()
        self.telling.begin()
        for thread in self.threads:
            thread.start()

    def _settle_in(self) -> None:
        """Bring to the ledger what follows from the config."""
        ledger, now = self._shared.ledger, self._shared.clock.time()
        try:
            first = self.sellers[0]
            ledger.remember("currency", first.provider.currency)
            per_day = limit_in(first.config.budget.per_day, first.provider.currency)
            limits = {"concurrency": first.config.limits.concurrency, "per_day": per_day}
            ledger.remember("limits", limits)
            ledger.remember("providers", [one.to_json() for one in self.sellers])
            gateways.follow(ledger, first.provider.base_url)
            reprice_all(ledger, self.config.sums, now)
            for context in (channel.context for channel in self.engine.channels):
                follow_config(context)
            self._settled = True
        except LedgerUnavailable as error:
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))

    def retire(self) -> None:
        """Ask all to end: no new step begins, downloads give their takes back. Does not wait."""
        self._retired.set()
        for thread in self.threads:
            thread.stop()
        self._joiner.close()  # after the stop: what it works on is begun again another time
        self._decoder.close()  # after the stop: what it was asked is not answered, and asked again one day
        for number in range(len(self.sellers)):
            self._shared.complain(_about(number), None)  # those that are there still are told again
        self.wake()
        self.vault.wake()

    def wait(self, seconds: float) -> list[str]:
        """After :meth:`retire`: wait for the end; the names of what has not ended in time."""
        clock = self._shared.clock
        deadline = clock.monotonic() + seconds
        slow = [
            thread.name for thread in self.threads if not thread.join(max(0.0, deadline - clock.monotonic()))
        ]
        if not self.engine.wait_idle(deadline - clock.monotonic()):
            slow.append("steps")
        return slow

    def let_go(self) -> Sequence[Lane]:
        """After :meth:`wait`, where the process goes on: the threads of the lanes end, each with its step.

        Returns the lanes in which some are under way still; they must live, too.
        """
        self.engine.close()
        left = [lane for lane in self.engine.lanes if lane.busy]
        for lane in left:
            lane.name += BEFORE
        return left

    def wake(self) -> None:
        """There is something to do for the engine."""
        engine = getattr(self, "engine", None)  # asked for while the parts are being made, too
        if engine is not None:
            engine.wake()

    # --- the housekeeping thread -------------------------------------------------------------------

    def _keep_house(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        clock = self._shared.clock
        swept = clock.monotonic()
        while not self._rest(stop):
            beat()
            self._shared.complain("ledger", self._ledger.look())
            self._shared.complain("receipts", unwritten(self._shared.unwritten.copy()))
            for number, one in enumerate(self.sellers):
                name = one.name if len(self.sellers) > 1 else ""
                self._shared.complain(_about(number), one.standing.reach.problem(name))
            slow = [channel.context.deliveries.downloads.problem() for channel in self.engine.channels]
            self._shared.complain("downloads", next(filter(None, slow), None))
            self._shared.complain("log", logs.trouble())
            self._watch_key()
            self._shared.tell()
            if not self._settled:
                self._settle_in()
            self._look_at_rooms()
            if clock.monotonic() - swept >= SWEEP:
                swept = clock.monotonic()
                self._sweep()
                memory.give_back()

    def _look_at_rooms(self) -> None:
        """So that `status` knows the disks though nothing waits to be bought; and where it may be bought from now on,
        what lies there is looked at again."""
        try:
            buying = set(self._rooms.buyable())
            freed = self._arrivals.look_again(buying)
        except LedgerUnavailable as error:
            logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
            return
        if self._buying is not None and not buying <= self._buying:
            self._sweep()
            self.wake()
        elif freed:
            self.wake()
        self._buying = buying

    def _watch_key(self) -> None:
        """A key that was corrected is tried at once, by what waits for one, too."""
        corrected = [one for one in self.sellers if one.has_other_key()]
        if not corrected:
            return
        for one in corrected:
            one.standing.control.look_now()
        try:
            self._shared.ledger.clock_set(0.0, self._shared.clock.time())  # cuts all waits short
        except LedgerUnavailable as error:
            logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
        self.wake()

    def _rest(self, stop: threading.Event) -> bool:
        """Until the next turn, which the end of the first scan brings at once; whether all is to end."""
        scanned, clock = self.vault.first_scan_done, self._shared.clock
        if self._saw_scan:
            return stop.wait(HOUSEKEEPING)
        until = clock.monotonic() + HOUSEKEEPING
        while not scanned.is_set() and clock.monotonic() < until:
            if stop.wait(SLICE):
                return True
        self._saw_scan = scanned.is_set()
        return stop.is_set()

    def _sweep(self) -> None:
        now = self._shared.clock.time()
        partials_in(self.config.state_dir).tidy(now)
        try:
            self._arrivals.sweep([row.path for row in self.vault.states() if row.state != "offline"])
            if self._absent.seek(self.intake.missing(), now):
                self.wake()
        except (LedgerUnavailable, OSError) as error:
            logger.warning(_("the folders could not be looked at just now: {error}"), error=str(error))


def _about(number: int) -> str:
    """The key of what is wrong with a provider."""
    return f"provider:{number}" if number else "provider"


def revive(settings: Mapping[str, Any]) -> Optional[Provider]:
    """A provider of an earlier config, with its own key; ``None`` where that key is no longer set."""
    config = ProviderConfig.model_validate(settings)
    key = KeySource(config)
    try:
        key()
    except SoradError:
        return None
    return providers.make(config, key)
