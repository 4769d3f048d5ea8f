"""What a note in Markdown holds of a storyboard: tables, and fences of JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})\s*(?P<kind>[\w-]*)")
_QUOTE = re.compile(r"^ {0,3}>[ >]{0,9}")
_COMMENTS = {"%%": "%%", "<!--": "-->"}  # what begins one at the head of a line, and what ends it
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_PIPE = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_LONGEST = 50_000  # characters of a row; patterns take time on longer ones, and nobody writes them


@dataclass(frozen=True)
class Row:
    """A row of a table, cell by cell, with its 1-based line."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Table:
    """A table: its headers and its rows, which may have more cells than that, or fewer.

    ``broken``: lines of rows that do not begin and end with a bar, though the headers do.
    """

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int
    broken: tuple[int, ...] = ()


@dataclass(frozen=True)
class Note:
    """A note's tables, and the texts of its fences of JSON, each with the line where it begins.

    ``loose_rows``: lines that look like rows and belong to no table. ``unclosed``: where a fence or a comment begins
    that nothing ends; 0: nowhere.
    """

    tables: tuple[Table, ...]
    fences: tuple[tuple[str, int], ...]
    loose_rows: tuple[int, ...] = ()
    unclosed: int = 0


def note_of(text: str) -> Note:
    """The tables and fences of a note. What stands in comments and in fences of another kind is neither; so is the
    front matter. Quotes and callouts count as what they hold."""
    parts = _Parts([_QUOTE.sub("", line) for line in text.split("\n")])
    tables = tuple(_tables(parts.plain))
    within = {row.line for table in tables for row in table.rows}
    within |= {line for table in tables for line in (table.line, table.line + 1)}
    loose_rows = (line for line, said in parts.plain if line not in within and _looks_like_row(said))
    return Note(tables, tuple(parts.fences), tuple(loose_rows), parts.unclosed)


@dataclass
class _Parts:
    """The lines outside of fences and comments, numbered, and the fences of JSON."""

    lines: Sequence[str]
    plain: list[tuple[int, str]] = field(default_factory=list)
    fences: list[tuple[str, int]] = field(default_factory=list)
    unclosed: int = 0

    def __post_init__(self) -> None:
        at = _after_front_matter(self.lines)
        while at < len(self.lines):
            opened, comment = _FENCE.match(self.lines[at]), _comment_of(self.lines[at])
            if opened is not None:
                end = _end_of_fence(self.lines, at + 1, opened["mark"])
                if opened["kind"].lower() in ("json", "json5", "jsonc"):
                    self.fences.append(("\n".join(self.lines[at + 1 : end]), at + 2))
            elif comment:
                end = _end_of_comment(self.lines, at, comment)
            else:
                self.plain.append((at + 1, self.lines[at]))
                end = at
            if end == len(self.lines):
                self.unclosed = at + 1
            at = end + 1


def _comment_of(line: str) -> str:
    """What ends the comment that a line begins with; ``""``: it begins with none."""
    bare = line.lstrip()
    return next((end for begin, end in _COMMENTS.items() if bare.startswith(begin)), "")


def _end_of_comment(lines: Sequence[str], at: int, mark: str) -> int:
    """The line on which it ends; the end of the note where it does not."""
    if mark in lines[at].lstrip()[2:]:
        return at
    return next((below for below in range(at + 1, len(lines)) if mark in lines[below]), len(lines))


def _looks_like_row(line: str) -> bool:
    """Whether somebody meant a line to be a row, also with the bars of Chinese keyboards."""
    bare = line.strip()
    return bare.startswith(("|", "｜")) and bare.count("|") + bare.count("｜") > 1


def _after_front_matter(lines: Sequence[str]) -> int:
    if not lines or lines[0].rstrip() != "---":
        return 0
    return next((at + 1 for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), 0)


def _end_of_fence(lines: Sequence[str], at: int, mark: str) -> int:
    """The line that closes it; the end of the note where none does."""
    while at < len(lines):
        found = _FENCE.match(lines[at])
        if (
            found
            and found["mark"].startswith(mark)
            and not found["kind"]
            and lines[at].strip() == found["mark"]
        ):
            return at
        at += 1
    return at


def _tables(lines: Sequence[tuple[int, str]]) -> Iterator[Table]:
    at = 0
    while at + 1 < len(lines):
        number, line = lines[at]
        if not _begins_table(line, lines[at + 1][1]):
            at += 1
            continue
        end = at + 2
        while end < len(lines) and "|" in lines[end][1]:
            end += 1
        rows = tuple(Row(_cells(cells), below) for below, cells in lines[at + 2 : end])
        broken = (below for below, cells in lines[at + 2 : end] if _is_framed(line) and not _is_framed(cells))
        yield Table(_cells(line), rows, number, tuple(broken))
        at = end


def _is_framed(line: str) -> bool:
    bare = line.strip()
    return bare.startswith("|") and bare.endswith("|") and not bare.endswith("\\|")


def _begins_table(line: str, below: str) -> bool:
    """Whether headers stand over a rule with as many columns."""
    if "|" not in line or max(len(line), len(below)) > _LONGEST or not _RULE.match(below):
        return False
    return len(_cells(line)) == len(_cells(below))


def _cells(line: str) -> tuple[str, ...]:
    """The cells of a line; ``\\|`` is a bar, and ``<br>`` a line break."""
    line = line.strip()
    line = line[1:] if line.startswith("|") else line
    parts = _PIPE.split(line)
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return tuple(_unwritten(part) for part in parts)


def _unwritten(cell: str) -> str:
    return "\n".join(part.strip() for part in _BREAK.split(cell.replace("\\|", "|")))
