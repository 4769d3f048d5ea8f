"""A storyboard's source of any form: bytes of a note, a table or JSON, to the JSON form."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from sorad.messages import N_
from sorad.nested import is_deep
from sorad.problems import Problem
from sorad.storyboard.json_text import decode, parse
from sorad.storyboard.tables.doubts import conflict, stray, unclosed
from sorad.storyboard.tables.markdown import Row, Table, note_of
from sorad.storyboard.tables.properties import assets_of
from sorad.storyboard.tables.shots import Converted, convert, is_shot_table

_OF_STORYBOARDS = re.compile('"(?:segments|prompt_text)"')
_ABOVE = 10  # rows of a CSV file among which the headers are: titles stand above them
_MOST_LOOSE = 20  # lines that are told
FORMS = (".json", ".csv", ".md")
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])')
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
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
    merging = _CONFLICT.search(text)
    if merging is not None:
        return Converted(problems=[conflict(text.count("\n", 0, merging.start()) + 1)])
    if suffix == ".json":
        return _json(text)
    return _with_assets(_note(text, picture), assets_of(data)) if suffix == ".md" else _csv(text, picture)


def _with_assets(found: Converted, assets: bool | Problem | None) -> Converted:
    """With what the properties of the note say of its pictures."""
    if isinstance(assets, Problem):
        return replace(found, problems=[assets, *found.problems])
    if assets is None or found.problems:
        return found
    if found.document.get("assets", assets) is not assets:
        return _only(
            "storyboard.both",
            N_("{one} and {other} say two things of one."),
            N_("Keep one of the two: which one was meant cannot be told."),
            one="assets (---)",
            other="assets ({})",
        )
    found.document["assets"] = assets
    return found


def _note(text: str, picture: Callable[[str], str]) -> Converted:
    note = note_of(text)
    if note.unclosed:
        return Converted(problems=[unclosed(note.unclosed)])
    tables = list(filter(is_shot_table, note.tables))
    fences = [(body, line) for body, line in note.fences if _OF_STORYBOARDS.search(body)]
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
        above = "\n" * (line - 1)  # so that what is told of a line is told of the note's
        return _json(above + _TRAILING_COMMA.sub(lambda found: found[1] or "", body))
    if note.loose_rows:
        return Converted(problems=[stray(line) for line in note.loose_rows[:_MOST_LOOSE]])
    fix = N_(
        "Call a column prompt: what is in it is sent as it is. Or put JSON into a fence that begins with ```json."
    )
    return _table(tables, picture, fix)


def _table(tables: list[Table], picture: Callable[[str], str], fix: str = "") -> Converted:
    if not any(one.rows for one in tables if is_shot_table(one)):
        return _only(
            "table.none",
            N_("There is no table with a column of prompts."),
            fix or N_("Call the column prompt: what is in it is sent as it is."),
        )
    return convert(tables, picture)


def _json(text: str) -> Converted:
    found = parse(text)
    if isinstance(found, Problem):
        return Converted(problems=[found])
    if not isinstance(found, dict) or is_deep(found, _DEEPEST):
        problem = N_('A storyboard is an object with a list of segments: {{"segments": [...]}}.')
        return _only("storyboard.segments", problem, "")
    return Converted(document=found, text=text)


def _csv_text(data: bytes) -> str | Problem:
    """UTF-8 with or without a mark, else GB18030, as 表格 programs in China write it.

    Nearly every bit of a file in UTF-8 with one damaged byte is a sign in GB18030, too; but a wrong one.
    """
    text = decode(data)
    if isinstance(text, str):
        return text
    guess = data.decode("utf-8", "replace")
    damaged, foreign = guess.count("\ufffd"), sum(sign > "\x7f" for sign in guess)
    try:
        found = data.decode("gb18030") if 2 * damaged > foreign else ""
    except UnicodeDecodeError:
        return text
    return found if found and _is_chinese(found) else text


def _is_chinese(text: str) -> bool:
    """Whether most signs are those of everyday. Texts in Shift JIS, Big5 or Latin-1 are valid GB18030, too, of signs
    that nobody writes."""
    signs = [sign for sign in text if sign > "\u2e80" and sign.isalpha()]
    usual = "".join(signs).encode("gb2312", "ignore").decode("gb2312")
    return 5 * len(usual) >= 4 * len(signs)


def _csv(text: str, picture: Callable[[str], str]) -> Converted:
    """The one table of the file; each row counts by the line on which it ends."""
    head = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        rows += (Row(tuple(cell.strip() for cell in cells), reader.line_num) for cells in reader)
    except csv.Error:  # a quotation mark without its partner, a cell of more than 128 KB
        found = _only(
            "table.csv",
            N_(
                "From here on the table cannot be read: a quotation mark is left open, or stands inside a cell."
            ),
            N_('Put a cell that has commas, line breaks or " into "…", and write " inside of it twice.'),
        )
        line = rows[-1].line + 1 if rows else 1
        return Converted(problems=[replace(found.problems[0], line=line)])
    tables = (Table(row.cells, tuple(rows[at:]), row.line) for at, row in enumerate(rows[:_ABOVE], 1))
    return _table([one for one in tables if is_shot_table(one)][:1], picture)


def written(document: dict[str, Any]) -> str:
    """The JSON form, as a file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _only(code: str, message: str, fix: str, **params: str | int) -> Converted:
    return Converted(problems=[Problem(code, message, fix, params)])
