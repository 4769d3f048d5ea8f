"""How many histories a run plays.

``SORAD_TEST_HISTORIES`` (80) is the number of plain days; each other kind of history keeps its share of that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Callable

import pytest

HISTORIES = int(os.environ.get("SORAD_TEST_HISTORIES", "80"))
BLOCK = 10  # a test each: a few seconds of computing, so that all cores end at about the same time


def seeds(share: float) -> range:
    """The seeds of one kind of history; at least one."""
    return range(max(1, round(share * HISTORIES)))


def in_blocks(share: float) -> pytest.MarkDecorator:
    """A test of ``block``, for each block of those seeds."""
    every = seeds(share)
    blocks = [every[first : first + BLOCK] for first in every[::BLOCK]]
    return pytest.mark.parametrize("block", blocks, ids=lambda block: f"{block.start}-{block.stop - 1}")


def is_found(
    play: Callable[[Iterable[int]], list[str]], *words: str, tries: int = 40, first: int = 0
) -> bool:
    """Whether some history tells of a broken promise in one of these words; none is played after that one.

    ``first``: a seed that is known to. Should it not do so any more, the others are played.
    """
    order = sorted(range(tries), key=lambda seed: (seed < first, seed))
    return any(one in said for seed in order for said in play([seed]) for one in words)
