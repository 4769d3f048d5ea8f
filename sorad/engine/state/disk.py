"""Room on a disk: what is free, what the takes under way will need, and whether another one fits."""

from __future__ import annotations

import errno
import shutil
from collections import deque
from dataclasses import dataclass
from pathlib import Path

# Sizes lately seen. The largest of them counts: takes differ by their seconds, and room that is kept for
# nothing costs less than a video that does not fit.
SIZES_KEPT = 20


@dataclass(frozen=True)
class Needed:
    """Bytes that one more take asks of a disk, part by part."""

    min_free: int  # stays free, whatever happens
    in_flight: int  # for what is bought and not there yet
    next: int  # for the take to be bought

    @property
    def total(self) -> int:
        """All of it."""
        return self.min_free + self.in_flight + self.next


def needed(in_flight: int, size: int, min_free: int) -> Needed:
    """What one more take asks for, with ``in_flight`` takes of ``size`` bytes still to come."""
    return Needed(min_free, in_flight * size, size)


def room(free: int, in_flight: int, size: int, min_free: int) -> bool:
    """Whether one more take may be bought for a disk with ``free`` bytes."""
    return free >= needed(in_flight, size, min_free).total


def places(free: int, in_flight: int, size: int, min_free: int) -> int:
    """How many more takes may be bought for it."""
    return max(0, (free - min_free) // max(1, size) - in_flight)


class Sizes:
    """How large the next video will be, from those that came lately. Not thread-safe."""

    def __init__(self, assumed: int) -> None:
        """``assumed``: bytes, until one has been seen."""
        self._assumed = assumed
        self._seen: deque[int] = deque(maxlen=SIZES_KEPT)

    def saw(self, size: int) -> None:
        """A video of ``size`` bytes came."""
        self._seen.append(size)

    def expected(self) -> int:
        """Bytes that the next one is expected to need."""
        return max(self._seen, default=self._assumed)


def free_bytes(path: Path) -> int:
    """Bytes that this user may still write on the disk that ``path`` is, or will be, on.

    Of a folder that is not there yet, the nearest one above it counts. 0 where the disk does not answer:
    nothing is bought for it then.
    """
    for folder in (path, *path.parents):
        try:
            return shutil.disk_usage(folder).free
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                return 0
    return 0
