"""Right before a create: whatever came up since its take was admitted keeps it back, and costs nothing.

The loop asks most of this before it admits a take; here it comes up afterwards, or while the price is asked for.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Optional

import pytest
from intake_stage import Stage
from world import PRICE, SAID, START

from sorad.engine.decide.gate import Gate
from sorad.engine.state.first_create import place_of
from sorad.engine.steps import dedupe, write_intent
from sorad.engine.steps.context import Locks
from sorad.engine.steps.guard import guarded
from sorad.engine.steps.submit import submit
from sorad.engine.steps.takeover import take_create_over, take_over_below
from sorad.layout import intent_path, receipt_path
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change
from sorad.model import State, Take, units
from sorad.problems import Problem
from sorad.providers.base import Fault, Trouble
from sorad.receipts.receipt import Payer, read_receipt, write_receipt
from sorad.receipts.writing import receipt_of

Act = Callable[[Stage, Take], object]


def claimed(stage: Stage, *texts: str) -> Take:
    """A take that was admitted: the first of the vault's."""
    if texts:
        stage.board("storyboard_a.json", texts)
    stage.until("queued")
    stage.control.pause(paused=False)
    takes = stage.raw.claim(State.QUEUED, stage.clock.time(), 9)
    return min(takes, key=lambda take: (take.storyboard, take.segment))


def meanwhile(stage: Stage, act: Callable[[], object]) -> None:
    """It happens while the price is asked for."""

    def once() -> None:
        stage.provider.pause = lambda: None
        act()

    stage.provider.pause = once


def send(stage: Stage, take: Take) -> Take:
    """Submit it; the take afterwards."""
    guarded(submit, stage.context, take)
    after = stage.raw.take(take.id)
    assert after is not None
    return after


def folders(name: str) -> Act:
    """One of the questions about folders is answered with no ("ready") or yes."""
    return lambda stage, take: setattr(
        stage.context, "folders", replace(stage.context.folders, **{name: lambda _place: name != "ready"})
    )


def process(**members: Callable[[], bool]) -> Act:
    return lambda stage, take: setattr(stage.context, "process", replace(stage.context.process, **members))


def paused(stage: Stage, take: Take) -> None:
    stage.control.pause(paused=True)


def stopped(stage: Stage, take: Take) -> None:
    stage.control.stop_for_user(Problem("provider.lost", "creates were lost."))


def halted(stage: Stage, take: Take) -> None:
    stage.control.stop_buying(Fault(Trouble.KEY, SAID))


def gate_closed(stage: Stage, take: Take) -> None:
    stage.control._gate = Gate(30.0, stage.clock.time() + 30.0, 30.0)


def another_buys(stage: Stage, take: Take) -> None:
    stage.context.claims = replace(stage.context.claims, guard=lambda _take: stage.clock.time() + 30.0)


def sent(stage: Stage, take: Take, *, unknown: bool = True) -> None:
    """Its create left and its answer was lost, or is awaited."""
    account = stage.provider.account
    change = Change(State.SUBMITTING, "intent", intent=True, account=account, keep_claim=True)
    left = stage.raw.record(take, change, stage.clock.time())
    if unknown:
        stage.raw.record(left, Change(State.UNKNOWN, "unknown"), stage.clock.time())


def only_unknown(stage: Stage) -> Take:
    (take,) = stage.raw.takes(states=[State.UNKNOWN])
    return take


def priced() -> Change:
    """Its create is found: it has cost its price."""
    return Change(State.GENERATING, "adopted", remote_id="other", cost=PRICE, accepted_at=START)


def twin_unknown(stage: Stage, take: Take) -> None:
    (twin,) = (one for one in stage.raw.takes(states=[State.QUEUED]) if one.id != take.id)
    sent(stage, twin)


