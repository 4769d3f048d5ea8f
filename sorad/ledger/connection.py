"""One SQLite connection behind a lock: transactions, errors as the ledger's own types, any text.

The daemon writes and checkpoints through the one connection of its process. SQLite up to 3.51.2 has a rare
bug that damages the WAL where two connections write and checkpoint at once; so the connections of other
processes never checkpoint (see :func:`open_connection`).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.messages import N_
from sorad.problems import Problem, SoradError

Row = tuple[Any, ...]

BUSY_SECONDS = 10.0  # other writers hold the lock for milliseconds
# Where somebody keeps it for longer, nobody waits so long again until it is free: all threads share the one
# connection, and each would hold the others up.
LOCKED_SECONDS = 0.25
WAL_KEPT = 16_000_000  # bytes the WAL is cut back to after a burst
CACHE_KIB = 4_000  # the system keeps the file itself in its memory

# Messages of OperationalError that no waiting mends: the tables are not those of the version in the file.
_WRONG_TABLES = ("no such table", "no such column", "Could not decode to UTF-8")


# What keeps a write out and says nothing of the disk.
_NOT_THE_DISK = ("database is locked", "database table is locked", "interrupted", "closed")


class Connection:
    """A connection that several threads may share."""

    def __init__(self, db: sqlite3.Connection, wait: float = BUSY_SECONDS) -> None:
        """``wait``: how long each transaction waits for a lock, in seconds."""
        self._db: sqlite3.Connection | None = db
        self._wait = wait
        self._durable: bool | None = None  # how the last transaction was; None: not known
        self._kept_out = False  # the last transaction waited in vain
        # Why the last write failed, where that was no lock; "" once one is on the disk again.
        self.last_write_error = ""
        self._lock = threading.RLock()
        db.row_factory = _decoded

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """All that is run inside is durable when this ends, or without effect.

        Not ``durable``: a power cut (not a crash) may undo it, together with all that came after the last
        durable one; nothing waits for the disk. Raises :class:`LedgerUnavailable` or :class:`LedgerDamaged`;
        the connection stays usable.
        """
        with self._lock, self._watched(durable):
            db = self._open()
            with _translated():
                # In WAL mode only FULL waits for the disk at a commit. It cannot be changed inside one.
                if durable is not self._durable:
                    db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                    self._durable = durable
                self._begin(db)
            try:
                yield
                with _translated():
                    db.execute("COMMIT")
            except BaseException:
                # A full disk or an I/O error may have rolled back already.
                if db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _watched(self, durable: bool) -> Iterator[None]:
        """Remember whether the disk takes what is written."""
        try:
            yield
        except LedgerUnavailable as error:
            if not str(error).startswith(_NOT_THE_DISK):
                self.last_write_error = str(error)
            raise
        if durable:
            self.last_write_error = ""

    def checkpoint(self) -> None:
        """Bring what was written into the main file, as far as no reader is in the way. For the owner.

        SQLite does so by itself now and then, but keeps it to itself where that fails.
        """
        with self._lock, self._watched(False), _translated():
            self._open().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _begin(self, db: sqlite3.Connection) -> None:
        kept_out = False
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            kept_out = "locked" in str(error)
            raise
        finally:
            if kept_out != self._kept_out:
                self._kept_out = kept_out
                wait = min(LOCKED_SECONDS, self._wait) if kept_out else self._wait
                db.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")

    def run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that writes; inside a transaction."""
        with self._lock, _translated():
            return _execute(self._open(), sql, values)

    def run_many(self, sql: str, many: Iterable[Sequence[Any]]) -> int:
        """Run a statement for each of many rows, inside a transaction; how many rows were written."""
        rest = iter(many)
        rows = list(islice(rest, 2))
        if len(rows) < 2:
            return self.run(sql, rows[0]).rowcount if rows else 0
        bound = [_bound(values) for values in chain(rows, rest)]
        with self._lock, _translated():
            return self._open().executemany(sql, bound).rowcount

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a question. They are read to the end at once: a reader left open lets the WAL grow."""
        with self._lock, _translated():
            return _execute(self._open(), sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a question, or ``None``."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the other threads of this process out for a while."""
        with self._lock:
            yield

    @contextlib.contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """A statement inside that is not through after so long ends with :class:`LedgerUnavailable`."""
        with self._lock:
            db = self._open()
            # No progress handler: before 3.41 SQLite calls none inside a quick_check.
            timer = threading.Timer(seconds, db.interrupt)
            timer.start()
            try:
                yield
            finally:
                timer.cancel()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the whole database into a file."""
        target = sqlite3.connect(path)
        try:
            self.copy_into(target)
        finally:
            target.close()

    def copy_into(self, target: sqlite3.Connection) -> None:
        """The same into another database."""
        with self._lock, _translated():
            self._open().backup(target)

    def close(self) -> None:
        """Close; calls that come later get :class:`LedgerUnavailable`."""
        with self._lock, _translated():
            if self._db is not None:
                self._db.close()
                self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            raise LedgerUnavailable("closed")
        return self._db


def open_connection(path: Path, *, owner: bool, wait: float = BUSY_SECONDS) -> Connection:
    """Connect to an existing file; ``owner`` for the process that runs the ledger. ``wait``: for locks.

    Others never checkpoint: not on a commit, and from Python 3.12 on not on closing either. Before, SQLite
    tries on closing, but only under an exclusive lock of the file, which it does not get while the daemon
    lives: so it never meets another writer.
    """
    with _translated():
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=wait,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            _prepare(db, path, owner=owner)
        except BaseException:
            db.close()
            raise
    return Connection(db, wait)


def scratch_connection(of: Connection | None) -> Connection:
    """A database in memory: a copy of another one, or empty."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=256)
    if of is not None:
        of.copy_into(db)
    return Connection(db)


