"""What earlier looks at an account's list have shown: foreign tasks, how late ours came, how many rows it shows.

It is kept in the ledger, bounded: what was there before a create left is not its task, and what once was there
and is gone may have been it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from sorad.elapsed import Moment, passed
from sorad.engine.decide.absence import ZONES, Evidence, Own, Seen
from sorad.ledger.interface import Ledger
from sorad.providers.base import Listed

# So many foreign tasks are remembered, so many of ours that are late, and so many dates of whatever tasks.
ROWS, LATE, DATES = 400, 50, 500
# Lists are so late at least, in seconds: a task that turns up among those that were seen is nothing new.
NEARLY = 60.0
# How late tasks were is remembered for a week that really passed, in seconds; what is missing for more than an hour is
# not just late.
LATE_FOR, LATEST = 7 * 86_400.0, 3_600.0


# Before all that has a moment.
NO_MOMENT = Moment(0, 0.0)


@dataclass(frozen=True)
class Sightings:
    """Of one account's list."""

    rows: dict[str, Seen] = field(default_factory=dict)  # that nobody owned, by id
    most: int = 0  # rows that were seen at once
    lag: float = 0.0  # seconds that a task of ours was missing on the list, at most
    lag_for: float = 0.0  # seconds that passed since that was seen, until the last look
    late: dict[str, float] = field(default_factory=dict)  # ours that did not show yet: how old they were then
    looked: Moment = NO_MOMENT  # when last
    # So many seconds after it was accepted, at most, a create of ours was on the list; ``None``: none was, or what it
    # should have shown since then was not there.
    shown: Optional[float] = None
    behind: float = 0.0  # how far it has dated ours back, at most, as 0 or less
    altered: bool = False  # it has shown ours with another length or model than was sent
    verbatim: Optional[bool] = (
        None  # it has shown ours with no other texts than were sent; None: it showed none yet
    )
    dates: dict[str, float] = field(default_factory=dict)  # of all tasks, the newest, by the list's own clock
    reach: Optional[float] = None  # since when all tasks are among these; ``None``: not known

    @property
    def proved(self) -> bool:
        """Whether the list has shown that it shows what it should."""
        return self.shown is not None and self.shown <= LATEST

    def updated(self, found: Evidence) -> Sightings:
        """With what one more look says of the list itself."""
        ages = [age for age in (self.shown, found.shown) if age is not None]
        shown = None if found.against else min(ages, default=None)
        return replace(
            self,
            shown=shown,
            behind=min(self.behind, found.behind),
            altered=self.altered or found.altered,
            verbatim=self.verbatim
            if found.verbatim is None
            else found.verbatim and self.verbatim is not False,
        )

    def is_crowded(self, since: float, left: Optional[Moment]) -> bool:
        """Whether tasks were forgotten that came ``since`` then, by the list's clock, or showed after a create
        ``left``."""
        forgot = len(self.dates) >= DATES and self.reach is not None and self.reach >= since
        first = min((seen.at for seen in self.rows.values()), default=NO_MOMENT)
        return forgot or (len(self.rows) >= ROWS and (left is None or first >= left))

    def lacks(self, listed: Listed, since: float) -> bool:
        """Whether a look misses a task created ``since`` then, by the list's clock, that it showed earlier."""
        return any(at >= since and one not in listed.ids for one, at in self.dates.items())

    def after(
        self, listed: Listed, owned: Collection[str], own: Sequence[Own], now: float, moment: Moment
    ) -> Sightings:
        """With one more look, which ended at ``now`` by our clock, at a ``moment``.

        ``own``: creates of ours that are within its reach.
        """
        rows = {one: seen for one, seen in self.rows.items() if one not in owned}
        belated = self._belated(listed)
        for task in listed.tasks:
            if task.remote_id not in owned and task.remote_id not in rows:
                late = task.remote_id in belated
                rows[task.remote_id] = Seen(moment, task.created_at, task.seconds, task.pro, late)
        for remote_id in belated.difference(owned, rows):  # too old, by its date, to be among the tasks
            rows[remote_id] = Seen(moment, listed.dates[remote_id], belated=True)
        newest = sorted(rows.items(), key=lambda item: (item[1].at, item[1].created_at or 0.0))[-ROWS:]
        seen = replace(
            self._dated(listed, now), lag_for=self.lag_for + passed(self.looked, moment), looked=moment
        )
        return replace(
            seen._lateness(listed, own, now), rows=dict(newest), most=max(self.most, len(listed.ids))
        )

    def _belated(self, listed: Listed) -> set[str]:
        """Tasks that were not there though earlier looks reached behind their dates, and well past them."""
        if self.reach is None or not self.dates:
            return set()
        until = max(self.dates.values()) - max(NEARLY, self.lateness())
        return {one for one, at in listed.dates.items() if one not in self.dates and self.reach <= at < until}

    def _dated(self, listed: Listed, now: float) -> Sightings:
        """With the dates that a look shows, if it tells since when they are all of them.

        One that no clock on earth shows yet would make all that comes later look late.
        """
        reach = 0.0 if listed.counted or listed.ended else listed.back_to
        dates = {one: at for one, at in listed.dates.items() if at <= now + ZONES}
        if reach is None or not dates:
            return self
        if self.reach is not None and self.dates and reach <= max(self.dates.values()):
            reach = min(reach, self.reach)  # without a gap between the two
        newest = sorted({**self.dates, **dates}.items(), key=lambda item: item[1])
        if len(newest) > DATES:
            newest = newest[-DATES:]
            reach = max(reach, newest[0][1])
        return replace(self, dates=dict(newest), reach=reach)

    def _lateness(self, listed: Listed, own: Sequence[Own], now: float) -> Sightings:
        late = self._still_late(listed, own, now)
        lag = max((age for one, age in self.late.items() if one in listed.ids), default=0.0)
        if lag and (lag >= self.lag or self.lag_for > LATE_FOR):
            return replace(self, late=late, lag=lag, lag_for=0.0)
        return replace(self, late=late)

    def _still_late(self, listed: Listed, own: Sequence[Own], now: float) -> dict[str, float]:
        """Our tasks that do not show, by id: how old they are, in seconds; the youngest first."""
        ages = {**self.late, **{one.remote_id: now - one.accepted_at for one in own}}
        late = {one: age for one, age in ages.items() if one not in listed.ids and 0 <= age < LATEST}
        return dict(sorted(late.items(), key=lambda item: item[1])[:LATE])

    def lateness(self) -> float:
        """How late a task may show, as far as was seen, in seconds."""
        return self.lag if self.lag_for <= LATE_FOR else 0.0

    def to_json(self) -> Any:
        """For the ledger."""
        return {**vars(self), "rows": {one: list(seen) for one, seen in self.rows.items()}}

    @classmethod
    def from_json(cls, raw: Any) -> Sightings:
        """The reverse of :meth:`to_json`; ``None``: nothing was seen yet.

        An earlier version dated what it saw by the wall clock: it saw it before all that has a moment.
        """
        if raw is None:
            return cls()
        known = {
            name: raw[name]
            for name in (
                "most",
                "lag",
                "lag_for",
                "late",
                "shown",
                "behind",
                "altered",
                "verbatim",
                "dates",
                "reach",
            )
            if name in raw
        }
        rows = {one: Seen(_moment(at), *told) for one, (at, *told) in raw["rows"].items()}
        return cls(**known, rows=rows, looked=_moment(raw.get("looked")))


