"""Editors that save while one types: no half sentence is bought, nor what was just edited away."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Callable

import pytest
from seeds import seeds
from world import Odds, World

from sorad.model import Request
from sorad.providers.base import Created
from sorad.vault import root, settle

CALM = Odds(**dict.fromkeys(vars(Odds()), 0.0))


class Typist:
    """Edits one segment of one storyboard; every save is a sentence that goes on."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.serial = 0
        self.sent: list[str] = []
        honest = world.provider.create

        def create(request: Request, own_id: str = "") -> Created:
            self.sent.append(request.prompt)
            return honest(request)

        world.provider.create = create  # type: ignore[method-assign]

    def fresh(self) -> str:
        self.serial += 1
        return f"p{self.serial}"

    def type_on(self, path: Path, prompts: list[str]) -> list[str]:
        """Change one text, save by save; what it says in the end. No pause is as long as the wait."""
        place, text = self.rng.randrange(len(prompts)), self.fresh()
        old, before = prompts[place], len(self.sent)
        for number in range(self.rng.randrange(2, 6)):
            prompts = [*prompts[:place], f"{text} half {number}", *prompts[place + 1 :]]
            self.world.save(path, prompts, self.rng.choice(["over", "empty", "remove"]))
            before = len(self.sent) if number == 0 else before
            self.world.run(self.rng.choice([0.3, 3.0, 15.0]))
        prompts = [*prompts[:place], text, *prompts[place + 1 :]]
        self.world.save(path, prompts, "over")
        self.world.run(self.rng.choice([1.0, 19.0]))
        late = self.sent[before:]
        assert not set(late) & {*prompts, old}, f"seed {self.world.seed}: {late} left while it was edited"
        return prompts


def history(seed: int, odds: Odds, rounds: int = 4) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(seed, Path(folder) / "w", odds=odds)
        typist = Typist(world)
        prompts = [typist.fresh() for _ in range(4)]
        path = world.write("storyboard_a.json", prompts)
        for _ in range(rounds):
            world.run(world.rng.choice([2.5, 4.0, 30.0, 400.0]))
            prompts = typist.type_on(path, prompts)
        world.calm()
        world.settle()
        halves = [text for text in (*typist.sent, *world.bought()) if "half" in text]
        assert not halves, f"seed {seed}: {halves}"
        assert set(prompts) <= set(world.bought())
        world.check()
        world.close()


@pytest.mark.parametrize("seed", seeds(0.08))
def test_only_the_last_text_is_bought(seed: int) -> None:
    history(seed, CALM if seed % 2 else Odds(repeats=0.0))


def _no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = settle.Settle.__init__
    monkeypatch.setattr(settle.Settle, "__init__", lambda self, window, *longer: honest(self, window))


def _no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root.Root, "is_edited", lambda self, path: False)


def _no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits are waited for, but what they are is forgotten."""
    monkeypatch.setattr(root.Root, "is_edited", lambda self, path: False)
    monkeypatch.setattr(root.Root, "edits", lambda self: set())


@pytest.mark.parametrize("undo", [_no_long_wait, _no_gate, _no_look])
def test_without_the_rule_it_is_found(
    monkeypatch: pytest.MonkeyPatch, undo: Callable[[pytest.MonkeyPatch], Any]
) -> None:
    undo(monkeypatch)
    found = []
    for seed in range(1, 25, 2):
        try:
            history(seed, CALM)
        except AssertionError as error:
            found.append(str(error))
            break
    assert found, "the rule was undone, and nothing was found"
    assert "half" in found[0] or "left while it was edited" in found[0]
