"""How the programs end: signals, exit codes, who may work on a ledger."""

from __future__ import annotations

import os
import signal
import time
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.model import State
from sorad.simulator import KEY

Set = Callable[..., Stage]
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_within_ten_seconds_while_a_create_hangs(stage: Stage, number: int) -> None:
    stage.configure(provider={"request_timeout": 60.0})
    stage.simulator.faults.add("slow,seconds=120,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "hangs")
    wait_for(lambda: stage.simulator.accepted)
    began = time.monotonic()
    daemon.send(number)
    assert daemon.ends() == 0
    assert time.monotonic() - began < 20  # ten, and as many for a busy machine
    # The create was accepted and its answer never read: the next start finds it.
    stage.run()
    stage.wait_states(done=1)
    stage.check_delivered(1)


@posix
def test_a_second_ctrl_c_ends_at_once(stage: Stage) -> None:
    stage.configure(provider={"request_timeout": 60.0})
    stage.simulator.faults.add("slow,seconds=120,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "hangs")
    wait_for(lambda: stage.simulator.accepted)
    daemon.send(signal.SIGINT)
    daemon.says("stopping")
    began = time.monotonic()
    daemon.send(signal.SIGINT)
    assert daemon.ends() == 130
    assert time.monotonic() - began < 7  # an orderly end would wait eight for the create


@posix
def test_an_idle_daemon_ends_in_order(stage: Stage) -> None:
    daemon = stage.run()
    daemon.send(signal.SIGTERM)
    assert daemon.ends() == 0
    assert "stopped" in daemon.err()
    assert stage.cli("status", code=3)


# --- once -------------------------------------------------------------------------------------------------


def test_once_does_what_is_there_and_a_second_run_sends_nothing(stage: Stage) -> None:
    stage.drop("a/storyboard.json", "one", "two", takes=2)
    first = stage.cli("once")
    assert "4 videos" in first.out()
    stage.check_delivered(4)
    creates = stage.simulator.stats()["requests"]["create"]
    stage.cli("once")
    assert stage.simulator.stats()["requests"]["create"] == creates
    stage.check_delivered(4)


def test_once_buys_the_named_segments_alone_and_with_force_one_more_of_what_is_there(stage: Stage) -> None:
    stage.drop("storyboard.json", "one", "two")
    stage.cli("once", "--segments", "2,7-9")
    stage.check_delivered(1, states={State.QUEUED: 1})
    assert [task.order.prompt for task in stage.simulator.accepted] == ["two"]
    before = {path: path.read_bytes() for path in stage.videos()}
    stage.cli("once", "--force")
    stage.check_delivered(3)
    assert {path: path.read_bytes() for path in before} == before, "the old videos stay as they are"


def test_once_tells_of_failed_takes(stage: Stage) -> None:
    stage.simulator.faults.add("fail,match=bad")
    stage.drop("storyboard.json", "good", "bad")
    ended = stage.cli("once", code=1)
    assert "segment 2" in ended.out()
    assert stage.states() == {State.DONE: 1, State.FAILED: 1}
    assert len(stage.simulator.accepted) == 2, "what the provider failed is not bought again by itself"


@posix
def test_once_ends_with_130_at_ctrl_c_and_goes_on_at_the_next_start(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(1.5, 1.5))
    stage.drop("storyboard.json", "interrupted")
    once = stage.start("once")
    wait_for(lambda: stage.simulator.accepted)
    once.send(signal.SIGINT)
    assert once.ends() == 130
    stage.cli("once")
    stage.check_delivered(1)


def test_once_needs_no_config_and_takes_its_key_from_dotenv(stage: Stage) -> None:
    stage.drop("storyboard.json", "bare")
    (stage.folder / ".env").write_text(f"SORA_API_KEY={KEY}\n", "utf-8")
    # Only the address is not what a user would have: the real one is not for tests.
    stage.config_file.write_text(
        f"state_dir = 'state'\n[provider]\nbase_url = '{stage.simulator.base_url}'\n"
        "[limits]\njitter_seconds = [0, 0]\n[polling]\nfirst_after = 0.2\nevery = 0.2\n"
        "[disk]\nmin_free = '1 MB'\n",
        "utf-8",
    )
    stage.cli("once", "--input-dir", "vault")
    stage.check_delivered(1)
    assert stage.secrets_found(KEY) == []


def test_a_dry_run_buys_nothing_and_prints_a_price(stage: Stage) -> None:
    stage.drop("storyboard.json", "one", "two")
    shown = stage.cli("once", "--dry-run").out()
    assert "0.06" in shown, shown
    assert stage.simulator.accepted == []
    # Without a config and without a key, there is still something to show.
    bare = stage.cli("once", "--dry-run", "--input-dir", str(stage.vault), config=False, code=None)
    assert "2" in bare.out(), bare.out() + bare.err()


def test_once_without_key_or_folder_says_what_to_do(stage: Stage) -> None:
    stage.key_file.unlink()
    ended = stage.cli("once", code=78)
    assert "api_key_file" in ended.err() or "key" in ended.err()
    ended = stage.cli("once", "--input-dir", "nowhere", code=2)
    assert "nowhere" in ended.err()


# --- one at a time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("run", "once"), ("once", "run"), ("run", "run")])
def test_the_second_on_a_ledger_names_the_first(set_stage: Set, first: str, second: str) -> None:
    stage = set_stage(task_seconds=(30.0, 30.0))
    stage.drop("storyboard.json", "long")
    holder = stage.start(first)
    wait_for(lambda: stage.simulator.accepted)
    refused = stage.cli(second, code=None)
    assert refused.ends() == 1
    assert str(holder.pid) in refused.err()
    assert f"sorad {first}" in refused.err()
    assert holder.popen.poll() is None
    assert len(stage.simulator.accepted) == 1


# --- demo, languages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "word"), [("en", "videos are there"), ("zh", "视频")])
def test_the_demo_ends_well_in_both_languages(stage: Stage, lang: str, word: str) -> None:
    shown = stage.cli("demo", str(stage.folder / "demo"), config=False, lang=lang)
    assert word in shown.out()
    assert len(list((stage.folder / "demo" / "vault").rglob("*.mp4"))) == 3


@pytest.mark.parametrize(("lang", "word"), [("en", "is not running"), ("zh", "没有")])
def test_looking_speaks_both_languages(stage: Stage, lang: str, word: str) -> None:
    stage.drop("storyboard.json", "one")
    stage.cli("once", lang=lang)
    for command in ("status", "list", "plan"):
        shown = stage.cli(command, lang=lang, code=None)
        assert "Traceback" not in shown.err()
    assert word in stage.cli("status", lang=lang, code=3).out()


def test_run_without_a_config_points_to_init(stage: Stage) -> None:
    ended = stage.cli("run", config=False, code=78)
    assert "sorad init" in ended.err()


def test_once_tells_how_storyboards_are_named_where_there_are_none(stage: Stage) -> None:
    stage.vault.joinpath("story.json").write_text("{}", "utf-8")
    assert "files named storyboard*.json" in stage.cli("once").out()
