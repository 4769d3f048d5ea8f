"""The input of a model among many, whose fields differ: the config says where it reads a picture, or the sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sorad.config.model import ProviderConfig
from sorad.providers.native.shot import Shot

_NAMES = {"seconds": "duration", "ratio": "aspect_ratio"}


def shape_of(shot: Shot) -> dict[str, Any]:
    """Model, length and ratio, and resolution, sound and seed where there is a choice."""
    said: dict[str, Any] = {"model": shot.model, "seconds": shot.seconds, "ratio": shot.ratio}
    if shot.offer.resolutions:
        said["resolution"] = shot.resolution
    if shot.offer.audio == "switch":
        said["audio"] = shot.audio
    if shot.request.seed is not None:
        said["seed"] = shot.request.seed
    return said


def input_of(shot: Shot, said: Mapping[str, Any], config: ProviderConfig) -> dict[str, Any]:
    """The members of the input."""
    names = {**_NAMES, "audio": config.field("audio_field")}
    members = {names.get(name, name): value for name, value in said.items() if name != "model"}
    members["prompt"] = shot.request.prompt
    if shot.request.negative_prompt:
        members["negative_prompt"] = shot.request.negative_prompt
    pictures = (("picture_field", shot.first), ("last_frame_field", shot.last))
    for key, picture in (*pictures, *(("references_field", one) for one in shot.references)):
        if picture:
            _put(members, config.field(key), picture)
    return members


def _put(members: dict[str, Any], name: str, picture: str) -> None:
    """Fields of a plural are lists."""
    if name.endswith("s"):
        members.setdefault(name, []).append(picture)
    else:
        members[name] = picture
