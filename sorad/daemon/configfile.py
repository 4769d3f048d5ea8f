"""Whether the config file is still what was read: one ``stat``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from sorad.messages import N_
from sorad.problems import Problem


def stamp(file: Path) -> Optional[tuple[int, int]]:
    """Size and time of the file; ``None`` where it is not there."""
    try:
        found = os.stat(file)  # noqa: PTH116
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def changed_since(file: Path) -> Problem:
    """What is worth knowing of a file that was changed and not read again."""
    return Problem(
        "config.changed",
        N_("The config {path} was changed since sorad read it."),
        N_("To put it in force: `sorad service reload`, or kill -HUP {pid}."),
        {"path": str(file), "pid": os.getpid()},
    )
