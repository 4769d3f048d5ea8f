"""What the parts of the SQLite ledger share: the connection, and how a take is written."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Callable, Optional

from sorad.elapsed import Moment
from sorad.ledger.connection import Connection
from sorad.ledger.errors import ClaimLost
from sorad.ledger.purchases import Entry, charged_at, entry
from sorad.ledger.recheck import LOOKS, has_failed
from sorad.ledger.rows import SELECT_TAKE, TAKE_COLUMNS, column, take_of
from sorad.ledger.turns import line_up
from sorad.ledger.values import Party, Want
from sorad.model import State, Take
from sorad.problems import Problem

Note = tuple[int, State, str, str, Optional[Problem]]  # take, state, note, request id, problem

# A create that was not accepted is tried again before others have their turn.
_KEEPS_TURN = (State.QUEUED, State.SUBMITTING, State.UNKNOWN)
_PARTY = frozenset(Party._fields)
_MEMBERS = attrgetter(*TAKE_COLUMNS)

_INSERT_TAKE = (
    f"INSERT INTO takes ({', '.join(TAKE_COLUMNS)}, turn) VALUES ({', '.join('?' * len(TAKE_COLUMNS))}, ?)"
)
_INSERT_PURCHASE = (
    "INSERT INTO purchases (remote_id, estimate, cost, told, charged_at, repeats, provider, base_url, account, "
    "currency, take_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE_PURCHASE = (
    "UPDATE purchases SET remote_id = ?, cost = ?, told = ?, charged_at = ?, repeats = ?, provider = ?, base_url = ?, "
    "account = ?, currency = ? "
    "WHERE id = (SELECT max(id) FROM purchases WHERE take_id = ?)"
)
_VOID_PURCHASE = (
    "UPDATE purchases SET charged_at = NULL WHERE id = (SELECT max(id) FROM purchases WHERE take_id = ?)"
)
# Of a place: what was bought at one that is not known may be there; so may all, where none is asked for.
AT = "(? = '' OR provider = '' OR (provider = ? AND base_url = ?)) "
# Whether another entry than the take's last one counts a task's money.
_COUNTED = (
    f"SELECT 1 FROM purchases WHERE remote_id <> '' AND remote_id = ? AND {AT} AND charged_at IS NOT NULL "
    "AND id <> (SELECT max(id) FROM purchases WHERE take_id = ?) LIMIT 1"
)
_INSERT_NOTE = (
    "INSERT INTO history (take_id, n, at, state, note, request_id, problem, moment) "
    "VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM history WHERE take_id = ?), ?, ?, ?, ?, ?, ?)"
)
_INSERT_LOOK = (
    "INSERT OR REPLACE INTO looks "
    "(take_id, remote_id, provider, base_url, account, waited, asked, newest, due_at) "
    "VALUES (?, ?, ?, ?, ?, 0, ?, (SELECT max(id) FROM takes), ?)"
)


class Part:
    """A part of the ledger: some of its verbs over the one connection."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._boot = 0  # counted by `recover`
        # What `parties` last read, where nobody else writes; ``None``: it is to be read.
        self._parties: list[Party] | None = None
        self._uptime: Callable[[], float] = time.monotonic
        self._touched: deque[int] = deque(maxlen=100_000)

    def moment(self) -> Moment:
        return Moment(self._boot, self._uptime())

    def intents(self, take_id: int) -> set[float]:
        rows = self._db.rows(
            "SELECT at FROM history WHERE take_id = ? AND state = 'submitting' "
            "UNION SELECT intent_at FROM takes WHERE id = ? AND intent_at IS NOT NULL",
            (take_id, take_id),
        )
        return {row[0] for row in rows}

    def touched(self) -> set[int]:
        found = set()
        with contextlib.suppress(IndexError):
            while True:  # others may write meanwhile
                found.add(self._touched.popleft())
        return found

    def _load(self, take_id: int) -> Take | None:
        row = self._db.row(SELECT_TAKE + "WHERE t.id = ?", (take_id,))
        return None if row is None else take_of(row)

    def _insert(self, takes: Sequence[Take], turns: Iterable[int] = repeat(0)) -> None:
        self._parties = None
        self._db.run_many(
            _INSERT_TAKE,
            ((*map(column, _MEMBERS(take)), turn) for take, turn in zip(takes, turns)),
        )
        for take in takes:
            self._touched.append(take.storyboard_id)
            self._enter(None, take)

    def _heard_of(self, one: Take | Want) -> bool:
        return bool(
            one.remote_id
            and self._db.row(
                f"SELECT 1 FROM purchases WHERE remote_id <> '' AND remote_id = ? AND {AT} LIMIT 1",
                (one.remote_id, *at(one)),
            )
        )

    def _write(self, before: Take, after: Take, *, refused: bool = False) -> None:
        """Write the members that differ, fenced by the claim; raises :class:`ClaimLost`.

        Unchanged columns are left out, so that a poll touches no index but that of the due time and wakes no
        trigger. ``refused``: the last create is no purchase (see :func:`sorad.ledger.purchases.entry`).
        """
        old, new = vars(before), vars(after)
        values = {
            name: column(new[name])
            for name in TAKE_COLUMNS
            if new[name] is not old[name] and new[name] != old[name]
        }
        if not values:
            return
        self._touched.append(after.storyboard_id)
        if not _PARTY.isdisjoint(values):
            self._parties = None
        written = self._db.run(
            f"UPDATE takes SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ? AND claim = ?",
            (*values.values(), before.id, before.claim),
        )
        if written.rowcount != 1:
            raise ClaimLost(f"take {before.id}")
        if after.state is State.QUEUED and before.state not in _KEEPS_TURN:
            line_up(self._db, after.id, after.storyboard_id)
        self._enter(before, after, refused=refused)

    def _enter(self, before: Take | None, after: Take, *, refused: bool = False) -> None:
        """Keep the purchases, and which failed tasks are to be asked after again."""
        if has_failed(before, after):
            task = (after.id, after.remote_id, after.provider, after.base_url, after.account)
            self._db.run(_INSERT_LOOK, (*task, column(self.moment()), after.updated_at + LOOKS[0]))
        what = entry(before, after, refused=refused)
        spent_at = charged_at(after)
        if what is Entry.CURRENT:
            if self._db.row(_COUNTED, (after.remote_id, *at(after), after.id)):
                spent_at = None  # by an earlier entry
            written = self._db.run(
                _UPDATE_PURCHASE,
                (after.remote_id, after.cost, after.told, spent_at, after.repeats, *_where(after), after.id),
            )
            what = Entry.NONE if written.rowcount else Entry.NEW  # adopted, though never sent from here
        if what is Entry.NEW:
            # A copied receipt, and the receipt of an earlier create, tell of money that is counted already.
            known = self._heard_of(after)
            estimate = after.cost if after.state is State.SUBMITTING else None
            self._db.run(
                _INSERT_PURCHASE,
                (
                    after.remote_id,
                    estimate,
                    after.cost,
                    after.told,
                    None if known else spent_at,
                    after.repeats,
                    *_where(after),
                    after.id,
                ),
            )
        elif what is Entry.VOID:
            self._db.run(_VOID_PURCHASE, (after.id,))

    def _note(self, now: float, notes: Iterable[Note]) -> None:
        moment = column(self.moment())
        self._db.run_many(
            _INSERT_NOTE,
            (
                (take_id, take_id, now, state.value, note, request_id, column(problem), moment)
                for take_id, state, note, request_id, problem in notes
            ),
        )


def at(one: Take | Want) -> tuple[str, str, str]:
    """The values of ``AT``, for where a take was sent."""
    return one.provider, one.provider, one.base_url


def _where(take: Take) -> tuple[str, str, str, str]:
    """The members of a purchase that tell where it was made."""
    return take.provider, take.base_url, take.account, take.currency
