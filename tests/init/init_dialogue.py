"""A program on a pseudo-terminal that is talked with: what it asks is waited for, then answered."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Makes the terminal on stdin the one of the new session, then becomes the program.
_BECOME = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
PATIENCE = 60.0  # seconds until a question that does not come is given up


class Dialogue:
    """One run of a program."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.text = ""
        self._read = 0
        self._tty, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BECOME, *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(env),
            cwd=folder,
            start_new_session=True,
        )
        os.close(theirs)
        self._open = True

    def expect(self, pattern: str) -> re.Match[str]:
        """Wait for something new; all before it counts as read."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text[self._read :])
            if found:
                self._read += found.end()
                return found
            if not self._more(end):
                raise AssertionError(f"{pattern!r} did not come after:\n{self.text}")

    def answer(self, pattern: str, answer: str) -> None:
        """Wait for a question and answer it."""
        self.expect(pattern)
        self.type(answer + "\n")

    def insist(self, keys: str, pattern: str) -> None:
        """Press keys until they are heeded: Python may miss a Ctrl+C at the very moment it begins to read."""
        for _press in range(10):
            self.type(keys)
            again = time.monotonic() + PATIENCE / 10
            while not re.search(pattern, self.text[self._read :]):
                if not self._more(again):
                    break
            else:
                return
        raise AssertionError(f"nothing came of {keys!r} after:\n{self.text}")

    def type(self, keys: str) -> None:
        os.write(self._tty, keys.encode())

    def end(self) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + PATIENCE
        while self._more(end):
            pass
        code = self._process.wait(PATIENCE)
        os.close(self._tty)
        self._open = False
        return code

    def close(self) -> None:
        if self._open:
            self._process.kill()
            self.end()

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self._tty], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return False
        try:
            new = os.read(self._tty, 65536)
        except OSError:  # Linux says EIO once the program has ended
            return False
        self.text += new.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(new)
