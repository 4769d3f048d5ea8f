"""The pulse file: what a reader in another process makes of it, whatever has become of the writer and of the file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from supervision_fakes import inode

from sorad.condition import DEAD, FAILING, HUNG, Part
from sorad.health import pulse as pulses
from sorad.health.complaints import complaints
from sorad.health.facts import gather
from sorad.health.pulse import OVERDUE, STARTING, Pulse, PulseFile, folders, read_pulse
from sorad.ledger.place import ledger_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.lock import Holder, birth_of, holder
from sorad.problems import Problem

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux tells of processes")
FAILED = Problem("daemon.thread", "It failed.", "Look.").to_json()
WELL = Pulse(
    0.0,
    running=70.0,
    parts=(Part("engine", 0.4, 45.0), Part("vault", 1.5, 45.0, failures=2)),
    troubles=(),
    more={"sandbox": [{"name": "root"}]},
)


class Machine:
    """A state_dir with a ledger and the note of its holder, and that holder's pulse."""

    def __init__(self, folder: Path, pid: Optional[int] = None) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        SqliteLedger.open(ledger_path(self.state)).close()
        (folder / "run").mkdir(mode=0o700)
        self.file = PulseFile(folder / "run")
        self.note(pid or os.getpid())
        self.file.write(WELL, time.time())

    def note(self, pid: int, **more: Any) -> None:
        one = Holder(pid, time.time() - 70.0, "run", "here", birth_of(pid), str(self.file.path))
        told = {**replace(one).__dict__, **more}
        (self.state / "holder.json").write_text(json.dumps(told), "utf-8")

    def change(self, **more: Any) -> None:
        """Put something else into the pulse."""
        told = json.loads(self.file.path.read_text("utf-8"))
        told.update(more)
        self.file.path.write_text(json.dumps(told), "utf-8")

    def change_part(self, **more: Any) -> None:
        told = json.loads(self.file.path.read_text("utf-8"))
        told["parts"][0].update(more)
        self.file.path.write_text(json.dumps(told), "utf-8")

    def seen(self) -> list[str]:
        """The codes of what `sorad status` shows as a problem."""
        facts = gather(ledger_path(self.state), time.time())
        return [one.problem.code for one in complaints(facts) if one.heavy]

    def said(self) -> str:
        facts = gather(ledger_path(self.state), time.time())
        return "\n".join(str(one.problem) for one in complaints(facts) if one.heavy)

    def read(self) -> Optional[Pulse]:
        return read_pulse(holder(self.state))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_is_written_is_read(machine: Machine) -> None:
    read = machine.read()
    assert read is not None
    assert 0.0 <= read.age < 5.0
    assert replace(read, age=0.0) == WELL
    assert machine.seen() == []


# --- the writer -------------------------------------------------------------------------------------------


def test_a_writer_that_writes_no_more_is_frozen_whatever_its_parts_were(machine: Machine) -> None:
    told = machine.read()
    assert told is not None
    for late, seen in ((told.every + OVERDUE - 2.0, []), (told.every + OVERDUE + 1.0, ["daemon.frozen"])):
        machine.change(monotonic=time.monotonic() - late)
        assert machine.seen() == seen
    assert f"kill -CONT {os.getpid()}" in machine.said()
    machine.file.write(WELL, time.time())
    assert machine.seen() == []


def test_a_writer_on_a_disk_may_write_less_often(machine: Machine) -> None:
    machine.change(monotonic=time.monotonic() - 40.0, every=30.0)
    assert machine.seen() == []
    machine.change(monotonic=time.monotonic() - 46.0)
    assert machine.seen() == ["daemon.frozen"]


def test_the_wall_clock_has_no_say_in_how_old_a_pulse_is(machine: Machine) -> None:
    for jump in (-3600.0, 86_400.0 * 400):
        machine.file.write(WELL, time.time() + jump)
        assert machine.seen() == []


