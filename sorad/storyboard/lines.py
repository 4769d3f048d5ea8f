"""On which line of a storyboard something stands. Asked only when there is a problem to show. Pure."""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s"\[\]{},:]+')

Key = tuple[int, str]  # position of the segment, -1: the storyboard itself; field, "": the whole


def lines(text: str) -> dict[Key, int]:
    """1-based lines of the storyboard's fields, the segments, and the fields of each segment.

    ``text`` is valid JSON; a name that stands twice counts where it stands last, as in parsing.
    """
    found: dict[Key, int] = {}
    depth = 0
    line, counted = 1, 0
    position = -1  # of the segment we are in
    name = ["", ""]  # the last name seen in the storyboard, in the segment
    for token in _TOKEN.finditer(text):
        sign = token[0]
        here = (depth == 1, depth == 2 and name[0] == "segments", depth == 3 and name[0] == "segments")
        if any(here) and sign not in "]}":
            line += text.count("\n", counted, token.start())
            counted = token.start()
            if here[0] and sign[0] == '"' and _is_name(text, token.end()):
                name[0] = json.loads(sign)
                position = -1
                found[-1, name[0]] = line
            elif here[1]:
                position += 1
                found[position, ""] = line
            elif here[2] and sign[0] == '"' and _is_name(text, token.end()):
                found[position, json.loads(sign)] = line
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
    return found


_COLON = re.compile(r"\s*:")


def _is_name(text: str, end: int) -> bool:
    return _COLON.match(text, end) is not None
