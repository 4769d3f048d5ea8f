"""A provider's list of tasks as it may be: late, cut, paged wrongly, with other texts than were sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional, Union

from sorad.providers.answers.listing import Page, read_back
from sorad.providers.base import Fault, Listed, RemoteTask
from sorad.simulator.faults import TEXTS
from sorad.simulator.lists import Oddities

PAGE = 4


@dataclass(frozen=True)
class OddList:
    """As it stands here, nothing is odd about it.

    ``lag``: seconds until a task shows. ``cap``: only so many of the newest. ``offsets``: pages are counted, else
    each goes on after the last id. ``size``: rows of a page, whatever was asked for. ``repeats``: each page is
    the first. ``empty_after``: so many rows come, then empty pages. ``total``, ``more``: whether it tells how
    many there are, and whether more follow; ``lies``: it counts only those that it shows; ``endless``: it says
    for ever that more follow. ``how``: what becomes of texts. ``bare``: it tells no lengths and models. ``off``:
    its dates are so many seconds off, or that of the task ``only``; ``by_date``: it is in their order all the
    same. ``stub``: it is empty for ever. ``rounds``: it shows lengths as multiples of 8.
    """

    lag: float = 0.0
    cap: Optional[int] = None
    offsets: bool = True
    size: Optional[int] = None
    repeats: bool = False
    empty_after: Optional[int] = None
    total: bool = True
    more: bool = False
    endless: bool = False
    how: str = ""
    bare: bool = False
    off: float = 0.0
    only: str = ""
    stub: bool = False
    rounds: bool = False
    lies: bool = False
    by_date: bool = False

    def read(self, rows: Sequence[RemoteTask], since: float) -> Union[Listed, Fault]:
        """What sorad reads of these tasks, the newest first."""
        rows = [] if self.stub else rows
        shown = [self._shown(row) for row in rows]
        if self.by_date:
            shown.sort(key=lambda row: row.created_at or 0.0, reverse=True)
        shown = shown[: self.cap]

        def page_of(number: int, after: str, size: int) -> Page:
            ids = [row.remote_id for row in shown]
            start = (number - 1) * size if self.offsets else ids.index(after) + 1 if after else 0
            start = 0 if self.repeats else start
            end = start + (size if self.size is None else min(size, self.size))
            page = shown[start : end if self.empty_after is None else min(end, self.empty_after)]
            more = True if self.endless else start + len(page) < len(shown) if self.more else None
            last = page[-1].remote_id if page and not self.offsets else ""
            total = len(shown if self.lies else rows)
            return Page(page, total if self.total else None, more, last)

        return read_back(page_of, lambda remote_id: None, since, PAGE)

    def _shown(self, row: RemoteTask) -> RemoteTask:
        off = self.off if self.only in ("", row.remote_id) else 0.0
        dated = None if row.created_at is None else row.created_at + off
        row = replace(row, prompt=Oddities(how=self.how).text(row.prompt), created_at=dated)
        if self.rounds and row.seconds is not None:
            row = replace(row, seconds=max(row.seconds // 8, 1) * 8)
        return replace(row, seconds=None, pro=None, orientation=None) if self.bare else row


def any_list(rng: random.Random) -> OddList:
    """Some list of the field."""
    offsets = rng.random() < 0.5
    return OddList(
        lag=rng.choice([0.0, 0.0, 20.0, 100.0]),
        cap=rng.choice([None, None, 3, 5, 7, 10]),
        offsets=offsets,
        size=rng.choice([None, None, 1, 2, 3]),
        repeats=rng.random() < 0.15,
        empty_after=rng.choice([None, None, None, 0, 2, 5]),
        total=offsets and rng.random() < 0.5,
        more=not offsets,
        endless=rng.random() < 0.15,
        how=rng.choice(["", "", *TEXTS]),
        bare=rng.random() < 0.3,
        off=rng.choice([0.0, 0.0, 0.0, -3_600.0, -8 * 3_600.0, 8 * 3_600.0]),
        only=rng.choice(["", "", "t1", "t2"]),
        stub=rng.random() < 0.1,
        rounds=rng.random() < 0.1,
        lies=rng.random() < 0.3,
        by_date=rng.random() < 0.3,
    )
