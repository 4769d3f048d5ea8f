"""Two processes never work on one ledger, and a killed one is in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from sorad import lock
from sorad.problems import SoradError

HOLD = """
import sys
from pathlib import Path
from sorad import lock
with lock.acquire(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


class Elsewhere:
    """Another process that holds the lock until told to end or killed."""

    def __init__(self, state_dir, command="run"):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(state_dir), command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "held\n"

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.kill()
        self.process.communicate()

    def end(self):
        self.process.communicate("\n", timeout=120)

    def kill(self):
        self.process.kill()
        self.process.wait(120)


def test_lock_of_another_process_is_refused_and_its_holder_named(tmp_path):
    with Elsewhere(tmp_path, "once") as other:
        with pytest.raises(SoradError) as caught:
            lock.acquire(tmp_path, "run")
        assert caught.value.exit_code == 1
        assert caught.value.problem.code == "lock.held"
        assert str(other.process.pid) in caught.value.problem.text()
        assert "sorad once" in caught.value.problem.text()
        found = lock.holder(tmp_path)
        assert found is not None
        assert (found.pid, found.command) == (other.process.pid, "once")
        other.end()
        assert lock.holder(tmp_path) is None
        lock.acquire(tmp_path, "run").release()


def test_lock_after_kill_9_is_free_and_the_old_note_is_not_believed(tmp_path):
    with Elsewhere(tmp_path) as other:
        other.kill()
        assert json.loads((tmp_path / "holder.json").read_text())["pid"] == other.process.pid
        assert lock.holder(tmp_path) is None
        with lock.acquire(tmp_path, "run") as mine:
            assert lock.holder(tmp_path) == mine.holder


@pytest.mark.skipif(os.name == "nt", reason="no zombies on Windows")
def test_lock_holder_that_died_but_was_not_waited_for_is_no_holder(tmp_path):
    with Elsewhere(tmp_path) as other:
        other.process.kill()
        os.waitid(os.P_PID, other.process.pid, os.WEXITED | os.WNOWAIT)
        assert lock.holder(tmp_path) is None


def test_lock_a_recycled_pid_is_not_mistaken_for_the_holder(tmp_path):
    with lock.acquire(tmp_path, "run") as mine:
        another = replace(mine.holder, birth=mine.holder.birth + "1")
        (tmp_path / "holder.json").write_text(json.dumps(asdict(another)))
        assert lock.holder(tmp_path) is None


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux has boot ids")
def test_lock_of_a_service_that_sees_another_boot_id_is_believed_by_the_time_of_its_start(tmp_path):
    with lock.acquire(tmp_path, "run") as mine:
        note, ticks = tmp_path / "holder.json", mine.holder.birth.partition(":")[2]
        elsewhere = replace(mine.holder, birth=f"another-boot-id:{ticks}")
        began = psutil.Process().create_time()
        note.write_text(json.dumps(asdict(replace(elsewhere, started=began + 2))))
        assert lock.holder(tmp_path) is not None
        note.write_text(json.dumps(asdict(replace(elsewhere, started=began - 86_400))))  # an earlier boot
        assert lock.holder(tmp_path) is None


def test_lock_within_one_process_excludes_too(tmp_path):
    with lock.acquire(tmp_path, "run"):
        with pytest.raises(SoradError):
            lock.acquire(tmp_path, "run")
        assert lock.holder(tmp_path).pid == os.getpid()
    with lock.acquire(tmp_path, "once") as again:
        assert again.holder.command == "once"
        again.release()
    assert lock.holder(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "a": 1}', "\x00"])
def test_lock_a_damaged_note_is_nobody(tmp_path, text):
    (tmp_path / "holder.json").write_text(text)
    assert lock.holder(tmp_path) is None
    lock.acquire(tmp_path, "run").release()


def test_lock_held_by_someone_without_a_note_is_still_refused(tmp_path):
    with lock.acquire(tmp_path, "run"):
        (tmp_path / "holder.json").unlink()
        with pytest.raises(SoradError) as caught:
            lock.acquire(tmp_path, "once")
        assert caught.value.problem.code == "lock.busy"


def test_lock_where_no_folder_can_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SoradError) as caught:
        lock.acquire(tmp_path / "file" / "state", "run")
    assert caught.value.problem.code == "lock.unusable"


def test_lock_of_many_starters_exactly_one_gets_through(tmp_path):
    script = HOLD.replace('print("held", flush=True)', 'print("held", flush=True); sys.stdin.read()')
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), "run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(4)
    ]
    # a loser ends by itself: its output closes empty; the winner stays until its input closes
    winners = []
    for starter in starters:
        if starter.stdout.readline() == "held\n":
            winners.append(starter)
    assert len(winners) == 1
    for starter in starters:
        starter.communicate(timeout=120)
    assert sum(starter.returncode == 0 for starter in starters) == 1
