"""Takes that go to another provider, by `fallback` or `retarget`: each is had once, whatever is lost on the way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import pytest
from seeds import is_found
from test_simulation_providers import CALM, HOUR, Other, TwoShops
from world import PRICE, SAID, SimProvider, Task

from sorad.attempts import attempts_of
from sorad.config.model import Config, ProviderConfig
from sorad.engine.decide import moving
from sorad.engine.run.commands import Commands
from sorad.engine.steps import follow, retarget
from sorad.engine.steps.context import StepContext
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.providers.base import Balance, Created, Fault, Polled, Refused, TaskFailed, Trouble
from sorad.receipts.receipt import read_receipt

DAY = 86_400.0
FINAL = "final"  # in a prompt: its task fails with a code that the table calls terminal and unpaid
# What can be lost, and what ends a take at one provider. None of it is a proof, but for `refused`.
ENDING = replace(
    CALM, lost_answer=0.1, lost_request=0.05, not_sent=0.03, rate=0.05, refused=0.2, die_in_create=0.03,
    die_at_commit=0.002, fails=0.4, mends=0.5, poll_fault=0.03, list_fault=0.05,
)  # fmt: skip


def polled(shop: SimProvider, remote_id: str) -> Polled:
    """What a shop says of a task; of those that fail for good, with the code for that."""
    found = SimProvider.poll(shop, remote_id)
    task = shop.tasks[remote_id]
    final = isinstance(found, TaskFailed) and FINAL in task.request.prompt and not task.mends
    return TaskFailed(SAID, final=True, cost=0) if final else found


class First(SimProvider):
    """The one that takes are wanted from."""

    has_money = True

    def balance(self) -> Balance:
        return Balance(1_000_000_000 * self.has_money)

    def create(self, request: Request, own_id: str = "") -> Created:
        if not self.has_money:
            self.creates += 1
            return Refused(Fault(Trouble.BALANCE, SAID))
        return super().create(request, own_id)

    def poll(self, remote_id: str) -> Polled:
        return polled(self, remote_id)


class Second(Other):
    """The one that they go to."""

    factor = 1

    def price(self, request: Request) -> Optional[int]:
        return PRICE * self.factor

    def poll(self, remote_id: str) -> Polled:
        return polled(self, remote_id)


@dataclass
class Moving(TwoShops):
    """Takes of the first provider may go on at the other."""

    fallback: tuple[str, ...] = ("other",)
    per_day: Optional[float] = None

    def start(self) -> None:
        if not hasattr(self, "other"):
            self.other = Second(self.clock, self.rng, replace(self.odds), self.lists)
            self.provider = First(self.clock, self.rng, self.odds, self.lists)
            self.second = self.folder / "second"
            self.second.mkdir()
        super().start()

    def contexts(self) -> list[StepContext]:
        shops = (
            ProviderConfig(name="first", kind="sora_hk", fallback=self.fallback, per_day=self.per_day),
            ProviderConfig(name="other", kind="sora_hk", api_key_env="OTHER"),
        )
        config: Config = self.context.config.model_copy(update={"provided": shops})
        contexts = [
            replace(
                context,
                providers=shops,
                config=config.buys_from(one).model_copy(update={"budget": config.budget}),
            )
            for context, one in zip(super().contexts(), shops)
        ]
        self.commands = Commands(contexts[0], self.vault.rescan, None, contexts[1:])
        return contexts

    def order(self, verb: str, **args: Any) -> Any:
        """The user says something, and hears what came of it."""
        number = self.raw.post(verb, args, self.clock.time())
        self.live(self.commands.run)
        return self.raw.result(number) or {}

    def only(self) -> Take:
        (take,) = self.takes()
        return take

    def good(self) -> list[Task]:
        """Tasks that end in a video, at both."""
        every = (*self.provider.tasks.values(), *self.other.tasks.values())
        return [task for task in every if not task.fails or task.mends]


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Moving]:
    members = getattr(request, "param", {})
    found = Moving(0, tmp_path / "world", **{"odds": replace(CALM), **members})
    found.raw.remember("currency", "USD")
    yield found
    found.close()


def fails(world: Moving, mends_after: float = float("inf")) -> None:
    """All that the first provider takes on fails after five minutes."""
    honest = world.provider._accept

    def accept(request: Request) -> Task:
        task = honest(request)
        task.ready_at, task.fails, task.mends_after = task.created_at + 300, True, mends_after
        return task

    world.provider._accept = accept  # type: ignore[method-assign]


# --- whole histories ------------------------------------------------------------------------------------------


def play(seeds: Iterable[int], folder: Path) -> list[str]:
    """Histories in which takes move; what was bought twice, or lost."""
    said = []
    for seed in seeds:
        world = Moving(seed, folder / str(seed), replace(ENDING), settings={"limits": LIMITS})
        world.raw.remember("currency", "USD")
        try:
            _history(world, random.Random(seed))
            said += list(_broken(world))
        except AssertionError as error:
            said.append(f"seed {seed}: {error}")
        finally:
            world.close()
    return said


LIMITS = {"concurrency": 4, "safe_concurrency": 2, "jitter_seconds": [0.5, 3.0], "max_creates_per_take": 4}


def _history(world: Moving, rng: random.Random) -> None:
    world.drop(world.vault_dir, "plain", 3)
    world.drop(world.vault_dir, FINAL, 2)
    for _step in range(8):
        world.run(rng.choice([60.0, 900.0, HOUR]))
        takes = [take for take in world.takes() if take.state is not State.DONE]
        if takes and rng.random() < 0.5:
            take = rng.choice(takes)
            if take.state is State.FAILED and take.remote_id:
                world.again[take.request.prompt] += (
                    1  # it is asked after once more, and then bought on the user's word
                )
            world.order("retarget", ids=[take.id], provider=rng.choice(["first", "other"]), model="")
    world.calm()
    world.settle(days=4.0)


def _broken(world: Moving) -> Iterator[str]:
    prompts = [task.request.prompt for task in world.good()]
    for prompt in {one for one in prompts if prompts.count(one) > 1 + world.again[one]}:
        yield f"seed {world.seed}: {prompt!r} was bought {prompts.count(prompt)} times"
    ours = {(take.place, take.remote_id): take for take in world.takes() if take.remote_id}
    for shop in (world.provider, world.other):
        for task in shop.tasks.values():
            take = ours.get(((shop.kind, shop.base_url), task.remote_id))
            known = take is not None or world.raw.owned([task.remote_id], (shop.kind, shop.base_url))
            waits = any(
                one.request.prompt == task.request.prompt and world.stuck(one) for one in world.takes()
            )
            lost = not known or (take is None and task in world.good())
            if lost and not waits:
                yield f"seed {world.seed}: {task.remote_id} was paid for and is lost"


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_lost_each_take_is_had_once(tmp_path: Path, seed: int) -> None:
    assert play([seed], tmp_path) == []


def test_a_fallback_that_follows_the_unknown_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = follow.after_refusal

    def careless(context: StepContext, intent: Take, result: Any) -> Any:
        lost = result.change.to is State.UNKNOWN and result.fault is not None
        if lost:
            fault = replace(result.fault, trouble=Trouble.REQUEST)
            return honest(context, intent, replace(result, fault=fault, refused=True))
        return honest(context, intent, result)

    monkeypatch.setattr("sorad.engine.steps.submit.after_refusal", careless)
    assert is_found(lambda seeds: play(seeds, tmp_path), "times", "is lost", tries=12)


def test_a_fallback_that_follows_any_failure_at_once_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(context: StepContext, take: Take, found: Polled) -> Any:
        return follow.after_looks(context, take, found) if isinstance(found, TaskFailed) else None

    monkeypatch.setattr("sorad.engine.steps.poll.goes_on", careless)
    assert is_found(lambda seeds: play(seeds, tmp_path), "times", tries=12)


def test_a_retarget_of_what_may_be_bought_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retarget, "refusal", lambda take: None)
    monkeypatch.setattr("sorad.ledger.change.may", lambda old, new: True)
    assert is_found(lambda seeds: play(seeds, tmp_path), "times", "is lost", tries=12)


# --- by itself ------------------------------------------------------------------------------------------------


def test_what_is_refused_goes_on_at_once_and_the_receipt_tells_of_it(world: Moving) -> None:
    world.provider.odds.refused = 1.0
    world.drop(world.vault_dir, "a", 3)
    world.run(HOUR)
    assert world.states("other") == {State.DONE: 3}
    assert (len(world.provider.tasks), len(world.other.tasks)) == (0, 3)
    take = next(iter(world.takes()))
    told = read_receipt(Path(take.output).with_suffix(".json"))
    assert told is not None
    (tried,) = attempts_of(told.attempts)
    assert (tried.provider, tried.code, tried.remote_id, tried.cost) == ("first", "sim", "", None)
    assert (told.place[1], told.currency) == (world.other.base_url, "CNY")
    assert world.raw.spend_by_currency() == {"USD": 0, "CNY": 3 * PRICE}, "what was refused cost nothing"


@pytest.mark.parametrize("world", [{"fallback": ()}], indirect=True)
def test_nothing_goes_elsewhere_unless_the_user_says_so(world: Moving) -> None:
    world.provider.odds.refused = 1.0
    world.drop(world.vault_dir, "a", 2)
    world.run(2 * DAY)
    assert world.states("") == {State.FAILED: 2}
    assert not world.other.creates


def test_without_money_all_that_waits_goes_on_elsewhere(world: Moving) -> None:
    world.provider.has_money = False
    world.drop(world.vault_dir, "a", 20)
    world.run(3 * HOUR)
    assert world.states("other") == {State.DONE: 20}
    assert world.provider.creates < 10, "those behind the first are not sent to hear the same"
    assert world.raw.recall("halt")["code"] == "balance", "and it is told"


@pytest.mark.parametrize("trouble", ["rate", "not_sent", "lost_answer", "lost_request"])
def test_what_is_late_or_unsure_stays_where_it_is(world: Moving, trouble: str) -> None:
    setattr(world.provider.odds, trouble, 1.0)
    world.drop(world.vault_dir, "a", 2)
    world.run(3 * HOUR)
    assert not world.other.creates
    assert {take.target for take in world.takes()} == {""}


def test_a_final_failure_goes_on_at_once_and_costs_nothing(world: Moving) -> None:
    fails(world)
    world.drop(world.vault_dir, FINAL, 1)
    world.run(HOUR)
    take = world.only()
    assert (take.state, take.target) == (State.DONE, "other")
    (tried,) = attempts_of(take.attempts)
    assert (tried.remote_id, tried.cost, tried.currency) == ("t0", 0.0, "USD")
    assert world.raw.spend_by_currency() == {"USD": 0, "CNY": PRICE}


def test_any_other_failure_goes_on_after_a_day_of_looks(world: Moving) -> None:
    fails(world)
    world.drop(world.vault_dir, "a", 1)
    world.run(23 * HOUR)
    assert (world.only().state, world.other.creates) == (State.FAILED, 0)
    world.run(3 * HOUR)
    assert (world.only().state, world.only().target) == (State.DONE, "other")
    assert world.raw.spend_by_currency() == {"USD": PRICE, "CNY": PRICE}, (
        "whether it is refunded is not known"
    )


def test_what_ends_well_after_all_is_had_where_it_is(world: Moving) -> None:
    fails(world, mends_after=80_000.0)
    world.drop(world.vault_dir, "a", 1)
    world.run(3 * DAY)
    assert (world.only().state, world.only().target, world.other.creates) == (State.DONE, "", 0)


@pytest.mark.parametrize("how", ["final", "by hand", "before it is sent"])
def test_what_ends_well_after_it_was_bought_elsewhere_is_had_too_and_told(world: Moving, how: str) -> None:
    """The task at the first is said to have failed, the other one makes it, and then the first one does, too."""
    fails(world, mends_after=3000.0)
    honest = world.provider.poll

    def poll(remote_id: str) -> Polled:
        found = honest(remote_id)
        return (
            replace(found, final=True, cost=0) if how == "final" and isinstance(found, TaskFailed) else found
        )

    world.provider.poll = poll  # type: ignore[method-assign]
    if how == "before it is sent":
        world.other.away_until = world.clock.time() + 2 * HOUR
    world.drop(world.vault_dir, "a", 1)
    world.run(900.0)
    if how != "final":
        assert world.only().state is State.FAILED
        world.order("retarget", ids=[1], provider="other", model="")
        world.run(600.0)
    assert world.only().target == "other"
    world.run(3 * HOUR)
    takes = {(take.provider, take.base_url, take.remote_id): take for take in world.takes()}
    assert {take.state for take in takes.values()} == {State.DONE}
    told = [row["problem"] for row in world.raw.recall("paid too") or ()]
    if how == "before it is sent":
        assert (len(takes), len(world.other.tasks), told) == (1, 0, []), "it is had where it was, and once"
        return
    assert set(takes) == {(one.kind, one.base_url, "t0") for one in (world.provider, world.other)}
    (said,) = map(Problem.from_json, told)
    assert said.code == "take.paid_twice"
    assert "0.03 USD for the first, 0.03 CNY for that" in said.text()
    assert "take 1" in said.text()
    assert said.text().count("t0") == 2
    assert world.raw.spend_by_currency() == {"USD": PRICE, "CNY": PRICE}
    for place, take in takes.items():
        receipt = read_receipt(Path(take.output).with_suffix(".json"))
        assert receipt is not None
        assert (*receipt.place, receipt.remote_id) == place
        assert receipt.currency == ("USD" if place[1] == world.provider.base_url else "CNY")


def test_each_provider_has_its_try_once(world: Moving) -> None:
    world.provider.odds.refused = world.other.odds.refused = 1.0
    world.drop(world.vault_dir, "a", 1)
    world.run(3 * DAY)
    take = world.only()
    assert (take.state, take.target) == (State.FAILED, "other")
    assert (world.provider.creates, world.other.creates) == (1, 1)
    assert [one.provider for one in attempts_of(take.attempts)] == ["first"]


@pytest.mark.parametrize(
    "world", [{"settings": {"budget": {"approve_above": {"USD": 1, "CNY": 0.5}}}}], indirect=True
)
def test_it_is_priced_again_and_held_where_it_is_too_dear(world: Moving) -> None:
    world.provider.has_money, world.other.factor = False, 10
    world.drop(world.vault_dir, "a", 3)
    world.run(HOUR)
    held = [take for take in world.takes() if take.state is State.HELD]
    assert {take.target for take in world.takes()} == {"other"}
    assert {take.error.code for take in held if take.error} == {"budget.approve"}
    # What goes first may be bought while the others have not followed yet: never more than needs no approval.
    assert len(held) >= 2
    assert world.raw.spend_by_currency().get("CNY", 0) <= 500_000
    assert world.order("approve", all=True)["count"] == len(held)
    world.run(HOUR)
    assert world.states("other") == {State.DONE: 3}


@pytest.mark.parametrize(
    "world", [{"settings": {"budget": {"per_day": {"USD": 9, "CNY": 0.05}}}}], indirect=True
)
def test_it_stays_inside_the_day_s_budget_of_the_other_currency(world: Moving) -> None:
    world.provider.has_money = False
    world.drop(world.vault_dir, "a", 3)
    world.run(HOUR)
    assert world.states("other") == {State.DONE: 1, State.HELD: 2}


def test_a_provider_has_a_budget_of_its_own_for_a_day(world: Moving) -> None:
    world.per_day = 2.5 * PRICE / 1_000_000
    world.live(world.start)
    world.drop(world.vault_dir, "a", 4)
    world.run(2 * HOUR)
    assert world.states("") == {State.DONE: 2, State.HELD: 2}
    assert {take.error.code for take in world.takes() if take.error} == {"budget.day"}
    world.run(24 * HOUR)
    assert world.states("") == {State.DONE: 4}, "the next day"


# --- by the user ----------------------------------------------------------------------------------------------


def test_what_the_user_moved_stays_there_over_reading_and_an_edit(world: Moving) -> None:
    world.provider.away_until = float("inf")
    world.drop(world.vault_dir, "a", 3)
    world.run(30.0)
    first, second, _third = world.takes()
    assert world.order("retarget", ids=[first.id, second.id], provider="other", model="")["count"] == 2
    world.changed()
    world.run(30.0)
    path = next(world.vault_dir.glob("storyboard*.json"))
    path.write_text(path.read_text("utf-8").replace("a 0 of", "another 0 of"), "utf-8")
    world.changed()
    world.run(HOUR)
    there = {take.request.prompt[:9]: (take.state, take.target) for take in world.takes()}
    assert there["another 0"] == (State.DONE, "other"), "the shot, not the text, was moved"
    assert there["a 1 of th"] == (State.DONE, "other")
    assert there["a 2 of th"] == (State.QUEUED, "")
    assert len(world.other.tasks) == len(world.good()) == 2 + (there["a 0 of th"][0] is State.DONE)


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        (State.QUEUED, True), (State.HELD, True), (State.FAILED, True), (State.DONE, True), (State.SUBMITTING, False),
        (State.UNKNOWN, False), (State.GENERATING, False), (State.DOWNLOADING, False), (State.CANCELLED, False),
    ],
)  # fmt: skip
def test_what_may_be_moved(world: Moving, state: State, moves: bool) -> None:
    world.provider.away_until = float("inf")
    world.drop(world.vault_dir, "a", 1)
    world.run(30.0)
    take = replace(world.only(), state=state)
    assert (retarget.refusal(take) is None) is moves


def test_what_is_in_flight_is_refused_and_told(world: Moving) -> None:
    world.drop(world.vault_dir, "a", 1)
    world.run(200.0)
    assert world.only().state is State.GENERATING
    answer = world.order("retarget", ids=[1], provider="other", model="")
    assert (answer["ok"], answer["count"]) == (False, 0)
    assert "command.retarget" in answer["problem"]
    assert "command.provider" in world.order("retarget", ids=[1], provider="nobody", model="")["problem"]
    world.run(HOUR)
    answer = world.order("retarget", ids=[1], provider="other", model="")
    assert answer == {"ok": True, "count": 1}, "of a delivered one it is one more"
    world.run(HOUR)
    assert [(take.take, take.state, take.target) for take in world.takes()] == [
        (1, State.DONE, ""),
        (2, State.DONE, "other"),
    ]


def test_a_failed_one_is_asked_after_first(world: Moving) -> None:
    fails(world)
    world.provider.odds.refused = 0.0
    world.drop(world.vault_dir, "a", 1)
    world.run(1200.0)
    assert world.only().state is State.FAILED
    assert world.order("retarget", ids=[1], provider="other", model="")["count"] == 1
    world.run(HOUR)
    assert (world.only().state, world.only().target, len(world.other.tasks)) == (State.DONE, "other", 1)


def test_the_first_one_back_in_the_folder_s_words(world: Moving) -> None:
    world.provider.away_until = world.other.away_until = float("inf")
    world.drop(world.vault_dir, "a", 1)
    world.run(30.0)
    world.order("retarget", ids=[1], provider="other", model="")
    assert (world.only().moved_by, world.only().target) == ("user", "other")
    world.order("retarget", ids=[1], provider="first", model="")
    assert (world.only().moved_by, world.only().target) == ("", "")
    assert world.order("retarget", ids=[1], provider="first", model="") == {"ok": True, "count": 0}


def test_what_follows_is_what_is_proved() -> None:
    assert {*moving.FOLLOWED} == {Trouble.REQUEST, Trouble.KEY, Trouble.BALANCE, Trouble.RETIRED}
