"""Which take of a segment is the one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sorad.media.flaws import is_usable
from sorad.model import State, Take


def choices(takes: Iterable[Take]) -> dict[int, Take]:
    """By segment, the take that the user chose; else the one with the lowest number, of today's text, that decodes.

    ``takes`` are those of one storyboard. A segment without either is left out. What nobody has looked at counts as
    what decodes.
    """
    found: dict[int, Take] = {}
    for take in sorted(takes, key=lambda one: (-one.chosen_at, one.take, one.id)):
        is_there = take.state is State.DONE and (take.error is None or take.error.code != "take.missing")
        if is_there and (take.chosen_at or (take.wanted and is_usable(take))):
            found.setdefault(take.segment, take)
    return found
