"""What is installed: for a bug report, and for the one known bug that matters here."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from importlib import metadata

from sorad import __version__
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, ok
from sorad.messages import N_

_LIBRARIES = ("watchdog", "requests", "urllib3", "pydantic")
# Up to here two connections that write and checkpoint at once can damage the WAL.
_WAL_BUG_UNTIL = (3, 51, 2)


def check(_context: Context) -> Iterator[Finding]:
    """Look and judge."""
    yield ok(
        "versions",
        "versions",
        N_("sorad {sorad}, Python {python}, {system}"),
        sorad=__version__,
        python=platform.python_version(),
        system=system(),
    )
    yield ok("versions", "versions.libraries", "{libraries}", libraries=", ".join(libraries()))
    yield judge_sqlite(sqlite3.sqlite_version_info, sqlite3.sqlite_version)


def system() -> str:
    """The operating system in a few words."""
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]} {platform.machine()}"
    return " ".join(part for part in (platform.system(), platform.release(), platform.machine()) if part)


def libraries() -> Iterator[str]:
    """Name and version of those that matter."""
    for name in _LIBRARIES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} ?"


def judge_sqlite(version: tuple[int, int, int], text: str) -> Finding:
    """An old one is no trouble: only one connection of sorad ever writes and checkpoints."""
    if version <= _WAL_BUG_UNTIL:
        return ok(
            "versions",
            "versions.sqlite",
            N_("SQLite {version}; its rare WAL bug (until 3.51.2) needs two writers, and sorad has one."),
            version=text,
        )
    return ok("versions", "versions.sqlite", "SQLite {version}", version=text)
