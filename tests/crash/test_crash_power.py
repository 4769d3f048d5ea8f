"""Power cuts in the middle of work; benchmarks/proof_power.py is the same at length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_play import FAULTS, crash_stage, play
from daemon_stage import wait_for
from power_disk import Disk, Unavailable, power_disk

from sorad.model import State


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    try:
        found = power_disk(tmp_path)
        with found as disk:
            yield disk
    except Unavailable as why:
        pytest.skip(f"no power can be cut here: {why}")


def test_power_cuts_cost_nothing_and_lose_nothing(tmp_path: Path, disk: Disk) -> None:
    stage = crash_stage(tmp_path, FAULTS, 5, disk)
    try:
        told = play(stage, takes=6, kills=4, seed=5, disk=disk)
    finally:
        stage.close()
    assert (told.kills, told.takes, told.accepted) == (4, 6, 6)


def test_the_play_finds_videos_that_were_not_synced(tmp_path: Path, disk: Disk) -> None:
    stage = crash_stage(tmp_path, [], 3, disk)

    def delivered() -> None:
        wait_for(lambda: stage.states()[State.DONE])

    try:
        with pytest.raises(AssertionError, match="done in the ledger, and on the disk"):
            play(stage, takes=1, kills=1, seed=3, seeded="no_fsync", moment=delivered, disk=disk)
    finally:
        stage.close()


def test_the_play_finds_an_intent_that_was_not_synced(tmp_path: Path, disk: Disk) -> None:
    stage = crash_stage(tmp_path, ["slow,seconds=30"], 3, disk)

    def bought() -> None:
        wait_for(lambda: stage.simulator.accepted)

    try:
        with pytest.raises(AssertionError, match="accepted creates"):
            play(stage, takes=1, kills=1, seed=3, seeded="lax_ledger", moment=bought, disk=disk)
    finally:
        stage.close()
