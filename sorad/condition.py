"""The condition of a long-lived part of the daemon: a thread, or a lane of the engine. Told in the pulse."""

from __future__ import annotations

from dataclasses import dataclass

from sorad.messages import N_
from sorad.problems import Problem

# Seconds without a heartbeat from which on a part counts as hung. A healthy one beats every 10 s at least; a
# ledger that another process keeps locked holds a turn up for 10 s more.
LIMIT = 45.0
# A failure is shown until the part has run for so long since (seconds): one that fails again and again never
# looks well.
SHOWN = 60.0

OK, FAILING, HUNG, DEAD = "ok", "failing", "hung", "dead"


@dataclass(frozen=True)
class Part:
    """How one long-lived part of the daemon stood."""

    name: str
    age: float  # seconds since its last heartbeat
    limit: float  # seconds without one from which on it counts as hung
    failures: int = 0  # since the start of the daemon
    state: str = OK
    problem: str = ""  # of its last failure, as JSON; "" where it is well
    lost: bool = False  # only a new start of the process brings it back

    @property
    def ok(self) -> bool:
        """Whether it does its work."""
        return self.state == OK


def part_failed(name: str, error: BaseException) -> Problem:
    """An exception at the root of a part's thread, in words."""
    return Problem(
        "daemon.thread",
        N_("the part {name} failed: {error}. It is started again."),
        N_("If it keeps failing: `sorad log` has the details."),
        {"name": name, "error": f"{type(error).__name__}: {error}"},
    )
