"""Faults of a whole process, of its start, and of real disks: seen by `status`, and over by themselves."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_stage import wait_for
from disk_stage import fill, small_disk
from fault_stage import Patient, hurried_program, in_a_hurry

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and inotify as Linux has them")

# The limit of watched folders, for as long as there is a file of that name.
LIMITED = """
import ctypes, errno, os
from watchdog.observers import inotify_c
real = inotify_c.inotify_add_watch
def add(*args):
    if not os.path.exists({flag!r}):
        return real(*args)
    ctypes.set_errno(errno.ENOSPC)
    return -1
inotify_c.inotify_add_watch = add
"""


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    in_a_hurry(monkeypatch)
    one = Patient(tmp_path / "patient")
    yield one
    one.close()


def test_a_process_that_is_stopped_or_killed_or_cannot_write_its_log(patient: Patient) -> None:
    daemon = patient.stage.run(hurried_program())
    patient.is_well()

    daemon.send(signal.SIGSTOP)
    patient.shows({"daemon.frozen"})
    assert "daemon.frozen" in patient.doctor()
    daemon.send(signal.SIGCONT)
    patient.is_well()

    logs = patient.stage.state / "logs"
    away = logs.rename(logs.with_name("away"))
    logs.touch()
    patient.shows({"log.not_writable"})
    patient.buy()
    patient.until_all_done()
    logs.unlink()
    away.rename(logs)
    patient.is_well()
    wait_for(lambda: "missing here" in (logs / "sorad.log").read_text("utf-8"))

    daemon.kill()
    asked = patient.asked()
    assert (asked.code, asked.problems) == (3, {"daemon.not_running"})
    patient.stage.run(hurried_program())
    patient.is_well()


def test_the_watch_limit_is_met_at_the_start(patient: Patient, tmp_path: Path) -> None:
    flag = tmp_path / "limited"
    flag.touch()
    patient.stage.run(hurried_program() + LIMITED.format(flag=os.fspath(flag)))
    patient.shows({"watch.limit"})
    patient.buy()
    patient.until_all_done()
    flag.unlink()
    patient.is_well()


def test_disks_that_are_full_in_earnest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "patient"
    folder.mkdir()
    in_a_hurry(monkeypatch)
    with small_disk(folder / "vault", "8m") as vault, small_disk(folder / "state", "8m") as state:
        patient = Patient(folder)
        try:
            patient.stage.run(hurried_program())
            patient.buy()
            patient.until_all_done()
            patient.is_well()
            for disk, code in ((vault, "disk.full"), (state, "ledger.full")):
                filler = fill(disk)
                patient.names(code)
                filler.unlink()
                patient.is_well()
        finally:
            patient.close()
