"""Conformance: what a gateway sent again by itself counts as possibly spent, at its take's price."""

from __future__ import annotations

from ledger_samples import NOW, apply, only, want

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.model import State, Take

HOUR = 3600


def bought(ledger: Ledger, repeats: int, state: State = State.GENERATING) -> Take:
    apply(ledger, want())
    take = ledger.record(only(ledger), Change(State.SUBMITTING, "intent", intent=True, cost=300), NOW)
    assert ledger.spend() == 300
    told = {"remote_id": "t1", "accepted_at": NOW + 1} if state is State.GENERATING else {}
    return ledger.record(take, Change(state, "answered", repeats=repeats, **told), NOW + 1)  # type: ignore[arg-type]


def test_ledger_counts_repeats_as_spent(ledger: Ledger) -> None:
    take = bought(ledger, 2)
    assert (take.repeats, take.creates) == (2, 3)
    assert ledger.spend() == 900
    assert ledger.spend(NOW) == 900  # within the hour that the question cuts
    (one,) = ledger.bought(take.id)
    assert (one.cost, one.repeats, one.possible) == (300, 2, 600)


def test_ledger_counts_repeats_of_what_may_have_been_accepted(ledger: Ledger) -> None:
    assert bought(ledger, 1, State.UNKNOWN).creates == 2
    assert ledger.spend() == 600


def test_ledger_prices_repeats_anew_with_the_take(ledger: Ledger) -> None:
    take = bought(ledger, 2)
    ledger.record(take, Change(State.DOWNLOADING, "finished", cost=200), NOW + HOUR)
    assert ledger.spend() == 600


def test_ledger_does_not_carry_repeats_over_to_the_next_create(ledger: Ledger) -> None:
    take = bought(ledger, 2)
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW + 2)
    take = ledger.record(take, Change(State.QUEUED, "retry", fresh=True, remote_id=""), NOW + 3)
    take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, cost=300), NOW + 4)
    assert (take.repeats, take.creates) == (0, 1)
    assert ledger.spend() == 1200


def test_ledger_built_anew_counts_what_the_receipt_tells(ledger: Ledger) -> None:
    apply(ledger, want(state=State.GENERATING, remote_id="t1", cost=300, repeats=2, accepted_at=NOW))
    assert (only(ledger).repeats, ledger.spend()) == (2, 900)
