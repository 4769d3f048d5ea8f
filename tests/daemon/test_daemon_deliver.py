"""What is paid for arrives: downloads, stuck tasks, full disks, folders that are away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.media.questions import is_there
from sorad.model import State
from sorad.simulator import KEY

Set = Callable[..., Stage]
root_on_linux = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount a small file system"
)
# In life a full disk and a folder that is away are looked at every half minute.
HASTY = "import sorad.engine.steps.fetch as fetch; fetch.LOOK_AGAIN = 0.5"


@pytest.mark.parametrize(
    "fault",
    ["cut,count=2", "html_download,count=1", "expired,count=1", "wrong_length,count=1", "no_moov,count=1"],
)
def test_a_bad_download_ends_in_a_whole_file(stage: Stage, fault: str) -> None:
    stage.simulator.faults.add(fault)
    stage.run()
    stage.drop("storyboard.json", "one", "two")
    stage.wait_states(done=2)
    stage.check_delivered(2)
    fired = stage.simulator.faults.as_json()[0]["fired"]
    assert fired == int(fault[-1]), "the fault was there"


def test_a_download_survives_a_restart_in_its_middle(set_stage: Set) -> None:
    stage = set_stage(file_size=4_000_000)
    stage.simulator.faults.add("slow_download,seconds=4,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "long way")
    wait_for(
        lambda: [path for path in stage.folder.rglob("partial/*.tmp") if path.stat().st_size > 1_000_000]
    )
    daemon.kill()
    stage.run()
    stage.wait_states(done=1)
    stage.check_delivered(1)


@pytest.mark.skipif(not is_there(), reason="the extra sorad[media] is not installed")
def test_what_came_is_looked_at_also_after_a_kill_and_buys_nothing(stage: Stage) -> None:
    stage.configure(media={"posters": True, "checks": True})
    daemon = stage.run()
    stage.drop("storyboard.json", "one", "two")
    wait_for(lambda: list(stage.vault.rglob("*_poster.jpg")))
    daemon.kill()
    stage.run()
    wait_for(lambda: [take.checks != "" for take in stage.takes()] == [True, True])
    assert len(list(stage.vault.rglob("*_poster.jpg"))) == 2
    assert len(stage.simulator.accepted) == 2
    assert stage.status()["problems"] == []


def test_a_stuck_task_frees_its_slot_and_is_not_bought_again(stage: Stage) -> None:
    stage.configure(limits={"concurrency": 1}, polling={"give_up_after": 0.6})
    stage.simulator.faults.add("stuck,count=1")
    stage.run()
    stage.drop("storyboard_1.json", "stuck")
    wait_for(lambda: stage.simulator.accepted)
    stage.drop("storyboard_2.json", "next in line")
    stage.wait_states(done=1, generating=1)
    assert len(stage.simulator.accepted) == 2
    (waiting,) = stage.takes(State.GENERATING)
    assert waiting.parked


def test_a_simulator_that_goes_away_and_comes_back(stage: Stage) -> None:
    stage.run()
    stage.drop("storyboard.json", "one", "two", "three")
    wait_for(lambda: len(stage.simulator.accepted) == 3)
    stage.simulator.stop()
    stage.drop("storyboard_2.json", "meanwhile")
    # Whether the create or a poll meets the closed door first is chance.
    wait_for(
        lambda: (
            any("not sent" in stage.notes(take) for take in stage.takes(State.QUEUED))
            or "provider.away" in stage.problems()
        )
    )
    stage.simulator.start()
    stage.wait_states(done=4)
    stage.check_delivered(4)


def test_a_root_that_is_away_cancels_nothing_and_gets_its_videos_later(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(0.8, 0.8))
    stage.run(HASTY)
    stage.drop("ep/storyboard.json", "paid", "paid too")
    wait_for(lambda: len(stage.simulator.accepted) == 2)
    wait_for(lambda: stage.states()[State.GENERATING] == 2)
    stage.vault.rename(stage.folder / "unplugged")
    wait_for(lambda: stage.states()[State.DOWNLOADING] == 2)
    wait_for(lambda: stage.root().get("state") == "offline")
    assert not stage.vault.exists(), "a folder that is away is not made anew"
    (stage.folder / "unplugged").rename(stage.vault)
    stage.wait_states(done=2)
    stage.check_delivered(2)


# --- disks ------------------------------------------------------------------------------------------------------


def test_buying_waits_for_room(stage: Stage) -> None:
    free = shutil.disk_usage(stage.folder).free
    stage.configure(disk={"min_free": free + 10**12})
    daemon = stage.run()
    stage.drop("storyboard.json", "too large for it")
    wait_for(lambda: "disk.full" in stage.problems())
    stage.wait_states(queued=1)
    assert stage.simulator.accepted == []
    daemon.stop()
    stage.configure()
    stage.run()
    stage.wait_states(done=1)
    stage.check_delivered(1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    path = tmp_path / "small"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "sorad-test", str(path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


@root_on_linux
def test_a_disk_that_is_really_full(set_stage: Set, small_disk: Path) -> None:
    stage = set_stage(file_size=3_300_000, task_seconds=(0.6, 0.6))
    room = {"min_free": "256 KB", "assumed_size": "3300 KB"}
    stage.configure([{"path": small_disk}], disk=room, limits={"concurrency": 2})
    stage.vault.rmdir()
    stage.vault = small_disk
    stage.run(HASTY)
    stage.drop("storyboard_1.json", "one", "two")
    wait_for(lambda: len(stage.simulator.accepted) == 2)
    filler = small_disk / "filler.bin"
    fill(filler, leave=1_000_000)
    stage.drop("storyboard_2.json", "three", "four")
    wait_for(lambda: stage.states() == {State.DOWNLOADING: 2, State.QUEUED: 2})
    wait_for(lambda: "disk.full" in stage.problems())
    wait_for(lambda: all(take.error for take in stage.takes(State.DOWNLOADING)))
    assert stage.videos() == []
    assert len(stage.simulator.accepted) == 2
    filler.unlink()
    stage.wait_states(done=3, queued=1)  # 12 MB hold three videos, and not another one
    assert len(stage.simulator.accepted) == 3
    assert sorted(map(str, stage.videos())) == sorted(take.output for take in stage.takes(State.DONE))
    assert not [path for path in stage.folder.rglob("*.tmp") if ".sorad-" not in path.name]


def fill(path: Path, leave: int) -> None:
    """A file that leaves so many bytes free."""
    with path.open("wb") as file:
        file.write(bytes(shutil.disk_usage(path.parent).free - leave))


# --- secrets ------------------------------------------------------------------------------------------------------


def test_keys_and_signed_urls_are_nowhere_in_clear(stage: Stage) -> None:
    stage.configure(log={"level": "TRACE"})
    for fault in ("cut,count=2", "expired,count=2", "server,count=2", "reset_after,count=1", "html,count=1"):
        stage.simulator.faults.add(fault)
    daemon = stage.start("run", "--verbose")
    stage.drop("storyboard.json", *(f"secret {number}" for number in range(5)))
    wait_for(lambda: stage.states()[State.DONE] == 5)
    daemon.stop()
    for command in ("status", "list", "plan", "log"):
        stage.cli(command, code=None)
    stage.check_delivered(5)
    stage.forget_ledger()
    assert stage.secrets_found(KEY) == []
    assert stage.secrets_found("signature=", "Signature=", "/files/") == []
