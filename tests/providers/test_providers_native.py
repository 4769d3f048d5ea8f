"""Native providers: what a create says, what their codes mean, what their lists show, in tables."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from native_dialects import NATIVES, REQUEST, NativeDialect
from scripted_http import Reply, ScriptedServer

from sorad.config.load import load
from sorad.config.model import ProviderConfig
from sorad.config.vendors import VENDORS
from sorad.model import Reference, Request, micros
from sorad.problems import SoradError
from sorad.providers import base_url_of, make, validator_of
from sorad.providers.base import (
    Accepted,
    Balance,
    Fault,
    Finished,
    Listed,
    NotSent,
    Refused,
    Trouble,
    Unknown,
)
from sorad.providers.capabilities.lost import finding_of
from sorad.providers.finding import Find
from sorad.providers.native.answers import after_create
from sorad.providers.wire.http import Answer

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
A, B, C = "https://x.test/a.png", "https://x.test/b.png", "https://x.test/c.png"
every = pytest.mark.parametrize("dialect", NATIVES, ids=lambda one: one.kind)
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


def seedance(*pictures: tuple[str, str], **members: Any) -> dict[str, Any]:
    content = [{"type": "image_url", "image_url": {"url": url}, "role": role} for role, url in pictures]
    usual = {"model": "doubao-seedance-2-0-260128", "duration": 10, "resolution": "720p", "ratio": "16:9"}
    text = {"type": "text", "text": REQUEST.prompt}
    return {**usual, "generate_audio": True, "watermark": False, "content": [text, *content], **members}


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
    head = "" if dialect.kind == "kling" else "data:image/png;base64,"
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

    shipped = VENDORS[dialect.kind].model
    config = Config(
        provider=ProviderConfig(kind=dialect.kind),
        model=(ModelConfig(name="newer", like=shipped, id="newer-1", price=2.0),),
    ).provider
    provider = make(config, lambda: "k")
    request = replace(REQUEST, model="newer")
    assert provider.validate(request) == []
    assert provider.price(request) == micros(20.0)
    assert provider.sent(request)["model"] == "newer-1"
    assert provider.validate(replace(REQUEST, model=shipped)) == []
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
def test_a_code_of_doubt_or_one_that_nobody_knows_is_no_refusal(dialect: NativeDialect) -> None:
    form = dialect.make("http://127.0.0.1:9").format
    status, body = dialect.said["server"]
    for told in (200, 400, status):
        assert isinstance(after_create(Answer(told, {}, json.dumps(body).encode()), form), Unknown), told
    assert isinstance(after_create(Answer(200, {}, b'{"code": "Later", "message": "hm"}'), form), Unknown)


@every
def test_a_list_shows_what_a_create_said(dialect: NativeDialect, server: ScriptedServer) -> None:
    rows = [("b", REQUEST.prompt, 1_790_000_020.0), ("a", REQUEST.prompt, 1_790_000_010.0)]
    pages = iter(dialect.pages(rows))

    def answer(asked: Any) -> Reply:
        return dialect.running() if asked.path.partition("?")[0].endswith(("/a", "/b")) else next(pages)

    server.script(answer)
    provider = dialect.make(server.url)
    listed = provider.recent(1_790_000_000.0)
    assert isinstance(listed, Listed)
    assert [(one.remote_id, one.created_at, one.running) for one in listed.tasks] == [
        ("b", 1_790_000_020.0, True),
        ("a", 1_790_000_010.0, True),
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
    told = stage.make(server.url).whole("a")
    assert told is not None
    assert not isinstance(told, Fault)
    assert told.prompt == REQUEST.prompt


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
    ],
)
def test_how_a_lost_create_is_found(kind: str, find: Find, seen_after: float, kept_for: float) -> None:
    facts = finding_of(ProviderConfig(kind=kind))
    assert (facts.how, facts.seen_after, facts.kept_for) == (find, seen_after, kept_for)
