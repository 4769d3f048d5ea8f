"""Asks the child process that decodes: one for all, started with the first question, a new one after it ended.

A file that makes it run long, take much memory or crash costs that child and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Optional

import psutil

import sorad
from sorad.heartbeat import beat
from sorad.media.questions import Answer, Question, Unanswered, from_line, missing, to_line

SECONDS = 60.0  # for a question: ten seconds at 4k decode within 15 on two slow cores
MEMORY = 2 << 30  # bytes: what a 4k video of 10 bits takes, several times over
COMMAND = [sys.executable, "-m", "sorad.media.child"]
_RENEWED_AFTER = 500  # questions: whatever a library leaks has an end
_WATCH = 0.2  # seconds between looks at its memory
_GRACE = 5.0  # seconds that the parent waits longer than the child
# What it needs to run, and nothing that may be a secret.
_PASSED_ON = re.compile(
    r"(?i)PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|WINDIR|PYTHON.*|LD_LIBRARY_PATH|DYLD_.*|VIRTUAL_ENV"
)


class Decoder:
    """Answers questions, one at a time; from any thread."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        """``seconds`` of one question, ``memory`` of the child in bytes."""
        self._seconds, self._memory = seconds, memory
        self._lock = threading.Lock()
        self._child: Optional[_Child] = None
        self._closed = False
        self._answered = True  # the last question: a file that ends the child does so twice at most

    def ask(self, question: Question) -> Answer:
        """The answer. Blocks, at most for the limit and for what others asked before; raises nothing."""
        lacking = missing()
        if lacking is not None:
            return Unanswered("missing", lacking.text())
        while not self._lock.acquire(timeout=_WATCH):
            beat()
        try:
            found = self._ask(question)
            if isinstance(found, Unanswered) and found.why == "died" and self._answered:
                found = self._ask(question)  # what ended it may have been anything
            self._answered = not isinstance(found, Unanswered)
            return found
        finally:
            self._lock.release()

    def _ask(self, question: Question) -> Answer:
        if self._child is None or not self._child.usable:
            self._end()
            if self._closed:
                return Unanswered("died", "closed")
            try:
                self._child = _Child(self._seconds, self._memory)
            except OSError as error:
                return Unanswered("died", str(error))
        found = self._child.ask(question)
        if isinstance(found, Unanswered) and found.why in ("time", "memory", "died"):
            self._end()
        return found

    def rest(self) -> None:
        """Let the child go, where it has nothing to do: another one is begun with the next question."""
        if self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the child, also in the middle of a question. Nothing is answered afterwards."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class _Child:
    """One child process."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._limit, self._memory = seconds + _GRACE, memory
        self._left = _RENEWED_AFTER
        self._process = subprocess.Popen(
            [*COMMAND, str(memory), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=passed_on(os.environ),
            # with -m Python looks into the working folder first: into none that others write to
            cwd=Path(sorad.__file__).resolve().parent.parent,
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="decoder", daemon=True).start()

    @property
    def usable(self) -> bool:
        return self._left > 0 and self._process.poll() is None

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in pipe:
                self._lines.put(line)
        self._lines.put(b"")

    def ask(self, question: Question) -> Answer:
        self._left -= 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(to_line(question))
            self._process.stdin.flush()
        except OSError as error:
            return Unanswered("died", str(error))
        deadline = time.monotonic() + self._limit
        while True:
            beat()
            try:
                line = self._lines.get(timeout=_WATCH)
            except queue.Empty:
                if time.monotonic() > deadline:
                    return Unanswered("time", f"{self._limit - _GRACE:g} s")
                if self._resident() > self._memory:
                    return Unanswered("memory")
                continue
            return self._read_answer(line) if line.endswith(b"\n") else self._died()

    def _read_answer(self, line: bytes) -> Answer:
        """The answer; a child that a file broke into may write anything."""
        try:
            found: Answer = from_line(line)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return Unanswered("died", f"{type(error).__name__}: {error}")
        return found

    def _died(self) -> Unanswered:
        code = self._process.wait()
        alarm = os.name != "nt" and code == -14  # SIGALRM: its own limit of time
        return Unanswered("time" if alarm else "died", f"exit code {code}")

    def _resident(self) -> int:
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()


def passed_on(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the child: what starts a Python, and no key."""
    return {name: value for name, value in env.items() if _PASSED_ON.fullmatch(name)}
