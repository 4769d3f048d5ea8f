"""Refusals that say more than a refusal: what they quote of the prompt, and tasks that they name."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from case_play import Played

from sorad.model import State

Play = Callable[..., Played]
BOUGHT = {"body": {"id": "{id}", "status": "queued"}}
DONE = {"body": {"id": "{id}", "status": "completed", "url": "http://{host}/files/a.mp4"}}


@pytest.mark.parametrize(
    "prompt",
    [
        "insufficient balance on her card, and she cries",
        "model not found in the shop, the model is gone",
        "too many requests on the desk of the clerk",
        "余额不足的提示在屏幕上闪烁，他叹了口气",
    ],
)
def test_a_prompt_that_is_quoted_is_no_cause(play: Play, prompt: str) -> None:
    error = {"message": f"The prompt is not allowed: {prompt[:36]}", "type": "invalid_request_error"}
    refused = {"status": 400, "accept": False, "body": {"error": error}}
    played = play({"create": [refused, BOUGHT], "poll": [DONE]}, prompts=(prompt,))
    played.once(code=1)
    assert played.states() == {State.FAILED: 1}  # and not waiting for a top-up, or another model
    assert played.simulator.stats()["requests"]["create"] == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, {"message": "held by moderation", "task_id": "{id}"}),
        (402, {"message": "pay for it: task_id={id}"}),
        (401, {"message": "no", "details": {"taskId": "{id}"}}),
    ],
)
@pytest.mark.parametrize("kind", ["openai_videos", "sora_hk"])
def test_a_refusal_that_names_a_task_is_none(play: Play, status: int, error: Any, kind: str) -> None:
    played = play({"create": [{"status": status, "body": {"error": error}}], "poll": [DONE]}, kind)
    played.once(code=1)
    assert played.states() == {State.UNKNOWN: 1}
    assert len(played.simulator.accepted) == 1


def test_a_key_that_may_not_list_may_buy(play: Play) -> None:
    script = {
        "create": [{"status": 500, "body": {"error": {"message": "x"}}}, BOUGHT],
        "poll": [DONE],
        "list": [{"status": 403, "body": {"error": {"message": "Missing scopes: videos.read"}}}],
    }
    played = play(script, prompts=("a fox on the ice", "a wolf in the snow"), provider={"lists_tasks": True})
    played.once(code=1)
    assert played.states() == {State.UNKNOWN: 1, State.DONE: 1}
    assert len(played.simulator.accepted) == 2


@pytest.mark.parametrize("odd", [1.5, 0.0])
def test_a_fraction_is_no_id(play: Play, odd: float) -> None:
    played = play({"create": [{"body": {"id": odd, "status": "queued"}}], "poll": [DONE]})
    played.once(code=1)
    assert played.states() == {State.UNKNOWN: 1}
