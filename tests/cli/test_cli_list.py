"""`sorad list` and `sorad show`."""

from __future__ import annotations

import pytest

from sorad.model import State
from sorad.problems import Problem

WHY = Problem("provider.server", "The server said {status}.", "Wait a while.", {"status": 502})
MEMBERS = [
    "id",
    "storyboard",
    "segment",
    "take",
    "state",
    "output",
    "remote_id",
    "request_id",
    "error",
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
