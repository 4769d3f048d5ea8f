"""A disk that reports errors: at once in `status` and in the dead man's ping, and over by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_stage import wait_for
from fault_stage import Patient, hurried_program, in_a_hurry
from fault_table import SICKNESSES, Sickness
from sick_disk import SickDisk

from sorad.model import State


class Bed:
    """A daemon on a disk that fails at will."""

    def __init__(self, folder: Path) -> None:
        self.disk = SickDisk(folder)
        self.patient = Patient(folder / "patient")
        self.patient.configure(ping={"fail_url": f"{self.patient.box.url}/fail"})
        self.patient.stage.run(hurried_program(), self.disk.env)
        self.patient.buy()
        self.patient.until_all_done()

    def close(self) -> None:
        self.disk.heals()
        self.patient.close()


class Beds:
    """One daemon for all rows, made anew after one that did not recover."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._bed: Bed | None = None

    def bed(self) -> Bed:
        if self._bed is None:
            self._bed = Bed(self._folders.mktemp("sick"))
        return self._bed

    def discharge(self) -> None:
        if self._bed is not None:
            self._bed.close()
            self._bed = None


@pytest.fixture(scope="module")
def beds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beds]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        in_a_hurry(monkeypatch)
        one = Beds(tmp_path_factory)
        yield one
        one.discharge()


@pytest.mark.parametrize("sickness", SICKNESSES, ids=lambda sickness: sickness.name)
def test_a_sick_disk_is_seen_and_is_over_by_itself(beds: Beds, sickness: Sickness) -> None:
    bed = beds.bed()
    patient, disk = bed.patient, bed.disk
    try:
        patient.is_well()
        disk.strikes(*sickness.orders)
        if sickness.buys:
            patient.buy()
        patient.shows({sickness.problem})
        disk.heals()
        patient.until_all_done()
        patient.is_well()
        videos = {path.stem for path in patient.stage.videos()}
        assert len(patient.stage.takes(State.DONE)) == len(videos) == len(patient.stage.simulator.accepted)
    except BaseException:
        beds.discharge()
        raise


def test_no_ping_lives_on_a_sick_disk(beds: Beds) -> None:
    bed = beds.bed()
    bed.patient.is_well()
    bed.disk.strikes("fsync */ledger.sqlite3*")
    bed.patient.names("ledger.disk")
    wait_for(lambda: bed.patient.box.posts[-1].path.endswith("/fail"))
    bed.disk.heals()
    bed.patient.is_well()


def test_receipts_that_cannot_be_written_are_told_while_their_takes_are_generating(beds: Beds) -> None:
    bed = beds.bed()
    patient = bed.patient
    patient.is_well()
    patient.stage.simulator.faults.add("stuck")
    bed.disk.strikes("write */vault/*_T*_????????.json.*tmp")
    patient.buy()
    patient.shows({"receipt.unwritten"})
    bed.disk.heals()
    wait_for(lambda: not patient.asked().problems, lambda: str(patient.asked().report))
    beds.discharge()
