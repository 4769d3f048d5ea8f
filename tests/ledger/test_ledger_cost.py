"""What a take costs the ledger, as far as it can be counted: commits, statements, and statements prepared anew."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_samples import NOW, ROOT, apply, want

from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change
from sorad.model import State


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger.open(tmp_path / "ledger.db")
    opened.recover("test", NOW)
    apply(opened, *(want(segment) for segment in range(1, 9)))
    yield opened
    opened.close()


def live(ledger: SqliteLedger, number: int) -> None:
    """The life of a take: bought, asked after twice, fetched."""
    assert ledger.agenda()
    (take,) = ledger.claim(State.QUEUED, NOW, 1, {ROOT: 10})
    place = {"provider": "ark", "base_url": "https://one.example", "account": "a", "currency": "USD"}
    intent = Change(
        State.SUBMITTING, "intent", intent=True, keep_claim=True, cost=5, own_id=f"own-{number}", **place
    )
    take = ledger.record(take, intent, NOW)
    accepted = Change(State.GENERATING, "accepted", due_at=NOW, remote_id=f"task-{number}", accepted_at=NOW)
    ledger.record(take, accepted, NOW)
    for to in (State.GENERATING, State.DOWNLOADING):
        (take,) = ledger.claim(State.GENERATING, NOW, 1)
        ledger.record(take, Change(to, "poll", due_at=NOW, request_id=f"{number}-{to}"), NOW)
    (take,) = ledger.claim(State.DOWNLOADING, NOW, 1)
    ledger.record(take, Change(State.DONE, "delivered", finished_at=NOW), NOW)
    assert ledger.in_flight() == 0


def raw(ledger: SqliteLedger) -> sqlite3.Connection:
    return ledger._db._open()


def test_a_take_costs_nine_commits_and_few_statements(ledger: SqliteLedger) -> None:
    live(ledger, 1)
    counted = Counter[str]()
    raw(ledger).set_trace_callback(lambda sql: counted.update([sql.split(maxsplit=1)[0]]))
    live(ledger, 2)
    raw(ledger).set_trace_callback(None)
    assert counted["COMMIT"] == 9, counted  # four claims, five outcomes
    own = sum(counted[verb] for verb in ("SELECT", "PRAGMA", "BEGIN", "COMMIT"))
    assert own <= 54, counted  # what triggers do is counted with the others


def test_sqlite_prepares_no_statement_anew_for_a_take(ledger: SqliteLedger) -> None:
    # Where a partial index is asked about a bound value, each new value costs more than the question itself.
    prepared = list[str]()

    def heard(action: int, first: str, second: str, _database: str, _trigger: str) -> int:
        if action != sqlite3.SQLITE_PRAGMA:
            prepared.append(f"{action} {first} {second}")
        return sqlite3.SQLITE_OK

    raw(ledger).set_authorizer(heard)
    live(ledger, 1)
    live(ledger, 2)
    assert prepared
    prepared.clear()
    live(ledger, 3)
    assert prepared == []
