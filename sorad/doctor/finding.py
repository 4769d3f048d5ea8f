"""What a check came to: a level, a sentence, and a mend."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from sorad.problems import Param, Problem

ALL_WELL, PROBLEMS, NOT_RUNNING = 0, 1, 3

# The one finding that has an exit code of its own.
DAEMON_STOPPED = "daemon.not_running"


class Level(str, enum.Enum):
    """How bad it is. A warning does its work today and deserves a look."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Finding:
    """``check`` is the stable name of what was looked at; ``problem`` also carries what is well."""

    check: str
    level: Level
    problem: Problem

    @property
    def code(self) -> str:
        """Stable, for programs."""
        return self.problem.code


def ok(check: str, code: str, message: str, **params: Param) -> Finding:
    """All is well. ``message`` is a message id, as everywhere here."""
    return Finding(check, Level.OK, Problem(code, message, "", params))


def warning(check: str, code: str, message: str, fix: str = "", **params: Param) -> Finding:
    """Worth a look."""
    return Finding(check, Level.WARNING, Problem(code, message, fix, params))


def problem(check: str, code: str, message: str, fix: str = "", **params: Param) -> Finding:
    """Something does not work."""
    return Finding(check, Level.PROBLEM, Problem(code, message, fix, params))


def exit_code(findings: Iterable[Finding]) -> int:
    """0 without a problem; 3 where the only one is that the daemon does not run; else 1."""
    codes = {found.code for found in findings if found.level is Level.PROBLEM}
    if not codes:
        return ALL_WELL
    return NOT_RUNNING if codes == {DAEMON_STOPPED} else PROBLEMS
