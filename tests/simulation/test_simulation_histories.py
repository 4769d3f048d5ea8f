"""Random histories of a day and more, against the invariants of the two promises.

As many run here as ``SORAD_TEST_HISTORIES`` says (80); ``benchmarks/proof_simulation.py`` runs as many as you like.
A failing seed is replayed by ``live_a_day(seed, folder)``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest
from seeds import in_blocks, is_found
from world import Odds, World

from sorad.engine.decide import transitions
from sorad.engine.decide.transitions import AfterCreate
from sorad.engine.run import channel
from sorad.engine.steps import submit as submitting
from sorad.engine.steps.context import StepContext
from sorad.engine.steps.submit import submit
from sorad.model import State, Take


def live_a_day(seed: int, folder: Path) -> World:
    """A day in which a user writes, edits and deletes storyboards, and everything else goes wrong."""
    world = World(seed, folder / f"w{seed}", lists=seed % 5 != 0, proved=seed % 3 != 0)
    rng = world.rng
    world.write("storyboard_a.json", [f"a{n}" for n in range(rng.randrange(1, 6))], rng.choice([1, 1, 2]))
    for event in range(rng.randrange(3, 9)):
        world.run(rng.choice([1, 5, 60, 600, 3000]))
        choice = rng.randrange(7)
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
        elif choice == 6:
            concurrency = rng.choice([1, 3, 6])
            world.restart(
                limits={"concurrency": concurrency, "safe_concurrency": 1}, takes=rng.choice([1, 1, 2])
            )
    world.run(3600)
    world.calm()
    world.settle()
    return world


def live_in_a_crowd(seed: int, folder: Path) -> World:
    """A day of many takes of one text, whose answers are lost more often than not, and of a user who commands."""
    world = World(seed, folder / f"m{seed}", lists=seed % 4 != 0)
    rng, odds = world.rng, world.odds
    odds.lost_answer, odds.lost_request, odds.not_sent, odds.rate = 0.3, 0.2, 0.1, 0.02
    for event in range(rng.randrange(2, 5)):
        texts = [f"{event}-{n}" for n in range(rng.randrange(1, 3))]
        world.write(f"ep{event}/storyboard_{event}.json", texts, rng.choice([2, 3, 4]))
        for _deed in range(rng.randrange(1, 5)):
            world.run(rng.choice([1, 3, 7, 20, 60, 130, 600]))
            world.command(rng.choice(["cancel", "retry", "resolve", "pause", "resume"]))
    world.command("resume")
    world.run(3600)
    world.calm()
    world.settle()
    return world


def run_all(seeds: Iterable[int], live: Callable[[int, Path], World] = live_a_day) -> list[str]:
    """Live through the histories; what each broken promise says."""
    broken = []
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        for seed in seeds:
            try:
                world = live(seed, Path(folder))
                world.check()
                world.close()
            except AssertionError as error:
                broken.append(str(error))
    return broken


@pytest.mark.timeout(300)
@in_blocks(1.0)
def test_no_history_breaks_a_promise(block: range) -> None:
    assert run_all(block) == []


@pytest.mark.parametrize("seed", [4282, 10325, 16284])  # each once broke a promise
def test_a_history_that_was_broken_is_mended(seed: int) -> None:
    assert run_all([seed]) == []


@pytest.mark.timeout(300)
@in_blocks(0.08)
def test_no_crowd_breaks_a_promise(block: range) -> None:
    assert run_all(block, live_in_a_crowd) == []


def test_a_history_is_replayed_exactly_by_its_seed(tmp_path: Path) -> None:
    first, second = live_a_day(4, tmp_path / "a"), live_a_day(4, tmp_path / "b")
    assert first.provider.tasks.keys() == second.provider.tasks.keys()
    assert first.deaths == second.deaths
    assert [take.updated_at for take in first.takes()] == [take.updated_at for take in second.takes()]


class TestSeededFaults:
    """The simulation finds a double payment when one of the two guards is taken away."""

    @pytest.mark.timeout(300)
    def test_without_the_intent_commit_a_take_is_paid_for_twice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def forgetful(context: StepContext, take: Take) -> None:
            """Sends first, and writes the intent down together with the outcome."""
            outcome = context.accounts.current.create(take.request)
            with monkeypatch.context() as patch:
                patch.setattr(context.accounts.current, "create", lambda request, own_id="": outcome)
                submit(context, take)

        monkeypatch.setattr(channel, "submit", forgetful)
        assert is_found(run_all, "was bought")

    @pytest.mark.timeout(300)
    def test_without_reconciling_a_take_is_paid_for_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest = transitions.after_create

        def resending(*facts: object) -> AfterCreate:
            result = honest(*facts)  # type: ignore[arg-type]
            if result.change.to is not State.UNKNOWN:
                return result
            return replace(result, change=replace(result.change, to=State.QUEUED))

        monkeypatch.setattr(submitting.transitions, "after_create", resending)
        assert is_found(run_all, "was bought")


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def test_a_calm_day_delivers_everything(tmp_path: Path) -> None:
    world = World(1, tmp_path / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)))
    world.write("storyboard_a.json", ["one", "two", "three"], takes=2)
    world.run(3 * 3600)
    assert [take.state.value for take in world.takes()] == ["done"] * 6
    assert set(world.bought().values()) == {2}
    world.check()
