"""What of a note or a table would be left out without a word, or bought as it was not meant: mistakes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Optional

from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.storyboard.tables.cells import is_as_above, is_struck
from sorad.storyboard.tables.headers import field_of, meant_by
from sorad.storyboard.tables.markdown import Row, Table

_OTHER_UNIT = re.compile(
    r"[（(\[【]\s*(?:帧|frames?|fr|分钟?|min\w*|毫秒|ms|millis\w*)\s*[)）\]】]", re.IGNORECASE
)
_CROSSED_OUT = ("segment_index", "prompt_text")  # with one of these all of the row is


def of_columns(table: Table, fields: Sequence[str]) -> Iterator[Problem]:
    """Headers that were probably meant to be known ones, and columns of pictures: nothing below them is sent.

    ``fields``: which one each header means, ``""``: none."""
    for at, (header, known) in enumerate(zip(table.headers, fields)):
        if known == "duration_seconds" and _OTHER_UNIT.search(header[:200]):
            yield replace(_other_unit(header), line=table.line)
        if known or field_of(header) or header.startswith("_"):
            continue
        cells = (row.cells[at] for row in table.rows if len(row.cells) > at)
        problem = _of_header(header, any(cell.startswith("![") for cell in cells))
        if problem is not None:
            yield replace(problem, line=table.line)


def _of_header(header: str, over_pictures: bool) -> Optional[Problem]:
    near = meant_by(header)
    params: dict[str, Param] = {"name": header[:60], "field": near}
    if near:
        fix = N_("Did you mean {field}? If it is a remark of your own, put an underscore before the name.")
        return Problem("table.near", N_("There is no column {name}."), fix, params)
    if not over_pictures:
        return None
    message = N_("The column {name} holds pictures and is not known: they would not be sent.")
    fix = N_("Call it first frame, last frame or reference; or put an underscore before its name.")
    return Problem("table.pictures", message, fix, params)


def _other_unit(header: str) -> Problem:
    message = N_("The lengths in the column {name} are not in seconds.")
    fix = N_("Write seconds there, and call it duration; or put an underscore before its name.")
    return Problem("table.unit", message, fix, {"name": header[:60]})


def of_row(row: Row, fields: Sequence[str]) -> Optional[Problem]:
    """Why it cannot be told what a row means."""
    named = [(name, cell) for name, cell in zip(fields, row.cells) if name]
    more = next((cell for cell in row.cells[len(fields) :] if cell.strip()), "")
    above = next((cell.strip() for _name, cell in named if is_as_above(cell)), "")
    if more:
        message = N_("The row has more cells than the table has columns; {value} stands outside of it.")
        fix = N_('Write a bar inside a cell as \\|, and put a cell of CSV that has commas into "…".')
        problem = Problem("table.cells", message, fix, {"value": more[:60]})
    elif any(is_struck(cell) for name, cell in named if name in _CROSSED_OUT):
        fix = N_("Delete the row, or the ~~ around what is in it.")
        problem = Problem("table.struck", N_("The row is crossed out."), fix)
    elif above:
        message = N_("{value} stands for what another row says, and would be sent as it is.")
        problem = Problem("table.above", message, N_("Write it out."), {"value": above})
    else:
        return None
    return replace(problem, line=row.line)


def broken(line: int) -> Problem:
    """A row without a bar at one of its ends."""
    return Problem(
        "table.row",
        N_("This row of the table does not begin and end with |, as its headers do: it may go on elsewhere."),
        N_("Write each row on one line, from | to |; a line break inside a cell is <br>."),
        line=line,
    )


def stray(line: int) -> Problem:
    """A line that looks like a row, and belongs to no table."""
    return Problem(
        "table.stray",
        N_("This line looks like a row and belongs to no table: it would be left out."),
        N_(
            "Put it right below the rows of its table, with no empty line between, and | (not ｜) between the cells; "
            "below the headers belongs a line such as |---|---|."
        ),
        line=line,
    )


def conflict(line: int) -> Problem:
    """What a merge left."""
    return Problem(
        "table.conflict",
        N_("Two versions of the file stand in one another: a merge left <<<<<<< and >>>>>>> in it."),
        N_("Keep one of the two, and delete the lines with <<<<<<<, ======= and >>>>>>>."),
        line=line,
    )


def unclosed(line: int) -> Problem:
    """A fence, or a comment, without an end."""
    return Problem(
        "table.unclosed",
        N_("The fence or the comment that begins here is never closed: what follows would be left out."),
        N_("Close it by a line with the mark that opened it."),
        line=line,
    )
