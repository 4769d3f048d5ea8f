"""What disks do to the whole daemon: nothing half is left, and what was paid for arrives when they are back."""

from __future__ import annotations

import errno
import io
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from disk_stage import House, fill, remount, small_disk, until
from world import mp4

from sorad.engine.decide.rescue import Patience
from sorad.engine.steps import fetch, rescue
from sorad.layout import receipt_path
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change
from sorad.model import State, Take
from sorad.receipts.receipt import GENERATING, read_receipt

# Version 7 warns, with all its tables, of what its own handling of new folders does to itself.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

Make = Callable[..., House]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((fetch, "LOOK_AGAIN"), (fetch, "AGAIN_FIRST"), (rescue, "AGAIN_FIRST")):
        monkeypatch.setattr(module, name, 0.2)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Make]:
    made: list[House] = []

    def make(vault: Path | None = None, state: Path | None = None, **simulator: Any) -> House:
        made.append(House(tmp_path, vault or tmp_path / "vault", state or tmp_path / "state", **simulator))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "8m") as mounted:
        yield mounted


# The disk is asked for first: it must outlive the daemon that works on it.


def test_a_disk_that_fills_up_in_the_middle_of_downloads(disk: Path, house: Make) -> None:
    one = house(disk / "vault", task_seconds=(0.8, 0.8))
    one.drop("storyboard.json", *(f"shot {number}" for number in range(5)))
    until(lambda: len(one.simulator.accepted) == 5)
    filler = fill(disk, leave=1_500_000)
    until(lambda: "delivery.disk_full" in one.errors())
    until(lambda: one.states()[State.DONE] >= 1, "what fits")
    assert one.nothing_half()
    assert "cannot be delivered" in one.told()["delivery.disk_full"]
    assert str(disk) in one.told()["delivery.disk_full"]
    filler.unlink()
    until(lambda: one.all_done(5))
    one.check(5)
    assert "delivery.disk_full" not in one.told()


def test_a_disk_that_becomes_read_only_and_is_mended(disk: Path, house: Make) -> None:
    one = house(disk / "vault", task_seconds=(1.0, 1.0))
    one.drop("storyboard.json", "one", "two")
    until(lambda: len(one.simulator.accepted) == 2)
    until(lambda: remount(disk, "ro"))
    until(lambda: "delivery.read_only" in one.errors())
    assert one.nothing_half()
    assert "read-only" in one.told()["delivery.read_only"]
    assert remount(disk, "rw")
    until(lambda: one.all_done(2))
    one.check(2)


def test_a_disk_that_stays_read_only_costs_no_video(disk: Path, house: Make) -> None:
    one = house(disk / "vault", task_seconds=(1.0, 1.0))
    one.daemon.parts.context.patience = Patience(0.5, 1.0)
    one.drop("storyboard.json", "one")
    until(lambda: len(one.simulator.accepted) == 1)
    until(lambda: remount(disk, "ro"))
    until(lambda: one.all_done(1))
    one.check(1)
    (take,) = one.takes()
    assert Path(take.output).is_relative_to(one.state / "rescued" / "vault")
    assert "read-only" in one.told()["take.rescued"]


def test_a_folder_that_goes_while_a_download_runs_and_comes_back(house: Make, tmp_path: Path) -> None:
    one = house()
    one.simulator.faults.add("slow_download,seconds=1.5,count=1")
    one.drop("storyboard_stays.json")
    one.drop("ep1/storyboard.json", "one")
    until(one.partials)
    (one.vault / "ep1").rename(tmp_path / "away")
    until(lambda: "delivery.folder_gone" in one.errors())
    assert not (one.vault / "ep1").exists()
    assert "is not there" in one.told()["delivery.folder_gone"]
    (tmp_path / "away").rename(one.vault / "ep1")
    until(lambda: one.all_done(1))
    one.check(1)
    assert [path.parent.parent.parent for path in one.vault.rglob("*.mp4")] == [one.vault / "ep1"]


def test_a_folder_that_is_deleted_while_a_download_runs_costs_no_video(house: Make) -> None:
    one = house()
    one.daemon.parts.context.patience = Patience(0.5, 60.0)
    one.simulator.faults.add("slow_download,seconds=3,count=1")
    one.drop("note.md")
    one.drop("ep1/storyboard.json", "one")
    until(one.partials)
    shutil.rmtree(one.vault / "ep1")
    until(lambda: one.all_done(1))
    one.check(1)
    (take,) = one.takes()
    assert Path(take.output).is_relative_to(one.state / "rescued" / "vault" / "ep1")
    assert not (one.vault / "ep1").exists()
    assert take.output in one.told()["take.rescued"]


