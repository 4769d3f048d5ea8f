"""What a note in Markdown holds of a storyboard: tables, and fences of JSON. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})\s*(?P<kind>[\w-]*)")
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
    """A table: its headers and its rows, which may have more cells than that, or fewer."""

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int


@dataclass(frozen=True)
class Note:
    """A note's tables, and the texts of its fences of JSON, each with the line where it begins."""

    tables: tuple[Table, ...]
    fences: tuple[tuple[str, int], ...]


def note_of(text: str) -> Note:
    """The tables and fences of a note. What stands in fences of another kind is neither; so is the front matter."""
    lines = text.split("\n")
    plain, fences = _apart(lines)
    return Note(tuple(_tables(plain)), tuple(fences))


def _apart(lines: Sequence[str]) -> tuple[list[tuple[int, str]], list[tuple[str, int]]]:
    """The lines outside of fences, numbered, and the fences of JSON."""
    plain: list[tuple[int, str]] = []
    fences: list[tuple[str, int]] = []
    at = _after_front_matter(lines)
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            plain.append((at + 1, lines[at]))
            at += 1
            continue
        end = _end_of_fence(lines, at + 1, opened["mark"])
        if opened["kind"].lower() in ("json", "json5", "jsonc"):
            fences.append(("\n".join(lines[at + 1 : end]), at + 2))
        at = end + 1
    return plain, fences


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
        yield Table(_cells(line), rows, number)
        at = end


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
