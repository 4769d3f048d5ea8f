"""Trouble with creates: what stops buying, what slows it, and what is never sent twice."""

from __future__ import annotations

import struct
import threading
import time
from typing import Callable

import pytest
from daemon_stage import Stage, wait_for

from sorad.engine.decide.stops import Stop
from sorad.ledger.sqlite import SqliteLedger
from sorad.model import State
from sorad.problems import Problem
from sorad.simulator import KEY
from sorad.simulator.wire import Exchange

Set = Callable[..., Stage]

GATEWAY = {"kind": "openai_videos", "model": "sim-1", "seconds": [4, 10], "lists_tasks": False}


class Creates:
    """When which creates were answered how; the simulator's threads tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seen: list[tuple[float, int | None]] = []

    def __call__(self, exchange: Exchange) -> None:
        if exchange.method == "POST" and exchange.path.split("?")[0] in ("/v1/create", "/v1/videos"):
            with self._lock:
                self.seen.append((time.monotonic(), exchange.status))

    def with_status(self, status: int) -> list[float]:
        with self._lock:
            return [at for at, answered in self.seen if answered == status]


# --- what stops buying --------------------------------------------------------------------------------------


def test_a_refused_key_stops_buying_until_it_is_mended(set_stage: Set) -> None:
    creates = Creates()
    stage = set_stage(task_seconds=(1.0, 1.0), watch=creates)
    stage.run()
    stage.drop("storyboard_1.json", "before")
    wait_for(lambda: stage.simulator.accepted)
    stage.simulator.faults.add("key,target=create")
    stage.simulator.faults.add("key,target=account")
    stage.drop("storyboard_2.json", *(f"after {number}" for number in range(6)))
    wait_for(lambda: stage.recall("halt"))
    shown = stage.cli("status", code=1).out()
    assert "provider.key" in stage.problems(), stage.problems()
    assert "Nothing is bought" in shown
    stage.wait_states(done=1, queued=6)  # what was running is delivered all the same
    refused = len(creates.with_status(401))
    assert 1 <= refused <= 8, "creates that were on their way; none after that"
    # Three probes more: free calls only, as long as they are refused.
    answers = stage.simulator.stats()["answers"]["401"]
    wait_for(lambda: stage.simulator.stats()["answers"]["401"] >= answers + 3)
    assert len(creates.with_status(401)) == refused
    stage.simulator.faults.clear()
    stage.wait_states(done=7)
    stage.check_delivered(7)
    assert stage.cli("status").ends() == 0


def test_a_mended_key_file_is_noticed_without_a_restart(stage: Stage) -> None:
    stage.give_key("sk-mistyped-0000000000")
    stage.run()
    stage.drop("storyboard.json", "one", "two")
    wait_for(lambda: stage.recall("halt"))
    assert "provider.key" in stage.problems()
    assert stage.cli("status", code=1)
    stage.give_key(KEY)
    stage.wait_states(done=2)
    stage.check_delivered(2)
    assert stage.secrets_found(KEY, "sk-mistyped-0000000000") == []


def test_an_empty_balance_stops_buying_until_it_is_filled(set_stage: Set) -> None:
    stage = set_stage(balance=0.06)
    stage.run()
    stage.drop("storyboard.json", "a", "b", "c", "d", "e")
    wait_for(lambda: stage.recall("halt"))
    stage.wait_states(done=2, queued=3)
    assert "provider.balance" in stage.problems()
    assert stage.cli("status", code=1)
    stage.simulator.account.balance = 1000
    stage.wait_states(done=5)
    stage.check_delivered(5)


def test_a_retired_model_stops_buying(stage: Stage) -> None:
    stage.simulator.faults.add("retired")
    stage.run()
    stage.drop("storyboard.json", "a", "b", "c")
    wait_for(lambda: stage.recall("halt"))
    assert stage.cli("status", code=1)
    stage.wait_states(queued=3)
    stage.simulator.faults.clear()
    stage.wait_states(done=3)
    stage.check_delivered(3)


def test_once_with_a_refused_key_ends_with_1_and_what_to_do(stage: Stage) -> None:
    stage.give_key("sk-mistyped-0000000000")
    stage.drop("storyboard.json", "one")
    ended = stage.cli("once", code=1)
    assert "key" in ended.out()
    assert stage.simulator.accepted == []


def test_what_waits_for_the_user_ends_once_with_1_and_the_reason_until_resume(stage: Stage) -> None:
    stage.state.mkdir(parents=True)
    ledger = SqliteLedger.open(stage.state / "ledger.sqlite3")
    ledger.remember(
        "stops", [Stop(Problem("provider.x", "it went astray.", "Mend it."), time.time()).to_json()]
    )
    ledger.close()
    stage.drop("storyboard.json", "one")
    shown = stage.cli("once", code=1).out()
    assert "it went astray. Mend it. `sorad resume` buys on all the same." in shown
    assert stage.simulator.accepted == []
    stage.cli("resume")
    stage.cli("once")
    stage.check_delivered(1)


def test_a_prompt_that_is_refused_does_not_stop_the_others(stage: Stage) -> None:
    stage.run()
    stage.drop("storyboard.json", "fine", "x" * 200_000)
    wait_for(lambda: stage.states()[State.DONE] == 1 or stage.problems())
    # Known before it is sent, or refused by the API: either way it costs nothing and is told.
    stage.drop("storyboard_2.json", "fine too")
    wait_for(lambda: stage.states()[State.DONE] >= 1)
    assert stage.simulator.creates("x" * 200_000) == 0


# --- what slows it --------------------------------------------------------------------------------------------


def test_a_storm_of_429_costs_few_creates(set_stage: Set) -> None:
    creates = Creates()
    stage = set_stage(watch=creates)
    stage.configure(limits={"cooldown_seconds": 8.0})
    stage.run()
    stage.drop("storyboard_first.json", "the first, which leaves alone")
    stage.wait_states(done=1)
    stage.simulator.faults.add("rate,target=create,retry_after=0.1")
    stage.drop("storyboard.json", *(f"shot {number}" for number in range(25)))
    wait_for(lambda: (stage.recall("gate") or {}).get("delay", 0) >= 2)
    # Eight may have been on their way at once; after that the gate lets one through after 1, 2, 4… seconds.
    assert 2 <= len(creates.with_status(429)) <= 9
    wait_for(lambda: (stage.recall("breaker") or {}).get("mode") == "safe")
    assert stage.states() == {State.QUEUED: 25, State.DONE: 1} or stage.states()[State.SUBMITTING] <= 1
    stage.simulator.faults.clear()
    stage.wait_states(done=26)
    stage.check_delivered(26)


def test_retry_after_is_obeyed_over_a_restart(set_stage: Set) -> None:
    creates = Creates()
    stage = set_stage(watch=creates)
    stage.simulator.faults.add("rate,target=create,retry_after=3,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "patience")
    wait_for(lambda: (stage.recall("gate") or {}).get("until"))
    daemon.kill()
    stage.run()
    stage.wait_states(done=1)
    (first,) = creates.with_status(429)
    (second,) = creates.with_status(200)
    assert second - first >= 2.9
    stage.check_delivered(1)


def test_never_more_in_flight_than_allowed_over_restarts(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(0.4, 0.6))
    stage.configure(limits={"concurrency": 3})
    daemon = stage.run()
    stage.drop("storyboard.json", *(f"shot {number}" for number in range(12)))
    wait_for(lambda: len(stage.simulator.accepted) >= 3)
    daemon.kill()
    stage.run()
    stage.wait_states(done=12)
    stage.check_delivered(12)
    assert stage.simulator.account.peak <= 3


def test_polls_and_downloads_go_on_while_creates_are_refused(set_stage: Set) -> None:
    stage = set_stage(task_seconds=(0.5, 0.5))
    stage.run()
    stage.drop("storyboard_1.json", "paid 1", "paid 2")
    wait_for(lambda: len(stage.simulator.accepted) == 2)
    stage.simulator.faults.add("server,status=503,accepted=false")
    stage.simulator.faults.add("rate")
    stage.drop("storyboard_2.json", *(f"refused {number}" for number in range(5)))
    wait_for(lambda: stage.states()[State.DONE] == 2, "what is paid for is delivered")
    stage.simulator.faults.clear()
    stage.wait_states(done=7)
    stage.check_delivered(7)


# --- what may have been bought ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after", "no_id", "server,status=502,accepted=true"])
def test_a_lost_answer_is_found_in_the_list(stage: Stage, fault: str) -> None:
    stage.simulator.faults.add(f"{fault},count=3")
    stage.run()
    stage.drop("storyboard.json", "one", "two", "three", "four")
    stage.wait_states(done=4)
    stage.check_delivered(4)
    notes = [note for take in stage.takes() for note in stage.notes(take)]
    assert notes.count("adopted") == 3
    assert "receipt cannot be written" not in stage.processes[0].err()


def test_takes_of_one_prompt_are_told_apart(stage: Stage) -> None:
    stage.simulator.faults.add("reset_after=0.5")
    stage.run()
    stage.drop("storyboard.json", "the same", takes=4)
    stage.wait_states(done=4)
    stage.check_delivered(4)


def test_a_create_that_was_not_accepted_is_sent_again_after_the_window(stage: Stage) -> None:
    stage.run()
    stage.drop("storyboard_1.json", "arrived, and shown on the list")
    stage.wait_states(done=1)
    stage.simulator.faults.add("reset_before,count=1")
    stage.drop("storyboard_2.json", "lost on the way")
    stage.wait_states(done=2)
    stage.check_delivered(2)
    take = stage.takes()[-1]
    assert take.creates == 2
    assert "not accepted" in stage.notes(take)


def test_without_a_list_an_unknown_create_waits_for_the_user(stage: Stage) -> None:
    stage.configure(provider=GATEWAY)
    stage.simulator.faults.add("reset_after,count=1")
    daemon = stage.run()
    stage.drop("storyboard.json", "was it bought")
    wait_for(lambda: stage.states()[State.UNKNOWN] == 1)
    wait_for(lambda: "take.unknown" in stage.problems())
    daemon.stop()
    stage.run()  # nor does a restart send it again
    stage.cli("scan")
    (take,) = stage.takes()
    assert take.state is State.UNKNOWN
    assert stage.simulator.stats()["requests"]["create"] == 1
    assert str(take.id) in stage.problems()["take.unknown"]
    mistaken = stage.cli("resolve", str(take.id), "--adopt", "task_of_nobody", code=1)
    assert "task_of_nobody" in mistaken.err()
    assert stage.takes()[0].state is State.UNKNOWN
    stage.cli("resolve", str(take.id), "--adopt", stage.simulator.accepted[0].id)
    stage.wait_states(done=1)
    stage.check_delivered(1)


@pytest.mark.parametrize(("word", "creates"), [("--resend", 2), ("--drop", 1)])
def test_the_user_ends_an_unknown_create_otherwise(stage: Stage, word: str, creates: int) -> None:
    stage.configure(provider=GATEWAY)
    stage.simulator.faults.add(f"reset_{'before' if word == '--resend' else 'after'},count=1")
    stage.run()
    stage.drop("storyboard.json", "was it bought")
    wait_for(lambda: "take.unknown" in stage.problems())
    (take,) = stage.takes()
    stage.cli("resolve", str(take.id), word, "--yes")
    if word == "--resend":
        stage.wait_states(done=1)
        stage.check_delivered(1)
    else:
        stage.wait_states(cancelled=1)
    assert stage.simulator.stats()["requests"]["create"] == creates


def test_held_by_policy_an_unknown_create_waits_though_there_is_a_list(stage: Stage) -> None:
    stage.configure(reconcile={"on_unknown": "hold"})
    stage.simulator.faults.add("reset_after,count=1")
    stage.run()
    stage.drop("storyboard.json", "hold it")
    wait_for(lambda: "take.unknown" in stage.problems())
    assert len(stage.simulator.accepted) == 1


# --- another provider, another address ----------------------------------------------------------------------------


def test_a_gateway_delivers_with_a_local_picture(stage: Stage, picture: bytes) -> None:
    stage.configure(provider=GATEWAY)
    stage.run()
    (stage.vault / "ref.png").write_bytes(picture)
    stage.drop("storyboard.json", "with a picture", image_url="ref.png")
    stage.wait_states(done=1)
    stage.check_delivered(1)
    assert stage.simulator.accepted[0].order.image.startswith("sha256:")


def test_a_take_is_polled_where_it_was_bought_whatever_the_config_says_by_then(set_stage: Set) -> None:
    old = set_stage(task_seconds=(1.5, 1.5))
    new = set_stage()
    daemon = old.run()
    old.drop("storyboard.json", "bought at the old one")
    wait_for(lambda: old.states()[State.GENERATING] == 1)
    daemon.stop()
    old.configure(provider={"base_url": new.simulator.base_url})
    old.run()
    old.drop("storyboard_2.json", "bought at the new one")
    old.wait_states(done=2)
    assert [task.order.prompt for task in old.simulator.accepted] == ["bought at the old one"]
    assert [task.order.prompt for task in new.simulator.accepted] == ["bought at the new one"]
    assert len(old.videos()) == 2
    assert {new.simulator.keys_at_wrong_host, old.simulator.keys_at_wrong_host} == {0}


@pytest.fixture
def picture() -> bytes:
    """As much of a PNG as the simulator looks at; it wants it as large as the video."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s2I", 13, b"IHDR", 1280, 720) + bytes(5)
