"""Conformance: the moves between states, and the fence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_samples import NOW, TROUBLE, apply, drive, only, want

from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.states import MOVES
from sorad.ledger.values import Change
from sorad.model import State

PAIRS = [(old, new) for old in State for new in State]


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=[f"{old}-{new}" for old, new in PAIRS])
def test_ledger_allows_exactly_the_moves_of_the_table(ledger: Ledger, old: State, new: State) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), old)
    history, counts = ledger.history(take.id), ledger.counts()
    if new in MOVES[old]:
        after = ledger.record(take, Change(new, "move"), NOW + 1)
        assert after.state is new
        assert only(ledger) == after
        assert ledger.counts()[new] == 1
    else:
        with pytest.raises(IllegalMove):
            ledger.record(take, Change(new, "move", error=TROUBLE, cost=7), NOW + 1)
        assert only(ledger) == take
        assert (ledger.history(take.id), ledger.counts()) == (history, counts)


@pytest.mark.parametrize("old", [State.GENERATING, State.DOWNLOADING, State.DONE])
def test_no_move_leads_from_what_was_accepted_to_another_create(old: State) -> None:
    assert MOVES[old].isdisjoint({State.QUEUED, State.HELD, State.SUBMITTING, State.UNKNOWN})


def test_what_may_have_been_accepted_is_sent_again_only_by_way_of_the_queue() -> None:
    assert {old for old in State if State.SUBMITTING in MOVES[old]} == {State.QUEUED}


def test_ledger_refuses_a_claim_that_was_taken_over(ledger: Ledger) -> None:
    apply(ledger, want())
    (stale,) = ledger.claim(State.QUEUED, NOW, 1)
    ledger.recover("another", NOW)
    (mine,) = ledger.claim(State.QUEUED, NOW, 1)
    assert mine.claim not in ("", stale.claim)
    before = ledger.history(mine.id)
    for act in (
        lambda: ledger.record(stale, Change(State.SUBMITTING, "intent", intent=True), NOW),
        lambda: ledger.release(stale),
    ):
        with pytest.raises(ClaimLost):
            act()
    assert only(ledger) == mine
    assert ledger.history(mine.id) == before
    assert ledger.record(mine, Change(State.SUBMITTING, "intent", intent=True), NOW).creates == 1


def test_ledger_never_gives_the_same_claim_twice_even_to_the_same_owner(ledger: Ledger) -> None:
    apply(ledger, want())
    claims = set()
    for _ in range(3):
        ledger.recover("daemon", NOW)
        (take,) = ledger.claim(State.QUEUED, NOW, 1)
        claims.add(take.claim)
        ledger.release(take)
        (take,) = ledger.claim(State.QUEUED, NOW, 1)
        claims.add(take.claim)
    assert len(claims) == 6


def test_ledger_cancelling_from_the_folder_stops_a_worker_before_its_intent(ledger: Ledger) -> None:
    board_id = apply(ledger, want()).storyboard_id
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    assert ledger.withdraw(board_id, "gone", NOW) == 1
    with pytest.raises(ClaimLost):
        ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    assert only(ledger).state is State.CANCELLED
    apply(ledger, want())  # wanted again: no claim of that worker keeps it from being bought
    assert [again.id for again in ledger.claim(State.QUEUED, NOW, 1)] == [take.id]


def test_ledger_command_may_change_an_unclaimed_take_only_as_it_saw_it(ledger: Ledger) -> None:
    apply(ledger, want())
    seen = only(ledger)
    (mine,) = ledger.claim(State.QUEUED, NOW, 1)
    with pytest.raises(ClaimLost):
        ledger.record(seen, Change(State.CANCELLED, "cancel"), NOW)
    ledger.record(mine, Change(State.SUBMITTING, "intent", intent=True), NOW)
    with pytest.raises(ClaimLost):
        ledger.record(seen, Change(State.CANCELLED, "cancel"), NOW)
    assert only(ledger).state is State.SUBMITTING


def test_ledger_command_that_did_not_see_a_create_leave_changes_nothing(ledger: Ledger) -> None:
    apply(ledger, want())
    seen = only(ledger)
    sent = drive(ledger, seen, State.UNKNOWN)
    ledger.record(sent, Change(State.QUEUED, "not accepted"), NOW)
    with pytest.raises(ClaimLost):  # it is queued and unclaimed, as it was, but one create has left meanwhile
        ledger.record(seen, Change(State.CANCELLED, "cancel"), NOW)
    assert only(ledger).state is State.QUEUED


def test_ledger_knows_no_take_of_a_wrong_id(ledger: Ledger) -> None:
    apply(ledger, want())
    ghost = replace(only(ledger), id=99)
    with pytest.raises(ClaimLost):
        ledger.record(ghost, Change(State.CANCELLED, "cancel"), NOW)
    assert ledger.take(99) is None
    assert ledger.history(99) == []


def test_ledger_keeps_the_claim_between_intent_and_outcome(ledger: Ledger) -> None:
    apply(ledger, want())
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    sent = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW + 1)
    assert sent.claim == take.claim
    assert (sent.creates, sent.intent_at) == (1, NOW + 1)
    after = ledger.record(
        sent, Change(State.GENERATING, "accepted", remote_id="r1", accepted_at=NOW + 2), NOW + 2
    )
    assert after.claim == ""
    with pytest.raises(ClaimLost):
        ledger.record(sent, Change(State.GENERATING, "poll"), NOW + 3)


def test_ledger_recover_turns_submitting_into_unknown_and_frees_every_claim(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2), want(3))
    one, two, _three = ledger.claim(State.QUEUED, NOW, 3)
    ledger.record(one, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    sent = ledger.record(two, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    ledger.record(
        sent, Change(State.GENERATING, "accepted", remote_id="r", accepted_at=NOW, keep_claim=True), NOW
    )
    (lost,) = ledger.recover("next", NOW + 50)
    assert (lost.id, lost.state, lost.claim, lost.due_at, lost.creates) == (
        one.id,
        State.UNKNOWN,
        "",
        NOW + 50,
        1,
    )
    assert ledger.take(one.id) == lost
    assert [take.state for take in ledger.takes()] == [State.UNKNOWN, State.GENERATING, State.QUEUED]
    assert not any(take.claim for take in ledger.takes())
    assert ledger.history(one.id)[-1].note == "recovered"
    assert ledger.recover("again", NOW + 60) == []


def test_ledger_counts_creates_as_they_left_were_refused_or_start_anew(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.SUBMITTING)
    take = ledger.record(take, Change(State.QUEUED, "refused", refused=True), NOW)
    assert take.creates == 0
    take = drive(ledger, take, State.FAILED)
    assert take.creates == 1
    take = ledger.record(take, Change(State.QUEUED, "retry", fresh=True, approved=True), NOW)
    assert (take.creates, take.approved) == (0, True)
    take = drive(ledger, take, State.SUBMITTING)
    assert (take.creates, take.approved, take.remote_id, take.accepted_at) == (1, True, "", None)


def test_ledger_writes_every_member_of_a_change_and_leaves_the_others(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), State.GENERATING)
    change = Change(
        State.DOWNLOADING,
        "finished",
        due_at=NOW + 1,
        attempt=3,
        error=TROUBLE,
        provider="simulator",
        base_url="http://127.0.0.1:1/v1",
        account="abc",
        remote_id="r9",
        request_id="q9",
        validator='"etag"',
        cost=123,
        output="/elsewhere/1.mp4",
        accepted_at=NOW + 2,
        finished_at=NOW + 3,
        parked=True,
    )
    after = ledger.record(take, change, NOW + 4)
    for name in ("due_at", "attempt", "error", "provider", "base_url", "account", "remote_id", "request_id"):
        assert getattr(after, name) == getattr(change, name)
    for name in ("validator", "cost", "output", "accepted_at", "finished_at", "parked"):
        assert getattr(after, name) == getattr(change, name)
    assert after.updated_at == NOW + 4
    assert ledger.take(take.id) == after
    still = ledger.record(after, Change(State.DOWNLOADING, "again"), NOW + 5)
    assert still == replace(after, updated_at=NOW + 5)
    assert ledger.record(still, Change(State.DOWNLOADING, "fine", clear_error=True), NOW + 6).error is None
