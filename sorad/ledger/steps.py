"""Claims and outcomes: the verbs of the engine."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain
from typing import Any, Callable

from sorad.budget import NEVER
from sorad.elapsed import Boot
from sorad.ledger.change import changed, noteworthy
from sorad.ledger.connection import Connection
from sorad.ledger.errors import ClaimLost, IdOwned
from sorad.ledger.interface import FUTURE
from sorad.ledger.part import AT, Part, at
from sorad.ledger.recheck import SOON
from sorad.ledger.rows import SELECT_TAKE, marks, take_of, without
from sorad.ledger.states import OPEN
from sorad.ledger.turns import pass_on
from sorad.ledger.values import Change, Party
from sorad.model import State, Take

# Written as in the index takes_due, or SQLite does not see that the index serves the question.
_DUE = "claim = '' AND state IN ('queued', 'held', 'submitting', 'unknown', 'generating', 'downloading')"
_FAR_AHEAD = f"SELECT 1 FROM takes WHERE {_DUE} AND due_at > ? AND due_at < ? LIMIT 1"
# Patience with a task counts the wait for the next look at it: what of it is left is taken back.
_TAKEN_BACK = (
    "watched = CASE state WHEN 'generating' THEN max(0, watched - max(0, due_at - ?)) ELSE watched END"
)
_THERE = "AND storyboard_id NOT IN (SELECT id FROM storyboards WHERE {column} IN ({marks})) "
_BOUND = 400  # values bound at once; who is left out beyond that is given back by the step
# Each reads no more of its index than it is asked for, beside what is passed over. "+?" and not "?" for what a partial
# index asks about: SQLite would look at each new value whether it still serves, and prepare the statement anew.
_BY_DATE = (
    f"SELECT due_at, id FROM takes WHERE {_DUE} AND state = +? AND root = ? {{target}}AND due_at <= ? "
    "{exclude}ORDER BY due_at, id LIMIT ?"
)
_IN_TURN = (
    "SELECT turn, id FROM takes INDEXED BY {index} WHERE claim = '' AND state = 'queued' AND state = +? AND root = ? "
    "{target}AND due_at <= ? {exclude}ORDER BY turn, id LIMIT ?"
)
_AGENDA = (
    "SELECT g.state, g.root, (SELECT t.due_at FROM takes t WHERE "
    + _DUE.replace("claim", "t.claim").replace("state", "t.state")
    + " AND t.state = g.state AND t.root = g.root {exclude}ORDER BY t.due_at LIMIT 1) FROM tally g "
    "WHERE g.takes > 0 AND g.state IN ('queued', 'held', 'unknown', 'generating', 'downloading')"
)


def _passed_over(
    away: Collection[str], edited: Collection[str], exclude: Collection[Party], segments: Sequence[range]
) -> tuple[str, list[Any]]:
    """A condition that leaves these out (see :meth:`Steps.claim`), and its values."""
    still = sorted(edited)[:_BOUND]
    there = "".join(
        _THERE.format(column=column, marks=marks(list(values)))
        for column, values in (("mount", away), ("path", still))
        if values
    )
    meant = " OR ".join(["segment BETWEEN ? AND ?"] * len(segments))
    numbers = [bound for one in segments for bound in (one.start, one.stop - 1)]
    asked = f"AND ({meant}) " if meant else ""
    return there + without(exclude) + asked, [*away, *still, *chain(*exclude), *numbers]


class Steps(Part):
    """``recover``, ``claim``, ``release``, ``clock_set``, ``hasten``, ``record``, ``agenda``."""

    def __init__(self, db: Connection) -> None:
        super().__init__(db)
        self._owner = ""
        self._epoch = 0  # of this opening; with it no claim of an earlier process is ever met again
        self._claims = 0

    def recover(
        self, owner: str, now: float, boot: str = "", uptime: Callable[[], float] = time.monotonic
    ) -> list[Take]:
        with self._db.transaction():
            self._owner = owner
            self._begin_epoch()
            self._count_boot(boot, uptime)
            self._db.run("UPDATE takes SET claim = '' WHERE claim <> ''")
            rows = self._db.rows(SELECT_TAKE + "WHERE t.state = 'submitting' ORDER BY t.id")
            found = [take_of(row) for row in rows]
            takes = [
                replace(take, state=State.UNKNOWN, due_at=now, attempt=0, parked=False, updated_at=now)
                for take in found
            ]
            for before, after in zip(found, takes):
                self._write(before, after)
            self._note(now, [(take.id, State.UNKNOWN, "recovered", "", None) for take in takes])
            self._follow_clock(now)
            return takes

    def _follow_clock(self, now: float) -> None:
        """Where the clock may have been set back while nobody looked, no wait is stretched by that."""
        latest = self._db.row("SELECT coalesce(max(updated_at), 0) FROM takes")
        before = max(latest[0] if latest else 0.0, now)
        if before > now or self._db.row(_FAR_AHEAD, (now + FUTURE, NEVER)):
            self._cut_short(now, before)
        self._db.run("UPDATE looks SET due_at = ? WHERE due_at > ?", (now + SOON, now + SOON))

    def _count_boot(self, name: str, uptime: Callable[[], float]) -> None:
        row = self._db.row("SELECT value FROM memory WHERE key = 'ledger.boot'")
        known = Boot() if row is None else Boot(**json.loads(row[0]))
        boot = known.next(name, uptime())
        self._db.run(
            "INSERT OR REPLACE INTO memory (key, value) VALUES ('ledger.boot', ?)",
            (json.dumps(asdict(boot)),),
        )
        self._boot, self._uptime = boot.number, lambda: uptime() - boot.began

    def clock_set(self, by: float, now: float) -> int:
        with self._db.transaction():
            if by > 0:
                self._db.run(
                    f"UPDATE takes SET due_at = due_at + ? WHERE {_DUE} AND state = 'generating' AND due_at > ?",
                    (by, now - by),
                )
                return 0
            return self._cut_short(now, now - by)

    def _cut_short(self, now: float, before: float) -> int:
        """Nothing waits, and no money is spent, at a time of another clock, which said ``before``."""
        cut = self._db.run(
            f"UPDATE takes SET due_at = ?, {_TAKEN_BACK} WHERE {_DUE} AND due_at > ? AND due_at < ?",
            (now, before, now, NEVER),
        )
        self._db.run("UPDATE looks SET due_at = ? WHERE due_at > ?", (now, now))
        for table, column in (("takes", "accepted_at"), ("purchases", "charged_at")):
            self._db.run(f"UPDATE {table} SET {column} = ? WHERE {column} > ?", (now, now + FUTURE))
        return cut.rowcount

    def make_due(self, takes: Collection[int], now: float) -> None:
        with self._db.transaction(durable=False):
            self._db.run_many(
                f"UPDATE takes SET due_at = ?, {_TAKEN_BACK} WHERE id = ? AND {_DUE} AND due_at > ? AND due_at < ?",
                ((now, now, take_id, now, NEVER) for take_id in takes),
            )

    def claim(
        self,
        state: State,
        now: float,
        limit: int,
        roots: Collection[str] | None = None,
        away: Collection[str] = (),
        edited: Collection[str] = (),
        *,
        targets: Collection[str] | None = None,
        exclude: Collection[Party] = (),
        segments: Sequence[range] = (),
    ) -> list[Take]:
        if state not in OPEN:
            raise ValueError(f"no steps in state {state}")
        with self._db.held():
            due: list[tuple[float, int]] = []
            passed_over, bound = _passed_over(away, edited, exclude, segments)
            question = (_IN_TURN if state is State.QUEUED else _BY_DATE).format(
                exclude=passed_over,
                index="takes_turn" if targets is None else "takes_target",
                target="" if targets is None else "AND target = ? ",
            )
            for root in self._roots(state, roots):
                most = max(0, min(limit, roots[root]) if isinstance(roots, Mapping) else limit)
                for target in [[]] if targets is None else [[one] for one in set(targets)]:
                    due += self._db.rows(question, (state.value, root, *target, now, *bound, most))
            if not due:
                return []  # without a transaction: an idle daemon asks often
            return self._claim([take_id for _due_at, take_id in sorted(due)[:limit]], state)

    def release(self, take: Take, due_at: float | None = None) -> None:
        with self._db.transaction(durable=False):
            written = self._db.run(
                "UPDATE takes SET claim = '', due_at = coalesce(?, due_at) "
                "WHERE id = ? AND claim = ? AND claim <> ''",
                (due_at, take.id, take.claim),
            )
            if written.rowcount != 1:
                raise ClaimLost(f"take {take.id}")

    def record(self, take: Take, change: Change, now: float) -> Take:
        """Write what a step found (see the interface).

        A line is added to the history only where the change is noteworthy
        (:func:`sorad.ledger.change.noteworthy`): not for a poll that found nothing new, which does not
        wait for the disk either: after a power cut it is simply asked again.
        """
        with self._db.transaction(durable=change.to is not take.state or change.remote_id is not None):
            before = self._load(take.id)
            if before is None or before.claim != take.claim:
                raise ClaimLost(f"take {take.id}")
            # A claim outlives the intent, and those without one have none that could tell: so what the caller
            # saw must still be so.
            if (before.state, before.creates) != (take.state, take.creates):
                raise ClaimLost(f"take {take.id}")
            after = changed(before, change, now, self.moment())
            if change.sole and self._has_other_owner(after):
                raise IdOwned(change.remote_id)
            self._write(before, after, refused=change.refused)
            if noteworthy(before, after):
                self._note(now, [(take.id, after.state, change.note, change.request_id or "", change.error)])
            return after

    def agenda(self, exclude: Collection[Party] = ()) -> dict[State, dict[str, float]]:
        found: dict[State, dict[str, float]] = {}
        question = _AGENDA.format(exclude=without(exclude, "t."))
        for state, root, due_at in self._db.rows(question, list(chain(*exclude))):
            if due_at is not None:
                found.setdefault(State(state), {})[root] = due_at
        return found

    def _has_other_owner(self, take: Take) -> bool:
        return bool(
            take.remote_id
            and self._db.row(
                f"SELECT 1 FROM purchases WHERE remote_id <> '' AND remote_id = ? AND {AT} AND take_id <> ? LIMIT 1",
                (take.remote_id, *at(take), take.id),
            )
        )

    def _roots(self, state: State, roots: Collection[str] | None) -> Collection[str]:
        """The roots to look through: those asked for, else those that have takes in the state."""
        if roots is not None:
            return set(roots)
        return [
            row[0]
            for row in self._db.rows("SELECT root FROM tally WHERE state = ? AND takes > 0", (state.value,))
        ]

    def _claim(self, take_ids: list[int], state: State) -> list[Take]:
        with self._db.transaction(durable=False):  # a start takes all claims over anyway
            if not self._epoch:
                self._begin_epoch()
            self._claims += 1
            claim = f"{self._owner}/{self._epoch}:{self._claims}"
            self._db.run_many(
                "UPDATE takes SET claim = ? WHERE id = ? AND claim = '' AND state = ?",
                [(claim, take_id, state.value) for take_id in take_ids],
            )
            if state is State.QUEUED:
                pass_on(self._db, claim)
            rows = self._db.rows(SELECT_TAKE + "WHERE t.claim = +? AND t.claim <> ''", (claim,))
            # Sorted here: for the usual handful, SQLite's sorter costs more than all the rest.
            order = {take_id: number for number, take_id in enumerate(take_ids)}
            return sorted(map(take_of, rows), key=lambda take: order[take.id])

    def _begin_epoch(self) -> None:
        self._db.run(
            "INSERT INTO memory (key, value) VALUES ('ledger.epoch', '1') "
            "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
        )
        row = self._db.row("SELECT value FROM memory WHERE key = 'ledger.epoch'")
        self._epoch = int(row[0]) if row else 0
