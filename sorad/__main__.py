"""The program: ``sorad``, and ``python -m sorad``. Ctrl+C and SIGTERM end it with a code of its own at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn, Optional

INTERRUPTED = 130
# They hold the signals themselves while they work. Python drops what a handler raises in the middle of some of its own
# callbacks, and these would go on and buy: before and after their work they end at once.
WORKING = frozenset({"once", "run", "demo"})


class _Signals:
    """Holds the signals while no command does: before one has begun to work, and after it has ended.

    Python's own handlers end the process by the signal itself where nobody catches what they raise, and are
    taken away before the process is gone.
    """

    def __init__(self) -> None:
        self._held = [
            number
            for number in (signal.SIGINT, signal.SIGTERM)
            if signal.getsignal(number) is not signal.SIG_IGN
        ]
        self.commands = False  # a command runs, which Ctrl+C interrupts
        for number in self._held:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: Optional[FrameType]) -> None:
        words = sys.argv[1:]
        if self.commands and number == signal.SIGINT and WORKING.isdisjoint(words):
            self.commands = False  # a second one ends it at once
            raise KeyboardInterrupt
        with contextlib.suppress(Exception):  # it may be within a write
            sys.stdout.flush()
        # `run` that is stopped ends well: to systemd, any other code is a failure.
        os._exit(0 if number == signal.SIGTERM and "run" in words else INTERRUPTED)

    def ignore(self) -> None:
        """The code is known, and nothing is left to be interrupted."""
        for number in self._held:
            signal.signal(number, signal.SIG_IGN)


def start() -> NoReturn:
    """Run the command that the arguments of the process name, and end with its code."""
    signals, code = _Signals(), INTERRUPTED
    from sorad.cli.main import main

    try:
        signals.commands = True
        code = main()
        signals.commands = False
    except KeyboardInterrupt:  # a moment before or after what main itself catches
        pass
    signals.ignore()
    sys.exit(code)


if __name__ == "__main__":
    start()
