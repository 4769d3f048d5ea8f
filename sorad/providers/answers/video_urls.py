"""Where the address of a finished video stands in an answer: one table for all formats. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sorad.providers.answers.nesting import LONGEST_LIST, names, objects, plain
from sorad.providers.wire import reading
from sorad.providers.wire.addresses import joined, origin

MOST = 8  # addresses that are tried
LONGEST = 8_000  # characters of an address; signed ones have some 2,000
_NAMED = 30  # keys of an answer that are named

# Names of addresses in their plain form, the surest first; each holds a text or a list of texts.
_ADDRESSES = (
    "videourl videourls video videos videouri mp4url playurl",
    "downloadurl downloaduri resulturl resulturls outputurl outputurls fileurl output outputs",
    "url urls uri data result results content",
)
_RANK = {name: rank for rank, row in enumerate(_ADDRESSES) for name in row.split()}
# What an address lies in, once or several times. What is not here is not looked into: cover, thumbnail, image,
# last_frame, input, request…
_WRAPPERS = names(
    "data result results response task taskresult taskinfo output outputs content metadata video videos"
    " videourl videoresult creations generations artifacts assets files"
)
_OF_VIDEOS = names("video videos videourl videoresult")
# An item that says of itself that it is something else.
_KINDS = ("type", "kind", "role", "frametype", "mimetype", "contenttype", "filetype")
_OTHERS = names(
    "image imageurl picture audio audiourl text cover coverimage thumbnail thumb poster preview lastframe"
    " firstframe referenceimage subtitle jpg jpeg png webp gif"
)
_OTHER_MEDIA = ("image/", "audio/", "text/")
_PICTURES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".gif",
    ".avif",
    ".bmp",
    ".svg",
    ".mp3",
    ".wav",
    ".srt",
    ".vtt",
)


def addresses(body: Any, own_paths: Iterable[str] = (), base: str = "") -> list[str]:
    """The addresses that a video may lie at, the likeliest first, each once; bounded in number and length.

    ``own_paths`` of the config come first. One without a host is read against ``base``; without a base it stays
    as it is. Those that end as pictures do are tried last.
    """
    own = [_address(text, base) for path in own_paths for text in _texts(reading.at(body, path))]
    usual = sorted(_ranked(body, base), key=lambda one: (_is_picture(one[1]), one[0]))
    found = [*own, *(address for _rank, address in usual)]
    return [address for address in dict.fromkeys(found) if address][:MOST]


def _ranked(body: Any, base: str) -> Iterator[tuple[int, str]]:
    """What stands in the known places, each with the rank of its place."""
    for found in objects(body, _WRAPPERS):
        if _is_other(found.members):
            continue
        of_video = bool(found.path) and found.path[-1] in _OF_VIDEOS
        here = [(name, value) for name, value in found.members.items() if name in _RANK]
        for name, value in here:
            for text in _texts(value):
                yield 0 if of_video else _RANK[name], _address(text, base, name)


def keys_of(body: Any) -> list[str]:
    """The dotted paths of what an answer holds, as ``video_url_paths`` takes them; addresses first, bounded."""
    paths = list(_leaves(body))
    return [path for path, is_address in sorted(paths, key=lambda one: not one[1])][:_NAMED]


def _leaves(body: Any) -> Iterator[tuple[str, bool]]:
    level: list[tuple[str, Any]] = [("", body)]
    for _depth in range(6):
        below: list[tuple[str, Any]] = []
        for path, value in level:
            if isinstance(value, dict):
                inner = [(str(name)[:40], one) for name, one in list(value.items())[:_NAMED]]
            elif isinstance(value, list):
                inner = [(str(number), one) for number, one in enumerate(value[:3])]
            else:
                yield path, isinstance(value, str) and bool(_address(value.strip(), ""))
                continue
            below += [(f"{path}.{name}" if path else name, one) for name, one in inner]
        level = below[: 10 * _NAMED]


def _texts(value: Any) -> list[str]:
    items = value[:LONGEST_LIST] if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str)]


def _address(text: str, base: str, name: str = "url") -> str:
    """The address in a text; ``""`` where it is none. Under names as ``data``, what begins with / is base64."""
    if not text or len(text) > LONGEST or not text.isprintable():
        return ""
    if text.startswith("/") and name.endswith(("url", "urls", "uri")):
        return joined(base, text) if base else text
    return text if origin(text) is not None else ""


def _is_other(members: dict[str, Any]) -> bool:
    kinds = [reading.text(members.get(name)).lower() for name in _KINDS]
    return any(plain(kind) in _OTHERS or kind.startswith(_OTHER_MEDIA) for kind in kinds)


def _is_picture(address: str) -> bool:
    return address.partition("?")[0].partition("#")[0].lower().endswith(_PICTURES)
