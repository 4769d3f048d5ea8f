"""Text on pictures. Fonts are those of the machine.

Pillow has a font of its own for Latin letters alone. A character that a font does not have would come out as a box, so
each font is asked for all of them first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from PIL import ImageFont

_MOST_FILES = 20_000  # of a folder of fonts
# What usually has Chinese characters, the plainest first; then what usually has Latin ones.
_KNOWN = (
    "NotoSansCJK-Regular",
    "NotoSansSC",
    "SourceHanSans",
    "PingFang",
    "Hiragino Sans GB",
    "STHeiti",
    "msyh",
    "Deng.",
    "simhei",
    "simsun",
    "wqy-",
    "DroidSansFallback",
    "NotoSerifCJK-Regular",
    "uming",
    "ukai",
    "Arial Unicode",
    "DejaVuSans.",
    "Arial.",
)
_ENDINGS = (".ttf", ".ttc", ".otf", ".otc")


def font_for(text: str, size: int) -> Optional[Any]:
    """A font of so many pixels that has all of these characters; ``None`` where there is none here."""
    own = ImageFont.load_default(size)
    if _has(own, text):
        return own
    for path in _fonts():
        try:
            font = ImageFont.truetype(path, size)
        except OSError:
            continue
        if _has(font, text):
            return font
    return None


@lru_cache(maxsize=1)
def _fonts() -> Sequence[str]:
    """The files of known fonts on this machine, in the order of ``_KNOWN``."""
    found = sorted(
        (number, path)
        for path in _files()
        for number, name in enumerate(_KNOWN)
        if os.path.basename(path).lower().startswith(name.lower())  # noqa: PTH119
    )
    return [path for _number, path in found]


def _files() -> Iterator[str]:
    for folder in _folders(sys.platform):
        left = _MOST_FILES
        for where, _folders_in, names in os.walk(os.path.expanduser(folder)):  # noqa: PTH111
            for name in names:
                if name.lower().endswith(_ENDINGS):
                    yield os.path.join(where, name)  # noqa: PTH118
            left -= len(names)
            if left < 0:
                break


def _folders(platform: str) -> Sequence[str]:
    if platform == "darwin":
        return ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "/System/Library/AssetsV2")
    if platform == "win32":
        return (
            str(Path(os.environ.get("SYSTEMROOT", "C:\\Windows")) / "Fonts"),
            "~\\AppData\\Local\\Microsoft\\Windows\\Fonts",
        )
    return ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def _has(font: Any, text: str) -> bool:
    """Whether it draws each character as something else than the one that it surely lacks."""
    lacking = _drawn(font, "\U0010fffe")
    return all(_drawn(font, one) != lacking for one in set(text) if not one.isspace())


def _drawn(font: Any, character: str) -> tuple[Any, bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
