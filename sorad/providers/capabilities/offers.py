"""What each model of a configured provider offers: data that comes with sorad, under what the config says. Pure.

``sorad/providers/<kind>.toml`` has the models that sorad knows; ``[[model]]`` in the config overrides them, or adds
models of its own, which storyboards then call by their names.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import Any, Optional, Union

from sorad.config.model import ModelConfig, ProviderConfig
from sorad.config.vendors import ABROAD, Vendor, vendor_of
from sorad.model import Request
from sorad.providers.capabilities.sizes import Sizes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SORA_HK_MODELS = ("standard", "pro")  # the models of sora.hk
_RATIOS = {"horizontal": "16:9", "vertical": "9:16"}


def ratio_of(request: Request) -> str:
    """Width to height of a request, as ``16:9``."""
    return _RATIOS.get(request.orientation, request.orientation)


@dataclass(frozen=True)
class Offer:
    """What a model offers. Where a text or a tuple is empty, there is no choice of it."""

    name: str = ""
    id: str = ""  # what the API calls it
    lengths: tuple[int, ...] = ()
    ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    sizes: Optional[Sizes] = None  # of an API that takes pixels
    first_frame: bool = False
    last_frame: bool = False
    references: int = 0
    frames_exclude_references: bool = False
    audio: str = ""  # "always", "switch", "never"; "": not known, and no choice
    seed: bool = False
    negative_prompt: bool = False
    prompt_max: int = 32_000  # characters
    forms: tuple[str, ...] = ()  # of pictures: "url", "file", "id"
    largest: int = 20_000_000  # bytes of a picture
    formats: tuple[str, ...] = ("jpeg", "png", "webp")  # of local ones
    sides: Optional[tuple[int, int]] = None  # pixels: the shortest, the longest
    shapes: Optional[tuple[float, float]] = None  # width by height: the narrowest, the widest
    exact: bool = False  # a local first frame has just the size of the video
    price: Mapping[str, float] = field(
        default_factory=dict, compare=False
    )  # of a second; "": whatever is asked for
    wanted: str = ""  # the resolution where a storyboard says none, of an API that takes resolutions
    needs: str = ""  # "first_frame" or "references": it makes nothing without
    text_ratios: tuple[str, ...] = ()  # those without a picture, where they are fewer
    last_frame_alone: bool = True  # also without a first one
    frame_ratio: bool = (
        False  # a video that begins or ends with a picture has that one's ratio, whatever is asked for
    )

    @property
    def usual_resolution(self) -> str:
        """The one that is asked for where a storyboard says none; ``""``: that of the ratio's size."""
        return self.wanted if self.sizes is None else self.sizes.resolution

    def ratios_of(self, request: Request) -> tuple[str, ...]:
        """The ratios that a request may have."""
        return self.ratios if request.pictures() or not self.text_ratios else self.text_ratios

    def has_sound(self, request: Request, usual: bool) -> bool:
        """Whether the video is to have sound: as it is said, as the model always has it, as is usual."""
        if request.audio is not None:
            return request.audio
        return self.audio == "always" or (self.audio != "never" and usual)

    def per_second(self, resolution: str, *, audio: bool) -> Optional[float]:
        """Units of the currency for a second; ``None`` where it is not known."""
        sound = "" if audio else " silent"
        keys = (f"{resolution}{sound}".strip(), resolution, sound.strip(), "")
        return next((self.price[key] for key in keys if key in self.price), None)


@dataclass(frozen=True)
class Offers:
    """The models of a provider. ``pro`` is that of ``is_pro``; ``None``: there is none."""

    default: Offer
    pro: Optional[Offer]
    named: Mapping[str, Offer]  # those that storyboards may name

    def of(self, request: Request) -> Optional[Offer]:
        """The model of a request; ``None`` where it is not there."""
        if request.model:
            return self.named.get(request.model)
        return self.pro if request.pro else self.default

    def all(self) -> tuple[Offer, ...]:
        """Each of them once."""
        listed = (self.default, *(() if self.pro is None else (self.pro,)), *self.named.values())
        return tuple({one.name: one for one in listed}.values())


