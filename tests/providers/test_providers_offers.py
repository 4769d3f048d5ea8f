"""Every capability of every model that comes with sorad: what it offers is sent, what it does not is refused before.

One table of questions over the shipped data, one reader for each format: what costs is in every create.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable

import pytest

from sorad.config.model import Config, ModelConfig, ProviderConfig
from sorad.config.vendors import VENDORS
from sorad.model import Look, Reference, Request
from sorad.providers import make
from sorad.providers.base import NotSent
from sorad.providers.capabilities.offers import Offer, offers_of, ratio_of
from sorad.providers.wire.http import Wire

RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive")
RESOLUTIONS = ("480p", "720p", "1080p", "2k", "4k")
WAYS = {"16:9": "horizontal", "9:16": "vertical"}
FIRST, LAST = "https://x.test/first.png", "https://x.test/last.png"
DATA = b"\x89PNG\r\n\x1a\n" + b"pixels"
FILE = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
FIELDS: dict[str, Any] = {
    "picture_field": "image",
    "last_frame_field": "end_image",
    "references_field": "reference_images",
    "audio_field": "generate_audio",
}
SIZES = {ratio: f"{n}00x{n}01" for n, ratio in enumerate(RATIOS, 1)}
MORE_SIZES = {
    "16:9 480p": "854x480",
    "16:9 1080p": "1920x1080",
    "16:9 2k": "2560x1440",
    "16:9 4k": "3840x2160",
}
OF_MANY = {"model": "vendor/one"}
# Kinds, each with what the config says; those whose fields the config names stand there with none and with all.
CONFIGS: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind, **({} if VENDORS[kind].model else OF_MANY)} for kind in VENDORS},
    "fal whole": {"kind": "fal", **OF_MANY, **FIELDS},
    "replicate whole": {"kind": "replicate", **OF_MANY, **FIELDS},
    "sora_hk": {"kind": "sora_hk"},
    "simulator": {"kind": "simulator"},
    "openai_videos": {"kind": "openai_videos", "model": "sora-2", "base_url": "https://x.test/v1"},
    "openai_videos whole": {
        "kind": "openai_videos",
        "model": "veo",
        "base_url": "https://x.test/v1",
        "sizes": {**SIZES, **MORE_SIZES, "16:9": "1280x720"},
        **FIELDS,
    },
}


def config_of(name: str) -> ProviderConfig:
    takes_all = ModelConfig(
        name="veo", seed=True, negative_prompt=True, pictures={"forms": ("url", "file", "id")}
    )
    models = (takes_all,) if name == "openai_videos whole" else ()
    return Config(provider=ProviderConfig(**CONFIGS[name]), model=models).provider


def models() -> Iterator[tuple[str, str]]:
    for name in CONFIGS:
        offers = offers_of(config_of(name))
        named = tuple(offers.named) or ("", "pro") if offers.pro is not None else tuple(offers.named)
        yield from ((name, model) for model in named or ("",))


# --- what each format says, in sorad's words ----------------------------------------------------------------


def plain(resolution: Any) -> str:
    said = str(resolution or "").lower()
    return {"540p": "480p", "768p": "720p"}.get(said, said)


def of_content(rows: list[Any]) -> dict[str, Any]:
    shown: dict[str, list[str]] = {}
    for row in rows:
        if row["type"] == "image_url":
            shown.setdefault(row["role"], []).append(row["image_url"]["url"])
    first, last = shown.get("first_frame", [""])[0], shown.get("last_frame", [""])[0]
    return {
        "prompt": rows[0]["text"],
        "first": first,
        "last": last,
        "references": shown.get("reference_image", []),
    }


def flat(members: Mapping[str, Any], **names: str) -> dict[str, Any]:
    usual = {name: name for name in ("prompt", "resolution", "audio", "seed")}
    usual.update(seconds="duration", ratio="aspect_ratio", negative="negative_prompt")
    return {name: members.get(field) for name, field in {**usual, **names}.items()}


def of_ark(path: str, members: Any) -> dict[str, Any]:
    return {**flat(members, ratio="ratio", audio="generate_audio"), **of_content(members["content"])}


def of_minimax(path: str, members: Any) -> dict[str, Any]:
    return {**flat(members, ratio="ratio"), **of_content(members["content"])}


def of_dashscope(path: str, members: Any) -> dict[str, Any]:
    shown: dict[str, list[str]] = {}
    for row in members["input"].get("media", ()):
        shown.setdefault(row["type"], []).append(row["url"])
    told = flat({**members["parameters"], **members["input"]}, ratio="ratio")
    assert members["parameters"]["prompt_extend"] is False
    first, last = shown.get("first_frame", [""])[0], shown.get("last_frame", [""])[0]
    return {**told, "first": first, "last": last, "references": shown.get("reference_image", [])}


def of_kling(path: str, members: Any) -> dict[str, Any]:
    told = flat(members["settings"])
    assert members["settings"]["multi_shot"] is False
    told["audio"] = {"native": True, "off": False, None: None}[told["audio"]]
    rows = members.get("contents", [{"text": members.get("prompt")}])
    shown = {row["type"]: row["url"] for row in rows[1:]}
    frames = {"first": shown.get("first_frame", ""), "last": shown.get("last_frame", "")}
    return {**told, **frames, "prompt": rows[0]["text"], "references": []}


def of_vidu(path: str, members: Any) -> dict[str, Any]:
    images, call = list(members.get("images", ())), path.rpartition("/")[2]
    counts = {"text2video": 0, "img2video": 1, "start-end2video": 2}
    assert len(images) == counts.get(call, len(images) or -1)
    of_references = call == "reference2video"
    frames = [] if of_references else images
    first, last = ([*frames, "", ""])[:2]
    return {**flat(members), "first": first, "last": last, "references": images if of_references else []}


def of_input(members: Any, picture: str = "image_url") -> dict[str, Any]:
    told = flat(members, audio="generate_audio")
    first = members.get("image", members.get(picture, ""))
    more = {"last": members.get("end_image", ""), "references": members.get("reference_images", [])}
    return {**told, "seconds": int(told["seconds"]), "first": first, **more}


def of_google(path: str, members: Any) -> dict[str, Any]:
    *pictures, text = members["input"]
    told = flat(members["response_format"])
    told.update(prompt=text["text"], seconds=int(told["seconds"].rstrip("s")), last="", references=[])
    return {**told, "first": pictures[0]["data"] if pictures else ""}


def of_openrouter(path: str, members: Any) -> dict[str, Any]:
    shown = {row["frame_type"]: row["image_url"]["url"] for row in members.get("frame_images", ())}
    frames = {"first": shown.get("first_frame", ""), "last": shown.get("last_frame", "")}
    references = [row["image_url"]["url"] for row in members.get("input_references", ())]
    return {**flat(members, audio="generate_audio"), **frames, "references": references}


def of_sora_hk(path: str, members: Any) -> dict[str, Any]:
    ratio = {way: ratio for ratio, way in WAYS.items()}[members["resolution"]]
    told = flat(members)
    told.update(
        ratio=ratio, seconds=members["duration"], first=members.get("image_url", ""), last="", references=[]
    )
    return told


def of_gateway(path: str, members: Any) -> dict[str, Any]:
    by_size = {size: (ratio, "") for ratio, size in SIZES.items()}
    by_size.update((size, tuple(key.split())) for key, size in MORE_SIZES.items())
    by_size.update({"1280x720": ("16:9", "720p"), "720x1280": ("9:16", "720p")})
    reference = members.get("input_reference", {"image_url": ""})["image_url"]
    told = of_input({**members, "duration": members["seconds"]}, "image")
    ratio, resolution = by_size[members["size"]]
    return {**told, "ratio": ratio, "resolution": resolution, "first": told["first"] or reference}


READERS: Mapping[str, Callable[[str, Any], dict[str, Any]]] = {
    "ark": of_ark,
    "minimax": of_minimax,
    "dashscope": of_dashscope,
    "kling": of_kling,
    "vidu": of_vidu,
    "fal": lambda path, members: of_input(members),
    "replicate": lambda path, members: of_input(members["input"]),
    "google_omni": of_google,
    "openrouter": of_openrouter,
    "sora_hk": of_sora_hk,
    "simulator": of_sora_hk,
    "openai_videos": of_gateway,
}

# --- the questions ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """``said``: what must be in the create, of :func:`flat`'s names; ``refused``: the code, where it is not offered."""

    what: str
    request: Request
    refused: str
    said: Mapping[str, Any]


