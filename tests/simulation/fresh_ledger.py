"""New ledgers as copies of one that was migrated once: the same file, for a fraction of the computing.

What migrations do is a matter of tests/ledger; programs that tests start migrate their ledgers themselves.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from sorad.ledger import sqlite
from sorad.ledger.connection import create_file


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite3")
        sqlite.SqliteLedger.open(path).close()
        return path.read_bytes()


def lay(path: Path) -> None:
    """Make the file of a ledger, with its tables, where there is none, nor what one left beside it. ``OSError``."""
    new = not os.path.lexists(path) and not os.path.lexists(f"{path}-wal")
    create_file(path)
    if new:
        path.write_bytes(_template())


def use() -> None:
    """From now on, ledgers of this process begin so."""
    _template()
    sqlite.create_file = lay
