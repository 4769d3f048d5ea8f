"""`sorad list` and `sorad show`."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

from sorad.cli.look.list import lines
from sorad.cli.shared.columns import width
from sorad.clock import iso
from sorad.ledger.values import Change
from sorad.model import State
from sorad.problems import Problem
from sorad.simulator.mp4 import labels_of, movie
from sorad.units import format_size

WHY = Problem("provider.server", "The server said {status}.", "Wait a while.", {"status": 502})
MEMBERS = [
    "id",
    "storyboard",
    "segment",
    "take",
    "state",
    "output",
    "remote_id",
    "reused",
    "request_id",
    "provider",
    "model",
    "error",
    "chosen",
    "flaws",
    "wanted",
    "cost",
    "created_at",
    "updated_at",
]


def test_json_has_exactly_the_documented_members(house):
    (take,) = house.takes(1, State.GENERATING, cost=250_000, request_id="req-9")
    (shown,) = house.sorad("list", "--json").json
    assert list(shown) == MEMBERS
    assert shown["id"] == take.id
    assert shown["storyboard"] == take.storyboard
    assert (shown["segment"], shown["take"], shown["state"]) == (1, 1, "generating")
    assert shown["output"] == take.output
    assert (shown["remote_id"], shown["request_id"]) == ("task-1", "req-9")
    assert shown["error"] is None
    assert shown["cost"] == 0.25
    assert shown["created_at"].endswith("Z")


def test_what_is_not_known_is_null(house):
    house.takes(1)
    (shown,) = house.sorad("list", "--json").json
    assert [shown[name] for name in ("remote_id", "request_id", "error", "cost")] == [None] * 4


def test_an_error_is_told_in_the_language_in_force(house):
    house.takes(1, State.FAILED, error=Problem("x", "is missing: {name}", "Wait.", {"name": "a"}))
    (shown,) = house.sorad("list", "--json").json
    assert shown["error"] == {"code": "x", "message": "is missing: a", "fix": "Wait."}


def test_no_takes_is_an_empty_array(house):
    house.ledger  # noqa: B018
    assert house.sorad("list", "--json").json == []
    ran = house.sorad("list")
    assert (ran.code, ran.out) == (0, "")


def test_states_and_storyboards_choose(house):
    failed = house.takes(2, State.FAILED, error=WHY, name="a/storyboard.json")
    queued = house.takes(3, name="b/storyboard.json")
    held = house.takes(1, State.HELD, name="b/deep/storyboard.json")

    def ids(*words: str) -> list[int]:
        return [take["id"] for take in house.sorad("list", "--json", *words).json]

    assert ids() == [take.id for take in failed + queued + held]
    assert ids("--state", "failed") == [take.id for take in failed]
    assert ids("--state", "failed", "--state", "held") == [take.id for take in failed + held]
    assert ids("--storyboard", queued[0].storyboard) == [take.id for take in queued]
    assert ids("--storyboard", f"{house.vault}/b") == [take.id for take in queued + held]
    assert ids("--storyboard", f"{house.vault}/b/../a") == [take.id for take in failed]
    assert ids("--storyboard", "/elsewhere") == []


def test_a_storyboard_may_be_named_from_the_working_folder(house, monkeypatch):
    house.takes(2)
    monkeypatch.chdir(house.vault)
    assert len(house.sorad("list", "--json", "--storyboard", "storyboard.json").json) == 2


@pytest.mark.parametrize(("lang", "state"), [("en", "failed"), ("zh", "失败")])
def test_lines_for_people_are_in_their_language(house, lang, state):
    (take,) = house.takes(1, State.FAILED, error=WHY)
    out = house.sorad("list", lang=lang).out
    assert state in out
    assert take.output in out
    assert "502" in out


def test_json_stays_json_whatever_the_console_can_show(house):
    import subprocess
    import sys

    house.takes(1, State.FAILED, error=Problem("x", "说：{said}", "", {"said": "不行\ud800"}))
    for encoding in ("ascii", "utf-8"):
        ran = subprocess.run(
            [sys.executable, "-m", "sorad", "--config", str(house.config), "list", "--json"],
            capture_output=True,
            env={**__import__("os").environ, "PYTHONIOENCODING": encoding},
        )
        (shown,) = __import__("json").loads(ran.stdout.decode(encoding))
        assert "不行" in shown["error"]["message"]


# --- show -------------------------------------------------------------------------------------------------


def test_show_tells_the_whole_history(house):
    (take,) = house.takes(1, State.FAILED, error=WHY, request_id="req-7")
    shown = house.sorad("show", str(take.id), "--json").json
    assert [name for name in MEMBERS if name not in shown] == []
    assert shown["request"]["prompt"] == "a cat walks, 1"
    assert [event["state"] for event in shown["history"]][-2:] == ["submitting", "failed"]
    assert shown["history"][-1]["error"]["message"] == "The server said 502."


@pytest.mark.parametrize(
    ("lang", "words"), [("en", ("prompt", "failed", "Wait")), ("zh", ("提示词", "失败"))]
)
def test_show_for_people(house, lang, words):
    (take,) = house.takes(1, State.FAILED, error=WHY)
    out = house.sorad("show", str(take.id), lang=lang).out
    for word in (*words, "a cat walks, 1", take.storyboard, "502"):
        assert word in out


def test_a_take_that_is_not_there(house):
    house.takes(1)
    ran = house.sorad("show", "99")
    assert ran.code == 1
    assert "There is no take 99." in ran.err


# --- on a screen, and what comes next ---------------------------------------------------------------------


def test_the_last_so_many(house):
    takes = house.takes(9)
    assert [take["id"] for take in house.sorad("list", "--json", "-n", "3").json] == [
        take.id for take in takes[-3:]
    ]
    assert house.sorad("list", "-n", "0").code == 2


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_lines_fit_a_terminal_and_keep_the_end_of_the_path(house, columns):
    (take,) = house.takes(
        1, State.FAILED, error=Problem("x", "此内容可能违反相关规定。" * 9), name="第一集/storyboard.json"
    )
    shown = list(lines(take, columns))
    assert len(shown) == 2
    assert all(width(text) <= columns for text in shown)
    assert shown[0].endswith("/1.mp4")
    assert shown[1].strip().startswith("此内容")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_states_are_columns_whatever_the_language(house, lang):
    house.takes(1, State.FAILED, error=WHY, name="a/storyboard.json")
    house.takes(1, State.GENERATING, name="b/storyboard.json")
    shown = house.sorad("list", lang=lang).out.splitlines()
    assert len({width(text[: text.index("1_v1")]) for text in shown}) == 1


NEXT = {
    "queued": (State.QUEUED, {}, "as soon as a slot is free", ""),
    "held": (State.HELD, {"error": Problem("budget.price", "dear")}, "waits for you", "`sorad approve 1`"),
    "tomorrow": (
        State.HELD,
        {"error": Problem("budget.day", "spent")},
        "next day's budget",
        "`sorad approve 1`",
    ),
    "looked up": (State.UNKNOWN, {"error": WHY}, "list of tasks is searched", ""),
    "in doubt": (
        State.UNKNOWN,
        {"error": Problem("take.unknown", "?")},
        "waits for you",
        "resolve 1 --adopt",
    ),
    "generating": (State.GENERATING, {}, "asked how it stands", ""),
    "downloading": (State.DOWNLOADING, {}, "video is fetched", ""),
    "failed": (State.FAILED, {"error": WHY}, "Nothing by itself", "`sorad retry 1`"),
    "missing": (
        State.DONE,
        {"error": Problem("delivery.missing", "gone")},
        "Nothing by itself",
        "`sorad retry 1`",
    ),
    "done": (State.DONE, {}, "delivered", ""),
    "cancelled": (State.CANCELLED, {}, "not wanted", ""),
}


@pytest.mark.parametrize("name", NEXT)
def test_show_tells_what_comes_next_and_whose_turn_it_is(house, name):
    state, members, message, fix = NEXT[name]
    house.started()
    (take,) = house.takes(1, state, **members)
    told = house.sorad("show", str(take.id), "--json").json["next"]
    assert message in told["message"]
    assert fix in told["fix"]
    assert message in house.sorad("show", str(take.id)).out


@pytest.mark.parametrize(
    ("key", "message", "fix"),
    [
        ("paused", "after the pause", "sorad resume"),
        ("halt", "once buying goes on", "sorad status"),
        ("stops", "once buying goes on", "sorad status"),
    ],
)
def test_show_tells_why_a_queued_take_is_not_bought(house, key, message, fix):
    house.started()
    (take,) = house.takes(1)
    house.ledger.remember(key, {"since": 1.7e9})
    told = house.sorad("show", str(take.id), "--json").json["next"]
    assert message in told["message"]
    assert fix in told["fix"]


def test_without_a_daemon_nothing_comes_next(house):
    queued, *_rest = house.takes(1)
    (failed,) = house.takes(1, State.FAILED, error=WHY, name="b/storyboard.json")
    assert "not running" in house.sorad("show", str(queued.id), "--json").json["next"]["message"]
    assert "sorad retry" in house.sorad("show", str(failed.id), "--json").json["next"]["fix"]


def test_show_tells_when_it_is_due_and_when_it_will_be_ready(house):
    import time

    house.started()
    for take in house.takes(3, State.GENERATING, name="a/storyboard.json", accepted_at=time.time() - 300):
        house.drive(take, State.DONE)
    due = time.time() + 20
    (take,) = house.takes(1, State.GENERATING, due_at=due)
    shown = house.sorad("show", str(take.id), "--json").json["next"]
    assert shown["at"] == iso(due)
    assert 290 < parse(shown["expected"]) - time.time() < 310
    assert "Ready about" in house.sorad("show", str(take.id)).out


def test_show_tells_of_the_file_its_receipt_and_every_purchase(house):
    (take,) = house.takes(1, State.GENERATING)
    take = house.drive(take, State.FAILED)
    video = house.home / "out" / "1_v1.mp4"
    video.parent.mkdir()
    take = house.ledger.record(take, Change(State.QUEUED, "retry", remote_id="", output=str(video)), 1.0)
    take = house.drive(take, State.GENERATING, remote_id="task-again", cost=300_000)
    shown = house.sorad("show", str(take.id), "--json").json
    assert (shown["size"], shown["receipt"], shown["creates"]) == (None, None, 2)
    assert [one["remote_id"] for one in shown["purchases"]] == ["task-1", "task-again"]
    assert "not there" in house.sorad("show", str(take.id)).out
    video.write_bytes(b"x" * 1500)
    video.with_suffix(".json").write_text("{}")
    shown = house.sorad("show", str(take.id), "--json").json
    assert (shown["size"], shown["receipt"]) == (1500, str(video.with_suffix(".json")))
    out = house.sorad("show", str(take.id)).out
    for word in ("task-again", "task-1", "0.30 USD", format_size(1500), str(video)):
        assert word in out
    assert shown["labels"] is None


def test_show_tells_of_the_labels_in_a_video(house):
    video = house.home / "1.mp4"
    (take,) = house.takes(1, State.DONE, output=str(video))
    film = movie(
        "task-9", "x", seconds=1, orientation="horizontal", size=20_000, labels=labels_of("both", "task-9")
    )
    video.write_bytes(film.bytes())
    labels = house.sorad("show", str(take.id), "--json").json["labels"]
    assert json.loads(labels["aigc"][0])["ProduceID"] == "task-9"
    assert labels["c2pa"] is True
    out = house.sorad("show", str(take.id)).out
    assert '"ProduceID": "task-9"' in out
    assert "C2PA manifest, not checked" in out
    video.unlink()
    assert house.sorad("show", str(take.id), "--json").json["labels"] is None


def parse(text: str) -> float:
    from datetime import datetime

    return datetime.strptime(text.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z").timestamp()


def test_of_what_waits_for_you_no_time_is_told(house):
    house.started()
    members = {"error": Problem("take.unknown", "Was it bought?"), "due_at": time.time() + 86_400}
    (take,) = house.takes(1, State.UNKNOWN, **members)
    assert "may it have been bought? `sorad" in house.sorad("show", str(take.id)).out


def test_missing_and_old_ones_can_be_asked_for(house):
    first, second, _third = house.takes(3, State.DONE)
    gone = Problem("take.missing", "The video is no longer there.")
    with sqlite3.connect(house.state_dir / "ledger.sqlite3") as db:
        db.execute("UPDATE takes SET error = ? WHERE id = ?", (gone.to_json(), first.id))
        db.execute("UPDATE takes SET wanted = 0 WHERE id = ?", (second.id,))
    assert [one["id"] for one in house.sorad("list", "--missing", "--json").json] == [first.id]
    assert [one["id"] for one in house.sorad("list", "--old", "--json").json] == [second.id]
    assert [one["wanted"] for one in house.sorad("list", "--json").json] == [True, False, True]
    assert "of an earlier text" in house.sorad("list").out
    assert "an earlier one of its segment" in house.sorad("show", str(second.id)).out
    board = house.ledger.storyboard_at(second.storyboard)
    house.ledger.withdraw(
        board.id, "invalid", time.time()
    )  # whether the text is another one by now is not known
    assert "of an earlier text" not in house.sorad("list").out
    assert house.sorad("list", "--old", "--json").json == []


def test_flawed_videos_are_listed_with_what_is_wrong(house):
    good, bad, unseen = house.takes(3, State.DONE, finished_at=1.0)
    checks = '{"width": 320, "height": 240, "length": 9.0, "rate": 24, "codec": "hevc", "pixels": "", "flaws": [%s]}'
    flaw = '{"kind": "black", "from": 0.0, "to": 2.5}'
    for take, found in ((good, checks % ""), (bad, checks % flaw)):
        house.ledger.record(take, Change(State.DONE, "checked", checks=found), 1.0)
    assert [one["id"] for one in house.sorad("list", "--flawed", "--json").json] == [bad.id]
    (shown,) = house.sorad("list", "--flawed").out.splitlines()
    assert shown.endswith("black from 0.0 s to 2.5 s")
    listed = {one["id"]: one["flaws"] for one in house.sorad("list", "--json").json}
    told = {"kind": "black", "from": 0.0, "to": 2.5, "message": "black from 0.0 s to 2.5 s"}
    assert listed == {good.id: [], bad.id: [told], unseen.id: None}
    card = house.sorad("show", str(bad.id)).out
    assert "320x240 · 9.0 s · 24 fps" in card
    assert "black from" in card
    assert "none found" in house.sorad("show", str(good.id)).out
