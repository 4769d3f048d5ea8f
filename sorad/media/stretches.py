"""Stretches of a video in which something holds, and those that come twice. Pure; times are seconds from its start.

What counts: 1 s of black, 2 s without the least movement, 1 s that is seen again. Shorter ones are how films are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import sub
from typing import NamedTuple, Optional

BLACK, FROZEN, DOUBLED = 1.0, 2.0, 1.0
_MOST = 3  # stretches of a kind that are told
# Mean differences of small pictures, of 255. A part that comes again differs by what compression makes of it; for it to
# be told apart from a scene in which little happens, its pictures must differ much more among themselves.
_SAME, _MOVES, _CLEARER = 1.5, 2.0, 4.0
_NEAR = 0.25  # seconds between pictures of which the movement is told
_ALIVE = 0.6  # part of the pictures in which something moves; what stands and jumps is a row of stills


@dataclass
class Runs:
    """Stretches in which something holds, told by one look after the other."""

    least: float  # seconds; shorter ones do not count
    found: list[tuple[float, float]] = field(default_factory=list)
    _since: Optional[float] = None

    def see(self, at: float, holds: bool) -> None:
        """At this moment, which comes after those before, it does or does not."""
        if holds and self._since is None:
            self._since = at
        elif not holds and self._since is not None:
            if at - self._since >= self.least:
                self.found.append((self._since, at))
            self._since = None

    def ended(self, at: float) -> list[tuple[float, float]]:
        """All of them, where the video ends at this moment."""
        self.see(at, holds=False)
        return self.found[:_MOST]


class Doubled(NamedTuple):
    """Pictures ``start`` to ``end`` (not included) are seen again from ``again`` on; numbers of pictures."""

    start: int
    end: int
    again: int


def doubled(pictures: Sequence[bytes], step: float) -> list[Doubled]:
    """What comes twice, the longest first. ``pictures``: small grey ones of one size, ``step`` seconds apart."""
    least, near = max(2, round(DOUBLED / step)), max(1, round(_NEAR / step))
    moves = [difference(one, other) for one, other in zip(pictures, pictures[near:])]
    found: list[Doubled] = []
    for lag in range(least, len(pictures) - least + 1):
        found += (one for one in _at(pictures, lag, least) if _is_alive(pictures, one, moves))
    chosen: list[Doubled] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start, one.again)):
        if not any(_overlap(one, other) for other in chosen):
            chosen.append(one)
    return chosen[:_MOST]


def _at(pictures: Sequence[bytes], lag: int, least: int) -> Iterator[Doubled]:
    """Runs of pictures that are the same so much later. Looked at are some, and around those that match, all."""
    last, seen = len(pictures) - lag, 0
    for anchor in range(0, last, max(1, least // 2)):
        if anchor < seen or not _match(pictures, anchor, lag):
            continue
        start = end = anchor
        while start > seen and _match(pictures, start - 1, lag):
            start -= 1
        while end < last and _match(pictures, end, lag):
            end += 1
        seen = end
        if end - start >= least:  # what goes round and round is told once
            yield Doubled(start, min(end, start + lag), start + lag)


def _match(pictures: Sequence[bytes], number: int, lag: int) -> bool:
    return difference(pictures[number], pictures[number + lag]) <= _SAME


def _is_alive(pictures: Sequence[bytes], one: Doubled, moves: Sequence[float]) -> bool:
    """Whether so much happens in it that its coming again cannot be chance."""
    inside = moves[one.start : min(one.end, len(moves))]
    if not inside:
        return False
    lag = one.again - one.start
    apart = [difference(pictures[number], pictures[number + lag]) for number in range(one.start, one.end)]
    clear = max(_MOVES, _CLEARER * sum(apart) / len(apart))
    alive = sum(move >= _SAME for move in inside) / len(inside)
    return sum(inside) / len(inside) >= clear and alive >= _ALIVE


def _overlap(one: Doubled, other: Doubled) -> bool:
    return one.start < other.end and other.start < one.end


def difference(one: bytes, other: bytes) -> float:
    """The mean difference of two grey pictures of one size, 0 to 255."""
    total: int = sum(map(abs, map(sub, one, other)))
    return total / len(one)
