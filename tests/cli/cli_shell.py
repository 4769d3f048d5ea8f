"""A real shell on a pseudo-terminal, and what a TAB makes of a line typed into it."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='ready> '; bind 'set bell-style none'\n"),
    # -f: no start files; without the menu a TAB takes what is unambiguous and no more
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='ready> '; PROMPT_SP=''; bindkey -e; unsetopt beep automenu zle_bracketed_paste\n",
    ),
}
# Makes the terminal on stdin the one of the new session, then becomes the program.
_BECOME = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
PATIENCE = 60.0  # seconds until a shell that does not answer is given up


class Shell:
    """One interactive shell, with sorad's completion loaded by the line that the help names."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        words, first = _START[name]
        self._seen = ""
        # a read may end within a letter
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._tty, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BECOME, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(env),
            cwd=folder,
            start_new_session=True,
        )
        os.close(theirs)
        self._send(first)
        self._send(f'eval "$(sorad completion {name})" 2>/dev/null; echo load""ed\n')
        self._wait(r"loaded\r?\n")

    def complete(self, line: str) -> list[str]:
        """The words of the line after a TAB at its end, as the shell would give them to the command."""
        mark = f"m{time.monotonic_ns()}"
        # C-a goes to the beginning of the line, so that printf gets the words instead of sorad
        self._send(f"{line}\t\x01printf '<%s>' {mark} \n")
        found = self._wait(rf"<{mark}>((?:<[^>]*>)*)[^<]*ready> ")
        return re.findall(r"<([^>]*)>", found[1])

    def list(self, line: str, until: str) -> str:
        """What is shown after two TABs, once ``until`` is there."""
        self._seen = ""
        self._send(f"{line}\t\t")
        self._wait(until)
        shown = self._seen
        self._send("\x15\n")
        return shown

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(PATIENCE)
        os.close(self._tty)

    def _send(self, text: str) -> None:
        os.write(self._tty, text.encode())

    def _wait(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self._seen)
            if found:
                return found
            ready, _, _ = select.select([self._tty], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern} in:\n{self._seen}")
            self._seen += self._decode(os.read(self._tty, 65536))
