"""A note as it is, and what sorad has to say: the text that holds both. Pure.

What sorad writes stands between two marker lines, and in properties whose names begin with ``sorad_``. All else is the
user's, and stays byte for byte. A marker without its partner is the user's, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BEGIN, END = "%% sorad:begin %%", "%% sorad:end %%"
PREFIX = "sorad_"
_FENCE = "---"


def merged(text: str, properties: Mapping[str, str], block: Sequence[str]) -> str:
    """The note with what sorad says now. ``block``: lines without their ends, markers not included."""
    head, body = _split(text)
    return "".join((*_head(head, properties), *_body(body, block)))


def block_of(text: str) -> list[str]:
    """The lines that stand between markers, without their ends; a marker among the properties is the user's."""
    lines = [line.rstrip("\r\n") for line in _split(text)[1]]
    return [line for start, end in _blocks(lines) for line in lines[start + 1 : end]]


def users_part(text: str) -> str:
    """All that is the user's."""
    head, body = _split(text)
    own = [line for line in head if not _is_ours(line)]
    for start, end in reversed(_blocks([line.rstrip("\r\n") for line in body])):
        del body[start : end + 1]
    return "".join((*own, *body))


def _split(text: str) -> tuple[list[str], list[str]]:
    """The lines of the properties, fences included, and the others; with their ends. Without properties: none."""
    lines = _lines(text)
    if lines and lines[0].lstrip("\ufeff").rstrip() == _FENCE:
        for number, line in enumerate(lines[1:], 1):
            if line.rstrip() == _FENCE:
                return lines[: number + 1], lines[number + 1 :]
    return [], _without_displaced(lines)


def _without_displaced(lines: list[str]) -> list[str]:
    """Without our properties where somebody wrote above them, so that they are none any more."""
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE]
    for start, end in zip(fences, fences[1:]):
        if end > start + 1 and all(map(_is_ours, lines[start + 1 : end])):
            return [*lines[:start], *lines[end + 1 :]]
    return lines


def _lines(text: str) -> list[str]:
    """As ``splitlines(keepends=True)``, at line feeds alone: other separators are part of the user's text."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _head(lines: Sequence[str], properties: Mapping[str, str]) -> list[str]:
    ours = [f"{name}: {value}\n" for name, value in properties.items()]
    if not lines:
        return [f"{_FENCE}\n", *ours, f"{_FENCE}\n"]
    inside = lines[1:-1]
    before = next((number for number, line in enumerate(inside) if _is_ours(line)), len(inside))
    kept = [line for line in inside if not _is_ours(line)]
    fence = lines[-1] if lines[-1].endswith("\n") else f"{lines[-1]}\n"
    return [lines[0], *kept[:before], *ours, *kept[before:], fence]


def _is_ours(line: str) -> bool:
    return line.startswith(PREFIX) and ":" in line


def _body(lines: list[str], block: Sequence[str]) -> list[str]:
    ours = [f"{line}\n" for line in (BEGIN, *block, END)]
    blocks = _blocks([line.rstrip("\r\n") for line in lines])
    if not blocks:
        gap = [] if not lines or lines[-1].endswith("\n") else ["\n"]
        return [*lines, *gap, *ours]
    for start, end in reversed(blocks[1:]):  # a sync merged two versions into one
        del lines[start : end + 1]
    start, end = blocks[0]
    if end == len(lines) - 1 and not lines[end].endswith("\n"):
        ours[-1] = ours[-1].rstrip("\n")
    return [*lines[:start], *ours, *lines[end + 1 :]]


def _blocks(lines: Sequence[str]) -> list[tuple[int, int]]:
    """First and last line of each part between markers, each with the nearest partner."""
    found, start = [], None
    for number, line in enumerate(lines):
        if line.strip() == BEGIN:
            start = number
        elif line.strip() == END and start is not None:
            found.append((start, number))
            start = None
    return found
