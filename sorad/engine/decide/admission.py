"""Admission: how many creates may start now, and when to ask again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from sorad.engine.decide.breaker import Breaker
from sorad.engine.decide.gate import Gate
from sorad.engine.decide.halt import Halt


@dataclass(frozen=True)
class Facts:
    """What admission decides by. ``trying`` are creates claimed and not yet answered."""

    now: float
    paused: bool  # by the user
    breaker: Breaker  # as of now
    gate: Gate
    halt: Optional[Halt]
    in_flight: int  # slots taken, ``trying`` among them
    trying: int
    stopped: bool = False  # until the user acts, or the first create anywhere is answered


@dataclass(frozen=True)
class Admitted:
    """``count`` creates may start; ask again at ``again`` (epoch seconds), or when something happens."""

    count: int
    again: Optional[float] = None


def admit(facts: Facts) -> Admitted:
    """How many creates may start now."""
    if facts.paused or facts.stopped:
        return Admitted(0)
    free = max(0, facts.breaker.effective - facts.in_flight)
    if facts.halt is not None:
        # The probe: one create, and only once its free checks have let it through.
        may = facts.halt.probing and facts.trying == 0
        return Admitted(min(1, free) if may else 0)
    if facts.now < facts.gate.until:
        return Admitted(0, facts.gate.until)
    if facts.gate.one_at_a_time:
        free = min(free, max(0, 1 - facts.trying))
    return Admitted(free, facts.breaker.until)
