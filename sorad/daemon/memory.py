"""Memory: what glibc keeps for itself is bounded, and given back. Elsewhere nothing is done.

glibc gives each thread a heap of its own, up to eight for each core, and returns of a heap what lies at its end alone:
after a few busy hours tens of megabytes are free and still ours.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Optional

_ARENA_MAX = -8  # M_ARENA_MAX of mallopt(3)
HEAPS = 2  # one thread runs Python at a time: more would be no quicker


def _libc() -> Optional[Any]:
    """The C library, where it is glibc (musl, macOS and Windows have neither call)."""
    if sys.platform != "linux":
        return None
    try:
        libc = ctypes.CDLL(None)
        return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
    except OSError:
        return None


def bound_heaps() -> bool:
    """Let threads share heaps; to be called before there are any. Whether that was done."""
    libc = _libc()
    return libc is not None and bool(libc.mallopt(_ARENA_MAX, HEAPS))


def give_back() -> bool:
    """Return to the system what is free, from the middle of heaps, too: some milliseconds. Whether there was any."""
    libc = _libc()
    return libc is not None and bool(libc.malloc_trim(0))
