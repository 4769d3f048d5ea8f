"""The breaker: how many generations may be in flight, given the trouble with creates. Pure.

    normal ──errors in a row──► safe ──cooled──► recovering ──all slots back──► normal
                                 ▲ │ (an error starts the cooling anew)  │
                                 └─┴──────────errors in a row────────────┘

Only creates are judged here: trouble with polls or downloads must never hold paid takes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Optional

from sorad.config.model import Limits

NORMAL, SAFE, RECOVERING = "normal", "safe", "recovering"


@dataclass(frozen=True)
class Breaker:
    """``effective`` slots until ``until`` (epoch seconds); ``errors`` counts the row of errors."""

    mode: str = NORMAL
    effective: int = 0  # 0: not set yet, all slots
    errors: int = 0
    until: Optional[float] = None

    def to_json(self) -> dict[str, Any]:
        """For the ledger: the breaker outlives the process."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Optional[Mapping[str, Any]]) -> Breaker:
        """The reverse of :meth:`to_json`; a fresh breaker for ``None``."""
        return cls(**raw) if raw else cls()


def after_error(breaker: Breaker, limits: Limits, now: float) -> Breaker:
    """A create met a 429, a 5xx or a transport failure."""
    errors = breaker.errors + 1
    if breaker.mode != SAFE and errors < limits.errors_to_trip:
        return replace(breaker, errors=errors)
    safe = min(limits.safe_concurrency, limits.concurrency)
    return Breaker(SAFE, safe, errors, now + limits.cooldown_seconds)


def after_success(breaker: Breaker) -> Breaker:
    """A create was accepted: the row of errors ends. Cooling goes on to its end all the same."""
    return breaker if breaker.errors == 0 else replace(breaker, errors=0)


def as_of(breaker: Breaker, limits: Limits, now: float) -> Breaker:
    """The breaker after the time that has passed, also over a restart or with other limits."""
    if breaker.mode == NORMAL or breaker.until is None:
        return replace(breaker, mode=NORMAL, effective=limits.concurrency, until=None)
    mode, effective = breaker.mode, min(breaker.effective, limits.concurrency)
    # A clock that was set back must not stretch a wait beyond its full length.
    longest = limits.cooldown_seconds if mode == SAFE else limits.recover_seconds
    until = min(breaker.until, now + longest)
    while now >= until and effective < limits.concurrency:
        mode = RECOVERING
        # Cooling ends with the first slot given back; the others follow one at a time.
        effective += 1
        until += limits.recover_seconds
        if limits.recover_seconds == 0:
            effective = limits.concurrency
    if effective >= limits.concurrency and now >= breaker.until:
        return Breaker(NORMAL, limits.concurrency, breaker.errors, None)
    return Breaker(mode, effective, breaker.errors, until)