def _prepare(db: sqlite3.Connection, path: Path, *, owner: bool) -> None:
    if not owner:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        if sys.version_info >= (3, 12):
            db.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
    elif db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
        raise SoradError(
            Problem(
                "ledger.no_wal",
                N_("The file system of {path} cannot hold the ledger: SQLite's WAL does not work there."),
                N_("Set state_dir to a folder on a local disk."),
                {"path": os.fspath(path)},
            )
        )
    for setting in (
        "synchronous = FULL",  # NORMAL loses acknowledged commits in a power cut
        "fullfsync = ON",  # macOS: fsync alone stops at the drive's cache; no effect elsewhere
        "foreign_keys = ON",
        "temp_store = MEMORY",  # a sandbox may have no place for temporary files
        f"cache_size = -{CACHE_KIB}",
        f"journal_size_limit = {WAL_KEPT}",
    ):
        db.execute(f"PRAGMA {setting}")


def check_sound(db: Connection) -> None:
    """Raise :class:`LedgerDamaged` where a page of the file is not what it must be."""
    row = db.row("PRAGMA quick_check(1)")
    if row != ("ok",):
        raise LedgerDamaged(str(row[0]) if row else "quick_check")


def create_file(path: Path) -> None:
    """Make the file (0600) and the folders above it (0700) where they are missing; raises ``OSError``.

    SQLite gives the files it keeps beside it the same mode.
    """
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


class _Translated:
    """Inside, SQLite's errors come as the ledger's own. (A class: it is entered for every statement.)"""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.OperationalError):
            if str(error).startswith(_WRONG_TABLES):
                raise LedgerDamaged(str(error)) from error
            raise LedgerUnavailable(str(error)) from error
        # The module has no class for "malformed" and "not a database": they come as the base class.
        # Its other children (a broken constraint, a misuse) are bugs, and stay what they are.
        if type(error) is sqlite3.DatabaseError:
            raise LedgerDamaged(str(error)) from error


_translation = _Translated()


def _translated() -> _Translated:
    return _translation


def _execute(db: sqlite3.Connection, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
    try:
        return db.execute(sql, values)
    except UnicodeEncodeError:  # while binding: nothing has run yet
        return db.execute(sql, _bound(values))


def _bound(values: Sequence[Any]) -> Sequence[Any]:
    """The values with text that UTF-8 cannot carry as bytes, which SQLite keeps as a BLOB."""
    return [_storable(value) if isinstance(value, str) and not value.isascii() else value for value in values]


def _storable(text: str) -> Any:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _decoded(_cursor: sqlite3.Cursor, row: Row) -> Row:
    """The reverse of :func:`_bound`."""
    if bytes not in map(type, row):
        return row
    return tuple(
        value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value for value in row
    )
