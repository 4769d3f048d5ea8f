"""Two computers, all of sorad on each, a sync between their vaults, one account: what each of them does."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import pytest
from claim_stage import SETTLE
from intake_stage import Stage

from sorad.claim.arrivals import Arrivals
from sorad.claim.claims import Claims
from sorad.claim.machine import Machine
from sorad.claim.note import NAME
from sorad.engine.steps.context import ClaimChecks
from sorad.model import State

SWEEP = 60.0


class Computer(Stage):
    """One of them. All share the clock of the first, and the provider's tasks."""

    def __init__(self, number: int, folder: Path, first: Optional[Computer] = None) -> None:
        self.number, self.first = number, first
        self.asked: list[str] = []
        super().__init__(number, folder)

    def start(self) -> None:
        if self.first is not None:
            self.clock = self.provider.clock = self.first.clock
            self.provider.tasks = self.first.provider.tasks
        super().start()
        watch = self.config.watch[0].model_copy(update={"claim": "always"})
        machine = Machine(f"{self.number:016x}", f"pc{self.number}", f"{self.number + 100:016x}")
        self.claims = Claims(
            [watch], self.raw, self.clock, machine, away=math.inf, sleep=lambda seconds: None
        )
        self.arrivals = Arrivals(self.raw, self.claims, self.clock, self.vault.rescan)
        arrivals = self.arrivals
        self.context.claims = ClaimChecks(arrivals.guard, arrivals.is_foreign, self.claims.payer)
        self.engine._folders._ours = self.claims.may_buy  # type: ignore[attr-defined]
        self.intake.stands_by, self.intake.is_us = self.claims.stands_by, self.claims.is_us
        poll, fetch = type(self.provider).poll, type(self.provider).open_video

        def asked(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(remote_id: str, *more: Any) -> Any:
                self.asked.append(remote_id)
                return call(self.provider, remote_id, *more)

            return counted

        self.provider.poll = asked(poll)  # type: ignore[method-assign]
        self.provider.open_video = asked(fetch)  # type: ignore[method-assign]

    def live_on(self, seconds: float) -> None:
        """Let time pass here, with the looks at what a sync brought."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.arrivals.sweep([str(self.vault_dir)])
            self.go(min(SWEEP, end - self.clock.now))

    @property
    def stands(self) -> str:
        return self.claims.standing(str(self.vault_dir)).value

    def states(self) -> Counter[str]:
        return Counter(take.state.value for take in self.takes())

    def files(self) -> dict[str, bytes]:
        """All that lies in the vault, but for the note."""
        return {
            str(path.relative_to(self.vault_dir)): path.read_bytes()
            for path in self.vault_dir.rglob("*")
            if path.is_file() and path.name != NAME
        }


def carry(source: Computer, target: Computer) -> None:
    """The sync: what is newer, or was never there; what is gone at the source goes."""
    for path in sorted(source.vault_dir.rglob("*")):
        there = target.vault_dir / path.relative_to(source.vault_dir)
        if path.is_dir():
            there.mkdir(exist_ok=True)
        elif not there.exists() or there.stat().st_mtime_ns < path.stat().st_mtime_ns:
            coming = there.with_name(f".{there.name}.coming")
            shutil.copy2(path, coming)
            coming.replace(there)
    for path in sorted(target.vault_dir.rglob("*"), reverse=True):
        if not (source.vault_dir / path.relative_to(target.vault_dir)).exists():
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Computer, Computer]]:
    one = Computer(1, tmp_path / "one")
    two = Computer(2, tmp_path / "two", one)
    yield one, two
    for each in (one, two):
        each.ledger.close()


def one_buys(one: Computer, two: Computer, *prompts: str) -> Path:
    """The first owns the vault and has bought; the sync has carried that over; it sleeps from then on."""
    board = one.board("ep/storyboard_a.json", prompts)
    one.live_on(SETTLE + 62)
    assert (one.stands, one.states()) == ("ours", Counter(generating=len(prompts)))
    carry(one, two)
    return board


@pytest.mark.parametrize("note", ["", "damaged"])
def test_what_the_owner_bought_is_neither_asked_after_nor_fetched_here(
    pair: tuple[Computer, Computer], note: str
) -> None:
    one, two = pair
    one_buys(one, two, "cat", "dog")
    if note:
        damaged = (two.vault_dir / NAME).read_text().replace("generation=1", "generation=11")
        (two.vault_dir / NAME).write_text(damaged)
    before = two.files()
    two.live_on(2400)
    assert two.stands == ("conflict" if note else "other")
    assert two.asked == []
    assert two.files() == before
    assert two.states() == Counter(queued=2)
    assert two.raw.in_flight() == two.raw.spend() == 0
    one.live_on(1800)
    carry(one, two)
    two.live_on(600)
    assert two.states() == Counter(done=2)
    assert two.asked == []
    assert len(one.provider.tasks) == 2


def test_what_this_one_bought_before_is_still_delivered_by_it_and_by_no_other(
    pair: tuple[Computer, Computer],
) -> None:
    one, two = pair
    one_buys(one, two, "cat", "dog")
    two.go(1)
    assert two.claims.take(str(two.vault_dir)) is None
    carry(two, one)
    two.live_on(60)
    assert (two.stands, two.states()) == (
        "ours",
        Counter(generating=2),
    )  # it may never hear of the first again
    assert one.claims.take(str(one.vault_dir)) is None  # the first takes it back, and is away again
    carry(one, two)
    two.asked.clear()
    before = two.files()
    two.live_on(2400)
    assert two.stands == "other"
    assert two.asked == []
    assert two.files() == before
    assert two.raw.in_flight() == 0
    assert two.claims.take(str(two.vault_dir)) is None
    carry(two, one)
    one.live_on(1800)
    assert one.stands == "other"
    assert one.states() == Counter(done=2)  # it bought them
    carry(one, two)
    two.live_on(120)
    assert two.states() == Counter(done=2)


def test_a_video_that_came_ends_what_was_left_to_the_other(pair: tuple[Computer, Computer]) -> None:
    one, two = pair
    one_buys(one, two, "cat")
    assert two.claims.take(str(two.vault_dir)) is None
    two.live_on(10)
    assert two.states() == Counter(generating=1)
    assert one.claims.take(str(one.vault_dir)) is None
    one.live_on(1800)
    carry(one, two)
    two.asked.clear()
    two.live_on(300)
    assert two.states() == Counter(done=1)
    assert two.asked == []


def test_the_one_that_stands_by_moves_nothing(pair: tuple[Computer, Computer]) -> None:
    one, two = pair
    board = one_buys(one, two, "cat", "dog")
    one.live_on(1800)
    carry(one, two)
    two.live_on(100)
    old = two.vault_dir / "ep" / "storyboard_a.json"
    old.rename(old.with_name("storyboard_b.json"))
    before = two.files()
    two.board("ep/storyboard_b.json", ["new", "cat", "dog"])  # edited, too: all are renumbered
    two.live_on(900)
    after = two.files()
    after.pop("ep/storyboard_b.json")
    before.pop("ep/storyboard_b.json")
    assert after == before
    assert two.states() == Counter(done=2, queued=1)
    assert {take.storyboard for take in two.takes()} == {str(old.with_name("storyboard_b.json"))}
    # The owner hears of it, and puts the folder in order.
    board.unlink()
    shutil.copy2(old.with_name("storyboard_b.json"), board.with_name("storyboard_b.json"))
    one.live_on(2400)
    assert not (one.vault_dir / "ep" / "storyboard_a_assets").exists()
    carry(one, two)
    two.live_on(900)
    assert two.states() == Counter(done=3)
    assert all(Path(take.output).is_file() and "storyboard_b_assets" in take.output for take in two.takes())
    assert len(one.provider.tasks) == 3


def test_who_takes_over_sees_to_all_that_was_bought(pair: tuple[Computer, Computer]) -> None:
    one, two = pair
    one_buys(one, two, "cat", "an old text")
    two.board("ep/storyboard_a.json", ["cat", "a new text"])
    two.live_on(300)
    assert two.states() == Counter(queued=2)
    assert two.claims.take(str(two.vault_dir)) is None
    two.live_on(2400)
    assert two.states() == Counter(done=3)
    assert two.bought() == Counter(["cat", "an old text", "a new text"])
    assert {Path(take.output).is_file() for take in two.takes()} == {True}


def test_what_no_storyboard_wants_any_more_is_seen_to_as_well(pair: tuple[Computer, Computer]) -> None:
    one, two = pair
    one_buys(one, two, "an old text")
    two.board("ep/storyboard_a.json", ["a new text"])
    two.live_on(120)
    two.control.pause(paused=True)  # so that nothing but the new owner's own look tells of it
    assert two.claims.take(str(two.vault_dir)) is None
    two.live_on(1800)
    assert two.states() == Counter(queued=1, done=1)


def test_of_two_that_start_at_once_exactly_one_buys(pair: tuple[Computer, Computer]) -> None:
    one, two = pair
    prompts = [f"shot {number}" for number in range(4)]
    for each in pair:
        each.board("ep/storyboard_a.json", prompts)
    one.live_on(5)
    carry(one, two)
    for _turn in range(30):
        one.live_on(60)
        carry(one, two)
        two.live_on(20)
    assert two.stands == "other"
    assert one.bought() == Counter(prompts)
    assert one.states() == two.states() == Counter(done=4)
    assert {take.state for take in two.takes()} == {State.DONE}
