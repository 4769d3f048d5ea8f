"""The form of a picture and its sides, by its header alone. Pure: nothing is decoded.

Formats: PNG (IHDR is the first chunk), JPEG (the frame header SOFn, after segments that tell their length), WebP (VP8,
VP8L or VP8X in a RIFF container).
"""

from __future__ import annotations

import struct
from typing import Optional

from sorad.model import Look

_PNG = b"\x89PNG\r\n\x1a\n"
# Of the markers C0 to CF: tables of codes (C4, CC) and an extension (C8) are no frames.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xDA)})  # markers without a length


def look_at(data: bytes) -> Optional[Look]:
    """What a picture is; ``None``: no jpeg, png or webp. Sides that cannot be told are 0."""
    if data.startswith(_PNG):
        width, height = struct.unpack(">II", data[16:24]) if len(data) >= 24 else (0, 0)
        return Look(len(data), "png", width, height)
    if data.startswith(b"\xff\xd8\xff"):
        return Look(len(data), "jpeg", *_of_jpeg(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Look(len(data), "webp", *_of_webp(data))
    return None


def is_animated(data: bytes) -> bool:
    """Whether a png or webp holds several pictures, one after the other."""
    if data.startswith(_PNG):
        return 0 < data.find(b"acTL", 0, 4096) < data.find(b"IDAT")
    return data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & 2)


def _of_jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0


def _of_webp(data: bytes) -> tuple[int, int]:
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return 0, 0
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0
