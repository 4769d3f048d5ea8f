"""A request as a native API is asked for it: nothing that costs is left to the API's own default."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Union

from sorad.config.model import ProviderConfig
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.capabilities.offers import Offer, ratio_of
from sorad.providers.wire.pictures import data_url, read_picture

DATA_URL, BASE64 = "data_url", "base64"  # what a local picture is sent as


@dataclass(frozen=True)
class Shot:
    """What is asked for. Pictures are addresses, or what local ones are sent as; ``resolution`` is in sorad's words."""

    request: Request
    offer: Offer
    ratio: str
    resolution: str
    audio: bool
    first: str = ""
    last: str = ""
    references: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """What the API calls the model."""
        return self.offer.id

    @property
    def seconds(self) -> int:
        """The length."""
        return self.request.seconds

    @property
    def framed(self) -> bool:
        """Whether it begins, or ends, with a picture."""
        return bool(self.request.image or self.request.last_frame)


@dataclass(frozen=True)
class Order:
    """A create: where it goes, its members, and headers beside the usual ones."""

    path: str
    members: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


def shot_of(request: Request, offer: Offer, config: ProviderConfig) -> Shot:
    """The shot without its pictures."""
    resolution = request.resolution or offer.wanted
    return Shot(request, offer, ratio_of(request), resolution, offer.has_sound(request, config.audio))


def with_pictures(shot: Shot, folders: Sequence[Path], form: str = DATA_URL) -> Union[Shot, Problem]:
    """The shot with its pictures; why not, where one cannot be sent. ``folders``: where local ones may come from."""
    values: list[str] = []
    for image, path in shot.request.pictures():
        value = _value(image, path, folders, shot.offer.largest, form)
        if isinstance(value, Problem):
            return value
        values.append(value)
    first = values.pop(0) if shot.request.image else ""
    last = values.pop(0) if shot.request.last_frame else ""
    return replace(shot, first=first, last=last, references=tuple(values))


def _value(image: str, path: str, folders: Sequence[Path], largest: int, form: str) -> Union[str, Problem]:
    if not image.startswith("sha256:"):
        return image
    found = read_picture(image, path, folders, largest)
    if isinstance(found, Problem):
        return found
    return base64.b64encode(found.data).decode("ascii") if form == BASE64 else data_url(found)


def content_of(shot: Shot) -> Iterator[dict[str, Any]]:
    """The text and each picture with its part, as Ark and MiniMax take them."""
    yield {"type": "text", "text": shot.request.prompt}
    frames = (("first_frame", shot.first), ("last_frame", shot.last))
    for role, url in (*frames, *(("reference_image", one) for one in shot.references)):
        if url:
            yield {"type": "image_url", "image_url": {"url": url}, "role": role}


def merged(members: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The members with those that the config sends along; what sorad sends itself stays."""
    found = {**extra, **members}
    for name, value in extra.items():
        if isinstance(value, Mapping) and isinstance(members.get(name), Mapping):
            found[name] = merged(members[name], value)
    return found
