"""`sorad run` as a process under a service manager: what that one hears from the start to the end."""

from __future__ import annotations

import json
import signal
import sys
import time
import uuid
from pathlib import Path

import pytest
from daemon_stage import Process, Stage, wait_for
from supervision_fakes import Manager, inode, io_of

from sorad.health.complaints import complaints
from sorad.health.facts import gather
from sorad.health.pulse import Pulse, read_pulse
from sorad.ledger.place import ledger_path
from sorad.lock import holder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd is a matter of Linux")

# What takes seconds in life takes tenths of one here. "gate" and "hang" are files of the test.
HURRY = """
import importlib, os, threading, time
import sorad.daemon.assembly as assembly
for module, name, value in (
    ("sorad.daemon.assembly", "RETIRE", 0.2),
    ("sorad.daemon.parts", "HOUSEKEEPING", 0.1),
    ("sorad.daemon.watchman", "STARTING_EVERY", 0.05),
    ("sorad.health.pulse", "EVERY", 0.2),
):
    setattr(importlib.import_module(module), name, value)
assembly.Daemon.__init__.__kwdefaults__["limit"] = 1.0
assembly.Daemon.stop.__defaults__ = (1.0,)

def beside(name):
    return os.path.exists(os.path.join(os.path.dirname(sys.argv[sys.argv.index("--config") + 1]), name))
"""
# The first scan waits for the gate, as one of a slow share would.
GATE = """
import sorad.vault.root as root
scan = root.scan
def patient(*facts, **more):
    while not beside("gate"):
        print("inherits:", [name for name in os.environ if name[:6] in ("NOTIFY", "WATCHD")])
        time.sleep(0.01)
        importlib.import_module("sorad.heartbeat").beat()
    return scan(*facts, **more)
root.scan = patient
"""
# Beats of these parts stop for as long as there is a file of their name.
HANG = """
import sorad.engine.run.loop as loop
import sorad.cli.shared.settings as settings
def hangs(name, function):
    def hanging(*facts, **more):
        while beside(name):
            time.sleep(0.01)
        return function(*facts, **more)
    return hanging
loop.Engine.turn = hangs("engine", loop.Engine.turn)
daemon_config = settings.daemon_config
settings.daemon_config = lambda args: hangs("main", daemon_config)(args)
"""


@pytest.fixture
def stage(tmp_path: Path):
    one = Stage(tmp_path / "stage")
    yield one
    one.close()


def start(stage: Stage, manager: Manager, changed: str, lang: str = "en") -> Process:
    command = stage.command("run", lang=lang)
    script = f"import sys\n{HURRY}{changed}\nfrom sorad.cli.main import main\nsys.exit(main())\n"
    command[1:3] = ["-c", script]
    return stage.launch(command, manager.environment(WATCHDOG_USEC="300000"))


def pulse(stage: Stage) -> Pulse:
    return wait_for(lambda: read_pulse(holder(stage.state)))


def seen(stage: Stage) -> list[str]:
    """What `sorad status` shows as a problem."""
    facts = gather(ledger_path(stage.state), time.time())
    return [str(one.problem) for one in complaints(facts) if one.heavy]


def wait_line(manager: Manager, line: str) -> list[str]:
    """All that is heard up to a line."""
    wait_for(lambda: line in manager.heard(), lambda: f"{line!r} in {manager.told}")
    return manager.news()


def test_a_manager_hears_from_the_start_to_the_end(stage: Stage) -> None:
    manager = Manager(f"@sorad-test/{uuid.uuid4()}")
    try:
        daemon = start(stage, manager, GATE, "zh")
        not_ready_before_the_first_scan(stage, manager, daemon)
        (stage.folder / "gate").touch()
        wait_line(manager, "READY=1")
        assert pulse(stage).ready
        its_line_follows_what_happens(stage, manager)
        its_watchdog_hears_nothing_of_a_frozen_one(stage, manager, daemon)
        a_reload_ends_with_ready_though_it_is_refused(stage, manager, daemon)
        its_end_is_told_first(stage, manager, daemon)
        assert set(daemon.out().splitlines()) == {"inherits: []"}, "what a child would inherit"
    finally:
        manager.close()


def not_ready_before_the_first_scan(stage: Stage, manager: Manager, daemon: Process) -> None:
    wait_line(manager, "STATUS=正在查看各个文件夹")
    wait_for(lambda: "main" in [part.name for part in pulse(stage).parts])
    daemon.send(signal.SIGHUP)
    wait_line(manager, "RELOADING=1")
    daemon.says("配置已重新读取")  # that is no end of the start
    wait_line(manager, "EXTEND_TIMEOUT_USEC=60000000")
    wait_line(manager, "EXTEND_TIMEOUT_USEC=60000000")
    assert manager.count("READY=1") == 0
    assert not pulse(stage).ready
    assert seen(stage) == [], "a start is no trouble"
    assert holder(stage.state) is not None
    assert stage.takes() == []


