"""Where gateways put the address of a finished video: it is found, and the video delivered."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from case_play import CASES, Played, script_of

from sorad.files.mp4 import check_mp4

Play = Callable[..., Played]


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.json")))
def test_every_case_is_a_script(case: str) -> None:
    assert script_of(case).answers["create"]


@pytest.mark.parametrize("urls", ["url", "video_url"])
def test_a_scripted_server_sells_a_video(play: Play, urls: str) -> None:
    create: dict[str, Any] = {"body": {"id": "{id}", "status": "queued"}}
    video = {"id": "{id}", "status": "completed", urls: "http://{host}/files/a.mp4"}
    played = play(
        {"create": [create], "poll": [{"body": {"id": "{id}", "status": "queued"}}, {"body": video}]}
    )
    played.once()
    [take] = played.takes()
    [output] = played.videos()
    assert take.output == str(output)
    assert check_mp4(output) is None
    assert len(played.simulator.accepted) == 1
    assert played.simulator.stats()["requests"]["create"] == 1
