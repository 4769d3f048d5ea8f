"""After the ledger was lost: never more at the provider at once than allowed, over all roots together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from intake_stage import Stage

from sorad.config.model import Config
from sorad.vault.root import READY_AFTER, Root
from sorad.vault.service import EVERY_ROOT

FOUR = [f"old {n}" for n in range(4)]
NEW = [f"new {n}" for n in range(4)]


class TwoRoots(Stage):
    """The second root is read long after the first: its files take their time to settle."""

    away = False

    @property
    def other(self) -> Path:
        return self.folder / "other"

    @property
    def config(self) -> Config:
        if not self.away:
            self.other.mkdir(exist_ok=True)
        raw = super().config.model_dump(by_alias=True)
        late = {**raw["watch"][0], "path": self.other, "settle_seconds": 30.0}
        return Config.model_validate({**raw, "watch": [*raw["watch"], late]})


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoRoots]:
    made = TwoRoots(1, tmp_path / "w")
    yield made
    made.ledger.close()


def lose(stage: Stage) -> None:
    stage.stop()
    stage.lose_ledger()
    stage.restart()


def test_creates_wait_until_every_root_was_read(two: TwoRoots) -> None:
    assert two.config.limits.concurrency == 4
    two.board("storyboard_b.json", FOUR, root=two.other)
    two.go(60)
    assert two.bought() == Counter(FOUR)
    two.board("storyboard_a.json", NEW)
    lose(two)
    two.go()
    assert two.bought() == Counter([*FOUR, *NEW])
    assert two.provider.most_at_once == 4


def test_a_root_that_is_away_keeps_nothing_up(two: TwoRoots) -> None:
    two.away = True
    two.other.rmdir()
    two.board("storyboard_a.json", NEW)
    lose(two)
    two.go(30)
    assert two.bought() == Counter(NEW)
    assert [row.state for row in two.vault.states()] == ["watching", "offline"]


def test_a_root_that_is_never_read_keeps_nothing_up_for_long(
    two: TwoRoots, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, next_at = Root.turn, Root.next_at
    monkeypatch.setattr(  # its disk does not answer
        Root, "turn", lambda self, now: None if self.path == str(two.other) else turn(self, now)
    )

    monkeypatch.setattr(
        Root, "next_at", lambda self: float("inf") if self.path == str(two.other) else next_at(self)
    )
    two.board("storyboard_a.json", NEW)
    two.go(EVERY_ROOT - 20)
    assert two.bought() == Counter()
    two.go(30)
    assert two.bought() == Counter(NEW)
    assert EVERY_ROOT > READY_AFTER
