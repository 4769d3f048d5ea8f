"""What a shot may ask for: sent where the model offers it, refused before anything leaves where it does not."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dialects import DIALECTS, REQUEST, OpenAiVideos, SoraHk
from scripted_http import ScriptedServer

from sorad.config.model import Config, ModelConfig, ProviderConfig
from sorad.engine.decide.matching import same
from sorad.model import Reference, Request, State, Take, micros
from sorad.providers import capabilities_of, make, validator_of
from sorad.providers.base import Accepted, NotSent, RemoteTask
from sorad.storyboard.read import judged

URL, LAST, FACE = "https://x.test/a.png", "https://x.test/b.png", "https://x.test/face.png"
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"

# What a shot asks for, and the code with which that is refused.
ASKED: dict[str, tuple[Request, str]] = {
    "first_frame": (replace(REQUEST, image=URL), "request.first_frame"),
    "last_frame": (replace(REQUEST, last_frame=LAST), "request.last_frame"),
    "references": (replace(REQUEST, references=(Reference(FACE),)), "request.references"),
    "ratio": (replace(REQUEST, orientation="1:1"), "request.aspect_ratio"),
    "resolution": (replace(REQUEST, resolution="1080p"), "request.resolution"),
    "sound": (replace(REQUEST, audio=True), "request.audio"),
    "silence": (replace(REQUEST, audio=False), "request.audio"),
    "seed": (replace(REQUEST, seed=7), "request.seed"),
    "negative_prompt": (replace(REQUEST, negative_prompt="blur"), "request.negative_prompt"),
    "model": (replace(REQUEST, model="kling"), "request.model"),
    "vendor_id": (replace(REQUEST, image="asset://1"), "request.image"),
}
# A gateway that was told everything.
WHOLE: dict[str, Any] = {
    "picture_field": "image",
    "last_frame_field": "metadata.image_tail",
    "references_field": "reference_images",
    "audio_field": "generate_audio",
    "sizes": {"1:1": "1024x1024", "16:9 1080p": "1920x1080"},
}
MODELS = (
    ModelConfig(name="*-like", seed=True, negative_prompt=True, pictures={"forms": ("url", "file", "id")}),
    ModelConfig(name="veo-fast", like="*-like"),
    ModelConfig(name="kling", like="*-like", id="kling-v3"),
)
# Which of these each stage offers, and what is then in the body of its create.
OFFERED: dict[str, dict[str, Any]] = {
    "SoraHk": {"first_frame": {"image_url": URL}},
    "Simulator": {"first_frame": {"image_url": URL}},
    "OpenAiVideos": {"first_frame": {"input_reference": {"image_url": URL}}},
    "OpenAiWithoutList": {"first_frame": {"input_reference": {"image_url": URL}}},
    "whole": {
        "first_frame": {"image": URL},
        "last_frame": {"metadata": {"image_tail": LAST}},
        "references": {"reference_images": [FACE]},
        "ratio": {"size": "1024x1024"},
        "resolution": {"size": "1920x1080"},
        "sound": {"generate_audio": True},
        "silence": {"generate_audio": False},
        "seed": {"seed": 7},
        "negative_prompt": {"negative_prompt": "blur"},
        "model": {"model": "kling-v3"},
        "vendor_id": {"image": "asset://1"},
    },
}


def told(config: ProviderConfig, models: tuple[ModelConfig, ...]) -> ProviderConfig:
    return Config(provider=config, model=models).provider


STAGES = [(type(one).__name__, one, {}) for one in DIALECTS] + [("whole", OpenAiVideos(), WHOLE)]


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(("name", "dialect", "more"), STAGES, ids=[name for name, _one, _more in STAGES])
def test_each_is_sent_or_refused(
    name: str, dialect: Any, more: dict[str, Any], asked: str, server: ScriptedServer
) -> None:
    config = told(dialect.config(server.url + "/v1", **more), MODELS if more else ())
    provider = make(config, lambda: "sk-x", pictures=(Path("/"),))
    request, code = ASKED[asked]
    problems = provider.validate(request)
    server.script(dialect.accepted())
    outcome = provider.create(request)
    if asked not in OFFERED[name]:
        assert [one.code for one in problems] == [code]
        assert problems[0].text()
        assert problems[0].fix_text()
        assert isinstance(outcome, NotSent)
        assert server.asked == []
        return
    assert problems == []
    assert isinstance(outcome, Accepted)
    (sent,) = server.asked
    for field, value in OFFERED[name][asked].items():
        assert sent.json()[field] == value


@pytest.mark.parametrize(("name", "dialect", "more"), STAGES, ids=[name for name, _one, _more in STAGES])
def test_a_shot_continues_where_pictures_from_here_are_taken(
    name: str, dialect: Any, more: dict[str, Any], server: ScriptedServer, tmp_path: Path
) -> None:
    frame = tmp_path / "last.png"
    frame.write_bytes(PNG)
    asked = replace(REQUEST, continues=True)
    digest = f"sha256:{hashlib.sha256(PNG).hexdigest()}"
    config = told(dialect.config(server.url + "/v1", **more), MODELS if more else ())
    provider = make(config, lambda: "sk-x", pictures=(tmp_path,))
    server.script(dialect.accepted())
    problems = provider.validate(judged(asked))
    outcome = provider.create(replace(asked, image=digest, image_path=str(frame)))
    if name in ("SoraHk", "Simulator"):
        assert [one.code for one in problems] == ["request.image"]
        assert "continues the one before" in problems[0].text()
        assert (type(outcome), server.asked) == (NotSent, [])
    else:
        assert problems == []
        assert isinstance(outcome, Accepted)
        assert b"pixels" in server.asked[0].body or base64.b64encode(PNG) in server.asked[0].body


def test_what_costs_is_always_sent(server: ScriptedServer) -> None:
    config = OpenAiVideos().config(server.url + "/v1", **WHOLE, audio=False, resolution="1080p")
    config = config.model_copy(update={"sizes": {**config.sizes, "9:16 1080p": "1080x1920"}})
    server.script(OpenAiVideos().accepted())
    make(config, lambda: "sk-x").create(Request("x", seconds=10, orientation="vertical"))
    body = server.asked[0].json()
    assert (body["seconds"], body["size"], body["generate_audio"]) == ("10", "1080x1920", False)
    told = make(config, lambda: "sk-x").sent(Request("x", seconds=10, orientation="vertical"))
    assert told == {name: value for name, value in body.items() if name != "prompt"}


def test_other_models_that_offer_it_are_named() -> None:
    config = told(OpenAiVideos().config("https://x.test", **WHOLE), (ModelConfig(name="kling", seed=True),))
    (problem,) = validator_of(config)(ASKED["seed"][0])
    assert problem.fix_text().endswith("Or name a model that offers it: kling.")
    assert validator_of(config)(replace(REQUEST, seed=7, model="kling")) == []
    (unknown,) = validator_of(config)(replace(REQUEST, model="nope"))
    assert unknown.fix_text() == "Write one of: kling, veo-fast, veo."


def test_a_provider_that_is_not_there_is_refused() -> None:
    validate = validator_of(SoraHk().config("https://x.test"))
    assert validate(replace(REQUEST, provider="sora_hk")) == []
    (problem,) = validate(replace(REQUEST, provider="west"))
    assert (problem.code, problem.fix_text()) == ("request.provider", "Write one of: sora_hk.")


@pytest.mark.parametrize(
    ("model", "request_", "codes"),
    [
        (
            {"references": 1},
            replace(REQUEST, references=(Reference(URL), Reference(FACE))),
            ["request.references"],
        ),
        (
            {"frames_exclude_references": True},
            replace(REQUEST, image=URL, references=(Reference(FACE),)),
            ["request.references"],
        ),
        ({"frames_exclude_references": True}, replace(REQUEST, references=(Reference(FACE),)), []),
        ({"audio": "always"}, replace(REQUEST, audio=False), ["request.audio"]),
        ({"audio": "always"}, replace(REQUEST, audio=True), []),
        ({"audio": "never"}, replace(REQUEST, audio=True), ["request.audio"]),
        ({"audio": "never"}, replace(REQUEST, audio=False), []),
        ({"lengths": (5,)}, REQUEST, ["request.seconds"]),
        ({"ratios": ("1:1",)}, REQUEST, ["request.aspect_ratio"]),
        ({"resolutions": ("720p",)}, replace(REQUEST, resolution="1080p"), ["request.resolution"]),
        ({"first_frame": False}, replace(REQUEST, image=URL), ["request.first_frame"]),
        ({"last_frame": False}, replace(REQUEST, last_frame=URL), ["request.last_frame"]),
        ({"prompt_max": 3}, REQUEST, ["request.prompt"]),
        ({"pictures": {"forms": ("file",)}}, replace(REQUEST, image=URL), ["request.image"]),
        ({}, replace(REQUEST, orientation="1:1", resolution="1080p"), ["request.resolution"]),
    ],
)
def test_the_config_says_what_a_model_offers(
    model: dict[str, Any], request_: Request, codes: list[str]
) -> None:
    config = told(OpenAiVideos().config("https://x.test", **WHOLE), (ModelConfig(name="veo-fast", **model),))
    assert [one.code for one in validator_of(config)(request_)] == codes


def test_the_config_may_correct_what_sorad_knows() -> None:
    models = (
        ModelConfig(name="standard", lengths=(5, 20), references=2),
        ModelConfig(name="pro", lengths=(20,)),
    )
    capabilities = capabilities_of(told(SoraHk().config("https://x.test"), models))
    assert (capabilities.seconds, capabilities.seconds_pro) == ((5, 20), (20,))


EVERYTHING: dict[str, Any] = {
    "first_frame": True,
    "last_frame": True,
    "references": 9,
    "audio": "switch",
    "seed": True,
    "negative_prompt": True,
    "ratios": ("16:9", "1:1"),
    "resolutions": ("1080p",),
    "pictures": {"forms": ("url", "file")},
}


@pytest.mark.parametrize(
    "asked", [name for name in ASKED if name not in ("first_frame", "model", "vendor_id")]
)
@pytest.mark.parametrize("dialect", [SoraHk(), OpenAiVideos()], ids=["native", "gateway"])
def test_a_model_that_takes_all_is_sent_only_what_its_api_has_a_field_for(
    dialect: Any, asked: str, server: ScriptedServer
) -> None:
    names = ("standard", "veo-fast")
    models = tuple(ModelConfig(name=name, **EVERYTHING) for name in names)
    provider = make(told(dialect.config(server.url + "/v1"), models), lambda: "sk-x")
    request, code = ASKED[asked]
    server.script(dialect.accepted())
    if dialect.kind == "openai_videos" and asked in ("seed", "negative_prompt"):
        assert provider.validate(request) == []  # their fields have the same names everywhere
        return
    # A ratio and a resolution that have no size are told as such.
    codes = {code, "request.resolution"} if asked == "ratio" else {code}
    assert {one.code for one in provider.validate(request)} <= codes
    assert provider.validate(request)
    assert isinstance(provider.create(request), NotSent)
    assert server.asked == []


def test_a_gateway_that_takes_no_files_is_sent_none() -> None:
    models = (ModelConfig(name="veo-fast", **EVERYTHING),)
    validate = validator_of(told(OpenAiVideos().config("https://x.test", reference="none"), models))
    assert [one.code for one in validate(replace(REQUEST, image="sha256:00", image_path="/a.png"))] == [
        "request.image"
    ]


# --- bodies -----------------------------------------------------------------------------------------


def local(folder: Path, name: str) -> tuple[str, str]:
    data = PNG + name.encode()
    (folder / name).write_bytes(data)
    return f"sha256:{hashlib.sha256(data).hexdigest()}", str(folder / name)


def sent_by(server: ScriptedServer, request: Request, **more: Any) -> Any:
    server.script(OpenAiVideos().accepted())
    config = OpenAiVideos().config(server.url + "/v1", **more)
    assert isinstance(make(config, lambda: "sk-x", pictures=(Path("/"),)).create(request), Accepted)
    return server.asked[-1]


@pytest.mark.parametrize(
    "field", ["input_reference", "image", "images", "image_url", "first_frame", "metadata.start"]
)
@pytest.mark.parametrize("reference", ["multipart", "data_url"])
def test_a_local_picture_goes_into_the_field_that_is_named(
    server: ScriptedServer, tmp_path: Path, field: str, reference: str
) -> None:
    image, path = local(tmp_path, "a.png")
    sent = sent_by(
        server, replace(REQUEST, image=image, image_path=path), picture_field=field, reference=reference
    )
    data = "data:image/png;base64," + base64.b64encode(PNG + b"a.png").decode()
    if reference == "multipart" and "." not in field:
        assert b'name="%s"; filename="reference.png"' % field.encode() in sent.body
        assert PNG in sent.body
        return
    value: Any = {"image_url": data} if field == "input_reference" else [data] if field == "images" else data
    *outer, last = field.split(".")
    found = sent.json()
    for step in outer:
        found = found[step]
    assert found[last] == value


def test_several_pictures_go_together(server: ScriptedServer, tmp_path: Path) -> None:
    image, path = local(tmp_path, "a.png")
    last, last_path = local(tmp_path, "b.png")
    request = replace(REQUEST, image=image, image_path=path, last_frame=last, last_frame_path=last_path)
    fields = {"picture_field": "images", "last_frame_field": "images"}
    sent = sent_by(server, request, **fields)
    assert sent.body.count(b'name="images"') == 2
    assert sent.body.index(PNG + b"a.png") < sent.body.index(PNG + b"b.png")
    listed = sent_by(server, request, **fields, reference="data_url").json()["images"]
    assert [base64.b64decode(one.partition(",")[2]) for one in listed] == [PNG + b"a.png", PNG + b"b.png"]


def test_what_is_sent_along_is_merged(server: ScriptedServer) -> None:
    extra = {"watermark": False, "metadata": {"mode": "std"}}
    request = replace(REQUEST, last_frame=LAST)
    body = sent_by(server, request, last_frame_field="metadata.image_tail", extra=extra).json()
    assert body["metadata"] == {"image_tail": LAST, "mode": "std"}
    assert body["watermark"] is False
    assert extra == {"watermark": False, "metadata": {"mode": "std"}}


def test_a_picture_that_is_too_large_for_the_model_is_not_sent(
    server: ScriptedServer, tmp_path: Path
) -> None:
    image, path = local(tmp_path, "a.png")
    models = (ModelConfig(name="veo-fast", pictures={"forms": ("file",), "largest": 5}),)
    config = told(OpenAiVideos().config(server.url + "/v1"), models)
    outcome = make(config, lambda: "sk-x", pictures=(Path("/"),)).create(
        replace(REQUEST, image=image, image_path=path)
    )
    assert isinstance(outcome, NotSent)
    assert outcome.fault.problem.code == "provider.picture"


# --- prices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "second"),
    [
        (REQUEST, 0.10),
        (replace(REQUEST, audio=False), 0.05),
        (replace(REQUEST, resolution="1080p"), 0.20),
        (replace(REQUEST, resolution="1080p", audio=False), 0.20),
        (replace(REQUEST, orientation="1:1"), 0.30),
        (replace(REQUEST, model="kling"), 0.40),
        (replace(REQUEST, pro=True), None),
    ],
)
def test_prices_follow_resolution_and_sound(request_: Request, second: Any) -> None:
    price = {"720p": 0.10, "720p silent": 0.05, "1080p": 0.20, "": 0.30}
    models = (ModelConfig(name="veo-fast", price=price), ModelConfig(name="kling", price=0.40))
    provider = make(told(OpenAiVideos().config("https://x.test", **WHOLE), models), lambda: "sk-x")
    assert provider.price(request_) == (None if second is None else micros(second * 10))


# --- lists ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "task", "may_be"),
    [
        (REQUEST, {"orientation": "vertical"}, False),
        (replace(REQUEST, orientation="4:3"), {"orientation": "horizontal"}, True),
        (replace(REQUEST, orientation="adaptive"), {"orientation": "vertical"}, True),
        (REQUEST, {"pro": True}, False),
        (replace(REQUEST, model="veo"), {"pro": True}, True),
    ],
)
def test_a_list_that_tells_less_proves_nothing(request_: Request, task: dict[str, Any], may_be: bool) -> None:
    take = Take(1, 1, "/v", "/v/s", 1, 1, "", request_, State.UNKNOWN, "/v/1.mp4", 0.0)
    assert same(take, RemoteTask("t", REQUEST.prompt, None, **task)) is may_be


def test_models_that_the_config_names_are_our_own(server: ScriptedServer) -> None:
    rows = [
        {"id": f"t{n}", "prompt": "x", "created_at": 2_000_000_000, "model": name}
        for n, name in enumerate(["kling-v3", "veo", "other"])
    ]
    from scripted_http import Reply

    server.script(Reply({"data": rows, "has_more": False}))
    provider = make(told(OpenAiVideos().config(server.url + "/v1"), MODELS), lambda: "sk-x")
    found = provider.recent(1_999_999_000.0)
    assert [(one.other_model, one.pro) for one in found.tasks] == [("", None), ("", True), ("other", None)]