def asked_of(offer: Offer, base: Request, picture: str) -> Iterator[Asked]:
    """``picture``: an address, or what else the model takes of pictures."""
    for seconds in range(max(offer.lengths) + 2):
        fits = seconds in offer.lengths
        yield Asked(
            "length", replace(base, seconds=seconds), "" if fits else "request.seconds", {"seconds": seconds}
        )
    for ratio in RATIOS:
        request = replace(base, orientation=WAYS.get(ratio, ratio))
        fits = ratio in offer.ratios_of(request)
        yield Asked("ratio", request, "" if fits else "request.aspect_ratio", {})
    for resolution in RESOLUTIONS:
        fits = resolution in offer.resolutions
        code = "" if fits else "request.resolution"
        yield Asked("resolution", replace(base, resolution=resolution), code, {"resolution": resolution})
    yield from _of_pictures(offer, replace(base, image=""), picture)
    for audio, known in ((True, ("always", "switch")), (False, ("never", "switch"))):
        code = "" if offer.audio in known else "request.audio"
        yield Asked(
            "sound", replace(base, audio=audio), code, {"audio": audio} if offer.audio == "switch" else {}
        )
    yield Asked("seed", replace(base, seed=7), "" if offer.seed else "request.seed", {"seed": 7})
    code = "" if offer.negative_prompt else "request.negative_prompt"
    yield Asked("negative prompt", replace(base, negative_prompt="blur"), code, {"negative": "blur"})
    longest = "x" * offer.prompt_max
    yield Asked("longest prompt", replace(base, prompt=longest), "", {"prompt": longest})
    yield Asked("longer prompt", replace(base, prompt=longest + "x"), "request.prompt", {})


