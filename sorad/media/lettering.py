"""Text on pictures: numbered slates for what is missing, and a label over a video. Fonts are those of the machine.

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

from PIL import Image, ImageDraw, ImageFont

PLACES = ("top-left", "top-right", "bottom-left", "bottom-right", "top", "bottom", "centre")
_MARGIN = 0.5  # of the letters' height, between them and the edge
_GROUND, _PAPER, _INK = (0, 0, 0, 150), (24, 24, 28), (235, 235, 235)
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


# --- pictures ----------------------------------------------------------------------------------------------


def slate(size: tuple[int, int], lines: Sequence[str]) -> tuple[Any, str]:
    """A picture with lines of text, the first one large; and what no font here can write, which is left out."""
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    left: list[str] = []
    middle = size[1] * (0.45 if len(lines) > 1 else 0.5)
    for number, line in enumerate(lines):
        height = min(size) // (5 if number == 0 else 14)
        font = font_for(line, max(height, 8))
        if font is None:
            left.append(line)
            continue
        draw.text((size[0] / 2, middle), line, font=font, fill=_INK, anchor="mm")
        middle += height * (1.1 if number == 0 else 1.5)
    return picture, " ".join(left)


def label(
    size: tuple[int, int], text: str, percent: float, place: str
) -> Optional[tuple[Any, tuple[int, int]]]:
    """A label with its ground, and where its upper left corner goes; ``None``: no font here can write it.

    ``percent``: the letters' height of the picture's shorter side. What is wider than the picture is made smaller.
    """
    height = max(8, round(min(size) * percent / 100))
    font = font_for(text, height)
    if font is None:
        return None
    room = size[0] - 2 * round(height * _MARGIN)
    if font.getlength(text) + height > room:
        height = max(6, int(height * room / (font.getlength(text) + height)))
        font = font_for(text, height) or font
    wide, high = round(font.getlength(text) + height), round(height * 1.6)
    plate = Image.new("RGBA", (wide, high), _GROUND)
    ImageDraw.Draw(plate).text((wide / 2, high / 2), text, font=font, fill=(*_INK, 255), anchor="mm")
    margin = round(height * _MARGIN)
    across = {"left": margin, "right": size[0] - wide - margin}
    down = {"top": margin, "bottom": size[1] - high - margin}
    return plate, (
        next((at for name, at in across.items() if name in place), (size[0] - wide) // 2),
        next((at for name, at in down.items() if name in place), (size[1] - high) // 2),
    )
