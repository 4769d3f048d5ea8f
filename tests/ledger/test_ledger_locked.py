"""A ledger that another program keeps locked: who waits, and for how long."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from sorad.ledger import connection
from sorad.ledger.connection import create_file, open_connection
from sorad.ledger.errors import LedgerUnavailable


def test_only_the_first_waits_long_for_a_lock_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads of the daemon share one connection: each that waits holds the others up."""
    monkeypatch.setattr(connection, "LOCKED_SECONDS", 0.01)
    path = tmp_path / "ledger.sqlite3"
    create_file(path)
    ours = open_connection(path, owner=True, wait=0.5)
    other = sqlite3.connect(path, isolation_level=None)

    def waited() -> float:
        began = time.monotonic()
        with pytest.raises(LedgerUnavailable, match="locked"), ours.transaction():
            pass
        return time.monotonic() - began

    for _again in range(2):  # once it was free, there is patience again
        other.execute("BEGIN IMMEDIATE")
        assert waited() >= 0.4
        assert min(waited() for _ in range(5)) < 0.2
        other.execute("ROLLBACK")
        with ours.transaction():
            pass
    other.close()
    ours.close()
