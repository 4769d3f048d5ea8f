"""Ctrl+C and SIGTERM: the first asks for an orderly end, the second ends at once. SIGHUP: read the config again."""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any, Optional

from sorad.heartbeat import beat

# SIGTERM is there on every platform; SIGHUP and SIGBREAK only on some.
_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")
INTERRUPTED = 130


class Ending:
    """Holds the signals while it is entered. Only in the main thread."""

    def __init__(self, *, reloads: bool = False) -> None:
        """``reloads``: SIGHUP is held, too, and asks for a reload; else it ends the process as usual."""
        self._requested = False
        # A handler runs between two instructions of the main thread, maybe within a lock that it would wait for
        # itself: so no Event, but a queue whose put may come in the middle of anything.
        self._news: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._reloads = reloads
        self._terminal = _terminal()
        self._before: dict[int, Any] = {}
        self.signal: Optional[int] = None

    def __enter__(self) -> Ending:
        for name in _NAMES:
            self._hold(name, self._on_signal)
        if self._reloads:
            before = self._hold("SIGHUP", self._on_hangup)
            if before is signal.SIG_IGN:  # nohup: a window that is closed ends nothing
                self._terminal = None
        return self

    def _hold(self, name: str, handler: Any) -> Any:
        """Take a signal over; what it did before."""
        number = getattr(signal, name, None)
        if number is None:
            return None
        self._before[number] = signal.signal(number, handler)
        return self._before[number]

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, _frame: Optional[FrameType]) -> None:
        if self._requested:
            self.leave(INTERRUPTED)
        self.signal = number
        self._requested = True
        self._news.put(number)

    def _on_hangup(self, number: int, frame: Optional[FrameType]) -> None:
        if self._closed():
            # The window was closed: whoever started sorad in it wants it to end with it.
            if not self._requested:
                self._on_signal(number, frame)
            return
        self._news.put(number)

    def _closed(self) -> bool:
        """Whether the window that sorad was started in is closed."""
        return self._terminal is not None and not _lives(self._terminal)

    @property
    def requested(self) -> bool:
        """Whether an end was asked for."""
        return self._requested

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Wait for the first signal that asks for an end; whether it came.

        Waits in short turns: on Windows a signal does not interrupt a wait on a lock.
        """
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        while not self._requested and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                self._news.get(timeout=min(left, 1.0))
        return self._requested

    def wait_reload(self) -> bool:
        """Wait until a reload (true) or an end (false) is asked for. Reloads asked for meanwhile are one."""
        while not self._requested:
            beat()
            try:
                self._news.get(timeout=1.0)
            except queue.Empty:
                continue
            while not self._news.empty():
                self._news.get()
            if self._closed():  # by now: the signal may come a moment before the terminal is gone
                self._requested = True
            break
        return not self._requested

    def leave(self, code: int) -> None:
        """End the process now. Nothing is lost: what matters was committed before it was done."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _terminal() -> Optional[int]:
    """A descriptor of the terminal that this process was started in, if any."""
    return next((number for number in (0, 1, 2) if _lives(number)), None) if os.name != "nt" else None


def _lives(descriptor: int) -> bool:
    """Whether a descriptor is a terminal that has not hung up."""
    try:
        os.tcgetpgrp(descriptor)
    except OSError:
        return False
    return True
