"""On which line of a storyboard something stands. Asked only when there is a problem to show. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Union

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s"\[\]{},:]+')
_COLON = re.compile(r"\s*:")
ENOUGH = 20  # names that stand twice: nobody needs a longer list

Place = tuple[Union[str, int], ...]  # names and positions that lead from the top of the file to a value


def lines(text: str) -> dict[Place, int]:
    """1-based lines of every name, and of the segments.

    ``text`` is valid JSON; a name that stands twice counts where it stands last, as in parsing.
    """
    return dict(_numbered(text))


def doubles(text: str) -> list[tuple[Place, int]]:
    """Names that stand again in one object, each with the line of the later one.

    Those that begin with ``_``, and all that is in them, are the author's own and left out.
    """
    if not _has_doubles(text):
        return []
    found, seen = [], set[Place]()
    for place, line in _numbered(text):
        if not isinstance(place[-1], str) or is_remark(place):
            continue
        if place in seen:
            found.append((place, line))
            # What is inside the later one is not compared with what was inside the earlier one.
            seen = {one for one in seen if one[: len(place)] != place}
            if len(found) > ENOUGH:
                break
        seen.add(place)
    return found


def is_remark(place: Place) -> bool:
    """Whether a name on the way to it begins with ``_``."""
    return any(isinstance(step, str) and step.startswith("_") for step in place)


def _has_doubles(text: str) -> bool:
    """The quick look: by the parser of the standard library, which tells no places."""
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len(pairs) > len({name for name, _value in pairs})

    json.loads(text, object_pairs_hook=look, parse_int=len, parse_float=len)
    return found


def _numbered(text: str) -> Iterator[tuple[Place, int]]:
    line, counted = 1, 0
    for place, start in _places(text):
        line += text.count("\n", counted, start)
        counted = start
        yield place, line


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Each name and each segment, in order, with where it begins."""
    path: list[
        Union[str, int]
    ] = []  # for each open bracket the name, or the position, that was reached in it
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("}", "]"):
            path.pop()
            continue
        step = path[-1] if path else None
        if isinstance(step, int):
            path[-1] = step + 1
            if len(path) == 2 and path[0] == "segments":
                yield tuple(path), token.start()
        elif step is not None and sign[0] == '"' and _COLON.match(text, token.end()):
            path[-1] = json.loads(sign)
            yield tuple(path), token.start()
            continue
        if sign == "{":
            path.append("")
        elif sign == "[":
            path.append(-1)
