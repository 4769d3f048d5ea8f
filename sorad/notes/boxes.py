"""The marks of boxes: each is obeyed once, by the ledger that gave it. Pure.

A mark is made of a secret of the ledger, the take, and how often a box of its segment was obeyed. So an old version of
a note that comes back through a sync holds marks that mean nothing any more, and so does any note where the ledger was
lost.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from sorad.model import Take

_MARK = re.compile(r"%%sorad:([0-9a-f]{16})%%")
_TICKED = re.compile(r"\s*[-*+] \[[xX]\] ")


def mark_of(secret: str, take: Take, spent: int) -> str:
    """The mark of a take's box. ``spent``: how many boxes of its segment were obeyed before."""
    told = f"{take.storyboard_id}:{take.segment}:{take.id}:{spent}"
    return hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()[:16]


def written(mark: str) -> str:
    """The mark as it stands in a line."""
    return f"%%sorad:{mark}%%"


def ticked(lines: Iterable[str]) -> list[str]:
    """The marks of ticked boxes in lines that sorad wrote, whatever other programs appended to them."""
    found = []
    for line in lines:
        mark = _MARK.search(line) if _TICKED.match(line) else None
        if mark is not None:
            found.append(mark[1])
    return found


def by_segment(marks: Iterable[str], current: Mapping[str, Take]) -> dict[int, list[Take]]:
    """The takes whose boxes were ticked anew, by segment. ``current``: the takes by the marks that are in force."""
    found: dict[int, list[Take]] = {}
    for mark in dict.fromkeys(marks):
        take = current.get(mark)
        if take is not None:
            found.setdefault(take.segment, []).append(take)
    return found
