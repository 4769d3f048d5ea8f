"""Random histories of a day and more, against the invariants of the two promises."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from world import Odds, World


def live_a_day(seed: int, folder: Path) -> World:
    """A day in which a user writes, edits and deletes storyboards, and everything else goes wrong."""
    world = World(seed, folder / f"w{seed}")
    rng = world.rng
    world.write("storyboard_a.json", [f"a{n}" for n in range(rng.randrange(1, 6))], rng.choice([1, 1, 2]))
    for event in range(rng.randrange(3, 9)):
        world.run(rng.choice([1, 5, 60, 600, 3000]))
        choice = rng.randrange(6)
        if choice == 0:
            world.write(
                f"ep{event}/storyboard_{event}.json", [f"{event}-{n}" for n in range(rng.randrange(1, 4))]
            )
        elif choice == 1:
            world.write("storyboard_a.json", [f"a{n}e{rng.randrange(2)}" for n in range(rng.randrange(1, 6))])
        elif choice == 2 and world.storyboards():
            rng.choice(world.storyboards()).unlink()
            world.changed()
        elif choice == 3:
            world.provider.refusing_until = world.clock.now + rng.uniform(10, 3600)
        elif choice == 4:
            world.free = rng.choice([0, 10**12])
        elif choice == 5 and world.storyboards():
            path = rng.choice(world.storyboards())
            path.rename(path.with_name(f"storyboard_r{event}.json"))
            world.changed()
    world.run(3600)
    world.calm()
    world.settle()
    return world


@pytest.mark.parametrize("block", range(4))
def test_no_history_breaks_a_promise(block: int) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        for seed in range(block * 25, block * 25 + 25):
            world = live_a_day(seed, Path(folder))
            world.check()
            world.close()


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def test_a_calm_day_delivers_everything(tmp_path: Path) -> None:
    world = World(1, tmp_path / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)))
    world.write("storyboard_a.json", ["one", "two", "three"], takes=2)
    world.run(3 * 3600)
    assert [take.state.value for take in world.takes()] == ["done"] * 6
    assert set(world.bought().values()) == {2}
    world.check()
