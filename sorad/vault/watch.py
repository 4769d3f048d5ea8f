"""The supervised watcher: hints about what changed, from an observer that is trusted for nothing.

Each root has an observer of its own, so that one that breaks takes no other with it. What breaks is rebuilt
with doubling delays, and every rebuild asks for a full scan, because what happened meanwhile is not known.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger
from watchdog.utils import BaseThread

from sorad.messages import N_, _
from sorad.problems import Problem
from sorad.vault import observer as library
from sorad.vault.names import may_be_one, stub_target
from sorad.vault.problems import HANDLER, OVERFLOW
from sorad.vault.scan import identity_of, is_hidden

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

FIRST_DELAY, LAST_DELAY = 1.0, 60.0  # seconds between two tries to rebuild
HEALTHY_AFTER = 60.0  # a watch that lived this long starts again with the first delay
DEBOUNCE, DEBOUNCE_MOST = 1.0, 5.0  # seconds of rest after folders were moved in or out, before a rebuild
FLOOD_WITHIN = 30.0  # a full queue is read within so many seconds, also on a busy machine
CONFIRM_AFTER = 1.0  # a folder without a watch may just be too new
STUCK_AFTER = 10.0  # the longest the library lets an event wait is half a second


@dataclass(frozen=True)
class Trouble:
    """Something may have been missed: the root needs a full scan. ``problem`` is what is wrong now, if so.

    ``what`` tells what happened, where something did: what broke in a word or two, ``OVERFLOW`` or ``HANDLER``.
    """

    root: str
    problem: Problem | None
    what: str = ""


@dataclass
class _Watch:
    """One root."""

    root: str  # as it is written in the config
    real: str = ""
    observer: BaseObserver | None = None
    identity: str = ""
    built_at: float = 0.0
    retry_at: float = 0.0
    delay: float = FIRST_DELAY
    problem: Problem | None = None
    heads: list[object] = field(default_factory=list)
    heads_since: float = 0.0
    unread_since: float | None = None  # events wait to be read, and none came through meanwhile
    unwatched: set[str] = field(default_factory=set)
    confirm_at: float = 0.0
    rebuild_at: float | None = None
    rebuild_most: float = 0.0
    flood: int = 0  # events that came through without a rest, over several checks
    flood_since: float = 0.0
    # Written by the library's threads:
    events: int = 0
    moved: bool = False
    raised: bool = False


class Watcher:
    """Watches roots and calls ``hint(path)`` for what changed, from threads of the library.

    A hint is a storyboard's path, or a folder below which to look; everything else, and everything in ignored
    folders, is dropped. ``wake()`` is called when :meth:`check` should be. All methods belong to one thread.
    """

    def __init__(self, hint: Callable[[str], None], wake: Callable[[], None]) -> None:
        self._hint = hint
        self._wake = wake
        self._watches: dict[str, _Watch] = {}
        self._dying: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._complained = threading.Event()
        self._flood = _flood_size()
        self._logs = _Complaints(self._on_complaint)
        logging.getLogger("watchdog").addHandler(self._logs)
        self._previous_hook = threading.excepthook
        self._hook = self._on_death  # one object, to be recognised again
        threading.excepthook = self._hook

    # --- what the owner calls ----------------------------------------------------------------------
    def add(self, root: str, now: float) -> None:
        """Watch a root; where that fails, :meth:`check` tries again and :meth:`problem` tells why."""
        if root not in self._watches:
            self._watches[root] = _Watch(root)
            self._build(self._watches[root], now)

    def remove(self, root: str) -> None:
        """Watch a root no longer."""
        watch = self._watches.pop(root, None)
        if watch is not None:
            self._release(watch)

    def close(self) -> None:
        """Stop all and put the hooks back."""
        for root in list(self._watches):
            self.remove(root)
        logging.getLogger("watchdog").removeHandler(self._logs)
        if threading.excepthook is self._hook:
            threading.excepthook = self._previous_hook

    def problem(self, root: str) -> Problem | None:
        """Why a root is not watched just now; ``None`` where it is."""
        watch = self._watches.get(root)
        return watch.problem if watch is not None else None

    def next_at(self) -> float | None:
        """When :meth:`check` has something to do that it knows of already (monotonic seconds)."""
        times = [watch.retry_at for watch in self._watches.values() if watch.observer is None]
        times += [watch.rebuild_at for watch in self._watches.values() if watch.rebuild_at is not None]
        times += [watch.confirm_at for watch in self._watches.values() if watch.unwatched]
        return min(times, default=None)

    def compare(self, root: str, walked: Collection[str], now: float) -> None:
        """Tell which folders a scan went through: one without a watch is looked at again, then mended."""
        watch = self._watches.get(root)
        known = self._watched(watch) if watch is not None else None
        if watch is not None and known is not None:
            if not watch.unwatched:
                watch.confirm_at = now + CONFIRM_AFTER
            watch.unwatched.update(folder for folder in walked if folder not in known)

    def renew(self, root: str, now: float) -> None:
        """Watch a root again: a disk came or went below it, and a watch belongs to what lay there before."""
        watch = self._watches.get(root)
        if watch is not None:
            watch.rebuild_at = now

    def check(self, now: float) -> list[Trouble]:
        """Look at everything that is known to break; returns the roots that need a full scan.

        Cheap (a stat per root): to be called every few seconds.
        """
        complained = self._complained.is_set()
        self._complained.clear()
        found = []
        for watch in list(self._watches.values()):
            if watch.observer is None:
                if now >= watch.retry_at:
                    self._build(watch, now)
                    found.append(Trouble(watch.root, watch.problem))
                continue
            cause = self._ailment(watch, now)
            if cause:
                self._fail(watch, _broken(watch.root, cause), now)
                found.append(Trouble(watch.root, watch.problem, cause))
            elif self._due_for_rebuild(watch, now):
                self._release(watch)
                self._build(watch, now)
                found.append(Trouble(watch.root, watch.problem))
            elif missed := self._may_have_missed(watch, now) or (OVERFLOW if complained else ""):
                found.append(Trouble(watch.root, None, missed))
        return found

    # --- what is looked at -------------------------------------------------------------------------
    def _ailment(self, watch: _Watch, now: float) -> str | None:
        """What is broken, in a word or two for the log; ``None`` where all is well."""
        assert watch.observer is not None
        part = library.dead_part(watch.observer, self._dying.__contains__)
        if part is not None:
            return part
        try:
            if identity_of(watch.root) != watch.identity:
                return "replaced"
            os.scandir(watch.root).close()  # no event tells that it may no longer be read
        except OSError as error:
            return os.strerror(error.errno or 0)
        if self._is_stuck(watch, watch.observer, now):
            return "stuck"
        return "unwatched folder" if self._has_unwatched(watch, now) else None

    @staticmethod
    def _is_stuck(watch: _Watch, observer: BaseObserver, now: float) -> bool:
        """Whether one event has been handled, or the kernel's events not been read, for too long."""
        heads = library.backlog(observer)
        if not any(any(head is old for old in watch.heads) for head in heads):
            watch.heads_since = now
        watch.heads = heads
        if watch.events or not library.unread(observer):
            watch.unread_since = None
        elif watch.unread_since is None:
            watch.unread_since = now
        unread = 0.0 if watch.unread_since is None else now - watch.unread_since
        return bool(heads and now - watch.heads_since > STUCK_AFTER) or unread > STUCK_AFTER

    def _has_unwatched(self, watch: _Watch, now: float) -> bool:
        """Whether a folder that seemed unwatched is so still, once that can be told."""
        if not watch.unwatched or now < watch.confirm_at:
            return False
        known = self._watched(watch) or set()
        still = [one for one in watch.unwatched if one not in known and Path(one).is_dir()]
        watch.unwatched = set()
        return bool(still)

    def _due_for_rebuild(self, watch: _Watch, now: float) -> bool:
        """Whether folders were moved over the root's edge, and rest now.

        Version 6 does not watch inside a folder that was moved in, and goes on reporting one that was moved
        out under its old name.
        """
        if watch.moved:
            watch.moved = False
            if watch.rebuild_at is None:
                watch.rebuild_most = now + DEBOUNCE_MOST
            watch.rebuild_at = min(now + DEBOUNCE, watch.rebuild_most)
        return watch.rebuild_at is not None and now >= watch.rebuild_at

    def _may_have_missed(self, watch: _Watch, now: float) -> str:
        """Whether there were so many events that the queue may have run over, or the handler failed: which.

        Version 6 drops the kernel's overflow mark without a word, macOS's flags are never read. An overflow
        needs a full queue, though, and what is in a full queue comes through here. A slow reader takes several
        checks for that.
        """
        if not watch.flood or now - watch.flood_since > FLOOD_WITHIN:
            watch.flood, watch.flood_since = 0, now
        watch.flood = watch.flood + watch.events if watch.events else 0
        missed = HANDLER if watch.raised else OVERFLOW if watch.flood >= self._flood else ""
        if missed:
            watch.flood = 0
        watch.raised, watch.events = False, 0
        return missed

    def _watched(self, watch: _Watch) -> set[str] | None:
        """The folders with a watch, as paths below the root as it is written."""
        known = library.watched(watch.observer) if watch.observer is not None else None
        if known is None or watch.real == watch.root:
            return known
        return {self._as_written(watch, path) for path in known}

    # --- building and tearing down -----------------------------------------------------------------
    def _build(self, watch: _Watch, now: float) -> None:
        watch.real = os.path.realpath(watch.root)
        try:
            watch.identity = identity_of(watch.root)
            watch.observer = library.start(watch.real, lambda event: self._on_event(watch, event))
        except (OSError, RuntimeError) as error:
            self._fail(watch, _not_started(watch.root, error), now)
            return
        if watch.problem is not None:
            logger.info(_("{path}: the watcher runs again"), path=watch.root)
        watch.problem, watch.built_at, watch.rebuild_at = None, now, None
        watch.unread_since = None
        watch.heads, watch.unwatched = [], set()
        watch.events, watch.moved, watch.raised, watch.flood = 0, False, False, 0

    def _fail(self, watch: _Watch, problem: Problem, now: float) -> None:
        if watch.observer is not None:
            self._release(watch)
            if now - watch.built_at > HEALTHY_AFTER:
                watch.delay = FIRST_DELAY
        if watch.problem != problem:
            logger.warning("{}", problem)
        watch.problem = problem
        watch.rebuild_at = None
        watch.retry_at = now + watch.delay
        watch.delay = min(LAST_DELAY, watch.delay * 2)

    def _release(self, watch: _Watch) -> None:
        observer, watch.observer = watch.observer, None
        if observer is not None and not library.release(observer):
            logger.debug("{}: a thread of the old watcher has not ended yet", watch.root)

    # --- what the library's threads call -----------------------------------------------------------
    def _on_event(self, watch: _Watch, event: FileSystemEvent) -> None:
        try:
            watch.events += 1
            paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
            if event.is_directory and event.event_type == "moved" and len(paths) == 1:
                watch.moved = True
                self._wake()
            for path in paths:
                self._pass_on(watch, path, is_folder=event.is_directory)
        except Exception:  # noqa: BLE001  (our root on the library's thread: an exception would end it)
            watch.raised = True
            logger.opt(exception=True).error(_("{path}: an event could not be handled"), path=watch.root)

    def _pass_on(self, watch: _Watch, path: str, *, is_folder: bool) -> None:
        folder, name = os.path.split(path)
        if is_folder:
            folder = path
        else:
            name = stub_target(name) or name
            if not may_be_one(name):
                return
            path = str(Path(folder, name))
        if not is_hidden(watch.real, folder):
            self._hint(self._as_written(watch, path))

    @staticmethod
    def _as_written(watch: _Watch, path: str) -> str:
        """A real path as a path below the root as the config has it."""
        relative = os.path.relpath(path, watch.real)
        return watch.root if relative == os.curdir else str(Path(watch.root, relative))

    def _on_death(self, args: threading.ExceptHookArgs) -> None:
        """``threading.excepthook``: threads of the library are ours to judge, all others are passed on."""
        if not isinstance(args.thread, BaseThread):
            self._previous_hook(args)
            return
        self._dying.add(args.thread)
        error = f"{args.exc_type.__name__}: {args.exc_value}"
        logger.warning(_("a thread of the file watcher died: {error}"), error=error)
        self._wake()

    def _on_complaint(self) -> None:
        self._complained.set()
        self._wake()


