"""`sorad status`: the JSON contract, each thing it has to say, its exit codes, its screen."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import sys
import time

import pytest

from sorad.cli.look import status
from sorad.cli.look.status_sections import _other_money
from sorad.cli.main import main
from sorad.cli.shared.columns import width
from sorad.engine.decide.stops import Stop
from sorad.ledger.values import Change
from sorad.model import State
from sorad.problems import Problem

WHY = Problem("provider.server", "The server said {status}.", "Wait a while.", {"status": 502})
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LATER = time.time() + 600


def codes(report) -> list[str]:
    return [problem["code"] for problem in report["problems"] if problem["level"] == "problem"]


def safe(house, delay: float = 4.0) -> None:
    """The breaker after a storm; with a delay of the gate, creates are still refused."""
    house.ledger.remember("breaker", {"mode": "safe", "effective": 5, "errors": 3, "until": LATER})
    house.ledger.remember("gate", {"delay": delay, "until": 0.0})


def notes(report) -> list[str]:
    return [problem["code"] for problem in report["problems"] if problem["level"] == "note"]


def fitting(value, shape) -> bool:
    """Whether a JSON value has the shape: types, lists of one shape, objects with at least these members."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            fitting(value.get(name, ...), one) for name, one in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fitting(one, shape[0]) for one in value)
    if isinstance(shape, (set, frozenset)):
        return value in shape
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, tuple):
        return any(fitting(value, one) for one in shape)
    if shape is None:
        return value is None
    if shape is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, shape)


CONTRACT = {
    "daemon": {"running": bool, "pid": (int, None), "since": (ISO, None), "healthy": bool, "paused": bool},
    "takes": {state.value: int for state in State},
    "limits": {
        "mode": {"normal", "safe", "recovering"},
        "concurrency": int,
        "effective": int,
        "until": (ISO, None),
    },
    "roots": [{"path": str, "state": {"watching", "polling", "offline"}, "storyboards": int, "invalid": int}],
    "disk": [{"path": str, "free": int, "needed": int, "ok": bool}],
    "spend": {"today": float, "unpriced_today": int, "total": float, "currency": str},
    "problems": [{"code": str, "message": str, "fix": str}],
}


@pytest.fixture
def running(house):
    """A daemon that is alive and well, with one watched folder."""
    house.started()
    house.root()
    house.ledger.remember("limits", {"concurrency": 20})
    house.ledger.remember("currency", "USD")
    return house


def troubled(house) -> None:
    """Something of everything."""
    house.root("offline", Problem("root.missing", "{path} is away", "Mount it.", {"path": house.vault}))
    house.takes(1, State.FAILED, error=WHY, name="a/storyboard.json")
    house.takes(2, State.GENERATING, name="b/storyboard.json", cost=1_250_000)
    house.board(name="c/storyboard.json", state="invalid", problems=(WHY,))
    house.ledger.remember("breaker", {"mode": "safe", "effective": 5, "errors": 3, "until": LATER})
    house.ledger.remember("disk", [{"path": house.vault, "free": 10, "needed": 20, "ok": False}])
    house.ledger.remember("paused", {"since": 1_700_000_000})


def test_the_contract_holds_for_a_well_daemon(running):
    ran = running.sorad("status", "--json")
    assert ran.code == 0
    assert fitting(ran.json, CONTRACT)
    daemon = ran.json["daemon"]
    assert (daemon["running"], daemon["healthy"], daemon["pid"]) == (True, True, os.getpid())
    assert ran.json["limits"] == {"mode": "normal", "concurrency": 20, "effective": 20, "until": None}
    assert ran.json["problems"] == []


def test_the_contract_holds_in_trouble(running):
    troubled(running)
    report = running.sorad("status", "--json").json
    assert fitting(report, CONTRACT)
    assert report["daemon"]["healthy"] is False
    assert report["daemon"]["paused"] is True
    assert report["limits"]["mode"] == "safe"
    assert report["limits"]["effective"] == 5
    (root,) = report["roots"]
    assert (root["path"], root["state"]) == (running.vault, "offline")
    assert (root["storyboards"], root["invalid"]) == (3, 1)
    assert report["takes"]["failed"] == 1
    assert report["takes"]["generating"] == 2
    assert report["spend"] == {
        "today": 2.5,
        "per_day": None,
        "unpriced_today": 1,
        "total": 2.5,
        "currency": "USD",
        "by_currency": {"USD": {"today": 2.5, "total": 2.5}},
    }


