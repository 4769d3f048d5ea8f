"""What was said to have failed: which tasks are asked after again, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import chain

from sorad.elapsed import Moment, passed
from sorad.ledger.change import changed
from sorad.ledger.part import AT, Part, at
from sorad.ledger.queries import PURCHASE, purchase_of
from sorad.ledger.rows import column, without
from sorad.ledger.values import Change, Party, Purchase, Recheck
from sorad.model import State, Take

# A recheck that was handed out and never came back is due again after so many seconds.
_LEASE = 120.0
_DUE = (
    "SELECT take_id, remote_id, provider, base_url, account, waited, asked, newest FROM looks "
    "WHERE due_at <= ? {exclude}ORDER BY due_at LIMIT ?"
)
_ONE = "take_id = ? AND remote_id = ? AND provider = ? AND base_url = ?"
_OWNED = "SELECT 1 FROM takes WHERE output = ? AND state NOT IN ('failed', 'cancelled') LIMIT 1"
_SINCE = PURCHASE + (
    "WHERE t.fingerprint = ? AND p.charged_at IS NOT NULL "
    "AND NOT (p.remote_id = ? AND p.provider IN ('', ?) AND p.base_url IN ('', ?)) "
    "AND (t.id > ? OR (t.id = ? AND p.id > "
    f"(SELECT max(id) FROM purchases WHERE take_id = ? AND remote_id = ? AND {AT}))) ORDER BY p.id"
)


class Rechecks(Part):
    """``recheck``, ``claim_rechecks``, ``next_recheck``, ``rechecks``, ``rechecked``, ``bought_since``,
    ``deliver_beside``."""

    def recheck(self, take: Take, now: float) -> None:
        with self._db.transaction():
            self._db.run(
                "INSERT OR IGNORE INTO looks "
                "(take_id, remote_id, provider, base_url, account, waited, asked, newest, due_at) "
                "VALUES (?, ?, ?, ?, ?, 0, ?, (SELECT max(id) FROM takes), ?)",
                (
                    take.id,
                    take.remote_id,
                    take.provider,
                    take.base_url,
                    take.account,
                    column(self.moment()),
                    now,
                ),
            )

    def claim_rechecks(self, now: float, limit: int, exclude: Collection[Party] = ()) -> list[Recheck]:
        with self._db.transaction(durable=False):
            rows = self._db.rows(_DUE.format(exclude=without(exclude)), (now, *chain(*exclude), limit))
            self._db.run_many(
                f"UPDATE looks SET due_at = ? WHERE {_ONE}", [(now + _LEASE, *row[:4]) for row in rows]
            )
        found, now_moment = [], self.moment()
        for take_id, remote_id, provider, base_url, account, waited, asked, newest in rows:
            take = self._load(take_id)
            if take is not None:
                task = replace(
                    take, remote_id=remote_id, provider=provider, base_url=base_url, account=account
                )
                waited += passed(Moment.read(asked), now_moment)
                found.append(Recheck(task, waited, now_moment, newest))
        return found

    def next_recheck(self, exclude: Collection[Party] = ()) -> float | None:
        row = self._db.row(f"SELECT min(due_at) FROM looks WHERE 1 {without(exclude)}", list(chain(*exclude)))
        return None if row is None else row[0]

    def rechecks(self, take_id: int) -> list[float]:
        rows = self._db.rows("SELECT due_at FROM looks WHERE take_id = ? ORDER BY due_at", (take_id,))
        return [row[0] for row in rows]

    def rechecked(self, recheck: Recheck, due_at: float | None) -> None:
        key = (recheck.take.id, recheck.take.remote_id, recheck.take.provider, recheck.take.base_url)
        with self._db.transaction(durable=due_at is None):
            if due_at is None:
                self._db.run(f"DELETE FROM looks WHERE {_ONE}", key)
            else:
                self._db.run(
                    f"UPDATE looks SET due_at = ?, waited = ?, asked = ? WHERE {_ONE}",
                    (due_at, recheck.waited, column(recheck.asked), *key),
                )

    def bought_since(self, recheck: Recheck) -> list[Purchase]:
        take = recheck.take
        itself = (take.remote_id, take.provider, take.base_url)
        rows = self._db.rows(
            _SINCE,
            (take.fingerprint, *itself, recheck.newest, take.id, take.id, take.remote_id, *at(take)),
        )
        return [purchase_of(row) for row in rows]

    def settle(self, take: Take, cost: int, *, told: bool) -> None:
        with self._db.transaction():
            self._db.run(
                "UPDATE purchases SET cost = ?, told = ? "
                f"WHERE take_id = ? AND remote_id <> '' AND remote_id = ? AND {AT}",
                (cost, told, take.id, take.remote_id, *at(take)),
            )

    def deliver_beside(self, take: Take, change: Change, output: Callable[[int], str], now: float) -> Take:
        with self._db.transaction():
            row = self._db.row(
                "SELECT max(take) FROM takes WHERE storyboard_id = ? AND segment = ?",
                (take.storyboard_id, take.segment),
            )
            number = int(row[0]) + 1 if row else 1
            while self._db.row(_OWNED, (output(number),)):
                number += 1
            row = self._db.row("SELECT coalesce(max(id), 0) + 1 FROM takes")
            fresh = replace(
                take,
                id=int(row[0]) if row else 1,
                take=number,
                output=output(number),
                state=State.FAILED,
                claim="",
                creates=1,
                created_at=now,
                extra=True,
                wanted=True,
            )
            after = changed(fresh, change, now, self.moment())
            self._insert([after])
            self._note(now, [(after.id, after.state, change.note, after.request_id, None)])
            return after