def offers_of(config: ProviderConfig) -> Offers:
    """What the configured provider's models offer."""
    vendor = vendor_of(config.kind)
    if vendor is not None:
        return _of_vendor(config, vendor)
    return _gateway(config) if config.kind == "openai_videos" else _sora_hk(config)


def _of_vendor(config: ProviderConfig, vendor: Vendor) -> Offers:
    """The models that come with sorad, under what the config says; "*" stands for those that sorad does not know."""
    said = {one.name: one for one in config.models}
    shipped = _shipped_offers(config.kind, vendor.region_of(config.region, config.base_url))
    unknown = shipped.get("*") or Offer()
    unknown = replace(unknown, lengths=config.seconds or unknown.lengths)

    def called(name: str) -> Offer:
        last = name
        for _step in said:
            last = said[last].like if last in said and said[last].like else last
        base = shipped.get(name) or shipped.get(last) or unknown
        own = said.get(name)
        told = (own.id if own is not None else "") or (base.id if name in shipped else name)
        return _wanting(_with_its_fields(replace(_called(name, base, said), id=told), config, vendor), config)

    names = dict.fromkeys((*(name for name in shipped if name != "*"), *said, config.model, config.model_pro))
    named = {name: called(name) for name in names if name}
    default = named[config.model or vendor.model] if config.model or vendor.model else called("*")
    return Offers(default, named.get(config.model_pro), named)


def _with_its_fields(offer: Offer, config: ProviderConfig, vendor: Vendor) -> Offer:
    """Of a provider whose models read things in fields of their own: what has no field cannot be sent."""
    if not vendor.fields:
        return offer
    return replace(
        offer,
        first_frame=offer.first_frame and bool(config.field("picture_field")),
        last_frame=offer.last_frame and bool(config.field("last_frame_field")),
        references=offer.references if config.field("references_field") else 0,
        audio="" if offer.audio == "switch" and not config.field("audio_field") else offer.audio,
    )


def _wanting(offer: Offer, config: ProviderConfig) -> Offer:
    """With the resolution that is asked for where a storyboard says none: the config's, else 720p or what is near."""
    usual = [one for one in offer.resolutions if one in ("480p", "720p")] or list(offer.resolutions)
    return replace(offer, wanted=config.resolution or (usual[-1] if usual else ""))


def _shipped_offers(kind: str, region: str) -> dict[str, Offer]:
    """By their names the models that come with sorad, each over the one that it is like, with its price there."""
    rows: dict[str, Offer] = {}
    for one in _shipped(kind).values():
        offer = _with(rows.get(one.like, rows.get("*", Offer())), one)
        price = one.price_abroad if region == ABROAD and one.price_abroad is not None else one.price
        prices = {} if price is None else price if isinstance(price, dict) else {"": price}
        more = {name: value for name in _FOR_THE_FILE if (value := getattr(one, name)) is not None}
        rows[one.name] = replace(offer, id=one.id or one.name, price=prices, **more)
    return rows


def _sora_hk(config: ProviderConfig) -> Offers:
    said = {one.name: one for one in config.models}
    shipped = _shipped("sora_hk")
    standard = _with(Offer(), shipped["standard"])
    models = (_with(_with(standard, shipped[name]), said.get(name)) for name in _SORA_HK_MODELS)
    default, pro = map(_as_sora_hk_takes, models)
    return Offers(default, pro, {})


def _as_sora_hk_takes(offer: Offer) -> Offer:
    """Whatever the config says: the native API has no fields for the rest, and would never hear of it."""
    return replace(
        offer,
        ratios=tuple(one for one in offer.ratios if one in _RATIOS.values()),
        resolutions=(),
        last_frame=False,
        references=0,
        seed=False,
        negative_prompt=False,
        audio="" if offer.audio == "switch" else offer.audio,
        forms=tuple(one for one in offer.forms if one != "file"),
    )


