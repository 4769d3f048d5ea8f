"""Whether a picture is one that sorad made: what is not is the user's, and neither written over nor removed."""

from __future__ import annotations

from pathlib import Path

from sorad.files.untrusted import Unfit, read_small
from sorad.media.questions import OURS

_HEAD = 4_096  # bytes of a JPEG within which its comment lies
_LARGEST = 100_000_000


def is_anothers(path: Path) -> bool:
    """Whether something has the name that sorad did not make. ``OSError`` where that cannot be told just now."""
    try:
        found = read_small(path, _LARGEST)
    except Unfit:
        return True
    return found is not None and OURS not in found[:_HEAD]
