"""The daemon put together: lock, ledger, provider, engine and folder side, and their threads.

`sorad run`, `sorad once` and `sorad demo` are this with different ends.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Callable, Optional

from loguru import logger

from sorad import providers
from sorad.claim.arrivals import Arrivals
from sorad.claim.claims import Claims
from sorad.claim.machine import machine_of
from sorad.clock import Clock, SystemClock
from sorad.config.key import KeySource
from sorad.config.model import Config, ProviderConfig
from sorad.daemon.threads import Supervised, Trouble, troubles
from sorad.engine.accounts import Accounts
from sorad.engine.commands import Commands
from sorad.engine.control import Control
from sorad.engine.disk import free_bytes
from sorad.engine.loop import Engine
from sorad.engine.progress import Progress
from sorad.engine.rooms import Rooms
from sorad.engine.steps.kit import Kit
from sorad.intake.reading import Intake
from sorad.ledger.interface import Change, LedgerUnavailable
from sorad.ledger.place import ledger_path
from sorad.ledger.rescue import open_or_rebuild
from sorad.lock import Holder, Lock, acquire
from sorad.messages import _
from sorad.model import State
from sorad.problems import Problem, SoradError
from sorad.providers.base import Provider
from sorad.vault.service import Vault

# The daemon's own look at its threads, and at what a sync brought into the folders, in seconds.
HOUSEKEEPING, SWEEP = 5.0, 60.0


class Daemon:
    """Everything that runs. Make it, ``start`` it, ``stop`` it; it holds the lock from start to stop."""

    def __init__(
        self, config: Config, command: str, *, clock: Optional[Clock] = None, seed: Optional[int] = None
    ):
        """``command`` names the holder of the lock: "run", "once" or "demo"."""
        self.config = config
        self.command = command
        self.clock = clock or SystemClock()
        self._rng = random.Random(seed)
        self._stopping = threading.Event()
        self._lock: Optional[Lock] = None
        self._told: tuple[list[dict[str, Any]], list[str]] = ([], [])
        self._crashes: deque[Trouble] = deque(maxlen=3)  # of steps: mistakes in sorad itself

    def start(self, locked: Callable[[], None] = lambda: None) -> None:
        """Take the lock, open the ledger, start the threads. :class:`SoradError` where that cannot be.

        ``locked`` is called once the lock is held: only its holder may write the log file.
        """
        self._lock = acquire(self.config.state_dir, self.command)
        try:
            locked()
            self._assemble()
        except BaseException:
            self._lock.release()
            raise
        for thread in self._threads:
            thread.start()

    def _assemble(self) -> None:
        config = self.config
        self.ledger = open_or_rebuild(ledger_path(config.state_dir), self.clock.time())
        self._recover()
        provider = providers.make(config.provider, KeySource(config.provider))
        self.progress = Progress()
        self.control = Control(self.ledger, config.limits, self.clock)
        settings = config.provider.model_dump(mode="json")
        self.accounts = Accounts(provider, settings, self.ledger, revive)
        self._intake = intake = Intake(
            config, provider.validate, self.ledger, self.clock, self._wake, provider.price, provider.currency
        )
        self.vault = Vault(config.watch, self.ledger, intake, self.clock, self._wake)
        self.claims = Claims(config.watch, self.ledger, self.clock, machine_of(config.state_dir))
        self._arrivals = Arrivals(self.ledger, self.claims, self.clock, self.vault.rescan)
        self._rooms = rooms = Rooms(
            config.watch, config.disk, self.ledger, self.vault.states, free_bytes, self.claims.may_buy
        )
        self._kit = Kit(
            config=config,
            ledger=self.ledger,
            accounts=self.accounts,
            control=self.control,
            clock=self.clock,
            rng=self._rng,
            progress=self.progress,
            stopping=self._stopping.is_set,
            pause=lambda seconds: void(self._stopping.wait(seconds)),
            sizes=rooms.delivered,
            crashed=self._crashed,
            ready=self.vault.ready,
            guard=self._arrivals.guard,
            payer=self.claims.payer,
        )
        commands = Commands(self._kit, self._scan, self.claims)
        self.engine = Engine(self._kit, rooms, commands.run)
        self.ledger.remember("currency", provider.currency)
        self.ledger.remember("limits", {"concurrency": config.limits.concurrency})
        self.ledger.remember("troubles", [])
        self.ledger.remember("notices", [])
        self._threads = [
            Supervised("engine", self.engine.run, self.clock, self._tell_troubles),
            Supervised("vault", self.vault.run, self.clock, self._tell_troubles),
            Supervised("housekeeping", self._keep_house, self.clock, self._tell_troubles),
        ]

    def _recover(self) -> None:
        unsure = self.ledger.recover(f"{self.command}-{self._rng.getrandbits(32):08x}", self.clock.time())
        for take in unsure:
            logger.warning(
                _(
                    "take {id}: sorad ended while its create was under way; whether it was accepted is looked up"
                ),
                id=take.id,
            )

        for take in self.ledger.takes(states=[State.HELD]):
            # The budget may be another by now; what is still too dear is held again.
            if take.error is not None and take.error.code in ("budget.day", "budget.price"):
                change = Change(State.QUEUED, "weighed again", due_at=self.clock.time(), clear_error=True)
                self.ledger.record(take, change, self.clock.time())

    @property
    def holder(self) -> Optional[Holder]:
        """Who holds the lock: this process, once it has started."""
        return self._lock.holder if self._lock is not None else None

    def stop(self, grace: float = 8.0) -> bool:
        """End: no new step starts, running ones get ``grace`` seconds; whether all ended in time.

        A step that is abandoned loses nothing: its intent is in the ledger, its file a ``.tmp``.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.stop()
        self._wake()
        self.vault.wake()
        deadline = self.clock.monotonic() + grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - self.clock.monotonic()))
        ended = self.engine.wait_idle(deadline - self.clock.monotonic())
        if ended:
            self.ledger.close()
            if self._lock is not None:
                self._lock.release()  # else the end of the process does
        return ended

    # --- the threads' errands ----------------------------------------------------------------------

    def _wake(self) -> None:
        engine = getattr(self, "engine", None)
        if engine is not None:
            engine.wake()

    def _crashed(self, problem: Problem) -> None:
        self._crashes.append(Trouble(self.clock.time(), problem))
        self._tell_troubles()

    def _scan(self, path: Optional[str]) -> None:
        self.vault.rescan(path)

    def _keep_house(self, stop: threading.Event) -> None:
        swept = self.clock.monotonic()
        while not stop.wait(HOUSEKEEPING):
            self._tell_troubles()
            try:
                self._rooms.buyable()  # so that `status` knows the disks though nothing waits to be bought
            except LedgerUnavailable as error:
                logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
            if self.clock.monotonic() - swept >= SWEEP:
                swept = self.clock.monotonic()
                self._sweep()

    def _sweep(self) -> None:
        try:
            self._arrivals.sweep([row.path for row in self.vault.states() if row.state != "offline"])
        except (LedgerUnavailable, OSError) as error:
            logger.warning(_("the folders could not be looked at just now: {error}"), error=str(error))

    def _tell_troubles(self) -> None:
        found = troubles(self._threads, list(self._crashes), self.clock.time())
        try:
            worth = (*self.vault.problems(), *self._intake.problems())
            notices = [problem.to_json() for problem in worth]
            if (found, notices) == self._told:
                return
            self.ledger.remember("troubles", found)
            self.ledger.remember("notices", notices)
            self._told = found, notices
        except LedgerUnavailable as error:
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))


def revive(settings: Mapping[str, Any]) -> Optional[Provider]:
    """A provider of an earlier config, with its own key; ``None`` where that key is no longer set."""
    config = ProviderConfig.model_validate(settings)
    key = KeySource(config)
    try:
        key()
    except SoradError:
        return None
    return providers.make(config, key)


def void(_value: object) -> None:
    """Drops a value, where a callable that returns nothing is wanted."""
