"""A real MP4 of a chosen size and length, different for every task, held in a few kilobytes.

The layout is what web players like: ``ftyp``, ``moov`` and a mark of the task in front, then one ``mdat``
that begins with the pictures (:mod:`sorad.simulator.h264`) and goes on with filler that no sample points
at. The filler is one shared block, read from a place that depends on the task and repeated; its length is
a prime, so that a download that is resumed at a wrong offset, or with another task's bytes, differs.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.sax.saxutils import escape

from sorad.simulator import h264

FRAMES_A_SECOND = 24
TIMESCALE = 12_288  # ticks a second
_BLOCK = 1_048_583  # the first prime above 1 MiB
_SIZES = {"horizontal": (1280, 720), "vertical": (720, 1280)}
_SMALL = {"horizontal": (256, 144), "vertical": (144, 256)}
_ROOMY = 60_000  # bytes from which on pictures are full size
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_UNITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True)
class Movie:
    """A file that is made while it is read."""

    head: bytes
    size: int  # bytes, of the whole file
    phase: int  # where in the shared block the filler begins
    etag: str  # strong, with its quotes

    def pieces(self, start: int = 0, stop: int = -1) -> Iterator[memoryview]:
        """The bytes from ``start`` up to ``stop`` (-1: the end), in pieces of up to a megabyte."""
        stop = self.size if stop < 0 else min(stop, self.size)
        if start < len(self.head):
            yield memoryview(self.head)[start : min(stop, len(self.head))]
            start = len(self.head)
        block = memoryview(_block())
        while start < stop:
            at = (start - len(self.head) + self.phase) % _BLOCK
            length = min(stop - start, _BLOCK - at)
            yield block[at : at + length]
            start += length

    def bytes(self) -> bytes:
        """The whole file; for tests of small ones."""
        return b"".join(self.pieces())


def movie(
    task_id: str,
    prompt: str,
    *,
    seconds: int,
    orientation: str,
    size: int,
    picture: str = "",
    labels: bytes = b"",
) -> Movie:
    """The video of a task: ``seconds`` of rotating colour bars in ``size`` bytes.

    With which bar it begins is up to the name of the ``picture`` that was given as its first frame, if one was.

    It is larger only where ``size`` has no room for the pictures (about 500 bytes a second and 4,000 more).
    The task id and the SHA-256 of the prompt lie in plain text in a ``free`` box. ``labels``: see :func:`labels_of`.
    """
    seed = _sha256(f"{task_id}\n{prompt}")
    turn = (_sha256(picture) if picture else seed)[0] % h264.BARS
    width, height = (_SIZES if size >= _ROOMY + 8_000 * min(seconds, 2) else _SMALL)[orientation]
    keys = _key_count(width, height, seconds, size)
    samples, sizes = _samples(width, height, turn, seconds, keys)
    front = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    mark = labels + _box(b"free", mark_of(task_id, prompt))
    moov_size = len(_moov(width, height, seconds, sizes, keys, 0))
    offset = len(front) + moov_size + len(mark) + 16
    size = max(size, offset + len(samples))
    moov = _moov(width, height, seconds, sizes, keys, offset)
    # A 64-bit size, so that files above 4 GB need no second way.
    mdat = struct.pack(">I4sQ", 1, b"mdat", size - offset + 16)
    head = front + moov + mark + mdat + samples
    etag = f'"{seed.hex()[:24]}-{size:x}"'
    return Movie(head, size, int.from_bytes(seed[1:9], "big") % _BLOCK, etag)


def mark_of(task_id: str, prompt: str) -> bytes:
    """What tells in each video of which task it is."""
    return f"sorad simulator task={task_id} prompt={_sha256(prompt).hex()}".encode("utf-8", "surrogatepass")


def labels_of(how: str, task_id: str) -> bytes:
    """What a video says of how it was made, as boxes: ``"aigc"`` (in XMP), ``"c2pa"``, ``"both"``, ``""``."""
    told = json.dumps({"Label": "1", "ContentProducer": "sorad-simulator", "ProduceID": task_id})
    xmp = f"<x:xmpmeta><TC260:AIGC>{escape(told)}</TC260:AIGC></x:xmpmeta>".encode()
    found = _box(b"uuid", _XMP, xmp) if how in ("aigc", "both") else b""
    return found + (_box(b"uuid", _C2PA, b"not signed") if how in ("c2pa", "both") else b"")


def filled(head: bytes, task_id: str, prompt: str, size: int) -> Movie:
    """A whole MP4, made ``size`` bytes long (if it is not longer) with a box of the task's filler."""
    seed = _sha256(f"{task_id}\n{prompt}")
    left = size - len(head)
    if left >= 16:
        head += struct.pack(">I4sQ", 1, b"free", left)
    size = max(len(head), size) if left >= 16 else len(head)
    etag = f'"{seed.hex()[:24]}-{size:x}"'
    return Movie(head, size, int.from_bytes(seed[1:9], "big") % _BLOCK, etag)


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@lru_cache(maxsize=1)
def _block() -> bytes:
    return random.Random("sorad filler").randbytes(_BLOCK)


