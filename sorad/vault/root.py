"""One watched root: looked at, compared with the ledger, its files read once they are settled."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from sorad.clock import Clock
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import RootRow, Storyboard
from sorad.messages import _
from sorad.problems import Problem
from sorad.storyboard import source
from sorad.vault.attempts import Attempts
from sorad.vault.compare import Changes, compare, differs, is_below, is_edit, is_typed, not_ours
from sorad.vault.mounts import Mounts
from sorad.vault.names import conflict_copy, is_text, may_be_one
from sorad.vault.notes import Notes
from sorad.vault.own import is_receipt
from sorad.vault.pace import Pace
from sorad.vault.problems import (
    being_typed,
    conflict,
    edited,
    happened,
    in_the_cloud,
    never_read,
    unreadable,
)
from sorad.vault.reader import StillWritten
from sorad.vault.roots import Roots
from sorad.vault.scan import RootOffline, Scan, Seen, identity_of, is_hidden, is_listed, look, scan
from sorad.vault.settle import Settle

if TYPE_CHECKING:
    from sorad.vault.reader import Intake
    from sorad.vault.watch import Watcher

AGAIN = 0.1  # seconds, at least, between two looks at the pictures of a storyboard
OFFLINE_LOOK = 5.0  # seconds between two looks for a root that is away
READY_AFTER = 60.0  # seconds after the first look from which on a file that never settles keeps nothing up
TOLD_FOR = 3_600.0  # seconds for which `status` tells what happened to the watcher, though it is mended


class Root:
    """What is known and what is due for one root. All in the vault's thread; ``now`` is monotonic."""

    def __init__(
        self,
        path: str,
        roots: Roots,
        ledger: Ledger,
        intake: Intake,
        watcher: Watcher,
        clock: Clock,
        tick: Callable[[], bool],
        wake: Callable[[], None],
    ) -> None:
        """``tick`` is called between pieces of work and tells whether to go on; ``wake`` after news."""
        self.path = path
        self._watch = roots.watches[path]
        self._roots = roots
        self._ledger = ledger
        self._intake = intake
        self._watcher = watcher
        self._clock = clock
        self._tick = tick
        self._wake = wake
        self._settle = self._new_settle()
        self._notes = Notes(self._was_storyboard)
        self._missing: dict[str, float] = {}  # path: when it was first missed
        self._attempts = Attempts()
        self._forced: set[str] = set()  # to be read though nothing changed
        self._hurry = False  # the next scan is somebody's wish: edits need not wait
        self._waiting: set[str] = set()  # in the cloud
        self._conflicts: set[str] = set()
        self._never_read: list[str] = []
        self._unreadable: dict[str, str] = {}
        self._receipts: dict[str, tuple[int, int]] = {}  # of storyboards' names: size and time of each
        self._boards: dict[str, Storyboard] | None = None
        self._scan_at = clock.monotonic()
        self._pace = Pace(path, self._watch, watcher)
        self._happened: dict[str, float] = {}  # to the watcher, and when (epoch seconds)
        self._mounts = Mounts()
        self._published: tuple[str, str, Problem | None] | None = None
        self.identity = ""
        self.looked = False  # at least once since the start
        self.ready = False  # all that was there when it was first looked at, or came back, was read
        self._here_since: float | None = None
        self.row = RootRow(path, "offline", "")

    # --- questions ---------------------------------------------------------------------------------
    @property
    def online(self) -> bool:
        """Whether it is there."""
        return self.row.state != "offline"

    def next_at(self) -> float:
        """When something is due."""
        dues = [self._scan_at, *(first + self._watch.settle_seconds for first in self._missing.values())]
        settled = self._settle.next_at()
        return min(dues if settled is None else [*dues, settled])

    def quiet(self) -> bool:
        """Whether all that is there was read."""
        return self.looked and len(self._settle) <= self._attempts.hopeless() and not self._missing

    def problems(self) -> list[Problem]:
        """What in this root needs somebody's eye, beside its state."""
        found = [conflict(path) for path in sorted(self._conflicts)]
        found += [never_read(self._never_read)] if self._never_read else []
        found += [in_the_cloud(path) for path in sorted(self._waiting)]
        found += [edited(path, self._stillness(path)) for path in sorted(self.edits())]
        typed = sorted(self._settle.typed()) if self._watch.note_seconds else ()  # `once` has no such wait
        found += [being_typed(path, self._watch.note_seconds) for path in typed]
        found += self._attempts.problems()
        found += [unreadable(path, reason) for path, reason in sorted(self._unreadable.items())]
        recent = self._clock.time() - TOLD_FOR
        found += [happened(self.path, what, at) for what, at in self._happened.items() if at >= recent]
        return found + self._mounts.problems()

    def away(self) -> set[str]:
        """Where disks below it are away, or were not read through since they are back: nothing is bought there."""
        return self._mounts.back.union(self._mounts.away)

    def edits(self) -> set[str]:
        """Storyboards that are being edited: nothing is bought for them. From any thread."""
        return {path for path in self._settle.edits() if self._stillness(path)}

    def _stillness(self, path: str) -> float:
        """For how many seconds an edited storyboard is to be still; 0: there is no such wait."""
        return max(self._watch.edit_seconds, self._watch.note_seconds if source.is_typed(path) else 0.0)

    def is_edited(self, path: str) -> bool:
        """Whether a storyboard is being edited, or is another one by now than was read. From any thread."""
        if not self._stillness(path):
            return False
        if path in self._settle.edits():
            return True
        known = self._ledger.storyboard_at(path)
        try:
            seen = self._see(path)
        except OSError:
            return False  # it cannot be told
        return seen is None or (not seen.placeholder and is_edit(seen, known))

    def _see(self, path: str) -> Seen | None:
        """The storyboard at a path. From any thread."""
        return look(path, self._roots.real_paths(), self.path, self._notes)

    def _was_storyboard(self, path: str) -> bool:
        known = self._ledger.storyboard_at(path)
        return known is not None and known.state != "gone"

    # --- what others ask of it ---------------------------------------------------------------------
    def restore(self, row: RootRow | None) -> None:
        """Take up what the ledger remembers of the last run."""
        self.identity = row.device if row is not None else ""

    def heard(self, what: str) -> None:
        """Something happened to the watcher: see :class:`sorad.vault.watch.Trouble`."""
        if what:
            self._happened.pop(what, None)  # the latest last
            self._happened[what] = self._clock.time()

    def ask_scan(self, at: float, *, force: bool = False) -> None:
        """Scan at ``at`` at the latest; ``force``: and read again what was invalid."""
        self._scan_at = min(self._scan_at, at)
        if force:
            bad = [board.path for board in self._owned().values() if board.state == "invalid"]
            self._forced.update(bad)
            self._hurry = True

    def turn(self, now: float) -> None:
        """Do what is due."""
        try:
            if now >= self._scan_at or (self.online and self._mounts.moved()):
                self._scan(now)
            if self.online:
                self._read_settled(now)
                self._judge_missing(now)
                self._judge_ready(now)
                self._judge_disks()
        finally:
            self._boards = None  # the reads changed it

    def _judge_ready(self, now: float) -> None:
        if self._here_since is None:
            self._here_since = now
        # A note that is waited for may tell what was bought: with the ledger lost, its receipts alone do.
        patience = READY_AFTER + (self._watch.note_seconds if self._settle.typed() else 0.0)
        if not self.ready and (self.quiet() or now - self._here_since >= patience):
            self.ready = self._intake.read_through(self.path)
            if self.ready:
                self._wake()

    def _judge_disks(self) -> None:
        if self._mounts.back and self.quiet():
            self._mounts.back.clear()
            self._wake()
        if self._mounts.away:
            self._mounts.note_working(self._ledger.working())

    def hint(self, path: str, now: float) -> bool:
        """Look at one path that something happened to; whether it was a folder (all below was looked at)."""
        if not self.online:
            return False
        if not is_text(path):
            self._scan_at = now  # told there
            return False
        if Path(path).is_dir() and not Path(path).is_symlink():
            if path == self.path:
                self._scan_at = now
            elif not is_hidden(self.path, path):
                self._scan_below(path, now)
            return True
        if may_be_one(Path(path).name) and not is_hidden(self.path, str(Path(path).parent)):
            self._look(path)
        for board in list(self._owned().values()):
            if board.path != path and is_below(board.path, (path,)):
                self._look(board.path)
        return False

    # --- looking -----------------------------------------------------------------------------------
    def _scan(self, now: float) -> None:
        began = self._clock.monotonic()
        self._roots.refresh(self.path)
        if self._pace.wants_events() and Path(self.path).is_dir():
            self._watcher.add(self.path, now)  # before the scan, so that nothing falls between the two
        try:
            found = scan(Path(self.path), self._roots.others(self.path), tick=self._tick, notes=self._notes)
        except RootOffline as offline:
            self._go_offline(offline.problem, now)
            return
        alive = any(board.state != "gone" for board in self._owned().values())
        familiar = self.identity in ("", found.identity)
        problem = not_ours(found, self.path, known=alive, familiar=familiar)
        if problem is not None:
            self._go_offline(problem, now)
            return
        self._accept(found, now)
        self._pace.scan_took(self._clock.monotonic() - began)
        self._scan_at = now + self._pace.period()
        self.looked = True

    def _accept(self, found: Scan, now: float) -> None:
        self.identity = found.identity
        self._watcher.compare(self.path, found.walked, now)
        self._unreadable = dict(found.errors)
        fresh = set(found.conflicts) - self._conflicts
        for path in sorted(fresh):
            logger.warning("{}", conflict(path))
        self._conflicts = set(found.conflicts)
        self._never_read = sorted(found.never_read)
        self._waiting.clear()
        self._see_disks(found)
        there = {seen.path for seen in found.files}
        present = [board for path, board in self._owned().items() if path in there]
        self._forced |= self._intake.audit(self._watch, present, self._tick)
        self._apply(compare(found, self._owned().values(), self.path, self._intake.rules))
        if self._hurry:
            self._settle.hurry()
            self._hurry = False
        for path in [path for path in self._missing if path in there]:
            del self._missing[path]
        self.publish(scanned=True)

    def _see_disks(self, found: Scan) -> None:
        before = set(self._mounts.away)
        if self._mounts.judge(list(self._owned().values()), found.files):
            self._watcher.renew(self.path, self._clock.monotonic())
        for mount, problem in self._mounts.away.items():
            if mount not in before:
                logger.warning("{}", problem)
        for mount in sorted(before.difference(self._mounts.away)):
            logger.info(_("{path}: the disk is there again"), path=mount)

    def _scan_below(self, folder: str, now: float) -> None:
        try:
            others = self._roots.others(self.path)
            found = scan(Path(self.path), others, below=folder, tick=self._tick, notes=self._notes)
        except RootOffline:
            self._scan_at = now
            return
        self._watcher.compare(self.path, found.walked, now)
        self._apply(compare(found, self._owned().values(), self.path, self._intake.rules, folder))

    def _apply(self, changes: Changes) -> None:
        for seen in (*changes.read, *changes.waiting, *changes.same):
            self._consider(seen)
        for board in changes.missing:
            self._miss(board.path)

    def _look(self, path: str) -> None:
        """Look at one file."""
        try:
            seen = self._see(path)
        except OSError:
            return  # it cannot be told: the next scan tries again
        if seen is None:
            self._conflicts.discard(path)
            self._miss(path)
        elif conflict_copy(Path(path).name):
            self._scan_at = self._clock.monotonic()  # reported there, once
        else:
            self._consider(seen)

    def _consider(self, seen: Seen) -> None:
        self._missing.pop(seen.path, None)
        if seen.placeholder:
            self._waiting.add(seen.path)
            self._settle.forget(seen.path)
            return
        self._waiting.discard(seen.path)
        if self._must_read(seen):
            known = self._owned().get(seen.path)
            edit, typed = is_edit(seen, known), is_typed(seen, known, self._owned().values())
            now = self._clock.monotonic()  # after the look, however long a scan took
            self._settle.see(seen, now, edit=edit, typed=typed)
        else:
            self._forget(seen.path)

    def _new_settle(self) -> Settle:
        return Settle(self._watch.settle_seconds, self._watch.edit_seconds, self._watch.note_seconds)

    def _must_read(self, seen: Seen) -> bool:
        if self._receipts.get(seen.path) == (seen.size, seen.mtime_ns):
            return False
        known = self._owned().get(seen.path)
        return seen.path in self._forced or differs(seen, known, self.path, self._intake.rules)

    def _miss(self, path: str) -> None:
        self._forget(path)
        self._waiting.discard(path)
        board = self._owned().get(path)
        if board is not None and board.state != "gone":
            self._missing.setdefault(path, self._clock.monotonic())

    def _forget(self, path: str) -> None:
        self._settle.forget(path)
        self._attempts.forget(path)
        self._forced.discard(path)

    # --- reading -----------------------------------------------------------------------------------
    def _read_settled(self, now: float) -> None:
        settled = self._settle.settled(now)
        for seen in settled:
            if not self._tick():
                return
            self._read(seen)
        if settled:
            self._look_at_copies()

    def _read(self, seen: Seen) -> None:
        try:
            current = self._see(seen.path)
            if current is None:
                self._miss(seen.path)
            elif current != seen or not self._must_read(current):
                self._consider(current)
            elif is_receipt(Path(seen.path)):
                self._receipts[seen.path] = (seen.size, seen.mtime_ns)
                self._miss(seen.path)
            else:
                known = self._owned().get(seen.path)
                self._intake.read(self._watch, current, known)
                self._mounts.note(current)
                if known is not None and known.mount != current.mount and known.mount in self._mounts.away:
                    self._scan_at = self._clock.monotonic()  # another folder took the place of its disk
                self._forget(seen.path)
                self._wake()
        except StillWritten:
            self._settle.postpone(seen.path, self._clock.monotonic() + max(AGAIN, self._watch.settle_seconds))
        except OSError as error:
            self._settle.postpone(
                seen.path, self._clock.monotonic() + self._attempts.failed(seen.path, error)
            )
        except (LedgerUnavailable, LedgerDamaged):
            raise  # no matter of this file
        except Exception as error:  # noqa: BLE001  (of one file, which must not keep the others out)
            self._settle.postpone(
                seen.path, self._clock.monotonic() + self._attempts.stumbled(seen.path, error)
            )

    def _judge_missing(self, now: float) -> None:
        """Call storyboards gone that were missing in two looks: an editor's save removes and makes a file."""
        due = [path for path, first in self._missing.items() if first + self._watch.settle_seconds <= now]
        if not due:
            return
        if not self._is_still_here():
            self._scan_at = now
            for path in due:
                self._missing[path] = now
            return
        self._boards = None  # a rename may just have been followed
        went = [path for path in due if self._went(path, now)]
        if went:
            self._wake()
            self._look_at_copies()

    def _went(self, path: str, now: float) -> bool:
        """Whether a storyboard that was missing twice is called gone."""
        del self._missing[path]
        board = self._owned().get(path)
        if board is None or board.state == "gone":
            return False
        try:
            seen = self._see(path)
        except OSError:
            self._missing[path] = now
            return False
        if seen is not None and (seen.placeholder or is_listed(path, self.path)):
            self._consider(seen)
            return False
        if self._mounts.lacks(board):
            if board.mount not in self._mounts.away:
                self._scan_at = now  # its disk went just now
            return False
        self._intake.gone(board)
        return True

    def _look_at_copies(self) -> None:
        """The intake may have marked copies of what is gone, or is another by now, to be read again."""
        self._boards = None
        for board in list(self._owned().values()):
            stale = board.state != "gone" and board.rules != self._intake.rules
            if stale and board.path not in self._missing:
                self._look(board.path)

    def _is_still_here(self) -> bool:
        try:
            if identity_of(self.path) != self.identity:
                return False
            with os.scandir(self.path) as entries:
                return any(not entry.name.startswith(".") for entry in entries)
        except OSError:
            return False

    def _owned(self) -> dict[str, Storyboard]:
        """The storyboards of the ledger whose path belongs to this root, read once a turn."""
        if self._boards is None:
            every = [board for board in self._ledger.storyboards() if is_below(board.path, (self.path,))]
            deeper = [str(one) for one in self._roots.others(self.path) if is_below(str(one), (self.path,))]
            self._boards = {board.path: board for board in every if not is_below(board.path, deeper)}
        return self._boards

    # --- how it stands -----------------------------------------------------------------------------
    def _go_offline(self, problem: Problem, now: float) -> None:
        if self.row.reason != problem:
            logger.warning("{}", problem)
        self._watcher.remove(self.path)
        self.ready, self._here_since = False, None
        self._missing.clear()
        self._mounts = Mounts()
        self._settle = self._new_settle()
        self._attempts = Attempts()
        self._scan_at = now + min(self._watch.rescan_seconds, OFFLINE_LOOK)
        self.looked = True
        self._put("offline", problem)

    def publish(self, *, scanned: bool = False) -> None:
        """Tell the ledger how the root stands, where that changed; an idle hour writes nothing."""
        if not scanned and not self.online:
            return
        reason = self._pace.why_polled()
        self._put("polling" if reason is not None else "watching", reason, scanned=scanned)
        self._scan_at = min(self._scan_at, self._clock.monotonic() + self._pace.period())

    def _put(self, state: str, reason: Problem | None, *, scanned: bool = False) -> None:
        at = self._clock.time() if scanned else self.row.scanned_at
        self.row = RootRow(self.path, state, self.identity, reason, at)
        if self._published != (state, self.identity, reason):
            self._ledger.put_root(self.row)
            self._published = (state, self.identity, reason)
            self._wake()
