"""How alike two pictures are: structural similarity (SSIM, Wang et al. 2004) of small versions, by the best alignment.

A provider may cut a picture to the ratio of the video, pad it with bars, or stretch it: each is tried, and the best
counts. Small versions forgive what is no other picture: compression, sharpening, a slight zoom, grain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from PIL import Image

_LONG = 64  # pixels of the longer side that are compared
_WINDOW, _STEP = 8, 4
_PLAIN = 6.0  # of 255: the deviation up to which a picture counts as plain
# The constants of the paper for values of 0 to 255.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class Box(NamedTuple):
    """A part of a picture, in fractions of its sides."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0, 0, 1, 1)


def likeness(frame: Any, picture: Any) -> float:
    """-1 to 1: of two RGB pictures of whatever sizes."""
    return max(
        _similarity(frame, ours, picture, theirs) for ours, theirs in alignments(frame.size, picture.size)
    )


def alignments(frame: tuple[int, int], picture: tuple[int, int]) -> Iterator[tuple[Box, Box]]:
    """What part of the frame may show what part of the picture, by their sizes in pixels."""
    yield WHOLE, WHOLE  # the same ratio, or stretched
    ratio = (frame[0] * picture[1]) / (frame[1] * picture[0])  # above 1: the frame is wider
    if abs(ratio - 1) < 0.02:
        return
    part = min(ratio, 1 / ratio)
    across, down = _cuts(part, wide=True), _cuts(part, wide=False)
    yield from ((WHOLE, cut) for cut in (down if ratio > 1 else across))  # cut to the frame
    yield (across if ratio > 1 else down)[1], WHOLE  # padded: the picture stands in the middle


def _cuts(part: float, wide: bool) -> list[Box]:
    """A part of one side, at its start, middle and end."""
    starts = [place * (1 - part) for place in (0, 0.5, 1)]
    return [Box(at, 0, at + part, 1) if wide else Box(0, at, 1, at + part) for at in starts]


def _similarity(frame: Any, ours: Box, picture: Any, theirs: Box) -> float:
    width, height = frame.width * (ours.right - ours.left), frame.height * (ours.bottom - ours.top)
    scale = _LONG / max(width, height)
    size = (max(_WINDOW, round(width * scale)), max(_WINDOW, round(height * scale)))
    bands = [_bands(frame, ours, size), _bands(picture, theirs, size)]
    similar = sum(_ssim(one, other, size) for one, other in zip(*bands)) / 3
    return min(similar, _correlation(*bands))


def _correlation(ours: Sequence[bytes], theirs: Sequence[bytes]) -> float:
    """Of the whole pictures: between large plain fields, windows find too much alike. 1 for two plain ones."""
    both = spread_x = spread_y = 0.0
    for xs, ys in zip(ours, theirs):
        mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
        both += sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
        spread_x += sum((x - mean_x) ** 2 for x in xs)
        spread_y += sum((y - mean_y) ** 2 for y in ys)
    plain = 3 * len(ours[0]) * _PLAIN**2
    if spread_x < plain and spread_y < plain:
        return 1.0
    return both / math.sqrt(max(spread_x, plain) * max(spread_y, plain))


def _bands(picture: Any, box: Box, size: tuple[int, int]) -> list[bytes]:
    pixels = (
        box.left * picture.width,
        box.top * picture.height,
        box.right * picture.width,
        box.bottom * picture.height,
    )
    small = picture.resize(size, Image.Resampling.BOX, box=pixels)
    return [band.tobytes() for band in small.split()]


def _ssim(one: Sequence[int], other: Sequence[int], size: tuple[int, int]) -> float:
    """The mean over windows of one band."""
    width, height = size
    found = []
    for top in range(0, height - _WINDOW + 1, _STEP):
        for left in range(0, width - _WINDOW + 1, _STEP):
            rows = [
                slice((top + row) * width + left, (top + row) * width + left + _WINDOW)
                for row in range(_WINDOW)
            ]
            found.append(
                _window([x for row in rows for x in one[row]], [y for row in rows for y in other[row]])
            )
    return sum(found) / len(found)


def _window(xs: Sequence[int], ys: Sequence[int]) -> float:
    count = len(xs)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread_x = sum(x * x for x in xs) / count - mean_x**2
    spread_y = sum(y * y for y in ys) / count - mean_y**2
    both = sum(x * y for x, y in zip(xs, ys)) / count - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    return light * (2 * both + _C2) / (spread_x + spread_y + _C2)