def _key_count(width: int, height: int, seconds: int, size: int) -> int:
    """How many key pictures: one a second, fewer where the file is small."""
    one = len(h264.key_picture(width, height, 0))
    room = size - 2_000 - seconds * FRAMES_A_SECOND * 24  # tables and still pictures
    return max(1, min(seconds, room // (2 * one)))


def _samples(width: int, height: int, turn: int, seconds: int, keys: int) -> tuple[bytes, list[int]]:
    """All pictures with their length prefixes, and their sizes."""
    samples = []
    since = 0
    for number in range(seconds * FRAMES_A_SECOND):
        if number % FRAMES_A_SECOND == 0 and number // FRAMES_A_SECOND < keys:
            since = 0
            unit = h264.key_picture(width, height, (turn + number // FRAMES_A_SECOND) % h264.BARS)
        else:
            since += 1
            unit = h264.still_picture(width, height, since % 16)
        samples.append(struct.pack(">I", len(unit)) + unit)
    return b"".join(samples), [len(sample) for sample in samples]


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _moov(width: int, height: int, seconds: int, sizes: list[int], keys: int, offset: int) -> bytes:
    """The index: one video track whose samples lie in one chunk at ``offset``."""
    duration = seconds * TIMESCALE
    movie_header = _full(
        b"mvhd",
        struct.pack(">4I", 0, 0, TIMESCALE, duration),
        struct.pack(">IH10x", 0x10000, 0x100),
        _UNITY,
        struct.pack(">24xI", 2),
    )
    track_header = _full(
        b"tkhd",
        struct.pack(">5I8x4H", 0, 0, 1, 0, duration, 0, 0, 0, 0),
        _UNITY,
        struct.pack(">2I", width << 16, height << 16),
        flags=3,
    )
    media_header = _full(b"mdhd", struct.pack(">4I2H", 0, 0, TIMESCALE, duration, 0x55C4, 0))
    handler = _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\0")
    reference = _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))
    info = _box(
        b"minf",
        _full(b"vmhd", bytes(8), flags=1),
        _box(b"dinf", reference),
        _sample_table(width, height, sizes, keys, offset),
    )
    return _box(
        b"moov", movie_header, _box(b"trak", track_header, _box(b"mdia", media_header, handler, info))
    )


def _sample_table(width: int, height: int, sizes: list[int], keys: int, offset: int) -> bytes:
    sequence, picture = h264.parameter_sets(width, height)
    config = _box(
        b"avcC",
        bytes([1, *sequence[1:4], 0xFF, 0xE1]),
        struct.pack(">H", len(sequence)) + sequence,
        struct.pack(">BH", 1, len(picture)) + picture,
    )
    entry = _box(
        b"avc1",
        struct.pack(">6xH16x2H", 1, width, height),
        struct.pack(">IIIH32xHh", 0x480000, 0x480000, 0, 1, 24, -1),
        config,
    )
    count = len(sizes)
    key_numbers = [second * FRAMES_A_SECOND + 1 for second in range(keys)]
    return _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1), entry),
        _full(b"stts", struct.pack(">3I", 1, count, TIMESCALE // FRAMES_A_SECOND)),
        _full(b"stss", struct.pack(f">I{keys}I", keys, *key_numbers)),
        _full(b"stsc", struct.pack(">4I", 1, 1, count, 1)),
        _full(b"stsz", struct.pack(f">II{count}I", 0, count, *sizes)),
        _full(b"co64", struct.pack(">IQ", 1, offset)),
    )
