"""A storyboard's source of any form: bytes of a note, a table or JSON, to the JSON form."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from sorad.messages import N_
from sorad.nested import is_deep
from sorad.problems import Problem
from sorad.storyboard.json_text import decode, parse
from sorad.storyboard.tables.markdown import Row, Table, note_of
from sorad.storyboard.tables.shots import Converted, convert, is_shot_table

FORMS = (".json", ".csv", ".md")
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])')
_DEEPEST = 100


def read_source(data: bytes, path: Path, picture: Callable[[str], str]) -> Converted:
    """The JSON form of a file. ``picture``: the path that a link of a note means. Raises nothing."""
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        return _only(
            "table.form",
            N_("{name} is neither a note, nor a table, nor JSON."),
            N_("Name a file that ends in .md, .csv or .json."),
            name=path.name,
        )
    text = _csv_text(data) if suffix == ".csv" else decode(data)
    if isinstance(text, Problem):
        return Converted(problems=[text])
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if suffix == ".csv":
        return _table(list(_csv(text)), picture)
    return _json(text, 0) if suffix == ".json" else _note(text, picture)


def _note(text: str, picture: Callable[[str], str]) -> Converted:
    note = note_of(text)
    tables = [one for one in note.tables if is_shot_table(one)]
    fences = [(body, line) for body, line in note.fences if '"segments"' in body]
    if (fences and tables) or len(fences) > 1:
        return _only(
            "table.both",
            N_("The note has more than one storyboard: {fences} of JSON, {tables} tables."),
            N_("Keep one: either one fence of JSON, or tables."),
            fences=len(fences),
            tables=len(tables),
        )
    if fences:
        body, line = fences[0]
        return _json(_TRAILING_COMMA.sub(lambda found: found[1] or "", body), line - 1)
    return _table(tables, picture)


def _table(tables: list[Table], picture: Callable[[str], str]) -> Converted:
    if not any(is_shot_table(one) and one.rows for one in tables):
        return _only(
            "table.none",
            N_("There is no table with a column of prompts."),
            N_("Call the column prompt: what is in it is sent as it is."),
        )
    return convert(tables, picture)


def _json(text: str, above: int) -> Converted:
    """``above``: how many lines stand above it in the note."""
    found = parse(text)
    if isinstance(found, Problem):
        moved = {"line": found.line + above} if found.line else {}
        return Converted(problems=[Problem(**{**vars(found), **moved})])
    if not isinstance(found, dict) or is_deep(found, _DEEPEST):
        problem = N_('A storyboard is an object with a list of segments: {{"segments": [...]}}.')
        return _only("storyboard.segments", problem, "")
    return Converted(document=found)


def _csv_text(data: bytes) -> str | Problem:
    """UTF-8 with or without a mark, else GB18030, as 表格 programs in China write it."""
    text = decode(data)
    if isinstance(text, str):
        return text
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return text


def _csv(text: str) -> Iterator[Table]:
    """The one table of the file, with the line on which each row ends."""
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [Row(tuple(cell.strip() for cell in cells), reader.line_num) for cells in reader]
    except csv.Error:  # a cell without end, of more than 128 KB
        return
    if rows:
        yield Table(rows[0].cells, tuple(rows[1:]), 1)


def written(document: dict[str, Any]) -> str:
    """The JSON form, as a file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _only(code: str, message: str, fix: str, **params: str | int) -> Converted:
    return Converted(problems=[Problem(code, message, fix, params)])
