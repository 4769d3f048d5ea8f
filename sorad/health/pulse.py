"""The pulse: what other processes read of a live daemon, without a commit and without waking a disk.

A small JSON file in a memory-backed folder, written again every few seconds by the daemon's watchman, named in
the note of the ledger's holder. It tells when it was written (monotonic seconds, which all processes of a
machine share; they stand still while Linux or macOS sleep, so that nothing looks stale after a night), and how
each part of the daemon stood then. A process that hangs or is stopped writes none, and its pulse grows old.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Optional

from sorad.condition import OK, Part
from sorad.lock import Holder, birth_of
from sorad.problems import Problem
from sorad.vault.filesystem import MOUNTS, kind_under

# Seconds between two pulses: in memory, and where each costs a write to a disk (macOS has no such folder).
EVERY, EVERY_ON_DISK = 5.0, 30.0
# A pulse that is overdue by so many seconds: nobody writes it any more. A machine under heavy load may be late.
OVERDUE = 15.0
# Until a pulse is that old (seconds), a daemon that is not ready yet is still in its start.
STARTING = 60.0

_IN_MEMORY = ("tmpfs", "ramfs")


@dataclass(frozen=True)
class Pulse:
    """What the daemon told last. ``age``: seconds since then, at the time of reading."""

    age: float
    every: float = EVERY
    ready: bool = True  # the lock held, the ledger open, the first watch up, the first scan done
    running: float = 0.0  # seconds since the start of the daemon
    parts: tuple[Part, ...] = ()
    troubles: tuple[
        Mapping[str, Any], ...
    ] = ()  # {"code", "since", "problem"}: what may not reach the ledger
    more: Mapping[str, Any] = field(default_factory=dict)  # by name, what other parts publish

    @property
    def frozen(self) -> bool:
        """Whether the daemon writes no more: the whole process hangs or was stopped."""
        return self.age > self.every + OVERDUE


# --- reading ----------------------------------------------------------------------------------------------


def read_pulse(holder: Optional[Holder], monotonic: Callable[[], float] = time.monotonic) -> Optional[Pulse]:
    """The pulse of the ledger's holder; ``None``: there is none that can be understood.

    No holder, an older sorad, a lost file, one of another process; one of a newer sorad is read as far as this
    one knows what it tells.
    """
    if holder is None or not holder.pulse:
        return None
    try:
        told = json.loads(Path(holder.pulse).read_text("utf-8"))
        if (told["pid"], told["birth"]) != (holder.pid, holder.birth):
            return None
        age = monotonic() - told["monotonic"]
        if age < -OVERDUE:
            return None  # another clock than ours: it would look alive for ever
        return Pulse(
            age=max(0.0, age),
            every=float(told["every"]),
            ready=bool(told["ready"]),
            running=float(told["running"]),
            parts=tuple(_part(part) for part in told["parts"]),
            troubles=tuple(_trouble(trouble) for trouble in told["troubles"]),
            more=dict(told["more"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _part(told: Mapping[str, Any]) -> Part:
    if told.get("problem"):
        Problem.from_json(told["problem"]).text()
    return Part(
        name=str(told["name"]),
        age=float(told["age"]),
        limit=float(told["limit"]),
        failures=int(told.get("failures", 0)),
        state=str(told.get("state", OK)),
        problem=str(told.get("problem", "")),
        lost=bool(told.get("lost", False)),
    )


def _trouble(told: Mapping[str, Any]) -> Mapping[str, Any]:
    Problem.from_json(told["problem"]).text()
    return dict(told)


# --- writing ----------------------------------------------------------------------------------------------


class PulseFile:
    """Where this process writes its pulse. Made once; the folder may vanish and come back."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        """``folder``: the place, where it is not to be looked for."""
        self._birth = birth_of(os.getpid())
        self._folder = folder or _chosen(folders())
        self.path = self._folder / f"pulse-{os.getpid()}.json"
        self.every = EVERY if in_memory(self._folder) else EVERY_ON_DISK

    def write(self, pulse: Pulse, wall: float) -> None:
        """Write it in one go. ``OSError``."""
        told = {
            "pid": os.getpid(),
            "birth": self._birth,
            "monotonic": time.monotonic() - pulse.age,
            "time": wall,
            "every": pulse.every,
            "ready": pulse.ready,
            "running": pulse.running,
            "parts": [asdict(part) for part in pulse.parts],
            "troubles": [dict(trouble) for trouble in pulse.troubles],
            "more": dict(pulse.more),
        }
        try:
            self._write(json.dumps(told, ensure_ascii=False))
        except OSError:
            self.remove()  # an old pulse would look like a frozen process
            raise

    def _write(self, text: str) -> None:
        fresh = self.path.with_suffix(".tmp")
        try:
            _write_private(fresh, text)
        except FileNotFoundError:  # the folder of a session goes with its last log-out, and comes back
            _made(self._folder)
            _write_private(fresh, text)
        fresh.replace(self.path)

    def remove(self) -> None:
        """At the end."""
        for path in (self.path, self.path.with_suffix(".tmp")):
            with contextlib.suppress(OSError):
                path.unlink()

    def tidy(self) -> None:
        """Take away what processes left here that were killed."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("pulse-*.*"):
                pid = path.stem.partition("-")[2]
                if pid.isdecimal() and not birth_of(int(pid)):
                    with contextlib.suppress(OSError):
                        path.unlink()


def folders(environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Where the pulse may lie, the best place first."""
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if runtime:
        yield Path(runtime)
    if environ.get("XDG_RUNTIME_DIR"):
        yield Path(environ["XDG_RUNTIME_DIR"], "sorad")
    own = f"sorad-{os.getuid()}" if sys.platform != "win32" else "sorad"
    yield Path("/dev/shm", own)
    with contextlib.suppress(FileNotFoundError):  # in a sandbox there may be none
        yield Path(tempfile.gettempdir(), own)


def _chosen(places: Iterator[Path]) -> Path:
    """The first that never reaches a disk; else the first that can be made; else a new one."""
    seen = []
    for place in places:
        if in_memory(place) and _made(place):
            return place
        seen.append(place)
    return next((place for place in seen if _made(place)), None) or Path(tempfile.mkdtemp(prefix="sorad-"))


def in_memory(folder: Path) -> bool:
    """Whether what is written there never reaches a disk."""
    try:
        return kind_under(os.path.realpath(folder), MOUNTS.read_text(errors="surrogateescape")) in _IN_MEMORY
    except OSError:
        return False


def _made(folder: Path) -> bool:
    """Make a folder for its owner alone; whether it is there, ours, and nobody else may write to it."""
    try:
        if not folder.parent.is_dir():
            return False
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK):
        return False
    return sys.platform == "win32" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _write_private(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