@linux
def test_the_pulse_of_a_dead_process_counts_for_nothing(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        machine = Machine(tmp_path, other.pid)
        machine.change(pid=other.pid, birth=birth_of(other.pid))
        assert machine.seen() == []
        other.send_signal(signal.SIGSTOP)
        assert machine.seen() == [], "its pulse is young still"
        other.kill()
        other.wait(60)
    finally:
        other.kill()
        other.communicate()
    assert machine.read() is None
    assert machine.seen() == ["daemon.not_running"]


@linux
@pytest.mark.parametrize("which", ["pid", "boot"])
def test_a_pid_that_another_process_has_by_now_is_nobody(machine: Machine, which: str) -> None:
    boot, _colon, ticks = birth_of(os.getpid()).partition(":")
    birth = f"{boot}:{int(ticks) - 500}" if which == "pid" else f"0000-of-before:{ticks}"
    machine.note(os.getpid(), birth=birth, started=time.time() - 86_400.0)
    machine.change(birth=birth)
    assert machine.seen() == ["daemon.not_running"]


def test_a_pulse_that_an_earlier_process_left_is_not_that_of_the_holder(machine: Machine) -> None:
    machine.change(birth="another")
    assert machine.seen() == ["daemon.no_pulse"]


# --- the file ---------------------------------------------------------------------------------------------


def gone(path: Path) -> None:
    path.unlink()


def unreadable(path: Path) -> None:
    path.unlink()
    path.mkdir()


def with_text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text.encode("utf-8", "surrogateescape"))


