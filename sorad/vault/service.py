"""The folder side's one thread: hints, scans, settling and reading, each when it is due.

The scan is the truth, events are hints. For each root the watcher is started, then the root is scanned; it is
scanned again every ``rescan_seconds``, on a short period where no events come, after any trouble of the
watcher, and below a folder that something happened to. Between all that the thread sleeps.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from loguru import logger

from sorad import heartbeat
from sorad.clock import Clock
from sorad.config.model import Watch
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import RootRow
from sorad.messages import _
from sorad.problems import Problem
from sorad.vault.mount_table import mounted
from sorad.vault.reader import Intake
from sorad.vault.root import Root
from sorad.vault.roots import Roots
from sorad.vault.watch import Watcher

TURN = 5.0  # seconds: the longest pause between two turns, and between two checks of the watcher
SLICE = 1.0  # seconds after which a stop is noticed though nobody called ``wake``
MANY_HINTS = 1_000  # beyond, one scan is cheaper
LEDGER_FIRST, LEDGER_LAST = 1.0, 30.0  # seconds until a ledger that failed is tried again
EVERY_ROOT = 120.0  # seconds after the start from which on no root waits for another to be read


Make = Callable[[Callable[[str], None], Callable[[], None]], Watcher]


class Vault:
    """Keeps the ledger in step with the watched folders.

    ``run`` is a thread's main and may be called again after it raised. ``hint``, ``rescan``, ``wake``,
    ``quiet``, ``ready``, ``away``, ``is_away``, ``edits``, ``is_edited``, ``states`` and ``problems`` may be
    called from any thread.
    ``wake`` given to the constructor is called after the ledger was changed.
    """

    def __init__(
        self,
        watches: Sequence[Watch],
        ledger: Ledger,
        intake: Intake,
        clock: Clock,
        wake: Callable[[], None] | None = None,
        make_watcher: Make = Watcher,
    ) -> None:
        self._roots = Roots(watches)
        self._ledger = ledger
        self._intake = intake
        self._clock = clock
        self._tell = wake or (lambda: None)
        self._make_watcher = make_watcher
        self._watcher: Watcher | None = None
        self._work: dict[str, Root] = {}
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._hints: set[str] = set()
        self._scans: set[str] = set()
        self._alarm = False
        self._check_at = 0.0
        self._ledger_fails = 0
        self._not_before = 0.0
        self._quiet = False
        self._ready: frozenset[str] = frozenset()
        self._began = clock.monotonic()
        self._all_ready = False  # every root that was there was read once
        self._states = [RootRow(root, "offline", "") for root in self._roots.watches]
        self._problems: list[Problem] = []
        self._away: frozenset[str] = frozenset()
        self.first_scan_done = threading.Event()

    # --- from any thread ---------------------------------------------------------------------------
    def hint(self, path: str) -> None:
        """Something happened to a storyboard, or in a folder."""
        with self._news:
            self._hints.add(path)
            self._quiet = False
            self._news.notify_all()

    def rescan(self, root: str | None = None) -> None:
        """Scan the root that a path belongs to (all: ``None``), and read again what was invalid."""
        found = self._roots.locate(root) if root is not None else None
        with self._news:
            self._scans.update([found[0]] if found is not None else self._roots.watches)
            self._quiet = False
            self._news.notify_all()

    def wake(self) -> None:
        """Take a turn now: the watcher has something to look at, or ``stop`` was set."""
        with self._news:
            self._alarm = True
            self._news.notify_all()

    def quiet(self) -> bool:
        """Whether every root that is there was scanned since the start and nothing waits to be read."""
        return self._quiet

    def ready(self, root: str) -> bool:
        """Whether what is there was read: until then, what the ledger wants bought may be out of date.

        An old copy of the ledger, a storyboard renamed or edited while nobody looked: a take is not bought
        before its root was looked through, since the start or since its disk came back. Nor, at the start,
        before all roots were: the limit of what is in flight is one for all of them, and with the ledger lost
        only the receipts tell what is. One that is away, or whose disk does not answer, is not waited for.
        """
        waited = self._all_ready or self._clock.monotonic() - self._began >= EVERY_ROOT
        return waited and root in self._ready

    def states(self) -> list[RootRow]:
        """How the roots stand; ``offline`` until they are first looked at."""
        return list(self._states)

    def problems(self) -> list[Problem]:
        """Conflict copies, files in the cloud, folders that cannot be read, disks that are away."""
        return list(self._problems)

    def away(self) -> frozenset[str]:
        """Where disks below the roots are away, as last looked at; back ones until all on them was read."""
        return self._away

    def is_away(self, mount: str) -> bool:
        """Whether the disk that belongs there is away, looked at now."""
        return mount != "" and (mount in self._away or not mounted(mount))

    def edits(self) -> set[str]:
        """Paths of storyboards that are being edited: nothing is bought for them just now."""
        return {path for work in list(self._work.values()) for path in work.edits()}

    def is_edited(self, path: str) -> bool:
        """Whether a storyboard is being edited, looked at now: before the watcher tells, or where none does."""
        found = self._roots.locate(path)
        work = self._work.get(found[0]) if found is not None else None
        if found is None or work is None or not work.is_edited(found[1]):
            return False
        self.hint(found[1])
        return True

    # --- the thread --------------------------------------------------------------------------------
    def run(self, stop: threading.Event, beat: Callable[[], None] = heartbeat.beat) -> None:
        """Work until ``stop`` is set."""
        self._stop = stop
        try:
            while not stop.is_set():
                beat()
                self._wait(self.turn())
        finally:
            self.close()

    def close(self) -> None:
        """Stop watching."""
        watcher, self._watcher = self._watcher, None
        self._work = {}
        self._quiet = False
        if watcher is not None:
            watcher.close()

    def turn(self) -> float:
        """Do all that is due now; returns the monotonic time of what is due next."""
        now = self._clock.monotonic()
        if now < self._not_before:
            return self._not_before
        try:
            self._do(now)
        except LedgerUnavailable as error:
            self._ledger_failed(error, now)
            return self._not_before
        if self._ledger_fails:
            logger.info(_("the ledger can be used again"))
            self._ledger_fails = 0
        self._show()
        return self._next_at(now)

    def _do(self, now: float) -> None:
        watcher = self._start()
        hints, scans, alarm = self._take_news()
        if alarm or now >= self._check_at:
            self._check_at = now + TURN
            for trouble in watcher.check(now):
                self._work[trouble.root].heard(trouble.what)
                self._work[trouble.root].ask_scan(now)
                self._work[trouble.root].publish()
        for root in scans:
            self._work[root].ask_scan(now, force=True)
        self._follow(hints, now)
        for work in self._work.values():
            if not self._tick():
                return
            work.turn(self._clock.monotonic())
            self._show()
        if all(work.looked for work in self._work.values()):
            self.first_scan_done.set()

    def _start(self) -> Watcher:
        """The watcher and the roots, made at the first turn of a run."""
        if self._watcher is not None and self._work.keys() == self._roots.watches.keys():
            return self._watcher
        before = {row.path: row for row in self._ledger.roots()}
        for path, row in before.items():
            if path not in self._roots.watches and row.active:
                self._ledger.put_root(replace(row, active=False))
        watcher = self._watcher or self._make_watcher(self.hint, self.wake)
        self._watcher = watcher
        for path in self._roots.watches:
            work = Root(
                path, self._roots, self._ledger, self._intake, watcher, self._clock, self._tick, self._tell
            )
            work.restore(before.get(path))
            self._work[path] = work
        return watcher

    def _follow(self, hints: set[str], now: float) -> None:
        """Look at what was hinted at; what lies below a folder that was scanned is seen already."""
        if len(hints) > MANY_HINTS:
            for work in self._work.values():
                work.ask_scan(now)
            return
        scanned = ""
        for path in sorted(hints, key=lambda path: Path(path).parts):
            found = self._roots.locate(path)
            if found is None or (scanned and path.startswith(scanned + os.sep)):
                continue
            if self._work[found[0]].hint(found[1], now):
                scanned = path

    def _take_news(self) -> tuple[set[str], set[str], bool]:
        with self._news:
            news = self._hints, self._scans, self._alarm
            self._hints, self._scans, self._alarm = set(), set(), False
        return news

    def _tick(self) -> bool:
        heartbeat.beat()
        return not self._stop.is_set()

    def _ledger_failed(self, error: LedgerUnavailable, now: float) -> None:
        """Wait; then scan all roots, because the hints of this turn are lost."""
        self._ledger_fails += 1
        if self._ledger_fails == 1:
            logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
        delay = min(LEDGER_LAST, LEDGER_FIRST * 2.0 ** min(self._ledger_fails - 1, 10))
        self._not_before = now + delay
        self._quiet = False
        for work in self._work.values():
            work.ask_scan(self._not_before)

    def _show(self) -> None:
        """Publish for other threads what this turn came to."""
        self._states = [work.row for work in self._work.values()]
        self._ready = frozenset(path for path, work in self._work.items() if work.ready)
        if not self._all_ready:
            self._all_ready = self._every_root_is_ready()
        self._away = frozenset(mount for work in self._work.values() for mount in work.away())
        self._problems = [problem for work in self._work.values() for problem in work.problems()]
        with self._news:
            nothing_new = not (self._hints or self._scans)
            self._quiet = nothing_new and all(work.quiet() for work in self._work.values())

    def _every_root_is_ready(self) -> bool:
        """Whether all were read; one that is away is not waited for."""
        away = [work for work in self._work.values() if work.looked and not work.online]
        return len(self._ready) + len(away) == len(self._work) > 0

    def _next_at(self, now: float) -> float:
        dues = [self._check_at, now + TURN, *(work.next_at() for work in self._work.values())]
        check = self._watcher.next_at() if self._watcher is not None else None
        if check is not None:
            self._check_at = min(self._check_at, check)
            dues.append(check)
        return min(dues)

    def _wait(self, until: float) -> None:
        """Sleep until then, or until there is news that the ledger can be told of."""
        with self._news:
            while not self._stop.is_set():
                now = self._clock.monotonic()
                news = self._hints or self._scans or self._alarm
                if now >= until or (news and now >= self._not_before):
                    return
                self._news.wait(min(until - now, SLICE))
