"""What only the user can mend: `once` ends with it, and what was mended is tried at once."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
from daemon_stage import Process, Stage, rights_bind, wait_for

from sorad.model import State
from sorad.simulator import KEY

Set = Callable[..., Stage]
# So slow that a test which waits for the next probe fails.
SLOW_PROBE: Mapping[str, Any] = {"probe_seconds": 60.0}
BAD = "sk-mistyped-0000000000"


def once(stage: Stage, *words: str, **how: Any) -> Process:
    """`once` as a user who may not do everything."""
    return stage.launch([*rights_bind(), *stage.command("once", *words)], **how)


# --- a key that was corrected -------------------------------------------------------------------------------


def test_once_tries_a_corrected_key_at_once(stage: Stage) -> None:
    stage.configure(limits=SLOW_PROBE)
    stage.drop("storyboard.json", "one")
    stage.give_key(BAD)
    told = stage.cli("once", code=1).out()
    assert "set it anew; it goes on at the next start." in told
    (halt,) = (one for one in stage.status()["problems"] if one["code"] == "provider.key")
    assert "it goes on at the next start." in halt["fix"]
    assert "by itself" not in told + halt["fix"]
    stage.give_key(KEY)
    stage.cli("once")
    stage.check_delivered(1)


def test_once_with_a_corrected_variable_or_env_file(stage: Stage) -> None:
    stage.configure(limits=SLOW_PROBE)
    lines = stage.config_file.read_text("utf-8").splitlines()
    stage.config_file.write_text("\n".join(line for line in lines if "api_key_file" not in line), "utf-8")
    stage.drop("storyboard.json", "one")
    assert "key" in stage.cli("once", code=1, env={"SORA_API_KEY": BAD}).out()
    stage.cli("once", env={"SORA_API_KEY": KEY})
    stage.drop("storyboard.json", "one", "two")
    (stage.folder / ".env").write_text(f"SORA_API_KEY={BAD}\n")
    stage.cli("once", code=1)
    (stage.folder / ".env").write_text(f"SORA_API_KEY={KEY}\n")
    stage.cli("once")
    stage.check_delivered(2)


def test_once_with_a_key_that_is_still_wrong_ends_again(stage: Stage) -> None:
    stage.configure(limits=SLOW_PROBE)
    stage.drop("storyboard.json", "one")
    stage.give_key(BAD)
    for _number in range(2):
        assert "key" in stage.cli("once", code=1).out()
    assert stage.simulator.accepted == []


def test_the_daemon_tries_a_corrected_key_at_once(stage: Stage) -> None:
    stage.configure(limits=SLOW_PROBE)
    stage.give_key(BAD)
    stage.run()
    stage.drop("storyboard.json", "one", "two")
    wait_for(lambda: stage.recall("halt"))
    stage.give_key(KEY)
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_what_is_paid_for_is_asked_after_at_once_with_a_corrected_key(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(1.0, 1.0))
    stage.configure(limits=SLOW_PROBE, polling={"first_after": 2.0, "every": 60.0})
    stage.run()
    stage.drop("storyboard.json", "one")
    wait_for(lambda: stage.simulator.accepted)
    stage.give_key(BAD)
    wait_for(lambda: any(take.error and take.error.code == "account.key" for take in stage.takes()))
    stage.give_key(KEY)
    stage.wait_states(done=1)


# --- the end of once ----------------------------------------------------------------------------------------


def test_once_ends_where_the_key_is_refused_to_what_is_paid_for(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(60.0, 60.0))
    stage.drop("storyboard.json", "one")
    first = stage.start("once")
    wait_for(lambda: stage.takes(State.GENERATING))
    stage.simulator.faults.add("key")
    assert first.ends() == 1, first.err()
    assert "refuses the API key" in first.out()
    assert stage.states() == {State.GENERATING: 1}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_once_ends_where_certificates_are_missing(stage: Stage, lang: str) -> None:
    stage.configure(provider={"base_url": stage.simulator.base_url.replace("http:", "https:")})
    stage.drop("storyboard.json", "one")
    env = {"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"}
    ended = stage.cli("once", code=1, lang=lang, env=env)
    assert "REQUESTS_CA_BUNDLE" in ended.out()
    assert "/nowhere/ca.pem" in ended.out()


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is there")
def test_once_ends_where_the_package_for_socks_is_missing(stage: Stage) -> None:
    stage.configure(provider={"base_url": "http://api.x.invalid/v1"})
    stage.drop("storyboard.json", "one")
    ended = stage.cli("once", code=1, env={"ALL_PROXY": "socks5h://127.0.0.1:1"})
    assert "PySocks" in ended.out()
    assert "ALL_PROXY" in ended.out()


def test_once_ends_where_a_folder_takes_no_files_and_does_what_else_there_is(stage: Stage) -> None:
    closed = stage.drop("closed/storyboard.json", "one").parent
    stage.drop("open/storyboard.json", "two")
    closed.chmod(0o555)
    ended = once(stage)
    assert ended.ends() == 1, ended.err()
    assert f"may not write in {closed}" in ended.out()
    assert "start again" in ended.out()
    assert stage.states() == {State.QUEUED: 1, State.DONE: 1}
    closed.chmod(0o755)
    ended = once(stage)
    assert ended.ends() == 0, ended.out()
    stage.check_delivered(2)


def test_once_ends_where_a_paid_video_cannot_be_put_down(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(1.0, 1.0))
    folder = stage.drop("storyboard.json", "one").parent / "storyboard_assets"
    ended = once(stage)
    wait_for(lambda: stage.takes(State.GENERATING))
    wait_for(lambda: list(folder.rglob("*.json")))
    (folder / "Segment_1").chmod(0o555)
    assert ended.ends() == 1, ended.err()
    assert "may not write in" in ended.out()
    (folder / "Segment_1").chmod(0o755)
    assert once(stage).ends() == 0
    stage.check_delivered(1)


def test_once_names_a_watched_folder_that_cannot_be_read(stage: Stage, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0)
    stage.configure(watches=[{"path": str(stage.vault)}, {"path": str(other)}])
    stage.drop("storyboard.json", "one")
    ended = once(stage)
    assert ended.ends() == 1, ended.err()
    assert str(other) in ended.out()
    stage.check_delivered(1)


def test_once_goes_on_through_what_mends_itself(set_stage: Set) -> None:
    """An outage is no reason to end: what waits for the network waits on."""
    stage = set_stage()
    stage.drop("storyboard_first.json", "first")
    stage.cli("once")  # the list of tasks has shown a task of ours: now it can tell that one is not there
    stage.simulator.faults.add("server,target=create,count=1")
    stage.simulator.faults.add("rate,retry_after=9,target=create,count=1")
    stage.drop("storyboard.json", "one")
    started = threading.Timer(12.0, stage.simulator.faults.clear)
    started.start()
    try:
        stage.cli("once")
    finally:
        started.cancel()
    stage.check_delivered(2)
