"""On which line of a TOML text each key stands: the parsers of the standard library do not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

Loc = tuple[Union[str, int], ...]

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*|\n|[\[\]{}=]|[^\s\"'\#\[\]{}=]+|[^\S\n]+|.",
    re.DOTALL,
)
_KEY_PART = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'([^']*)'|([^\s.\"']+)")


def key_lines(text: str) -> dict[Loc, int]:
    """Each table and key of a valid TOML ``text``, with the number of its line, counted from 1.

    Entries of an array of tables count from 0: ``("watch", 1, "takes")``. What stands inside an inline
    table or a list has no line of its own: see :func:`line_of`.
    """
    found: dict[Loc, int] = {}
    table: Loc = ()
    for line, key, is_header in _statements(text):
        parts = _parts(key.strip("[] \t"))
        if not is_header:
            found.setdefault((*table, *parts), line)
            continue
        table = _resolve(found, parts[:-1])
        if key.startswith("[["):
            count = 0
            while (*table, parts[-1], count) in found:
                count += 1
            found.setdefault((*table, parts[-1]), line)
            table = (*table, parts[-1], count)
        else:
            table = _resolve(found, parts)
        found.setdefault(table, line)
    return found


def line_of(lines: dict[Loc, int], loc: Loc) -> int:
    """The line of ``loc``, else of what it stands in; 0 when not even its table is there."""
    return next((lines[loc[:end]] for end in range(len(loc), 0, -1) if loc[:end] in lines), 0)


def _statements(text: str) -> Iterator[tuple[int, str, bool]]:
    """Line, key and whether it is a table's header, of each statement."""
    line, start, depth = 1, 1, 0
    key, in_value = "", False
    for match in _TOKEN.finditer(text + "\n"):
        token = match[0]
        if token == "\n" and depth == 0:
            if key.strip() and not in_value:
                yield start, key.strip(), True
            key, in_value = "", False
        elif in_value:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        elif token == "=":
            yield start, key.strip(), False
            in_value = True
        elif not token.startswith("#"):
            start = start if key.strip() else line
            key += token
        line += token.count("\n")


def _parts(key: str) -> tuple[str, ...]:
    return tuple(match[1] or match[2] or match[3] or "" for match in _KEY_PART.finditer(key))


def _resolve(found: dict[Loc, int], parts: tuple[str, ...]) -> Loc:
    """``parts`` with the index of the latest entry behind each name of an array of tables."""
    loc: Loc = ()
    for part in parts:
        loc = (*loc, part)
        count = 0
        while (*loc, count) in found:
            count += 1
        if count:
            loc = (*loc, count - 1)
    return loc
