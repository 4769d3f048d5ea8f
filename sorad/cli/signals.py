"""Ctrl+C and SIGTERM: the first asks for an orderly end, the second ends at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Optional

# SIGTERM is there on every platform; SIGHUP and SIGBREAK only on some.
_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")
INTERRUPTED = 130


class Ending:
    """Holds the signals while it is entered. Only in the main thread."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before: dict[int, Any] = {}
        self.signal: Optional[int] = None

    def __enter__(self) -> Ending:
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, _frame: Optional[FrameType]) -> None:
        if self._asked.is_set():
            self.leave(INTERRUPTED)
        self.signal = number
        self._asked.set()

    @property
    def asked(self) -> bool:
        """Whether an end was asked for."""
        return self._asked.is_set()

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Wait for the first signal; whether it came.

        Waits in short turns: on Windows a signal does not interrupt a wait on a lock.
        """
        if seconds is not None:
            return self._asked.wait(seconds)
        while not self._asked.wait(1.0):
            pass
        return True

    def leave(self, code: int) -> None:
        """End the process now. Nothing is lost: what matters was committed before it was done."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
