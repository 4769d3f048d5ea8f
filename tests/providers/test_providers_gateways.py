"""The OpenAI videos format as gateways really speak it: each difference that was seen in the wild."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from dialects import KEY, REQUEST, TASK, OpenAiVideos
from scripted_http import Asked, Reply, ScriptedServer

from sorad.model import Request
from sorad.providers.base import (
    Accepted,
    Download,
    Fault,
    Finished,
    Listed,
    Missing,
    NotSent,
    Refused,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)

JPEG = b"\xff\xd8\xff\xe0 a picture"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(5_000)


def polled(server: ScriptedServer, body: Any, status: int = 200, headers: Any = None, **more: Any) -> Any:
    server.script(Reply(body, status, headers or {}))
    return OpenAiVideos().make(server.url, **more).poll(TASK)


def created(server: ScriptedServer, body: Any, status: int = 200, **more: Any) -> Any:
    server.script(Reply(body, status))
    found = OpenAiVideos().make(server.url, **more).create(REQUEST)
    assert len(server.asked) == 1
    return found


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"id": TASK}, ""),
        ({"id": "task_other"}, "task_other"),
        ({"data": {"task_id": "task_other", "video": {"id": "v"}}}, "task_other"),
        ({"id": "task_upstream", "gateway": {"id": TASK}}, ""),
        ({"id": "task_upstream", "url": f"https://cdn.test/{TASK}.mp4"}, ""),
        ({}, ""),
    ],
)
def test_an_answer_about_another_task_is_told_from_its_own(
    server: ScriptedServer, told: Any, names: str
) -> None:
    found = polled(server, {"status": "completed", **told})
    assert (type(found), found.names) == (Finished, names)
    found = polled(server, {"status": "failed", **told})
    assert (type(found), found.names) == (TaskFailed, names)


# --- what is sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "members"),
    [
        (REQUEST, {"model": "veo-fast", "seconds": "10", "size": "1280x720"}),
        (
            Request("b", seconds=10, orientation="vertical", pro=True),
            {"model": "veo", "seconds": "10", "size": "720x1280"},
        ),
    ],
)
def test_members_of_a_create(server: ScriptedServer, request_: Request, members: dict[str, str]) -> None:
    server.script(OpenAiVideos().accepted())
    OpenAiVideos().make(server.url).create(request_)
    assert server.asked[0].json() == {"prompt": request_.prompt, **members}


def test_picture_by_its_address(server: ScriptedServer) -> None:
    server.script(OpenAiVideos().accepted())
    OpenAiVideos().make(server.url).create(Request("a", image="https://cdn.test/a.png"))
    assert server.asked[0].json()["input_reference"] == {"image_url": "https://cdn.test/a.png"}


def local(folder: Path, data: bytes = JPEG) -> Request:
    path = folder / "图.jpg"
    path.write_bytes(data)
    return Request("一只猫\n“猫”", image=f"sha256:{hashlib.sha256(data).hexdigest()}", image_path=str(path))


def test_local_picture_as_a_file(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(OpenAiVideos().accepted())
    OpenAiVideos().make(server.url).create(local(tmp_path))
    asked = server.asked[0]
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
    parts = {
        part.partition(b'name="')[2].partition(b'"')[0].decode(): part.partition(b"\r\n\r\n")[2][:-2]
        for part in asked.body.split(b"--" + boundary)[1:-1]
    }
    assert parts["input_reference"] == JPEG
    assert parts["prompt"].decode() == "一只猫\n“猫”"
    assert (parts["seconds"], parts["model"]) == (b"10", b"veo-fast")
    assert b"Content-Type: image/jpeg" in asked.body


def test_local_picture_as_a_data_url(server: ScriptedServer, tmp_path: Path) -> None:
    server.script(OpenAiVideos().accepted())
    OpenAiVideos().make(server.url, reference="data_url").create(local(tmp_path))
    sent = server.asked[0].json()["input_reference"]["image_url"]
    assert sent.startswith("data:image/jpeg;base64,")


@pytest.mark.parametrize("change", ["other", "gone", "not a picture", "huge"])
def test_picture_that_is_not_the_one_that_was_read_is_not_sent(
    server: ScriptedServer, tmp_path: Path, change: str
) -> None:
    request = local(tmp_path, b"<svg>" if change == "not a picture" else JPEG)
    path = Path(request.image_path)
    if change == "other":
        path.write_bytes(JPEG + b"!")
    elif change == "gone":
        path.unlink()
    elif change == "huge":
        with path.open("r+b") as file:
            file.truncate(21_000_000)
    found = OpenAiVideos().make(server.url).create(request)
    assert isinstance(found, NotSent)
    assert (found.fault.trouble, found.fault.problem.code) == (Trouble.REQUEST, "provider.picture")
    assert str(path) in found.fault.problem.text()
    assert server.asked == []


# --- creates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"id": "v1", "status": "queued"},
        {"id": 17, "status": "queued"},
        {"task_id": "v1"},
        {"data": {"id": "v1"}},
        {"data": {"task_id": "v1"}},
        {"id": "v" * 900, "error": None},
    ],
)
def test_ids_are_found_where_gateways_put_them(server: ScriptedServer, body: Any) -> None:
    found = created(server, body)
    assert isinstance(found, Accepted)
    assert found.remote_id in ("v1", "17", "v" * 900)


def test_paths_of_the_config_come_first(server: ScriptedServer) -> None:
    body = {"id": "the request's", "out": [{"job": "v1"}]}
    assert created(server, body, id_paths=("nowhere.at.all", "out.0.job")).remote_id == "v1"
    found = polled(
        server,
        {"status": "running", "out": {"state": "DONE", "file": "https://cdn.test/a.mp4"}},
        status_paths=("out.state",),
        video_url_paths=("out.file",),
    )
    assert found == Finished(Video("https://cdn.test/a.mp4"))
    failed = polled(server, {"status": "failed", "why": {"message": "no luck"}}, error_paths=("why",))
    assert isinstance(failed, TaskFailed)
    assert failed.problem.params["said"] == "no luck"


@pytest.mark.parametrize(
    "body", [{"id": ".."}, {"id": "x" * 5_000}, {"id": "a\nb"}, {"id": {"a": 1}}, {"id": True}]
)
def test_what_cannot_be_an_id_is_none(server: ScriptedServer, body: Any) -> None:
    assert isinstance(created(server, body), Unknown)


def test_error_under_200_with_an_id_of_its_own_is_unknown(server: ScriptedServer) -> None:
    assert isinstance(created(server, {"id": "req_1", "error": {"message": "something"}}), Unknown)


@pytest.mark.parametrize(
    ("status", "body", "trouble", "code"),
    [
        (
            400,
            {"error": {"message": "Billing hard limit", "code": "billing_hard_limit_reached"}},
            "balance",
            "",
        ),
        (403, {"error": {"message": "用户额度不足", "code": "insufficient_user_quota"}}, "balance", ""),
        (402, {"message": "pay"}, "balance", ""),
        (403, {"error": {"message": "Insufficient balance"}}, "balance", ""),
        (401, {"error": {"message": "Incorrect API key provided"}}, "key", "provider.key"),
        (403, b"forbidden", "key", "provider.key"),
        (403, b"<html>forbidden</html>", "page", "provider.page"),
        (404, b"<!DOCTYPE html><title>404 Not Found</title>", "page", "provider.page"),
        (405, b"<html><h1>405 Not Allowed</h1></html>", "page", "provider.page"),
        (405, b"", "retired", "provider.retired"),
        (404, {"error": {"message": "Invalid URL (POST /videos)"}}, "retired", "provider.retired"),
        (413, b"<html><h1>413 Request Entity Too Large</h1></html>", "request", "provider.parameters"),
        (403, b"<!DOCTYPE html><title>Just a moment...</title>", "page", "provider.challenge"),
        (
            429,
            b"<html><body>Checking your browser before accessing</body></html>",
            "page",
            "provider.challenge",
        ),
        (
            401,
            {"error": {"message": "该令牌额度已用尽", "type": "new_api_error"}},
            "balance",
            "provider.quota",
        ),
        (
            403,
            {"error": {"message": "token quota is not enough, token remain quota: ¥0"}},
            "balance",
            "provider.quota",
        ),
        (403, {"code": "pre_consume_token_quota_failed", "message": "no"}, "balance", "provider.quota"),
        (401, {"error": {"message": "The API key has run out of quota"}}, "balance", "provider.quota"),
        (403, {"error": {"message": "账户余额已用完"}}, "balance", "provider.balance"),
        (401, {"error": {"message": "无效的令牌"}}, "key", "provider.key"),
        (401, {"error": {"message": "该令牌已过期"}}, "key", "provider.account"),
        (
            403,
            {"error": {"message": "You do not have access to model sora-2"}},
            "retired",
            "provider.retired",
        ),
        (401, {"error": {"message": "no", "code": "model_not_found"}}, "retired", ""),
        (404, {"error": {"message": "The model `sora-2` does not exist"}}, "retired", ""),
        (400, {"error": {"message": "model not found"}}, "retired", ""),
        (400, {"message": "Sora 2 is temporarily paused"}, "retired", ""),
        (410, b"", "retired", ""),
        (400, {"error": {"code": "moderation_blocked", "message": "no"}}, "request", "provider.moderation"),
        (400, {"error": {"type": "content_policy_violation"}}, "request", "provider.moderation"),
        (403, {"error": {"message": "prompt contains sensitive words"}}, "request", "provider.moderation"),
        (400, {"error": {"message": "size is not supported"}}, "request", "provider.size"),
        (400, {"detail": [{"msg": "field required"}]}, "request", "provider.parameters"),
        (429, {"error": {"message": "slow down"}}, "rate", ""),
        (429, {"error": {"message": "Insufficient balance"}}, "balance", ""),
        (200, {"error": {"message": "no", "code": "insufficient_quota"}}, "balance", ""),
        (200, {"code": 429, "message": "slow down"}, "rate", ""),
    ],
)
def test_refusals_in_gateways_words(
    server: ScriptedServer, status: int, body: Any, trouble: str, code: str
) -> None:
    found = created(server, body, status)
    assert isinstance(found, Refused), found
    assert found.fault.trouble is Trouble(trouble)
    assert code in ("", found.fault.problem.code)


# --- polls ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["completed", "complete", "success", "succeeded", "succeed", "finished", "done", "SUCCESS"]
)
def test_words_for_finished(server: ScriptedServer, word: str) -> None:
    assert isinstance(polled(server, {"id": TASK, "status": word}), Finished)


@pytest.mark.parametrize(
    "word", ["failed", "failure", "fail", "error", "cancelled", "canceled", "expired", "FAILURE"]
)
def test_words_for_failed(server: ScriptedServer, word: str) -> None:
    assert isinstance(polled(server, {"id": TASK, "status": word}), TaskFailed)


@pytest.mark.parametrize(
    "word",
    [
        "queued",
        "pending",
        "submitted",
        "not_start",
        "preparing",
        "created",
        "waiting",
        "unknown",
        "processing",
        "in_progress",
        "running",
        "generating",
        "IN_PROGRESS",
        "something_new",
    ],
)
def test_all_other_words_mean_running(server: ScriptedServer, word: str) -> None:
    body = {"id": "v", "status": word, "progress": "30%", "completed_at": 1_790_000_000, "url": ""}
    assert polled(server, body) == Running(30.0)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": "task_not_exist", "message": "task_not_exist", "data": None}),
        (404, {"error": {"message": "Video not found"}}),
        (410, b""),
        (200, {"error": {"message": "task_not_exist"}}),
        (500, {"message": "Task not found"}),
    ],
)
def test_words_for_missing(server: ScriptedServer, status: int, body: Any) -> None:
    assert isinstance(polled(server, body, status), Missing)


@pytest.mark.parametrize(
    "place",
    [
        {"metadata": {"url": "https://cdn.test/v.mp4"}},
        {"url": "https://cdn.test/v.mp4"},
        {"video_url": "https://cdn.test/v.mp4"},
        {"result_url": "https://cdn.test/v.mp4"},
        {"data": {"result_url": "https://cdn.test/v.mp4"}},
        {"url": "not an address", "video_url": "https://cdn.test/v.mp4"},
    ],
)
def test_addresses_are_found_where_gateways_put_them(server: ScriptedServer, place: Any) -> None:
    found = polled(server, {"id": TASK, "status": "completed", **place})
    assert found == Finished(Video("https://cdn.test/v.mp4", needs_key=False))


def test_address_on_the_own_host_needs_the_key(server: ScriptedServer) -> None:
    found = polled(server, {"id": TASK, "status": "completed", "url": "/v1/videos/v/content"})
    assert found == Finished(Video(f"{server.url}/v1/videos/v/content", needs_key=True))


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"openai-poll-after-ms": "2500"}, 2.5), ({"Retry-After": "9"}, 9.0)]
)
def test_server_says_when_to_poll_again(server: ScriptedServer, headers: Any, seconds: float) -> None:
    assert polled(server, {"id": TASK, "status": "queued"}, 200, headers).poll_after == seconds


# --- content --------------------------------------------------------------------------------------------


def content(server: ScriptedServer, *acts: Any) -> Download | Fault:
    server.script(*acts)
    video = Video(f"{server.url}/videos/v/content", needs_key=True)
    found: Download | Fault = OpenAiVideos().make(server.url).open_video("v", video, 0, "")
    return found


def test_content_gets_the_key(server: ScriptedServer) -> None:
    found = content(server, Reply(VIDEO))
    assert isinstance(found, Download)
    assert b"".join(found.pieces) == VIDEO
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_content_that_names_an_address_in_json(server: ScriptedServer, other: ScriptedServer) -> None:
    other.script(Reply(VIDEO))
    found = content(server, Reply({"data": {"url": other.url + "/v.mp4"}}))
    assert isinstance(found, Download)
    assert b"".join(found.pieces) == VIDEO
    assert "authorization" not in other.asked[0].headers


def test_content_that_names_an_address_on_its_own_host(server: ScriptedServer) -> None:
    found = content(server, Reply({"url": "/files/v.mp4"}), Reply(VIDEO))
    assert isinstance(found, Download)
    assert [asked.headers.get("authorization") for asked in server.asked] == [f"Bearer {KEY}"] * 2


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        ({"error": {"code": "video_expired", "message": "The video has expired."}}, Trouble.EXPIRED),
        ({"code": "task_not_exist", "message": "task_not_exist"}, Trouble.EXPIRED),
        ({"error": {"message": "upstream trouble"}}, Trouble.SERVER),
        ({}, Trouble.BAD_FILE),
        ([1, 2], Trouble.BAD_FILE),
    ],
)
def test_content_that_is_an_error_in_json(server: ScriptedServer, body: Any, trouble: Trouble) -> None:
    found = content(server, Reply(body))
    assert isinstance(found, Fault)
    assert found.trouble is trouble


def test_content_that_names_itself_for_ever_ends(server: ScriptedServer) -> None:
    assert isinstance(content(server, Reply({"url": server.url + "/videos/v/content"})), Fault)
    assert len(server.asked) <= 6


def test_refused_key_at_content_is_trouble_of_the_key(server: ScriptedServer) -> None:
    found = content(server, Reply({"error": {"message": "no"}}, 401))
    assert isinstance(found, Fault)
    assert found.trouble is Trouble.KEY


# --- money ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "normal", "pro"),
    [
        ({}, None, None),
        ({"price_per_take": 0.4}, 400_000, None),
        ({"price_per_second": 0.05, "price_per_second_pro": 0.1}, 500_000, 1_000_000),
        ({"price_per_take": 0.1, "price_per_second": 0.01, "price_per_take_pro": 2.0}, 200_000, 2_000_000),
        ({"price_per_take": 0.0}, 0, None),
    ],
)
def test_prices_are_the_configs(prices: Any, normal: int | None, pro: int | None) -> None:
    provider = OpenAiVideos().make("http://127.0.0.1:1", currency="CNY", **prices)
    assert provider.price(Request("a", seconds=10)) == normal
    assert provider.price(Request("a", seconds=10, pro=True)) == pro
    assert provider.currency == "CNY"
    assert isinstance(provider.balance(), Fault)


def test_list_goes_on_after_the_last_id(server: ScriptedServer) -> None:
    rows = [(f"v{number}", "a", 1_790_000_100.0 - number) for number in range(30)]
    server.script(*OpenAiVideos().pages(rows, 10))
    found = OpenAiVideos().make(server.url).recent(1_790_000_000.0)
    assert isinstance(found, Listed)
    assert len(found.tasks) == 30

    def after(asked: Asked) -> str:
        return asked.path.partition("after=")[2]

    assert [after(asked) for asked in server.asked] == ["", "v9", "v19"]


# --- a finished task without an address -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Reply({"error": {"message": "404 page not found"}}, 404), "provider.no_address"),
        (Reply(b"<html>gone</html>", 410), "provider.no_address"),
        (Reply(b"", 405), "provider.no_address"),
        (Reply({"code": "task_not_exist"}), "provider.no_address"),
        (Reply({"status": "ok"}), "provider.no_address"),
        (
            Reply({"error": {"code": "video_expired", "message": "The video has expired."}}, 404),
            "provider.expired",
        ),
        (Reply({"error": {"message": "no"}}, 401), "provider.key"),
        (Reply({"error": {"message": "busy"}}, 503), "provider.server"),
    ],
)
def test_nothing_at_content_where_no_address_is_known(server: ScriptedServer, act: Reply, code: str) -> None:
    server.script(Reply({"id": "v", "status": "completed", "films": [{"link": "https://cdn.test/a"}]}), act)
    provider = OpenAiVideos().make(server.url)
    found = provider.poll("v")
    assert isinstance(found, Finished)
    opened = provider.open_video("v", found.video, 0, "")
    assert isinstance(opened, Fault)
    assert opened.problem.code == code, opened.problem
    assert opened.trouble is not Trouble.EXPIRED or code == "provider.expired"


def test_each_place_gets_the_key_only_on_the_own_host(server: ScriptedServer) -> None:
    body = {"id": "v", "status": "completed", "video_url": "https://cdn.test/a.mp4", "url": "/share/v"}
    found = polled(server, body)
    places = [found.video, *found.video.others]
    assert [(place.url, place.needs_key) for place in places] == [
        ("https://cdn.test/a.mp4", False),
        (f"{server.url}/share/v", True),
        (f"{server.url}/videos/task%2F1%3Aa%2Bb%3D%3D/content", True),
    ]
    assert [place.guessed is not None for place in places] == [False, False, True]


def test_no_two_looks_in_a_row_can_be_answered_by_one_cache(server: ScriptedServer) -> None:
    """A cache that does not heed what it is asked keeps answers by their whole address."""
    server.script(Reply({"object": "list", "data": [], "has_more": False}))
    provider = OpenAiVideos().make(server.url)
    for _look in range(6):
        provider.recent(1_790_000_000.0)
    assert len({asked.path for asked in server.asked}) == len(server.asked) == 6
    assert {asked.headers["cache-control"] for asked in server.asked} == {"no-cache"}