KEPT_BACK: dict[str, Act] = {
    "its root was not read yet": folders("ready"),
    "its disk is away": folders("is_away"),
    "its storyboard is being edited": folders("is_edited"),
    "sorad ends": process(stopping=lambda: True),
    "the ledger was deleted": process(has_ledger=lambda: False),
    "the user paused": paused,
    "buying was stopped": stopped,
    "buying is halted": halted,
    "creates are being refused": gate_closed,
    "another machine buys": another_buys,
    "an equal one may have been accepted": twin_unknown,
}


@pytest.mark.parametrize("act", KEPT_BACK.values(), ids=KEPT_BACK)
def test_what_came_up_since_it_was_admitted_keeps_it_back(stage: Stage, act: Act) -> None:
    take = claimed(stage, "one", "one")
    act(stage, take)
    after = send(stage, take)
    assert stage.provider.creates == 0
    assert (after.state, after.claim, after.creates) == (State.QUEUED, "", 0)


WHILE_ASKED = ("its storyboard is being edited", "the user paused", "buying was stopped", "buying is halted")


@pytest.mark.parametrize(
    "what", [*WHILE_ASKED, "creates are being refused", "an equal one may have been accepted"]
)
def test_so_does_what_comes_up_while_the_price_is_asked_for(stage: Stage, what: str) -> None:
    take = claimed(stage, "one", "one")
    meanwhile(stage, partial(KEPT_BACK[what], stage, take))
    after = send(stage, take)
    assert stage.provider.creates == 0
    assert (after.state, after.claim, after.creates) == (State.QUEUED, "", 0)


def test_a_text_that_another_storyboard_begins_to_buy_meanwhile_is_waited_for(stage: Stage) -> None:
    stage.board("storyboard_a.json", ["one"])
    stage.board("storyboard_b.json", ["one", "two"])
    take = claimed(stage)
    (other,) = (
        one
        for one in stage.raw.takes(states=[State.QUEUED])
        if one.storyboard.endswith("b.json") and one.request.prompt == "one"
    )
    meanwhile(stage, lambda: sent(stage, other, unknown=False))
    assert take.storyboard.endswith("a.json")
    assert (send(stage, take).state, stage.provider.creates) == (State.QUEUED, 0)


def test_a_second_create_waits_for_the_answer_to_the_first_at_a_place(stage: Stage) -> None:
    take = claimed(stage, "one")
    place = place_of(stage.provider.base_url, stage.config.provider, take.request)
    with stage.control.first.alone(place) as may:
        assert may
        assert (send(stage, take).state, stage.provider.creates) == (State.QUEUED, 0)
    (again,) = stage.raw.claim(State.QUEUED, stage.clock.time(), 1)
    assert (send(stage, again).state, stage.provider.creates) == (State.GENERATING, 1)


@pytest.mark.parametrize("leaves", [True, False])
def test_no_more_creates_leave_for_a_take_than_may(stage: Stage, leaves: bool) -> None:
    take = claimed(stage, "one")
    for _number in range(stage.config.limits.max_creates_per_take - leaves):
        left = stage.raw.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), 1.0)
        take = stage.raw.record(left, Change(State.QUEUED, "not accepted", keep_claim=True), 1.0)
    after = send(stage, take)
    assert after.state is (State.GENERATING if leaves else State.FAILED)
    assert stage.provider.creates == leaves


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize(
    ("day", "spent", "leaves"), [(1, 0, True), (0.9, 0, False), (2, 1, True), (1.9, 1, False)]
)
def test_the_day_s_budget_is_asked_right_before_the_intent(
    tmp_path: Path, day: float, spent: int, leaves: bool, approved: bool
) -> None:
    """``day`` and ``spent`` in takes. An approval is for the price of a storyboard, not for more than a day's money."""
    stage = Stage(1, tmp_path / "w", budget={"per_day": day * units(PRICE)})
    take = claimed(stage, "one", "two")
    if spent:
        sent(stage, next(one for one in stage.raw.takes() if one.id != take.id))
        stage.raw.record(only_unknown(stage), priced(), stage.clock.time())
    if approved:
        take = stage.raw.record(take, Change(State.QUEUED, "approved", approved=True, keep_claim=True), 1.0)
    after = send(stage, take)
    assert (after.state, stage.provider.creates) == ((State.GENERATING, 1) if leaves else (State.HELD, 0))
    if not leaves:
        assert after.error is not None
        assert (after.error.code, after.due_at < stage.clock.time() + 2 * 86_400) == ("budget.day", True)
    assert stage.raw.spend() == (spent + leaves) * PRICE
    stage.close()


