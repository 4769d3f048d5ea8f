"""What must hold of ``[[model]]``, and of the keys that say in which fields a gateway reads what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from sorad.config.finding import Finding
from sorad.config.model import Config, ModelConfig, ProviderConfig, Ratio
from sorad.config.vendors import Vendor, vendor_of
from sorad.messages import N_

FIXED = (
    "model",
    "prompt",
    "seconds",
    "size",
    "negative_prompt",
    "seed",
)  # fields under names that do not change
_SIDES = {480: "480p", 720: "720p", 1080: "1080p", 1440: "2k", 2160: "4k"}  # by the shorter side
RESOLUTIONS = tuple(_SIDES.values())
_FIELD = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
_FIELDS = ("picture_field", "last_frame_field", "references_field", "audio_field")


def of_fields(provider: ProviderConfig) -> Iterator[Finding]:
    """What does not fit between the fields of a gateway, its sizes, and what is sent along."""
    vendor = vendor_of(provider.kind)
    if vendor is not None:
        yield from _of_vendor(provider, vendor)
        return
    for key in _FIELDS:
        name = getattr(provider, key)
        if name and not _FIELD.fullmatch(name):
            yield _bad(
                ("provider", key),
                name,
                N_('Write the name of a field, as in "image" or "metadata.image_tail".'),
            )
    yield from _shared(provider)
    own = (getattr(provider, key) for key in _FIELDS if getattr(provider, key))
    yield from _sent_twice(provider, (*FIXED, *own))
    yield from _sizes(provider)


def _of_vendor(provider: ProviderConfig, vendor: Vendor) -> Iterator[Finding]:
    """What does not fit to a provider that is spoken to natively."""
    yield from _sent_twice(provider, vendor.sends)
    if provider.region and provider.region not in vendor.regions:
        fix = N_("Write one of {allowed}, or remove the line.")
        params = {"allowed": ", ".join(vendor.regions) or '""'}
        yield replace(
            _bad(("provider", "region"), provider.region, fix), params={"value": provider.region, **params}
        )
    if not (provider.model or vendor.model):
        yield Finding(
            ("provider", "model"),
            "config.provider_incomplete",
            N_('{place}: kind = "{kind}" needs {name}.'),
            N_(
                "Add {name} = {example} below [provider]: the id of a model, as the provider's site shows it."
            ),
            also=(("provider", "kind"),),
            params={"name": "model", "kind": provider.kind, "example": '"…"'},
        )


def _sent_twice(provider: ProviderConfig, names: Sequence[str]) -> Iterator[Finding]:
    leaves = list(_leaves(provider.extra))
    for name in (leaf for leaf in leaves if any(_meet(leaf, one) for one in names)):
        yield Finding(
            ("provider", "extra"),
            "config.extra",
            N_("{place}: extra names {name}, which sorad sends itself."),
            N_("Take it out of extra: the storyboard, or the keys below [provider], say what is sent there."),
            params={"name": name},
        )


def _shared(provider: ProviderConfig) -> Iterator[Finding]:
    """Two things in one field, which holds but one."""
    seen: dict[str, str] = {}
    for key in _FIELDS:
        name = getattr(provider, key)
        other = seen.setdefault(name, key) if name else key
        shared = other != key and not (name.endswith("s") and key != "audio_field")
        if name and (shared or name in FIXED):
            yield _bad(
                ("provider", key),
                name,
                N_('Name a field of its own. Several pictures go together only in a list, as in "images".'),
            )


def _leaves(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _meet(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _sizes(provider: ProviderConfig) -> Iterator[Finding]:
    for key, size in provider.sizes.items():
        ratio, space, resolution = key.partition(" ")
        good = ratio in get_args(Ratio) and (not space or resolution in RESOLUTIONS)
        if not good or not size.strip():
            fix = N_(
                "Write a ratio, or a ratio and a resolution: "
                'sizes = {{"1:1" = "1024x1024", "16:9 1080p" = "1920x1080"}}.'
            )
            yield _bad(("provider", "sizes"), f"{key} = {size}", fix)
    wanted = provider.resolution
    usual = {"16:9": provider.size_horizontal, "9:16": provider.size_vertical}
    for ratio, size in usual.items():
        if (
            wanted
            and f"{ratio} {wanted}" not in provider.sizes
            and resolution_of(provider.sizes.get(ratio, size)) != wanted
        ):
            yield Finding(
                ("provider", "resolution"),
                "config.resolution",
                N_("{place}: resolution = {value} has no size for {ratio}."),
                N_('Name it: sizes = {{"{ratio} {value}" = "…"}}, as your gateway documents it.'),
                params={"value": wanted, "ratio": ratio},
            )
            return


def resolution_of(size: str) -> str:
    """``"1080p"`` for ``"1920x1080"``; ``""`` for what is no usual one."""
    found = re.fullmatch(r"(\d{2,5})[x*](\d{2,5})", size)
    return _SIDES.get(min(int(found[1]), int(found[2])), "") if found else ""


def of_models(config: Config) -> Iterator[Finding]:
    """What does not fit in ``[[model]]``."""
    known = tuple(provider.title for provider in config.providers)
    names = {model.name for model in config.model}
    seen: set[tuple[str, str]] = set()
    for number, model in enumerate(config.model):
        at = ("model", number)
        if (model.name, model.provider) in seen:
            yield Finding(
                (*at, "name"),
                "config.model_twice",
                N_("{place}: there are two [[model]] named {name}."),
                N_("Keep one of the two."),
                params={"name": model.name},
            )
        seen.add((model.name, model.provider))
        if model.provider and model.provider not in known:
            yield _unknown((*at, "provider"), model.provider, ", ".join(known))
        if model.like and model.like not in names and not _has_models(config, model):
            yield _unknown((*at, "like"), model.like, ", ".join(sorted(names)))
        yield from _values(model, at)


def _has_models(config: Config, model: ModelConfig) -> bool:
    """Whether a provider of the model comes with some that it may be like."""
    theirs = (one for one in config.providers if model.provider in ("", one.title))
    return any(vendor_of(one.kind) is not None for one in theirs)


def _values(model: ModelConfig, at: tuple[str, int]) -> Iterator[Finding]:
    if model.lengths is not None and (not model.lengths or min(model.lengths) < 1):
        fix = N_("Write lengths of at least one second, as in [4, 8, 12].")
        yield _bad((*at, "lengths"), str(list(model.lengths)), fix)
    if isinstance(model.price, dict):
        for key in model.price:
            if not re.fullmatch(rf"({'|'.join(RESOLUTIONS)})?( ?silent)?", key):
                fix = N_(
                    'Write prices of a second as in price = {{"720p" = 0.1, "1080p" = 0.2, "720p silent" = 0.05}}.'
                )
                yield _bad((*at, "price"), key, fix)


def _unknown(loc: tuple[str, int, str], value: str, known: str) -> Finding:
    message = N_("{place}: there is no {value} in this config.")
    if not known:
        return Finding(loc, "config.unknown_name", message, N_("Remove the line."), params={"value": value})
    params = {"value": value, "known": known}
    return Finding(loc, "config.unknown_name", message, N_("Write one of: {known}."), params=params)


def _bad(loc: Any, value: str, fix: str) -> Finding:
    return Finding(
        loc, "config.bad_value", N_("{place}: {key} = {value} is not allowed."), fix, params={"value": value}
    )
