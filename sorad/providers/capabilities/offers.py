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
from typing import Any, Optional

from sorad.config.model import ModelConfig, ProviderConfig
from sorad.model import Request
from sorad.providers.capabilities.sizes import Sizes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NATIVE = ("standard", "pro")  # the models of sora.hk
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
    price: Mapping[str, float] = field(
        default_factory=dict, compare=False
    )  # of a second; "": whatever is asked for

    @property
    def usual_resolution(self) -> str:
        """The one that is asked for where a storyboard says none; ``""``: that of the ratio's size."""
        return "" if self.sizes is None else self.sizes.resolution

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
    return _gateway(config) if config.kind == "openai_videos" else _native(config)


def _native(config: ProviderConfig) -> Offers:
    said = {one.name: one for one in config.models}
    shipped = _shipped("sora_hk")
    standard = _with(Offer(), shipped["standard"])
    default, pro = (_native_alone(_with(_with(standard, shipped[name]), said.get(name))) for name in NATIVE)
    return Offers(default, pro, {})


def _native_alone(offer: Offer) -> Offer:
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
        told.update(forms=said.pictures.forms, largest=said.pictures.largest)
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


@lru_cache(maxsize=8)
def _shipped(kind: str) -> Mapping[str, ModelConfig]:
    """The models of a kind that come with sorad, by name."""
    text = resources.files("sorad.providers").joinpath(f"{kind}.toml").read_text("utf-8")
    return {raw["name"]: ModelConfig.model_validate(raw) for raw in tomllib.loads(text)["model"]}
