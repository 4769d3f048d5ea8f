"""Native providers: what a create says, what their codes mean, what their lists show, in tables."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from native_dialects import KEY, NATIVES, REQUEST, NativeDialect, made
from scripted_http import Reply, ScriptedServer
from test_providers_conformance import (
    ANY_STATUS,
    BEFORE_A_HANDLER,
    CLIENT_ERRORS,
    CUT,
    SERVER_ERRORS,
    UNPROVED,
    WITHOUT,
    says,
)

from sorad.config.load import load
from sorad.config.model import ProviderConfig
from sorad.config.vendors import VENDORS
from sorad.model import Reference, Request, micros
from sorad.problems import SoradError
from sorad.providers import base_url_of, make, validator_of
from sorad.providers.base import (
    Accepted,
    Balance,
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
)
from sorad.providers.capabilities.lookup import finding_of
from sorad.providers.finding import Find
from sorad.providers.native.answers import after_create
from sorad.providers.wire.answer import Answer

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
A, B, C = "https://x.test/a.png", "https://x.test/b.png", "https://x.test/c.png"
every = pytest.mark.parametrize("dialect", NATIVES, ids=lambda one: one.kind)
listing = pytest.mark.parametrize(
    "dialect", [one for one in NATIVES if one.lists_tasks], ids=lambda one: one.kind
)
BY_KIND = {one.kind: one for one in NATIVES}


def sent(dialect: NativeDialect, server: ScriptedServer, request: Request, **more: Any) -> Any:
    """The request of a create, as it came."""
    server.script(dialect.accepted())
    found = dialect.make(server.url, **more).create(request, "sorad-own")
    assert isinstance(found, Accepted), found
    return server.asked[-1]


# --- what is sent -----------------------------------------------------------------------------------------

SHOTS: dict[str, Request] = {
    "text": REQUEST,
    "frames": replace(REQUEST, image=A, last_frame=B, seed=7),
    "references": replace(REQUEST, references=(Reference(A, "li"), Reference(C)), orientation="1:1"),
    "silent": replace(REQUEST, audio=False, resolution="1080p", orientation="vertical"),
}


def wan(media: Any = None, **parameters: Any) -> dict[str, Any]:
    usual = {"duration": 10, "resolution": "720P", "ratio": "16:9", "audio": True, "prompt_extend": False}
    told = {"prompt": REQUEST.prompt, **({"media": media} if media else {})}
    return {
        "model": "wan3.0-video",
        "input": told,
        "parameters": {**usual, "watermark": False, **parameters},
    }


def h3(*pictures: tuple[str, str], **members: Any) -> dict[str, Any]:
    content = [{"type": "image_url", "image_url": {"url": url}, "role": role} for role, url in pictures]
    text = {"type": "text", "text": REQUEST.prompt}
    usual = {"model": "MiniMax-H3", "duration": 10, "resolution": "768P", "ratio": "16:9"}
    return {**usual, "content": [text, *content], **members}


def q3(**members: Any) -> dict[str, Any]:
    usual = {"model": "viduq3-turbo", "prompt": REQUEST.prompt, "duration": 10, "resolution": "720p"}
    return {**usual, "audio": True, "off_peak": False, "watermark": False, "payload": "sorad-own", **members}


def queued(**members: Any) -> dict[str, Any]:
    return {"prompt": REQUEST.prompt, "duration": "10", "aspect_ratio": "16:9", **members}


def omni(*pictures: Any) -> dict[str, Any]:
    wanted = {
        "type": "video",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "duration": "10s",
        "delivery": "uri",
    }
    told = {"model": "gemini-omni-1.2-flash", "input": [*pictures, {"type": "text", "text": REQUEST.prompt}]}
    return {**told, "response_format": wanted, "background": True, "store": True}


def routed(**members: Any) -> dict[str, Any]:
    usual = {"model": "vendor/one", "duration": 10, "resolution": "720p", "generate_audio": True}
    return {**usual, "aspect_ratio": "16:9", "prompt": REQUEST.prompt, "session_id": "sorad-own", **members}


def image(url: str, **more: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}, **more}


def seedance(*pictures: tuple[str, str], **members: Any) -> dict[str, Any]:
    content = [{"type": "image_url", "image_url": {"url": url}, "role": role} for role, url in pictures]
    usual = {"model": "doubao-seedance-2-0-260128", "duration": 10, "resolution": "720p", "ratio": "16:9"}
    more = {"return_last_frame": True, "content": [{"type": "text", "text": REQUEST.prompt}, *content]}
    return {**usual, "generate_audio": True, "watermark": False, **more, **members}


def kling(**settings: Any) -> dict[str, Any]:
    usual = {"resolution": "720p", "duration": 10, "multi_shot": False, "audio": "native"}
    options = {"external_task_id": "sorad-own", "watermark_info": {"enabled": False}}
    return {"prompt": REQUEST.prompt, "settings": {**usual, **settings}, "options": options}


# By kind and shot the path and the whole body; a shot that is not there is refused before anything leaves.
SENT: dict[str, dict[str, tuple[str, Any]]] = {
    "ark": {
        "text": ("", seedance()),
        "references": ("", seedance(("reference_image", A), ("reference_image", C), ratio="1:1")),
        "silent": ("", seedance(generate_audio=False, resolution="1080p", ratio="9:16")),
    },
    "kling": {
        "text": ("text-to-video/kling-3.0", kling(aspect_ratio="16:9")),
        "silent": ("text-to-video/kling-3.0", kling(audio="off", resolution="1080p", aspect_ratio="9:16")),
    },
    "dashscope": {
        "text": ("", wan()),
        "frames": ("", wan([{"type": "first_frame", "url": A}, {"type": "last_frame", "url": B}], seed=7)),
        "references": ("", wan([{"type": "reference_image", "url": one} for one in (A, C)], ratio="1:1")),
        "silent": ("", wan(audio=False, resolution="1080P", ratio="9:16")),
    },
    "minimax": {
        "text": ("", h3()),
        "references": ("", h3(("reference_image", A), ("reference_image", C), ratio="1:1")),
    },
    "vidu": {
        "text": ("text2video", q3(aspect_ratio="16:9")),
        "frames": ("start-end2video", q3(images=[A, B], seed=7)),
        "references": ("reference2video", q3(images=[A, C], aspect_ratio="1:1")),
        "silent": ("text2video", q3(audio=False, resolution="1080p", aspect_ratio="9:16")),
    },
    "fal": {"text": ("/fal-ai/one/text-to-video", queued())},
    "replicate": {"text": ("/models/vendor/one/predictions", {"input": queued(duration=10)})},
    "google_omni": {"text": ("/interactions", omni())},
    "openrouter": {
        "text": ("/videos", routed()),
        "frames": (
            "/videos",
            routed(
                frame_images=[image(A, frame_type="first_frame"), image(B, frame_type="last_frame")], seed=7
            ),
        ),
        "references": ("/videos", routed(input_references=[image(A), image(C)], aspect_ratio="1:1")),
        "silent": ("/videos", routed(generate_audio=False, resolution="1080p", aspect_ratio="9:16")),
    },
}


@every
@pytest.mark.parametrize("shot", SHOTS)
def test_a_create_says_all_that_costs_and_nothing_is_left_out(
    dialect: NativeDialect, server: ScriptedServer, shot: str
) -> None:
    request, said = SHOTS[shot], SENT[dialect.kind].get(shot)
    problems = validator_of(dialect.config(server.url))(request)
    if said is None:
        assert problems
        assert isinstance(dialect.make(server.url).create(request), NotSent)
        assert server.asked == []
        return
    assert problems == []
    asked = sent(dialect, server, request)
    assert json.loads(asked.body) == said[1]
    assert asked.path.endswith(said[0])
    shape = dialect.make(server.url).sent(request)
    assert (shape["model"], shape["seconds"]) == (dialect.make(server.url).offers.default.id, 10)


@every
def test_a_local_picture_goes_along_as_it_is_wanted(
    dialect: NativeDialect, server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    name = f"sha256:{hashlib.sha256(PNG).hexdigest()}"
    asked = sent(dialect, server, replace(REQUEST, image=name, image_path=str(path)))
    head = "" if dialect.kind in ("kling", "google_omni") else "data:image/png;base64,"
    assert f'"{head}{base64.b64encode(PNG).decode()}"' in asked.body.decode()
    path.write_bytes(PNG + b"other")
    found = dialect.make(server.url).create(replace(REQUEST, image=name, image_path=str(path)))
    assert isinstance(found, NotSent)


def test_headers_that_are_wanted(server: ScriptedServer) -> None:
    stage = BY_KIND["dashscope"]
    plain = sent(stage, server, REQUEST)
    assert plain.headers["x-dashscope-async"] == "enable"
    assert "x-dashscope-ossresourceresolve" not in plain.headers
    stored = sent(stage, server, replace(REQUEST, image="oss://dashscope-instant/a.png"))
    assert stored.headers["x-dashscope-ossresourceresolve"] == "enable"


@every
def test_what_the_config_says_is_sent_along_and_told(dialect: NativeDialect, server: ScriptedServer) -> None:
    more = {"parameters": {"x": 1}} if dialect.kind == "dashscope" else {"x": 1}
    body = json.loads(sent(dialect, server, REQUEST, extra=more).body)
    assert (body["parameters"] if dialect.kind == "dashscope" else body)["x"] == 1
    assert dialect.make(server.url, extra=more).sent(REQUEST)["extra"] == more


@every
def test_extra_names_nothing_that_sorad_sends(dialect: NativeDialect, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for name in VENDORS[dialect.kind].sends:
        watch = f'[[watch]]\npath = "{tmp_path.as_posix()}"\n'
        file.write_text(f'{watch}[provider]\nkind = "{dialect.kind}"\n[provider.extra]\n{name} = 1\n')
        with pytest.raises(SoradError, match=r"config\.extra|extra"):
            load(file)


# --- regions and prices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "url", "currency", "price"),
    [
        ("ark", {}, "https://ark.cn-beijing.volces.com/api/v3", "CNY", 9.936),
        ("ark", {"region": "abroad"}, "https://ark.ap-southeast.bytepluses.com/api/v3", "USD", 1.5),
        (
            "ark",
            {"model": "doubao-seedance-2-5-260628"},
            "https://ark.cn-beijing.volces.com/api/v3",
            "CNY",
            15.12,
        ),
        ("kling", {}, "https://api-beijing.klingai.com", "CNY", 8.0),
        ("kling", {"audio": False}, "https://api-beijing.klingai.com", "CNY", 6.0),
        ("kling", {"region": "abroad"}, "https://api-singapore.klingai.com", "USD", 1.26),
        ("kling", {"base_url": "https://api.klingai.com"}, "", "USD", 1.26),
        ("kling", {"model": "kling-2.6"}, "https://api-beijing.klingai.com", "CNY", None),
        ("dashscope", {}, "https://dashscope.aliyuncs.com", "CNY", 6.0),
        ("dashscope", {"region": "abroad"}, "https://dashscope-intl.aliyuncs.com", "USD", 1.0),
        ("dashscope", {"base_url": "https://w1.ap-southeast-1.maas.aliyuncs.com"}, "", "USD", 1.0),
        ("dashscope", {"base_url": "https://w1.cn-beijing.maas.aliyuncs.com/"}, "", "CNY", 6.0),
        ("dashscope", {"resolution": "1080p"}, "https://dashscope.aliyuncs.com", "CNY", 12.0),
        ("dashscope", {"model": "wan3.0-video-prime"}, "https://dashscope.aliyuncs.com", "CNY", None),
        ("minimax", {}, "https://api.minimaxi.com", "CNY", 5.0),
        ("minimax", {"region": "abroad"}, "https://api.minimax.io", "USD", 0.8),
        ("minimax", {"region": "abroad", "base_url": "http://127.0.0.1:9"}, "", "USD", 0.8),
        ("vidu", {"resolution": "480p"}, "https://api.vidu.cn", "CNY", 2.1875),
        ("vidu", {"region": "abroad"}, "https://api.vidu.com", "USD", None),
        ("google_omni", {}, "https://generativelanguage.googleapis.com/v1beta", "USD", 1.0),
        ("fal", {"model": "a/b"}, "https://queue.fal.run", "USD", None),
        ("fal", {"model": "a/b", "price_per_second": 0.2}, "https://queue.fal.run", "USD", 2.0),
        ("replicate", {"model": "a/b", "price_per_take": 3.0}, "https://api.replicate.com/v1", "USD", 3.0),
        ("openrouter", {"model": "a/b", "currency": "EUR"}, "https://openrouter.ai/api/v1", "EUR", None),
    ],
)
def test_the_region_sets_address_currency_and_price(
    kind: str, said: dict[str, Any], url: str, currency: str, price: float | None
) -> None:
    config = ProviderConfig(kind=kind, **said)
    provider = make(config, lambda: "k")
    assert base_url_of(config) == url or said["base_url"].startswith(base_url_of(config))
    assert (provider.currency, config.money) == (currency, currency)
    assert provider.price(REQUEST) == (None if price is None else micros(price))


@every
def test_a_price_of_the_config_comes_first_and_models_take_after_shipped_ones(dialect: NativeDialect) -> None:
    from sorad.config.model import Config, ModelConfig

    shipped = VENDORS[dialect.kind].model or "vendor/one"
    config = Config(
        provider=ProviderConfig(kind=dialect.kind, **dialect.more),
        model=(ModelConfig(name="newer", like=shipped, id="newer-1", price=2.0),),
    ).provider
    provider = make(config, lambda: "k")
    request = replace(REQUEST, model="newer")
    assert provider.validate(request) == []
    assert provider.price(request) == micros(20.0)
    assert provider.sent(request)["model"] == "newer-1"
    assert provider.validate(replace(REQUEST, model=provider.offers.default.name)) == []
    assert provider.validate(replace(REQUEST, model="never heard of"))[0].code == "request.model"


@pytest.mark.parametrize(
    ("kind", "more", "request_", "code"),
    [
        ("minimax", {}, replace(REQUEST, orientation="adaptive"), "request.aspect_ratio"),
        ("minimax", {}, replace(REQUEST, orientation="adaptive", image=A), ""),
        ("minimax", {"resolution": "1080p"}, REQUEST, "request.resolution"),
        ("dashscope", {"model": "wan2.7-i2v"}, REQUEST, "request.first_frame"),
        ("dashscope", {"model": "wan2.7-t2v"}, replace(REQUEST, negative_prompt="blur"), ""),
        ("dashscope", {}, replace(REQUEST, prompt="x" * 20_001), "request.prompt"),
        ("dashscope", {}, replace(REQUEST, image=A, references=(Reference(B),)), "request.references"),
        ("vidu", {"model": "viduq3-pro-fast"}, REQUEST, "request.first_frame"),
    ],
)
def test_what_a_model_would_refuse_is_told_before(
    kind: str, more: dict[str, Any], request_: Request, code: str
) -> None:
    problems = validator_of(ProviderConfig(kind=kind, **more))(request_)
    assert [one.code for one in problems] == ([code] if code else [])


# --- what answers mean ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "situation", "trouble", "code"),
    [
        *((kind, "person", Trouble.REQUEST, "provider.real_person") for kind in BY_KIND),
        ("ark", "spending_limit", Trouble.BALANCE, "provider.balance"),
        ("kling", "no_balance", Trouble.BALANCE, "provider.balance"),
        ("kling", "pack_used_up", Trouble.BALANCE, "provider.balance"),
        ("dashscope", "no_free_quota", Trouble.BALANCE, "provider.balance"),
        ("minimax", "no_balance_429", Trouble.BALANCE, "provider.balance"),
        ("google_omni", "no_balance_429", Trouble.BALANCE, "provider.balance"),
        ("fal", "locked", Trouble.KEY, "provider.key"),
    ],
)
def test_codes_tell_money_and_people_whatever_the_status(
    kind: str, situation: str, trouble: Trouble, code: str, server: ScriptedServer
) -> None:
    server.script(getattr(BY_KIND[kind], situation)())
    found = BY_KIND[kind].make(server.url).create(REQUEST)
    assert isinstance(found, Refused)
    assert (found.fault.trouble, found.fault.problem.code) == (trouble, code)


@every
def test_no_status_and_no_words_that_prove_nothing_are_a_refusal(dialect: NativeDialect) -> None:
    form = dialect.make("http://127.0.0.1:9").format
    for statuses, bodies in (
        ([*CLIENT_ERRORS, 424, 428], WITHOUT),
        (SERVER_ERRORS, UNPROVED),
        (ANY_STATUS, CUT),
    ):
        for status in statuses:
            for body in bodies:
                told = says(status, body) if bodies is CUT else body
                raw = told if isinstance(told, bytes) else json.dumps(told).encode()
                found = after_create(Answer(status, {}, raw), form)
                assert isinstance(found, Unknown), (status, body)
    for status in BEFORE_A_HANDLER:
        for body in (b"<html>no</html>", b"", b"{}"):
            assert isinstance(after_create(Answer(status, {}, body), form), Refused), (status, body)


@every
def test_a_code_of_doubt_or_one_that_nobody_knows_is_no_refusal(dialect: NativeDialect) -> None:
    form = dialect.make("http://127.0.0.1:9").format
    status, body = dialect.said["server"]
    for told in (200, 400, status):
        assert isinstance(after_create(Answer(told, {}, json.dumps(body).encode()), form), Unknown), told
    assert isinstance(after_create(Answer(200, {}, b'{"code": "Later", "message": "hm"}'), form), Unknown)


def test_a_wait_that_stands_in_words_is_kept(server: ScriptedServer) -> None:
    server.script(BY_KIND["replicate"].throttled())
    found = BY_KIND["replicate"].make(server.url).create(REQUEST)
    assert isinstance(found, Refused)
    assert found.fault.retry_after == 30.0


@listing
def test_a_list_shows_what_a_create_said(dialect: NativeDialect, server: ScriptedServer) -> None:
    rows = [("b", REQUEST.prompt, 1_790_000_020.0), ("a", REQUEST.prompt, 1_790_000_010.0)]
    pages = iter(dialect.pages(rows))

    def answer(asked: Any) -> Reply:
        return dialect.running() if asked.path.partition("?")[0].endswith(("/a", "/b")) else next(pages)

    server.script(answer)
    provider = dialect.make(server.url)
    listed = provider.recent(1_790_000_000.0)
    assert isinstance(listed, Listed)
    assert [(one.remote_id[-1], one.created_at, one.running) for one in listed.tasks] == [
        ("b", 1_790_000_020.0, dialect.kind != "fal"),
        ("a", 1_790_000_010.0, dialect.kind != "fal"),
    ]
    said = provider.sent(REQUEST)
    assert all(said[name] == value for one in listed.tasks for name, value in one.shown.items())
    assert {one.own_id for one in listed.tasks} == (
        {"sorad-a", "sorad-b"}
        if dialect.kind in ("kling", "vidu")
        else {""}
        if dialect.kind == "ark"
        else {None}
    )


def test_a_task_of_dashscope_shows_its_text_once_it_has_succeeded(server: ScriptedServer) -> None:
    stage = BY_KIND["dashscope"]
    server.script(stage.finished("https://x.test/a.mp4"))
    row = stage.row("a", "", 1_790_000_010.0)

    def answer(asked: Any) -> Reply:
        if "/tasks/a" in asked.path:
            return stage.finished("https://x.test/a.mp4")
        return Reply({"data": [row] if "page_no=1&" in asked.path else [], "total": 1})

    server.script(answer)
    listed = stage.make(server.url).recent(1_790_000_000.0)
    assert isinstance(listed, Listed)
    (task,) = listed.tasks
    assert (task.prompt, task.shown) == (REQUEST.prompt, {"model": "wan3.0-video"})


def test_credits_of_vidu_are_money_and_what_is_missing_is_not_zero(server: ScriptedServer) -> None:
    stage = BY_KIND["vidu"]
    server.script(Reply({"remains": [{"credit_remain": 100}, {"type": "test", "credit_remain": 28}]}))
    assert stage.make(server.url, region="china").balance() == Balance(4_000_000)
    server.script(Reply({"remaining_credits": 5}))
    assert isinstance(stage.make(server.url).balance(), Fault)
    server.script(stage.finished("https://x.test/a.mp4"))
    found = stage.make(server.url, region="china").poll("a")
    assert isinstance(found, Finished)
    assert found.cost == 218_750
    abroad = stage.make(server.url, region="abroad").poll("a")
    assert isinstance(abroad, Finished)
    assert abroad.cost is None


@pytest.mark.parametrize(
    ("kind", "find", "seen_after", "kept_for"),
    [
        ("ark", Find.ELIMINATION, 300, 604_800),
        ("kling", Find.OWN_ID, 120, 2_592_000),
        ("dashscope", Find.TEXT_LATER, 120, 86_400),
        ("minimax", Find.ELIMINATION, 300, 604_800),
        ("vidu", Find.OWN_ID, 120, 86_400),
        ("fal", Find.TEXT, 3_600, 86_400),
        ("replicate", Find.TEXT, 120, 3_600),
        ("google_omni", Find.NONE, 0, float("inf")),
        ("openrouter", Find.NONE, 0, float("inf")),
    ],
)
def test_how_a_lost_create_is_found(kind: str, find: Find, seen_after: float, kept_for: float) -> None:
    facts = finding_of(ProviderConfig(kind=kind))
    assert (facts.how, facts.seen_after, facts.kept_for) == (find, seen_after, kept_for)


# --- each in its own way ----------------------------------------------------------------------------------


def test_a_model_among_many_reads_pictures_and_sound_where_the_config_says(server: ScriptedServer) -> None:
    told = {"last_frame_field": "tail_image_url", "references_field": "image_urls"}
    shot = replace(REQUEST, image=A, last_frame=B, references=(Reference(C), Reference(A)))
    body = json.loads(sent(BY_KIND["fal"], server, shot, **told).body)
    assert body == queued(image_url=A, tail_image_url=B, image_urls=[C, A])
    assert validator_of(BY_KIND["fal"].config(server.url))(shot)


def test_a_task_of_fal_is_named_by_where_it_lies(server: ScriptedServer) -> None:
    stage = BY_KIND["fal"]
    server.script(Reply({"request_id": "764c-1", "status": "IN_QUEUE"}))
    found = stage.make(server.url).create(REQUEST)
    assert isinstance(found, Accepted)
    assert found.remote_id == "fal-ai/one/requests/764c-1"
    assert server.asked[0].headers["x-fal-no-retry"] == "1"
    for remote_id in (found.remote_id, "764c-1"):
        server.script(stage.running())
        stage.make(server.url).poll(remote_id)
        assert server.asked[-1].path == "/fal-ai/one/requests/764c-1/status"
    server.script(stage.running())
    stage.make(server.url).poll("../../v1/keys")
    assert server.asked[-1].path == "/fal-ai/one/requests/..%2F..%2Fv1%2Fkeys/status"


@pytest.mark.parametrize(
    ("result", "becomes"),
    [
        (Reply({"detail": [{"msg": "flagged", "type": "content_policy_violation"}]}, 422), TaskFailed),
        (Reply({"detail": "runner"}, 503, {"X-Fal-Error-Type": "runner_disconnected"}), TaskFailed),
        (Reply({"detail": "gone"}, 404), Missing),
        (Reply(b"<html>Bad Gateway</html>", 502), Fault),
        (Reply({"video": None}, 200), Fault),
    ],
)
def test_the_result_of_fal_has_the_status_of_its_failure(
    server: ScriptedServer, result: Reply, becomes: type
) -> None:
    server.script(Reply({"status": "COMPLETED"}), result)
    assert isinstance(BY_KIND["fal"].make(server.url).poll("a"), becomes)


def test_the_lists_of_several_models_of_fal_are_one(server: ScriptedServer) -> None:
    stage = BY_KIND["fal"]

    def answer(asked: Any) -> Reply:
        name = "b" if "two" in asked.path else "a"
        return Reply({"items": [stage.row(name, "x", 1_790_000_010.0)], "has_more": False})

    server.script(answer)
    listed = stage.make(server.url, model_pro="fal-ai/two/pro").recent(1_790_000_000.0)
    assert isinstance(listed, Listed)
    assert {one.remote_id for one in listed.tasks} == {"fal-ai/one/requests/a", "fal-ai/two/requests/b"}
    assert (listed.ended, listed.said_so) == (True, True)
    server.script(Reply({"detail": "not allowed"}, 403))  # a key that may buy may not list
    assert isinstance(stage.make(server.url).recent(0.0), Fault)
    server.script(Reply({"detail": "Request not found"}, 404))
    assert stage.make(server.url).check() is None


def test_a_version_of_a_model_on_replicate_is_asked_for_by_its_hash(server: ScriptedServer) -> None:
    asked = sent(BY_KIND["replicate"], server, REQUEST, model="vendor/one:0123abcd")
    assert (asked.path, json.loads(asked.body)["version"]) == ("/predictions", "0123abcd")


def test_a_video_of_gemini_may_be_in_the_answer(server: ScriptedServer) -> None:
    stage, data = BY_KIND["google_omni"], bytes(range(256)) * 20_000
    server.script(Reply(made(data=base64.b64encode(data).decode())))
    provider = stage.make(server.url)
    found = provider.poll("a")
    assert isinstance(found, Finished)
    whole = provider.open_video("a", found.video, 0, "")
    assert isinstance(whole, Download)
    assert b"".join(whole.pieces) == data
    rest = provider.open_video("a", found.video, 5_000_000, "")
    assert isinstance(rest, Download)
    assert (rest.offset, rest.total, b"".join(rest.pieces)) == (5_000_000, len(data), data[5_000_000:])
    server.script(Reply(made(data="no base64")))
    assert isinstance(provider.open_video("a", found.video, 0, ""), Fault)


def test_a_file_of_gemini_is_waited_for_and_fetched_with_the_key(
    server: ScriptedServer, other: ScriptedServer
) -> None:
    stage = BY_KIND["google_omni"]
    provider = stage.make(server.url)
    reply = Reply(made(uri=f"{server.url}/files/abc"))
    server.script(reply, Reply({"state": "PROCESSING"}), reply, Reply({"state": "ACTIVE"}))
    assert isinstance(provider.poll("a"), Running)
    found = provider.poll("a")
    assert isinstance(found, Finished)
    assert (found.video.url, found.video.needs_key) == (f"{server.url}/files/abc:download?alt=media", True)
    server.script(Reply(b"", 302, {"Location": f"{other.url}/a.mp4"}))
    other.script(Reply(b"video"))
    opened = provider.open_video("a", found.video, 0, "")
    assert isinstance(opened, Download)
    assert b"".join(opened.pieces) == b"video"
    assert server.asked[-1].headers["x-goog-api-key"] == KEY
    assert "x-goog-api-key" not in other.asked[0].headers


def test_content_at_openrouter_wants_the_key_and_tells_the_cost(server: ScriptedServer) -> None:
    provider = BY_KIND["openrouter"].make(server.url)
    server.script(Reply({"id": "a", "status": "completed", "usage": {"cost": 0.25}}))
    found = provider.poll("a")
    assert isinstance(found, Finished)
    assert (found.video.url, found.video.needs_key) == (f"{server.url}/videos/a/content?index=0", True)
    assert found.cost == 250_000


@pytest.mark.parametrize(("kind", "seconds"), [("google_omni", 300.0), ("openrouter", 300.0), ("vidu", 30.0)])
def test_a_create_whose_answer_cannot_be_found_again_is_waited_for(kind: str, seconds: float) -> None:
    config = ProviderConfig(kind=kind, model="m")
    assert make(config, lambda: "k")._wire._create_timeout == seconds
    said = config.model_copy(update={"create_timeout": 7.0})
    assert make(said, lambda: "k")._wire._create_timeout == 7.0


@pytest.mark.parametrize(
    ("kind", "body", "final", "cost"),
    [
        (
            "ark",
            {"error": {"code": "OutputVideoSensitiveContentDetected.PolicyViolation", "message": "no"}},
            True,
            0,
        ),
        ("ark", {"error": {"code": "InvalidParameter.TaskTypeConstraint", "message": "no"}}, True, 0),
        ("ark", {"error": {"code": "InternalServiceError", "message": "no"}}, False, None),
        ("ark", {"error": {"code": "InputTextSensitiveContentDetected", "message": "no"}}, False, None),
        ("kling", {"data": [{"status": "failed", "message": "risk", "billing": []}]}, False, None),
        (
            "kling",
            {
                "data": [
                    {
                        "status": "failed",
                        "message": "risk",
                        "billing": [{"charge_type": "cash", "amount": 0.5, "currency": "CNY"}],
                    }
                ]
            },
            False,
            500_000,
        ),
    ],
)
def test_what_is_known_of_the_charge_of_a_failure(
    server: ScriptedServer, kind: str, body: Any, final: bool, cost: Any
) -> None:
    server.script(Reply({"status": "failed", **body}))
    found = BY_KIND[kind].make(server.url).poll("a")
    assert isinstance(found, TaskFailed)
    assert (found.final, found.cost) == (final, cost)


def test_ark_tells_where_the_last_frame_is_and_no_other_address_passes_for_it() -> None:
    from sorad.providers.base import Finished
    from sorad.providers.wire.answer import Answer

    provider = make(ProviderConfig(kind="ark", model="doubao-seedance-2-0-260128"), lambda: "key")
    for content, frame in (
        ({"video_url": A, "last_frame_url": B}, B),
        ({"video_url": A}, ""),
        ({"video_url": A, "last_frame_url": {"x": 1}}, ""),
    ):
        body = json.dumps({"id": "t", "status": "succeeded", "content": content}).encode()
        found = provider.polled(Answer(200, {}, body))  # type: ignore[attr-defined]
        assert isinstance(found, Finished)
        assert (found.video.url, found.video.frame) == (A, frame)


def test_of_several_tasks_the_one_that_was_asked_after_counts(server: ScriptedServer) -> None:
    """A gateway that does not heed the question answers with all tasks there are."""
    kling = BY_KIND["kling"]
    other = {"id": "other", "status": "failed", "message": "out of luck"}
    mine = {"id": "mine", "status": "succeeded", "outputs": [{"type": "video", "id": "v", "url": A}]}
    server.script(
        Reply({"code": 0, "data": [other, mine]}),
        Reply({"code": 0, "data": [mine, other]}),
        Reply({"code": 0, "data": [other]}),
    )
    provider = kling.make(server.url)
    for _order in range(2):
        found = provider.poll("mine")
        assert isinstance(found, Finished)
        assert (found.video.url, found.names) == (A, "")
    lost = provider.poll("mine")
    assert isinstance(lost, TaskFailed)
    assert lost.names == "other"


def test_what_is_asked_for_by_an_id_and_shows_none_is_ours_only_if_it_is_alone(
    server: ScriptedServer,
) -> None:
    kling = BY_KIND["kling"]
    rows = [{"id": name, "status": "processing", "create_time": 1_000} for name in ("one", "two")]
    whole = Reply({"code": 0, "data": {"result": [], "count": 0, "has_more": False}})
    server.script(Reply({"code": 0, "data": rows}), whole, Reply({"code": 0, "data": rows[:1]}), whole)
    provider = kling.make(server.url)
    for count, own_id in ((2, ""), (1, "sorad-mine")):
        listed = provider.recent(0.0, "sorad-mine")
        assert isinstance(listed, Listed)
        assert [task.own_id for task in listed.tasks] == [own_id] * count
