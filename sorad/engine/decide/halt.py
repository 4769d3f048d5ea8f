"""A halt: buying has stopped because no create can succeed. Pure.

A refused key, an empty balance, a retired model or a wrong address is no case for the breaker: trying more
slowly does not help. Buying stops at once, `status` says what to do, and one gentle probe every ``probe_seconds``
finds out that it is mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from sorad.problems import Problem
from sorad.providers.base import Trouble

HALTING = frozenset({Trouble.SETUP, Trouble.KEY, Trouble.BALANCE, Trouble.RETIRED, Trouble.PAGE})


@dataclass(frozen=True)
class Halt:
    """Why buying stopped, since when, and when the next probe is due (epoch seconds)."""

    trouble: Trouble
    problem: Problem
    since: float
    until: float
    probing: bool = False  # one create is let through to find out

    def to_json(self) -> dict[str, Any]:
        """For the ledger and `sorad status`."""
        return {
            "code": self.trouble.value,
            "since": self.since,
            "until": self.until,
            "problem": self.problem.to_json(),
        }

    def as_of(self, now: float, longest: float) -> Halt:
        """The halt against a clock that was set back: its next probe is at most ``longest`` away."""
        return self if self.until <= now + longest else replace(self, until=now + longest)

    @classmethod
    def from_json(cls, raw: Optional[Mapping[str, Any]]) -> Optional[Halt]:
        """The reverse of :meth:`to_json`."""
        if not raw:
            return None
        problem = Problem.from_json(raw["problem"])
        return cls(Trouble(raw["code"]), problem, raw["since"], raw["until"])
