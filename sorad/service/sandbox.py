"""What the running daemon sees of its sandbox: looked at from inside, never taken from the unit's text.

The unit tells in ``$SORAD_SANDBOX`` what it promises: ``full`` (the system unit), ``files`` (a user unit on a
machine that lets users make namespaces), or nothing. A finding is a mapping of plain JSON values:

``name``   what was looked at: root, output, state_dir, home, usr, etc, privileges, syscalls, processes, network
``path``   the folder, where it is about one
``seen``   what was found: writable, read-only, away, denied, yes, no, other
``ok``     whether that is as sorad needs it and as the unit promises
``problem`` what is wrong, as :meth:`Problem.to_json` writes it; missing where ``ok``
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

from sorad.config.model import Config
from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.service.render import FILES, FULL, PROMISE, inside, writable

Finding = dict[str, Any]

WRITABLE, READ_ONLY, AWAY = "writable", "read-only", "away"


def findings(config: Config, env: Optional[Mapping[str, str]] = None) -> list[Finding]:
    """Look around. Never raises. Touches nothing in a vault: a synced folder would tell the world of it.

    Folders of vaults and outputs are asked (access and the flags of their file system), which knows of a
    read-only mount; only in ``state_dir`` a file is really made, and removed at once. May hang where a
    network share hangs.
    """
    promise = (os.environ if env is None else env).get(PROMISE, "")
    found = list(_folders(config))
    if promise in (FULL, FILES):
        found += _closed(config)
    if promise == FULL:
        found += _confined()
    return [*found, _processes(), _network()]


def problems(found: list[Finding]) -> list[Problem]:
    """What of the findings is wrong. Pure."""
    return [Problem.from_json(one["problem"]) for one in found if "problem" in one]


# --- folders ----------------------------------------------------------------------------------------------


def _folders(config: Config) -> Iterator[Finding]:
    """What must be writable."""
    yield _wanted("state_dir", config.state_dir, really_writable(config.state_dir))
    for watch in config.watch:
        yield _wanted("root", watch.path, writable_by_mode(watch.path))
        if watch.output_mode == "centralized" and watch.output_dir is not None:
            yield _wanted("output", watch.output_dir, writable_by_mode(watch.output_dir))


def _wanted(name: str, path: Path, seen: str) -> Finding:
    if seen != READ_ONLY:
        return _finding(name, seen, path=str(path))  # a folder that is away is the vault's to tell
    return _finding(
        name,
        seen,
        Problem(
            "sandbox.read_only",
            N_("sorad may not write to {path}."),
            N_(
                "If it is new in the config, was replaced, or was away when the service started: sorad service "
                "install. Else check whose folder it is, and whether its disk is mounted read-only."
            ),
            {"path": str(path)},
        ),
        path=str(path),
    )


def writable_by_mode(path: Path) -> str:
    """Whether a folder is writable, by asking alone."""
    try:
        flags = os.statvfs(path).f_flag if hasattr(os, "statvfs") else 0
    except OSError:
        return AWAY
    if flags & getattr(os, "ST_RDONLY", 1) or not os.access(path, os.W_OK | os.X_OK):
        return READ_ONLY
    return WRITABLE


def really_writable(path: Path) -> str:
    """Whether a folder is writable, by a file without a name: a process that is killed meanwhile leaves none."""
    if not path.is_dir():
        return AWAY
    try:
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"sorad")
            file.flush()
    except OSError:
        return READ_ONLY
    return WRITABLE


def _closed(config: Config) -> Iterator[Finding]:
    """What must not be writable, as the unit promises; where nothing that sorad writes lies above it."""
    open_ones = writable(config)
    for name, path in (("home", Path.home()), ("usr", Path("/usr")), ("etc", Path("/etc"))):
        if any(inside(path, folder) for folder in open_ones):
            continue
        seen = writable_by_mode(path)
        yield _finding(name, seen, _open(path) if seen == WRITABLE else None, path=str(path))


def _open(path: Path) -> Problem:
    return Problem(
        "sandbox.open",
        N_("The service can write to {path}, which its unit forbids."),
        N_(
            "The sandbox does not work on this machine; sorad itself does. `systemd-analyze verify` may tell why."
        ),
        {"path": str(path)},
    )


# --- the process ------------------------------------------------------------------------------------------


def _confined() -> Iterator[Finding]:
    """No privileges, none to be had, and only the system calls that are needed (man proc_pid_status)."""
    status = read_status()
    capable = int(status.get("CapBnd", "0"), 16) | int(status.get("CapEff", "0"), 16)
    none = not capable and status.get("NoNewPrivs") == "1"
    yield _finding(
        "privileges", "no" if none else "yes", None if none else _loose(N_("it can gain privileges"))
    )
    filtered = status.get("Seccomp") == "2"
    yield _finding(
        "syscalls",
        "denied" if filtered else "yes",
        None if filtered else _loose(N_("every system call is allowed")),
    )


def read_status() -> dict[str, str]:
    """``/proc/self/status``; empty where there is none."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


def _loose(what: str) -> Problem:
    return Problem(
        "sandbox.loose",
        what,
        N_("The service is not confined as its unit promises: run `sorad service install` again."),
    )


def _processes() -> Finding:
    """Whether psutil sees this process and its machine, which ``ProcSubset=pid`` would not let it."""
    import psutil

    try:
        mine = psutil.Process()
        works = mine.memory_info().rss > 0 and psutil.virtual_memory().total > 0 and mine.create_time() > 0
    except (psutil.Error, OSError, ValueError) as error:
        return _finding("processes", "no", _blind(error))
    return _finding("processes", "yes" if works else "no", None if works else _blind("0"))


def _blind(error: object) -> Problem:
    return Problem(
        "sandbox.processes",
        N_("sorad cannot read about its own process ({reason})."),
        N_("If the unit was changed: ProcSubset=pid must not be in it."),
        {"reason": str(error)},
    )


def _network() -> Finding:
    """Whether the network may be used at all. No packet leaves."""
    denied = []
    for name in ("AF_INET", "AF_INET6", "AF_UNIX"):
        family = getattr(socket, name, None)
        if family is None:
            continue
        try:
            with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)):
                pass
        except OSError:
            denied.append(name)
    if "AF_INET" not in denied or "AF_INET6" not in denied:  # a kernel without IPv6 is no trouble
        return _finding("network", "yes")
    params: dict[str, Param] = {"families": ", ".join(denied)}
    return _finding(
        "network",
        "denied",
        Problem(
            "sandbox.network",
            N_("sorad may not use the network ({families})."),
            N_("If the unit was changed: RestrictAddressFamilies= must allow AF_INET or AF_INET6."),
            params,
        ),
    )


def _finding(name: str, seen: str, problem: Optional[Problem] = None, path: str = "") -> Finding:
    found: Finding = {"name": name, "seen": seen, "ok": problem is None}
    if path:
        found["path"] = path
    if problem is not None:
        found["problem"] = problem.to_json()
    return found
