"""The body of a create in the OpenAI videos format. Which field says what differs by gateway: the config tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.capabilities.offers import Offer, ratio_of
from sorad.providers.wire.pictures import Picture, data_url, multipart, read_picture


@dataclass
class Body:
    """What a create says: the members of an object, and files where it is a form."""

    members: dict[str, Any]
    files: list[tuple[str, Picture]] = field(default_factory=list)

    def form(self) -> tuple[bytes, str]:
        """The body of a form, and its content type."""
        return multipart({name: _written(value) for name, value in self.members.items()}, self.files)


def body_of(
    request: Request, config: ProviderConfig, offer: Offer, folders: Sequence[Path]
) -> Union[Body, Problem]:
    """The create of a request; why not, where a picture cannot be sent. ``folders``: where local ones may come from."""
    body = Body({"prompt": request.prompt})
    for name, said in parameters(request, config, offer).items():
        _put(body.members, name, said)
    if request.negative_prompt:
        body.members["negative_prompt"] = request.negative_prompt
    for name, image, path in _pictures(request, config):
        value = _value(image, path, config, name, folders, offer.largest)
        if isinstance(value, Problem):
            return value
        if isinstance(value, Picture):
            body.files.append((name, value))
        else:
            _put_picture(body.members, name, value)
    _merge(body.members, config.extra)
    return body


def parameters(request: Request, config: ProviderConfig, offer: Offer) -> dict[str, Union[str, int, bool]]:
    """Model, length, size, seed and sound, by the names of their fields."""
    found: dict[str, Union[str, int, bool]] = {
        "model": offer.id,
        "seconds": str(request.seconds),
        "size": size_of(request, offer),
    }
    if request.seed is not None:
        found["seed"] = request.seed
    if config.audio_field:
        found[config.audio_field] = offer.has_sound(request, config.audio)
    return found


def size_of(request: Request, offer: Offer) -> str:
    """The size in pixels that is asked for."""
    return "" if offer.sizes is None else offer.sizes.of_request(ratio_of(request), request.resolution)


def _pictures(request: Request, config: ProviderConfig) -> Iterator[tuple[str, str, str]]:
    """Field, picture and path of each."""
    if request.image:
        yield config.picture_field, request.image, request.image_path
    if request.last_frame:
        yield config.last_frame_field, request.last_frame, request.last_frame_path
    for one in request.references:
        yield config.references_field, one.image, one.path


def _value(
    image: str, path: str, config: ProviderConfig, name: str, folders: Sequence[Path], largest: int
) -> Union[str, Picture, Problem]:
    if not image.startswith("sha256:"):
        return image
    found = read_picture(image, path, folders, largest)
    if isinstance(found, Problem):
        return found
    # A form has no objects in which a file could stand.
    return found if config.reference == "multipart" and "." not in name else data_url(found)


def _object_of(members: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """Where a field stands, which may be an object in the body ("metadata.tail"), and its name there."""
    *outer, last = name.split(".")
    for step in outer:
        members = members.setdefault(step, {})
    return members, last


def _put(members: dict[str, Any], name: str, value: Union[str, int, bool]) -> None:
    holder, last = _object_of(members, name)
    holder[last] = value


def _put_picture(members: dict[str, Any], name: str, picture: str) -> None:
    """Fields of a plural are lists."""
    holder, last = _object_of(members, name)
    if last == "input_reference":  # as OpenAI had it
        holder[last] = {"image_url": picture}
    elif is_list(name):
        holder.setdefault(last, []).append(picture)
    else:
        holder[last] = picture


def is_list(name: str) -> bool:
    """Whether a field of pictures holds several: ``images``, ``reference_images``, ``metadata.image_urls``."""
    return name.endswith("s")


def _merge(members: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for name, value in extra.items():
        there = members.get(name)
        if isinstance(there, dict) and isinstance(value, Mapping):
            _merge(there, value)
        else:
            members[name] = dict(value) if isinstance(value, Mapping) else value


def _written(value: Any) -> str:
    """A member as the field of a form."""
    if isinstance(value, dict) and set(value) == {"image_url"}:
        return str(value["image_url"])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
