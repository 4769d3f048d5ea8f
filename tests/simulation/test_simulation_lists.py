"""Lists that lag, are cut, page wrongly, show other texts or cannot be read: none makes sorad pay twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from odd_lists import any_list
from test_simulation_histories import run_all
from world import World

from sorad.model import Request

HISTORIES, BLOCK = max(1, int(os.environ.get("SORAD_TEST_HISTORIES", "1000")) // 250), 25
TEXTS = ["@Bob walks，into the HARBOUR", "a Dog（old）sleeps。", "Rain on @Ann's window"]


def live_with_odd_lists(seed: int, folder: Path) -> World:
    """A day of lost answers at a provider whose list is odd, and of neighbours who buy on the same account."""
    world = World(seed, folder / f"l{seed}")
    rng, odds, provider = world.rng, world.odds, world.provider
    odds.lost_answer, odds.lost_request = 0.3, 0.15
    provider.list, provider.date_skew = any_list(rng), provider.skew
    provider.unreadable = rng.random() < 0.1
    busy = rng.choice([0, 0, 1, 4])
    for event in range(rng.randrange(2, 5)):
        texts = [f"{rng.choice(TEXTS)} {event}-{n}" for n in range(rng.randrange(1, 4))]
        world.write(f"ep{event}/storyboard_{event}.json", texts, rng.choice([1, 1, 2]))
        for _moment in range(rng.randrange(2, 7)):
            world.run(rng.choice([0.5, 1, 3, 7, 20, 60, 130, 600]))
            for _other in range(rng.randrange(busy + 1)):
                provider.neighbour(Request(f"neighbour {rng.random()}", seconds=rng.choice([10, 10, 15])))
            if rng.random() < 0.2:
                world.command("resolve")
    world.run(3600)
    world.calm()
    world.settle()
    return world


@pytest.mark.timeout(300)
@pytest.mark.parametrize("block", range(HISTORIES))
def test_no_list_breaks_a_promise(block: int) -> None:
    assert run_all(range(block * BLOCK, (block + 1) * BLOCK), live_with_odd_lists) == []
