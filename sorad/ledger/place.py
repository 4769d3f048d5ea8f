"""Where the ledger lies."""

from __future__ import annotations

from pathlib import Path


def ledger_path(state_dir: Path) -> Path:
    """The database in ``state_dir``."""
    return state_dir / "ledger.sqlite3"