def half(path: Path) -> None:
    text = path.read_bytes()
    path.write_bytes(text[: len(text) // 2])


@pytest.mark.parametrize(
    "harm",
    [
        gone,
        unreadable,
        half,
        *map(with_text, ("", "{}", "[]", "null", "7", '"x"', "\udcff\udcfe", "[" * 100_000)),
    ],
)
def test_a_file_that_is_not_whole_is_told_and_never_taken_for_well(
    machine: Machine, harm: Callable[[Path], object]
) -> None:
    harm(machine.file.path)
    assert machine.seen() == ["daemon.no_pulse"]
    machine.note(os.getpid(), started=time.time() - 1.0)
    assert machine.seen() == [], "between the lock and the first pulse there is none yet"


@pytest.mark.parametrize(
    "told",
    [
        {"monotonic": "soon"},
        {"monotonic": time.monotonic() + 10_000.0},
        {"every": None},
        {"ready": 1, "running": "long"},
        {"parts": 5},
        {"parts": [5]},
        {"parts": [{"name": "engine"}]},
        {"troubles": [{}]},
        {"troubles": [{"problem": "no JSON"}]},
        {"troubles": ["x"]},
        {"more": 5},
    ],
)
def test_what_makes_no_sense_is_told_and_never_taken_for_well(machine: Machine, told: dict[str, Any]) -> None:
    machine.change(**told)
    assert machine.seen() == ["daemon.no_pulse"]


def test_a_pulse_of_a_newer_version_is_read_as_far_as_it_is_known(machine: Machine) -> None:
    machine.change(mood="good", version=9)
    machine.change_part(mood="good", owner="x")
    assert machine.read() is not None
    assert machine.seen() == []
    machine.change_part(state="dreaming")
    assert machine.seen() == ["daemon.thread"], "a state that is not known is not ok"
    assert "engine" in machine.said()


# --- what it tells of the parts ---------------------------------------------------------------------------


def test_each_part_that_is_not_well_is_told_by_name_and_work(machine: Machine) -> None:
    parts = (
        Part("engine", 300.0, 45.0, state=HUNG, lost=True),
        Part("vault", 0.0, 45.0, failures=7, state=FAILING, problem=FAILED),
        Part("housekeeping", 0.0, 45.0, state=DEAD),
        Part("main", 0.0, 45.0, state=HUNG),
    )
    machine.file.write(replace(WELL, parts=parts), time.time())
    assert machine.seen() == ["daemon.hung", "daemon.thread", "daemon.hung", "daemon.hung"]
    first, second, third, fourth = machine.said().splitlines()
    assert "engine, which gives out all work" in first
    assert "It failed. (7 times since the start)" in second
    assert "housekeeping, which looks at the disks" in third
    assert "main, which takes signals" in fourth


def test_a_start_that_lasts_is_told_and_after_a_minute_it_is_trouble(machine: Machine) -> None:
    machine.file.write(replace(WELL, ready=False, running=STARTING - 5.0), time.time())
    assert machine.seen() == []
    machine.file.write(replace(WELL, ready=False, running=STARTING + 1.0), time.time())
    assert machine.seen() == ["daemon.starting"]


# --- writing ----------------------------------------------------------------------------------------------


def test_who_reads_while_it_is_written_reads_a_whole_one(machine: Machine) -> None:
    over, fails = threading.Event(), 0

    def write() -> None:
        for number in range(80):
            machine.file.write(replace(WELL, running=float(number)), time.time())
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not over.is_set():
        fails += machine.read() is None
    thread.join(60)
    assert fails == 0


@linux
def test_it_is_for_its_owner_alone(machine: Machine, tmp_path: Path) -> None:
    assert machine.file.path.stat().st_mode & 0o777 == 0o600
    trap = tmp_path / "elsewhere"
    machine.file.path.with_suffix(".tmp").symlink_to(trap)
    machine.file.write(WELL, time.time())
    assert not trap.exists(), "no link is followed"


def test_a_folder_that_went_with_its_session_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    file = PulseFile(tmp_path / "run" / "sorad")
    (tmp_path / "run" / "sorad").mkdir(mode=0o700)
    file.write(WELL, time.time())
    file.remove()
    (tmp_path / "run" / "sorad").rmdir()
    file.write(WELL, time.time())
    assert file.path.exists()
    assert (tmp_path / "run" / "sorad").stat().st_mode & 0o777 == 0o700 or os.name == "nt"


def test_pulses_of_killed_processes_are_tidied_away_and_no_others(machine: Machine) -> None:
    folder = machine.file.path.parent
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(60)
    for name in (f"pulse-{dead.pid}.json", f"pulse-{dead.pid}.tmp", "pulse-²³.json", "pulse-x.json", "other"):
        (folder / name).write_text("x", "utf-8")
    machine.file.tidy()
    left = {path.name for path in folder.iterdir()}
    assert left == {machine.file.path.name, "pulse-²³.json", "pulse-x.json", "other"}
    machine.file.remove()
    machine.file.remove()
    assert not machine.file.path.exists()


# --- where it lies ----------------------------------------------------------------------------------------


def choose(monkeypatch: pytest.MonkeyPatch, places: list[Path], in_memory: list[Path]) -> Path:
    monkeypatch.setattr(pulses, "folders", lambda: iter(places))
    monkeypatch.setattr(pulses, "in_memory", lambda folder: folder in in_memory)
    return PulseFile().path.parent


def test_memory_is_chosen_before_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runtime folder that somebody put on a disk would keep it awake."""
    places = [tmp_path / name for name in ("disk", "memory", "other")]
    assert choose(monkeypatch, places, places[1:]) == places[1]
    assert not places[0].exists()
    assert choose(monkeypatch, places, []) == places[0]


@linux
def test_a_folder_that_others_may_write_to_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one, somebody else could lay down a pulse that looks well."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "file").write_text("x", "utf-8")
    places = [tmp_path / name for name in ("open", "link", "file", "nowhere/deep", "good")]
    assert choose(monkeypatch, places, places) == tmp_path / "good"
    made = choose(monkeypatch, places[:-1], places)
    assert made.name.startswith("sorad-"), "a new one, in the folder for temporary files"
    made.rmdir()


@linux
def test_the_folders_that_are_looked_at() -> None:
    own = f"sorad-{os.getuid()}"
    environ = {"RUNTIME_DIRECTORY": "/run/sorad/alice:/run/x", "XDG_RUNTIME_DIR": "/run/user/1"}
    found = [str(path) for path in folders(environ)]
    assert found[:3] == ["/run/sorad/alice", "/run/user/1/sorad", f"/dev/shm/{own}"]
    assert [path.name for path in folders({})] == [own, own]


def test_a_sandbox_without_a_folder_for_temporary_files_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(pulses.tempfile, "gettempdir", none)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr(pulses, "in_memory", lambda folder: False)
    assert PulseFile().path.parent == tmp_path / "run"


@linux
def test_each_pulse_is_a_new_file_and_no_other_is_left(machine: Machine) -> None:
    first = inode(str(machine.file.path))
    machine.file.write(WELL, time.time())
    assert inode(str(machine.file.path)) != first
    assert [path.name for path in machine.file.path.parent.iterdir()] == [machine.file.path.name]