def test_a_quota_that_is_used_up_is_waited_for(house: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rationed(io.FileIO):
        def write(self, data: Any) -> int:
            if self.tell() >= 100_000:
                raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
            return super().write(data[: 100_000 - self.tell()])

    with monkeypatch.context() as rationed:
        rationed.setattr(io, "FileIO", Rationed)
        one = house()
        one.drop("storyboard.json", "one")
        until(lambda: "delivery.quota" in one.errors())
        assert list(one.vault.rglob("*.mp4")) == []
        assert "quota" in one.told()["delivery.quota"]
    until(lambda: one.all_done(1))
    one.check(1)


def test_a_file_of_another_program_under_the_name_is_neither_replaced_nor_taken_for_ours(house: Make) -> None:
    one = house()
    one.simulator.faults.add("slow_download,seconds=3,count=1")
    one.drop("storyboard.json", "ours")
    until(one.partials)
    video = Path(one.takes()[0].output)
    foreign = mp4("theirs")
    video.write_bytes(foreign)
    until(lambda: "delivery.in_the_way" in one.errors())
    blocked = next(take for take in one.takes() if take.error is not None)
    until(lambda: one.daemon.ledger.take(blocked.id).attempt >= 3, "further tries")  # type: ignore[union-attr]
    assert one.errors() == {"delivery.in_the_way"}
    assert video.read_bytes() == foreign
    assert "another file" in one.told()["delivery.in_the_way"]
    video.rename(video.with_name("mine.mp4"))
    until(lambda: one.all_done(1))
    one.check(1)


def test_a_file_that_another_program_holds_is_waited_for(
    house: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def held(source: Any, target: Any) -> None:
        if str(target).endswith(".mp4"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(source, target)

    with monkeypatch.context() as locked:
        locked.setattr(os, "replace", held)
        one = house()
        one.drop("storyboard.json", "one")
        until(lambda: "delivery.permission" in one.errors())
        assert list(one.vault.rglob("*.mp4")) == []
        assert one.partials(), "what was fetched is kept"
        assert "close the program" in one.told()["delivery.permission"]
    until(lambda: one.all_done(1))
    one.check(1)


# --- the ledger's own disk --------------------------------------------------------------------------------


def test_nothing_is_bought_while_the_ledgers_disk_is_full(disk: Path, house: Make) -> None:
    one = house(state=disk / "state")
    filler = fill(disk)
    one.drop("storyboard.json", "one", "two")
    until(lambda: one.daemon.vault._ledger_fails > 0, "the ledger cannot be written")
    assert one.simulator.accepted == []
    filler.unlink()
    until(lambda: one.all_done(2), patience=120.0)
    one.check(2)


def test_no_create_leaves_without_its_intent(
    disk: Path, house: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = house(state=disk / "state")
    fillers: list[Path] = []
    refused: list[int] = []
    ledger = one.daemon.ledger
    real, first = ledger.record, threading.Lock()

    def record(take: Take, change: Change, now: float) -> Take:
        with first:  # of two intents at once, the second waits until the disk is full
            if change.intent and not fillers:
                # A log that was brought into the main file keeps its room on the disk, and an intent fits in there.
                until(lambda: not ledger._db.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0], "an empty log")
                fillers.append(fill(disk))
        try:
            return real(take, change, now)
        except LedgerUnavailable:
            refused.append(take.id)
            raise

    monkeypatch.setattr(ledger, "record", record)
    one.drop("storyboard.json", "one", "two")
    until(lambda: refused, "an intent that cannot be written")
    turns = []
    real_turn = one.daemon.engine.turn
    monkeypatch.setattr(one.daemon.engine, "turn", lambda: turns.append(1) or real_turn())
    until(lambda: len(turns) >= 3, "further turns of the engine")
    assert one.simulator.accepted == []
    fillers[0].unlink()
    until(lambda: one.all_done(2), patience=120.0)
    one.check(2)


def test_what_was_accepted_while_the_ledgers_disk_was_full_is_not_lost(disk: Path, house: Make) -> None:
    one = house(state=disk / "state", task_seconds=(0.3, 0.3))
    one.drop("first/storyboard.json", "the first, which leaves alone")
    until(lambda: one.all_done(1), patience=60.0)
    one.simulator.faults.add("slow,seconds=1,target=create")
    one.drop("storyboard.json", "one", "two")
    until(lambda: one.states() == {State.DONE: 1, State.SUBMITTING: 2})
    filler = fill(disk)
    until(lambda: len(one.simulator.accepted) == 3)
    ids = {task.id for task in one.simulator.accepted[1:]}

    def receipts() -> set[str]:
        found = [read_receipt(receipt_path(Path(take.output))) for take in one.takes()]
        return {receipt.remote_id for receipt in found if receipt and receipt.state == GENERATING}

    until(lambda: receipts() == ids, "the receipts in the vault")
    assert one.states() == {State.DONE: 1, State.SUBMITTING: 2}, "the ledger could not be told yet"
    filler.unlink()
    until(lambda: one.all_done(3), patience=60.0)
    one.check(3)
    assert ids < {take.remote_id for take in one.takes()}
