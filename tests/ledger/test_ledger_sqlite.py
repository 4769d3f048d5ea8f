"""The SQLite file itself: how it is opened, upgraded, refused, and what happens when the disk says no."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_samples import NOW, apply, board, drive, only, states_of, want

from sorad.ledger import migrate as migrations
from sorad.ledger.connection import open_connection
from sorad.ledger.errors import ClaimLost, LedgerDamaged, LedgerUnavailable
from sorad.ledger.migrate import migrate, statements, steps, version
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change
from sorad.model import State
from sorad.problems import Problem, SoradError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sorad" / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    opened = SqliteLedger.open(path)
    opened.recover("test", NOW)
    yield opened
    opened.close()


def raw(path: Path, *sql: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in sql:
        db.execute(statement)
    db.close()


# --- opening ----------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="modes")
def test_ledger_file_is_for_its_owner_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        ledger = SqliteLedger.open(path)
        apply(ledger, want())
    finally:
        os.umask(old)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["ledger.db", "ledger.db-shm", "ledger.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}
    ledger.close()


def test_ledger_survives_closing_and_opening(path: Path) -> None:
    first = SqliteLedger.open(path)
    apply(first, want())
    take = only(first)
    first.close()
    first.close()
    with pytest.raises(LedgerUnavailable):
        first.counts()
    again = SqliteLedger.open(path)
    assert only(again) == take
    again.close()


def test_ledger_claims_of_an_earlier_process_of_the_same_name_are_stale(path: Path) -> None:
    claims = []
    for _ in range(2):
        ledger = SqliteLedger.open(path)
        ledger.recover("daemon", NOW)
        apply(ledger, want())
        claims += ledger.claim(State.QUEUED, NOW, 1)
        if len(claims) == 2:
            with pytest.raises(ClaimLost):
                ledger.record(claims[0], Change(State.SUBMITTING, "intent", intent=True), NOW)
        ledger.close()
    assert claims[0].claim != claims[1].claim


def test_ledger_is_set_up_to_lose_no_commit(ledger: SqliteLedger) -> None:
    settings = {
        name: ledger._db.row(f"PRAGMA {name}")
        for name in ("journal_mode", "synchronous", "foreign_keys", "fullfsync", "busy_timeout")
    }
    assert settings == {
        "journal_mode": ("wal",),
        "synchronous": (2,),
        "foreign_keys": (1,),
        "fullfsync": (1,),
        "busy_timeout": (10_000,),
    }


def waits(ledger: SqliteLedger, act: Callable[[], object]) -> list[str]:
    """What each commit of an act asks of the disk: ``FULL`` waits for it."""
    db, asked, found = ledger._db._db, list[str](), list[str]()
    assert db is not None
    setting = {1: "NORMAL", 2: "FULL"}[db.execute("PRAGMA synchronous").fetchone()[0]]
    db.set_trace_callback(asked.append)
    act()
    db.set_trace_callback(None)
    for sql in asked:
        if sql.startswith("PRAGMA synchronous"):
            setting = sql.split()[-1]
        elif sql == "COMMIT":
            found.append(setting)
    return found


def test_ledger_waits_for_the_disk_wherever_money_hangs_on_it(ledger: SqliteLedger) -> None:
    assert waits(ledger, lambda: apply(ledger, want())) == ["FULL"]
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    changes = [
        (Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), "FULL"),
        (Change(State.UNKNOWN, "unknown", keep_claim=True), "FULL"),
        (Change(State.UNKNOWN, "look", attempt=1, keep_claim=True), "NORMAL"),
        (Change(State.GENERATING, "adopted", remote_id="t1", keep_claim=True), "FULL"),
        (Change(State.GENERATING, "running", keep_claim=True), "NORMAL"),
        (Change(State.GENERATING, "another id", remote_id="t2", keep_claim=True), "FULL"),
        (Change(State.DOWNLOADING, "finished", keep_claim=True), "FULL"),
        (Change(State.DONE, "delivered"), "FULL"),
    ]
    for change, expected in changes:
        assert waits(ledger, lambda change=change: ledger.record(only(ledger), change, NOW)) == [expected]
    assert waits(ledger, lambda: ledger.withdraw(take.storyboard_id, "gone", NOW)) == ["FULL"]
    assert waits(ledger, lambda: ledger.remember("paused", {"since": NOW})) == ["FULL"]
    assert waits(ledger, lambda: ledger.post("pause", {}, NOW)) == ["FULL"]
    assert waits(ledger, lambda: ledger.recover("next", NOW)) == ["FULL"]


def test_ledger_that_cannot_be_made_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SoradError) as caught:
        SqliteLedger.open(tmp_path / "file" / "ledger.db")
    assert caught.value.problem.code == "ledger.cannot_create"
    assert str(tmp_path / "file") in str(caught.value)


# --- other processes --------------------------------------------------------------------------------


def test_ledger_that_is_not_there_is_nothing_yet(tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    for path in (tmp_path / "none" / "ledger.db", empty):
        with pytest.raises(SoradError) as caught:
            SqliteLedger.attach(path)
        assert (caught.value.problem.code, caught.value.exit_code) == ("ledger.missing", 3)
    assert not (tmp_path / "none").exists()


def test_ledger_attached_reads_and_posts_and_is_noticed(ledger: SqliteLedger, path: Path) -> None:
    apply(ledger, want())
    seen = ledger.changed()
    other = SqliteLedger.attach(path)
    assert only(other) == only(ledger)
    assert ledger.changed() == seen
    command = other.post("pause", {}, NOW)
    assert ledger.changed() != seen
    seen = ledger.changed()
    ledger.answer(command, {"ok": True}, NOW)
    assert ledger.changed() == seen
    assert other.result(command) == {"ok": True}
    other.close()


def test_ledger_attached_never_checkpoints(ledger: SqliteLedger, path: Path) -> None:
    database = path.read_bytes()
    for _ in range(3):
        other = SqliteLedger.attach(path)
        for n in range(150):
            other.post("scan", {"path": "x" * 20_000}, NOW + n)
        other.close()
    assert path.with_name("ledger.db-wal").stat().st_size > 1000 * 4096  # where SQLite would by itself
    assert path.read_bytes() == database
    ledger.post("scan", {}, NOW)
    assert path.read_bytes() != database  # and the daemon did


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sqlite3 has no setconfig")
def test_ledger_attached_alone_leaves_the_wal_for_the_daemon(path: Path) -> None:
    SqliteLedger.open(path).close()
    other = SqliteLedger.attach(path)
    other.post("scan", {}, NOW)
    other.close()
    assert path.with_name("ledger.db-wal").stat().st_size > 0
    again = SqliteLedger.open(path)
    assert [command.verb for command in again.commands()] == ["scan"]
    again.close()


def test_ledger_reader_in_the_middle_of_a_list_does_not_hold_the_wal(
    ledger: SqliteLedger, path: Path
) -> None:
    apply(ledger, *(want(n) for n in range(600)))
    other = SqliteLedger.attach(path)
    listing = other.takes()
    next(listing)
    busy, _frames, _moved = ledger._db.row("PRAGMA wal_checkpoint(TRUNCATE)") or (1, 0, 0)
    assert busy == 0
    assert path.with_name("ledger.db-wal").stat().st_size == 0
    assert len(list(listing)) == 599
    other.close()


# --- when the disk or another process says no -------------------------------------------------------


def test_ledger_locked_by_another_is_unavailable_and_works_afterwards(
    ledger: SqliteLedger, path: Path
) -> None:
    apply(ledger, want())
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    ledger._db.row("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match="locked"):
        ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), NOW)
    assert only(ledger) == take  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), NOW).creates == 1


def test_ledger_full_disk_writes_nothing_and_works_afterwards(ledger: SqliteLedger) -> None:
    apply(ledger, want(0))
    pages = (ledger._db.row("PRAGMA page_count") or (0,))[0]
    ledger._db.row(f"PRAGMA max_page_count = {pages + 3}")
    with pytest.raises(LedgerUnavailable, match="full"):
        apply(ledger, *(want(n) for n in range(500)))
    assert states_of(ledger) == [State.QUEUED]
    assert (ledger.claim(State.QUEUED, NOW, 1)[0].segment, ledger.counts()[State.QUEUED]) == (0, 1)
    ledger._db.row(f"PRAGMA max_page_count = {2**30}")
    assert apply(ledger, *(want(n) for n in range(500))).added == 499


def test_ledger_that_may_not_be_written_is_unavailable_and_can_be_read(ledger: SqliteLedger) -> None:
    apply(ledger, want())
    ledger._db.row("PRAGMA query_only = ON")
    with pytest.raises(LedgerUnavailable, match="readonly"):
        ledger.claim(State.QUEUED, NOW, 1)
    assert only(ledger).claim == ""
    ledger._db.row("PRAGMA query_only = OFF")
    assert ledger.claim(State.QUEUED, NOW, 1)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_ledger_read_only_file_is_refused(path: Path) -> None:
    SqliteLedger.open(path).close()
    path.chmod(0o400)
    with pytest.raises((LedgerUnavailable, SoradError)):
        SqliteLedger.open(path)


def test_ledger_failed_commit_rolls_back_and_leaves_the_connection_usable(
    ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(ledger, want())
    real = ledger._db._db
    assert real is not None

    class NoCommit:
        """The connection, but that its COMMIT fails as on an I/O error."""

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def execute(self, sql: str, *values: object) -> object:
            if sql == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return real.execute(sql, *values)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ledger._db, "_db", NoCommit())
        with pytest.raises(LedgerUnavailable, match="I/O"):
            ledger.claim(State.QUEUED, NOW, 1)
    assert only(ledger).claim == ""
    assert ledger.claim(State.QUEUED, NOW, 1)


@pytest.mark.parametrize(
    "damage", [b"this is no database" * 400, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_ledger_damaged_file_is_told_and_left_as_it_is(path: Path, damage: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    for enter in (SqliteLedger.open, SqliteLedger.attach):
        with pytest.raises(LedgerDamaged):
            enter(path)
    assert path.read_bytes() == damage


def test_ledger_damaged_in_the_middle_is_told(path: Path) -> None:
    ledger = SqliteLedger.open(path)
    apply(ledger, *(want(n) for n in range(300)))
    ledger.close()
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 8192, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xaa" * 200
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged):
        SqliteLedger.open(path)
    other = SqliteLedger.attach(path)
    with pytest.raises(LedgerDamaged):
        list(other.takes())
    other.close()
    assert path.read_bytes() == content


def test_ledger_without_its_tables_is_damaged(path: Path) -> None:
    SqliteLedger.open(path).close()
    raw(path, "DROP TABLE history")
    ledger = SqliteLedger.open(path)
    with pytest.raises(LedgerDamaged, match="history"):
        ledger.history(1)
    ledger.close()


# --- versions ---------------------------------------------------------------------------------------


def test_ledger_of_a_newer_sorad_is_refused_and_not_touched(path: Path) -> None:
    SqliteLedger.open(path).close()
    raw(path, "PRAGMA user_version = 9999")
    for enter in (SqliteLedger.open, SqliteLedger.attach):
        with pytest.raises(SoradError) as caught:
            enter(path)
        assert caught.value.problem.code == "ledger.newer"
        assert "9999" in str(caught.value)
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (9999,)
    db.close()
    assert [file.name for file in path.parent.iterdir() if ".v" in file.name] == []


LATEST = steps()[-1][0]


@pytest.fixture
def one_more_step(tmp_path: Path) -> list[tuple[int, Path]]:
    second = tmp_path / "more.sql"
    second.write_text(
        "ALTER TABLE takes ADD COLUMN more TEXT; -- a comment; with a semicolon\n"
        "CREATE TRIGGER more AFTER UPDATE OF more ON takes BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"
        "UPDATE takes SET more = 'x;y'\n"
    )
    return [*steps(), (LATEST + 1, second)]


def test_ledger_upgrade_keeps_a_copy_of_the_old_file(
    path: Path, one_more_step: list[tuple[int, Path]]
) -> None:
    ledger = SqliteLedger.open(path)
    apply(ledger, want())
    take = only(ledger)
    ledger.close()
    db = open_connection(path, owner=True)
    migrate(db, path, one_more_step)
    assert (version(db), db.row("SELECT more FROM takes")) == (LATEST + 1, ("x;y",))
    migrate(db, path, one_more_step)
    db.close()
    copy = path.with_name(f"ledger.db.v{LATEST}")
    assert sys.platform == "win32" or stat.S_IMODE(copy.stat().st_mode) == 0o600
    old = SqliteLedger.open(copy)
    assert only(old) == take
    old.close()
    assert not [file for file in path.parent.iterdir() if file.suffix == ".tmp"]


def test_ledger_new_file_needs_no_copy(path: Path) -> None:
    SqliteLedger.open(path).close()
    assert [file.name for file in path.parent.iterdir()] == ["ledger.db"]


def test_ledger_upgrade_that_fails_changes_nothing(path: Path, one_more_step: list[tuple[int, Path]]) -> None:
    SqliteLedger.open(path).close()
    one_more_step[-1][1].write_text("ALTER TABLE takes ADD COLUMN more TEXT;\nDROP TABLE absent;\n")
    db = open_connection(path, owner=True)
    with pytest.raises(LedgerDamaged):
        migrate(db, path, one_more_step)
    assert version(db) == LATEST
    assert "more" not in [row[1] for row in db.rows("PRAGMA table_info(takes)")]
    db.close()
    ledger = SqliteLedger.open(path)
    assert apply(ledger, want()).added == 1
    ledger.close()


def test_ledger_not_yet_upgraded_is_not_attached(
    path: Path, one_more_step: list[tuple[int, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteLedger.open(path).close()
    monkeypatch.setattr("sorad.ledger.sqlite.steps", lambda: one_more_step)
    with pytest.raises(SoradError) as caught:
        SqliteLedger.attach(path)
    assert caught.value.problem.code == "ledger.older"


def test_ledger_migrations_are_numbered_without_gaps_and_whole() -> None:
    assert [number for number, _file in steps()] == list(range(1, len(steps()) + 1))
    for _number, file in steps():
        for statement in statements(file.read_text(encoding="utf-8")):
            assert sqlite3.complete_statement(statement)
    assert migrations._FOLDER.is_dir()


# --- how questions are answered ---------------------------------------------------------------------


def test_ledger_asks_for_any_number_of_rows_by_few_statements(ledger: SqliteLedger) -> None:
    """SQLite keeps each statement that it was given, of 50 kB each."""
    apply(ledger, *(want(n) for n in range(140)))
    asked: set[str] = set()
    db = ledger._db._db
    assert db is not None
    found = []
    db.set_trace_callback(lambda sql: asked.add(re.sub(r"'[^']*'|\d+", "?", sql)))
    for count in range(0, 140, 3):
        found.append(len(list(ledger.takes(limit=count))))
        ledger.owned([f"r{n}" for n in range(count)])
    db.set_trace_callback(None)
    assert found == list(range(0, 140, 3))
    assert len(asked) < 20


def test_ledger_hot_questions_never_walk_through_the_takes(ledger: SqliteLedger) -> None:
    """A million done takes must slow none of these: each looks into an index made for it."""
    apply(ledger, *(want(n) for n in range(20)))
    for take in list(ledger.takes(limit=5)):
        drive(ledger, take, State.DONE)
    asked: list[str] = []
    db = ledger._db._db
    assert db is not None
    db.set_trace_callback(asked.append)
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    ledger.record(take, Change(State.QUEUED, "later", due_at=NOW + 1), NOW)
    ledger.agenda()
    ledger.in_flight(), ledger.undelivered(), ledger.parked("/vault"), ledger.counts()
    ledger.spend(NOW - 5), ledger.unpriced(NOW - 5), ledger.owned(["r"]), ledger.history(1)
    list(ledger.takes(states=[State.FAILED, State.UNKNOWN], limit=20))
    ledger.withdraw(1, "gone", NOW)
    ledger.apply(board("/vault/other.json"), [want(1)], NOW)
    db.set_trace_callback(None)
    plans = [
        (sql, row[3])
        for sql in asked
        if sql.startswith(("SELECT", "UPDATE", "\nSELECT"))
        for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")
    ]
    assert len(plans) > 25
    allowed = ("takes_claimed", "takes_parked")  # partial, and nearly empty
    walks = [
        plan
        for plan in plans
        if plan[1].startswith(
            ("SCAN takes", "SCAN t", "SCAN TABLE takes", "SCAN TABLE purchases", "SCAN purchases")
        )
        and not plan[1].startswith(("SCAN tally", "SCAN TABLE tally"))
        and not plan[1].endswith(allowed)
    ]
    assert walks == []
    # The index of all takes by state serves lists, and questions for a state that is always small.
    by_state = {sql for sql, plan in plans if "takes_state" in plan}
    assert all("ORDER BY +id" in sql for sql in by_state)


@pytest.mark.parametrize("fix", ["`sorad retry {take}` asks again.", "Nothing to do."])
def test_an_error_from_before_the_take_had_a_number_names_it_when_it_is_read(
    ledger: SqliteLedger, fix: str
) -> None:
    apply(ledger, want())
    take = only(ledger)
    error = Problem("take.missing", "its video is gone.", fix)
    changed = ledger.record(take, Change(take.state, "gone", error=error), NOW)
    read = ledger.take(changed.id)
    assert read is not None
    assert read.error is not None
    assert read.error.fix_text() == fix.replace("{take}", str(take.id))
    told = ledger.history(take.id)[-1].problem
    assert told is not None
    assert told.fix_text() == read.error.fix_text()
    assert error.fix_text() == fix.replace("{take}", "ID")  # where nobody knows it
