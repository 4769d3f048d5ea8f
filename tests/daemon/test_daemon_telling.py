"""The daemon as a process, with messages, ping and endpoint on: told what is so, and nothing secret shown."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_stage import Stage, wait_for

from sorad.model import State

sys.path.insert(0, str(Path(__file__).parents[1] / "notify"))
from notify_samples import Inbox, inbox

pytest.importorskip("apprise")
SECRET = "0123456789abcdefSECRET"


@pytest.fixture
def box() -> Iterator[Inbox]:
    with inbox() as found:
        yield found


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def settings(box: Inbox, port: int) -> dict[str, Any]:
    return {
        "notify": {"urls": [f"json://{box.address}/{SECRET}"], "settle_seconds": 1.0},
        "ping": {"url": f"{box.url}/ping/{SECRET}", "every": 1.0},
        "http": {"listen": f"127.0.0.1:{port}"},
    }


def messages(box: Inbox) -> list[str]:
    return [post.told["message"] for post in box.posts if post.path == f"/{SECRET}"]


def pings(box: Inbox) -> int:
    return sum(post.path.startswith("/ping/") for post in box.posts)


def test_a_storyboard_that_is_done_is_told_and_counted_and_nothing_secret_is_shown(
    stage: Stage, box: Inbox, port: int
) -> None:
    # slow enough to be seen at work; one after the other, for of two at once the second may be put back until the
    # first create was answered, which is a step more
    stage.configure(
        **settings(box, port),
        polling={"first_after": 1.5, "every": 0.3},
        limits={"concurrency": 1, "safe_concurrency": 1},
    )
    stage.run()
    stage.drop("storyboard_told.json", "a cat", "a dog")
    stage.wait_states(done=2)
    wait_for(lambda: messages(box), stage.told)
    assert "storyboard_told.json is done: 2 videos." in messages(box)[0]
    wait_for(lambda: pings(box) >= 2, stage.told)
    assert ask(port, "/health")[0] == 200
    # what the endpoint says may be two seconds old
    wait_for(lambda: 'sorad_takes{state="done"} 2\n' in ask(port, "/metrics")[1], stage.told)
    status, text = ask(port, "/metrics")
    assert status == 200
    assert 'sorad_step_seconds_count{step="submit"} 2\n' in text
    for part in ("engine", "vault", "notify", "ping", "http"):
        assert f'sorad_heartbeat_age_seconds{{part="{part}"}}' in text
    assert ask(port, "/health", Host="evil.example")[0] == 421
    process = stage.processes[-1]
    assert process.stop() == 0
    assert "did not end in time" not in process.err()
    assert len(messages(box)) == 1
    assert stage.secrets_found(SECRET) == []


def test_a_trouble_is_told_once_over_a_restart_and_the_ping_stops_until_it_is_over(
    stage: Stage, box: Inbox, port: int
) -> None:
    stage.configure(**settings(box, port))
    stage.run()
    wait_for(lambda: pings(box), stage.told)
    away = stage.vault.with_name("away")
    stage.vault.rename(away)
    wait_for(lambda: messages(box), stage.told)
    assert ask(port, "/health")[0] == 503
    before = pings(box)
    stage.processes[-1].stop()
    stage.run()
    wait_for(lambda: ask(port, "/health")[0] == 503, stage.told)
    assert pings(box) == before
    away.rename(stage.vault)
    wait_for(lambda: len(messages(box)) == 2, stage.told)
    assert "This is over" in messages(box)[1]
    wait_for(lambda: pings(box) > before, stage.told)


@pytest.mark.skipif(os.name == "nt", reason="no such signals there")
def test_a_frozen_daemon_pings_no_more(stage: Stage, box: Inbox, port: int) -> None:
    stage.configure(**settings(box, port))
    daemon = stage.run()
    wait_for(lambda: pings(box), stage.told)
    daemon.send(signal.SIGSTOP)
    try:
        wait_for(lambda: "T" in Path(f"/proc/{daemon.pid}/stat").read_text().split(")")[1].split()[0])
        before = pings(box)
        stage.cli("status", code=None)  # some time passes
        assert pings(box) == before
    finally:
        daemon.send(signal.SIGCONT)
    wait_for(lambda: pings(box) > before, stage.told)


def test_a_port_that_is_taken_takes_nothing_else_down(stage: Stage, box: Inbox) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        stage.configure(**settings(box, other.getsockname()[1]))
        stage.run()
        wait_for(lambda: "http.port" in stage.problems(), stage.told)
        stage.drop("storyboard_one.json", "a cat")
        stage.wait_states(done=1)


def test_a_reload_changes_who_is_told(stage: Stage, box: Inbox, port: int) -> None:
    stage.configure(notify={"urls": ["json://127.0.0.1:1/nobody"], "settle_seconds": 1.0})
    daemon = stage.run()
    assert ask(port, "/health")[0] == 0
    stage.configure(**settings(box, port))
    daemon.send(signal.SIGHUP)
    wait_for(lambda: ask(port, "/health")[0] == 200 and pings(box), stage.told)
    stage.configure()
    daemon.send(signal.SIGHUP)
    wait_for(lambda: ask(port, "/health")[0] == 0, stage.told)


def test_sorad_notify_tries_every_address(stage: Stage, box: Inbox) -> None:
    stage.configure(notify={"urls": [f"json://{box.address}/{SECRET}", "json://127.0.0.1:1/" + SECRET]})
    said = stage.cli("notify", "--test", code=1)
    good, bad = said.out().splitlines()
    assert good == f"json://{box.address}/sk-******: ok"
    assert "refused" in bad
    assert SECRET not in said.out() + said.err()
    assert "a test" in json.loads(box.posts[0].body)["title"]
    stage.configure(notify={"urls": [f"json://{box.address}/{SECRET}"]})
    stage.cli("notify", "--test", code=0)
    stage.configure()
    assert "no address" in stage.cli("notify", "--test", code=1).err()


def test_an_address_in_a_broken_config_is_not_shown(stage: Stage, box: Inbox) -> None:
    for broken in (f"tgram://{SECRET}", [f"no-address-{SECRET}"], [5, f"tgram://{SECRET}"]):
        stage.configure(notify={"urls": broken})
        said = stage.cli("status", code=None).err() + stage.cli("run", code=78).err()
        assert SECRET not in said
        assert "notify.urls" in said


def test_nobody_is_told_by_sorad_once(stage: Stage, box: Inbox, port: int) -> None:
    stage.configure(**settings(box, port))
    stage.drop("storyboard_one.json", "a cat")
    stage.cli("once")
    assert stage.states()[State.DONE] == 1
    assert box.posts == []
