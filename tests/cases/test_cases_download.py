"""Where gateways put the address of a finished video: it is found, and the video delivered."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from case_play import CASES, Played, script_of
from daemon_stage import wait_for

from sorad.files.mp4 import check_mp4
from sorad.model import State

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
    assert delivered(played) == 1
    assert len(played.simulator.accepted) == 1
    assert played.simulator.stats()["requests"]["create"] == 1


@pytest.mark.parametrize(
    ("case", "kind"),
    [("F3_qnaigc_nested_url", "openai_videos"), ("F13_native_status_done", "sora_hk")],
)
def test_the_video_is_delivered(play: Play, case: str, kind: str) -> None:
    played = play(case, kind)
    played.once()
    assert delivered(played) == 1
    assert len(played.simulator.accepted) == 1


def delivered(played: Played) -> int:
    """How many whole videos lie where their takes belong."""
    outputs = [take.output for take in played.takes(State.DONE)]
    assert outputs == [str(path) for path in played.videos()]
    assert [check_mp4(path) for path in played.videos()] == [None] * len(outputs)
    return len(outputs)


UNNAMED = {"id": "{id}", "status": "completed", "films": [{"link": "http://{host}/files/a.mp4"}]}
NATIVE = {"code": 200, "data": {"task_id": "{id}", **UNNAMED}}


@pytest.mark.parametrize(
    ("kind", "poll", "path"),
    [("openai_videos", UNNAMED, "films.0.link"), ("sora_hk", NATIVE, "data.films.0.link")],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_where_no_address_is_known_the_user_is_told_and_can_name_it(
    play: Play, kind: str, poll: Any, path: str, lang: str
) -> None:
    script = {
        "create": [{"body": {"id": "{id}", "code": 200, "data": {"task_id": "{id}"}}}],
        "poll": [{"body": poll}],
        "content": [{"status": 404, "body": {"error": {"message": "404 page not found"}}}],
    }
    played = play(script, kind)
    played.once(code=1, lang=lang)
    assert played.videos() == []
    told = played.cli("status", code=3, lang=lang).out()
    assert path in told
    assert "video_url_paths" in told
    played.reconfigure(video_url_paths=[path])
    played.once(lang=lang)
    assert delivered(played) == 1
    assert len(played.simulator.accepted) == 1


def test_one_address_is_no_mp4_and_the_next_is_tried(play: Play) -> None:
    # The share page is what the gateway calls the video; the file lies elsewhere in the answer.
    places = {"video_url": "http://{host}/v1/share", "output": ["http://{host}/files/a.mp4"]}
    script = {
        "create": [{"body": {"id": "{id}", "status": "queued"}}],
        "poll": [{"body": {"id": "{id}", "status": "completed", **places}}],
        "content": [{"status": 200, "body": "<html>a page</html>"}],
    }
    played = play(script)
    played.once()
    assert delivered(played) == 1
    assert played.simulator.stats()["requests"]["poll"] == 1


def test_a_paid_task_that_is_not_known_twice_in_a_row_is_told(play: Play) -> None:
    script = {
        "create": [{"body": {"id": "{id}", "status": "queued"}}],
        "poll": [{"status": 404, "body": {"error": {"message": "Video not found"}}}] * 6
        + [{"body": {"id": "{id}", "status": "completed", "url": "http://{host}/files/a.mp4"}}],
    }
    played = play(script)
    played.run()
    told = wait_for(lambda: played.problems().get("provider.missing"))
    assert "Video not found" in told
    assert played.takes()[0].state is State.GENERATING
    played.wait_states(done=1)
    wait_for(lambda: "provider.missing" not in played.problems())