class Watched:
    """A lock that tells when somebody waits for it."""

    def __init__(self) -> None:
        self._lock, self.wanted = threading.Lock(), threading.Event()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self.wanted.set()
            self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def test_no_two_share_the_last_of_a_budget(tmp_path: Path) -> None:
    stage = Stage(1, tmp_path / "w", budget={"per_day": units(PRICE)})
    first = claimed(stage, "one", "two")
    (second,) = (take for take in stage.raw.takes() if take.id != first.id)
    stage.control.first.answered(place_of(stage.provider.base_url, stage.config.provider, first.request))
    lock, spend = Watched(), stage.raw.spend
    stage.context.ledger, stage.context.locks = stage.raw, Locks(lock)  # type: ignore[arg-type]
    other = threading.Thread(target=guarded, args=(submit, stage.context, second))

    def slow(*args: Any) -> int:
        """The other one comes while the first has looked what is spent, and has not written its intent."""
        stage.raw.spend = spend  # type: ignore[method-assign]
        found = spend(*args)
        other.start()
        while other.is_alive() and not lock.wanted.is_set():
            time.sleep(0.001)
        return found

    stage.raw.spend = slow  # type: ignore[method-assign]
    send(stage, first)
    other.join()
    assert stage.provider.creates == 1
    assert {take.state for take in stage.raw.takes()} == {State.GENERATING, State.HELD}
    stage.close()


# --- the folder ---------------------------------------------------------------------------------------------


def denied(*_args: Any, **_kwargs: Any) -> Any:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_place_that_cannot_be_looked_at_is_looked_at_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = claimed(stage, "one")
    monkeypatch.setattr(dedupe, "observed", denied)
    after = send(stage, take)
    assert (after.state, after.claim, stage.provider.creates) == (State.QUEUED, "", 0)
    assert after.due_at > stage.clock.time()


