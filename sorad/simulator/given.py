"""What a create was given: every member as it came, pictures by their hashes."""

from __future__ import annotations

import hashlib
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


def given(raw: dict[str, Any]) -> dict[str, Any]:
    """All members but the prompt."""
    return {name: _told(value) for name, value in raw.items() if name != "prompt"}


def first_frame(raw: dict[str, Any]) -> str:
    """A name for the picture that the video begins with, ``""`` where there is none."""
    metadata = raw.get("metadata")
    holders = [raw, *([metadata] if isinstance(metadata, dict) else [])]
    values = (holder[name] for name in _FIRST for holder in holders if holder.get(name))
    return next((picture for value in values for picture in _pictures(_told(value))), "")


def _told(value: Any) -> Any:
    if isinstance(value, File):
        return "sha256:" + hashlib.sha256(value.data).hexdigest()
    if isinstance(value, str) and value.startswith("data:"):
        return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, dict):
        return {name: _told(one) for name, one in value.items()}
    return value


def _pictures(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, list):
        yield from (picture for one in told for picture in _pictures(one))
    elif isinstance(told, dict):
        yield from (picture for one in told.values() for picture in _pictures(one))