def its_line_follows_what_happens(stage: Stage, manager: Manager) -> None:
    stage.drop("storyboard.json", "one")
    stage.wait_states(done=1)
    wait_for(lambda: manager.status() == "进行中 0，等待 0，完成 1，失败 0", manager.status)


def its_watchdog_hears_nothing_of_a_frozen_one(stage: Stage, manager: Manager, daemon: Process) -> None:
    daemon.send(signal.SIGSTOP)
    wait_for(lambda: Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    manager.news()
    time.sleep(0.4)  # two periods of its looks
    assert manager.news() == []
    daemon.send(signal.SIGCONT)
    wait_line(manager, "WATCHDOG=1")


def a_reload_ends_with_ready_though_it_is_refused(stage: Stage, manager: Manager, daemon: Process) -> None:
    good = stage.config_file.read_text("utf-8")
    for text, refused in ((good + "\n[limits\n", True), (good, False)):
        stage.config_file.write_text(text, "utf-8")
        manager.news()
        daemon.send(signal.SIGHUP)
        told = wait_line(manager, "READY=1")
        told = [line for line in told if line.startswith(("RELOADING", "MONOTONIC", "READY"))]
        assert [line.partition("=")[0] for line in told] == ["RELOADING", "MONOTONIC_USEC", "READY"]
        wait_for(lambda refused=refused: ("config.toml" in manager.status()) is refused, manager.status)


def its_end_is_told_first(stage: Stage, manager: Manager, daemon: Process) -> None:
    path = Path(holder(stage.state).pulse)
    manager.news()
    assert daemon.stop() == 0
    told = manager.news()
    after = [line for line in told[told.index("STOPPING=1") :] if line != "WATCHDOG=1"]
    assert len(after) <= 2, after
    assert after[-1].startswith("STATUS=")
    assert not path.exists()
    assert holder(stage.state) is None


def test_once_it_is_ready_its_line_says_so_at_once(stage: Stage, manager: Manager) -> None:
    """And not at the next turn of the housekeeping, as if it were still looking through the folders."""
    daemon = start(stage, manager, 'importlib.import_module("sorad.daemon.parts").HOUSEKEEPING = 600.0')
    wait_line(manager, "READY=1")
    wait_for(lambda: manager.status() == "0 under way, 0 waiting, 0 done, 0 failed", manager.status)
    assert daemon.stop() == 0


def test_a_part_that_hangs_starves_the_watchdog_and_is_told_by_name(stage: Stage, manager: Manager) -> None:
    daemon = start(stage, manager, HANG)
    wait_line(manager, "READY=1")
    rests_without_a_write(stage, daemon)
    for name, work in (("engine", "gives out all work"), ("main", "takes signals")):
        (stage.folder / name).touch()
        if name == "main":
            daemon.send(signal.SIGHUP)
        wait_for(lambda name=name: manager.status().startswith(f"the part {name} hangs"), manager.status)
        assert any(f"The part {name}, which {work}" in line for line in seen(stage))
        manager.news()
        time.sleep(0.25)  # more than two looks
        assert "WATCHDOG=1" not in manager.news()
        daemon.says(f"the part {name} hangs")
        (stage.folder / name).unlink()
        wait_line(manager, "WATCHDOG=1")
        wait_for(lambda: not seen(stage))
        daemon.says(f"the part {name} goes on")
    assert "hanging" in daemon.err(), "its place stands in the log"
    (stage.folder / "engine").touch()
    wait_for(lambda: manager.status().startswith("the part engine hangs"), manager.status)
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 8.0
    assert "STOPPING=1" in manager.heard()
    assert holder(stage.state) is None


def rests_without_a_write(stage: Stage, daemon: Process) -> None:
    """Once the start is over: five pulses, ten looks of the housekeeping, and nothing written to a disk."""
    path = pulse_path(stage)

    def pulses(count: int) -> None:
        for _pulse in range(count):
            before = inode(path)
            wait_for(lambda before=before: changed(path, before))

    def written() -> tuple[int, dict[Path, int]]:
        files = [file for file in stage.state.rglob("*") if file.is_file()]
        return io_of(daemon.pid)["write_bytes"], {file: file.stat().st_mtime_ns for file in files}

    def rests() -> bool:
        before = written()
        pulses(5)
        return written() == before

    wait_for(rests, "a second without a write")


def pulse_path(stage: Stage) -> str:
    note = json.loads((stage.state / "holder.json").read_text("utf-8"))
    return str(note["pulse"])


def changed(path: str, before: int) -> bool:
    try:
        return inode(path) != before
    except FileNotFoundError:
        return False


def test_without_a_manager_nothing_is_missed(stage: Stage) -> None:
    daemon = stage.launch(
        stage.command("run"), {"NOTIFY_SOCKET": "/nobody/listens", "WATCHDOG_USEC": "300000"}
    )
    daemon.says("sorad is running")
    wait_for(lambda: pulse(stage).ready)
    assert daemon.stop() == 0
