"""From tables of shots, as people and language models write them, to the JSON form of a storyboard. Pure.

A table without a column of prompts is none of a storyboard: what a shot shows is often told for people, in other words.
Columns that have no meaning here (景别, 运镜, 画面内容, 音效…) are left out, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from sorad.messages import N_
from sorad.problems import Problem
from sorad.storyboard.tables.cells import bare_word, says_nothing, switch
from sorad.storyboard.tables.doubts import broken, of_columns, of_row
from sorad.storyboard.tables.headers import field_of
from sorad.storyboard.tables.links import several
from sorad.storyboard.tables.markdown import Row, Table

_NUMBER = re.compile(r"[^\d\n]{0,20}?0*(\d{1,9})(?:\.0+)?[.、:：)）镜号头场幕\s]{0,4}")
_SECONDS = re.compile(r"(\d{1,5})(?:\.0+)?\s*(?:s|sec|secs|seconds?|秒钟?)?", re.IGNORECASE)
_SEVERAL = re.compile(r"[\n、；;，,]+")
_PICTURES = re.compile(r"[\n、；;，]+|, +")


@dataclass
class Converted:
    """The JSON form; what is wrong, each with its line; and the headers that were left out.

    ``text``: the JSON that it stood in, on the lines of the file; ``""``: it stood in tables, whose ``rows`` are the
    lines of the segments, in order.
    """

    document: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    text: str = ""
    rows: list[int] = field(default_factory=list)


def is_shot_table(table: Table) -> bool:
    """Whether it has a column of prompts."""
    return "prompt_text" in _fields(table.headers)


def convert(tables: Iterable[Table], picture: Callable[[str], str]) -> Converted:
    """The storyboard of all tables with a column of prompts, in order. ``picture``: the path that a link means."""
    result = Converted()
    segments: list[dict[str, Any]] = []
    seen: dict[int, int] = {}
    for table in filter(is_shot_table, tables):
        fields = _switched(table, _numbered(table, _fields(table.headers)))
        result.problems += (*_twice(table, fields), *map(broken, table.broken), *of_columns(table, fields))
        unknown = (name for name, known in zip(table.headers, fields) if not known and name)
        result.left_out += [name for name in unknown if name not in result.left_out]
        for row in (one for one in table.rows if any(one.cells)):
            segment = _segment(row, fields, picture, result.problems)
            segment = {"segment_index": len(segments) + 1, **segment}
            number = segment["segment_index"]
            if seen.setdefault(number, row.line) != row.line:
                result.problems.append(_number_twice(number, row.line))
            segments.append(segment)
            result.rows.append(row.line)
    result.document = {"segments": segments}
    return result


def _segment(
    row: Row, fields: Sequence[str], picture: Callable[[str], str], problems: list[Problem]
) -> dict[str, Any]:
    """What a row says. Where it cannot be told what the row means, that alone is told of it."""
    doubt = of_row(row, fields)
    if doubt is not None:
        problems.append(doubt)
        problems = []
    return _Shot(row, picture, problems).of(fields)


def _fields(headers: Sequence[str]) -> tuple[str, ...]:
    """Which field each header means; ``""``: none."""
    return tuple(map(field_of, headers))


def _numbered(table: Table, fields: tuple[str, ...]) -> tuple[str, ...]:
    """A column of scenes that are numbers tells no place: it numbers the shots, if nothing else does."""
    at = fields.index("scene") if "scene" in fields else -1
    cells = [row.cells[at] for row in table.rows if len(row.cells) > at >= 0]
    if not cells or not all(cell.isdecimal() for cell in cells):
        return fields
    as_number = "" if "segment_index" in fields else "segment_index"
    return tuple(as_number if one == "scene" else one for one in fields)


def _switched(table: Table, fields: tuple[str, ...]) -> tuple[str, ...]:
    """A column of sound that says anything but yes and no describes it, and switches nothing."""
    at = fields.index("audio") if "audio" in fields else -1
    cells = (row.cells[at] for row in table.rows if len(row.cells) > at >= 0)
    if all(says_nothing(cell) or switch(cell) is not None for cell in cells):
        return fields
    return tuple("" if one == "audio" else one for one in fields)


def _twice(table: Table, fields: Sequence[str]) -> Iterator[Problem]:
    for name in sorted({one for one in fields if one and fields.count(one) > 1 and one != "dialogue"}):
        headers = [header for header, known in zip(table.headers, fields) if known == name]
        yield Problem(
            "table.columns",
            N_("The columns {headers} mean the same."),
            N_("Keep one of the two: which one was meant cannot be told."),
            {"headers": ", ".join(headers)},
            line=table.line,
        )


def _number_twice(number: int, line: int) -> Problem:
    return Problem(
        "table.number",
        N_("{value} is the number of an earlier segment."),
        N_("Give each segment a whole number of its own: 1, 2, 3 and so on."),
        {"value": number},
        line=line,
    )


@dataclass
class _Shot:
    """Reads one row."""

    row: Row
    picture: Callable[[str], str]
    problems: list[Problem]

    def of(self, fields: Sequence[str]) -> dict[str, Any]:
        """A segment: only what the row says."""
        named = list(_said(fields, self.row.cells))
        cells = dict(named)
        segment: dict[str, Any] = {}
        for name, read in _READ.items():
            value = read(self, cells[name].strip()) if name in cells else None
            segment.update({name: value} if value is not None else {})
        segment["prompt_text"] = cells.get("prompt_text", "")
        if not segment["prompt_text"]:
            self._wrong(N_("There is no prompt in this row."), N_("Write one, or delete the row."), "")
        said = [_line(one) for one in _lines(named)]
        further = {"asset": _asset(cells), "dialogue": said}
        return {**segment, **{name: value for name, value in further.items() if value}}

    def number(self, cell: str) -> int | None:
        found = _NUMBER.fullmatch(bare_word(cell))
        if found is None:
            fix = N_("Give each segment a whole number of its own: 1, 2, 3 and so on.")
            self._wrong(N_("{value} is no number of a segment."), fix, cell)
        return int(found[1]) if found else None

    def seconds(self, cell: str) -> int | None:
        found = _SECONDS.fullmatch(bare_word(cell))
        if found is None:
            fix = N_("Write the seconds as a whole number, as in 10 or 10s.")
            self._wrong(N_("{value} is no length in seconds."), fix, cell)
        return int(found[1]) if found else None

    def whole(self, cell: str) -> int | None:
        cell = bare_word(cell)
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 12):
            self._wrong(N_("{value} is not a whole number."), N_("Write it in digits."), cell)
            return None
        return int(cell)

    def switch(self, cell: str) -> bool | None:
        found = switch(cell)
        if found is None and not says_nothing(cell):
            self._wrong(N_("{value} is neither yes nor no."), N_("Write yes or no."), cell)
        return found

    def text(self, cell: str) -> str:
        return cell

    def one_picture(self, cell: str) -> str:
        return self.picture(cell)

    def pictures(self, cell: str) -> list[str]:
        named = several(cell) or [one.strip() for one in _PICTURES.split(cell) if one.strip()]
        return [self.picture(one) for one in named]

    def _wrong(self, message: str, fix: str, value: str) -> None:
        problem = Problem("table.cell", message, fix, {"value": value[:60]})
        self.problems.append(replace(problem, line=self.row.line))


_READ: Mapping[str, Callable[[_Shot, str], Any]] = {
    "segment_index": _Shot.number,
    "prompt_text": _Shot.text,
    "duration_seconds": _Shot.seconds,
    "first_frame": _Shot.one_picture,
    "last_frame": _Shot.one_picture,
    "references": _Shot.pictures,
    "aspect_ratio": _Shot.text,
    "resolution": _Shot.text,
    "negative_prompt": _Shot.text,
    "seed": _Shot.whole,
    "model": _Shot.text,
    "takes": _Shot.whole,
    "continue": _Shot.switch,
    "audio": _Shot.switch,
    "is_pro": _Shot.switch,
    "provider": _Shot.text,
}
_SWITCHES = frozenset(("continue", "audio", "is_pro"))


def _said(fields: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The cells that say anything, by their fields; ``无`` is a word for "no" where that is the question."""
    for name, cell in zip(fields, cells):
        if cell.strip() and (name in _SWITCHES or not says_nothing(cell)):
            yield name, cell


def _asset(cells: Mapping[str, str]) -> dict[str, Any]:
    characters = [one.strip() for one in _SEVERAL.split(cells.get("characters", "")) if one.strip()]
    props = [one.strip() for one in _SEVERAL.split(cells.get("props", "")) if one.strip()]
    scene = cells.get("scene", "").strip()
    said = {"characters": characters, "scene": scene, "props": props}
    return {name: value for name, value in said.items() if value}


def _lines(named: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Each line that is said, of all columns of dialogue."""
    for name, cell in named:
        if name == "dialogue":
            yield from (one for one in cell.split("\n") if one.strip())


def _line(said: str) -> dict[str, str]:
    """``小美：你好`` is said by 小美."""
    speaker, colon, words = said.strip().partition("：")
    if not colon:
        speaker, colon, words = said.strip().partition(": ")
    plain = not colon or len(speaker) > 20 or not words.strip()
    return {"text": said.strip()} if plain else {"speaker": speaker.strip(), "text": words.strip()}
