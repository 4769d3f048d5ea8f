"""The daemon put together: lock, ledger, what the provider did to us, and the parts that run under a config.

`sorad run`, `sorad once` and `sorad demo` are this with different ends.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Optional

from loguru import logger

from sorad import heartbeat
from sorad.claim.buyers import Buyer, Buyers
from sorad.claim.claims import Claims
from sorad.clock import Clock, SystemClock, boot_id, uptime
from sorad.condition import LIMIT, Part
from sorad.config.model import Config
from sorad.daemon import memory
from sorad.daemon.configfile import changed_since, stamp
from sorad.daemon.parts import Parts, SharedState
from sorad.daemon.reporting import World
from sorad.daemon.standings import Standings
from sorad.daemon.systemd import Systemd, standing
from sorad.daemon.threads import Attended, Supervised, Trouble, fresh
from sorad.daemon.watchman import Watched, Watchman
from sorad.engine.decide.stuck import needs_user
from sorad.engine.run.lanes import Lane
from sorad.engine.run.loop import Engine
from sorad.engine.state.control import Control
from sorad.engine.state.progress import Progress
from sorad.health.facts import Facts, from_ledger, ledger_problem
from sorad.health.pulse import Pulse, PulseFile, read_pulse
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.place import ledger_path
from sorad.ledger.quarantine import open_or_rebuild
from sorad.ledger.states import OPEN
from sorad.lock import Holder, Lock, acquire
from sorad.messages import _
from sorad.problems import Problem
from sorad.vault.service import Vault

# How long the parts of the old config may take to end at a reload, in seconds. What takes longer (a folder
# that does not answer, a download that hangs) ends later by itself: its takes stay claimed until then.
RETIRE = 10.0


class Daemon:
    """Everything that runs. Make it, ``start`` it, ``stop`` it; it holds the lock from start to stop."""

    def __init__(
        self,
        config: Config,
        command: str,
        *,
        clock: Optional[Clock] = None,
        seed: Optional[int] = None,
        limit: float = LIMIT,
        segments: Sequence[range] = (),
    ):
        """``command`` names the holder of the lock: "run", "once" or "demo". ``limit``: seconds without a
        heartbeat from which on a part counts as hung. ``segments``: those that may be bought; none: all."""
        self.config = config
        self.command = command
        self.segments = segments
        self.clock = clock or SystemClock()
        self._rng = random.Random(seed)
        self._ending = threading.Event()
        self._lock: Optional[Lock] = None
        self._buyers = Buyers(Buyer(os.getpid(), command, str(config.state_dir)), self.clock)
        self._told: list[str] = []
        self._telling = threading.Lock()
        # of steps, and when (monotonic): mistakes in sorad itself
        self._crashes: deque[Trouble] = deque(maxlen=3)
        self._file: Optional[Path] = None  # of the config
        self._read_as: Optional[tuple[int, int]] = None
        self._standing: dict[str, Trouble] = {}  # what is wrong until it is taken back
        self._published: dict[str, Any] = {}
        self._began = self.clock.monotonic()
        self._limit = limit
        self._attended: list[Attended] = []
        self._former: list[Lane] = []  # in which steps of an earlier config are still under way
        self.systemd = Systemd()
        self._pulse = PulseFile()
        self.watchman = Watchman(self._watched, self._look, self._pulse, self.systemd, self.clock)
        self._watching = Supervised("watchman", self.watchman.run, self.clock, lambda: None, limit)

    # --- what others work with ---------------------------------------------------------------------

    @property
    def vault(self) -> Vault:
        """The folder side."""
        return self.parts.vault

    @property
    def engine(self) -> Engine:
        """The loop that gives due steps to its lanes."""
        return self.parts.engine

    @property
    def control(self) -> Control:
        """Of the first provider."""
        return self.parts.standings[0].control

    @property
    def claims(self) -> Claims:
        """Whether this machine may buy."""
        return self.parts.claims

    @property
    def holder(self) -> Optional[Holder]:
        """Who holds the lock: this process, once it has started."""
        return self._lock.holder if self._lock is not None else None

    # --- beginning and end -------------------------------------------------------------------------

    def start(self, locked: Callable[[], None] = lambda: None) -> None:
        """Take the lock, open the ledger, start the threads. :class:`SoradError` where that cannot be.

        ``locked`` is called once the lock is held: only its holder may write the log file.
        """
        memory.bound_heaps()
        self._lock = acquire(self.config.state_dir, self.command, pulse=str(self._pulse.path))
        self._pulse.tidy()
        self._buyers.tidy()
        self.watchman.say(_("opening the ledger"))
        self._watching.start()
        try:
            locked()
            self._assemble()
        except BaseException:
            self._stop_watching()
            self._buyers.close()
            self._lock.release()
            raise
        self.parts.start()
        self.watchman.say(_("looking through the folders"))
        self._look_at_sandbox()

    @contextlib.contextmanager
    def attended(self) -> Iterator[None]:
        """Inside the block, the thread that runs it is watched: it takes signals and carries reloads out."""
        main = Attended("main", self.clock, self._limit)
        self._attended = [main]
        try:
            with heartbeat.lent(main.beat):
                yield
        finally:
            self._attended = []

    def _assemble(self) -> None:
        self.ledger = open_or_rebuild(ledger_path(self.config.state_dir), self.clock.time())
        self._recover()
        self.progress = Progress()
        self.standings = Standings(self.ledger, self.clock)
        self._shared = SharedState(
            ledger=self.ledger,
            clock=self.clock,
            rng=self._rng,
            standings=self.standings,
            progress=self.progress,
            ending=self._ending,
            crashed=self._crashed,
            failed=self.watchman.wake,
            tell=self._tell_notices,
            complain=self.complain,
            limit=self._limit,
            segments=self.segments,
            buyers=self._buyers,
            world=self._world() if self.command == "run" else None,
        )
        self.parts = Parts(self.config, self._shared)
        self.standings.follow(self.config, self.parts.standings)
        self.ledger.remember("troubles", [])  # an earlier sorad told them here
        self.ledger.remember("notices", [])

    def _world(self) -> World:
        """For who tells people: how it stands, asked of the daemon's own ledger."""
        return World(self.ledger, self.clock, self._facts, self.complain, self.watchman.wake, self._limit)

    def _facts(self) -> Facts:
        now = self.clock.time()
        try:
            return from_ledger(self.ledger, self.holder, now)
        except (LedgerUnavailable, LedgerDamaged) as error:
            return Facts(now, self.holder, ledger_problem(error), pulse=read_pulse(self.holder))

    def _recover(self) -> None:
        owner = f"{self.command}-{self._rng.getrandbits(32):08x}"
        unsure = self.ledger.recover(owner, self.clock.time(), boot_id(), uptime)
        for take in unsure:
            logger.warning(
                _(
                    "take {id}: sorad ended while its create was under way; whether it was accepted is looked up"
                ),
                id=take.id,
            )
        self._try_anew()

    def _try_anew(self) -> None:
        """What only the user could mend may be mended by now: a start tries it at once."""
        takes = self.ledger.takes(states=OPEN)
        waiting = [take.id for take in takes if take.error is not None and needs_user(take.error)]
        if waiting:
            self.ledger.make_due(waiting, self.clock.time())

    def change(self, config: Config, interrupted: Callable[[], bool] = lambda: False) -> None:
        """Go over to another config. Raises, and stays with the present one, where that cannot be.

        New parts are made first; then the old ones are asked to end. A create that is under way goes on to
        its answer. ``config`` must have the same ``state_dir``. ``interrupted``: the process is to end, so
        nothing new need begin. :class:`SoradError`, :class:`LedgerUnavailable`.
        """
        old, fresh = self.parts, Parts(config, self._shared)
        old.retire()
        deadline = self.clock.monotonic() + RETIRE
        while (slow := old.wait(0.1)) and self.clock.monotonic() < deadline:
            heartbeat.beat()
            if interrupted():
                return
        if slow:
            logger.warning(_("the old config's {names} have not ended yet"), names=", ".join(slow))
        self._former += old.let_go()
        self.standings.follow(config, fresh.standings, fresh.elsewhere(old))
        self.config, self.parts, self._began = config, fresh, self.clock.monotonic()
        fresh.start()
        self._look_at_sandbox()

    def stop(self, grace: float = 8.0) -> bool:
        """End: no new step starts, running ones get ``grace`` seconds; whether all ended in time.

        A step that is abandoned loses nothing: its intent is in the ledger, its file a ``.tmp``.
        """
        self.watchman.stopping(_("stopping: no new step starts, running ones end"))
        self._ending.set()
        self._shared.decoder.close()
        self.parts.retire()
        slow = self.parts.wait(grace)
        self._stop_watching()
        if slow:
            return False  # the end of the process lets go of ledger and lock
        self.ledger.close()
        self._buyers.close()
        if self._lock is not None:
            self._lock.release()
        return True

    def _stop_watching(self) -> None:
        self._watching.stop()
        self.watchman.wake()
        self._watching.join(2.0)
        self._pulse.remove()

    # --- how it stands -----------------------------------------------------------------------------

    def complain(self, key: str, problem: Optional[Problem]) -> None:
        """Something is wrong (``None``: no longer) until it is said otherwise; `status` shows it."""
        if problem is None:
            if self._standing.pop(key, None) is None:
                return
        elif key not in self._standing or self._standing[key].problem != problem:
            self._standing[key] = self._since_now(problem)
        self.watchman.wake()

    def reads(self, file: Path) -> None:
        """The config was read from ``file`` just now: when that changes without a reload, it is told."""
        self._file, self._read_as = file, stamp(file)

    def _unread(self) -> Sequence[Problem]:
        if self._file is None or stamp(self._file) == self._read_as:
            return ()
        return [changed_since(self._file)]

    def publish(self, name: str, value: Any) -> None:
        """Let other processes know something, as plain JSON (:attr:`Pulse.more`)."""
        self._published = {**self._published, name: value}
        self.watchman.wake()

    def _look_at_sandbox(self) -> None:
        """Publish what is open to this process; in a thread of its own, which may hang on a dead share."""
        from sorad.service.sandbox import findings

        config = self.config
        look = threading.Thread(
            target=lambda: self.publish("sandbox", findings(config)), name="sandbox", daemon=True
        )
        look.start()

    def _crashed(self, problem: Problem) -> None:
        self._crashes.append(self._since_now(problem))
        self.watchman.wake()

    def _since_now(self, problem: Problem) -> Trouble:
        return Trouble(self.clock.time(), problem, self.clock.monotonic())

    def _watched(self) -> Sequence[Watched]:
        """All that must live, the watchman too: it tells of a failure of its own once it runs again."""
        parts: Optional[Parts] = getattr(self, "parts", None)
        own: list[Watched] = [self._watching, *self._attended]
        if parts is None:  # the ledger is being opened
            return own
        self._former = [lane for lane in self._former if lane.busy]
        return [*own, *parts.watched(), *self._former]

    def _look(self, stand: Sequence[Part]) -> Pulse:
        """The pulse. Waits for nothing: no ledger, no folder, no lock that may be held over one."""
        parts: Optional[Parts] = getattr(self, "parts", None)
        found = [*self._standing.values(), *fresh(list(self._crashes), self.clock.monotonic())]
        return Pulse(
            age=0.0,
            every=self._pulse.every,
            ready=parts is not None and parts.vault.first_scan_done.is_set(),
            running=round(self.clock.monotonic() - self._began, 1),
            parts=tuple(stand),
            troubles=tuple(trouble.to_json() for trouble in found),
            more=self._published,
        )

    def _tell_notices(self) -> None:
        """What is worth knowing goes to the ledger, where it has changed; a line goes to `systemctl status`."""
        parts = self.parts
        try:
            if self.systemd.listens and parts.vault.first_scan_done.is_set():
                why = list(parts.why_not())
                self.watchman.say(
                    standing(
                        self.ledger.counts(),
                        parts.vault.states(),
                        next(iter(why), None),
                        self.control.paused,
                    )
                )
            worth = (
                *parts.vault.problems(),
                *parts.intake.problems(),
                *parts.clock_problems(),
                *parts.telling.notes(),
                *parts.notes.problems(),
                *parts.cutter.problems(),
                *self._unread(),
            )
            notices = [problem.to_json() for problem in worth]
            with self._telling:
                if notices == self._told:
                    return
                self.ledger.remember("notices", notices)
                self._told = notices
        except LedgerUnavailable as error:
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))
