"""Conformance: what counts as spent, and which remote ids are taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_samples import NOW, apply, drive, only, want

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.model import State

HOUR = 3600.0


def test_ledger_spend_counts_from_the_intent_and_settles_at_the_acceptance(ledger: Ledger) -> None:
    apply(ledger, want())
    take = ledger.record(only(ledger), Change(State.QUEUED, "priced", cost=500), NOW)
    assert ledger.spend() == 0
    take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), NOW)
    assert (ledger.spend(), ledger.spend(NOW), ledger.spend(NOW + 1)) == (500, 500, 0)
    take = ledger.record(take, Change(State.UNKNOWN, "cut"), NOW + 1)
    assert (ledger.spend(NOW), ledger.spend(NOW + 1)) == (500, 0)
    take = ledger.record(
        take, Change(State.GENERATING, "adopted", remote_id="r", accepted_at=NOW + 9, cost=480), NOW
    )
    assert (ledger.spend(NOW + 9), ledger.spend(NOW + 10)) == (480, 0)
    ledger.record(take, Change(State.FAILED, "failed"), NOW + 20)
    assert ledger.spend() == 480


@pytest.mark.parametrize("to", [State.QUEUED, State.CANCELLED, State.FAILED])
@pytest.mark.parametrize("fresh", [False, True])
def test_ledger_spend_keeps_what_may_have_been_accepted(ledger: Ledger, to: State, fresh: bool) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.UNKNOWN, cost=500)
    assert ledger.spend() == 500
    take = ledger.record(take, Change(to, "resolved", fresh=fresh), NOW + HOUR)
    assert (ledger.spend(), ledger.spend(NOW + 1)) == (500, 0)
    assert [one.remote_id for one in ledger.bought(take.id)] == [""]


@pytest.mark.parametrize("to", [State.QUEUED, State.FAILED])
def test_ledger_spend_takes_back_what_was_refused(ledger: Ledger, to: State) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.SUBMITTING, cost=500)
    assert ledger.spend() == 500
    ledger.record(take, Change(to, "refused", refused=True), NOW)
    assert ledger.spend() == 0


def test_ledger_spend_counts_every_create_that_left(ledger: Ledger) -> None:
    """Lost and sent again, refused in between, sent by the user's word, given up: each that left is money."""
    apply(ledger, want())
    take = only(ledger)

    def leaves(at: float, then: Change) -> None:
        nonlocal take
        take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, cost=500), at)
        take = ledger.record(take, then, at)

    leaves(NOW, Change(State.UNKNOWN, "cut"))
    take = ledger.record(take, Change(State.QUEUED, "not accepted"), NOW + 1)
    leaves(NOW + HOUR, Change(State.QUEUED, "refused", refused=True))
    assert (ledger.spend(), take.creates) == (500, 1)
    leaves(NOW + 2 * HOUR, Change(State.UNKNOWN, "cut"))
    assert (ledger.spend(), ledger.spend(NOW + HOUR), take.creates) == (1_000, 500, 2)
    take = ledger.record(take, Change(State.QUEUED, "resend", fresh=True), NOW + 2 * HOUR)
    leaves(NOW + 3 * HOUR, Change(State.UNKNOWN, "cut"))
    ledger.record(take, Change(State.CANCELLED, "dropped"), NOW + 4 * HOUR)
    assert ledger.spend() == sum(one.cost or 0 for one in ledger.purchases()) == 1_500
    apply(ledger, want(), now=NOW + 5 * HOUR)
    ledger.withdraw(only(ledger).storyboard_id, "gone", NOW + 5 * HOUR)
    assert ledger.spend() == 1_500


