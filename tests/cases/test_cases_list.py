"""Lists of tasks that gateways give: what they do not prove is not sent again."""

from __future__ import annotations

import time
from typing import Any, Callable

import pytest
from case_play import Played
from daemon_stage import wait_for

from sorad.model import State

Play = Callable[..., Played]
LOST = {"status": 500, "body": {"error": {"message": "upstream timeout"}}}
BOUGHT = {"body": {"id": "{id}", "status": "queued"}}
DONE = {"body": {"id": "{id}", "status": "completed", "url": "http://{host}/files/a.mp4"}}


def rows(*times: int) -> list[dict[str, Any]]:
    """Tasks of a neighbour, made at these times."""
    return [
        {"id": f"old{at}", "status": "completed", "created_at": at, "prompt": f"a neighbour's {at}"}
        for at in times
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"data": rows(1_700_000_000, 1_700_000_010, 1_700_000_020)},
        {"data": rows(1_700_000_000, 1_700_000_010, 1_700_000_020), "has_more": True},
    ],
)
def test_a_list_that_shows_the_oldest_first_proves_nothing(play: Play, told: dict[str, Any]) -> None:
    script = {"create": [LOST, BOUGHT], "poll": [DONE], "list": [{"body": told}]}
    played = play(script, provider={"lists_tasks": True})
    played.once(code=1)
    assert len(played.simulator.accepted) == 1
    assert played.states() == {State.UNKNOWN: 1}


def test_a_list_that_asks_for_a_pause_of_a_day_is_read_at_our_own_pace(play: Play) -> None:
    slow = {"status": 429, "headers": {"Retry-After": "86400"}, "body": {"error": {"message": "slow down"}}}
    played = play({"create": [LOST], "poll": [DONE], "list": [slow]}, provider={"lists_tasks": True})
    played.run()
    wait_for(
        lambda: [take for take in played.takes(State.UNKNOWN) if take.error and "slow" in take.error.text()]
    )
    (take,) = played.takes(State.UNKNOWN)
    assert take.due_at < time.time() + 310


def test_a_paid_take_that_cannot_be_asked_after_is_told(play: Play) -> None:
    broken = {"status": 502, "body": {"error": {"message": "database away"}}}
    played = play({"create": [BOUGHT], "poll": [broken]}, polling={"first_after": 0.05, "every": 0.02})
    played.run()
    wait_for(lambda: "provider.server" in played.problems())
    assert played.states() == {State.GENERATING: 1}