def test_a_folder_that_takes_no_intent_gets_no_create(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    take = claimed(stage, "one")
    monkeypatch.setattr(write_intent, "write_intent_for", lambda *_args: OSError(errno.EROFS, "read-only"))
    after = send(stage, take)
    assert (after.state, after.creates, stage.provider.creates) == (State.QUEUED, 0, 0)
    assert after.error is not None
    assert stage.raw.spend() == 0, "it never left"


def foreign(take: Take, state: State, at: float, name: str = "b" * 16) -> None:
    """Another sorad has announced, or bought, it."""
    bought = replace(take, state=state, remote_id="theirs" if state is State.DONE else "", intent_at=at)
    receipt = receipt_of(bought, "USD", payer=Payer(name, "studio"))
    Path(take.output).parent.mkdir(parents=True, exist_ok=True)
    if state is State.DONE:
        write_receipt(Path(take.output), receipt)
    else:
        intent_path(Path(take.output)).write_bytes(receipt.to_bytes())


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("when", ["before", "while the price is asked for"])
def test_what_another_sorad_has_announced_is_left_to_it(stage: Stage, when: str, approved: bool) -> None:
    take = claimed(stage, "one")
    if approved:
        take = stage.raw.record(take, Change(State.QUEUED, "approved", approved=True, keep_claim=True), 1.0)
    announce = partial(foreign, take, State.SUBMITTING, stage.clock.time())
    if when == "before":
        announce()
    else:
        meanwhile(stage, announce)
    after = send(stage, take)
    assert (after.state, stage.provider.creates) == (State.HELD, 0)
    assert after.error is not None
    assert (after.error.code, stage.raw.spend()) == ("take.other_intent", 0)
    assert intent_path(Path(take.output)).exists(), "it is not ours to remove"


def test_what_another_announced_and_nobody_wants_any_more_is_not_held(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the intent in the ledger and the one in the folder, another lays its own, and the storyboard goes."""
    take, lay = claimed(stage, "one"), write_intent.write_intent_for

    def too_late(intent: Take, *rest: Any) -> object:
        foreign(take, State.SUBMITTING, stage.clock.time())
        stage.raw.withdraw(intent.storyboard_id, "gone", stage.clock.time())
        return lay(intent, *rest)

    monkeypatch.setattr(write_intent, "write_intent_for", too_late)
    after = send(stage, take)
    assert (after.state, after.claim, stage.provider.creates) == (State.CANCELLED, "", 0)


def held_for_another(stage: Stage, at: float, **other: object) -> Take:
    """A take for which another sorad has announced a create ``at``; ``other``: what its intent says besides."""
    take = claimed(stage, "one")
    foreign(take, State.SUBMITTING, at)
    path = intent_path(Path(take.output))
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **other}), "utf-8")
    return send(stage, take)


@pytest.mark.parametrize(
    ("path", "count"), [("", 1), ("ep1/storyboard_a.json", 1), ("..", 1), ("../vault2", 0)]
)
def test_what_is_claimed_takes_over_what_was_announced_in_its_root_and_no_other(
    stage: Stage, path: str, count: int
) -> None:
    held = held_for_another(stage, stage.clock.time())
    place = os.path.normpath(stage.vault_dir / path)
    now = stage.clock.time() + 99.0
    assert take_over_below(stage.raw, place, stage.context.claims.payer, "USD", now) == count
    (after,) = stage.takes()
    assert after.state is (State.UNKNOWN if count else State.HELD), held.error


def test_what_is_taken_over_is_looked_up_since_it_was_announced_where_it_was_sent(stage: Stage) -> None:
    """Its task may be as old as the intent; who looks only since now finds none, and buys it again."""
    at = stage.clock.time() - 7_200.0
    told = {"provider": "sora_hk", "base_url": "https://other.invalid/v1", "account": "acc9", "cost": 0.5}
    held = held_for_another(stage, at, **told)
    now, mine = stage.clock.time(), Payer("a" * 16, "mine")
    after = take_create_over(stage.raw, held, mine, "USD", now)
    assert after is not None
    assert (after.state, after.intent_at, after.base_url, after.account) == (
        State.UNKNOWN,
        at,
        "https://other.invalid/v1",
        "acc9",
    )
    assert stage.raw.spend() == 500_000, "it may be paid for"
    ours = read_receipt(intent_path(Path(held.output)))
    assert ours is not None
    assert (ours.payer, ours.submitted_at, ours.account) == (mine, at, "acc9")
    # What settles another create, or a text of another take, tells nothing of this one.
    assert take_create_over(stage.raw, after, mine, "USD", now) is None or after.state is State.UNKNOWN


@pytest.mark.parametrize("known", [False, True])
def test_an_intent_of_our_own_that_the_ledger_lost_is_looked_up_and_not_sent_again(
    stage: Stage, known: bool
) -> None:
    take = claimed(stage, "one")
    at = stage.clock.time() - 50.0
    if known:  # its end is known: a list did not show it
        left = stage.raw.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), at)
        take = stage.raw.record(left, Change(State.QUEUED, "not accepted", keep_claim=True), at)
    foreign(take, State.SUBMITTING, at, stage.context.claims.payer(take.root).id)
    after = send(stage, take)
    assert (after.state, stage.provider.creates) == ((State.GENERATING, 1) if known else (State.UNKNOWN, 0))


@pytest.mark.parametrize("when", ["before", "while the price is asked for"])
def test_what_another_sorad_has_bought_is_not_bought(stage: Stage, when: str) -> None:
    take = claimed(stage, "one")
    buy = partial(foreign, take, State.DONE, stage.clock.time())
    if when == "before":
        buy()
    else:
        meanwhile(stage, buy)
    send(stage, take)
    assert stage.provider.creates == 0
    if when != "before":
        assert stage.raw.spend() == 0
        assert not intent_path(Path(take.output)).exists(), "ours goes again"


def test_a_receipt_of_another_text_between_look_and_intent_is_no_purchase_of_this_one(stage: Stage) -> None:
    take = claimed(stage, "one")
    other = replace(take.request, prompt="another")
    beside = str(Path(take.output).with_name(f"1_v1_{other.fingerprint()[:8]}.mp4"))
    strange = replace(take, request=other, fingerprint=other.fingerprint(), output=beside)
    meanwhile(stage, partial(foreign, strange, State.DONE, stage.clock.time()))
    assert (send(stage, take).state, stage.provider.creates) == (State.GENERATING, 1)


# --- the ledger ---------------------------------------------------------------------------------------------


class Refusing:
    """A ledger that cannot be written where a change is noted so."""

    def __init__(self, ledger: Any, note: str) -> None:
        self._ledger, self._note = ledger, note

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def record(self, take: Take, change: Change, now: float) -> Take:
        if change.note == self._note:
            raise LedgerUnavailable("disk full")
        return self._ledger.record(take, change, now)  # type: ignore[no-any-return]


def test_without_its_intent_in_the_ledger_no_create_leaves(stage: Stage) -> None:
    take = claimed(stage, "one")
    stage.context.ledger = Refusing(stage.raw, "intent")  # type: ignore[assignment]
    after = send(stage, take)
    assert (after.state, after.claim, stage.provider.creates) == (State.QUEUED, "", 0)


def test_an_id_that_the_ledger_cannot_be_told_is_told_by_the_folder(stage: Stage) -> None:
    take, told = claimed(stage, "one"), list[Optional[bool]]()
    stage.context.ledger = Refusing(stage.raw, "accepted")  # type: ignore[assignment]

    def pause(_seconds: float) -> None:
        told.append(receipt_path(Path(take.output)).exists())
        stage.context.ledger = stage.raw

    stage.context.process = replace(stage.context.process, pause=pause)
    assert send(stage, take).state is State.GENERATING
    assert told == [True]


def test_an_intent_tells_what_it_may_cost_and_where_before_the_create_leaves(stage: Stage) -> None:
    take, seen = claimed(stage, "one"), list[Optional[Take]]()
    create = stage.provider.create

    def watched(*request: Any) -> Any:
        seen.append(stage.raw.take(take.id))
        assert intent_path(Path(take.output)).exists()
        assert stage.raw.spend() == PRICE
        return create(*request)

    stage.provider.create = watched  # type: ignore[method-assign]
    after = send(stage, take)
    (intent,) = seen
    assert intent is not None
    assert (intent.state, intent.claim, intent.creates) == (State.SUBMITTING, take.claim, 1)
    assert (intent.cost, intent.account) == (PRICE, stage.provider.account)
    assert (after.state, after.claim, stage.raw.spend()) == (State.GENERATING, "", PRICE)
    assert receipt_path(Path(take.output)).exists()
    assert not intent_path(Path(take.output)).exists()


def test_a_step_that_crashes_after_the_intent_leaves_its_create_unknown(stage: Stage) -> None:
    def broken(*_request: Any) -> Any:
        raise ZeroDivisionError

    stage.provider.create = broken  # type: ignore[method-assign]
    stage.context.process = replace(stage.context.process, crashed=lambda problem: None)
    after = send(stage, claimed(stage, "one"))
    assert (after.state, after.creates, after.claim) == (State.UNKNOWN, 1, "")
    assert stage.raw.spend() == PRICE
