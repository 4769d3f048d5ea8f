"""Storyboards saved beside one another, with most of their texts: no text is bought for each of them."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import pytest
from seeds import seeds
from world import Odds, World

from sorad.engine.steps import reuse, submit
from sorad.ledger.values import Change
from sorad.model import State
from sorad.receipts.folder import missing

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))
# Nothing fails at the provider, for what fails is bought again, and no gateway repeats a create.
STORMY = Odds(fails=0.0, repeats=0.0, stuck=0.0, refused=0.0, poll_missing=0.0)


def history(seed: int, odds: Odds) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(seed, Path(folder) / "w", odds=odds)
        boards: dict[str, list[str]] = {}
        for serial in range(8):
            names = sorted(boards)
            if names and world.rng.random() < 0.75:
                texts = list(boards[world.rng.choice(names)])
                texts[world.rng.randrange(len(texts))] = f"p{serial}"
                world.rng.shuffle(texts)
            else:
                texts = [f"p{serial}", f"p{serial}", f"p{serial} b"]
            name = f"storyboard_{world.rng.randrange(1000)}_{serial}.json"
            world.write(name, texts)
            boards[name] = texts
            world.run(world.rng.choice([0.5, 3.0, 20.0, 300.0, 2000.0]))
        world.calm()
        world.settle()
        most: Counter[str] = Counter()
        for texts in boards.values():
            most |= Counter(texts)
        too_many = world.bought() - most
        assert not too_many, f"seed {seed}: {too_many} was bought once more than any storyboard asks for"
        assert {take.state for take in world.takes() if take.wanted} <= {
            State.DONE,
            State.UNKNOWN,
            State.QUEUED,
        }
        world.check()
        world.close()


@pytest.mark.parametrize("seed", seeds(0.08))
def test_each_text_is_bought_as_often_as_one_storyboard_asks_for_it(seed: int) -> None:
    history(seed, CALM if seed % 2 else STORMY)


def _never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "reuse", lambda context, take: False)
    monkeypatch.setattr(submit, "is_beside", lambda context, take: False)


def _only_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = reuse.source_of

    def source_of(context: Any, take: Any) -> Any:
        source = honest(context, take)
        return source if source is not None and source.state is State.DONE else None

    monkeypatch.setattr(reuse, "source_of", source_of)


@pytest.mark.parametrize("undo", [_never, _only_what_is_done])
def test_without_the_rule_it_is_found(
    monkeypatch: pytest.MonkeyPatch, undo: Callable[[pytest.MonkeyPatch], None]
) -> None:
    undo(monkeypatch)

    def play() -> None:
        for seed in range(1, 20, 2):
            history(seed, CALM)

    with pytest.raises(AssertionError, match="once more than any storyboard asks for"):
        play()


@pytest.mark.parametrize("source_is_there", [True, False])
def test_retry_of_a_reused_video_that_is_missing_takes_it_again_or_says_what_to_do(
    tmp_path: Path, source_is_there: bool
) -> None:
    world = World(1, tmp_path / "w", odds=Odds(**vars(CALM)))
    for name, texts in (("storyboard_a.json", ["text"]), ("storyboard_b.json", ["text", "another"])):
        world.write(name, texts)
        world.run(3_600)
    source, reused, _another = world.takes()
    assert reused.reused == source.remote_id
    gone = [reused] if source_is_there else [source, reused]
    for take in gone:
        Path(take.output).unlink()
    world.raw.record(reused, Change(State.DONE, "gone", error=missing(Path(reused.output))), 0.0)
    number = world.raw.post("retry", {"ids": [reused.id]}, world.clock.time())
    world.commands.run()
    result = world.raw.result(number)
    assert result is not None
    assert result["ok"] is source_is_there
    assert Path(reused.output).exists() is source_is_there
    assert source_is_there or "command.reused" in str(result["problem"])
    assert len(world.provider.tasks) == 2
    world.close()
