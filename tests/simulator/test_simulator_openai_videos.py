"""The OpenAI videos format, over sockets."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pytest
from simulator_customer import VIDEOS, Answered, Customer, HandClock, Start

from sorad.simulator import KEY
from sorad.simulator.multipart import File, fields


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s2I", 13, b"IHDR", width, height) + b"\0\r\n--\r\n\xff"


def form(parts: dict[str, Any], boundary: str = "b0undary") -> tuple[str, bytes]:
    """A multipart body as clients write it; a value of bytes is a file."""
    body = b""
    for name, value in parts.items():
        disposition = f'form-data; name="{name}"'
        head = b""
        if isinstance(value, bytes):
            disposition += '; filename="ref.png"'
            head = b"Content-Type: image/png\r\n"
        body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n".encode() + head + b"\r\n"
        body += (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def post_form(customer: Customer, parts: dict[str, Any]) -> Answered:
    kind, body = form(parts)
    return customer.call("POST", "/videos", body, content_type=kind)


def test_the_life_of_a_video(customer: Customer, clock: HandClock) -> None:
    created = customer.post(
        "/videos", {"prompt": "a fox", "model": "veo", "seconds": "8", "size": "1280x720"}
    )
    video = created.json
    assert created.status == 200
    assert video["id"].startswith("video_")
    assert ":" in video["id"]
    now = int(clock.now)
    assert video == {
        "id": video["id"],
        "object": "video",
        "model": "veo",
        "status": "queued",
        "progress": 0,
        "created_at": now,
        "completed_at": None,
        "expires_at": None,
        "prompt": "a fox",
        "seconds": "8",
        "size": "1280x720",
        "remixed_from_video_id": None,
        "error": None,
    }
    clock.now += 5
    half = customer.poll(VIDEOS, video["id"]).json
    assert (half["status"], half["progress"]) == ("in_progress", 50)
    early = customer.get(customer.video_url(VIDEOS, video["id"]))
    assert (early.status, early.json["error"]["code"]) == (409, "video_not_ready")
    clock.now += 5
    done = customer.poll(VIDEOS, video["id"]).json
    assert (done["status"], done["completed_at"], done["expires_at"]) == (
        "completed",
        now + 10,
        now + 172_810,
    )
    content = customer.get(customer.video_url(VIDEOS, video["id"]))
    assert (content.status, content.headers["content-type"]) == (200, "video/mp4")
    assert video["id"].encode() in content.body


def test_content_expires(start: Start, clock: HandClock) -> None:
    customer = start(url_seconds=3600)
    url = customer.video_url(VIDEOS, customer.order(VIDEOS))
    clock.now += 10 + 3599
    assert customer.get(url).status == 200
    clock.now += 1
    late = customer.get(url)
    assert (late.status, late.json["error"]["code"]) == (404, "video_expired")


def test_a_failed_video_has_an_error(start: Start, clock: HandClock) -> None:
    customer = start(faults=["fail"])
    video_id = customer.order(VIDEOS)
    clock.now += 10
    video = customer.poll(VIDEOS, video_id).json
    assert (video["status"], video["completed_at"]) == ("failed", None)
    assert video["error"]["code"] == "moderation_blocked"
    assert "规定" in video["error"]["message"]
    assert customer.get(customer.video_url(VIDEOS, video_id)).status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": ""},
        {"prompt": "x" * 32_001},
        {"seconds": 4},
        {"seconds": "4.5"},
        {"seconds": "0"},
        {"size": "large"},
        {"size": [1280, 720]},
        {"model": ""},
        {"input_reference": "a string"},
        {"input_reference": {"image_url": 5}},
    ],
)
def test_bad_parameters_are_400_and_named(customer: Customer, change: dict[str, Any]) -> None:
    answer = customer.post("/videos", {"prompt": "a fox", "seconds": "4", "size": "1280x720", **change})
    assert answer.status == 400
    assert answer.json["error"]["param"] == next(iter(change))
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert customer.simulator.accepted == []


def test_the_longest_prompt_is_taken(customer: Customer) -> None:
    assert customer.create(VIDEOS, "雾" * 32_000).status == 200


def test_a_reference_comes_as_a_file_in_a_form(customer: Customer) -> None:
    picture = png(1280, 720)
    parts = {"prompt": "a fox, 雾", "model": "sim-1", "seconds": "8", "size": "1280x720"}
    assert post_form(customer, {**parts, "input_reference": picture}).status == 200
    [task] = customer.simulator.accepted
    assert task.order.prompt == "a fox, 雾"
    assert task.order.image == "sha256:" + hashlib.sha256(picture).hexdigest()
    assert (task.order.seconds, task.order.orientation) == (8, "horizontal")


@pytest.mark.parametrize("picture", [png(720, 1280), b"GIF89a", b""])
def test_a_reference_of_another_size_or_kind_is_refused(customer: Customer, picture: bytes) -> None:
    parts = {"prompt": "a fox", "seconds": "8", "size": "1280x720", "input_reference": picture}
    answer = post_form(customer, parts)
    assert (answer.status, answer.json["error"]["param"]) == (400, "input_reference")


def test_a_reference_may_be_a_url_in_json(customer: Customer) -> None:
    url = "https://example.org/fox.png"
    customer.post("/videos", {"prompt": "a fox", "input_reference": {"image_url": url}})
    assert [task.order.image for task in customer.simulator.accepted] == [url]


def test_a_form_keeps_every_byte_of_a_file() -> None:
    data = bytes(range(256)) + b"\r\n\r\n--other\r\n\n\r"
    kind, body = form({"a": "雾", "f": data, "b": ""})
    assert fields(kind, body) == {"a": "雾", "f": File("ref.png", "image/png", data), "b": ""}
    assert fields("multipart/form-data", body) == {}
    assert fields(kind, b"no form at all") == {}


def test_errors_have_the_error_member(start: Start, clock: HandClock) -> None:
    customer = start(balance=0.03)
    customer.create(VIDEOS)
    broke = customer.create(VIDEOS)
    assert (broke.status, broke.json["error"]["code"]) == (402, "insufficient_quota")
    unknown = customer.poll(VIDEOS, "video_nobody")
    assert (unknown.status, unknown.json["error"]["code"]) == (404, "video_not_found")
    customer.key = "sk-other"
    refused = customer.create(VIDEOS)
    assert (refused.status, refused.json["error"]["code"]) == (401, "invalid_api_key")


def test_the_models_are_listed_for_free(customer: Customer) -> None:
    assert [model["id"] for model in customer.get("/models").json["data"]] == ["sim-1", "sim-1-pro"]


def test_the_list_goes_on_after_an_id(customer: Customer) -> None:
    ids = [customer.order(VIDEOS, f"shot {number}") for number in range(5)]
    customer.create("sora_hk")
    first = customer.get("/videos?limit=2").json
    assert [video["id"] for video in first["data"]] == [ids[4], ids[3]]
    assert (first["object"], first["first_id"], first["last_id"], first["has_more"]) == (
        "list",
        ids[4],
        ids[3],
        True,
    )
    second = customer.get(f"/videos?limit=3&after={first['last_id'].replace(':', '%3A')}").json
    assert ([video["id"] for video in second["data"]], second["has_more"]) == (
        [ids[2], ids[1], ids[0]],
        False,
    )
    oldest = customer.get("/videos?order=asc&limit=1").json
    assert [video["id"] for video in oldest["data"]] == [ids[0]]
    empty = customer.get(f"/videos?after={ids[0]}").json
    assert (empty["data"], empty["first_id"], empty["has_more"]) == ([], None, False)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up", "after=video_nobody"])
def test_a_list_that_cannot_be_is_refused(customer: Customer, query: str) -> None:
    assert customer.get(f"/videos?{query}").status == 400


def test_only_a_finished_video_is_deleted_and_it_stays_paid(customer: Customer, clock: HandClock) -> None:
    video_id = customer.order(VIDEOS)
    path = f"/videos/{video_id}"
    assert customer.call("DELETE", path).status == 409
    clock.now += 10
    assert customer.call("DELETE", path).json == {"id": video_id, "object": "video.deleted", "deleted": True}
    assert customer.poll(VIDEOS, video_id).status == 404
    assert customer.list(VIDEOS).json["data"] == []
    assert customer.simulator.creates("a lighthouse") == 1
    assert customer.simulator.account.balance == 100_000 - 3


def test_the_two_formats_do_not_see_each_others_tasks(customer: Customer) -> None:
    native, video = customer.order("sora_hk"), customer.order(VIDEOS)
    assert customer.poll("sora_hk", video).status == 404
    assert customer.poll(VIDEOS, native).status == 404
    assert customer.key == KEY
    assert customer.simulator.creates("a lighthouse") == 2


def test_several_files_of_one_name_are_a_list() -> None:
    one, other = form({"images": b"one"}), form({"images": b"other"})
    body = one[1].rpartition(b"--b0undary--")[0] + other[1]
    found = fields(one[0], body)["images"]
    assert [file.data for file in found] == [b"one", b"other"]
