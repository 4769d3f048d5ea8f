# ruff: noqa: PTH115, PTH208
"""Linux's limits on watched folders, against the number of folders there are."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad.doctor.finding import Finding, ok, problem, warning
from sorad.messages import N_
from sorad.problems import Param

PROC = Path("/proc")
_INOTIFY = "anon_inode:inotify"  # what a descriptor of it leads to
WATCHES, INSTANCES = "max_user_watches", "max_user_instances"
# What is recommended where it suffices; a watch costs about a kilobyte of the kernel's memory while in use.
_LEAST = {WATCHES: 524_288, INSTANCES: 512}
# Above this share of what is left, a vault that grows a little is no longer watched.
_TIGHT = 0.8


@dataclass(frozen=True)
class Limit:
    """One limit: ``used`` is what the other programs of the same user have, as far as it can be seen."""

    name: str
    most: int
    used: int
    needed: int

    @property
    def left(self) -> int:
        """What sorad may have."""
        return self.most - self.used

    @property
    def recommended(self) -> int:
        """Twice what all need together, in round numbers."""
        value = _LEAST[self.name]
        while value < 2 * (self.used + self.needed):
            value *= 2
        return value


def look(folders: Sequence[int], daemon: Optional[int], proc: Path = PROC) -> list[Limit]:
    """The limits for roots of so many folders each; none where there is no inotify.

    They count for a user. The watches of the process ``daemon`` are those of these very roots.
    """
    try:
        most = {name: int((proc / "sys/fs/inotify" / name).read_text()) for name in (WATCHES, INSTANCES)}
    except (OSError, ValueError):
        return []
    try:
        uid = (proc / str(daemon or os.getpid())).stat().st_uid
    except OSError:
        return []  # no /proc to look into
    watches, instances = _used(uid, daemon, proc)
    return [
        Limit(WATCHES, most[WATCHES], watches, sum(folders)),
        Limit(INSTANCES, most[INSTANCES], instances, len(folders)),  # one for each root
    ]


def _used(uid: int, daemon: Optional[int], proc: Path) -> tuple[int, int]:
    """Watches and instances of the user's other processes; those that cannot be looked into count as none."""
    watches = instances = 0
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or not ours to look into
            if process.name == str(daemon) or process.stat().st_uid != uid:
                continue
            for number in os.listdir(process / "fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(process / "fd" / number) == _INOTIFY:
                        instances += 1
                        info = (process / "fdinfo" / number).read_text(errors="replace")
                        watches += info.count("inotify wd:")
    return watches, instances


def judge(limits: Sequence[Limit]) -> Iterator[Finding]:
    """Is there room for every folder?"""
    for limit in limits:
        params: dict[str, Param] = {
            "needed": limit.needed,
            "most": limit.most,
            "used": limit.used,
            "setting": f"fs.inotify.{limit.name}",
            "value": limit.recommended,
        }
        message = (
            N_("{needed} folders are to be watched; this system allows {most}, {used} of them are in use.")
            if limit.name == WATCHES
            else N_("{needed} watchers are needed; this system allows {most}, {used} of them are in use.")
        )
        if limit.needed > limit.left:
            yield problem("inotify", f"inotify.{limit.name}", message, _RAISE, **params)
        elif limit.needed > _TIGHT * limit.left:
            yield warning("inotify", f"inotify.{limit.name}.tight", message, _RAISE, **params)
        elif limit.name == WATCHES:
            yield ok("inotify", "inotify.ok", message, **params)


_RAISE = N_(
    "Raise the limit now, and for good:\n"
    "  sudo sysctl -w {setting}={value}\n"
    "  echo '{setting}={value}' | sudo tee -a /etc/sysctl.d/60-sorad.conf"
)
