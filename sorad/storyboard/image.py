"""The reference picture of a segment: an address that is passed on, or a file that is sent along."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional
from urllib.parse import SplitResult, unquote, urlsplit

from sorad.files.allowed_folders import Outside, line_for, open_inside
from sorad.messages import N_
from sorad.model import Look
from sorad.problems import Problem
from sorad.storyboard.picture_header import is_animated, look_at
from sorad.units import format_size

IMAGE_MAX = 20_000_000  # bytes

_ADDRESS_FIX = N_(
    "Give an http(s) address, or the path of a jpeg, png or webp file as seen from the storyboard's folder."
)
_ONE_FIX = N_("Save one of its frames as a jpeg, png or webp file of its own.")


@dataclass(frozen=True)
class Pictures:
    """The folders in and below which local pictures may be sent: the user's own, and those of the config's key."""

    folders: tuple[Path, ...] = ()
    named: tuple[Path, ...] = ()  # `picture_folders`

    @property
    def allowed(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.folders, *self.named)


# Pictures that lie at a vendor already, by its own ids: they are passed on as they are.
_VENDOR_ID = re.compile(r"(?:asset|mm_file|oss)://\S+")


@dataclass(frozen=True)
class Image:
    """``image`` and ``image_path`` of a request; what it is."""

    image: str
    path: str = ""
    look: Optional[Look] = None  # of a local one


def find_image(reference: str, folder: Path, pictures: Pictures, *, whole: bool = False) -> Image | Problem:
    """The picture that a storyboard names. Relative paths start at ``folder``; a local picture is read.

    ``whole``: one that ends too early is none.
    """
    if _VENDOR_ID.fullmatch(reference):
        return Image(reference)
    try:
        parts = urlsplit(reference)
        host = parts.hostname
    except ValueError:  # "http://[": an address that cannot be taken apart
        return _not_understood(reference)
    if parts.scheme in ("http", "https"):
        if not host or any(char.isspace() for char in reference):
            return _not_understood(reference)
        return Image(reference)
    if parts.scheme == "file":
        return _local(Path(_path_of(parts)), pictures)
    if len(parts.scheme) > 1 and (parts.netloc or parts.scheme == "data"):  # one letter: a Windows drive
        return _not_understood(reference)
    return _local(folder / reference, pictures, whole=whole)


def _path_of(parts: SplitResult) -> str:
    if parts.netloc in ("", "localhost"):
        from urllib.request import url2pathname  # brings the whole of HTTP along

        return url2pathname(parts.path)
    return f"//{parts.netloc}{unquote(parts.path)}"  # a share on Windows


def _local(written: Path, pictures: Pictures, *, whole: bool = False) -> Image | Problem:
    path = os.path.abspath(written)  # noqa: PTH100  (Path has no way to drop ".." without following links)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return _problem(N_("{path} is not a file."), path)
        with io.BufferedReader(open_inside(Path(path), pictures.allowed)) as file:
            data = file.read(IMAGE_MAX + 1)
            size = max(os.fstat(file.fileno()).st_size, len(data))
    except (FileNotFoundError, NotADirectoryError):
        return _problem(N_("There is no picture at {path}."), path)
    except Outside as outside:
        return _outside(path, str(outside), pictures)
    except (OSError, ValueError) as error:  # ValueError: a name that this system cannot have
        reason = getattr(error, "strerror", None) or str(error)
        return _problem(N_("{path} cannot be read: {reason}."), path, reason)
    if len(data) > IMAGE_MAX:
        return _too_large(path, size)
    look = look_at(data)
    if look is None:
        return _problem(N_("{path} is not a jpeg, png or webp picture."), path)
    if is_animated(data):
        return replace(_problem(N_("{path} is animated: it holds several pictures."), path), fix=_ONE_FIX)
    if whole and not _is_whole(data):
        return _cut_off(path)
    return Image(f"sha256:{hashlib.sha256(data).hexdigest()}", path, look)


def _outside(path: str, folder: str, pictures: Pictures) -> Problem:
    return Problem(
        "storyboard.image",
        N_(
            "The picture {path} lies in {folder}, outside of the watched folders: it is not sent to the provider."
        ),
        N_(
            "Put it beside the storyboard. If pictures from there may be sent, write this line under [storyboards] "
            "in the config: {line}"
        ),
        {"path": _short(path), "folder": _short(folder), "line": line_for(folder, pictures.named)},
    )


def _is_whole(data: bytes) -> bool:
    """Whether the end of a picture is there, as far as its form tells."""
    if data.startswith(b"RIFF"):
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return (b"\xff\xd9" if data.startswith(b"\xff\xd8") else b"IEND") in data[-65_536:]


def _cut_off(path: str) -> Problem:
    return Problem(
        "storyboard.image",
        N_("The picture {path} ends too early: it was not copied to its end."),
        N_("Copy it once more."),
        {"path": _short(path)},
    )


def _problem(message: str, path: str, reason: str = "") -> Problem:
    return Problem("storyboard.image", message, _ADDRESS_FIX, {"path": _short(path), "reason": reason})


def _short(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"


def _too_large(path: str, size: int) -> Problem:
    return Problem(
        "storyboard.image",
        N_("The picture {path} has {size}; at most {most} can be sent."),
        N_("Make the picture smaller."),
        {"path": path, "size": format_size(size), "most": format_size(IMAGE_MAX)},
    )


def _not_understood(reference: str) -> Problem:
    return Problem(
        "storyboard.image",
        N_("{value} is neither an http(s) address nor the path of a file."),
        _ADDRESS_FIX,
        {"value": _short(reference)},
    )