class _Complaints(logging.Handler):
    """Hears the library's own warnings: version 7 says there that the queue ran over."""

    def __init__(self, complain: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "inactive" not in message:  # an emitter that we are stopping
            logger.debug("watchdog: {}", message)
            self._complain()


def _flood_size() -> int:
    """Events without a rest from which on some may have been lost: a quarter of the system's queue."""
    if sys.platform != "linux":
        return 500  # the buffer of ReadDirectoryChangesW holds about 1,000
    try:
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    except (OSError, ValueError):
        limit = 16_384
    return max(500, limit // 4)


def _broken(root: str, cause: str) -> Problem:
    return Problem(
        "watch.broken",
        N_("The watcher of {path} broke ({cause}) and is being started again."),
        N_("Nothing needs to be done: the folder is scanned every few seconds until it runs."),
        {"path": root, "cause": cause},
    )


def _not_started(root: str, error: OSError | RuntimeError) -> Problem:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENOSPC:
        return Problem(
            "watch.limit",
            N_("{path} has more folders than this system lets programs watch; it is scanned instead."),
            N_("Raise the limit: sudo sysctl fs.inotify.max_user_watches=524288"),
            {"path": root},
        )
    if code == errno.EMFILE:
        return Problem(
            "watch.instances",
            N_("Too many programs of this user watch folders; {path} is scanned instead."),
            N_("Raise the limit: sudo sysctl fs.inotify.max_user_instances=512"),
            {"path": root},
        )
    return Problem(
        "watch.not_started",
        N_("{path} cannot be watched ({reason}); it is scanned instead, and watching is tried again."),
        N_("Nothing needs to be done if this passes; `sorad log` has the details."),
        {"path": root, "reason": os.strerror(code) if code else str(error)},
    )