def _moment(raw: Any) -> Moment:
    return Moment(*raw) if isinstance(raw, list) else NO_MOMENT


class ListHistory:
    """The sightings of all accounts, in a ledger. Thread-safe; :class:`LedgerUnavailable` where it cannot be used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def add(
        self,
        ledger: Ledger,
        account: str,
        listed: Listed,
        owned: Collection[str],
        own: Sequence[Own],
        now: float,
    ) -> Sightings:
        """Remember one more look, which ended at ``now``."""
        with self._lock:
            seen = self._of(ledger, account).after(listed, owned, own, now, ledger.moment())
            ledger.remember(_key(account), seen.to_json())
            return seen

    def update(self, ledger: Ledger, account: str, found: Evidence) -> Sightings:
        """Remember what a look says of the list itself."""
        with self._lock:
            before = self._of(ledger, account)
            after = before.updated(found)
            if after != before:
                ledger.remember(_key(account), after.to_json())
            return after

    def of(self, ledger: Ledger, account: str) -> Sightings:
        """What is remembered of an account."""
        with self._lock:
            return self._of(ledger, account)

    def _of(self, ledger: Ledger, account: str) -> Sightings:
        return Sightings.from_json(ledger.recall(_key(account)))


def _key(account: str) -> str:
    return f"list:{account}"
