"""Conformance: storyboards take turns, segments in order within each."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from ledger_samples import NOW, ROOT, apply, drive, want

from sorad.ledger.interface import Ledger
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change
from sorad.model import State, Take

LONG, SHORT = f"{ROOT}/long.json", f"{ROOT}/short.json"
_numbers = count(1)


def board(ledger: Ledger, path: str, *segments: int, **members: str | State) -> None:
    """A storyboard that asks for these segments; ``members`` of each."""
    wants = [want(n, prompt=f"{path} {n}", output=f"{path}/{n}.mp4", **members) for n in segments]
    apply(ledger, *wants, path=path, content=f"{path} {next(_numbers)}")


def told(takes: list[Take]) -> list[str]:
    return [f"{Path(take.storyboard).stem[0]}{take.segment}" for take in takes]


def slots(ledger: Ledger, number: int) -> list[str]:
    """What takes the slots that come free, one after the other."""
    expected = told(ledger.next_up(number))
    found = [one for _slot in range(number) for one in told(ledger.claim(State.QUEUED, NOW, 1))]
    assert expected == found
    return found


def test_a_short_storyboard_beside_a_long_one_has_the_next_slot_but_one(ledger: Ledger) -> None:
    board(ledger, LONG, *range(1, 101))
    assert slots(ledger, 20) == [f"l{n}" for n in range(1, 21)]
    board(ledger, SHORT, 1, 2)
    assert slots(ledger, 6) == ["l21", "s1", "l22", "s2", "l23", "l24"]


def test_storyboards_of_several_folders_take_turns_as_far_as_their_disks_have_room(ledger: Ledger) -> None:
    for name in ("a", "b", "c"):
        wants = [want(n, prompt=f"{name} {n}", output=f"/{name}/{n}.mp4") for n in (1, 2, 3)]
        apply(ledger, *wants, path=f"/{name}/{name}.json", root=f"/{name}", content=name)
    assert told(ledger.claim(State.QUEUED, NOW, 5, {"/a": 9, "/b": 1, "/c": 0})) == ["a1", "b1", "a2", "a3"]
    assert told(ledger.claim(State.QUEUED, NOW, 3)) == ["c1", "b2", "c2"]


def test_an_edit_keeps_the_segments_in_order(ledger: Ledger) -> None:
    board(ledger, LONG, 1, 5, 6, 7)
    board(ledger, SHORT, *range(1, 9))
    assert slots(ledger, 2) == ["l1", "s1"]
    board(ledger, LONG, 1, 2, 3, 5, 6)
    assert slots(ledger, 8) == ["s2", "l2", "s3", "l3", "l5", "s4", "l6", "s5"]


def test_an_edited_storyboard_does_not_wait_for_what_it_no_longer_asks_for(ledger: Ledger) -> None:
    board(ledger, LONG, *range(1, 100))
    board(ledger, SHORT, *range(1, 100))
    board(ledger, SHORT, *range(201, 300))
    assert slots(ledger, 4) == ["l1", "s201", "l2", "s202"]


def test_what_was_held_and_is_released_overtakes_nobody(ledger: Ledger) -> None:
    board(ledger, SHORT, *range(1, 9), state=State.HELD)
    board(ledger, LONG, *range(1, 30))
    assert slots(ledger, 10) == [f"l{n}" for n in range(1, 11)]
    for take in list(ledger.takes(states=[State.HELD])):
        ledger.record(take, Change(State.QUEUED, "approved", due_at=NOW), NOW)
    assert slots(ledger, 6) == ["s1", "l11", "s2", "l12", "s3", "l13"]


def test_what_is_tried_again_waits_for_nobody_and_what_is_bought_again_waits_its_turn(ledger: Ledger) -> None:
    board(ledger, LONG, 1, 2, 3, 4)
    board(ledger, SHORT, 1, 2, 3)
    first, other = ledger.claim(State.QUEUED, NOW, 2)
    ledger.release(other, NOW + 5)
    intent = ledger.record(first, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), NOW)
    ledger.record(intent, Change(State.QUEUED, "refused", due_at=NOW, refused=True), NOW)
    assert told(ledger.claim(State.QUEUED, NOW, 2)) == ["l1", "l2"]
    assert told(ledger.claim(State.QUEUED, NOW + 5, 2)) == ["s1", "s2"]
    done = drive(ledger, next(iter(ledger.takes(storyboard=LONG, segment=3))), State.DONE)
    assert ledger.queue_another(done.id, lambda number: f"/again/{number}.mp4", NOW)
    assert slots(ledger, 3) == ["s3", "l4", "l3"]


def test_turns_outlive_a_restart(tmp_path: Path) -> None:
    ledger = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    board(ledger, LONG, *range(1, 50))
    assert slots(ledger, 10)[-1] == "l10"
    ledger.close()
    ledger = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    board(ledger, SHORT, 1, 2)
    assert slots(ledger, 4) == ["l11", "s1", "l12", "s2"]
    ledger.close()


@pytest.mark.parametrize("targets", [None, ["", "b"]])
def test_a_claim_goes_along_an_index_and_sorts_nothing(tmp_path: Path, targets: list[str] | None) -> None:
    ledger = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    board(ledger, LONG, 1, 2, 3)
    asked: list[str] = []
    real = ledger._db.rows

    def rows(sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        asked.extend(str(row[3]) for row in real(f"EXPLAIN QUERY PLAN {sql}", values) if "turn, id" in sql)
        return real(sql, values)

    ledger._db.rows = rows  # type: ignore[method-assign]
    assert ledger.claim(State.QUEUED, NOW, 2, [ROOT], targets=targets)
    assert asked
    assert all("INDEX takes_t" in line and "TEMP B-TREE" not in line for line in asked), asked
    ledger.close()