def _of_pictures(offer: Offer, bare: Request, picture: str) -> Iterator[Asked]:
    first, kept = replace(bare, image=picture), {} if offer.needs == "first_frame" else {"first": ""}
    needed = {"image": picture} if offer.needs == "first_frame" else {}
    frames = replace(bare, image=picture, last_frame=picture)
    code = "" if offer.first_frame else "request.first_frame"
    yield Asked("first frame", first, code, {"first": picture})
    both = (
        "" if offer.first_frame and offer.last_frame else "request.last_frame" if offer.first_frame else code
    )
    yield Asked("last frame", frames, both, {"first": picture, "last": picture})
    alone = "" if offer.last_frame and (offer.last_frame_alone or needed) else "request.last_frame"
    yield Asked(
        "last frame alone", replace(bare, last_frame=picture, **needed), alone, {"last": picture, **kept}
    )
    for count in (1, offer.references, offer.references + 1):
        shown = tuple(Reference(picture) for _number in range(count))
        code = "" if count <= offer.references else "request.references"
        excluded = "request.references" if needed and offer.frames_exclude_references else ""
        request = replace(bare, references=shown, **needed)
        if count:
            yield Asked("references", request, code or excluded, {"references": [picture] * count, **kept})
    if offer.first_frame and offer.references:
        code = "request.references" if offer.frames_exclude_references else ""
        request = replace(first, references=(Reference(picture),))
        yield Asked("frames and references", request, code, {"first": picture, "references": [picture]})


def pictures_of(offer: Offer, base: Request) -> Iterator[tuple[str, Request, str]]:
    """Forms and sizes of pictures, where a first frame is taken at all; judged alone."""
    size = "1000x1000" if offer.sizes is None else offer.sizes.of_request(ratio_of(base), "")
    width, height = map(int, size.split("x"))
    good = Look(100, offer.formats[0], width, height)

    def local(**other: Any) -> Request:
        return replace(base, image=FILE, image_path="/v/a.png").seen({FILE: replace(good, **other)})

    for form, image in (("url", FIRST), ("id", "asset://1")):
        yield form, replace(base, image=image, looks=()), "" if form in offer.forms else "request.image"
    exact = "request.image" if offer.exact else ""
    yield "other than the video", local(width=width + 1), exact if "file" in offer.forms else "request.image"
    yield "file", local(), "" if "file" in offer.forms else "request.image"
    if "file" not in offer.forms:
        return
    yield "largest", local(bytes=offer.largest), ""
    yield "larger", local(bytes=offer.largest + 1), "request.image"
    for form in ("jpeg", "png", "webp"):
        yield form, local(form=form), "" if form in offer.formats else "request.image"
    tall = replace(local(width=900, height=1600), orientation="vertical")
    if "9:16" in offer.ratios and not offer.exact:
        yield "ratio of the frame", tall, ""
        wide = tall.seen({FILE: replace(good, width=1600, height=900)})
        yield "other ratio than the frame", wide, "request.aspect_ratio" if offer.frame_ratio else ""
    if offer.sides is not None:
        least, most = offer.sides
        yield "sides", local(width=least, height=least), ""
        yield "too short", local(width=least - 1, height=least), "request.image"
        yield "too long", local(width=most + 1, height=most), "request.image"
    if offer.shapes is not None:
        yield "too narrow", local(width=1000, height=int(1000 / offer.shapes[0]) + 10), "request.image"
        yield "too wide", local(width=int(1000 * offer.shapes[1]) + 10, height=1000), "request.image"


