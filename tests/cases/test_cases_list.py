"""Lists of tasks that gateways give: what they do not prove is not sent again."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from case_play import Played

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
