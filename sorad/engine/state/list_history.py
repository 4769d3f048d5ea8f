"""What earlier looks at an account's list have shown: foreign tasks, how late ours came, how many rows it shows.

It is kept in the ledger, bounded: what was there before a create left is not its task, and what once was there
and is gone may have been it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sorad.engine.decide.absence import Own, Seen
from sorad.ledger.interface import Ledger
from sorad.providers.base import Listed

# So many foreign tasks are remembered, and so many of ours that are late.
ROWS, LATE = 400, 50
# How late tasks were is remembered for a week, in seconds; what is missing for more than an hour is not just late.
LATE_FOR, LATEST = 7 * 86_400.0, 3_600.0


@dataclass(frozen=True)
class Sightings:
    """Of one account's list. Times are epoch seconds of our clock."""

    rows: dict[str, Seen] = field(default_factory=dict)  # that nobody owned, by id
    most: int = 0  # rows that were seen at once
    lag: float = 0.0  # seconds that a task of ours was missing on the list, at most
    lag_at: float = 0.0  # when that was seen
    late: dict[str, float] = field(default_factory=dict)  # ours that did not show yet: how old they were then
    clock: int = 0  # how often the clock had been set

    def after(self, listed: Listed, owned: Collection[str], own: Sequence[Own], now: float) -> Sightings:
        """With one more look, which ended at ``now``. ``own``: creates of ours that are within its reach."""
        rows = {one: seen for one, seen in self.rows.items() if one not in owned}
        for task in listed.tasks:
            if task.remote_id not in owned and task.remote_id not in rows:
                rows[task.remote_id] = Seen(now, task.created_at, task.seconds, task.pro)
        newest = sorted(rows.items(), key=lambda item: (item[1].at, item[1].created_at or 0.0))[-ROWS:]
        return replace(
            self._lateness(listed, own, now), rows=dict(newest), most=max(self.most, len(listed.ids))
        )

    def _lateness(self, listed: Listed, own: Sequence[Own], now: float) -> Sightings:
        late = self._still_late(listed, own, now)
        lag = max((age for one, age in self.late.items() if one in listed.ids), default=0.0)
        if lag and (lag >= self.lag or now - self.lag_at > LATE_FOR):
            return replace(self, late=late, lag=lag, lag_at=now)
        return replace(self, late=late)

    def _still_late(self, listed: Listed, own: Sequence[Own], now: float) -> dict[str, float]:
        """Our tasks that do not show, by id: how old they are, in seconds; the youngest first."""
        ages = {**self.late, **{one.remote_id: now - one.accepted_at for one in own}}
        late = {one: age for one, age in ages.items() if one not in listed.ids and 0 <= age < LATEST}
        return dict(sorted(late.items(), key=lambda item: item[1])[:LATE])

    def lateness(self, now: float) -> float:
        """How late a task may show, as far as was seen, in seconds."""
        return self.lag if 0 <= now - self.lag_at <= LATE_FOR else 0.0

    def dated_anew(self, now: float, clock: int) -> Sightings:
        """After the clock was set to ``now``: what was seen was seen before that, and no more is known of when."""
        rows = {one: seen._replace(at=now) for one, seen in self.rows.items()}
        return replace(self, rows=rows, late={}, lag_at=now if self.lag else 0.0, clock=clock)

    def to_json(self) -> Any:
        """For the ledger."""
        return {**vars(self), "rows": {one: list(seen) for one, seen in self.rows.items()}}

    @classmethod
    def from_json(cls, raw: Any) -> Sightings:
        """The reverse of :meth:`to_json`; ``None``: nothing was seen yet."""
        if raw is None:
            return cls()
        return cls(**{**raw, "rows": {one: Seen(*seen) for one, seen in raw["rows"].items()}})


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
            seen = self._of(ledger, account).after(listed, owned, own, now)
            ledger.remember(_key(account), seen.to_json())
            return seen

    def of(self, ledger: Ledger, account: str) -> Sightings:
        """What is remembered of an account."""
        with self._lock:
            return self._of(ledger, account)

    def clock_set(self, ledger: Ledger, now: float) -> None:
        """The clock was set, and says ``now``: the dates of all that was seen before no longer count."""
        with self._lock:
            number = (ledger.recall(_CLOCK) or {"number": 0})["number"]
            ledger.remember(_CLOCK, {"number": number + 1, "at": now})

    def _of(self, ledger: Ledger, account: str) -> Sightings:
        clock, raw = ledger.recall(_CLOCK) or {"number": 0, "at": 0.0}, ledger.recall(_key(account))
        seen = Sightings.from_json(raw)
        return seen if seen.clock == clock["number"] else seen.dated_anew(clock["at"], clock["number"])


_CLOCK = "lists' clock"


def _key(account: str) -> str:
    return f"list:{account}"
