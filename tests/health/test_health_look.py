"""Looking again and again: the ledger is asked only when it changed, and every trouble with it is lived through."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from sorad.health.look import OLDEST, Look
from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Storyboard, Want
from sorad.model import Request, State

NOW = 1_700_000_000.0


@pytest.fixture
def ledger(tmp_path):
    with closing(SqliteLedger.open(ledger_path(tmp_path))) as opened:
        yield opened


@pytest.fixture
def look(tmp_path):
    with closing(Look(ledger_path(tmp_path))) as one:
        yield one


def queue(ledger, segment: int) -> None:
    request = Request(f"cat {segment}")
    wants = [Want(segment, 1, request, request.fingerprint(), f"/v/{segment}.mp4")]
    path = f"/v/{segment}/storyboard.json"
    ledger.apply(Storyboard(0, "/v", path, 1, segment, str(segment), "ok"), wants, NOW)


def count_reads(monkeypatch) -> list[float]:
    """When the facts are read from the ledger."""
    reads: list[float] = []
    read = SqliteLedger.counts
    monkeypatch.setattr(SqliteLedger, "counts", lambda self, *root: (reads.append(0.0), read(self, *root))[1])
    return reads


def test_it_asks_again_only_after_a_commit(ledger, look, monkeypatch):
    queue(ledger, 1)
    reads = count_reads(monkeypatch)
    for second in range(5):
        assert look.facts(NOW + second).counts[State.QUEUED] == 1
    assert len(reads) == 1
    queue(ledger, 2)
    told = look.facts(NOW + 6)
    assert (told.counts[State.QUEUED], told.now) == (2, NOW + 6)
    assert len(reads) == 2


def test_what_changes_with_the_time_alone_is_read_again(ledger, look, monkeypatch):
    reads = count_reads(monkeypatch)
    look.facts(NOW)
    look.facts(NOW + OLDEST + 1)
    look.facts(NOW - 5)  # the clock was set back
    assert len(reads) == 3


def test_a_missing_a_new_and_a_replaced_ledger_are_followed(tmp_path, look):
    told = look.facts(NOW).ledger
    assert told is not None
    assert told.code == "ledger.missing"
    for count in (1, 2):
        with closing(SqliteLedger.open(ledger_path(tmp_path))) as made:
            for segment in range(count):
                queue(made, segment)
        found = look.facts(NOW)
        assert (found.ledger, found.counts[State.QUEUED]) == (None, count)
        for file in tmp_path.glob("ledger*"):
            file.unlink()
        told = look.facts(NOW).ledger
        assert told is not None
        assert told.code == "ledger.missing"


def test_a_locked_ledger_is_told_soon_and_seen_again(ledger, look, tmp_path):
    queue(ledger, 1)
    ledger.close()
    assert look.facts(NOW).ledger is None
    look.close()
    with closing(sqlite3.connect(ledger_path(tmp_path), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        told = look.facts(NOW + 100).ledger
        assert told is not None
        assert told.code == "ledger.unavailable"
        assert time.monotonic() - began < 8  # a person waits, not ten seconds a question
        other.execute("ROLLBACK")
    assert look.facts(NOW + 101).ledger is None


def test_no_question_stays_open(ledger, look, tmp_path):
    queue(ledger, 1)
    look.facts(NOW)
    with closing(sqlite3.connect(ledger_path(tmp_path), isolation_level=None)) as other:
        busy, _pages, _moved = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
