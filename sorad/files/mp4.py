"""Is this file a whole MP4? A walk over its top-level boxes.

An MP4 (ISO/IEC 14496-12) is a row of boxes, each with its length in front. That the lengths add up to the
file's size, that the row starts with ``ftyp``, and that ``moov`` (the index) and ``mdat`` (the pictures) are
in it, is what every kind of failed download breaks: empty and cut files, web pages, JSON errors, files whose
writer never finished.

Why an own rule and no library: it takes 0.02 ms for 11 MB and reads a few dozen bytes; decoding (PyAV) takes
0.9 s and brings a compiled dependency, for one more finding: zeros in place of pictures. mutagen (0.1 ms)
reads tags and sees less. What this does not see: a cut in a file whose last box says "to the end of the
file" (the length that the server announced is checked for that), and wrong bytes inside a box. A tail of
zeros is not looked for, nor the tracks inside ``moov``: no server was seen to send such a file, and a rule
that is too strict would throw away a video that was paid for.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from sorad.files.untrusted import open_file
from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.units import format_size

# Padding, which older QuickTime writers put before ``ftyp``.
_PADDING = frozenset((b"free", b"skip", b"wide"))
_AGAIN = N_("Nothing to do: it is fetched again, for as long as the provider has it.")


def check_mp4(path: Path) -> Problem | None:
    """What is wrong with the file as an MP4, or ``None``. ``OSError`` where it cannot be read."""
    with io.BufferedReader(open_file(path)) as file:
        return check_mp4_file(file, os.fstat(file.fileno()).st_size)


def check_mp4_file(file: BinaryIO, size: int) -> Problem | None:
    """The same for an open file of ``size`` bytes; moves its position."""
    if size == 0:
        return _problem("empty", N_("the video is empty (0 bytes)."), size)
    kinds: set[bytes] = set()
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        kind = header[4:8]
        if b"ftyp" not in kinds and kind != b"ftyp" and kind not in _PADDING:
            return _no_mp4(file, size)
        length, least = _length(header, size - at)
        if least > size - at or length > size - at:
            missing = max(length, least) - (size - at)
            return _problem(
                "cut",
                N_("the video is cut: it has {got}, {missing} more are missing."),
                size,
                got=format_size(size),
                missing=format_size(missing),
            )
        if length < least or not _is_kind(kind):
            return _problem("damaged", N_("the video is damaged at byte {at} of {size}."), size, at=at)
        kinds.add(kind)
        at += length
    if b"moov" not in kinds:
        return _problem("no_moov", N_("the video has no index (no moov box), so it cannot be played."), size)
    if b"mdat" not in kinds:
        return _problem("no_mdat", N_("the video has an index, but no pictures (no mdat box)."), size)
    return None


def _is_kind(kind: bytes) -> bool:
    return kind.isascii() and kind.decode("ascii").isprintable()


def _length(header: bytes, left: int) -> tuple[int, int]:
    """The length that a box gives itself, and the least that it can be: its own header.

    ``header`` is the box's first 16 bytes, or the ``left`` ones where there are no more.
    """
    length = int.from_bytes(header[:4], "big")
    if length == 1:  # the length stands in the 8 bytes after the kind
        return int.from_bytes(header[8:16], "big"), 16
    return (left if length == 0 else length), 8  # 0: to the end of the file


def _no_mp4(file: BinaryIO, size: int) -> Problem:
    file.seek(0)
    start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return _problem("html", N_("what came is a web page or an XML message, not a video."), size)
    if start.startswith((b"{", b"[")):
        return _problem("json", N_("what came is a JSON message, not a video."), size)
    return _problem("not_mp4", N_("what came is not an MP4 video."), size)


def _problem(code: str, message: str, size: int, **params: Param) -> Problem:
    return Problem(f"delivery.{code}", message, _AGAIN, {"size": size, **params})
