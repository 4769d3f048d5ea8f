"""Videos rendered from what a create was given, where the extra ``sorad[media]`` is installed."""

from __future__ import annotations

import hashlib
import re
import struct
from functools import lru_cache

from sorad.media.questions import is_there
from sorad.simulator.mp4 import Movie, filled, mark_of
from sorad.simulator.state import Order

_SIZE = re.compile(r"(\d+)x(\d+)")
_LARGEST = 1920  # pixels of a side: more only costs time


def size_of(order: Order) -> tuple[int, int]:
    """Pixels that were asked for, even ones."""
    found = _SIZE.fullmatch(str(order.details.get("size", "")))
    width, height = (int(found[1]), int(found[2])) if found else (1280, 720)
    if not found and order.orientation == "vertical":
        width, height = height, width
    scale = min(1.0, _LARGEST / max(width, height))
    return max(16, int(width * scale) // 2 * 2), max(16, int(height * scale) // 2 * 2)


def colour_of(name: str) -> tuple[int, int, int]:
    """The colour of a task's ground."""
    red, green, blue = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:3]
    return red, green, blue


@lru_cache(maxsize=16)
def rendered(
    size: tuple[int, int],
    seconds: int,
    first: bytes | None,
    last: bytes | None,
    references: tuple[bytes, ...],
    sound: bool,
    colour: tuple[int, int, int],
    flaw: str = "",
) -> bytes | None:
    """The MP4 (see :class:`sorad.media.rendering.Scene`); ``None`` where it cannot be made."""
    if not is_there():
        return None
    from sorad.media.rendering import Scene, render

    try:
        return render(Scene(size, seconds, first, last, references, sound, colour, flaw))
    except (OSError, ValueError):  # no picture after all
        return None


def wrapped(video: bytes, task_id: str, prompt: str, size: int, labels: bytes = b"") -> Movie:
    """The file of a task, of ``size`` bytes at least: the video, its mark, and filler that nothing points at."""
    text = mark_of(task_id, prompt)
    head = video + labels + struct.pack(">I4s", len(text) + 8, b"free") + text
    return filled(head, task_id, prompt, size)
