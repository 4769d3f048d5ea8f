"""From bytes to JSON values, and from what is wrong with them to a place and a sentence. Pure.

pydantic's parser is used, not the standard library's: it is bounded in depth (200) by itself where the
latter leans on the interpreter's stack, refuses NaN and lone surrogates, and tells line and column.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json

from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.storyboard.json_mistakes import first_slip

_BOM = b"\xef\xbb\xbf"
_PLACE = re.compile(r"(?P<reason>.*) at line (?P<line>\d+) column (?P<column>\d+)", re.DOTALL)
_WORD = re.compile(r"[^\s,\]}]{0,20}")
_MEND = N_("Mend the JSON at that place.")

# What the parser says (its beginning), our sentence, and how to mend it.
_REASONS = (
    (
        "EOF while parsing",
        N_("The file ends too early: a bracket or a quotation mark is left open."),
        N_("Close what is open, or save the file again if it was cut off."),
    ),
    ("trailing comma", N_("There is a comma too many before column {column}."), N_("Take the comma away.")),
    ("expected `,`", N_("A comma or a closing bracket is missing before column {column}."), _MEND),
    ("expected `:`", N_("A colon is missing before column {column}."), _MEND),
    (
        "key must be a string",
        N_("At column {column}, a name in double quotation marks is missing."),
        N_('Write names like "prompt_text", in straight double quotation marks.'),
    ),
    (
        "control character",
        N_("At column {column}, a text holds a line break or another control character."),
        N_('Write a line break inside a text as \\n, a tab as \\t; or close the text with ".'),
    ),
    (
        "invalid escape",
        N_("At column {column}, a backslash stands before a character that needs none."),
        N_("Write a backslash that is meant as such twice: \\\\"),
    ),
    (
        "recursion limit",
        N_("At column {column}, brackets are nested too deeply."),
        N_("A storyboard needs but a few levels: look for brackets that repeat."),
    ),
    ("trailing characters", N_("At column {column}, something follows the end of the JSON."), _MEND),
    (
        ("lone", "unexpected end of hex", "invalid unicode"),
        N_("At column {column}, a \\u escape stands for half a character."),
        N_("Write the character itself."),
    ),
    (
        ("invalid number", "number out of range"),
        N_("At column {column} stands a number that JSON does not have."),
        N_("Write numbers in plain digits, such as 10."),
    ),
)
_ELSE = N_("At column {column} stands what is not JSON: {value}")


def decode(data: bytes) -> str | Problem:
    """The text of a file in UTF-8, with or without a byte order mark."""
    bare = data[len(_BOM) :] if data.startswith(_BOM) else data
    line = 0
    if b"\0" not in bare[:4]:  # UTF-16 of plain letters is valid UTF-8, with a NUL beside each
        try:
            return bare.decode("utf-8")
        except UnicodeDecodeError as error:
            line = bare.count(b"\n", 0, error.start) + 1
    return Problem(
        "storyboard.encoding",
        N_("The file is not UTF-8."),
        N_("Save it as UTF-8: most editors offer that under Save As, Encoding."),
        line=line,
    )


def parse(text: str) -> Any | Problem:
    """The value that the text stands for."""
    if not text.strip():
        return Problem(
            "storyboard.json", N_("The file is empty."), N_("Write a storyboard, or delete the file.")
        )
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return _explain(str(error), text)


def _explain(said: str, text: str) -> Problem:
    found = _PLACE.fullmatch(said)
    reason, line, column = (
        (found["reason"], int(found["line"]), int(found["column"])) if found else (said, 1, 1)
    )
    if column == 0 and line > 1:  # a line break inside a text is counted to the line behind it
        line -= 1
        column = len(_line(text, line).encode()) + 1
    here = _line(text, line)
    column = len(here.encode()[: max(column - 1, 0)].decode("utf-8", "ignore")) + 1  # it counts bytes
    slip = first_slip(text)
    if slip is not None:
        place = (text.count("\n", 0, slip.at) + 1, slip.at - text.rfind("\n", 0, slip.at))
        if place <= (line, column):
            params: dict[str, Param] = {"column": place[1], "value": slip.value, "right": slip.right}
            return Problem("storyboard.json", slip.message, slip.fix, params, line=place[0])
    value = _WORD.match(here, column - 1)
    params = {"column": column, "value": value[0] if value else ""}
    for beginning, message, fix in _REASONS:
        if reason.startswith(beginning):
            return Problem("storyboard.json", message, fix, params, line=line)
    return Problem("storyboard.json", _ELSE, _MEND, params, line=line)


def _line(text: str, number: int) -> str:
    return text.split("\n", number)[number - 1]
