"""What can be asked of the ledger. Every answer is read to its end at once: nothing keeps the WAL open."""

from __future__ import annotations

import json
import math
import os
from array import array
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

from sorad.ledger.connection import Row
from sorad.ledger.part import AT, Part
from sorad.ledger.rows import SELECT_TAKE, event_of, marks, pages, take_of
from sorad.ledger.states import OPEN
from sorad.ledger.values import LOOKED_AT, Event, Generation, Party, Place, Purchase, Unseen
from sorad.model import Request, State, Take

DOLLARS = "USD"  # what all providers took, before there were others
_NEXT = (
    "SELECT turn, id FROM takes INDEXED BY takes_turn WHERE claim = '' AND state = 'queued' AND root = ? "
    "ORDER BY turn, id LIMIT ?"
)
# As in the indexes of these names, or SQLite does not see that they serve.
_UNSEEN = {
    "poster": "poster = 0 AND error IS NULL",
    "checks": "checks = '' AND error IS NULL",
    "left": "poster = 1 AND error IS NOT NULL",
}
_PAGE = 200  # purchases read at a time
# `total` and not `sum`, which raises where what strangers' receipts claim no longer fits into 64 bits.
_SPENT = """
SELECT CAST((SELECT total(amount) FROM spending WHERE hour >= ? AND currency IN (?, ?))
     + (SELECT total(cost * (1 + repeats)) FROM purchases
        WHERE charged_at >= ? AND charged_at < ? AND currency IN (?, ?)) AS INTEGER)
"""
PURCHASE = """
SELECT p.id, t.state, t.id, t.root, s.path, t.segment, t.take, t.output, p.remote_id, p.estimate, p.cost,
       p.charged_at, p.repeats, p.provider, p.base_url, p.account, p.currency, p.told,
       p.remote_id <> '' AND p.remote_id <> t.remote_id
FROM purchases p JOIN takes t ON t.id = p.take_id JOIN storyboards s ON s.id = t.storyboard_id
"""
_PURCHASES = PURCHASE + (
    "WHERE p.charged_at >= ? AND (p.charged_at > ? OR p.id > ?) ORDER BY p.charged_at, p.id LIMIT ?"
)
_BOUGHT = PURCHASE + "WHERE p.take_id = ? AND p.charged_at IS NOT NULL ORDER BY p.charged_at, p.id"
# The index by state has the ids in order: as many rows are read as are asked for, however many there are.
_GENERATIONS = """
SELECT t.provider, t.base_url, t.request, t.accepted_at,
       (SELECT min(h.at) FROM history h
        WHERE h.take_id = t.id AND h.state = 'downloading' AND h.at >= t.accepted_at)
FROM (SELECT id FROM takes WHERE state = 'done' ORDER BY id DESC LIMIT ?) d JOIN takes t ON t.id = d.id
ORDER BY t.id DESC
"""
_LATEST = """
SELECT id FROM (SELECT id, finished_at FROM takes WHERE state = 'done' ORDER BY id DESC LIMIT ?)
WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT ?
"""


