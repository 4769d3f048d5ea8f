"""What stands in quotation marks: what a character says is not to be rewritten. Pure, linear in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LETTER = "A-Za-z0-9"

# An opening straight single quote follows no letter and is followed by something: so neither the
# apostrophe of "Alice's" nor a mark that stands alone opens anything.
_OPENING = re.compile(rf"[“‘「『\"]|(?<![{_LETTER}])'(?=\S)")

# What closes each. A single quote before a letter is an apostrophe ("don’t"). Straight quotes do not
# reach over the end of a line: a lone inch mark must not swallow the rest of the text.
_CLOSING = {
    "“": re.compile("”"),
    "‘": re.compile(f"’(?![{_LETTER}])"),
    "「": re.compile("」"),
    "『": re.compile("』"),
    '"': re.compile('["\n]'),
    "'": re.compile(rf"(?<!\s)'(?![{_LETTER}])|\n"),
}


def quoted(text: str) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of each quotation, marks included, in order. A lone mark quotes nothing."""
    at = 0
    barren = dict.fromkeys(_CLOSING, 0)  # up to where nothing closes this kind: not searched twice
    while True:
        opened = _OPENING.search(text, at)
        if opened is None:
            return
        kind, at = opened[0], opened.end()
        if at <= barren[kind]:
            continue
        closed = _CLOSING[kind].search(text, at)
        if closed is None or closed[0] == "\n":
            barren[kind] = closed.start() if closed else len(text)
            continue
        at = closed.end()
        yield opened.start(), at


def gaps(text: str) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of what stands between the quotations."""
    at = 0
    for start, end in quoted(text):
        yield at, start
        at = end
    yield at, len(text)
