"""Text on a screen, where a Chinese character is two columns wide and may end a line without a space."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sorad.messages import N_, _, ngettext

if TYPE_CHECKING:
    from sorad.model import Request

_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
_CLOSING = "，。；：！？、）】》」”’…,.;:!?)"
# A noun with its number (条目 12); a command, which is copied whole; a wide character; a word.
_WHOLE = f"[(]?(?:条目|分镜|编号|进程|[Tt]ake|[Ss]egment|process) [0-9]+|`[^`]+`|[{_WIDE}]|[^\\s{_WIDE}]+"
# A run of spaces; one of these with the signs that may not begin a line.
_PIECES = re.compile(f"\\s+|(?:{_WHOLE})[{_CLOSING}]*")


_ORIENTATIONS = {"horizontal": N_("horizontal"), "vertical": N_("vertical")}


def form(request: Request) -> str:
    """``10 seconds, horizontal, pro, 1080p, no sound, last frame``: all but its texts."""
    direction = _(_ORIENTATIONS.get(request.orientation, request.orientation))
    parts = [_("{seconds} seconds").format(seconds=request.seconds), direction]
    return _(", ").join([*parts, *(["pro"] if request.pro else []), *_further(request)])


def _further(request: Request) -> Iterator[str]:
    """What is said beyond length, direction and pro."""
    if request.resolution:
        yield request.resolution
    if request.audio is not None:
        yield _("with sound") if request.audio else _("no sound")
    if request.seed is not None:
        yield _("seed {number}").format(number=request.seed)
    if request.model:
        yield request.model
    if request.provider:
        yield request.provider
    yield from _pictured(request)


def _pictured(request: Request) -> Iterator[str]:
    if request.continues:
        yield _("from the last frame of the segment before")
    if request.image:
        yield _("first frame")
    if request.last_frame:
        yield _("last frame")
    count = len(request.references)
    if count:
        yield ngettext("{count} reference", "{count} references", count).format(count=count)


def width(text: str) -> int:
    """Columns that ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, columns: int) -> str:
    """``text`` with spaces behind it, up to ``columns``."""
    return text + " " * max(0, columns - width(text))


def cut(text: str, columns: int) -> str:
    """``text`` in at most ``columns``; its beginning gives way to ``…``, because the end of a path counts."""
    if width(text) <= columns:
        return text
    kept, used = [], 1
    for char in reversed(text):
        used += _columns(char)
        if used > columns:
            break
        kept.append(char)
    return "…" + "".join(reversed(kept))


def wrap(text: str, columns: int) -> list[str]:
    """The lines of one paragraph; a word longer than a line stays whole. At least one line."""
    lines, line = [], ""
    for piece in _PIECES.findall(text.strip()):
        if piece.isspace():
            line += piece if line else ""
        elif line.strip() and width(line) + width(piece) > columns:
            lines.append(line.rstrip())
            line = piece
        else:
            line += piece
    return [*lines, line.rstrip()]


def fold(text: str, columns: int) -> list[str]:
    """As :func:`wrap`, but what is longer than a line is broken: no line is wider than ``columns`` (2 at least)."""
    lines = []
    for line in wrap(text, columns):
        rest = line
        while width(rest) > columns:
            head = _head(rest, columns)
            lines.append(head)
            rest = rest[len(head) :]
        lines.append(rest)
    return lines


def clip(text: str, columns: int) -> str:
    """``text`` in at most ``columns``; its end gives way to ``…``, because the beginning of a sentence counts."""
    return text if width(text) <= columns else _head(text, columns - 1) + "…"


def _head(text: str, columns: int) -> str:
    """As much of the beginning as fits."""
    used = 0
    for at, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:at]
    return text
