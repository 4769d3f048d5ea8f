"""A local reference picture on its way to the provider: read, compared with what was asked for, packed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from urllib3.filepost import encode_multipart_formdata

from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers import faults
from sorad.providers.base import picture as path_of

LARGEST = 20_000_000  # bytes


@dataclass(frozen=True)
class Picture:
    """A picture and its media type."""

    data: bytes = field(repr=False)
    media_type: str


def read_picture(request: Request) -> Union[Picture, Problem]:
    """The picture that the request names by its hash; another one under the same name is not sent."""
    path = path_of(request)
    try:
        if path is None or path.stat().st_size > LARGEST:
            return faults.picture(N_("The picture {path} is too large to be sent."), str(path))
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return faults.picture(N_("The picture {path} cannot be read: {reason}."), str(path), reason=reason)
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != request.image:
        return faults.picture(
            N_("The picture {path} is another one than when the storyboard was read."), str(path)
        )
    media_type = media_type_of(data)
    if not media_type:
        return faults.picture(N_("The picture {path} is not a jpeg, png or webp picture."), str(path))
    return Picture(data, media_type)


def media_type_of(data: bytes) -> str:
    """``image/jpeg``, ``image/png`` or ``image/webp`` by the first bytes; ``""`` for anything else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def data_url(one: Picture) -> str:
    """The picture as a ``data:`` URL."""
    return f"data:{one.media_type};base64,{base64.b64encode(one.data).decode('ascii')}"


def multipart(members: Mapping[str, str], name: str, one: Picture) -> tuple[bytes, str]:
    """A form with the picture as a file called ``name``: body and content type."""
    file = (f"reference.{one.media_type.partition('/')[2]}", one.data, one.media_type)
    return encode_multipart_formdata({**members, name: file})
