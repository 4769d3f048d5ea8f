"""Backoff with jitter, as numbers. Pure: the randomness is passed in."""

from __future__ import annotations

import random


def delay(attempt: int, base: float, longest: float, rng: random.Random) -> float:
    """Seconds to wait after ``attempt`` failures in a row (1, 2, …): doubling, with up to a quarter of jitter."""
    doubled = base * 2 ** min(max(attempt, 1) - 1, 30)
    return float(min(doubled, longest)) * rng.uniform(0.75, 1.0)


def spread(seconds: float, rng: random.Random) -> float:
    """``seconds`` and up to a fiftieth more, so that takes bought together are not polled together for ever.

    Never less: who knows how long a task takes chooses the pace so that a poll comes right after its end.
    """
    return seconds * rng.uniform(1.0, 1.02)
