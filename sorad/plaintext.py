"""Text that others wrote, made harmless: it steers no terminal and forges no line. Pure.

Names of files, prompts and a provider's words may hold escape sequences, line breaks, or marks that turn the
direction of writing around. Everything that is shown, logged, sent or served goes through here.
"""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"
# C0 but tab and line feed, delete, C1; marks of direction; separators of lines and paragraphs; halves of
# surrogate pairs; invisible tags. Joiners stay: emoji and several scripts need them.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """``text`` with a replacement sign for each character that steers a terminal; tabs and line feeds stay."""
    return text if text.isprintable() else _STEERING.sub(REPLACEMENT, text)


def one_line(text: str) -> str:
    """As :func:`printable`, in one line: its breaks and tabs become spaces."""
    return text if text.isprintable() else printable(text.replace("\r\n", "\n")).translate(_BREAKS)


def json_escaped(text: str) -> str:
    r"""A JSON document with such characters written as ``\uXXXX``: the same document for who reads it."""
    return text if text.isprintable() else _STEERING.sub(_escape, text)


_BREAKS = {ord("\n"): " ", ord("\t"): " "}


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
