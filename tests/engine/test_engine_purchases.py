"""What becomes of a create and its task, as tables: adopted, given up, sent more than once, sent elsewhere."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from test_engine_pure import POLLING, WHAT, fault, take

from sorad.claim import doubles
from sorad.claim.doubles import Double
from sorad.delivery.outcome import Obstacle
from sorad.engine.decide.ambiguous import adopt, for_the_user
from sorad.engine.decide.paid_twice import ANOTHERS, NO_PLACE, NOT_SENT, creates_that_left
from sorad.engine.decide.parties import memory_key, whose
from sorad.engine.decide.rescue import Patience, Place, due
from sorad.engine.decide.transitions import GIVEN_UP_AT, Verdict, after_create, is_given_up
from sorad.ledger.values import Event, Party
from sorad.model import State
from sorad.providers.base import Accepted, Trouble, Unknown

NOW = 10_000.0


def test_what_is_accepted_or_adopted_must_be_this_takes_alone() -> None:
    accepted = after_create(take(), Accepted("t1", "q", 70), 30, POLLING, NOW).change
    assert (accepted.remote_id, accepted.sole, accepted.cost) == ("t1", True, 70), (
        "the provider's own price counts"
    )
    adopted = adopt(take(state=State.UNKNOWN), "t1", NOW)
    assert (adopted.to, adopted.remote_id, adopted.sole) == (State.GENERATING, "t1", True)


@pytest.mark.parametrize(
    ("created_at", "accepted_at"),
    [(None, NOW), (9_500.0, 9_500.0), (100.0, 9_000.0), (NOW + 1e6, NOW)],
)
def test_an_adopted_task_counts_between_its_intent_and_now(
    created_at: Optional[float], accepted_at: float
) -> None:
    """Another clock's date must not move its money to another day."""
    change = adopt(take(state=State.UNKNOWN, intent_at=9_000.0), "t1", NOW, created_at)
    assert change.accepted_at == accepted_at


@pytest.mark.parametrize(
    ("trouble", "known", "verdict"),
    [
        (Trouble.PAGE, False, Verdict.HALT),  # a wrong address
        (Trouble.PAGE, True, Verdict.ERROR),  # it worked before: a proxy in trouble
        (Trouble.SERVER, False, Verdict.ERROR),
    ],
)
def test_a_web_page_halts_buying_where_no_create_was_ever_answered(
    trouble: Trouble, known: bool, verdict: Verdict
) -> None:
    result = after_create(take(), Unknown(fault(trouble)), 30, POLLING, NOW, known)
    assert (result.change.to, result.verdict) == (State.UNKNOWN, verdict)


@pytest.mark.parametrize(
    ("waited", "parked"), [(10.0, None), (POLLING.give_up_after - 1, None), (POLLING.give_up_after, True)]
)
def test_a_lost_create_holds_its_slot_no_longer_than_a_task_may(
    waited: float, parked: Optional[bool]
) -> None:
    change = for_the_user(take(state=State.UNKNOWN, intent_at=NOW - waited), "waits", WHAT, POLLING, NOW)
    assert (change.to, change.parked) == (State.UNKNOWN, parked)
    assert change.due_at is not None
    assert change.due_at > NOW


@pytest.mark.parametrize(
    ("trouble", "finished_at", "attempt", "gone"),
    [
        (Trouble.EXPIRED, 5.0, GIVEN_UP_AT, True),
        (Trouble.BAD_FILE, 5.0, GIVEN_UP_AT, True),
        (Trouble.EXPIRED, 5.0, GIVEN_UP_AT - 1, False),
        (Trouble.EXPIRED, None, GIVEN_UP_AT, False),  # one that never came is asked for on
        (Trouble.SERVER, 5.0, GIVEN_UP_AT, False),
    ],
)
def test_a_video_that_is_fetched_again_is_gone_when_the_provider_says_so_often_enough(
    trouble: Trouble, finished_at: Optional[float], attempt: int, gone: bool
) -> None:
    one = take(state=State.DOWNLOADING, finished_at=finished_at, attempt=attempt)
    assert is_given_up(one, fault(trouble)) is gone


def test_creates_that_left_are_those_that_were_not_called_back() -> None:
    def lived(*notes: tuple[State, str]) -> list[float]:
        history = [Event(1, float(at), state, note) for at, (state, note) in enumerate(notes)]
        return [event.at for event in creates_that_left(history)]

    intent, queued = (State.SUBMITTING, "intent"), State.QUEUED
    assert lived(intent) == [0.0], "its end is not written yet"
    assert lived(intent, (State.UNKNOWN, "unknown"), (queued, "not accepted"), intent) == [0.0, 3.0]
    assert lived(intent, (queued, "refused"), intent) == [0.0, 2.0], "a refused one may be there all the same"
    for note in (NOT_SENT, NO_PLACE, ANOTHERS):
        assert lived(intent, (queued, note), intent) == [2.0]


def test_what_was_sent_is_seen_to_by_its_account_or_one_at_its_address() -> None:
    a, other_key, elsewhere = Party("x", "u", "a"), Party("x", "u", "b"), Party("x", "w", "c")
    assert whose(a, [elsewhere, other_key, a]) == a
    assert whose(a, [elsewhere, other_key]) == other_key
    assert whose(a, [elsewhere]) is None
    assert (memory_key("gate", ""), memory_key("gate", "k")) == ("gate", "gate:k")


@pytest.mark.parametrize(
    ("obstacle", "root", "folder", "at"),
    [
        (Obstacle.GONE, True, False, 100.0),  # the storyboard's folder was deleted
        (Obstacle.GONE, False, False, 5_000.0),  # the whole root is away: it comes back
        (Obstacle.GONE, True, True, 5_000.0),
        (Obstacle.FULL, True, False, 5_000.0),
    ],
)
def test_a_video_is_rescued_soon_only_where_its_folder_alone_is_gone(
    obstacle: Obstacle, root: bool, folder: bool, at: float
) -> None:
    patience = Patience(folder=100.0, place=5_000.0)
    assert due([], obstacle, Place(root, folder), patience, 0.0) == at


class Memory:
    """What a ledger remembers."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def recall(self, key: str) -> Any:
        return self._kept.get(key)

    def remember(self, key: str, value: Any) -> None:
        self._kept[key] = value


def test_of_many_double_payments_the_latest_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Memory()
    monkeypatch.setattr(doubles, "REMEMBERED", 4)
    for number in range(7):
        one = Double(number, "/v", f"t{number}", 5, f"u{number}", "studio", 5, "USD")
        assert doubles.tell(ledger, one)  # type: ignore[arg-type]
        if number == 0:
            assert not doubles.tell(ledger, one)  # type: ignore[arg-type]
    kept = [one.take for one in doubles.unseen(ledger)]  # type: ignore[arg-type]
    assert kept == [3, 4, 5, 6]
