"""``state_dir``: where the ledger, the lock and the log live."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sorad.claim.sync_signs import sync_service
from sorad.doctor.context import Context, within
from sorad.doctor.finding import Finding, Level, ok, problem, warning
from sorad.doctor.writable import nearest, obstacle
from sorad.logs import log_files, log_path, not_writable
from sorad.messages import N_
from sorad.units import format_size
from sorad.vault.filesystem import events_work

ANSWER = 10.0  # seconds


@dataclass(frozen=True)
class Look:
    """What was seen of it. ``kind`` is that of a file system on which the ledger is not safe, else ``""``."""

    path: str
    exists: bool = False
    obstacle: str = ""
    kind: str = ""
    service: str = ""  # what seems to sync it
    open_to_others: bool = False
    log: str = ""
    log_size: int = 0
    log_obstacle: str = ""


def check(context: Context) -> Iterator[Finding]:
    """Look and judge."""
    if context.state_dir is not None:
        folder = context.state_dir
        try:
            seen = within(ANSWER, lambda: look(folder))
        except OSError as error:
            seen = Look(str(folder), exists=True, obstacle=error.strerror or str(error))
        yield from judge(seen or Look(str(folder), exists=True, obstacle=os.strerror(errno.ETIMEDOUT)))


def look(folder: Path) -> Look:
    """Look at it. ``OSError`` where the system does not let us."""
    exists = folder.is_dir()
    place = nearest(folder)
    events, kind = events_work(str(place))
    mode = folder.stat().st_mode if exists else 0
    logs = log_path(folder)
    written = logs.exists() and not os.access(logs, os.W_OK)
    return Look(
        str(folder),
        exists,
        obstacle(place) if not (folder.exists() and not exists) else os.strerror(errno.ENOTDIR),
        "" if events else kind,
        sync_service(place),
        os.name != "nt" and bool(stat.S_IMODE(mode) & 0o077),
        str(logs),
        sum(file.stat().st_size for file in log_files(folder)),
        os.strerror(errno.EACCES) if written else (obstacle(logs.parent) if logs.parent.is_dir() else ""),
    )


def judge(seen: Look) -> Iterator[Finding]:
    """Is it safe there?"""
    sound = True
    if seen.obstacle:
        sound = False
        yield problem(
            "state_dir",
            "state_dir.not_writable",
            N_("{path} cannot be written: {reason}."),
            N_("Make it writable for the user that runs sorad, or set state_dir to another folder."),
            path=seen.path,
            reason=seen.obstacle,
        )
    if seen.kind:
        sound = False
        yield problem(
            "state_dir",
            "state_dir.network",
            N_("{path} lies on a file system ({kind}) on which the ledger and its lock are not safe."),
            N_("Stop sorad, move the folder to a disk of this computer, and set state_dir to it."),
            path=seen.path,
            kind=seen.kind,
        )
    elif seen.service:
        sound = False
        yield warning(
            "state_dir",
            "state_dir.synced",
            N_("{path} seems to be synced ({service}); a sync service damages a database that is in use."),
            N_("Stop sorad, move the folder out of there, and set state_dir to it."),
            path=seen.path,
            service=seen.service,
        )
    if seen.open_to_others:
        yield warning(
            "state_dir",
            "state_dir.open",
            N_("Other users of this computer can look into {path}; prompts stand in the ledger."),
            N_("Run:\n  chmod 700 {path}"),
            path=seen.path,
        )
    if sound and seen.exists:
        yield ok("state_dir", "state_dir.ok", "{path}", path=seen.path)
    elif sound:
        yield ok("state_dir", "state_dir.new", N_("{path} is made at the first start."), path=seen.path)
    if seen.log_obstacle:
        yield Finding("log", Level.PROBLEM, not_writable(Path(seen.log), seen.log_obstacle))
    elif seen.log_size:
        yield ok("log", "log.ok", "{path}, {size}", path=seen.log, size=format_size(seen.log_size))
