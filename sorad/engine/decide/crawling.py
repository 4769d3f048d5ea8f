"""Which download makes room where others wait for a lane: pure.

A server that sends a byte a second must not keep others from theirs, and there is no speed that is slow in itself:
on a slow line all are, and nothing is gained by cutting one. So a download is judged by the others, and by what
the line was seen to do lately.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

# Seconds that a download runs before it is judged.
WATCHED = 20.0
# The slowest goes aside where no lane will be free in so many seconds.
PATIENCE = 30.0
# So many times slower than the best is slower by far.
BY_FAR = 20.0
# Downloads that are aside at once, while others can be cut.
ASIDE = 2
# And where nothing quicker was ever seen, so that nobody knows whether the line or the servers are slow: what
# waits gets its try beside them, one after the other, and nothing is cut for it.
MOST_ASIDE = 6
# One that takes longer than this at its pace (seconds) is told; of how many bytes, where its server does not say.
TOO_LONG, ASSUMED = 3600.0, 12_000_000


@dataclass(frozen=True)
class Flow:
    """A download under way. ``rate``: bytes a second, lately; ``left``: bytes to come, ``None``: not known."""

    take_id: int
    seconds: float  # since it began
    rate: float
    left: Optional[int] = None
    resumable: bool = False  # the server goes on where a cut one ended
    aside: bool = False  # on a slow lane


@dataclass(frozen=True)
class Ease:
    """What makes room: the download that goes aside and keeps going, or the one that is cut, to be resumed."""

    aside: Optional[int] = None
    cut: Optional[int] = None


NOTHING = Ease()


def ease(flows: Sequence[Flow], best: float) -> Ease:
    """Where every lane is taken and a download waits: who makes room. ``best``: the quickest rate seen lately."""
    busy = [flow for flow in flows if not flow.aside]
    watched = [flow for flow in busy if flow.seconds >= WATCHED]
    if not watched:
        return NOTHING
    watched.sort(key=lambda flow: flow.rate)
    crawling = _crawling(watched, max([best, *(flow.rate for flow in flows)]))
    aside = len(flows) - len(busy)
    return _of_crawling(crawling, aside) or _of_slow(busy, watched[0], aside)


def _of_crawling(crawling: Sequence[Flow], aside: int) -> Optional[Ease]:
    """The slowest goes aside; where enough are ``aside``, the slowest that can be resumed is cut."""
    if crawling and aside < ASIDE:
        return Ease(aside=crawling[0].take_id)
    cut = next((flow for flow in crawling if flow.resumable), None)
    return None if cut is None else Ease(cut=cut.take_id)


def _of_slow(busy: Sequence[Flow], slowest: Flow, aside: int) -> Ease:
    """All are slow alike: the slowest goes aside where no lane will be free for long."""
    stuck = min(map(_ends_in, busy)) > PATIENCE
    return Ease(aside=slowest.take_id) if stuck and aside < MOST_ASIDE else NOTHING


def _crawling(flows: Sequence[Flow], best: float) -> list[Flow]:
    """Those that are slower by far than the best."""
    return [flow for flow in flows if flow.rate * BY_FAR < best]


def _ends_in(flow: Flow) -> float:
    """Seconds until it will have come whole; one that was not watched yet may end at any time."""
    if flow.seconds < WATCHED:
        return 0.0
    return math.inf if flow.left is None or flow.rate <= 0 else flow.left / flow.rate


def takes_hours(flow: Flow) -> bool:
    """Whether it will not have come within the hour at its pace."""
    left = ASSUMED if flow.left is None else flow.left
    return left > flow.rate * TOO_LONG
