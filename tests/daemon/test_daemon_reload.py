"""SIGHUP: the config is read again while sorad works. A bad one is refused, visibly; a good one counts at once."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import subprocess
import time
from typing import Callable

import pytest
from daemon_stage import PATIENCE, Process, Stage, storyboard, wait_for

from sorad.model import State
from sorad.simulator import KEY

Set = Callable[..., Stage]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")

TAKEN = "the config was read again"


def reload(daemon: Process) -> None:
    """Ask for one and wait until it was taken over."""
    before = daemon.err().count(TAKEN)
    daemon.send(signal.SIGHUP)
    wait_for(lambda: daemon.err().count(TAKEN) > before, daemon.err)


def refuse(stage: Stage, daemon: Process, *words: str) -> None:
    """Ask for one that must be refused; `status` says why, and names ``words``."""
    daemon.send(signal.SIGHUP)

    def is_told() -> bool:
        message = stage.problems().get("config.refused", "")
        return message != "" and all(word in message for word in words)

    wait_for(is_told, daemon.err)
    assert stage.cli("status", code=1)


def test_a_folder_is_added_and_another_one_removed(stage: Stage) -> None:
    daemon = stage.run()
    stage.drop("storyboard_first.json", "first")
    stage.wait_states(done=1)
    other = stage.folder / "other"
    other.mkdir()
    stage.configure([{"path": other}])
    reload(daemon)
    stage.drop("storyboard_late.json", "not watched any more")
    (other / "storyboard.json").write_text(json.dumps(storyboard("second")), "utf-8")
    wait_for(lambda: [root["path"] for root in stage.status()["roots"]] == [str(other)])
    stage.wait_states(done=2)
    assert stage.simulator.creates("not watched any more") == 0
    assert stage.cli("status", code=0)
    assert daemon.stop() == 0


def test_a_bad_config_is_refused_and_the_old_one_goes_on(stage: Stage) -> None:
    daemon = stage.run()
    good = stage.config_file.read_text("utf-8")
    stage.config_file.write_text(good + "\n[limits\n", "utf-8")
    refuse(stage, daemon, "config.toml")
    stage.config_file.write_text(good.replace("[limits]", "[limits]\nconcurency = 3"), "utf-8")
    refuse(stage, daemon, "concurency")
    stage.drop("storyboard.json", "meanwhile")
    stage.wait_states(done=1)
    stage.config_file.write_text(good, "utf-8")
    reload(daemon)
    wait_for(lambda: "config.refused" not in stage.problems())
    assert stage.cli("status", code=0)
    stage.check_delivered(1)


def test_a_change_that_was_not_read_yet_is_told(stage: Stage) -> None:
    daemon = stage.run()
    stage.configure(limits={"concurrency": 3})
    wait_for(lambda: "config.changed" in stage.problems())
    assert stage.cli("status", code=0)
    reload(daemon)
    wait_for(lambda: "config.changed" not in stage.problems())


def test_a_config_without_its_key_is_refused(stage: Stage) -> None:
    daemon = stage.run()
    stage.configure(provider={"api_key_file": "nowhere"})
    refuse(stage, daemon, "nowhere")
    stage.drop("storyboard.json", "with the old key")
    stage.wait_states(done=1)


def test_another_state_dir_needs_a_restart(stage: Stage) -> None:
    daemon = stage.run()
    text = stage.config_file.read_text("utf-8")
    stage.config_file.write_text(text.replace(str(stage.state), str(stage.folder / "elsewhere")), "utf-8")
    daemon.send(signal.SIGHUP)
    daemon.says("not taken over")
    assert not (stage.folder / "elsewhere").exists()
    stage.config_file.write_text(text, "utf-8")
    wait_for(lambda: "state_dir" in stage.problems()["config.refused"])


def test_limits_budget_and_log_level_take_effect(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(1.0, 1.0))
    stage.configure(limits={"concurrency": 1}, budget={"per_day": 0.0}, log={"level": "INFO"})
    daemon = stage.run()
    stage.drop("storyboard.json", *(f"shot {n}" for n in range(4)))
    stage.wait_states(held=4)
    assert "asked after" not in daemon.err()
    stage.configure(limits={"concurrency": 4}, log={"level": "DEBUG"})
    reload(daemon)
    stage.wait_states(done=4)
    stage.check_delivered(4)
    assert stage.status()["limits"]["concurrency"] == 4
    assert "asked after" in daemon.err()
    stage.cli("pause")
    stage.drop("storyboard_b.json", "dear", "dearer")
    stage.wait_states(done=4, queued=2)
    stage.configure(budget={"approve_above": 0.05})
    reload(daemon)
    stage.wait_states(done=4, held=2)
    wait_for(lambda: "budget.approve" in stage.problems(), stage.told)


def test_a_create_under_way_is_answered_and_known(stage: Stage) -> None:
    stage.simulator.faults.add("slow,seconds=2,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "slow")
    wait_for(lambda: stage.simulator.accepted)
    reload(daemon)
    stage.wait_states(done=1)
    stage.check_delivered(1)
    assert "unknown" not in stage.notes(stage.takes()[0])


def test_paid_takes_stay_with_the_account_that_took_them(set_stage: Set) -> None:
    stage, other = set_stage(task_seconds=(3.0, 3.0)), set_stage()
    daemon = stage.run()
    stage.drop("storyboard.json", "here")
    stage.wait_states(generating=1)
    other.give_key(KEY)
    stage.configure(provider={"base_url": other.simulator.base_url, "api_key_file": str(other.key_file)})
    reload(daemon)
    stage.drop("storyboard_b.json", "there")
    stage.wait_states(done=2)
    assert [task.order.prompt for task in stage.simulator.accepted] == ["here"]
    assert [task.order.prompt for task in other.simulator.accepted] == ["there"]


def test_a_mended_key_buys_at_once(stage: Stage) -> None:
    stage.configure(limits={"probe_seconds": 600.0})
    stage.give_key("sk-wrong-wrong-wrong")
    daemon = stage.run()
    stage.drop("storyboard.json", "waits for the key")
    wait_for(lambda: stage.recall("halt"))
    stage.give_key(KEY)
    reload(daemon)
    stage.wait_states(done=1)
    stage.check_delivered(1)


def test_reloads_in_a_rain_neither_buy_twice_nor_lose_anything(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(0.2, 0.8))
    stage.simulator.faults.add("slow=0.3,seconds=0.6")
    stage.simulator.faults.add("slow_download=0.2,seconds=1")
    daemon = stage.run()
    rng = random.Random(7)
    for number in range(24):
        stage.drop(f"storyboard_{number}.json", f"shot {number}")
        stage.configure(limits={"concurrency": rng.choice([2, 5, 20])})
        for _again in range(rng.choice([1, 1, 3])):
            daemon.send(signal.SIGHUP)
        time.sleep(rng.uniform(0.0, 0.4))  # the rain itself; nothing is waited for here
    stage.wait_states(done=24)
    stage.check_delivered(24)
    assert all("unknown" not in stage.notes(take) for take in stage.takes())
    daemon.send(signal.SIGHUP)
    assert daemon.stop() == 0


def test_an_end_during_a_reload_is_an_end(stage: Stage) -> None:
    stage.configure(provider={"request_timeout": 60.0})
    stage.simulator.faults.add("slow,seconds=120,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "hangs")
    wait_for(lambda: stage.simulator.accepted)
    daemon.send(signal.SIGHUP)  # waits for the step that hangs
    daemon.send(signal.SIGTERM)
    assert daemon.ends(12) == 0
    stage.run()
    stage.wait_states(done=1)
    stage.check_delivered(1)


def test_a_window_that_is_closed_ends_what_runs_in_it(stage: Stage) -> None:
    """There SIGHUP is the terminal's last word, and no reload: nobody wants to buy on behind a closed window."""
    screen, inside = pty.openpty()
    log = stage.folder / "err.txt"
    with log.open("wb") as err:
        process = subprocess.Popen(
            stage.command("run"),
            stdin=inside,
            stdout=inside,
            stderr=err,
            env=stage.environment(),
            cwd=stage.folder,
            start_new_session=True,
            preexec_fn=own_terminal,
        )
    os.close(inside)
    try:
        wait_for(lambda: "sorad is running" in log.read_text("utf-8"))
        os.close(screen)
        assert process.wait(PATIENCE) == 0
        assert stage.states()[State.DONE] == 0
    finally:
        process.kill()
        process.wait(PATIENCE)


def own_terminal() -> None:
    """Make the standard input the terminal of this session, which gets SIGHUP when it is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests were started under
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
