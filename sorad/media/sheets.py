"""A contact sheet: the posters of many takes beside each other, each with what is to be said of it."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from PIL import Image, ImageDraw, ImageFont

from sorad.files.durable import write_whole
from sorad.media.lettering import font_for
from sorad.media.pictures import OWNER, read_picture
from sorad.media.questions import OURS, Cell, PictureSaved, Sheet

_WIDE, _GAP, _MARGIN = 240, 12, 24  # pixels
_LETTER, _LINE, _TITLE = 15, 21, 24
_LINES = 3  # below each picture
_COLUMNS = (4, 12)  # at least, at most
_GROUND, _PLATE, _INK, _DIM = (250, 250, 250), (226, 226, 230), (24, 24, 28), (110, 110, 118)
_CHOSEN, _FLAW = (42, 125, 225), (190, 84, 0)


def sheet(question: Sheet) -> PictureSaved:
    """See :class:`Sheet`."""
    cells = [one if isinstance(one, Cell) else Cell(**_members(one)) for one in question.cells]
    text = "".join([question.title, *(line for one in cells for line in (*one.lines, *one.flaws))])
    pictures = [_picture(one.picture) for one in cells]
    high = _height(pictures)
    columns = _columns(len(cells))
    rows = max(1, -(-len(cells) // columns))
    across, down = _WIDE + _GAP, high + _LINES * _LINE + 2 * _GAP
    size = (2 * _MARGIN + columns * across - _GAP, 2 * _MARGIN + 2 * _TITLE + rows * down)
    ground = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(ground)
    draw.text((_MARGIN, _MARGIN), question.title, font=_font(question.title, _TITLE), fill=_INK)
    font = _font(text, _LETTER)
    for number, (cell, picture) in enumerate(zip(cells, pictures)):
        at = (_MARGIN + number % columns * across, _MARGIN + 2 * _TITLE + number // columns * down)
        _draw(draw, ground, cell, picture, (at, high, font))
    content = io.BytesIO()
    ground.save(content, "JPEG", quality=85, comment=OURS)
    write_whole(Path(question.out), content.getvalue(), time.sleep, OWNER)
    return PictureSaved(*size, 0.0)


def _members(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {**raw, "lines": tuple(raw["lines"]), "flaws": tuple(raw["flaws"])}


def _picture(path: str) -> Optional[Any]:
    """A poster, made small at once; ``None``: there is none that can be read."""
    if not path:
        return None
    try:
        picture = read_picture(path)
    except (OSError, ValueError):
        return None
    picture.thumbnail((_WIDE, 2 * _WIDE))
    return picture


def _height(pictures: Sequence[Optional[Any]]) -> int:
    """That most pictures fill: of a few that stand among many that lie, all is seen all the same."""
    heights: list[int] = sorted(one.height for one in pictures if one is not None)
    return heights[len(heights) // 2] if heights else _WIDE * 9 // 16


def _columns(count: int) -> int:
    least, most = _COLUMNS
    return max(least, min(most, round(math.sqrt(count))))


def _font(text: str, size: int) -> Any:
    return font_for(text, size) or font_for("选字", size) or ImageFont.load_default(size)


def _draw(draw: Any, ground: Any, cell: Cell, picture: Optional[Any], where: tuple[Any, int, Any]) -> None:
    (left, top), high, font = where
    draw.rectangle((left, top, left + _WIDE - 1, top + high - 1), fill=_PLATE)
    if picture is not None:
        picture.thumbnail((_WIDE, high))
        ground.paste(picture, (left + (_WIDE - picture.width) // 2, top + (high - picture.height) // 2))
    if cell.mark:
        edge = (left - 4, top - 4, left + _WIDE + 3, top + high + 3)
        draw.rectangle(edge, outline=_CHOSEN, width=4 if cell.mark == "chosen" else 2)
    said = [
        *((line, _INK if number == 0 else _DIM) for number, line in enumerate(cell.lines)),
        *((line, _FLAW) for line in cell.flaws),
    ]
    for number, (line, colour) in enumerate(said[:_LINES]):
        more = number == _LINES - 1 and len(said) > _LINES
        text = _fitted(f"{line} …" if more else line, font)
        draw.text((left, top + high + 6 + number * _LINE), text, font=font, fill=colour)


def _fitted(text: str, font: Any) -> str:
    """Cut to the width of a picture."""
    if font.getlength(text) <= _WIDE:
        return text
    while text and font.getlength(f"{text}…") > _WIDE:
        text = text[:-1]
    return f"{text}…"
