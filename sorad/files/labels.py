"""Labels that a provider put into an MP4: that it was generated. Read, reported and carried over; never made up.

Two kinds are known. The metadata of GB 45438-2025 is a text under the key ``AIGC``, usually JSON: among the entries of
``moov/udta/meta`` (or ``moov/meta``, or an ``----`` entry of iTunes' kind), or as ``TC260:AIGC`` in XMP. A C2PA
manifest is a ``uuid`` box at the top; it is signed over the very bytes of the file, so that no other file can have it.

The file comes from elsewhere: lengths are not believed, no more is read than the bounds here say, and what cannot be
understood is no label.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional

from sorad.files.untrusted import open_file

KEY = "AIGC"
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_BOXES = 2_000  # of a level that are looked at
_LARGEST = 1_000_000  # bytes of what is read at once: metadata, XMP
_LONGEST = 16_384  # bytes of a label
_MOST = 16  # labels of a file
_IN_XMP = re.compile(r'<TC260:AIGC\b[^>]*>(?P<text>[^<]*)</TC260:AIGC>|\bTC260:AIGC\s*=\s*"(?P<said>[^"]*)"')


@dataclass(frozen=True)
class Labels:
    """What was found. ``aigc``: the texts as they stand in the file, each once."""

    aigc: tuple[str, ...] = ()
    c2pa: bool = False

    def __bool__(self) -> bool:
        return bool(self.aigc) or self.c2pa

    def members(self) -> dict[str, object]:
        """For JSON."""
        return {"aigc": list(self.aigc), "c2pa": self.c2pa}


NO_LABELS = Labels()


class _Box(NamedTuple):
    kind: bytes
    start: int  # of its content
    end: int


def labels_of(path: Path) -> Labels:
    """The labels in a video; none in what is no MP4. ``OSError`` where it cannot be read."""
    with io.BufferedReader(open_file(path)) as file:
        return labels_in(file, os.fstat(file.fileno()).st_size)


def labels_in(file: BinaryIO, size: int) -> Labels:
    """The same of an open file of ``size`` bytes; moves its position."""
    found: list[str] = []
    c2pa = False
    for box in _boxes(file, 0, size):
        if box.kind == b"uuid":
            user = _content(file, box, 16)
            c2pa = c2pa or user == _C2PA
            found += _in_xmp(_content(file, box, _LARGEST)[16:]) if user == _XMP else ()
        elif box.kind == b"moov":
            found += _in_moov(file, box)
    kept = [one for one in dict.fromkeys(found) if one.strip("\0 \t\r\n")]
    return Labels(tuple(kept[:_MOST]), c2pa)


def _in_moov(file: BinaryIO, moov: _Box) -> Iterator[str]:
    for box in _boxes(file, moov.start, moov.end):
        if box.kind == b"meta":
            yield from _in_meta(_content(file, box, _LARGEST))
        elif box.kind == b"udta":
            for inner in _boxes(file, box.start, box.end):
                if inner.kind == b"meta":
                    yield from _in_meta(_content(file, inner, _LARGEST))
                elif inner.kind == b"XMP_":
                    yield from _in_xmp(_content(file, inner, _LARGEST))


def _in_meta(content: bytes) -> Iterator[str]:
    """Entries are named by a list of keys (QuickTime), or each by itself (iTunes)."""
    start = 0 if content[4:8] == b"hdlr" else 4  # QuickTime's has no version in front
    boxes = {box.kind: content[box.start : box.end] for box in _boxes_in(content[start:], start)}
    keys = _keys(boxes.get(b"keys", b""))
    entries = boxes.get(b"ilst", b"")
    for entry in _boxes_in(entries):
        inner = entries[entry.start : entry.end]
        if entry.kind == b"----":
            parts = {box.kind: inner[box.start : box.end] for box in _boxes_in(inner)}
            named, value = parts.get(b"name", b"")[4:], parts.get(b"data")
        else:
            named = keys.get(int.from_bytes(entry.kind, "big"), b"")
            value = next(
                (inner[box.start : box.end] for box in _boxes_in(inner) if box.kind == b"data"), None
            )
        if named == KEY.encode() and value is not None:
            yield from _text(value[8:])  # behind the type and the language


def _keys(content: bytes) -> dict[int, bytes]:
    """The names of entries, by their numbers."""
    found: dict[int, bytes] = {}
    for number, box in enumerate(_boxes_in(content[8:], 8), 1):
        found[number] = content[box.start : box.end]
    return found


def _in_xmp(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    for found in _IN_XMP.finditer(text):
        yield from _text(unescape(found["text"] or found["said"] or "").encode("utf-8", "replace"))


def _text(value: bytes) -> Iterator[str]:
    if len(value) <= _LONGEST:
        try:
            yield value.decode("utf-8").rstrip("\0")
        except UnicodeDecodeError:
            return


# --- boxes -------------------------------------------------------------------------------------------------


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two places of a file, as far as their lengths make sense."""
    at = start
    for _number in range(_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        box = _box(file.read(16), at, end)
        if box is None:
            return
        yield box
        at = box.end


def _boxes_in(content: bytes, offset: int = 0) -> Iterator[_Box]:
    """The boxes in what was read; places count from ``offset`` before it."""
    for box in _boxes(io.BytesIO(content), 0, len(content)):
        yield _Box(box.kind, box.start + offset, box.end + offset)


def _box(header: bytes, at: int, end: int) -> Optional[_Box]:
    length, own = int.from_bytes(header[:4], "big"), 8
    if length == 1:  # stands in the 8 bytes after the kind
        length, own = int.from_bytes(header[8:16], "big"), 16
    elif length == 0:  # to the end
        length = end - at
    if length < own or at + length > end:
        return None
    return _Box(header[4:8], at + own, at + length)


def _content(file: BinaryIO, box: _Box, most: int) -> bytes:
    """What is in a box; of a larger one nothing but its first 16 bytes."""
    length = box.end - box.start
    file.seek(box.start)
    return file.read(length if length <= most else 16)