def test_money_says_so_where_prices_are_not_known(running):
    running.takes(1, State.GENERATING, name="a/storyboard.json", cost=1_250_000)
    running.takes(2, State.GENERATING, name="b/storyboard.json", cost=None)
    assert running.sorad("status", "--json").json["spend"]["unpriced_today"] == 2
    assert "1.25 USD today, 1.25 USD in all; 2 takes today have no known price" in running.sorad("status").out


def test_the_contract_holds_without_a_ledger(house):
    ran = house.sorad("status", "--json")
    assert ran.code == 3
    assert fitting(ran.json, CONTRACT)
    assert codes(ran.json) == ["daemon.not_running"]


def test_the_contract_holds_with_the_daemon_dead(house):
    house.takes(3)
    ran = house.sorad("status", "--json")
    assert ran.code == 3
    assert fitting(ran.json, CONTRACT)
    assert ran.json["takes"]["queued"] == 3
    known = ("running", "pid", "since", "command", "healthy", "paused", "ready", "threads")
    assert [ran.json["daemon"][name] for name in known] == [False, None, None, None, False, False, None, []]


def test_the_ledger_is_left_as_it_is(house):
    house.takes(1)
    house.close()
    before = (house.state_dir / "ledger.sqlite3").read_bytes()
    house.sorad("status")
    assert (house.state_dir / "ledger.sqlite3").read_bytes() == before


# --- each thing it has to say: what is so, the code, words in the message, words in the fix ---------------

SAYS = {
    "root offline": (
        lambda h: h.root(
            "offline", Problem("root.missing", "{path} is away", "Mount it.", {"path": h.vault})
        ),
        "root.missing",
        "is away",
        "Mount it.",
    ),
    "root offline for no known reason": (
        lambda h: h.root("offline"),
        "root.offline",
        "vault is not there",
        "mount",
    ),
    "watcher in trouble": (
        lambda h: h.root("polling", Problem("watch.limit", "too many folders", "Raise the limit: sudo")),
        "watch.limit",
        "too many folders",
        "Raise the limit",
    ),
    "invalid storyboard": (
        lambda h: h.board(
            name="bad/storyboard.json",
            state="invalid",
            problems=(
                Problem("storyboard.x", "not a number", "Mend it.", where="segments[2].is_pro", line=7),
            ),
        ),
        "storyboard.x",
        "bad/storyboard.json: line 7, segments no. 3, is_pro: not a number",
        "Mend it.",
    ),
    "halt": (
        lambda h: h.ledger.remember(
            "halt", {"code": "balance", "since": 1.7e9, "until": LATER, "problem": WHY.to_json()}
        ),
        "provider.server",
        "Nothing is bought since",
        "Wait a while. What is paid for goes on",
    ),
    "stop": (
        lambda h: h.ledger.remember("stops", [Stop(WHY, 1.7e9, (1,)).to_json()]),
        "provider.server",
        "Nothing is bought since",
        "Wait a while. `sorad resume` buys on all the same. What is paid for goes on",
    ),
    "safe mode": (
        lambda h: (
            safe(h),
            h.ledger.record(h.takes(1)[0], Change(State.QUEUED, "refused", error=WHY), time.time()),
        ),
        "breaker.safe",
        "at most 5 in flight",
        "by itself",
    ),
    "disk": (
        lambda h: h.ledger.remember(
            "disk", [{"path": "/v", "free": 1_000_000, "needed": 2_000_000, "ok": False}]
        ),
        "disk.full",
        "The disk of /v has 1.0 MB free, and 2.0 MB are needed",
        "Make room",
    ),
    "unknown for the user": (
        lambda h: h.takes(1, State.UNKNOWN, error=Problem("take.unknown", "nobody can tell")),
        "take.unknown",
        "Take 1 may have been bought: nobody can tell (storyboard.json, segment 1)",
        "`sorad resolve 1 --adopt TASK_ID`",
    ),
    "failed": (
        lambda h: h.takes(2, State.FAILED, error=WHY),
        "provider.server",
        "2 takes failed: The server said 502.",
        "Wait a while. `sorad retry 1 2` tries again",
    ),
    "many failed": (
        lambda h: h.takes(9, State.FAILED, error=WHY),
        "provider.server",
        "9 takes failed",
        "`sorad retry` tries all failed takes again",
    ),
    "held": (
        lambda h: h.takes(2, State.HELD, error=Problem("budget.approve", "too dear")),
        "budget.approve",
        "2 takes wait for you: too dear",
        "vault/storyboard.json` releases them",
    ),
    "a pause of hours": (
        lambda h: h.ledger.remember("gate", {"delay": 8.0, "until": LATER + 3600}),
        "gate.closed",
        "asks for so long a pause",
        "limits",
    ),
    "a thread": (
        lambda h: h.ledger.remember(
            "troubles", [{"code": "daemon.thread", "since": 1.7e9, "problem": WHY.to_json()}]
        ),
        "provider.server",
        "The server said 502.",
        "Wait a while.",
    ),
}


