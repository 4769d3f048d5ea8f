"""One daemon per ledger: a lock that dies with its process, and a note of who holds it.

The lock is what counts (``sorad.lock``, given back by the system however the process ends); the note
(``holder.json``) tells people and readers who it is, and is believed only while that very process lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sorad.clock import Clock, SystemClock
from sorad.messages import N_
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LOCK = "sorad.lock"
_NOTE = "holder.json"
# From the start of a process to its note, in seconds: the imports, and what the config asks for.
START_TAKES = 60.0


@dataclass(frozen=True)
class Holder:
    """Who works on a ledger. ``started`` is in epoch seconds; ``command`` is run, once or demo."""

    pid: int
    started: float
    command: str
    host: str
    birth: str = ""  # what tells this process from a later one with the same pid
    pulse: str = ""  # the file in which it tells how it stands (sorad.health.pulse); "": it does not


class Lock:
    """The lock on a ledger, held until :meth:`release` or the end of the process."""

    def __init__(self, held: BaseFileLock, note: Path, holder: Holder) -> None:
        self.holder = holder
        self._held = held
        self._note = note

    def release(self) -> None:
        """Give the lock back. A second call does nothing."""
        if self._held.is_locked:
            with contextlib.suppress(OSError):
                self._note.unlink()
            self._held.release()

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(state_dir: Path, command: str, clock: Clock | None = None, pulse: str = "") -> Lock:
    """Take the lock for ``command`` (run, once or demo) now, or raise :class:`SoradError` naming its holder.

    ``state_dir`` is made where it is not there, for its owner alone. ``pulse`` names the holder's pulse.
    """
    from filelock import FileLock, SoftFileLock, Timeout  # brings asyncio along: only for who takes the lock

    clock = clock or SystemClock()
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = FileLock(str(state_dir / _LOCK), thread_local=False)
        held.acquire(timeout=0)
    except Timeout:
        raise SoradError(_busy(state_dir)) from None
    except (OSError, NotImplementedError) as error:
        raise SoradError(_unusable(state_dir, error)) from None
    if isinstance(held, SoftFileLock):  # 4.x falls back to one; it would outlive a killed process
        held.release()
        raise SoradError(_unusable(state_dir, OSError(0, "flock")))
    mine = Holder(os.getpid(), clock.time(), command, platform.node(), birth_of(os.getpid()), pulse)
    try:
        _write(state_dir / _NOTE, mine)
    except OSError as error:
        held.release()
        raise SoradError(_unusable(state_dir, error)) from None
    return Lock(held, state_dir / _NOTE, mine)


def holder(state_dir: Path) -> Holder | None:
    """Who works on the ledger now, for readers: takes no lock. ``None``: nobody (or on another machine)."""
    found = note_of(state_dir)
    return found if found is not None and _lives(found) else None


def note_of(state_dir: Path) -> Holder | None:
    """Who the note names, dead or alive."""
    try:
        told = json.loads((state_dir / _NOTE).read_text("utf-8"))
        known = {field.name for field in fields(Holder)}  # a newer sorad may tell more
        return Holder(**{name: value for name, value in told.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def lock_path(state_dir: Path) -> Path:
    """The file that the lock is on."""
    return state_dir / _LOCK


def _lives(found: Holder) -> bool:
    """Whether the process that wrote a note lives.

    In a container of systemd-nspawn, a service in a sandbox sees another boot_id than those who look from
    outside of it. There the time counts at which the process began, which a later boot cannot repeat (the kernel
    tells the second of its boot alone).
    """
    born = birth_of(found.pid)
    if not found.birth or not born:
        return False
    (boot, _colon, ticks), (boot_here, _colon, ticks_here) = found.birth.partition(":"), born.partition(":")
    if ticks != ticks_here:
        return False
    return boot == boot_here or (bool(ticks) and -2 < found.started - _began(int(ticks)) < START_TAKES)


def _began(ticks: int) -> float:
    """The wall time (epoch seconds) so many ticks after the boot; 0.0 where the system does not tell."""
    try:
        lines = Path("/proc/stat").read_text("ascii", "replace").splitlines()
        booted = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    except (OSError, ValueError, StopIteration):
        return 0.0
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def birth_of(pid: int) -> str:
    """What a process keeps from birth to death and no other ever has; ``""`` when it is dead.

    On Linux the boot and the ticks since then, as psutil's creation time moves whenever the clock is set.
    """
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        except OSError:
            return ""
        fields = stat.rpartition(")")[2].split()  # the name before may hold anything, brackets too
        return "" if fields[0] in "ZX" else f"{boot}:{fields[19]}"
    import psutil

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except (psutil.Error, ValueError):
        return ""


def _write(path: Path, mine: Holder) -> None:
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.write_text(json.dumps(asdict(mine)), "utf-8")
    fresh.replace(path)


def _busy(state_dir: Path) -> Problem:
    found = holder(state_dir)
    if found is None:  # in the blink between the lock and the note, or from another machine
        return Problem(
            "lock.busy",
            N_("Another sorad works on the ledger in {path}."),
            N_("Wait for it to end, or stop it; sorad status shows what it does."),
            {"path": str(state_dir)},
        )
    return Problem(
        "lock.held",
        N_("sorad {command} works on the ledger in {path} already: process {pid}, since {since}."),
        N_("Wait for it to end, or stop it (Ctrl+C where it runs, or: kill {pid}), and try again."),
        {
            "command": found.command,
            "path": str(state_dir),
            "pid": found.pid,
            "since": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.started)),
        },
    )


def _unusable(state_dir: Path, error: Exception) -> Problem:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Problem(
        "lock.unusable",
        N_("No lock can be taken in {path}: {reason}."),
        N_("Set state_dir to a folder on a disk of this machine that you may write to."),
        {"path": str(state_dir), "reason": reason},
    )
