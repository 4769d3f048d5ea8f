"""The key is changed while takes are open: nothing is paid for on two accounts, nothing is given up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Union

import pytest
from world import SAID, Odds, SimProvider, World

from sorad.engine.run.commands import Commands
from sorad.engine.state.accounts import Accounts
from sorad.engine.steps.reconcile import reconcile
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.model import Request, State
from sorad.providers.base import (
    Created,
    Fault,
    Listed,
    Missing,
    Polled,
    Provider,
    Trouble,
    Unknown,
)

LOST = Unknown(Fault(Trouble.TRANSPORT, SAID))
NO_LIST = Fault(Trouble.SERVER, SAID)


class Account(SimProvider):
    """The key ``account`` opens its own tasks, and none of another account."""

    loses_answer = False
    unlisted = False
    bad_key = False

    def create(self, request: Request, own_id: str = "") -> Created:
        answer = super().create(request)
        lost, self.loses_answer = self.loses_answer, False
        return LOST if lost else answer

    def poll(self, remote_id: str) -> Polled:
        if self.bad_key:
            return Fault(Trouble.KEY, SAID)
        return super().poll(remote_id) if remote_id in self.tasks else Missing(SAID)

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        if self.bad_key:
            return Fault(Trouble.KEY, SAID)
        return NO_LIST if self.unlisted else super().recent(since)


class Keys(World):
    """A world whose API knows several accounts; each has one key or, after a rotation, two."""

    def __init__(self, folder: Path) -> None:
        super().__init__(1, folder / "w", odds=Odds(**dict.fromkeys(vars(Odds()), 0.0)))
        self.first = self.account("acc0")
        self.use(self.first)

    def account(self, name: str) -> Account:
        made = Account(self.clock, self.rng, self.odds)
        made.account, made.skew = name, 0.0
        return made

    def use(self, account: Account) -> None:
        """Another key is set, and sorad started anew."""
        self.provider = account
        self.restart()

    def rotated(self) -> Account:
        """Another key of the first account."""
        made = self.account("acc0-new-key")
        made.tasks = self.first.tasks
        return made

    def until(self, state: State) -> None:
        while [take.state for take in self.takes()] != [state]:
            self.run(0.5)

    def told(self) -> list[str]:
        facts = from_ledger(self.raw, None, self.clock.time())
        return [
            f"{one.problem.code}: {one.problem.fix_text()}"
            for one in complaints(facts)
            if one.heavy and "daemon" not in one.problem.code
        ]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def lose_answer(keys: Keys) -> None:
    keys.first.loses_answer = keys.first.unlisted = True
    keys.write("storyboard_a.json", ["text"])
    keys.until(State.UNKNOWN)


def test_a_lost_create_is_not_sent_again_to_another_account(keys: Keys) -> None:
    lose_answer(keys)
    second = keys.account("acc1")
    keys.use(second)
    keys.run(4 * 3600)
    assert (len(keys.first.tasks), len(second.tasks)) == (1, 0)
    assert [take.state for take in keys.takes()] == [State.UNKNOWN]
    assert len(keys.told()) == 1
    assert "Set that key again" in keys.told()[0]
    # with the key back it is looked up there, though it had been missed for hours elsewhere
    keys.first.unlisted = False
    keys.use(keys.first)
    keys.run(3600)
    assert (len(keys.first.tasks), [take.state for take in keys.takes()]) == (1, [State.DONE])
    assert keys.told() == []


def test_a_create_lost_on_each_of_two_accounts_is_adopted_where_it_was_sent(keys: Keys) -> None:
    lose_answer(keys)
    second = keys.account("acc1")
    second.loses_answer = True
    keys.use(second)
    keys.write("elsewhere/storyboard_b.json", ["text", "other"])
    keys.run(3600)
    assert Counter(task.request.prompt for task in second.tasks.values()) == {"text": 1, "other": 1}
    assert len(keys.first.tasks) == 1
    assert [take.state for take in keys.takes()] == [State.UNKNOWN, State.DONE, State.DONE]


def test_what_is_on_the_list_of_another_account_is_first_of_all_that_of_its_own_open_create(
    keys: Keys,
) -> None:
    lose_answer(keys)
    second = keys.account("acc1")
    second.unlisted, honest = True, second.create

    def create(request: Request, own_id: str = "") -> Created:
        answer = honest(request)
        return LOST if request.prompt == "text" else answer

    second.create = create  # type: ignore[method-assign]
    keys.use(second)
    keys.write("elsewhere/storyboard_b.json", ["text", "other"])
    keys.run(10)
    assert [take.state for take in keys.takes()][:2] == [State.UNKNOWN] * 2
    second.unlisted = False
    claimed = keys.raw.claim(State.UNKNOWN, keys.clock.time() + 999, 2)
    (there,) = (one.remote_id for one in second.tasks.values() if one.request.prompt == "text")
    for account, adopted in (("acc0", ""), ("acc1", there)):  # the one of the earlier account looks first
        (take,) = (one for one in claimed if one.account == account)
        reconcile(keys.context, take)
        found = keys.raw.take(take.id)
        assert found is not None
        assert found.remote_id == adopted


def test_a_paid_take_waits_for_its_key_and_is_never_given_up(keys: Keys) -> None:
    keys.write("storyboard_a.json", ["text"])
    keys.until(State.GENERATING)
    second = keys.account("acc1")
    keys.use(second)
    keys.run(3 * 86_400)
    (take,) = keys.takes()
    assert (take.state, take.parked, len(second.tasks)) == (State.GENERATING, True, 0)
    assert [one.partition(":")[0] for one in keys.told()] == ["account.key"]
    keys.use(keys.first)
    keys.run(3600)
    assert [take.state for take in keys.takes()] == [State.DONE]


def test_what_waits_for_a_key_in_vain_can_be_given_up_and_looked_for_again(keys: Keys) -> None:
    keys.write("storyboard_a.json", ["text"])
    keys.until(State.GENERATING)
    keys.use(keys.account("acc1"))
    keys.run(600)
    for verb, state in (("cancel", State.FAILED), ("retry", State.GENERATING)):
        keys.raw.post(verb, {"ids": [keys.takes()[0].id]}, keys.clock.time())
        Commands(keys.context, keys.vault.rescan).run()
        assert [take.state for take in keys.takes()] == [state]


@pytest.mark.parametrize("state", [State.UNKNOWN, State.GENERATING])
def test_another_key_of_the_same_account_goes_on(keys: Keys, state: State) -> None:
    keys.first.loses_answer = keys.first.unlisted = state is State.UNKNOWN
    keys.write("storyboard_a.json", ["text"])
    keys.until(state)
    keys.use(keys.rotated())
    keys.run(3600)
    assert [(take.state, take.account) for take in keys.takes()] == [(State.DONE, "acc0-new-key")]
    assert len(keys.first.tasks) == 1
    assert keys.told() == []


class TestRevived:
    """The old key is still to be had, where the config of then says."""

    def accounts(self, keys: Keys, current: Account, revived: Provider) -> Accounts:
        keys.raw.remember("account:acc0", {"kind": "sora_hk"})
        return Accounts(current, {"kind": "sora_hk"}, keys.raw, lambda settings: revived)

    def test_the_key_of_then_is_asked_first(self, keys: Keys) -> None:
        keys.write("storyboard_a.json", ["text"])
        keys.until(State.GENERATING)
        second = keys.account("acc1")
        keys.provider = second
        keys.context.accounts = self.accounts(keys, second, keys.first)
        keys.run(3600)
        assert [(take.state, take.account) for take in keys.takes()] == [(State.DONE, "acc0")]

    def test_once_it_is_refused_the_key_of_now_is_asked(self, keys: Keys) -> None:
        keys.write("storyboard_a.json", ["text"])
        keys.until(State.GENERATING)
        rotated = keys.rotated()
        keys.first.bad_key = True
        keys.context.accounts = self.accounts(keys, rotated, keys.first)
        keys.run(3600)
        assert [take.state for take in keys.takes()] == [State.DONE]
        assert keys.control.halt is None

    def test_another_key_in_its_place_is_shown_to_no_other_address(self, keys: Keys) -> None:
        keys.write("storyboard_a.json", ["text"])
        keys.until(State.GENERATING)
        elsewhere = keys.account("acc1")
        elsewhere.base_url = "https://other.invalid/v1"
        accounts = self.accounts(keys, elsewhere, keys.account("not the key of then"))
        found = accounts.of(keys.takes()[0])
        assert getattr(found, "code", "") == "account.key"
