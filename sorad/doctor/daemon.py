"""The daemon: who holds the lock, whether its parts work, and what `sorad status` says."""

from __future__ import annotations

import os
import platform
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad.clock import local_time
from sorad.doctor.context import Context
from sorad.doctor.finding import DAEMON_STOPPED, Finding, Level, ok, problem, warning
from sorad.health.complaint import Complaint
from sorad.health.complaints import complaints
from sorad.health.facts import Facts
from sorad.health.pulse import Pulse
from sorad.lock import Holder, lock_path, note_of
from sorad.messages import N_
from sorad.problems import Param

LOCKS = Path("/proc/locks")

# What is said of the daemon as a whole: sentences of our own alone.
_IN_FULL = frozenset({DAEMON_STOPPED, "daemon.starting", "daemon.no_pulse", "daemon.frozen", "daemon.hung"})


@dataclass(frozen=True)
class Look:
    """What the lock, its note and the pulse tell."""

    holder: Optional[Holder] = None  # alive
    stale: Optional[Holder] = None  # the note of a process that is no more, or of another machine
    locked: bool = False  # somebody holds the lock, as far as the system tells
    pulse: Optional[Pulse] = None
    user: Optional[int] = None  # who the holder runs as
    me: Optional[int] = None
    host: str = ""


def check(context: Context) -> Iterator[Finding]:
    """Look and judge."""
    if context.facts is None or context.state_dir is None:
        return
    yield from judge(look(context.state_dir, context.facts))
    yield from judge_status(complaints(context.facts), running=context.running)


def look(state_dir: Path, facts: Facts) -> Look:
    """Look, and leave the lock alone. Raises nothing."""
    holder = facts.holder
    return Look(
        holder,
        None if holder is not None else note_of(state_dir),
        is_locked(lock_path(state_dir)),
        facts.pulse,
        _owner(Path(f"/proc/{holder.pid}")) if holder is not None else None,
        os.getuid() if hasattr(os, "getuid") else None,
        platform.node(),
    )


def _owner(path: Path) -> Optional[int]:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def is_locked(path: Path, locks: Path = LOCKS) -> bool:
    """Whether any process has the lock, by the kernel's list (proc(5)): asking for it would disturb a start."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return False
        # The device is left out: btrfs and overlays tell another one here than there.
        return re.search(rf"FLOCK .*:{found.st_ino} ", locks.read_text()) is not None
    except OSError:
        return False


def judge(seen: Look) -> Iterator[Finding]:
    """Who works on the ledger, and is it who it should be?"""
    if seen.holder is None:
        yield from _nobody(seen)
        return
    who: dict[str, Param] = {
        "command": seen.holder.command,
        "pid": seen.holder.pid,
        "since": local_time(seen.holder.started),
    }
    message = N_("sorad {command} holds it: process {pid}, since {since}")
    yield ok("lock", "lock.ok", message, **who)
    if seen.user is not None and seen.me is not None and seen.user != seen.me:
        yield warning(
            "lock",
            "lock.other_user",
            N_(
                "sorad runs as another user than this command: what one may read and write, the other may not."
            ),
            N_("Run `sorad doctor` as the user that runs sorad."),
        )
    if seen.pulse is not None and seen.pulse.ready and not seen.pulse.frozen:
        parts = seen.pulse.parts
        if all(part.ok for part in parts):
            message = N_("{count} parts at work; last sign of life {seconds} s ago")
            yield ok("daemon", "daemon.ok", message, count=len(parts), seconds=f"{seen.pulse.age:.0f}")


def _nobody(seen: Look) -> Iterator[Finding]:
    if seen.stale is not None and seen.stale.host and seen.stale.host != seen.host:
        yield problem(
            "lock",
            "lock.other_host",
            N_(
                "The computer {host} works (or worked) on this ledger; a ledger belongs to one computer alone."
            ),
            N_("Set state_dir to a folder of this computer's own, outside of everything that is synced."),
            host=seen.stale.host,
        )
    elif seen.locked:
        yield problem(
            "lock",
            "lock.without_note",
            N_("A process holds the lock without a note of who it is."),
            N_("Look again in a moment; if it stays so, end that process (`ps aux | grep sorad` shows it)."),
        )
    elif seen.stale is not None:
        yield warning(
            "lock",
            "lock.stale",
            N_(
                "The last sorad (process {pid}, since {since}) ended without warning: killed, or the power went."
            ),
            N_("Nothing is lost: the next start goes on where it was."),
            pid=seen.stale.pid,
            since=local_time(seen.stale.started),
        )
    else:
        yield ok("lock", "lock.free", N_("Nobody holds it."))


def judge_status(found: Sequence[Complaint], *, running: bool) -> Iterator[Finding]:
    """What `status` calls a problem is none less here; mostly by its codes, as its sentences may quote a prompt.

    Without a daemon, what the last one left in the ledger says little about now.
    """
    for one in found:
        if one.problem.code in _IN_FULL and (one.heavy or running):
            yield Finding("daemon", Level.PROBLEM if one.heavy else Level.WARNING, one.problem)
    if not running:
        return
    codes = sorted({one.problem.code for one in found if one.heavy} - _IN_FULL)
    if codes:
        yield problem(
            "status",
            "status.problems",
            N_("`sorad status` names problems: {codes}"),
            N_("`sorad status` tells what they are and what to do."),
            codes=", ".join(codes),
        )
    elif not any(one.heavy for one in found):
        yield ok("status", "status.ok", N_("`sorad status` is green."))