class Left(Exception):
    """A create left: its path and its members."""


def base_of(offer: Offer, model: str) -> Request:
    pro = model == "pro"
    image = FIRST if offer.needs == "first_frame" else ""
    way = WAYS.get(offer.ratios[0], offer.ratios[0])
    return Request(
        "x", image=image, seconds=offer.lengths[0], orientation=way, pro=pro, model="" if pro else model
    )


@pytest.fixture
def _recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def post_json(_wire: Wire, path: str, members: Any, headers: Any = None) -> Any:
        raise Left(path, members)

    monkeypatch.setattr(Wire, "post_json", post_json)


@pytest.mark.usefixtures("_recorded")
@pytest.mark.parametrize(("name", "model"), list(models()))
def test_each_capability_is_sent_and_each_that_is_not_offered_is_refused(
    name: str, model: str, tmp_path: Path
) -> None:
    config = config_of(name)
    provider = make(config, lambda: "k", pictures=(tmp_path,))
    offer = offers_of(config).of(base_of(Offer(lengths=(1,), ratios=("16:9",)), model))
    assert offer is not None
    base = base_of(offer, model)
    path = tmp_path / "a.png"
    path.write_bytes(DATA)
    picture = FIRST if "url" in offer.forms else FILE
    for asked in asked_of(offer, base, picture):
        request = asked.request
        if picture == FILE and request.pictures():
            request = with_paths(request, str(path))
        codes = {one.code for one in provider.validate(request)}
        assert (codes != set(), asked.refused in codes or not asked.refused) == (asked.refused != "", True), (
            asked
        )
        try:
            found = provider.create(request, "own")
        except Left as left:
            if asked.refused:
                assert asked.what == "length", asked  # which every API refuses by itself
                continue
            said = READERS[config.kind](*left.args)
            expected = {
                one: value for one, value in asked.said.items() if picture != FILE or one not in PICTURED
            }
            assert {
                one: plain(said[one]) if one == "resolution" else said[one] for one in expected
            } == expected, asked
            all_that_costs(said, request, offer)
        else:
            assert isinstance(found, NotSent), asked
    if offer.first_frame:
        for what, request, code in pictures_of(offer, base):
            assert [one.code for one in provider.validate(request)] == ([code] if code else []), what


PICTURED = ("first", "last", "references")


def with_paths(request: Request, path: str) -> Request:
    frames = {
        "image_path": path if request.image else "",
        "last_frame_path": path if request.last_frame else "",
    }
    return replace(request, references=tuple(replace(one, path=path) for one in request.references), **frames)


def all_that_costs(said: Mapping[str, Any], request: Request, offer: Offer) -> None:
    """Length, resolution, ratio and sound are never left to the provider."""
    assert said["seconds"] == request.seconds
    if offer.resolutions and offer.sizes is None:
        assert plain(said["resolution"]) == (request.resolution or offer.wanted)
    ratio = {way: ratio for ratio, way in WAYS.items()}.get(request.orientation, request.orientation)
    by_picture = (None, "adaptive") if offer.frame_ratio and (request.image or request.last_frame) else ()
    assert said["ratio"] in (ratio, *by_picture)
    if offer.audio == "switch":
        assert said["audio"] is (True if request.audio is None else request.audio)


def test_each_is_offered_by_one_and_not_by_another() -> None:
    """The table has both cases of each question."""
    found: dict[str, set[bool]] = {}
    sound = set()
    for name, model in models():
        offer = offers_of(config_of(name)).of(base_of(Offer(lengths=(1,), ratios=("16:9",)), model))
        assert offer is not None
        sound.add(offer.audio)
        for asked in asked_of(offer, base_of(offer, model), FIRST):
            found.setdefault(asked.what.replace("longer", "longest"), set()).add(not asked.refused)
        for what, _request, code in pictures_of(offer, base_of(offer, model)):
            found.setdefault(f"form {what}" if what in ("url", "id", "file") else "size", set()).add(not code)
    assert sound == {"always", "switch", "never", ""}
    assert {what for what, both in found.items() if both != {True, False}} == set()
