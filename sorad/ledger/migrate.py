"""Bring the tables to this version: numbered SQL files, each applied once, all that are missing in one transaction.

The number of the last one stands in the file itself (``PRAGMA user_version``).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from sorad.ledger.connection import Connection
from sorad.messages import N_
from sorad.problems import Problem, SoradError

_FOLDER = Path(__file__).parent / "migrations"


def steps(folder: Path = _FOLDER) -> list[tuple[int, Path]]:
    """The migrations by number: ``0001_initial.sql`` is 1."""
    return sorted((int(path.name.split("_")[0]), path) for path in folder.glob("[0-9]*_*.sql"))


def version(db: Connection) -> int:
    """The number of the last migration applied; 0 for a new file."""
    row = db.row("PRAGMA user_version")
    return int(row[0]) if row else 0


def migrate(db: Connection, path: Path, known: Sequence[tuple[int, Path]]) -> None:
    """Apply what is missing of ``known``. An older ledger is first copied to ``<name>.v<version>`` beside it.

    Raises :class:`SoradError` where the file is newer than the program: it is never taken back.
    """
    check_not_newer(db, path, known, exit_code=78)  # as for a bad config: to start it again does not help
    have = version(db)
    missing = [step for step in known if step[0] > have]
    if have and missing:
        keep_copy(db, path.with_name(f"{path.name}.v{have}"))
    if not missing:
        return
    with db.transaction():  # all or none: one wait for the disk, and never a version in between
        for number, file in missing:
            if version(db) < number:
                for statement in statements(file.read_text(encoding="utf-8")):
                    db.run(statement)
                db.run(f"PRAGMA user_version = {number}")


def check_not_newer(
    db: Connection, path: Path, known: Sequence[tuple[int, Path]], *, exit_code: int = 1
) -> None:
    """Raise :class:`SoradError` where a later sorad has already changed the tables."""
    have, latest = version(db), known[-1][0]
    if have > latest:
        raise SoradError(
            Problem(
                "ledger.newer",
                N_("A newer sorad wrote the ledger {path} (version {have}; this one knows {latest})."),
                N_("Upgrade sorad, or set state_dir to another folder."),
                {"path": os.fspath(path), "have": have, "latest": latest},
            ),
            exit_code=exit_code,
        )


def statements(script: str) -> Iterator[str]:
    """The statements of a script, triggers whole (their inner semicolons end nothing)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def keep_copy(db: Connection, target: Path) -> None:
    """A consistent, synced copy of the database, readable by its owner alone; an older copy is replaced."""
    unfinished = target.with_name(f"{target.name}.tmp")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        db.copy_to(unfinished)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(target)