@pytest.mark.parametrize("name", SAYS)
def test_what_is_wrong_is_told_with_its_mend(running, name):
    make, code, message, fix = SAYS[name]
    make(running)
    ran = running.sorad("status", "--json")
    assert ran.code == 1
    assert codes(ran.json) == [code]
    (problem,) = [one for one in ran.json["problems"] if one["level"] == "problem"]
    assert message in problem["message"]
    assert fix in problem["fix"]
    assert "{" not in problem["message"] + problem["fix"]


NOTES = {
    "paused": (lambda h: h.ledger.remember("paused", {"since": 1.7e9}), "paused"),
    "copy": (lambda h: h.board(name="x/storyboard.json", state="copy", copy_of="/a"), "storyboard.copy"),
    # From now, not from when the tests were collected: the whole run may take ten minutes.
    "gate": (
        lambda h: h.ledger.remember("gate", {"delay": 8.0, "until": time.time() + 600}),
        "gate.closed",
    ),
    "safe mode, and nothing waits": (lambda h: safe(h), "breaker.safe"),
    "safe mode, and creates are accepted again": (lambda h: (safe(h, delay=0.0), h.takes(1)), "breaker.safe"),
    "recovering": (
        lambda h: h.ledger.remember(
            "breaker", {"mode": "recovering", "effective": 9, "errors": 0, "until": LATER}
        ),
        "breaker.recovering",
    ),
    "unknown, being looked up": (lambda h: h.takes(1, State.UNKNOWN, error=WHY), "take.looked_up"),
    "held until tomorrow": (
        lambda h: h.takes(1, State.HELD, error=Problem("budget.day", "spent")),
        "budget.day",
    ),
    "held, for it was copied": (
        lambda h: h.takes(1, State.HELD, error=Problem("take.copied", "the same text")),
        "take.copied",
    ),
    "no events": (
        lambda h: h.root("polling", Problem("root.no_events", "{path} is polled", "", {"path": "/v"})),
        "root.no_events",
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_needs_nobody_is_a_note_and_healthy(running, name):
    make, code = NOTES[name]
    make(running)
    ran = running.sorad("status", "--json")
    assert (ran.code, codes(ran.json), notes(ran.json)) == (0, [], [code])


def test_polling_as_the_config_asks_is_not_mentioned(running):
    running.root("polling", Problem("root.polling", "{path} is polled", "", {"path": "/v"}))
    report = running.sorad("status", "--json").json
    assert report["problems"] == []
    assert report["roots"][0]["state"] == "polling"


def test_an_open_gate_and_a_past_one_say_nothing(running):
    for gate in ({"delay": 0.0, "until": 0.0}, {"delay": 8.0, "until": 1.7e9}):
        running.ledger.remember("gate", gate)
        assert running.sorad("status", "--json").json["problems"] == []


def test_a_root_that_left_the_config_is_not_shown(running):
    from sorad.ledger.values import RootRow

    running.ledger.put_root(RootRow("/former", "offline", "", active=False))
    assert [root["path"] for root in running.sorad("status", "--json").json["roots"]] == [running.vault]


def test_failures_are_grouped_by_what_went_wrong(running):
    running.takes(2, State.FAILED, error=WHY, name="a/storyboard.json")
    running.takes(3, State.FAILED, error=Problem("provider.moderation", "refused"), name="b/storyboard.json")
    report = running.sorad("status", "--json").json
    assert codes(report) == ["provider.moderation", "provider.server"]


def test_of_several_answers_the_commonest_is_told(running):
    for number, said in enumerate(("rare", "common", "common")):
        why = Problem("provider.failed", "It says: {said}", "", {"said": said})
        running.takes(1, State.FAILED, error=why, name=f"{number}/storyboard.json")
    (problem,) = running.sorad("status", "--json").json["problems"]
    assert problem["message"] == "3 takes failed, most of them so: It says: common"


def test_no_more_of_a_kind_are_named_than_fit_a_screen(running):
    for number in range(12):
        running.board(name=f"{number}/storyboard.json", state="invalid", problems=(WHY,))
        running.board(name=f"c{number}/storyboard.json", state="copy", copy_of="/a")
    report = running.sorad("status", "--json").json
    assert len(codes(report)) == 6
    assert "besides: 7" in report["problems"][5]["message"]
    assert len(notes(report)) == 6


def test_commands_that_wait_for_a_dead_daemon_are_counted(house):
    house.takes(1)
    house.sorad("pause")
    assert "command.waiting" in notes(house.sorad("status", "--json").json)


# --- the screen -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_pipe_gets_plain_lines(running, lang):
    troubled(running)
    out = running.sorad("status", lang=lang).out
    assert "\x1b" not in out
    assert running.vault in out
    for word in ("sorad retry 1", "502"):
        assert word in out
    assert ("What needs you" in out) is (lang == "en")
    assert ("需要你处理" in out) is (lang == "zh")
    for state in ("generating", "failed") if lang == "en" else ("生成中", "失败"):
        assert state in out


def test_a_well_daemon_says_so(running):
    assert "all is well" in running.sorad("status").out
    running.ledger.remember("paused", {"since": 1.7e9})
    assert "paused" in running.sorad("status").out.splitlines()[0]


def test_what_a_file_name_brings_does_not_steer_the_terminal(running):
    running.board(name="evil\x1b[2J/storyboard.json", state="invalid", problems=(WHY,))
    assert "\x1b" not in running.sorad("status").out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_gets_colours_and_80_columns(running, lang):
    troubled(running)
    out, code = in_terminal(["--lang", lang, "--config", str(running.config), "status"])
    assert code == 1
    assert "\x1b[" in out
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
    assert max(width(line.rstrip("\r\n")) for line in plain.splitlines()) <= 80
    assert "sorad retry 1" in plain.replace("\r\n    ", " ")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_watch_shows_what_changes_until_ctrl_c(running):
    ended: list[bool] = []

    def look(out: str, hand) -> None:
        if "queued 3" in out:
            if not ended:
                hand.signal(signal.SIGINT)
            ended.append(True)
        elif "all is well" in out and not running.ledger.counts()[State.QUEUED]:
            running.takes(3)

    _out, code = in_terminal(["--lang", "en", "--config", str(running.config), "status", "--watch"], look)
    assert code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("end", ["q", "Q", "term"])
def test_the_live_screen_ends_by_a_key_or_a_signal_and_leaves_the_terminal_as_it_was(running, end):
    def look(out: str, hand) -> None:
        if "all is well" in out and not hand.done:
            hand.done = True
            hand.signal(signal.SIGTERM) if end == "term" else hand.type(end)

    words = ["--lang", "en", "--config", str(running.config), "status", "--watch"]
    out, code = in_terminal(words, look)
    assert code == 0
    assert out.index("\x1b[?1049h") < out.index("all is well") < out.rindex("\x1b[?1049l")
    assert out.rindex("\x1b[?25h") > out.index("\x1b[?25l")  # the cursor is back


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_live_screen_lives_on_while_daemon_and_ledger_come_and_go(running):
    ledger = running.state_dir / "ledger.sqlite3"
    away = running.home / "away"

    def look(out: str, hand) -> None:
        if hand.step == 0 and "all is well" in out:
            hand.step = 1
            running.close()
            ledger.rename(away)
        elif hand.step == 1 and "sorad is not running" in out:
            hand.step = 2
            away.rename(ledger)
            running._ledger = running._lock = None
            running.started()
            running.takes(7)
        elif hand.step == 2 and "queued 7" in out:
            hand.step = 3
            hand.type("q")

    words = ["--lang", "en", "--config", str(running.config), "status", "--watch"]
    out, code = in_terminal(words, look)
    assert code == 0
    assert "queued 7" in out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_live_screen_writes_what_changed_and_follows_the_window(running):
    troubled(running)
    seen: dict[str, int] = {}

    def look(out: str, hand) -> None:
        if hand.step == 0 and "q: end" in out:
            hand.step, hand.at = 1, time.monotonic()
            seen["first"] = len(out)
        elif hand.step == 1 and time.monotonic() - hand.at > 2.5:
            hand.step = 2
            seen["then"] = len(out)
            hand.resize(20, 60)
        elif hand.step == 2 and out.count("Takes") >= 2:
            hand.step = 3
            hand.type("q")

    words = ["--lang", "en", "--config", str(running.config), "status", "--watch"]
    _out, code = in_terminal(words, look)
    assert code == 0
    assert seen["then"] - seen["first"] < 300  # two or three times the clock, and not the whole screen


def test_without_a_terminal_watch_shows_it_once(running):
    ran = running.sorad("status", "--watch")
    assert ran.code == 0
    assert "all is well" in ran.out


# --- what cannot be read: still an answer, and a true one ------------------------------------------------


@pytest.mark.parametrize(
    "text", ['state_dir = "state"\n[[watch\n', 'state_dir = "state"  # here\nlanguage = en\n']
)
def test_a_broken_config_hides_no_daemon_that_runs(running, text):
    running.config.write_text(text, "utf-8")
    ran = running.sorad("status", "--json")
    assert ran.code == 1
    assert ran.json["daemon"]["running"] is True
    assert [code.partition(".")[0] for code in codes(ran.json)] == ["config"]


def test_of_a_folder_that_is_away_nothing_else_is_told(running):
    running.root("offline")
    unread = Problem("claim.cannot_read", "the note cannot be read", "Make it readable.")
    claim = {"path": running.vault, "state": "conflict", "buys": False, "owner": "", "since": None}
    running.ledger.remember("claims", [{**claim, "problem": unread.to_json()}])
    assert codes(running.sorad("status", "--json").json) == ["root.offline"]
    shutil.rmtree(running.vault)
    told = [one["code"] for one in running.sorad("doctor", "--offline", "--json").json["checks"]]
    assert "root.missing" in told
    assert "claim.cannot_read" not in told


def test_a_broken_config_without_a_daemon_is_both(house):
    house.config.write_text('state_dir = "state"\n[[watch\n', "utf-8")
    ran = house.sorad("status", "--json")
    assert ran.code == 3
    assert codes(ran.json)[0] == "daemon.not_running"
    assert codes(ran.json)[1].startswith("config.")


@pytest.mark.parametrize("text", ["state_dir = 3\n", 'state_dir = ""\n', 'state_dir = "$NOWHERE_SET/x"\n'])
def test_where_the_ledger_cannot_be_found_nobody_is_called_dead(running, text):
    running.config.write_text(text, "utf-8")
    ran = running.sorad("status")
    assert ran.code == 1
    assert "Whether sorad runs is not known" in ran.out
    assert str(running.config) in ran.out
    assert "daemon.not_running" not in codes(running.sorad("status", "--json").json)


def test_a_state_dir_that_may_not_be_read_is_said(house, monkeypatch):
    from pathlib import Path

    stat = Path.stat

    def refused(self, **options):
        if self.name == "ledger.sqlite3":
            raise PermissionError(13, "Permission denied", str(self))
        return stat(self, **options)

    monkeypatch.setattr(Path, "stat", refused)
    ran = house.sorad("status", "--json")
    assert ran.code == 1
    assert codes(ran.json) == ["ledger.unreadable"]
    assert ran.json["read"] is False
    assert "0.00" not in house.sorad("status").out  # of what nobody could read, nothing is told
    assert "Permission denied" in ran.json["problems"][0]["message"]


@pytest.mark.parametrize("alive", [True, False])
def test_a_ledger_of_a_newer_sorad_is_said(house, alive):
    import sqlite3

    house.started()
    with sqlite3.connect(house.state_dir / "ledger.sqlite3") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    if not alive:
        house.close()
        house._ledger = house._lock = None
    ran = house.sorad("status", "--json")
    assert ran.code == (1 if alive else 3)
    assert "ledger.newer" in codes(ran.json)


def test_a_daemon_that_has_just_begun_shows_the_folders_it_is_about_to_watch(running):
    for file in running.state_dir.glob("ledger*"):
        file.unlink()
    ran = running.sorad("status", "--json")
    assert ran.code == 0
    assert [(root["path"], root["state"]) for root in ran.json["roots"]] == [(running.vault, "starting")]
    assert "starting" in running.sorad("status").out


def test_a_daemon_whose_ledger_was_deleted_is_not_well(running, monkeypatch):
    monkeypatch.setattr(status, "START", 0.0)  # it has run for longer
    for file in running.state_dir.glob("ledger*"):
        file.unlink()
    ran = running.sorad("status", "--json")
    assert ran.code == 1
    assert codes(ran.json) == ["ledger.missing"]


class Hand:
    """What a person does at a terminal."""

    def __init__(self, terminal: int, process) -> None:
        self._terminal, self._process = terminal, process
        self.step, self.at, self.done = 0, 0.0, False

    def type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def resize(self, rows: int, columns: int) -> None:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def in_terminal(words, look=lambda out, hand: None) -> tuple[str, int]:
    """Run sorad on a pseudo-terminal of 80 columns; ``look`` sees all output so far, and has a hand in it."""
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": ""}
    for name in ("COLUMNS", "LINES"):
        env.pop(name, None)
    Hand(ours, None).resize(50, 80)
    process = subprocess.Popen(
        [sys.executable, "-m", "sorad", *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    hand = Hand(ours, process)
    seen = b""
    deadline = time.monotonic() + 120
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.1)[0]:
                look(seen.decode("utf-8", "replace"), hand)
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            seen += piece
            look(seen.decode("utf-8", "replace"), hand)
        return seen.decode("utf-8", "replace"), process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks for systemd's units")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_sorad_that_does_not_run_is_started_as_it_was_installed(house, lang):
    (take,) = house.takes(1)
    told = house.sorad("status", lang=lang).out
    assert f"`sorad run --config {house.config}`" in told
    note = house.home / "home" / "sorad" / "service.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"unit": "sorad.service", "config": str(house.config)}))
    command = "`systemctl --user start sorad.service`"
    for words in (["status"], ["show", str(take.id)], ["pause"]):
        assert command in house.sorad(*words, lang=lang).out.replace("\n", ""), words
    doctor = house.sorad("doctor", "--offline", "--json", lang=lang).json["checks"]
    assert command in next(one["fix"] for one in doctor if one["code"] == "daemon.not_running")
    note.write_text(json.dumps({"unit": "sorad.service", "config": "/another/config.toml"}))
    assert "systemctl" not in house.sorad("status", lang=lang).out


def test_without_a_config_status_leads_to_init_and_to_nothing_else(house, capsys):
    for words, code in ((["status"], 3), (["doctor", "--offline"], 1)):
        assert main(["--lang", "en", *words]) == code
        told = capsys.readouterr().out
        assert "`sorad init`" in told
        assert "`sorad run`" not in told
    main(["--lang", "en", "status", "--json"])
    assert codes(json.loads(capsys.readouterr().out)) == ["daemon.not_running"]


def test_money_that_a_provider_took_which_is_no_longer_in_the_config_is_told():
    def told(*currencies):
        sums = {"today": 0.5, "total": 2.0}
        spend = {
            "currency": "USD",
            "by_currency": {"USD": sums, "CNY": sums, "EUR": {"today": 0.0, "total": 0.0}},
        }
        return list(_other_money({"spend": spend, "providers": [{"currency": one} for one in currencies]}))

    assert told("USD") == ["0.50 CNY today, 2.00 CNY in all"]
    assert told("USD", "CNY") == []
