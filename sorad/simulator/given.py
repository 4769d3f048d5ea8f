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
    if isinstance(value, str) and value.startswith("data:"):
        return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    if isinstance(value, list):
        return [told(one) for one in value]
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items()}
    return value


def further(details: dict[str, Any], first: str) -> tuple[str, list[str]]:
    """Names of the picture that the video ends with ("": none), and of the references, from :func:`given`."""
    members = dict(_members(details.get("given", {})))
    last = [one for name, value in members.items() if _LAST.search(name) for one in _pictures(value)]
    shown = [one for value in members.values() for one in _pictures(value) if one.startswith("sha256:")]
    return (last[0] if last else ""), [one for one in dict.fromkeys(shown) if one not in (first, *last)]


def has_sound(details: dict[str, Any]) -> bool:
    """Whether sound was asked for."""
    return any(_SOUND.search(name) and value is True for name, value in _members(details.get("given", {})))


def _members(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        yield from _members(value) if name == "metadata" and isinstance(value, dict) else [(name, value)]


def _pictures(named: Any) -> Iterator[str]:
    if isinstance(named, str):
        yield named
    elif isinstance(named, list):
        yield from (picture for one in named for picture in _pictures(one))
    elif isinstance(named, dict):
        yield from (picture for one in named.values() for picture in _pictures(one))
