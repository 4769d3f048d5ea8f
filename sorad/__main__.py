"""The program: ``sorad``, and ``python -m sorad``. Ctrl+C and SIGTERM end it with a code of its own at any moment."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn, Optional

INTERRUPTED = 130


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
        if self.commands and number == signal.SIGINT:
            self.commands = False  # a second one ends it at once
            raise KeyboardInterrupt
        # `run` that is stopped ends well: to systemd, any other code is a failure.
        os._exit(0 if number == signal.SIGTERM and "run" in sys.argv[1:] else INTERRUPTED)

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
