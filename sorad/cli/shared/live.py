"""A live screen in a terminal: only lines that changed are written, keys are heard, and it leaves no trace."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, Callable, Optional

from rich.console import Console
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from sorad.cli.shared.fit import Line
from sorad.plaintext import one_line

LOOK_EVERY = 1.0  # seconds
# How soon a key or another size of the window is noticed.
SLICE = 0.2

Render = Callable[[int, int], Sequence[Line]]


def run(render: Render) -> None:
    """Show what ``render(columns, rows)`` gives, each second again, until q, Ctrl+C or SIGTERM."""
    keys = _keys()
    painter = Painter(Console(highlight=False))
    with contextlib.suppress(KeyboardInterrupt), _signals(keys, painter):
        try:
            keys.enter()
            painter.enter()
            _turn(painter, render, keys.wait)
        finally:
            painter.leave()
            keys.leave()


def _turn(painter: Painter, render: Render, pressed: Callable[[float], str]) -> None:
    while True:
        size = shutil.get_terminal_size()
        painter.paint(render(size.columns, size.lines), size)
        until = time.monotonic() + LOOK_EVERY
        while time.monotonic() < until and shutil.get_terminal_size() == size:
            if pressed(SLICE) in ("q", "Q", "\x1b", "\x04"):
                return


class Painter:
    """Knows what is on the screen, and writes the lines that differ."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: list[Line] = []
        self._size: Optional[os.terminal_size] = None

    def enter(self) -> None:
        """Take the alternate screen; what was in the terminal comes back with :meth:`leave`."""
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)
        self._size = None

    def leave(self) -> None:
        """Give the terminal back."""
        self._console.show_cursor(True)
        self._console.set_alt_screen(False)

    def paint(self, lines: Sequence[Line], size: os.terminal_size) -> None:
        """Bring the screen to these lines, in one write."""
        with self._console as console:
            if size != self._size:
                console.control(Control.clear())
                self._shown, self._size = [], size
            for row in range(max(len(lines), len(self._shown))):
                new = lines[row] if row < len(lines) else Line("")
                old = self._shown[row] if row < len(self._shown) else Line("")
                if new != old:
                    console.control(Control.move_to(0, row), Control((ControlType.ERASE_IN_LINE, 2)))
                    console.print(text_of(new), end="", no_wrap=True, overflow="crop", crop=True)
        self._shown = list(lines)


def text_of(line: Line) -> Text:
    """A line for rich: never read as markup."""
    return Text(" " * line.indent + one_line(line.text), line.style, no_wrap=True, overflow="crop", end="")


# --- keys --------------------------------------------------------------------------------------------------


class _NoKeys:
    """Nobody types: stdin is no terminal."""

    def enter(self) -> None:
        """Begin to hear single keys."""

    def leave(self) -> None:
        """Leave the terminal as it was."""

    def wait(self, seconds: float) -> str:
        """Wait so long at most for a key, and tell which; ``""``: none."""
        time.sleep(seconds)
        return ""


class _WindowsKeys(_NoKeys):
    def wait(self, seconds: float) -> str:
        import msvcrt

        console: Any = msvcrt
        time.sleep(seconds)
        return str(console.getwch()) if console.kbhit() else ""


class _Keys(_NoKeys):
    """Keys come one by one and are not shown, until the end."""

    def __init__(self) -> None:
        self._before: Optional[list[Any]] = None

    def enter(self) -> None:
        import termios
        import tty

        self._before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)

    def leave(self) -> None:
        import termios

        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return ""
        # An empty read is the end of the terminal: as Ctrl+D.
        return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or "\x04"


def _keys() -> _NoKeys:
    if not sys.stdin.isatty():
        return _NoKeys()
    return _WindowsKeys() if os.name == "nt" else _Keys()


@contextlib.contextmanager
def _signals(keys: _NoKeys, painter: Painter) -> Iterator[None]:
    """SIGTERM ends it as Ctrl+C does; Ctrl+Z gives the terminal back meanwhile."""

    def end(_number: int, _frame: Optional[FrameType]) -> None:
        raise KeyboardInterrupt

    def pause(_number: int, _frame: Optional[FrameType]) -> None:
        painter.leave()
        keys.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        keys.enter()  # the shell has set the terminal in its own way
        painter.enter()

    before: list[tuple[int, Any]] = [(signal.SIGTERM, signal.signal(signal.SIGTERM, end))]
    if hasattr(signal, "SIGTSTP"):
        before.append((signal.SIGTSTP, signal.signal(signal.SIGTSTP, pause)))
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
