"""The seam to watchdog: start an observer, look inside it, get rid of it and leave nothing behind.

watchdog's public ``is_alive`` says nothing of the hidden threads that read inotify: ``InotifyBuffer`` (one
for each emitter, version 6) and ``InotifyFD`` (one for each observer, version 7). Both die of a ``KeyError``
when folders come and go quickly, and everything else goes on as if nothing had happened. What is read here of
the library's inside is looked up by name and may be missing: on macOS and Windows there is none of it.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import functools
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import EventDispatcher

from sorad.vault.names import is_never_watched

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

# Reads of files (opened, closed_no_write) are not asked for: the kernel then does not even queue them.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
# Version 7 warns, with all its tables, of what its own handling of new folders does to itself.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.observers")

_RELEASE_TIMEOUT = 3.0  # seconds; a thread that is stuck for longer is left to end by itself


class Handler(FileSystemEventHandler):
    """Passes every event to one function."""

    def __init__(self, handle: Callable[[FileSystemEvent], None]) -> None:
        self._handle = handle

    def dispatch(self, event: FileSystemEvent) -> None:
        self._handle(event)


def start(path: str, handle: Callable[[FileSystemEvent], None]) -> BaseObserver:
    """An observer that reports what happens below a real path, running.

    Raises ``OSError`` (``ENOSPC``: the inotify limit of watched folders; ``EMFILE``: that of instances) or
    ``RuntimeError`` (no more threads), with everything undone.
    """
    observer = _new()
    try:
        observer.schedule(Handler(handle), path, recursive=True, event_filter=_EVENTS)
        _pass_over_outputs(observer)
        observer.start()
        if not _has_room(path) and _unwatched(observer, path):
            # Version 7 leaves the folders beyond the limit unwatched without a word.
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
    except (OSError, RuntimeError) as error:
        _close_orphans(error)
        release(observer)
        raise
    return observer


def _new() -> BaseObserver:
    if sys.platform == "linux":
        from watchdog.observers.inotify import InotifyObserver

        # "Full" events tell a folder that was moved in from outside (no source) from one that was made.
        return InotifyObserver(generate_full_events=True)
    return Observer()


def _pass_over_outputs(observer: BaseObserver) -> None:
    """Let no watch be set in folders that never hold a storyboard, our own outputs above all.

    There are many of them, they would use the system's watches up, and each video would be told of a dozen times.
    Version 7 takes an ``OSError`` for a folder that is gone, and goes on; version 6 would end of it.
    """
    for emitter in observer.emitters:
        reader: Any = getattr(emitter, "_inotify_fd", None)
        add = getattr(reader, "add_callback", None)
        if add is not None and not isinstance(add, functools.partial):  # version 7.0 shares one reader
            reader.add_callback = functools.partial(_add_unless_output, add)


def _add_unless_output(add: Callable[..., Any], path: bytes, mask: int, callback: Any, number: int) -> Any:
    below = path[len(callback.path) :].split(os.fsencode(os.sep))
    if any(is_never_watched(os.fsdecode(name)) for name in below):
        raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
    return add(path, mask, callback, number)


def release(observer: BaseObserver) -> bool:
    """Stop an observer and close what it holds, however broken it is; whether all its threads ended.

    Runs in a thread of its own: ``stop`` joins without a time limit, and raises where the library's tables
    disagree with each other, which is what it died of.
    """
    reading = readers(observer)
    emitters = list(observer.emitters)
    queues = list(_queues(observer))
    helper = threading.Thread(target=_stop, args=(observer, reading), name="sorad-watch-stop", daemon=True)
    helper.start()
    helper.join(_RELEASE_TIMEOUT)
    for queue in queues:
        queue.close()
    for emitter in emitters:
        emitter.stopped_event.set()
    for reader in reading:
        _stop_reader(reader)
    # A dispatcher whose stop was cut short by an exception still waits for an event.
    observer.stopped_event.set()
    observer.event_queue.put(EventDispatcher.stop_event)
    parts: list[threading.Thread] = [observer, *emitters, *reading]
    threads = [part for part in parts if part.ident is not None]
    for thread in threads:
        thread.join(_RELEASE_TIMEOUT)
    return not any(thread.is_alive() for thread in threads)


def _stop(observer: BaseObserver, reading: list[threading.Thread]) -> None:
    for reader in reading:
        if not reader.is_alive():
            # It died while reading: told so, ``close`` would wait for it to close the descriptors.
            for holder in (reader, getattr(reader, "_inotify", None)):
                if hasattr(holder, "_is_reading"):
                    setattr(holder, "_is_reading", False)  # noqa: B010
    with contextlib.suppress(Exception):  # a thread's root; what is left over is ended by ``release``
        observer.stop()


def _stop_reader(reader: threading.Thread) -> None:
    kind: Any = type(reader)
    if getattr(kind, "_instance", None) is reader:
        kind._instance = None  # version 7.0 shares one reader: a dead one must not be handed out again
    with contextlib.suppress(OSError, KeyError, AssertionError, AttributeError):
        reader.stop()  # type: ignore[attr-defined]


def _close_orphans(error: BaseException) -> None:
    """Close the descriptors of an ``Inotify`` whose constructor raised: nobody else has them (version 6)."""
    trace = error.__traceback__
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        if trace.tb_frame.f_code.co_name == "__init__" and hasattr(owner, "_close_resources"):
            with contextlib.suppress(OSError, AttributeError):
                owner._close_resources()  # type: ignore[union-attr]
        trace = trace.tb_next


def readers(observer: BaseObserver) -> list[threading.Thread]:
    """The hidden threads that read events from the system; empty where there are none."""
    found = []
    for emitter in observer.emitters:
        for name in ("_inotify_fd", "_inotify"):
            inside = getattr(emitter, name, None)
            if isinstance(inside, threading.Thread) and inside not in found:
                found.append(inside)
    own = getattr(observer, "_inotify_fd", None)
    if isinstance(own, threading.Thread) and own not in found:
        found.append(own)
    return found


def dead_part(observer: BaseObserver, buried: Callable[[threading.Thread], bool]) -> str | None:
    """The name of a part that does not run any more; ``None`` where all are well.

    ``buried`` tells of threads that are known to be dying though they still count as alive.
    """
    emitters = list(observer.emitters)
    reading = readers(observer)
    if not emitters:
        return "emitter"
    if sys.platform == "linux" and not reading:
        return "reader"
    for part, threads in (("dispatcher", [observer]), ("emitter", emitters), ("reader", reading)):
        if any(buried(thread) or not thread.is_alive() for thread in threads):
            return part
    return None


def backlog(observer: BaseObserver) -> list[object]:
    """The event that waits at the head of each inner queue: the same one for long means a stuck thread."""
    heads = []
    for waiting in (
        observer.event_queue.queue,
        *(getattr(queue, "_queue", ()) for queue in _queues(observer)),
    ):
        with contextlib.suppress(IndexError):
            heads.append(waiting[0])
    return heads


def unread(observer: BaseObserver) -> bool:
    """Whether the system has events that no reader has fetched yet: for long means a reader that hangs."""
    if sys.platform != "linux":
        return False
    import fcntl
    import termios

    for reader in readers(observer):
        inner = getattr(reader, "_inotify", reader)  # version 6 wraps what holds the descriptor
        descriptor = getattr(inner, "_inotify_fd", None)
        if isinstance(descriptor, int):
            waiting = array.array("i", [0])
            with contextlib.suppress(OSError):  # closed by now
                fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
            if waiting[0]:
                return True
    return False


def watched(observer: BaseObserver) -> set[str] | None:
    """The folders that have a watch, as real paths; ``None`` where the system needs none for each."""
    found: set[str] = set()
    known = False
    for group in _groups(observer):
        for name in ("_active_callbacks_by_path", "_wd_for_path"):
            table = getattr(group, name, None)
            if isinstance(table, dict):
                known = True
                found.update(map(os.fsdecode, list(table)))
    return found if known else None


def _groups(observer: BaseObserver) -> Iterator[object]:
    """The objects that keep an emitter's table of watched folders."""
    for emitter in list(observer.emitters):
        inner = getattr(emitter, "_inotify", None)
        yield getattr(inner, "_inotify", inner)  # version 6 wraps it in the reader


def _queues(observer: BaseObserver) -> Iterator[Any]:
    """The queues between reader and emitter."""
    for emitter in list(observer.emitters):
        inner = getattr(emitter, "_inotify", None)
        grouper = getattr(inner, "_move_event_grouper", inner)
        queue = getattr(grouper, "_queue", None)
        if queue is not None:
            yield queue


def _has_room(path: str) -> bool:
    """Whether the system lets us watch one more folder. Where it cannot be told: yes."""
    if sys.platform != "linux":
        return True
    from watchdog.observers import inotify_c

    descriptor = inotify_c.inotify_init()
    if descriptor == -1:
        return True
    try:
        mask = inotify_c.InotifyConstants.IN_DELETE_SELF
        return inotify_c.inotify_add_watch(descriptor, os.fsencode(path), mask) != -1 or (
            ctypes.get_errno() != errno.ENOSPC
        )
    finally:
        os.close(descriptor)


def _unwatched(observer: BaseObserver, path: str) -> bool:
    """Whether any folder below has no watch."""
    known = watched(observer)
    if known is None:
        return False
    for folder, names, _files in os.walk(path):
        names[:] = [name for name in names if not is_never_watched(name)]
        if folder not in known:
            return True
    return False
