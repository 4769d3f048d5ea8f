"""Trouble that the daemon must live through: a ledger that is locked, full, replaced; a network that is away."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.clock import SystemClock
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.write_errors import LedgerWatch, explained

Set = Callable[..., Stage]
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@contextlib.contextmanager
def locked(stage: Stage) -> Iterator[None]:
    """Another program holds the ledger's write lock."""
    other = sqlite3.connect(stage.state / "ledger.sqlite3", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def shown(stage: Stage, code: str) -> str:
    return wait_for(lambda: stage.problems().get(code, ""), stage.told, 60)


def test_a_locked_ledger_is_told_buys_nothing_and_goes_on_by_itself(stage: Stage) -> None:
    stage.run()
    stage.drop("storyboard_a.json", "before")
    stage.wait_states(done=1)
    with locked(stage):
        stage.drop("storyboard_b.json", "meanwhile")
        assert "locked" in shown(stage, "ledger.locked")
        assert stage.cli("status", code=1)
        assert stage.simulator.creates("meanwhile") == 0, "no create without its intent"
    stage.wait_states(done=2)
    wait_for(lambda: "ledger.locked" not in stage.problems())
    stage.check_delivered(2)


def test_an_answer_that_comes_while_the_ledger_is_locked_is_written_later(stage: Stage) -> None:
    stage.simulator.faults.add("slow,seconds=1.5,count=1")
    stage.run()
    stage.drop("storyboard.json", "slow")
    wait_for(lambda: stage.simulator.accepted)
    with locked(stage):
        shown(stage, "ledger.locked")
    stage.wait_states(done=1)
    stage.check_delivered(1)
    assert "unknown" not in stage.notes(stage.takes()[0])


@posix
def test_an_end_while_the_ledger_is_locked(stage: Stage) -> None:
    daemon = stage.run()
    stage.drop("storyboard_a.json", "one")
    stage.wait_states(done=1)
    with locked(stage):
        stage.drop("storyboard_b.json", "two")
        shown(stage, "ledger.locked")
        began = time.monotonic()
        daemon.send(signal.SIGTERM)
        assert daemon.ends() == 0
        assert time.monotonic() - began < 20  # ten, and as many for a busy machine
    stage.run()
    stage.wait_states(done=2)
    stage.check_delivered(2)


@posix
def test_an_end_while_a_folder_does_not_answer(stage: Stage) -> None:
    hangs = (
        "import time, sorad.vault.root as root\n"
        "root.scan = lambda *facts, **more: time.sleep(600)\n"
        "print('hangs', flush=True)"
    )
    daemon = stage.run(hangs)
    began = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.ends() == 0
    assert time.monotonic() - began < 20  # ten, and as many for a busy machine


def test_a_ledger_that_is_deleted_under_the_daemon_is_told(stage: Stage) -> None:
    daemon = stage.run()
    stage.drop("storyboard.json", "one")
    stage.wait_states(done=1)
    stage.forget_ledger()
    (stage.state / "ledger.sqlite3").rename(stage.state / "away")
    assert "Restart" in wait_for(
        lambda: next(
            (one["fix"] for one in stage.status()["problems"] if one["code"] == "ledger.replaced"), ""
        ),
        patience=60,
    )
    daemon.stop()
    stage.run()
    stage.wait_states(done=1)
    stage.check_delivered(1)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("database is locked", "ledger.locked"),
        ("database or disk is full", "ledger.full"),
        ("attempt to write a readonly database", "ledger.readonly"),
        ("disk I/O error", "ledger.disk"),
        ("something new", "ledger.unavailable"),
    ],
)
def test_each_trouble_of_the_ledger_has_its_code(stage: Stage, said: str, code: str) -> None:
    class Broken:
        def last_write_error(self) -> str:
            return ""

        def check(self) -> None:
            raise LedgerUnavailable(said)

    path = stage.config_file
    watch = LedgerWatch(Broken(), path, lambda _path: 10**9, SystemClock())  # type: ignore[arg-type]
    assert watch.look() == explained(LedgerUnavailable(said), path)
    assert explained(LedgerUnavailable(said), path).code == code
    full = LedgerWatch(Broken(), path, lambda _path: 0, SystemClock()).look()  # type: ignore[arg-type]
    assert full is not None
    assert full.code == "ledger.full"


def test_a_provider_that_cannot_be_reached_is_told_and_goes_on_by_itself(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(2.0, 2.0))
    hasty = "import sorad.engine.state.reachability as reach\nreach.TOLD_AFTER = 1.0"
    stage.run(hasty)
    stage.drop("storyboard.json", "under way")
    stage.wait_states(generating=1)
    stage.simulator.faults.add("reset_before,target=any")
    assert "since" in shown(stage, "provider.away")
    assert stage.cli("status", code=1)
    stage.simulator.faults.clear()
    stage.wait_states(done=1, patience=90)
    wait_for(lambda: "provider.away" not in stage.problems())
    stage.check_delivered(1)


# --- exit codes -------------------------------------------------------------------------------------------


def no_key(stage: Stage) -> None:
    stage.key_file.unlink()


def bad_config(stage: Stage) -> None:
    stage.config_file.write_text("[limits]\nconcurency = 3\n", "utf-8")


def newer_ledger(stage: Stage) -> None:
    stage.run().stop()
    db = sqlite3.connect(stage.state / "ledger.sqlite3")
    db.execute("PRAGMA user_version = 9999")
    db.close()


def held_lock(stage: Stage) -> None:
    stage.run()


@pytest.mark.parametrize(
    ("fault", "code"), [(no_key, 78), (bad_config, 78), (newer_ledger, 78), (held_lock, 1)]
)
def test_exit_codes_of_run(stage: Stage, fault: Callable[[Stage], None], code: int) -> None:
    """78 where only a person can help, so that systemd does not try for ever; 1 where it may pass."""
    fault(stage)
    ended = stage.start("run")
    assert ended.ends() == code
    assert "Traceback" not in ended.err()
