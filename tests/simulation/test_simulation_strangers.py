"""Histories in which strangers put things under the names of receipts, intents and temporary files."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile import KINDS, put
from seeds import seeds
from world import World

from sorad.layout import assets_folder, intent_path, partial_path, receipt_path, video_path
from sorad.model import Request, State
from sorad.receipts import checks
from sorad.receipts.receipt import GENERATING, Receipt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")

FORGED = ("cost", "segment", "digits", "text")
PLACES = (receipt_path, intent_path, lambda video: partial_path(receipt_path(video)), partial_path)


class Strangers:
    """Put where nothing lies: what is overwritten is another matter, and a loss that no reader can undo."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.places: list[tuple[Path, int, Request]] = []
        self.laid: dict[
            Path, tuple[int, int]
        ] = {}  # inode and time, to tell what was put from what replaced it

    def expect(self, board: Path, prompts: list[str]) -> None:
        """Also before sorad has read it, anybody can tell where its takes will go."""
        assets = assets_folder(board, self.world.vault_dir, "in_place", None)
        for segment, prompt in enumerate(prompts, 1):
            request = Request(prompt)
            self.places.append((video_path(assets, segment, 1, request.fingerprint()), segment, request))

    def meddle(self) -> None:
        if self.rng.random() < 0.7:
            self._lay(*self.rng.choice(self.places))
        elif self.laid and self.rng.random() < 0.5:
            self._take_away(self.rng.choice(list(self.laid)))
        self.world.changed()

    def clear_up(self) -> None:
        for path in list(self.laid):
            self._take_away(path)
        self.world.changed()

    def _lay(self, video: Path, segment: int, request: Request) -> None:
        path = self.rng.choice(PLACES)(video)
        if os.path.lexists(path):
            return
        kind = self.rng.choice([*KINDS, *FORGED])
        if kind in KINDS:
            path.with_name("outside").unlink(missing_ok=True)
            put(kind, path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self._forged(segment, request, kind)), "utf-8")
        self.laid[path] = _mark(path)

    def _forged(self, segment: int, request: Request, kind: str) -> dict[str, Any]:
        told = Receipt(request, request.fingerprint(), segment, 1, GENERATING, "not-ours")
        bad = {"cost": {"cost": 1e13}, "segment": {"segment": 10**30}, "digits": {"size": 10**99}}
        return {**told.to_members(), **bad.get(kind, {"fingerprint": "f" * 64})}

    def _take_away(self, path: Path) -> None:
        mark = self.laid.pop(path)
        if not os.path.lexists(path) or _mark(path) != mark:
            return
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _mark(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_ino, found.st_mode


def play(seed: int, folder: Path) -> World:
    world = World(seed, folder / "w")
    strangers = Strangers(world)
    for number in range(3):
        prompts = [f"{number}: {text}" for text in ("one", "two", "three")]
        strangers.expect(world.write(f"ep{number}/storyboard.json", prompts), prompts)
        strangers.meddle()
        for _turn in range(6):
            world.run(world.rng.choice([1.0, 30.0, 400.0, 2_000.0]))
            strangers.meddle()
    strangers.clear_up()
    world.calm()
    world.run(1_000)
    world.changed()
    world.settle()
    return world


@pytest.mark.parametrize("seed", seeds(0.08))
def test_whatever_strangers_put_there_nothing_is_bought_twice_or_lost(seed: int, tmp_path: Path) -> None:
    world = play(seed, tmp_path)
    world.check()
    stuck = [
        take for take in world.takes() if take.error is not None and take.error.code == "receipt.damaged"
    ]
    assert not stuck, f"seed {seed}: held though it was cleared up"
    assert any(take.state is State.DONE for take in world.takes())
    world.ledger.close()


def test_without_the_bounds_of_costs_a_history_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seeded fault: what the receipts claim is believed as it stands."""
    monkeypatch.setattr(checks, "cost", lambda value: None if value is None else round(value * 1_000_000))

    def differs(seed: int) -> bool:
        try:
            world = play(seed, tmp_path / str(seed))
            world.check()
        except Exception:  # noqa: BLE001  (whatever it is that the fault leads to)
            return True
        odd = any((take.cost or 0) > 10**12 or take.remote_id == "not-ours" for take in world.takes())
        world.ledger.close()
        return odd

    assert any(differs(seed) for seed in range(12))
