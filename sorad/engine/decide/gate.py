"""The gate: how creates are spaced while they are being refused. Pure.

A cap on concurrency bounds nothing while refusals come at once. One gate for all creates does: each
refusal doubles the wait (1 s up to a minute, Retry-After first), each acceptance halves it, and while
there is a wait only one create is tried at a time. An hour of nothing but 429 so costs about 65 creates
and what was already on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Optional

FIRST = 1.0
LONGEST = 60.0
# A Retry-After beyond a day is taken for a mistake of the server, not for a wish.
RETRY_AFTER_MAX = 86_400.0


@dataclass(frozen=True)
class Gate:
    """Closed until ``until`` (epoch seconds); ``delay`` is the present wait in seconds, 0 when open.

    ``longest``: how long it was closed for in all; no clock that is set back keeps it closed for longer.
    """

    delay: float = 0.0
    until: float = 0.0
    longest: float = 0.0

    @property
    def one_at_a_time(self) -> bool:
        """Whether creates are being tried singly."""
        return self.delay > 0

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Optional[Mapping[str, Any]]) -> Gate:
        """The reverse of :meth:`to_json`; an open gate for ``None``."""
        return cls(raw["delay"], raw["until"], raw.get("longest", RETRY_AFTER_MAX)) if raw else cls()


def after_refusal(gate: Gate, now: float, retry_after: Optional[float]) -> Gate:
    """A create was refused or did not get through.

    Creates that left together are refused together: while the gate is closed, one more refusal tells
    nothing new, but for its Retry-After. Each of eight doubling the wait would make a minute of one hiccup.
    """
    asked = min(retry_after or 0.0, RETRY_AFTER_MAX)
    if now < gate.until:
        return Gate(gate.delay, max(gate.until, now + asked), max(gate.longest, asked))
    delay = min(LONGEST, gate.delay * 2) if gate.delay else FIRST
    wait = max(delay, asked)
    return Gate(delay, now + wait, wait)


def after_acceptance(gate: Gate, now: float) -> Gate:
    """A create was accepted."""
    delay = gate.delay / 2
    return Gate(delay, now + delay, delay) if delay >= FIRST else Gate()


def as_of(gate: Gate, now: float) -> Gate:
    """The gate against a clock that was set back: no wait is longer than it can have been meant."""
    return replace(gate, until=min(gate.until, now + gate.longest))
