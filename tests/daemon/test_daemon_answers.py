"""The real program before gateways that answer creates wrongly: how often it buys, and what it tells the user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from daemon_stage import Stage

from sorad.model import State
from sorad.simulator.script import parse

Set = Callable[..., Stage]

CASES = Path(__file__).parents[1] / "samples" / "api"
GATEWAY = {"kind": "openai_videos", "model": "sim-1", "seconds": [10], "price_per_take": 0.5}
NATIVE = {"kind": "sora_hk"}

DO_REQUEST = {"code": "do_request_failed", "message": "do request failed: EOF", "data": None}
NO_ID = {
    "code": "success",
    "message": "已提交到渠道",
    "data": {"status": "submitted", "token": "s3cret-token"},
}


def case(name: str) -> Any:
    """A script of the samples."""
    return json.loads((CASES / f"{name}.json").read_text("utf-8"))


def answering(*creates: dict[str, Any]) -> Any:
    """A script that answers creates so, one after the other."""
    return {"create": creates, "poll": [{"body": {"id": "{id}", "status": "completed"}}]}


def at(set_stage: Set, script: Any, provider: dict[str, Any], **more: Any) -> Stage:
    """A user of a provider that plays the script."""
    stage = set_stage(script=parse(json.dumps(script)))
    stage.configure(provider={**provider, **more})
    return stage


@pytest.mark.parametrize(
    "script",
    [
        case("F1_408_create_accepted"),
        case("F1_500_create_accepted_no_list"),
        answering({"status": 409, "body": {"message": "task already exists"}}),
    ],
    ids=["408", "500", "409"],
)
def test_what_is_no_refusal_is_bought_once_and_then_asked_of_the_user(set_stage: Set, script: Any) -> None:
    stage = at(set_stage, script, GATEWAY)
    stage.drop("storyboard.json", "one")
    stage.cli("once", code=1)
    assert len(stage.simulator.accepted) == 1
    assert stage.states() == {State.UNKNOWN: 1}
    stage.cli("once", code=1)
    assert len(stage.simulator.accepted) == 1


def test_the_user_may_know_that_it_is_a_refusal(set_stage: Set) -> None:
    refused = {"status": 500, "accept": False, "body": DO_REQUEST}
    script = answering(refused, refused, {"body": {"id": "{id}", "status": "queued"}})
    stage = at(set_stage, script, GATEWAY, refusals=["do_request_failed"])
    stage.drop("storyboard.json", "one")
    stage.cli("once")
    assert len(stage.simulator.accepted) == 1
    assert stage.states() == {State.DONE: 1}
    assert len(stage.videos()) == 1


@pytest.mark.parametrize(
    ("name", "provider"), [("F4_create_id_in_list", GATEWAY), ("F13_native_status_done", NATIVE)]
)
def test_the_video_of_an_answer_in_another_shape_is_delivered(
    set_stage: Set, name: str, provider: Any
) -> None:
    stage = at(set_stage, case(name), provider)
    stage.drop("storyboard.json", "one")
    stage.cli("once")
    assert stage.states() == {State.DONE: 1}
    assert len(stage.videos()) == 1


PAGE = answering({"status": 405, "accept": False, "body": "<html><title>405 Not Allowed</title></html>"})


@pytest.mark.parametrize(
    ("script", "code", "english", "chinese"),
    [
        (case("F12_401_token_quota"), "provider.quota", "No quota is left at the gateway", "额度已用完"),
        (case("F12_403_cloudflare"), "provider.challenge", "challenge page", "人机验证"),
        (PAGE, "provider.page", "Check base_url", "请检查 [provider] 里的 base_url"),
    ],
    ids=["quota", "challenge", "page"],
)
@pytest.mark.parametrize("provider", [GATEWAY, NATIVE], ids=["gateway", "native"])
def test_what_stops_buying_is_called_by_its_name(
    set_stage: Set, provider: Any, script: Any, code: str, english: str, chinese: str
) -> None:
    stage = at(set_stage, script, provider)
    stage.drop("storyboard.json", "one", "two", "three")
    assert english in stage.cli("once", code=1).out()
    assert chinese in stage.cli("once", code=1, lang="zh").out()
    assert stage.simulator.accepted == []
    assert stage.states() == {State.QUEUED: 3}
    problems = stage.problems()
    assert code in problems
    assert "provider.key" not in problems


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_answer_that_is_not_understood_stops_buying_and_is_kept(set_stage: Set, lang: str) -> None:
    stage = at(set_stage, answering({"body": NO_ID}, {"body": {"result": {"no": "{id}"}}}), GATEWAY)
    stage.drop("storyboard.json", "one", "two", "three")
    shown = stage.cli("once", code=1, lang=lang).out()
    assert len(stage.simulator.accepted) == 1
    assert stage.states() == {State.UNKNOWN: 1, State.QUEUED: 2}
    for told in ("已提交到渠道", "id_paths", "sorad resume"):
        assert told in shown
    (take,) = stage.takes(State.UNKNOWN)
    kept = stage.cli("show", str(take.id), lang=lang).out()
    assert '"status": "submitted"' in kept
    assert "s3cret-token" not in kept
    assert "provider.unreadable" in stage.problems()
    # Where ids are is told: buying goes on, though that one take still waits for the user.
    stage.configure(provider={**GATEWAY, "id_paths": ["result.no"]})
    stage.cli("once", code=1)
    assert "provider.unreadable" not in stage.problems()
    assert stage.states() == {State.UNKNOWN: 1, State.DONE: 2}
