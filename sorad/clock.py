"""Time, passed in: what runs on a clock can be run on a simulated one."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Wall time and monotonic time, in seconds."""

    def time(self) -> float:
        """Seconds since the epoch (UTC). May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some start. Never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def asleep() -> float | None:
    """Seconds that this machine has slept since its start; ``None`` where the system does not tell.

    Linux: its monotonic clock stands still in sleep, its boot clock does not.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return None
    return time.clock_gettime(boot) - time.clock_gettime(time.CLOCK_MONOTONIC)


def uptime() -> float:
    """Seconds since this machine's start, asleep or not; where the system does not tell, without those asleep."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def boot_id() -> str:
    """Names this start of the machine; ``""`` where the system has no name for it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def iso(seconds: float | None) -> str | None:
    """``2026-11-23T10:30:00Z`` for epoch seconds; ``None`` stays ``None``."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_time(seconds: float | None) -> str:
    """``2026-11-23 10:30:00`` on the user's clock; ``""`` for ``None``."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
