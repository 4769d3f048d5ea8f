"""What the service manager hears, over a real socket: sd_notify(3), sd_watchdog_enabled(3)."""

from __future__ import annotations

import os
import re
import sys
import time
import uuid

import pytest
from supervision_fakes import Manager

from sorad.condition import DEAD, FAILING, HUNG, Part
from sorad.daemon.systemd import Systemd, keep_to_itself, line, standing
from sorad.health.pulse import Pulse
from sorad.ledger.values import RootRow
from sorad.messages import set_language
from sorad.model import State
from sorad.problems import Problem

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such sockets")


def test_each_message_as_systemd_reads_it(manager: Manager) -> None:
    systemd = Systemd(manager.environment(WATCHDOG_USEC="180000000", WATCHDOG_PID=str(os.getpid())))
    before = time.monotonic_ns() // 1000
    systemd.ready()
    systemd.reloading()
    systemd.stopping()
    systemd.alive()
    systemd.extend(60.0)
    systemd.status("two\nlines  中文 \udc80")
    told = manager.news()
    stamp = int(told.pop(2).partition("MONOTONIC_USEC=")[2])
    assert before <= stamp <= time.monotonic_ns() // 1000, "a clock that systemd shares"
    assert told == [
        "READY=1",
        "RELOADING=1",
        "STOPPING=1",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=60000000",
        "STATUS=two lines 中文 ?",
    ]
    assert systemd.watchdog == 180.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has abstract names")
def test_a_manager_with_an_abstract_name_is_heard() -> None:
    manager = Manager(f"@sorad-test/{uuid.uuid4()}")
    Systemd(manager.environment()).ready()
    assert manager.news() == ["READY=1"]
    manager.close()


@pytest.mark.parametrize(
    "address", ["", "relative", "vsock:2:1234", "@", "/" + "x" * 200, "/nobody/there", "/\0"]
)
def test_where_nobody_listens_no_harm_is_done(address: str) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": address})
    systemd.ready()
    systemd.status("x")
    systemd.alive()
    systemd.again()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": ""}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getppid())}, None),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "me"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_watchdog_is_fed_only_where_it_watches_this_process(
    environ: dict[str, str], seconds: float | None, manager: Manager
) -> None:
    systemd = Systemd(manager.environment(**environ))
    assert systemd.watchdog == seconds
    systemd.alive()
    assert manager.news() == (["WATCHDOG=1"] if seconds else [])


def test_a_watchdog_of_a_manager_that_cannot_be_reached_is_none() -> None:
    assert Systemd({"WATCHDOG_USEC": "20000000"}).watchdog is None


def test_what_a_busy_manager_did_not_take_is_told_again(manager: Manager) -> None:
    systemd = Systemd(manager.environment(WATCHDOG_USEC="1000000"))
    manager.fill()
    systemd.status("old")
    systemd.reloading()
    systemd.alive()
    systemd.ready()
    systemd.status("new")
    assert set(manager.news()) == {"X=1"}
    systemd.again()
    assert sorted(manager.news()) == ["READY=1", "STATUS=new"], "the last of each kind"
    systemd.again()
    assert manager.news() == []


def test_a_manager_that_comes_late_hears_what_matters(manager: Manager) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": manager.address + "2"})
    systemd.ready()
    late = Manager(manager.address + "2")
    systemd.again()
    assert late.news() == ["READY=1"]
    late.close()


def test_no_child_inherits_the_way_to_the_manager() -> None:
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_PID": "1", "WATCHDOG_USEC": "1", "RUNTIME_DIRECTORY": "/r"}
    keep_to_itself(environ)
    assert environ == {"RUNTIME_DIRECTORY": "/r"}
    keep_to_itself(environ)


# --- the line for people ----------------------------------------------------------------------------------

COUNTS = {**dict.fromkeys(State, 0), State.GENERATING: 2, State.HELD: 1, State.QUEUED: 3, State.DONE: 9}
CALM = "2 under way, 4 waiting, 9 done, 0 failed"
BALANCE = Problem("provider.balance", "The balance is used up.")
ROOTS = [RootRow("/a", "watching", ""), RootRow("/b", "offline", "")]


@pytest.mark.parametrize(
    ("halt", "paused", "roots", "said"),
    [
        (None, False, ROOTS[:1], CALM),
        (None, False, ROOTS, f"{CALM}; 1 of 2 folders away"),
        (None, True, [], f"{CALM}; paused"),
        (BALANCE, True, ROOTS, f"{CALM}; 1 of 2 folders away; nothing is bought: The balance is used up."),
    ],
)
def test_the_line_tells_how_it_stands(
    halt: Problem | None, paused: bool, roots: list[RootRow], said: str
) -> None:
    assert standing(COUNTS, roots, halt, paused) == said


def part(state: str, problem: str = "") -> Part:
    return Part("vault", 0.0, 45.0, state=state, problem=Problem("x", problem).to_json() if problem else "")


@pytest.mark.parametrize(
    ("parts", "troubles", "said"),
    [
        ([], [], CALM),
        ([part("ok")], [], CALM),
        ([part("ok"), part(FAILING, "It failed.")], [], f"It failed. ({CALM})"),
        ([part(FAILING, "It failed."), part(HUNG)], [], f"the part vault hangs ({CALM})"),
        ([part(DEAD)], ["Locked."], f"the part vault hangs ({CALM})"),
        ([], ["Locked.", "Full."], f"Locked. ({CALM})"),
    ],
)
def test_the_line_tells_first_what_is_the_matter(parts: list[Part], troubles: list[str], said: str) -> None:
    told = tuple({"problem": Problem("x", text).to_json()} for text in troubles)
    assert line(CALM, Pulse(0.0, parts=tuple(parts), troubles=told)) == said
    assert line("", Pulse(0.0)) == ""


def test_the_line_speaks_chinese() -> None:
    set_language("zh")
    said = line(standing(COUNTS, ROOTS, None, True), Pulse(0.0, parts=(part(HUNG),)))
    assert said.startswith("vault 部件卡住了（")
    assert not re.search(r"[A-Za-z]", said.replace("vault", ""))
