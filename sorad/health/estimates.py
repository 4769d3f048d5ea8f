"""How long a generation takes, learnt from finished ones, and till when what is under way will be. Pure.

What was not learnt is not guessed: three finished generations of a kind are the least that anything is said
from. A provider is slow on one day and quick on another, so only the latest of each kind count.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, Optional

from sorad.ledger.values import Generation
from sorad.model import State, Take

# So few say nothing; so many of the latest of a kind count.
LEAST, MOST = 3, 60
# From so many "longer than usual" is judged.
ENOUGH = 10
# A generation that seems to have taken so many times the median ended long before it was seen to: the laptop
# slept, or sorad did not run.
ABSURD = 5.0
# "Usually" leaves out the quickest and the slowest tenth.
QUICK, SLOW = 0.1, 0.9
# Queues longer than this are reckoned by their average.
STEP_BY_STEP = 2_000


class Kind(NamedTuple):
    """What decides how long a generation takes."""

    provider: str
    base_url: str
    seconds: int
    pro: bool


@dataclass(frozen=True)
class Pace:
    """How long a kind of generation takes, in seconds; ``took`` is sorted."""

    took: tuple[float, ...]

    @property
    def quick(self) -> float:
        """A tenth are quicker."""
        return quantile(self.took, QUICK)

    @property
    def median(self) -> float:
        """Half are quicker."""
        return quantile(self.took, 0.5)

    @property
    def slow(self) -> float:
        """A tenth are slower."""
        return quantile(self.took, SLOW)

    @property
    def mean(self) -> float:
        """What a queue of many goes by."""
        return math.fsum(self.took) / len(self.took)

    def whole(self, age: float) -> Optional[float]:
        """How long one that is ``age`` old will have taken: the median of those that took longer.

        ``None`` once it is slower than nine of ten: then nothing is known but that.
        """
        if age > self.slow:
            return None
        return quantile([took for took in self.took if took >= age], 0.5)


class Forecast(NamedTuple):
    """Till when a take generates (epoch seconds), as far as can be told."""

    expected: Optional[float]  # None: nothing was learnt, or it is slower than nine of ten
    latest: Optional[float]  # nine of ten are ready by then


UNTOLD = Forecast(None, None)


def learn(finished: Iterable[Generation]) -> dict[Kind, Pace]:
    """The pace of each kind; ``finished`` has the latest first."""
    took: dict[Kind, list[float]] = {}
    for one in finished:
        kind = Kind(one.provider, one.base_url, one.seconds, one.pro)
        known = took.setdefault(kind, [])
        if one.took >= 0 and len(known) < MOST:  # below 0: the clock was set
            known.append(one.took)
    paces = {}
    for kind, times in took.items():
        if times:
            most = ABSURD * quantile(sorted(times), 0.5)
            fit = sorted(time for time in times if time <= most)
            if len(fit) >= LEAST:
                paces[kind] = Pace(tuple(fit))
    return paces


def kind_of(take: Take) -> Kind:
    """The kind of a take that was sent."""
    return Kind(take.provider, take.base_url, take.effective_request.seconds, take.effective_request.pro)


def forecast(take: Take, paces: Mapping[Kind, Pace], now: float) -> Forecast:
    """Till when a take generates; nothing for one that does not, or whose create is in doubt."""
    pace, began = paces.get(kind_of(take)), _began(take)
    if pace is None or began is None:
        return UNTOLD
    whole = pace.whole(max(now - began, 0.0))
    return Forecast(None if whole is None else began + whole, began + pace.slow)


def _began(take: Take) -> Optional[float]:
    if take.state is State.SUBMITTING:
        return take.intent_at
    return take.accepted_at if take.state is State.GENERATING else None


def late(takes: Iterable[Take], finished: Sequence[Generation], now: float) -> frozenset[int]:
    """The ids of those of ``takes``, all that are under way, which take longer than usual.

    The first of a batch to end are its quickest, and say nothing of the rest of it. So a take is measured by what
    had ended before it began, and of that by no more than what began before everything that was still under way
    then: the quick ones among contemporaries count as little as the slow ones. It is late if it is slower than
    nine of ten of these; where they are few, or there are none, only if it is ``ABSURD``.
    """
    spans: dict[Kind, list[tuple[float, float]]] = {}
    for one in finished:
        if one.took >= 0:
            kind = Kind(one.provider, one.base_url, one.seconds, one.pro)
            spans.setdefault(kind, []).append((one.ended_at - one.took, one.ended_at))
    found: set[int] = set()
    open_: dict[Kind, list[float]] = {}  # when those began that are under way and not late
    under_way = [(began, take) for take in takes if (began := _began(take)) is not None]
    for began, take in sorted(under_way, key=lambda one: one[0]):
        kind = kind_of(take)
        known, beside = spans.get(kind, []), open_.setdefault(kind, [])
        if _is_late(began, now - began, known, beside):
            found.add(take.id)
        else:
            beside.append(began)
    return frozenset(found)


def _is_late(began: float, age: float, known: Sequence[tuple[float, float]], beside: Sequence[float]) -> bool:
    """``known``: when others began and ended, the latest first; ``beside``: when those began that have not ended."""
    then_open = [start for start, end in known if start < began < end]
    settled = min([*then_open, *beside, began])
    earlier = sorted([end - start for start, end in known if start < settled and end <= began][:MOST])
    if len(earlier) >= ENOUGH and age > _but_absurd(earlier):
        return True
    every = earlier if len(earlier) >= LEAST else sorted(end - start for start, end in known[:MOST])
    least = LEAST if every is earlier else ENOUGH
    return len(every) >= least and age > ABSURD * quantile(every, 0.5)


def _but_absurd(took: Sequence[float]) -> float:
    """The time that a tenth exceeds, without those that ended long before it was seen."""
    most = ABSURD * quantile(took, 0.5)
    return quantile([time for time in took if time <= most], SLOW)


def queue_done(
    in_flight: Sequence[Take],
    queued: Sequence[Take],
    waiting: int,
    slots: int,
    paces: Mapping[Kind, Pace],
    now: float,
) -> Optional[float]:
    """When all that is queued or under way will be generated (epoch seconds), to be honest the late end of it.

    ``waiting`` takes are queued, of which ``queued`` are some; ``slots`` may be in flight at once. ``None``
    where nothing runs or waits, or where too little was learnt. One that is slower than nine of ten is left out of
    the time, but keeps its slot.
    """
    moving = [take for take in in_flight if _is_moving(take)]
    if slots < 1 or not (moving or waiting):
        return None
    fit = _paces_of(queued, paces)
    runs = [forecast(take, paces, now) for take in moving if take.state is not State.UNKNOWN]
    if fit is None or (waiting and not fit) or UNTOLD in runs:
        return None
    return _done_at(runs, len(moving) - len(runs), fit, waiting, slots, now)


def _done_at(
    runs: Sequence[Forecast], untold: int, fit: Sequence[Pace], waiting: int, slots: int, now: float
) -> Optional[float]:
    """The same of what is known: ``runs`` of those in flight, ``untold`` more of them, ``fit`` of the queued."""
    longest = _longest(runs, now)
    if not fit:
        return longest if longest > now else None
    mean = math.fsum(pace.mean for pace in fit) / len(fit)
    left = [mean if run.expected is None else run.expected - now for run in runs]
    left += [mean] * untold
    start = _last_start(left, waiting, slots, mean)
    return max(longest, now + start + max(pace.slow for pace in fit))


def _is_moving(take: Take) -> bool:
    return take.state is not State.DOWNLOADING and not take.parked


def _longest(runs: Iterable[Forecast], now: float) -> float:
    """When the last of what is in flight will be there; ``now`` where none is on its way or all are slow."""
    return max((run.latest for run in runs if run.latest and run.expected is not None), default=now)


def _paces_of(queued: Iterable[Take], paces: Mapping[Kind, Pace]) -> Optional[list[Pace]]:
    """Of each queued take; ``None`` where too little was learnt of one."""
    known, found = _known(paces), []
    for take in queued:
        pace = known.get(Kind("", "", take.request.seconds, take.request.pro))
        if pace is None:
            return None
        found.append(pace)
    return found


def _known(paces: Mapping[Kind, Pace]) -> dict[Kind, Pace]:
    """Where it does not matter who generates (that of a queued take is not settled): the latest learnt."""
    found: dict[Kind, Pace] = {}
    for kind, pace in paces.items():
        found.setdefault(Kind("", "", kind.seconds, kind.pro), pace)
    return found


def _last_start(left: Sequence[float], waiting: int, slots: int, mean: float) -> float:
    """In how many seconds the last of the queue begins, when each slot takes the next as it gets free."""
    # Where more are in flight than may be, the first to end make no room.
    free = sorted(max(seconds, 0.0) for seconds in left)[max(len(left) - slots, 0) :]
    ready = list(chain([0.0] * (slots - len(free)), free))
    heapq.heapify(ready)
    rounds, rest = divmod(waiting, slots)
    skipped = max(rounds - STEP_BY_STEP // slots, 0) if waiting > STEP_BY_STEP else 0
    start = 0.0
    for _n in range((rounds - skipped) * slots + rest):
        start = heapq.heappop(ready)
        heapq.heappush(ready, start + mean)
    return start + skipped * mean


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of a sorted, not empty sequence lies, interpolated."""
    place = (len(ordered) - 1) * share
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))
