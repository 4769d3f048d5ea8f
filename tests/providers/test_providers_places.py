"""Where finished videos and their statuses stand in answers: two tables for all formats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.config.model import ProviderConfig
from sorad.providers.answers import statuses, video_urls
from sorad.providers.base import Fault, Finished, Missing, Running, TaskFailed, Video
from sorad.providers.openai_videos import answers as openai_answers
from sorad.providers.openai_videos.answers import Paths
from sorad.providers.sora_hk import answers as sora_hk_answers
from sorad.providers.wire.answer import Answer

V = "https://cdn.test/v.mp4"
CONTENT = "https://api.test/v1/videos/v/content"
PLACES: dict[str, Any] = {
    "task_result.videos[].url": {"task_result": {"videos": [{"id": "v1", "url": V, "duration": "5.0"}]}},
    "output.video_url": {"output": {"task_status": "SUCCEEDED", "video_url": V}},
    "content.video_url": {"content": {"video_url": V, "last_frame_url": "https://cdn.test/l.png"}},
    "data[].url": {"data": [{"url": V}]},
    "video.url": {"video": {"url": V, "duration": 6}},
    "result.video_url": {"result": {"video_url": V}},
    "result.video.url": {"result": {"video": {"url": V}}},
    "result as text": {"result": V},
    "download_url": {"download_url": V},
    "downloadUrl": {"data": {"downloadUrl": V}},
    "uri": {"video": {"uri": V}},
    "output as text": {"output": V},
    "output as list": {"output": [V]},
    "output as list of objects": {
        "output": [{"type": "image", "url": "https://cdn.test/i"}, {"type": "video", "url": V}]
    },
    "urls": {"urls": [V]},
    "creations": {"creations": [{"id": "1", "url": V, "cover_url": "https://cdn.test/c.jpg"}]},
    "content as parts": {
        "content": [
            {"type": "image_url", "image_url": {"url": "https://cdn.test/i.png"}},
            {"type": "video_url", "video_url": {"url": V}},
        ]
    },
    "data.data.content": {
        "code": "success",
        "data": {"status": "SUCCESS", "data": {"content": {"video_url": V}}},
    },
    "metadata.url": {"metadata": {"url": V}},
    "a task type": {"type": "text_to_video", "result_url": V},
    "outputs": {
        "data": {"outputs": [{"type": "video", "url": V, "watermark_url": "https://cdn.test/w.mp4"}]}
    },
    "video_result": {"video_result": [{"cover_image_url": "https://cdn.test/c", "url": V}]},
    "videoUrl": {"data": {"task_info": {}, "result": {"videoUrl": V}}},
}


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def both(body: dict[str, Any], **more: Any) -> list[Any]:
    """What the two formats make of it; the native one as the ``data`` of its own wrapper."""
    config = ProviderConfig(kind="openai_videos", **more)
    native = answer({"code": 200, "message": "ok", "data": body})
    return [
        openai_answers.after_poll(answer({"id": "v", **body}), Paths.of(config), CONTENT),
        sora_hk_answers.after_poll(native, tuple(f"data.{path}" for path in config.video_url_paths)),
    ]


@pytest.mark.parametrize("place", PLACES)
def test_an_address_is_found_in_every_known_place_in_both_formats(place: str) -> None:
    for found in both({"status": "completed", **PLACES[place]}):
        assert isinstance(found, Finished), found
        assert found.video.url == V


@pytest.mark.parametrize(
    "name", ["cover", "thumbnail", "image", "last_frame", "first_frame", "poster", "input", "error"]
)
@pytest.mark.parametrize("member", ["url", "video_url", "uri"])
def test_no_address_of_something_else_is_taken(name: str, member: str) -> None:
    for inner in ({member: V}, [{member: V}], V):
        for body in ({name: inner}, {"data": {name: inner}}, {"result": {f"{name}_url": V}}):
            openai, native = both({"status": "completed", **body})
            assert isinstance(openai, Finished)
            assert (openai.video.url, openai.video.others) == (CONTENT, ())
            assert isinstance(native, Fault)


def test_several_addresses_are_tried_the_surest_first_and_pictures_last() -> None:
    body = {
        "status": "completed",
        "url": "https://page.test/share",
        "output": ["https://cdn.test/frame.jpg?x=1", V],
        "result": {"video_url": "https://cdn.test/best.mp4"},
    }
    openai, native = both(body)
    urls = ["https://cdn.test/best.mp4", V, "https://page.test/share", "https://cdn.test/frame.jpg?x=1"]
    assert chain(openai.video) == [*urls, CONTENT]
    assert chain(native.video) == urls


def chain(video: Video | None) -> list[str]:
    found = []
    while video is not None:
        found.append(video.url)
        video = video.next()
    return found


def test_what_the_config_names_comes_first() -> None:
    body = {"status": "completed", "url": "https://page.test/share", "cover": {"film": V}}
    for found in both(body, video_url_paths=("cover.film",)):
        assert found.video.url == V


def test_an_address_without_a_host_is_read_against_the_provider_s() -> None:
    [found] = video_urls.addresses({"url": "/files/v.mp4"}, base=CONTENT)
    assert found == "https://api.test/files/v.mp4"
    assert video_urls.addresses({"data": "/9j/4AAQSkZJRgABAQ"}, base=CONTENT) == []  # a picture in base64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v.mp4",
        "ftp://cdn.test/v",
        "file:///etc/passwd",
        "http://",
        "https://[",
        "https://x/\na",
        "https://x/" + "a" * 9_000,
        7,
        True,
        None,
    ],
)
def test_what_is_no_address_is_none(text: Any) -> None:
    assert video_urls.addresses({"url": text, "videos": [{"url": text}]}, base=CONTENT) == []


# --- statuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["done", "finished", "Success", "SUCCEED", "TASK_STATUS_SUCCEED", "已完成", "COMPLETED"]
)
def test_words_for_finished_are_one_table(word: str) -> None:
    assert all(isinstance(found, Finished) for found in both({"status": word, "url": V}))


@pytest.mark.parametrize(
    "word", ["fail", "failed", "FAILURE", "error", "canceled", "expired", "rejected", "失败"]
)
def test_words_for_failed_are_one_table(word: str) -> None:
    assert all(isinstance(found, TaskFailed) for found in both({"status": word, "url": V, "progress": 100}))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": "success", "data": {"status": "processing"}}, "running"),
        ({"status": "SUCCESS", "data": {"status": "SUCCESS", "data": {"status": "failed"}}}, "failed"),
        ({"status": "failed", "data": [{"task_status": "succeed"}]}, "completed"),
        ({"status": "processing", "output": {"task_status": "SUCCEEDED"}}, "completed"),
        ({"status": "completed", "data": {"status": "whatever"}}, "completed"),
        ({"status": "whatever"}, "running"),
        ({"state": "completed"}, "completed"),
        ({"status": "queued", "metadata": {"status": "completed"}, "input": {"status": "failed"}}, "running"),
        ({"status": {"a": 1}, "data": {"status": None}}, ""),
        ([{"status": "done"}], "completed"),
        ("done", ""),
    ],
)
def test_the_innermost_status_counts(body: Any, status: str) -> None:
    assert statuses.status_of(body) == status


@pytest.mark.parametrize("word", ["running", "processing", "uploading", ""])
def test_an_address_at_100_percent_is_not_running(word: str) -> None:
    body = {"status": word, "progress": "100%", "video_url": V}
    assert all(isinstance(found, Finished) for found in both(body))
    assert all(isinstance(found, Running) for found in both({**body, "progress": 99}))
    assert all(isinstance(found, Running) for found in both({**body, "video_url": ""}))


# --- no address -----------------------------------------------------------------------------------------


def test_where_no_address_is_known_the_keys_of_the_answer_are_named() -> None:
    body = {"status": "completed", "progress": 100, "films": [{"link": V, "seconds": 5}]}
    openai, native = both(body)
    for problem, prefix in ((openai.video.guessed, ""), (native.problem, "data.")):
        assert problem.code == "provider.no_address"
        assert f"has: {prefix}films.0.link, " in problem.text()
        assert "status" in problem.text()
        assert "video_url_paths" in problem.fix_text()
        assert V not in str(problem)


def test_a_path_that_was_named_so_finds_the_address() -> None:
    body = {"status": "completed", "films": [{"link": V}]}
    [path] = [path for path in video_urls.keys_of(body) if path.endswith("link")]
    assert video_urls.addresses(body, [path]) == [V]


# --- hostile answers ------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "data",
        "result",
        "output",
        "video",
        "videos",
        "url",
        "video_url",
        "status",
        "state",
        "progress",
        "type",
        "id",
        "task_result",
        "content",
        "metadata",
        "error",
        "code",
        "cover",
        "\x1b[31m",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from([V, "completed", "failed", "100%", "http://[", "//x", "/", "https://" + "a" * 300])
)
HOSTILE = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=60,
)


@given(HOSTILE)
def test_no_answer_makes_reading_raise(body: Any) -> None:
    found = video_urls.addresses(body, ("data.0.url", "", "..", "url"), CONTENT)
    assert len(found) <= video_urls.MOST
    assert all(address.startswith(("http://", "https://")) for address in found)
    assert len(video_urls.keys_of(body)) <= 30
    assert statuses.status_of(body, (), found) in ("", "running", "completed", "failed")
    for came in (answer(body), answer({"code": 200, "data": body})):
        for seen in (
            openai_answers.after_poll(came, Paths.of(ProviderConfig(kind="openai_videos")), CONTENT),
            sora_hk_answers.after_poll(came, (), CONTENT),
        ):
            assert isinstance(seen, (Finished, Running, TaskFailed, Missing, Fault))


def test_depth_breadth_and_length_are_bounded() -> None:
    deep: Any = {"url": V}
    for _level in range(900):
        deep = {"data": deep, "videos": [deep]} if _level < 3 else {"data": deep}
    wide = {"data": [{"videos": [{"url": f"{V}?{number}"} for number in range(3_000)]}] * 3_000}
    many = {f"k{number}": {f"j{other}": number for other in range(300)} for number in range(300)}
    assert video_urls.addresses(deep) == []
    assert len(video_urls.addresses(wide)) == video_urls.MOST
    assert len(video_urls.keys_of(many)) <= 30
    assert statuses.status_of(deep) == ""
