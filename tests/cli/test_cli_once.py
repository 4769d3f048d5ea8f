"""`sorad once`: what still comes to an end by itself, and what waits for somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from sorad.budget import NEVER
from sorad.cli.work.remaining import standing_of
from sorad.model import Request, State, Take
from sorad.problems import Problem

NOW = 1_000.0
REQUEST = Request("p")
HELD = Take(
    1,
    1,
    "/v",
    "/v/s.json",
    1,
    1,
    REQUEST.fingerprint(),
    REQUEST,
    State.HELD,
    "/v/1.mp4",
    NEVER,
    error=Problem("budget.price", "its price is not known"),
)


def standing(counted: int, held: list[Take], segments: tuple[range, ...] = ()) -> tuple[int, int]:
    """How many takes move, and how many wait, where so many were counted as held and these are found."""
    ledger = SimpleNamespace(
        counts=lambda root: Counter({State.HELD: counted}),
        parked=lambda root: 0,
        takes=lambda states, root: held if State.HELD in states else [],
    )
    daemon = SimpleNamespace(
        config=SimpleNamespace(watch=[SimpleNamespace(path="/v")]),
        ledger=ledger,
        segments=segments,
        clock=SimpleNamespace(time=lambda: NOW),
        claims=SimpleNamespace(waits=lambda root: None),
    )
    told = standing_of(daemon, {})
    return told.moving, told.waiting


@pytest.mark.parametrize(
    ("counted", "held", "told"),
    [
        (1, [HELD], (0, 1)),
        (1, [replace(HELD, due_at=NOW + 60)], (0, 1)),  # it is asked again later
        (1, [replace(HELD, due_at=NOW - 1)], (1, 0)),  # it is about to be weighed again
        (2, [HELD, replace(HELD, id=2, due_at=NOW)], (1, 1)),
        (2, [], (2, 0)),  # they were queued since they were counted
    ],
)
def test_what_is_about_to_be_looked_at_again_does_not_wait_for_the_user(
    counted: int, held: list[Take], told: tuple[int, int]
) -> None:
    assert standing(counted, held) == told


def test_of_other_segments_nothing_is_waited_for() -> None:
    other = replace(HELD, id=2, segment=9, due_at=NOW)
    assert standing(2, [replace(HELD, due_at=NOW), other], (range(1, 2),)) == (1, 0)
    assert standing(2, [HELD, replace(other, due_at=NEVER)], (range(1, 2),)) == (0, 1)
