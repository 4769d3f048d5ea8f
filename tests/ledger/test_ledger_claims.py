"""Conformance: what is due, in which order, for whom."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace

import pytest
from ledger_samples import NOW, ROOT, apply, drive, only, want

from sorad.budget import NEVER
from sorad.elapsed import passed
from sorad.ledger.errors import ClaimLost
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.model import State, Take


def numbers(takes: list[Take]) -> list[int]:
    return [take.segment for take in takes]


def test_ledger_claims_what_is_due_queued_ones_in_turn(ledger: Ledger) -> None:
    apply(ledger, *(want(n, due_at=NOW - n) for n in (1, 2, 3)), want(4, due_at=NOW + 1))
    assert numbers(ledger.claim(State.QUEUED, NOW, 2)) == [1, 2]
    assert numbers(ledger.claim(State.QUEUED, NOW, 9)) == [3]
    assert ledger.claim(State.QUEUED, NOW, 9) == []
    assert numbers(ledger.claim(State.QUEUED, NOW + 1, 9)) == [4]
    assert ledger.claim(State.QUEUED, NOW + 9, 0) == []


def test_ledger_claims_equally_due_takes_in_the_order_of_their_ids(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in range(1, 30)))
    assert numbers(ledger.claim(State.QUEUED, NOW, 29)) == list(range(1, 30))


def test_ledger_claims_of_the_segments_that_are_meant_alone(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in range(1, 10)))
    assert numbers(ledger.claim(State.QUEUED, NOW, 9, segments=[range(2, 4), range(8, 9)])) == [2, 3, 8]
    assert numbers(ledger.claim(State.QUEUED, NOW, 2, targets=[""], segments=[range(4, 100)])) == [4, 5]
    assert numbers(ledger.claim(State.QUEUED, NOW, 9)) == [1, 6, 7, 9]


def next_due(ledger: Ledger, state: State, roots: Collection[str] | None = None) -> float | None:
    found = ledger.agenda().get(state, {})
    return min((at for root, at in found.items() if roots is None or root in roots), default=None)


def test_ledger_claims_what_is_under_way_earliest_first(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in (1, 2, 3)))
    for take in list(ledger.takes()):
        drive(ledger, take, State.GENERATING)
    for take in ledger.claim(State.GENERATING, NOW + 1e6, 9):
        ledger.release(take, NOW - take.segment)
    assert numbers(ledger.claim(State.GENERATING, NOW, 2)) == [3, 2]
    assert numbers(ledger.claim(State.GENERATING, NOW, 9)) == [1]


def test_ledger_claims_merge_roots_in_turn(ledger: Ledger) -> None:
    for n, root in enumerate(["/a", "/b", "/c"]):
        wants = [want(10 * n + i, due_at=NOW - i, output=f"{root}/{i}.mp4") for i in range(3)]
        apply(ledger, *wants, path=f"{root}/storyboard.json", root=root)
    assert next_due(ledger, State.QUEUED) == NOW - 2
    assert next_due(ledger, State.QUEUED, ["/b", "/nowhere"]) == NOW - 2
    assert next_due(ledger, State.QUEUED, []) is None
    assert next_due(ledger, State.HELD) is None
    assert ledger.claim(State.QUEUED, NOW, 9, []) == []
    assert ledger.claim(State.QUEUED, NOW, 9, ["/nowhere"]) == []
    assert numbers(ledger.claim(State.QUEUED, NOW, 4, ["/a", "/c"])) == [0, 20, 1, 21]
    assert next_due(ledger, State.QUEUED, ["/a"]) == NOW - 2
    assert numbers(ledger.claim(State.QUEUED, NOW, 9)) == [10, 11, 2, 12, 22]


def test_what_lies_on_a_disk_that_is_away_is_not_claimed(ledger: Ledger) -> None:
    apply(ledger, want(1), path="/vault/a.json")
    apply(ledger, want(2, output="b"), path="/vault/d/b.json", content="b", mount="/vault/d", disk="8:2")
    apply(ledger, want(3, output="c"), path="/vault/e/c.json", content="c", mount="/vault/e", disk="9:2")
    assert [take.mount for take in ledger.takes()] == ["", "/vault/d", "/vault/e"]
    assert [(one.mount, one.disk) for one in ledger.storyboards()][1:] == [
        ("/vault/d", "8:2"),
        ("/vault/e", "9:2"),
    ]
    assert numbers(ledger.claim(State.QUEUED, NOW, 9, [ROOT], ["/vault/d", "/vault/e"])) == [1]
    assert numbers(ledger.claim(State.QUEUED, NOW, 9, None, ["/vault/d"])) == [3]
    assert numbers(ledger.claim(State.QUEUED, NOW, 9)) == [2]


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED])
def test_ledger_has_no_steps_in_states_that_ended(ledger: Ledger, state: State) -> None:
    with pytest.raises(ValueError, match=str(state)):
        ledger.claim(state, NOW, 1)


def test_ledger_release_gives_back_as_it_was(ledger: Ledger) -> None:
    apply(ledger, want())
    before = only(ledger)
    (mine,) = ledger.claim(State.QUEUED, NOW, 1)
    assert replace(mine, claim="") == before
    assert next_due(ledger, State.QUEUED) is None
    ledger.release(mine)
    assert only(ledger) == before
    (mine,) = ledger.claim(State.QUEUED, NOW, 1)
    ledger.release(mine, NOW + 5)
    assert next_due(ledger, State.QUEUED) == NOW + 5
    assert only(ledger) == replace(before, due_at=NOW + 5)
    with pytest.raises(ClaimLost):
        ledger.release(mine)
    with pytest.raises(ClaimLost):
        ledger.release(only(ledger))


def test_ledger_slots_are_held_from_the_claim_until_the_take_leaves_or_is_parked(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    assert (ledger.in_flight(), ledger.undelivered()) == (0, {})
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    assert (ledger.in_flight(), ledger.undelivered()) == (1, {"/vault": 1})
    take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    assert ledger.in_flight() == 1
    take = ledger.record(take, Change(State.UNKNOWN, "cut"), NOW)
    assert ledger.in_flight() == 1
    take = ledger.record(take, Change(State.GENERATING, "adopted", remote_id="r"), NOW)
    assert (ledger.in_flight(), ledger.parked("/vault")) == (1, 0)
    take = ledger.record(take, Change(State.GENERATING, "parked", parked=True), NOW)
    assert (ledger.in_flight(), ledger.parked("/vault"), ledger.parked("/other")) == (0, 1, 0)
    assert ledger.undelivered() == {"/vault": 1}
    take = ledger.record(take, Change(State.DOWNLOADING, "finished", parked=False), NOW)
    assert (ledger.in_flight(), ledger.undelivered(), ledger.parked("/vault")) == (0, {"/vault": 1}, 0)
    ledger.record(take, Change(State.DONE, "delivered"), NOW)
    assert (ledger.in_flight(), ledger.undelivered()) == (0, {})


def test_ledger_never_gives_a_take_to_two_threads(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in range(120)))
    taken: list[int] = []

    def work() -> None:
        while takes := ledger.claim(State.QUEUED, NOW, 3):
            for take in takes:
                drive_on(take)

    def drive_on(take: Take) -> None:
        sent = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
        ledger.record(sent, Change(State.GENERATING, "accepted", remote_id=f"r{take.id}"), NOW)
        taken.append(take.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [take.id for take in ledger.takes()]
    assert all(take.creates == 1 for take in ledger.takes())


def test_ledger_forgets_what_is_due_once_a_take_ends(ledger: Ledger) -> None:
    apply(ledger, want())
    drive(ledger, only(ledger), State.FAILED)
    assert all(next_due(ledger, state) is None for state in State if state.value != "failed")


# --- a clock that was set ---------------------------------------------------------------------------------


def test_ledger_a_clock_set_back_leaves_nothing_waiting_but_for_the_user(ledger: Ledger) -> None:
    apply(ledger, want(1, due_at=NOW + 9.0), want(2, due_at=NOW - 5000.0), want(3), want(4))
    for take in list(ledger.takes())[2:]:
        until = NEVER if take.segment == 4 else NOW + 86_400.0
        ledger.record(take, Change(State.HELD, "over budget", due_at=until), NOW)
    back = NOW - 3600.0
    assert ledger.clock_set(-3600.0, back) == 2
    assert [take.due_at for take in ledger.takes()] == [back, NOW - 5000.0, back, NEVER]
    assert ledger.clock_set(3600.0, NOW) == 0


@pytest.mark.parametrize("by", [-28_800.0, 3600.0])
def test_ledger_an_intent_keeps_its_date_which_names_it_and_its_moment(ledger: Ledger, by: float) -> None:
    apply(ledger, want(1))
    before = ledger.moment()
    lost = drive(ledger, only(ledger), State.UNKNOWN)
    ledger.clock_set(by, NOW + by)
    assert (only(ledger).intent_at, only(ledger).moment) == (lost.intent_at, lost.moment)
    assert lost.moment is not None
    assert before <= lost.moment <= ledger.moment()
    (told,) = [event for event in ledger.history(lost.id) if event.state is State.SUBMITTING]
    assert (told.at, told.moment is not None) == (lost.intent_at, True)


def test_ledger_moments_go_on_over_processes_and_boots(ledger: Ledger) -> None:
    boot, up = "a", [500.0]
    ledger.recover("one", NOW, boot, lambda: up[0])
    first = ledger.moment()
    up[0] = 560.0
    ledger.recover("two", NOW - 86_400.0, boot, lambda: up[0])
    assert passed(first, ledger.moment()) == 60.0
    up[0] = 20.0
    ledger.recover("three", NOW + 86_400.0, "b", lambda: up[0])
    up[0] = 25.0
    assert first < ledger.moment()
    assert passed(first, ledger.moment()) == 5.0  # at least


@pytest.mark.parametrize(("by", "left"), [(-3600.0, 100.0), (3600.0, 400.0), (0.0, 100.0)])
def test_ledger_a_wait_that_is_cut_short_was_not_waited(ledger: Ledger, by: float, left: float) -> None:
    """Patience with a task counts the wait of 300 s for its next look, of which 300 s are left."""
    apply(ledger, want(1))
    take = drive(ledger, only(ledger), State.GENERATING)
    claimed = ledger.claim(State.GENERATING, NOW + 9e6, 1)[0]
    ledger.record(claimed, Change(State.GENERATING, "running", due_at=NOW + 300.0, watched=400.0), NOW)
    ledger.clock_set(by, NOW + by)
    take = only(ledger)
    assert take.watched == left
    assert take.due_at - (NOW + by) == (300.0 if by > 0 else 0.0)


def test_ledger_money_of_another_year_counts_as_of_now(ledger: Ledger) -> None:
    year = 365 * 86_400.0
    apply(ledger, want(1))
    take = ledger.record(only(ledger), Change(State.SUBMITTING, "intent", intent=True, cost=5), NOW + year)
    bought = Change(State.GENERATING, "accepted", remote_id="r", accepted_at=NOW + year)
    ledger.record(take, bought, NOW + year)
    ledger.clock_set(-year, NOW)
    assert (ledger.spend(NOW - 60), ledger.spend(NOW + 60)) == (5, 0)
    assert only(ledger).accepted_at == NOW


def test_ledger_notices_at_the_start_that_the_clock_was_set_back(ledger: Ledger) -> None:
    apply(ledger, want(1, due_at=NOW + 5000.0), now=NOW + 4990.0)
    ledger.recover("later", NOW)
    assert only(ledger).due_at == NOW


def test_ledger_no_wait_outlives_a_clock_that_was_a_year_ahead(ledger: Ledger) -> None:
    year = 365 * 86_400.0
    apply(ledger, want(1), want(2))
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    ledger.release(take, NOW + year)  # by a clock that was ahead; nothing else was written then
    ledger.recover("later", NOW + 60.0)
    assert {one.due_at for one in ledger.takes()} == {NOW, NOW + 60.0}


def test_ledger_hands_a_failed_task_out_to_one_step_at_a_time(ledger: Ledger) -> None:
    apply(ledger, want())
    drive(ledger, drive(ledger, only(ledger), State.GENERATING), State.FAILED)
    due = ledger.next_recheck()
    assert due is not None
    assert ledger.claim_rechecks(due - 1, 9) == []
    (look,) = ledger.claim_rechecks(due, 9)
    assert ledger.claim_rechecks(due + 60, 9) == []
    assert [again.take for again in ledger.claim_rechecks(due + 600, 9)] == [look.take], "it never came back"
    ledger.rechecked(look, None)
    assert ledger.next_recheck() is None


def test_ledger_gives_back_the_claim_of_what_was_refused_and_is_wanted_no_more(ledger: Ledger) -> None:
    apply(ledger, want(1))
    (take,) = ledger.claim(State.QUEUED, NOW, 1)
    intent = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    apply(ledger)  # the segment was taken out
    left = ledger.record(intent, Change(State.QUEUED, "refused", refused=True, keep_claim=True), NOW)
    assert (left.state, left.claim) == (State.CANCELLED, "")
    apply(ledger, want(1))  # and put in again
    assert numbers(ledger.claim(State.QUEUED, NOW + 1e6, 1)) == [1]
