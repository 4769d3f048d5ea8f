"""Which write makes a purchase, and which settles one: the pure table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest

from sorad.ledger.purchases import Entry, charged_at, entry
from sorad.model import Request, State, Take

TAKE = Take(1, 1, "/v", "/v/s.json", 1, 1, "f", Request("a cat"), State.QUEUED, "/v/1.mp4", 0.0)
SENT: dict[str, Any] = {"intent_at": 5.0, "cost": 9}
ACCEPTED: dict[str, Any] = {**SENT, "remote_id": "r", "accepted_at": 7.0}
Step = tuple[State, dict[str, Any]]

# A proved refusal, or a create that never left, is told by the change, not by the states.
REFUSED: list[tuple[Step, Step]] = [
    ((State.SUBMITTING, SENT), (State.QUEUED, SENT)),
    ((State.SUBMITTING, SENT), (State.CANCELLED, SENT)),
    ((State.SUBMITTING, SENT), (State.FAILED, SENT)),
]
TABLE: list[tuple[Optional[Step], Step, Entry]] = [
    (None, (State.QUEUED, {}), Entry.NONE),
    (None, (State.GENERATING, ACCEPTED), Entry.NEW),
    (None, (State.DONE, {"remote_id": "r"}), Entry.NEW),
    (None, (State.DONE, {}), Entry.NONE),
    ((State.QUEUED, {}), (State.HELD, {"cost": 9}), Entry.NONE),
    ((State.QUEUED, {}), (State.SUBMITTING, SENT), Entry.NEW),
    ((State.QUEUED, ACCEPTED), (State.SUBMITTING, SENT), Entry.NEW),
    ((State.QUEUED, ACCEPTED), (State.HELD, ACCEPTED), Entry.NONE),
    ((State.QUEUED, ACCEPTED), (State.FAILED, ACCEPTED), Entry.NONE),
    ((State.QUEUED, {}), (State.DONE, ACCEPTED), Entry.NEW),
    ((State.SUBMITTING, SENT), (State.GENERATING, ACCEPTED), Entry.CURRENT),
    ((State.SUBMITTING, SENT), (State.UNKNOWN, SENT), Entry.NONE),
    ((State.SUBMITTING, SENT), (State.QUEUED, SENT), Entry.NONE),
    ((State.SUBMITTING, SENT), (State.FAILED, SENT), Entry.NONE),
    ((State.UNKNOWN, SENT), (State.QUEUED, SENT), Entry.NONE),
    ((State.UNKNOWN, SENT), (State.CANCELLED, SENT), Entry.NONE),
    ((State.UNKNOWN, SENT), (State.FAILED, {**SENT, "cost": 8}), Entry.CURRENT),
    ((State.GENERATING, ACCEPTED), (State.GENERATING, ACCEPTED), Entry.NONE),
    ((State.GENERATING, ACCEPTED), (State.DOWNLOADING, {**ACCEPTED, "cost": 8}), Entry.CURRENT),
    ((State.GENERATING, ACCEPTED), (State.FAILED, ACCEPTED), Entry.NONE),
    ((State.FAILED, ACCEPTED), (State.QUEUED, {**ACCEPTED, "cost": 8}), Entry.NONE),
    ((State.FAILED, ACCEPTED), (State.GENERATING, ACCEPTED), Entry.NONE),
    ((State.FAILED, ACCEPTED), (State.GENERATING, {**ACCEPTED, "remote_id": "s"}), Entry.NEW),
]


@pytest.mark.parametrize(("before", "after", "expected"), TABLE)
def test_ledger_purchase_of_a_write(before: Optional[Step], after: Step, expected: Entry) -> None:
    old = None if before is None else replace(TAKE, state=before[0], **before[1])
    assert entry(old, replace(TAKE, state=after[0], **after[1])) is expected


@pytest.mark.parametrize(("before", "after"), REFUSED)
def test_ledger_purchase_that_was_refused_is_none(before: Step, after: Step) -> None:
    old = replace(TAKE, state=before[0], **before[1])
    assert entry(old, replace(TAKE, state=after[0], **after[1]), refused=True) is Entry.VOID


@pytest.mark.parametrize(
    ("state", "members", "expected"),
    [
        (State.SUBMITTING, SENT, 5.0),
        (State.UNKNOWN, SENT, 5.0),
        (State.GENERATING, SENT, 5.0),
        (State.GENERATING, ACCEPTED, 7.0),
        (State.FAILED, ACCEPTED, 7.0),
        (State.FAILED, SENT, 5.0),
        (State.QUEUED, {}, None),
        (State.DONE, {}, None),
    ],
)
def test_ledger_purchase_is_charged_from(
    state: State, members: dict[str, Any], expected: Optional[float]
) -> None:
    assert charged_at(replace(TAKE, state=state, **members)) == expected