def _gateway(config: ProviderConfig) -> Offers:
    said = {one.name: one for one in config.models}
    base = _unnamed(config)
    pro_base = _with(base, ModelConfig(name="-", lengths=config.seconds_pro)) if config.seconds_pro else base

    def called(name: str, base: Offer) -> Offer:
        return _with_fields_alone(_called(name, base, said), config)

    default = called(config.model, base)
    pro = called(config.model_pro, pro_base) if config.model_pro else None
    named = {name: called(name, base) for name in said}
    named[config.model] = default
    if pro is not None:
        named.setdefault(config.model_pro, pro)
    return Offers(default, pro, {name: one for name, one in named.items() if name})


def _with_fields_alone(offer: Offer, config: ProviderConfig) -> Offer:
    """Whatever a model takes: what has no field at the gateway cannot be sent."""
    return replace(
        offer,
        first_frame=offer.first_frame and bool(config.picture_field),
        last_frame=offer.last_frame and bool(config.last_frame_field),
        references=offer.references if config.references_field else 0,
        audio="" if offer.audio == "switch" and not config.audio_field else offer.audio,
        forms=tuple(one for one in offer.forms if one != "file" or config.reference != "none"),
    )


def _unnamed(config: ProviderConfig) -> Offer:
    """What the gateway's own keys say of any model."""
    known, sizes = _with(Offer(), _shipped("openai_videos")["*"]), Sizes.of(config)
    return Offer(
        lengths=config.seconds or (4, 8, 12),
        ratios=sizes.ratios(),
        resolutions=sizes.resolutions(),
        sizes=sizes,
        first_frame=known.first_frame,
        last_frame=known.last_frame,
        references=known.references,
        audio="switch",
        prompt_max=config.prompt_max,
        forms=known.forms,
        exact=config.picture_field.rpartition(".")[2] == "input_reference",  # as OpenAI has it
    )


def _called(name: str, base: Offer, said: Mapping[str, ModelConfig]) -> Offer:
    """A model by its name; ``like`` leads to another one's first, once each."""
    chain, at = [said.get(name)], said.get(name)
    while at is not None and at.like in said and said[at.like] not in chain:
        at = said[at.like]
        chain.append(at)
    for one in reversed(chain):
        base = _with(base, one)
    own = said.get(name)
    return replace(base, name=name, id=own.id if own is not None and own.id else name)


def _with(base: Offer, said: Optional[ModelConfig]) -> Offer:
    """The offer with what is said over it."""
    if said is None:
        return base
    told: dict[str, Any] = {name: getattr(said, name) for name in _SAID if getattr(said, name) is not None}
    if said.price is not None:
        told["price"] = said.price if isinstance(said.price, dict) else {"": said.price}
    if said.pictures is not None:
        told.update((name, getattr(said.pictures, name)) for name in said.pictures.model_fields_set)
    if said.resolutions is not None and base.sizes is not None:
        told["resolutions"] = tuple(one for one in base.resolutions if one in said.resolutions)
    return replace(base, name=said.name, **told)


_SAID = (
    "lengths",
    "ratios",
    "resolutions",
    "first_frame",
    "last_frame",
    "references",
    "frames_exclude_references",
    "audio",
    "seed",
    "negative_prompt",
    "prompt_max",
)


_FOR_THE_FILE = ("needs", "text_ratios", "last_frame_alone", "frame_ratio")


class Shipped(ModelConfig):
    """A ``[[model]]`` that comes with sorad, and what is for its file alone. ``None``: as ``like`` says."""

    needs: Optional[str] = None
    text_ratios: Optional[tuple[str, ...]] = None
    last_frame_alone: Optional[bool] = None
    frame_ratio: Optional[bool] = None
    price_abroad: Optional[Union[float, dict[str, float]]] = None  # where ``price`` is that of China


@lru_cache(maxsize=16)
def _shipped(kind: str) -> Mapping[str, Shipped]:
    """The models of a kind that come with sorad, by name."""
    text = resources.files("sorad.providers").joinpath(f"{kind}.toml").read_text("utf-8")
    return {raw["name"]: Shipped.model_validate(raw) for raw in tomllib.loads(text)["model"]}
