"""What must hold of ``[[model]]``, and of the keys that say in which fields a gateway reads what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from sorad.config.finding import Finding
from sorad.config.model import Config, ModelConfig, ProviderConfig, Ratio
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
    for key in _FIELDS:
        name = getattr(provider, key)
        if name and not _FIELD.fullmatch(name):
            yield _bad(
                ("provider", key),
                name,
                N_('Write the name of a field, as in "image" or "metadata.image_tail".'),
            )
    yield from _shared(provider)
    for name in _sent_twice(provider):
        yield Finding(
            ("provider", "extra"),
            "config.extra",
            N_("{place}: extra names {name}, which sorad sends itself."),
            N_("Take it out of extra: the storyboard, or the keys below [provider], say what is sent there."),
            params={"name": name},
        )
    yield from _sizes(provider)


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


def _sent_twice(provider: ProviderConfig) -> list[str]:
    names = [*FIXED, *(getattr(provider, key) for key in _FIELDS if getattr(provider, key))]
    leaves = list(_leaves(provider.extra))
    return [leaf for leaf in leaves if any(_meet(leaf, name) for name in names)]


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
        if model.like and model.like not in names:
            yield _unknown((*at, "like"), model.like, ", ".join(sorted(names)))
        yield from _values(model, at)


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
