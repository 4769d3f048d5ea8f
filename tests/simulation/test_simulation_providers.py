"""Two providers at once: trouble at one stops nothing at the other, and each take is paid for once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from odd_lists import OddList
from world import NEVER, PRICE, SAID, Odds, SimProvider, World, mp4

from sorad.config.model import Config
from sorad.engine.state.accounts import Accounts
from sorad.engine.state.control import Control
from sorad.engine.state.downloads import Downloads
from sorad.engine.state.reachability import Reachability
from sorad.engine.state.wall_clock import WallClock
from sorad.engine.steps.context import Lookups, StepContext
from sorad.ledger.values import Party
from sorad.model import Request, State, Take
from sorad.providers.base import Created, Fault, Refused, Trouble

HOUR = 3_600.0
CALM = Odds(*[0.0] * len(Odds.__dataclass_fields__))
# What can be lost on the way, and nothing that ends a take.
LOSING = replace(
    CALM, lost_answer=0.15, lost_request=0.05, not_sent=0.05, rate=0.1, die_in_create=0.05, die_at_commit=0.003,
    poll_fault=0.05, cut=0.1, expired=0.05, list_fault=0.1,
)  # fmt: skip


class Other(SimProvider):
    """The second one: another address, another currency, and the same ids."""

    base_url, account, currency = "https://other.invalid/v1", "acc1", "CNY"
    has_money = True

    def create(self, request: Request, own_id: str = "") -> Created:
        if not self.has_money:
            self.creates += 1
            return Refused(Fault(Trouble.BALANCE, SAID))
        return super().create(request, own_id)


@dataclass
class TwoShops(World):
    """Takes below ``a`` are bought from the first provider, those below ``b`` from the other."""

    def start(self) -> None:
        if not hasattr(self, "other"):
            self.other = Other(self.clock, self.rng, replace(self.odds), self.lists)
            self.second = self.folder / "second"
            self.second.mkdir()
        super().start()

    @property
    def config(self) -> Config:
        first = super().config
        second = first.watch[0].model_copy(update={"path": self.second, "provider": "other"})
        return first.model_copy(update={"watch": (*first.watch, second)})

    def seller(self, target: str) -> SimProvider:
        return self.other if target == "other" else self.provider

    def contexts(self) -> list[StepContext]:
        control = Control(self.context.ledger, self.context.config.limits, self.clock, "other")
        accounts = Accounts(self.other, {}, self.ledger, lambda settings: None)
        times, reach = WallClock(self.clock, lambda: self.clock.slept), Reachability(self.clock)
        self.other.times, self.other.reach, self.other.pause = times, reach, self.turns.pause
        seller = {"seller": self.seller}
        other = replace(
            self.context, accounts=accounts, control=control, times=times, reach=reach, name="other",
            targets=("other",), deliveries=replace(self.context.deliveries, downloads=Downloads(self.clock.monotonic)),
            lookups=Lookups(missed=self.context.lookups.missed), **seller,
        )  # fmt: skip
        return [replace(self.context, targets=("first", ""), **seller), other]

    def check_limits(self) -> None:
        for shop in (self.provider, self.other):
            there = self.raw.in_flight([Party(shop.kind, shop.base_url, shop.account)])
            assert there <= 4, f"seed {self.seed}: {there} in flight at {shop.base_url}"

    def calm(self) -> None:
        super().calm()
        for name in vars(self.other.odds):
            setattr(self.other.odds, name, 0.0)
        self.other.list, self.other.away_until, self.other.has_money = OddList(), 0.0, True
        for task in self.other.tasks.values():
            task.ready_at = min(task.ready_at, self.clock.now)

    def drop(self, folder: Path, name: str, count: int) -> None:
        """Ask for so many takes."""
        texts = [f"{name} {number} of the film" for number in range(count)]
        segments = [
            {"segment_index": number, "prompt_text": text, "duration_seconds": 10}
            for number, text in enumerate(texts)
        ]
        (folder / f"storyboard_{name}.json").write_text(json.dumps({"segments": segments}), "utf-8")
        self.look = True

    def of(self, target: str) -> list[Take]:
        return [take for take in self.takes() if take.target == target]

    def states(self, target: str) -> Counter[State]:
        return Counter(take.state for take in self.of(target))

    def paid_once(self) -> None:
        """Each take is there, whole, and was accepted once, by the one that it was wanted from."""
        for target, shop in (("", self.provider), ("other", self.other)):
            accepted = Counter(task.request.prompt for task in shop.tasks.values())
            # What a list cannot tell waits for the user.
            takes = [take for take in self.of(target) if not self.stuck(take)]
            assert len(takes) >= len(self.of(target)) - 2, f"seed {self.seed}"
            assert max(accepted.values()) == 1, f"seed {self.seed}"
            for take in takes:
                assert (take.state, take.place) == (State.DONE, (shop.kind, shop.base_url)), f"{take}"
                assert shop.tasks[take.remote_id].request == take.request
                assert Path(take.output).read_bytes() == mp4(take.request.prompt)
        spent = self.raw.spend_by_currency()
        assert set(spent) == {"USD", "CNY"}
        # What was on no list and was sent again counts, too: it may have been accepted.
        for currency, shop in (("USD", self.provider), ("CNY", self.other)):
            assert PRICE * len(shop.tasks) <= spent[currency] <= PRICE * shop.creates, f"seed {self.seed}"


@pytest.fixture
def shops(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwoShops]:
    seed, odds = getattr(request, "param", (0, CALM))
    world = TwoShops(seed, tmp_path / "world", replace(odds))
    world.raw.remember("currency", "USD")
    yield world
    world.close()


@pytest.mark.parametrize(
    "shops", [(seed, LOSING) for seed in range(4)], indirect=True, ids=lambda one: str(one[0])
)
def test_both_lose_answers_and_every_take_is_paid_for_once(shops: TwoShops) -> None:
    shops.drop(shops.vault_dir, "a", 8)
    shops.drop(shops.second, "b", 8)
    shops.run(4 * HOUR)
    shops.calm()
    shops.settle()
    assert {*shops.provider.tasks} & {*shops.other.tasks}, "both have tasks of the same ids"
    shops.paid_once()


def away(shops: TwoShops) -> None:
    shops.other.away_until = NEVER


def without_money(shops: TwoShops) -> None:
    shops.other.has_money = False


def without_list(shops: TwoShops) -> None:
    shops.other.unreadable = True
    shops.other.odds.lost_answer = 1.0


@pytest.mark.parametrize("trouble", [away, without_money, without_list], ids=lambda one: one.__name__)
def test_trouble_at_one_stops_nothing_at_the_other(shops: TwoShops, trouble: Any) -> None:
    trouble(shops)
    shops.drop(shops.second, "b", 60)
    shops.run(HOUR)
    shops.drop(shops.vault_dir, "a", 8)
    shops.run(2 * HOUR)
    assert shops.states("") == {State.DONE: 8}
    assert State.DONE not in shops.states("other")
    assert len(shops.other.tasks) <= 4, "what is lost there bounds what is bought there"
    first, second = (channel.context.control for channel in shops.engine.channels)
    assert (first.halt, first.stops, shops.raw.recall("halt")) == (None, (), None)
    if trouble is without_money:
        assert second.halt is not None
        assert shops.raw.recall("halt:other")["code"] == "balance"
        shops.calm()
        shops.settle()
        shops.paid_once()


def test_polls_that_hang_at_one_leave_the_lanes_of_the_other_free(shops: TwoShops) -> None:
    shops.drop(shops.second, "b", 4)
    shops.run(200.0)
    (_first, second) = shops.engine.channels
    second.polling.busy = second.polling.size  # as if each of its threads hung
    shops.drop(shops.vault_dir, "a", 8)
    shops.run(2 * HOUR)
    assert shops.states("") == {State.DONE: 8}
    assert shops.states("other") == {State.GENERATING: 4}
    assert shops.engine.turn() > 0, "what waits for a lane is no reason to turn again at once"


def test_a_pause_is_for_all(shops: TwoShops) -> None:
    for channel in shops.engine.channels:
        channel.context.control.pause(paused=True)
    shops.drop(shops.vault_dir, "a", 1)
    shops.drop(shops.second, "b", 1)
    shops.run(HOUR)
    assert shops.states("") == shops.states("other") == {State.QUEUED: 1}