class Queries(Part):
    """What `status` and `list` ask: counts, takes, histories, money."""

    def counts(self, root: str | None = None) -> dict[State, int]:
        where, values = ("", ()) if root is None else ("WHERE root = ?", (root,))
        rows = self._db.rows(f"SELECT state, sum(takes) FROM tally {where} GROUP BY state", values)
        return {**dict.fromkeys(State, 0), **{State(state): count for state, count in rows}}

    def next_up(self, limit: int) -> list[Take]:
        found = [
            (*row, root)
            for (root,) in self._db.rows("SELECT root FROM tally WHERE state = 'queued' AND takes > 0")
            for row in self._db.rows(_NEXT, (root, max(limit, 0)))
        ]
        takes = (self._load(take_id) for _turn, take_id, _root in sorted(found)[: max(limit, 0)])
        return [take for take in takes if take is not None]

    def targets(self) -> dict[str, int]:
        rows = self._db.rows(
            "SELECT target, count(*) FROM takes WHERE claim = '' AND state = 'queued' GROUP BY target"
        )
        return dict(rows)

    def parties(self) -> list[Party]:
        with self._db.held():  # no transaction of another thread is half done
            if not self._boot:  # another process's ledger
                return self._read_parties()
            if self._parties is None:
                self._parties = self._read_parties()
            return list(self._parties)

    def _read_parties(self) -> list[Party]:
        return [Party(*row) for row in self._db.rows("SELECT provider, base_url, account FROM parties")]

    def in_flight(self, parties: Collection[Party] | None = None, targets: Collection[str] = ()) -> int:
        if parties is not None:
            return self._in_flight_at(parties, targets)
        row = self._db.row(
            "SELECT coalesce((SELECT sum(takes) FROM tally "
            "                 WHERE state IN ('submitting', 'unknown', 'generating')), 0)"
            " - (SELECT count(*) FROM takes WHERE parked = 1 "
            "    AND state IN ('submitting', 'unknown', 'generating'))"
            " - (SELECT count(*) FROM takes WHERE rebuy = 1 AND parked = 0 AND state = 'generating')"
            " + (SELECT count(*) FROM takes WHERE claim <> '' AND +state = 'queued')"
        )
        return int(row[0]) if row else 0

    def _in_flight_at(self, parties: Collection[Party], targets: Collection[str]) -> int:
        sent = "state IN ('submitting', 'unknown', 'generating')"
        found = 0
        for party in parties:
            row = self._db.row(
                f"SELECT count(*) FROM takes WHERE {sent} AND provider = ? AND base_url = ? AND account = ? "
                "AND parked = 0 AND NOT (state = 'generating' AND rebuy = 1)",
                party,
            )
            found += int(row[0]) if row else 0
        asked = list(targets)
        leaving = f"claim <> '' AND +state = 'queued' AND target IN ({marks(asked)})"
        row = self._db.row(f"SELECT count(*) FROM takes WHERE {leaving}", asked)
        return found + (int(row[0]) if row else 0)

    def parked(self, root: str) -> int:
        row = self._db.row(
            "SELECT count(*) FROM takes WHERE parked = 1 AND state = 'generating' AND root = ?", (root,)
        )
        return int(row[0]) if row else 0

    def working(self) -> set[int]:
        # by the tally: where nothing is under way the takes need not be looked through
        states = [state for state, count in self.counts().items() if count and state in OPEN]
        rows = self._db.rows(
            f"SELECT DISTINCT storyboard_id FROM takes WHERE state IN ({marks(states)})", states
        )
        return {row[0] for row in rows}

    def undelivered(self) -> dict[str, int]:
        rows = self._db.rows(
            "SELECT root, sum(n) FROM ("
            "  SELECT root, takes AS n FROM tally WHERE takes > 0 "
            "  AND state IN ('submitting', 'unknown', 'generating', 'downloading')"
            "  UNION ALL"
            "  SELECT root, 1 FROM takes WHERE claim <> '' AND +state = 'queued'"
            ") GROUP BY root"
        )
        return dict(rows)

    def take(self, take_id: int) -> Take | None:
        return self._load(take_id)

    def takes(
        self,
        *,
        states: Collection[State] | None = None,
        storyboard: str | None = None,
        root: str | None = None,
        segment: int | None = None,
        troubled: bool = False,
        limit: int | None = None,
    ) -> Iterator[Take]:
        """The takes, by id (see the interface).

        Which ones is settled at the first step; each is read when its page comes. One that has left
        ``states`` by then is left out.
        """
        where, values = self._conditions(states, storyboard, root, segment)
        where += ["error IS NOT NULL"] if troubled else []
        # "+": sort what an index finds; else SQLite walks the whole table, because that is in order already.
        # Of one state alone the index has the ids in order: the limit is all that is read.
        one_state = states is not None and len(states) == 1 and len(where) == 2
        order = "id" if len(where) == 1 or one_state else "+id"
        sql = f"SELECT id FROM takes WHERE {' AND '.join(where)} ORDER BY {order} LIMIT ?"
        ids = array("q", [row[0] for row in self._db.rows(sql, (*values, -1 if limit is None else limit))])
        for page in pages(ids):
            for row in self._db.rows(SELECT_TAKE + f"WHERE t.id IN ({marks(page)}) ORDER BY t.id", page):
                take = take_of(row)
                if states is None or take.state in states:
                    yield take

    def _conditions(
        self,
        states: Collection[State] | None,
        storyboard: str | None,
        root: str | None,
        segment: int | None,
    ) -> tuple[list[str], list[Any]]:
        """What is asked for, in SQL, with its values."""
        where, values = ["1"], list[Any]()
        if states is not None:
            where.append(f"state IN ({marks(list(states))})")
            values.extend(state.value for state in states)
        if storyboard is not None:
            boards = self._boards_at(storyboard)
            if len(boards) == 1:  # nearly always: bound, for each other text is a statement that SQLite keeps
                where.append("storyboard_id = ?")
                values.append(boards[0])
            else:
                where.append(f"storyboard_id IN ({','.join(map(str, boards))})")
        if root is not None:
            where.append("storyboard_id IN (SELECT id FROM storyboards WHERE root = ?)")
            values.append(root)
        if segment is not None:
            where.append("segment = ?")
            values.append(segment)
        return where, values

    def owned(self, remote_ids: Collection[str], at: Place | None = None) -> set[str]:
        """Those of the remote ids that some take has, or had: every purchase keeps its id."""
        kind, base_url = at or ("", "")
        found: set[str] = set()
        for page in pages(remote_ids):
            found.update(
                row[0]
                for row in self._db.rows(
                    f"SELECT remote_id FROM purchases WHERE remote_id <> '' AND {AT} AND remote_id IN ({marks(page)})",
                    (kind, kind, base_url, *page),
                )
            )
        return found

    def with_text(self, fingerprint: str) -> list[Take]:
        rows = self._db.rows(SELECT_TAKE + "WHERE t.fingerprint = ? ORDER BY t.id", (fingerprint,))
        return [take_of(row) for row in rows]

    def with_tasks(self, remote_ids: Collection[str], at: Place | None = None) -> list[Take]:
        found: list[Take] = []
        kind, base_url = at or ("", "")
        there = AT.replace("provider", "t.provider").replace("base_url", "t.base_url")
        for page in pages(sorted({remote_id for remote_id in remote_ids if remote_id})):
            rows = self._db.rows(
                SELECT_TAKE + "JOIN purchases p ON p.take_id = t.id AND p.remote_id = t.remote_id "
                f"WHERE p.remote_id <> '' AND {there} AND p.remote_id IN ({marks(page)}) GROUP BY t.id",
                (kind, kind, base_url, *page),
            )
            found.extend(map(take_of, rows))
        return found

    def unseen(self, what: Unseen, roots: Collection[str], limit: int) -> list[Take]:
        sql = f"SELECT id FROM takes WHERE state = 'done' AND {_UNSEEN[what]} AND root = ? ORDER BY id DESC LIMIT ?"
        ids = [row[0] for root in roots for row in self._db.rows(sql, (root, limit))]
        takes = (self._load(take_id) for take_id in sorted(ids, reverse=True)[:limit])
        return [take for take in takes if take is not None]

    def history(self, take_id: int) -> list[Event]:
        rows = self._db.rows(
            "SELECT take_id, at, state, note, request_id, problem, moment FROM history WHERE take_id = ? ORDER BY n",
            (take_id,),
        )
        return [event_of(row) for row in rows]

    def spend(self, since: float = 0.0, currency: str | None = None) -> int:
        first = self._first_currency()
        asked = first if currency is None else currency
        # The hours that lie after it are kept as sums; what is left of its own is summed row by row.
        hour, of = math.ceil(since / 3600), (asked, "" if asked == first else asked)
        row = self._db.row(_SPENT, (hour, *of, since, hour * 3600, *of))
        return int(row[0]) if row else 0

    def spend_by_currency(self, since: float = 0.0) -> dict[str, int]:
        first = self._first_currency()
        known = {row[0] or first for row in self._db.rows("SELECT DISTINCT currency FROM spending")}
        return {currency: self.spend(since, currency) for currency in sorted(known)}

    def spend_at(self, parties: Collection[Party], since: float = 0.0) -> int:
        if not parties:
            return 0
        row = self._db.row(
            "SELECT CAST(total(cost * (1 + repeats)) AS INTEGER) FROM purchases WHERE charged_at >= ? "
            f"AND (provider, base_url, account) IN (VALUES {','.join(['(?, ?, ?)'] * len(parties))})",
            (since, *chain(*parties)),
        )
        return int(row[0]) if row else 0

    def _first_currency(self) -> str:
        """That of the first provider, as the daemon told."""
        row = self._db.row("SELECT value FROM memory WHERE key = 'currency'")
        return str(json.loads(row[0]) or DOLLARS) if row else DOLLARS

    def unpriced(self, since: float = 0.0) -> int:
        row = self._db.row("SELECT count(*) FROM purchases WHERE charged_at >= ? AND cost IS NULL", (since,))
        return int(row[0]) if row else 0

    def purchases(self, since: float = 0.0) -> Iterator[Purchase]:
        """What counts as spent (see the interface); read page by page, so that a long list keeps nothing open."""
        at, last = since, 0
        while page := self._db.rows(_PURCHASES, (at, at, last, _PAGE)):
            for row in page:
                purchase = purchase_of(row)
                yield purchase
                at, last = purchase.charged_at, row[0]

    def bought(self, take_id: int) -> list[Purchase]:
        return [purchase_of(row) for row in self._db.rows(_BOUGHT, (take_id,))]

    def generations(self, limit: int) -> list[Generation]:
        found = []
        for provider, base_url, text, accepted_at, ready_at in self._db.rows(_GENERATIONS, (max(limit, 0),)):
            if accepted_at is not None and ready_at is not None:
                request = Request.from_json(text)
                kind = (provider, base_url, request.seconds, request.pro)
                found.append(Generation(*kind, ready_at - accepted_at, ready_at))
        return found

    def latest(self, limit: int) -> list[Take]:
        takes = (self._load(row[0]) for row in self._db.rows(_LATEST, (LOOKED_AT, max(limit, 0))))
        return [take for take in takes if take is not None]

    def changed(self) -> int:
        row = self._db.row("PRAGMA data_version")
        return int(row[0]) if row else 0

    def _boards_at(self, path: str) -> list[int]:
        """The storyboards of a path, or of the folder of that name."""
        exact = self._db.rows("SELECT id FROM storyboards WHERE path = ?", (path,))
        if exact:
            return [row[0] for row in exact]
        # Compared here, not there: paths that are no UTF-8 are stored as bytes.
        folder = path.rstrip(os.sep) + os.sep
        rows = self._db.rows("SELECT id, path FROM storyboards")
        return [board_id for board_id, board_path in rows if board_path.startswith(folder)]


def purchase_of(row: Row) -> Purchase:
    """A purchase from a row of ``PURCHASE``."""
    _id, state, *others = row
    take_id, root, storyboard, segment, take, *money = others
    money[-2:] = map(bool, money[-2:])
    return Purchase(take_id, root, storyboard, segment, take, State(state), *money)
