"""The downloads under way: how quick each is, which went aside, which is to end. Thread-safe."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Callable, Optional

from sorad.engine.decide.crawling import Flow, takes_hours
from sorad.messages import N_
from sorad.problems import Problem
from sorad.units import format_size

# A rate is taken over the last 10 to 20 seconds.
WINDOW = 10.0
# What the line was seen to do counts for so long, in seconds.
REMEMBERED = 600.0
# A stall is nobody's concern; what crawls for so long is told, in seconds.
TOLD_AFTER = 60.0


@dataclass
class _Under:
    """One of them. Times are monotonic."""

    began: float
    mark: tuple[float, int]  # when a window began, and what had come then
    before: tuple[float, int]  # the same of the window before
    got: int = 0
    total: Optional[int] = None
    resumable: bool = False
    moved: bool = False  # bytes have come
    aside: bool = False
    cut: bool = False


class Downloads:
    """Written by the steps that fetch, read by the loop."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._under: dict[int, _Under] = {}
        self._best: list[tuple[float, float]] = []  # rates and when they were seen, the latest of each window
        self._slow: dict[int, float] = {}  # since when each is seen to crawl

    def began(self, take_id: int) -> None:
        """A step begins to fetch a take."""
        now = self._monotonic()
        with self._lock:
            self._under[take_id] = _Under(now, (now, 0), (now, 0))

    def opened(self, take_id: int, offset: int, total: Optional[int], *, resumable: bool) -> None:
        """Its server answered: bytes will come from ``offset`` on."""
        now = self._monotonic()
        with self._lock:
            one = self._under.get(take_id)
            if one is not None:
                one.got, one.total, one.resumable = offset, total, resumable
                one.mark = one.before = (now, offset)

    def came(self, take_id: int, got: int, total: Optional[int]) -> None:
        """``got`` bytes of it are there."""
        now = self._monotonic()
        with self._lock:
            one = self._under.get(take_id)
            if one is None:
                return
            one.moved = one.moved or got > one.got
            one.got, one.total = got, total
            if now - one.mark[0] >= WINDOW:
                self._seen(now, _rate(one, now))
                one.before, one.mark = one.mark, (now, got)

    def ended(self, take_id: int) -> None:
        """Its step is over, well or not."""
        now = self._monotonic()
        with self._lock:
            one = self._under.pop(take_id, None)
            if one is not None and one.got > one.before[1]:
                self._seen(now, _rate(one, now))

    def go_aside(self, take_id: int) -> None:
        """It is on a slow lane from now on."""
        with self._lock:
            if take_id in self._under:
                self._under[take_id].aside = True

    def cut(self, take_id: int) -> None:
        """It is to end now, and to go on later."""
        with self._lock:
            if take_id in self._under:
                self._under[take_id].cut = True

    def is_cut(self, take_id: int) -> bool:
        """Whether it is to end."""
        one = self._under.get(take_id)
        return one is not None and one.cut

    def flows(self) -> list[Flow]:
        """All of them, but those that are about to end."""
        now = self._monotonic()
        with self._lock:
            return [
                Flow(
                    take_id,
                    now - one.began,
                    _rate(one, now),
                    None if one.total is None else one.total - one.got,
                    one.resumable,
                    one.aside,
                )
                for take_id, one in self._under.items()
                if not one.cut
            ]

    def best(self) -> float:
        """The quickest rate that a download had lately, in bytes a second."""
        now = self._monotonic()
        with self._lock:
            return max((rate for rate, at in self._best if now - at < REMEMBERED), default=0.0)

    def problem(self) -> Optional[Problem]:
        """What `status` tells of those that have crawled for a while. To be asked every few seconds."""
        now = self._monotonic()
        with self._lock:
            moved = {take_id for take_id, one in self._under.items() if one.moved}
        # What hangs before a byte has come is told as that, or ends by its time-out.
        slow = [flow for flow in self.flows() if flow.take_id in moved and takes_hours(flow)]
        self._slow = {flow.take_id: self._slow.get(flow.take_id, now) for flow in slow}
        told = [flow for flow in slow if now - self._slow[flow.take_id] >= TOLD_AFTER]
        if not told:
            return None
        rate = format_size(max(flow.rate for flow in told))
        return Problem(
            "download.crawls",
            N_(
                "Videos that are paid for take hours to come; downloads that crawl: {count}, at most {rate}/s each."
            ),
            N_(
                "Nothing is lost, and others go first. Check the line to the provider, and [provider] proxy and "
                "download_proxy."
            ),
            {"count": len(told), "rate": rate},
        )

    def _seen(self, now: float, rate: float) -> None:
        """Keep it where nothing quicker came later."""
        kept = [(other, at) for other, at in self._best if other > rate and now - at < REMEMBERED]
        self._best = [*kept, (rate, now)]


def _rate(one: _Under, now: float) -> float:
    began, had = one.before
    # At least a second: what lay in buffers already came at no rate of the line's.
    return (one.got - had) / max(now - began, 1.0)
