"""A local reference picture on its way to the provider: read, compared with what was asked for, packed."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

from sorad.files.allowed_folders import Outside, open_inside
from sorad.messages import N_
from sorad.problems import Problem
from sorad.providers.errors import faults

LARGEST = 20_000_000  # bytes


@dataclass(frozen=True)
class Picture:
    """A picture and its media type."""

    data: bytes = field(repr=False)
    media_type: str


def read_picture(
    image: str, path: str, folders: Sequence[Path], largest: int = LARGEST
) -> Union[Picture, Problem]:
    """The picture at a path, which ``image`` names by its hash; another one under the same name is not sent.

    Nor is one that does not lie in one of the ``folders``: that is judged again, on the file that is sent; nor one
    of more than ``largest`` bytes.
    """
    try:
        with io.BufferedReader(open_inside(Path(path), folders)) as file:
            data = file.read(largest + 1)
    except Outside as outside:
        return _outside(path, str(outside))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return faults.picture(N_("The picture {path} cannot be read: {reason}."), path, reason=reason)
    if len(data) > largest:
        return faults.picture(N_("The picture {path} is too large to be sent."), path)
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != image:
        return faults.picture(
            N_("The picture {path} is another one than when the storyboard was read."), path
        )
    media_type = media_type_of(data)
    if not media_type:
        return faults.picture(N_("The picture {path} is not a jpeg, png or webp picture."), path)
    return Picture(data, media_type)


def _outside(path: str, folder: str) -> Problem:
    return Problem(
        "provider.picture",
        N_("The picture {path} lies in {folder}, outside of the watched folders: it was not sent."),
        N_("`sorad validate` of its storyboard names the line of the config that allows it."),
        {"path": path, "folder": folder},
    )


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


def multipart(members: Mapping[str, str], files: Sequence[tuple[str, Picture]]) -> tuple[bytes, str]:
    """A form with pictures as files under the names of their fields: body and content type."""
    from urllib3.filepost import encode_multipart_formdata  # takes its time to import

    parts: list[tuple[str, Any]] = list(members.items())
    for number, (name, one) in enumerate(files, start=1):
        called = "reference" if len(files) == 1 else f"reference_{number}"
        parts.append((name, (f"{called}.{one.media_type.partition('/')[2]}", one.data, one.media_type)))
    return encode_multipart_formdata(parts)
