"""What a create was given: every member as it came, pictures by their hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from sorad.simulator.multipart import File

# Where gateways read a first frame, the first that is there counts.
_FIRST = (
    "input_reference",
    "image",
    "image_url",
    "images",
    "first_frame",
    "first_frame_image",
    "start_image",
)
_LAST, _SOUND = re.compile("last|tail|end_"), re.compile("audio|sound")
# Objects in which formats keep parameters, and how pictures begin that come bare, without the head of a data URL.
_INSIDE = ("metadata", "settings", "parameters", "input")
_BARE = ("iVBORw0KGgo", "/9j/", "UklGR")


def given(raw: dict[str, Any]) -> dict[str, Any]:
    """All members but the prompt."""
    return {name: told(value) for name, value in raw.items() if name != "prompt"}


def first_frame(raw: dict[str, Any]) -> str:
    """A name for the picture that the video begins with, ``""`` where there is none."""
    metadata = raw.get("metadata")
    holders = [raw, *([metadata] if isinstance(metadata, dict) else [])]
    values = (holder[name] for name in _FIRST for holder in holders if holder.get(name))
    return next((picture for value in values for picture in _pictures(told(value))), "")


def told(value: Any) -> Any:
    """A member of a create with pictures by their hashes."""
    if isinstance(value, File):
        return "sha256:" + hashlib.sha256(value.data).hexdigest()
    if is_inline(value):
        return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    if isinstance(value, list):
        return [told(one) for one in value]
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items()}
    return value


def is_inline(value: Any) -> bool:
    """Whether a member is a picture itself, as a data URL or as bare base64."""
    return isinstance(value, str) and value.startswith(("data:", *_BARE))


def further(details: dict[str, Any], first: str) -> tuple[str, list[str]]:
    """Names of the picture that the video ends with ("": none), and of the references, from :func:`given`."""
    members = dict(_members(details.get("given", {})))
    last = [one for name, value in members.items() if _LAST.search(name) for one in _pictures(value)]
    shown = [one for value in members.values() for one in _pictures(value) if one.startswith("sha256:")]
    return (last[0] if last else ""), [one for one in dict.fromkeys(shown) if one not in (first, *last)]


def has_sound(details: dict[str, Any]) -> bool:
    """Whether sound was asked for."""
    members = _members(details.get("given", {}))
    return any(_SOUND.search(name) and value in (True, "true", "native") for name, value in members)


def _members(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each by its name; of a list of parts each by the role, or the type, that it has."""
    for name, value in found.items():
        if name in _INSIDE and isinstance(value, dict):
            yield from _members(value)
        elif isinstance(value, list):
            yield from ((_part(one) or name, one) for one in value)
        else:
            yield name, value


def _part(one: Any) -> str:
    names = ("frame_type", "role", "type") if isinstance(one, dict) else ()
    return next((str(one[name]) for name in names if one.get(name)), "")


def _pictures(named: Any) -> Iterator[str]:
    if isinstance(named, str):
        yield named
    elif isinstance(named, list):
        yield from (picture for one in named for picture in _pictures(one))
    elif isinstance(named, dict):
        yield from (picture for one in named.values() for picture in _pictures(one))