def test_ledger_spend_does_not_count_a_refused_or_free_take(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    refused, free = ledger.takes()
    refused = drive(ledger, refused, State.SUBMITTING, cost=500)
    ledger.record(refused, Change(State.FAILED, "refused", refused=True), NOW)
    free = drive(ledger, free, State.GENERATING, cost=300)
    assert ledger.spend() == 300
    ledger.record(free, Change(State.FAILED, "failed", cost=0), NOW)
    assert ledger.spend() == 0


def test_ledger_spend_keeps_the_money_of_an_earlier_create(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.GENERATING, cost=500, remote_id="first")
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
    take = ledger.record(take, Change(State.QUEUED, "retry", cost=600, fresh=True), NOW + HOUR)
    assert ledger.spend() == 500
    take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), NOW + HOUR)
    assert (ledger.spend(), ledger.spend(NOW + 1)) == (1100, 600)
    take = ledger.record(
        take, Change(State.GENERATING, "accepted", remote_id="second", accepted_at=NOW + HOUR), NOW + HOUR
    )
    assert ledger.spend() == 1100
    assert ledger.owned(["first", "second", "third", ""]) == {"first", "second"}
    take = ledger.record(take, Change(State.FAILED, "not charged", cost=0), NOW + HOUR)
    assert ledger.spend() == 500


@pytest.mark.parametrize("end", [State.FAILED, State.DONE])
def test_ledger_spend_does_not_count_a_take_that_ended_before_it_was_sent_again(
    ledger: Ledger, end: State
) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.GENERATING, cost=500, remote_id="first")
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
    take = ledger.record(take, Change(State.QUEUED, "retry"), NOW)
    if end is State.FAILED:
        ledger.record(take, Change(end, "too many creates"), NOW)
    else:
        apply(ledger, want(state=end, remote_id="first", cost=500, accepted_at=NOW + 1))
    assert only(ledger).state is end
    assert ledger.spend() == 500


def test_ledger_counts_a_purchase_that_is_found_after_the_take_failed(ledger: Ledger) -> None:
    apply(ledger, want())
    take = ledger.record(only(ledger), Change(State.FAILED, "too many creates"), NOW)
    adopted = {"accepted_at": NOW, "cost": 500}
    take = ledger.record(take, Change(State.GENERATING, "adopted", remote_id="a", **adopted), NOW)  # type: ignore[arg-type]
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
    assert ledger.spend() == 500
    ledger.record(take, Change(State.GENERATING, "adopted", remote_id="b", **adopted), NOW)  # type: ignore[arg-type]
    assert ledger.spend() == 1_000
    assert ledger.owned("ab") == {"a", "b"}


def test_ledger_counts_a_task_once_that_a_later_create_of_its_take_comes_back_to(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.GENERATING, cost=500, remote_id="a")
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
    take = ledger.record(take, Change(State.QUEUED, "retry"), NOW)
    take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, cost=500), NOW + 1)
    assert ledger.spend() == 1_000  # it may have been accepted
    ledger.record(take, Change(State.GENERATING, "adopted", remote_id="a", accepted_at=NOW + 1), NOW + 2)
    assert ledger.spend() == 500


def test_ledger_spend_is_exact_at_any_moment(ledger: Ledger) -> None:
    moments = [NOW + n * 777.25 for n in range(40)]
    apply(ledger, *(want(n) for n in range(40)))
    for at, take in zip(moments, list(ledger.takes())):
        drive(ledger, take, State.GENERATING, accepted_at=at, cost=round(at) % 1000)
    for since in [0.0, *moments, *(at + 0.25 for at in moments), NOW - NOW % HOUR + HOUR]:
        assert ledger.spend(since) == sum(round(at) % 1000 for at in moments if at >= since)


def test_ledger_counts_found_takes_once_however_often_their_receipt_was_copied(ledger: Ledger) -> None:
    found = want(state=State.GENERATING, remote_id="r", cost=500, accepted_at=NOW - 5)
    apply(ledger, found)
    apply(ledger, replace(found, output="/vault/copy/1.mp4"), path="/vault/copy/storyboard.json")
    done = want(2, state=State.DONE, remote_id="s", cost=300, accepted_at=NOW - 9)
    apply(ledger, found, done)
    assert ledger.spend() == 800
    assert ledger.spend(NOW - 5) == 500
    assert [take.creates for take in ledger.takes()] == [1, 1, 1]


def test_ledger_owns_only_ids_that_it_has_seen(ledger: Ledger) -> None:
    assert ledger.owned([]) == set()
    apply(ledger, *(want(n, state=State.DONE, remote_id=f"r{n}") for n in range(500)))
    assert ledger.owned([f"r{n}" for n in range(400, 1200)]) == {f"r{n}" for n in range(400, 500)}
