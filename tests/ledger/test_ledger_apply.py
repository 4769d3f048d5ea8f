"""Conformance: what a storyboard changes in the ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_samples import (
    NOW,
    PATH,
    TROUBLE,
    apply,
    board,
    drive,
    only,
    states_of,
    want,
)

from sorad.ledger.interface import Ledger
from sorad.ledger.values import Applied, Change, Moved
from sorad.model import Request, State
from sorad.problems import Problem

Q, G, DONE, CANCELLED = State.QUEUED, State.GENERATING, State.DONE, State.CANCELLED


def test_ledger_enqueues_what_is_wanted_and_nothing_twice(ledger: Ledger) -> None:
    first = apply(ledger, want(1), want(1, 2), want(2))
    assert first == Applied(first.storyboard_id, added=3)
    assert apply(ledger, want(1), want(1, 2), want(2)) == Applied(first.storyboard_id, skipped=3)
    take, *_others = ledger.takes()
    wanted = want(1)
    assert (take.request, take.fingerprint, take.output) == (
        wanted.request,
        wanted.fingerprint,
        wanted.output,
    )
    assert (take.storyboard, take.root, take.due_at, take.created_at) == (PATH, "/vault", NOW, NOW)
    assert [event.note for event in ledger.history(take.id)] == ["wanted"]
    assert states_of(ledger) == [Q, Q, Q]


def test_ledger_keeps_what_stands_before_a_shot_and_the_frame_that_it_was_bought_with(ledger: Ledger) -> None:
    chain = Request("on", continues=True)
    wanted = replace(want(2), request=chain, fingerprint=chain.fingerprint(), follows=1)
    apply(ledger, wanted)
    (take,) = ledger.takes()
    assert (take.follows, take.frame, take.to_send) == (1, "", chain)
    pinned = Change(
        State.SUBMITTING, "intent", intent=True, frame="sha256:aa", frame_path="/v/a.png", frame_of="t1"
    )
    ledger.record(take, pinned, NOW)
    apply(ledger, replace(wanted, follows=7))  # another one stands before it now
    (take,) = ledger.takes()
    assert (take.follows, take.frame, take.frame_of) == (7, "sha256:aa", "t1")
    assert (take.request, take.to_send) == (chain, replace(chain, image="sha256:aa", image_path="/v/a.png"))


def test_ledger_counts_a_want_that_is_there_twice_once(ledger: Ledger) -> None:
    applied = apply(ledger, want(1), want(1))
    assert (applied.added, applied.skipped) == (1, 1)


def test_ledger_edited_prompt_cancels_the_unsent_and_keeps_the_paid(ledger: Ledger) -> None:
    apply(ledger, *(want(n) for n in range(1, 5)))
    _queued, held, sent, failed = ledger.takes()
    ledger.record(held, Change(State.HELD, "budget", error=TROUBLE), NOW)
    drive(ledger, sent, G)
    drive(ledger, failed, State.FAILED)
    applied = apply(ledger, *(want(n, prompt="a dog") for n in range(1, 5)), now=NOW + 9)
    assert (applied.added, applied.cancelled, applied.kept, applied.skipped) == (4, 2, 1, 0)
    assert states_of(ledger) == [CANCELLED, CANCELLED, G, State.FAILED, Q, Q, Q, Q]
    assert ledger.history(held.id)[-1].note == "unwanted"


def test_ledger_queues_again_what_is_wanted_again(ledger: Ledger) -> None:
    apply(ledger, want())
    held = ledger.record(only(ledger), Change(State.HELD, "budget", error=TROUBLE), NOW)
    apply(ledger)
    assert (only(ledger).state, only(ledger).error) == (CANCELLED, None)
    applied = apply(ledger, want(output="/vault/new.mp4"), now=NOW + 7)
    assert applied == Applied(applied.storyboard_id, added=1)
    take = only(ledger)
    assert (take.id, take.state, take.due_at, take.output) == (held.id, Q, NOW + 7, "/vault/new.mp4")


def test_ledger_leaves_alone_what_the_user_cancelled_and_what_failed(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    one, two = ledger.takes()
    ledger.record(one, Change(CANCELLED, "cancel", error=TROUBLE), NOW)
    drive(ledger, two, State.FAILED, error=TROUBLE)
    applied = apply(ledger, want(1), want(2))
    assert (applied.added, applied.skipped) == (0, 2)
    assert states_of(ledger) == [CANCELLED, State.FAILED]


def test_ledger_takes_over_what_the_folder_already_holds(ledger: Ledger) -> None:
    receipt = {
        "remote_id": "r",
        "provider": "simulator",
        "base_url": "u",
        "account": "a",
        "request_id": "q",
        "cost": 5,
        "accepted_at": NOW - 100,
    }
    wants = (
        want(1, state=DONE, finished_at=NOW - 50, **receipt),
        want(2, state=G, due_at=NOW + 3, **{**receipt, "remote_id": "s"}),
        want(3),
    )
    applied = apply(ledger, *wants)
    assert (applied.added, applied.skipped) == (1, 2)
    done, running, queued = ledger.takes()
    assert (done.state, running.state, queued.state) == (DONE, G, Q)
    assert (done.finished_at, running.due_at) == (NOW - 50, NOW + 3)
    for name, value in {**receipt, "remote_id": "s"}.items():
        assert getattr(running, name) == value
    assert [event.note for event in ledger.history(running.id)] == ["found"]
    assert (running.creates, queued.creates) == (1, 0)


def test_ledger_has_no_other_state_to_be_wanted(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="downloading"):
        apply(ledger, want(state=State.DOWNLOADING))
    assert list(ledger.takes()) == []
    assert ledger.storyboards() == []


@pytest.mark.parametrize("start", [Q, State.HELD, CANCELLED])
@pytest.mark.parametrize("end", [DONE, G])
def test_ledger_unsent_take_follows_what_the_folder_shows(ledger: Ledger, start: State, end: State) -> None:
    apply(ledger, want())
    drive(ledger, only(ledger), start)
    (claimed, *_) = ledger.claim(Q, NOW, 1) or [None]
    applied = apply(ledger, want(state=end, remote_id="r", cost=5, accepted_at=NOW - 9), now=NOW + 1)
    assert (applied.added, applied.skipped) == (0, 1)
    take = only(ledger)
    assert (take.state, take.remote_id, take.claim) == (end, "r", "")
    assert ledger.history(take.id)[-1].note == "found"
    assert ledger.spend() == 5
    assert claimed is None or claimed.claim


def test_ledger_old_receipt_does_not_undo_a_retry(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), G, remote_id="old")
    take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
    ledger.record(take, Change(Q, "retry", fresh=True), NOW)
    apply(ledger, want(state=G, remote_id="old", accepted_at=NOW))
    assert only(ledger).state is Q
    apply(ledger, want(state=G, remote_id="never heard of", accepted_at=NOW))
    assert only(ledger).state is G


@pytest.mark.parametrize("state", [State.UNKNOWN, G, State.DOWNLOADING, DONE])
@pytest.mark.parametrize("shown", [DONE, G])
def test_ledger_never_moves_a_paid_take_by_the_folder(ledger: Ledger, state: State, shown: State) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), state)
    apply(ledger, want(state=shown, remote_id="other"))
    assert only(ledger) == take


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("shown", [DONE, G])
def test_ledger_moves_a_failed_take_by_a_purchase_it_never_heard_of_and_by_no_other(
    ledger: Ledger, shown: State, beside: bool
) -> None:
    """Bought anew, and then an older ledger was put back."""
    apply(ledger, want())
    take = drive(ledger, only(ledger), G, remote_id="old", cost=3, accepted_at=NOW)
    ledger.record(take, Change(State.FAILED, "failed"), NOW)
    for told in (want(state=shown, remote_id="old", wanted=not beside), want(state=DONE, wanted=not beside)):
        apply(ledger, told)
        assert (only(ledger).state, only(ledger).remote_id) == (State.FAILED, "old")
    apply(ledger, want(state=shown, remote_id="new", cost=5, accepted_at=NOW + 1, wanted=not beside))
    found = only(ledger)
    assert (found.state, found.remote_id, found.error) == (shown, "new", None)
    assert ledger.spend() == 8
    assert ledger.owned(["old", "new"]) == {"old", "new"}


def test_ledger_knows_its_intents_by_their_dates_whichever_way_the_clock_was_set(ledger: Ledger) -> None:
    apply(ledger, want())
    take = only(ledger)
    for at in (NOW, NOW - 3600):  # set back between two creates that were refused
        take = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), at)
        take = ledger.record(take, Change(Q, "refused", refused=True), at + 1)
    assert ledger.intents(take.id) == {NOW, NOW - 3600}
    for at in (NOW, NOW - 3600):
        apply(ledger, want(state=State.UNKNOWN, intent_at=at))
        assert only(ledger).state is Q
    apply(
        ledger, want(state=State.UNKNOWN, intent_at=NOW - 1800)
    )  # of a copy of this ledger that was lost since
    assert (only(ledger).state, only(ledger).intent_at) == (State.UNKNOWN, NOW - 1800)


def test_ledger_rename_moves_the_unsent_and_leaves_the_paid_where_they_are(ledger: Ledger) -> None:
    board_id = apply(ledger, want(1), want(2), want(3)).storyboard_id
    _one, two, three = ledger.takes()
    drive(ledger, two, G)
    drive(ledger, three, DONE)
    moved = [want(n, output=f"/new/{n}.mp4") for n in (1, 2, 3)]
    applied = ledger.apply(board("/new/storyboard.json", "/new", id=board_id), moved, NOW)
    assert applied == Applied(board_id, skipped=3)
    assert {take.storyboard for take in ledger.takes()} == {"/new/storyboard.json"}
    assert {take.root for take in ledger.takes()} == {"/new"}
    assert [take.output for take in ledger.takes()] == ["/new/1.mp4", want(2).output, want(3).output]
    assert ledger.counts("/vault") == dict.fromkeys(State, 0)
    assert ledger.counts("/new")[DONE] == 1
    assert [take.segment for take in ledger.claim(Q, NOW, 9, ["/new"])] == [1]


def test_ledger_rename_alone_brings_the_takes_along(ledger: Ledger) -> None:
    board_id = apply(ledger, want()).storyboard_id
    ledger.apply(board("/new/storyboard.json", "/new", id=board_id), None, NOW)
    assert (only(ledger).root, only(ledger).storyboard) == ("/new", "/new/storyboard.json")
    assert ledger.claim(Q, NOW, 1, ["/new"])


def test_ledger_moved_picture_reaches_the_queued_take(ledger: Ledger) -> None:
    request = Request("a cat", image="sha256:ab", image_path="/old/cat.png")
    wanted = replace(want(), request=request, fingerprint=request.fingerprint())
    apply(ledger, wanted)
    moved = replace(request, image_path="/new/cat.png")
    assert apply(ledger, replace(wanted, request=moved)).skipped == 1
    assert only(ledger).request == moved


def test_ledger_rename_onto_another_storyboard_lets_that_one_go(ledger: Ledger) -> None:
    first = apply(ledger, want(1)).storyboard_id
    other = apply(ledger, want(2), path="/vault/b.json").storyboard_id
    empty = ledger.apply(board("/vault/c.json"), None, NOW).storyboard_id
    ledger.apply(board("/vault/b.json", id=first), [want(1)], NOW)
    assert {row.id: row.state for row in ledger.storyboards()} == {first: "ok", other: "gone", empty: "ok"}
    assert states_of(ledger) == [Q, CANCELLED]
    ledger.apply(board("/vault/c.json", id=first), [want(1)], NOW)
    assert [row.id for row in ledger.storyboards()] == [other, first]  # the gone first, empty dropped
    with pytest.raises(LookupError):
        ledger.apply(board(id=99), None, NOW)


def test_ledger_two_storyboards_may_swap_their_names(ledger: Ledger) -> None:
    one = apply(ledger, want(1), path="/vault/a.json").storyboard_id
    two = apply(ledger, want(2), path="/vault/b.json").storyboard_id
    ledger.apply(board("/vault/b.json", id=one), [want(1)], NOW)
    ledger.apply(board("/vault/a.json", id=two), [want(2)], NOW)
    assert {row.id: (row.path, row.state) for row in ledger.storyboards()} == {
        one: ("/vault/b.json", "ok"),
        two: ("/vault/a.json", "ok"),
    }
    assert states_of(ledger) == [Q, Q]


def test_ledger_gone_storyboard_comes_back_as_itself(ledger: Ledger) -> None:
    board_id = apply(ledger, want()).storyboard_id
    ledger.touched()
    assert ledger.withdraw(board_id, "gone", NOW + 1) == 1
    assert ledger.touched() == {board_id}
    assert ledger.withdraw(board_id, "gone", NOW + 1) == 0
    assert (ledger.storyboards()[0].state, only(ledger).state) == ("gone", CANCELLED)
    assert apply(ledger, want()) == Applied(board_id, added=1)
    assert only(ledger).state is Q


def test_ledger_output_of_another_storyboard_is_not_bought_again(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    one, two = ledger.takes()
    drive(ledger, one, DONE)
    drive(ledger, two, State.FAILED)
    applied = apply(ledger, want(1), want(2), path="/vault/other.json")
    assert (applied.added, applied.skipped) == (1, 1)
    moved = apply(ledger, want(3, output="/vault/3.mp4"), path="/vault/third.json").storyboard_id
    applied = ledger.apply(board("/vault/third.json", id=moved), [want(3, output=one.output)], NOW)
    assert (applied.skipped, applied.cancelled) == (1, 1)


def test_ledger_invalid_storyboard_keeps_its_queue_until_it_is_withdrawn(ledger: Ledger) -> None:
    apply(ledger, want())
    problems = (Problem("storyboard.json", "Not JSON.", line=3), TROUBLE)
    row = board(
        state="invalid", problems=problems, content="", segments=4, copy_of="/x", rules="r", updated_at=NOW
    )
    board_id = ledger.apply(row, None, NOW).storyboard_id
    assert ledger.storyboards() == [replace(row, id=board_id)]
    assert ledger.storyboards("/vault") == ledger.storyboards()
    assert ledger.storyboards("/elsewhere") == []
    assert ledger.storyboards_of([board_id, board_id + 1]) == ledger.storyboards()
    assert ledger.storyboards_of([]) == []
    assert only(ledger).state is Q
    assert ledger.withdraw(board_id, "invalid", NOW) == 1


def test_ledger_finds_storyboards_by_content(ledger: Ledger) -> None:
    apply(ledger, path="/vault/a.json", content="x")
    gone = apply(ledger, path="/vault/b.json", content="x").storyboard_id
    apply(ledger, path="/vault/c.json", content="")
    ledger.withdraw(gone, "gone", NOW)
    assert {row.path for row in ledger.with_content("x")} == {"/vault/a.json", "/vault/b.json"}
    assert ledger.with_content("") == []


def test_ledger_again_queues_one_more_of_the_same(ledger: Ledger) -> None:
    apply(ledger, want(1, 1), want(1, 2), want(2))
    one, two, _other = ledger.takes()
    assert ledger.queue_another(one.id, lambda n: f"/vault/{n}.mp4", NOW) is None  # still open
    drive(ledger, one, DONE)
    assert ledger.queue_another(one.id, lambda n: f"/vault/{n}.mp4", NOW) is None  # the second take is
    drive(ledger, two, DONE)
    take = ledger.queue_another(one.id, lambda n: f"/vault/{n}.mp4", NOW + 1)
    assert take is not None
    assert (take.take, take.output, take.extra, take.state, take.creates) == (3, "/vault/3.mp4", True, Q, 0)
    assert (take.request, take.fingerprint, take.segment) == (one.request, one.fingerprint, 1)
    assert ledger.take(take.id) == take
    assert ledger.queue_another(one.id, lambda n: f"/vault/{n}.mp4", NOW + 2) is None
    assert ledger.queue_another(99, lambda n: f"/vault/{n}.mp4", NOW) is None


def test_ledger_extra_take_stays_while_its_text_does(ledger: Ledger) -> None:
    apply(ledger, want())
    first = drive(ledger, only(ledger), DONE)
    extra = ledger.queue_another(first.id, lambda n: f"/vault/{n}.mp4", NOW)
    assert extra is not None
    applied = apply(ledger, want())
    assert (applied.skipped, applied.cancelled, applied.kept) == (1, 0, 0)
    assert ledger.take(extra.id) == extra
    applied = apply(ledger, want(prompt="a dog"))
    assert (applied.added, applied.cancelled, applied.kept) == (1, 1, 1)


def test_ledger_applies_a_large_storyboard_whole_or_not_at_all(ledger: Ledger) -> None:
    wants = [want(n) for n in range(2_000)]
    with pytest.raises(ValueError, match="downloading"):
        apply(ledger, *wants, want(9_999, state=State.DOWNLOADING))
    assert ledger.counts()[Q] == 0
    assert apply(ledger, *wants).added == 2_000
    assert apply(ledger, *wants[:500]).cancelled == 1_500
    assert ledger.counts()[Q] == 500


# --- takes that go by other numbers or places ---------------------------------------------------------


def test_ledger_takes_change_places(ledger: Ledger) -> None:
    board_id = apply(ledger, want(1, prompt="a"), want(2, prompt="a")).storyboard_id
    one, two = ledger.takes()
    drive(ledger, one, DONE)
    same = replace(want(1, prompt="a"), segment=2)
    moved = [Moved(one.id, 2, 1, "/vault/2.mp4", True), Moved(two.id, 1, 1, "/vault/1.mp4", False)]
    ledger.apply(board(id=board_id), [same], NOW + 1, moved)
    after = {take.id: take for take in ledger.takes()}
    assert (after[one.id].segment, after[one.id].output, after[one.id].state) == (2, "/vault/2.mp4", DONE)
    assert (after[two.id].segment, after[two.id].output, after[two.id].state) == (
        1,
        "/vault/1.mp4",
        CANCELLED,
    )
    assert ledger.history(one.id)[-1].note == "moved"


@pytest.mark.parametrize("seen_done", [True, False])
def test_ledger_leaves_an_output_alone_that_was_delivered_meanwhile(ledger: Ledger, seen_done: bool) -> None:
    board_id = apply(ledger, want()).storyboard_id
    take = drive(ledger, only(ledger), DONE if not seen_done else G)
    ledger.apply(board(id=board_id), [want()], NOW, [Moved(take.id, 1, 1, "/new/1.mp4", seen_done)])
    assert only(ledger).output == take.output
    ledger.apply(board(id=board_id), [want()], NOW, [Moved(take.id, 1, 1, "/new/1.mp4", not seen_done)])
    assert only(ledger).output == "/new/1.mp4"


def test_ledger_hands_a_take_over_to_another_storyboard(ledger: Ledger) -> None:
    apply(ledger, want())
    take = drive(ledger, only(ledger), DONE)
    other = replace(board("/elsewhere/b.json"), root="/elsewhere")
    here = replace(want(), take=4)
    ledger.apply(other, [here], NOW, [Moved(take.id, here.segment, 4, "/elsewhere/x.mp4", True)])
    moved = only(ledger)
    assert (moved.id, moved.storyboard, moved.root, moved.take) == (
        take.id,
        "/elsewhere/b.json",
        "/elsewhere",
        4,
    )
    assert (moved.state, moved.output) == (DONE, "/elsewhere/x.mp4")
    assert ledger.counts("/elsewhere")[DONE] == 1
    assert ledger.counts(take.root)[DONE] == 0


def test_ledger_finds_takes_by_their_tasks(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2))
    take = drive(ledger, next(iter(ledger.takes())), DONE, remote_id="r1")
    assert [found.id for found in ledger.with_tasks([take.remote_id, "unheard", ""])] == [take.id]
    assert ledger.with_tasks([]) == []


def test_ledger_kin_are_the_storyboards_that_share_texts_or_tasks(ledger: Ledger) -> None:
    first = apply(ledger, want(1), want(2), want(3)).storyboard_id
    second = ledger.apply(board("/vault/b.json"), [want(1, output="/b/1.mp4")], NOW).storyboard_id
    take = drive(ledger, next(ledger.takes()), G, remote_id="r1")
    texts = {want(1).fingerprint, want(2).fingerprint, "other"}
    assert ledger.related_storyboards(texts, []) == {first: 2, second: 1}
    assert ledger.related_storyboards(texts, ["r1", "r2", ""]) == {first: 3, second: 1}
    assert ledger.related_storyboards([], [take.remote_id]) == {first: 1}
    assert ledger.related_storyboards([], []) == {}
    many = [f"f{number}" for number in range(1_000)]
    assert ledger.related_storyboards([*many, want(3).fingerprint], many) == {first: 1}


def test_ledger_holds_what_waits_for_the_user_and_does_not_buy_it_when_wanted_again(ledger: Ledger) -> None:
    held = want(state=State.HELD, error=TROUBLE, due_at=NOW + 999)
    assert apply(ledger, held).added == 1
    assert (only(ledger).state, only(ledger).error, only(ledger).due_at) == (State.HELD, TROUBLE, NOW + 999)
    apply(ledger)
    assert only(ledger).state is CANCELLED
    apply(ledger, held)
    assert (only(ledger).state, only(ledger).error) == (State.HELD, TROUBLE)


@pytest.mark.parametrize("start", [None, Q, CANCELLED])
def test_ledger_knows_a_failure_from_its_receipt(ledger: Ledger, start: State | None) -> None:
    if start is not None:
        apply(ledger, want())
        drive(ledger, only(ledger), start)
    apply(ledger, want(state=State.FAILED, remote_id="r", error=TROUBLE, cost=5, accepted_at=NOW - 9))
    take = only(ledger)
    assert (take.state, take.error, take.remote_id) == (State.FAILED, TROUBLE, "r")
    assert ledger.spend() == 5


@pytest.mark.parametrize("start", [None, Q, CANCELLED])
def test_ledger_takes_in_what_only_the_folder_tells_of(ledger: Ledger, start: State | None) -> None:
    if start is not None:
        apply(ledger, want(2))
        drive(ledger, only(ledger), start)
    beside = want(2, state=G, remote_id="r", accepted_at=NOW, wanted=False)
    further = want(1, 2, state=G, remote_id="s", accepted_at=NOW, wanted=False)
    apply(ledger, want(1), beside, further)
    told = {(take.segment, take.take): (take.state, take.extra) for take in ledger.takes()}
    assert told == {(1, 1): (Q, False), (1, 2): (G, True), (2, 1): (G, False)}
    assert apply(ledger, want(1)).kept == 1
    assert ledger.counts()[G] == 2
