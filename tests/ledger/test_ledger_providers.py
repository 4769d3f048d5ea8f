"""Several providers in one ledger: what is claimed, what counts, whose an id is; and ledgers of before."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_samples import NOW, ROOT, apply, drive, want

from sorad.intake.older_tables import BORN, tables_since
from sorad.ledger.errors import IdOwned
from sorad.ledger.interface import Ledger
from sorad.ledger.reused import bought_as
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, Party
from sorad.model import State, Take

EARLIER = Path(__file__).parent / "earlier"
A = Party("sora_hk", "https://a.example/v1", "acc-a")
B = Party("simulator", "https://b.example/v1", "acc-b")


def send(
    ledger: Ledger,
    take: Take,
    party: Party,
    to: State = State.GENERATING,
    remote_id: str = "",
    **members: str,
) -> Take:
    """Buy a take of a party for 100 micro-units."""
    intent = Change(State.SUBMITTING, "intent", intent=True, cost=100, **party._asdict(), **members)  # type: ignore[arg-type]
    take = ledger.record(take, intent, NOW)
    if to is State.SUBMITTING:
        return take
    accepted = Change(to, "accepted", remote_id=remote_id or f"t{take.id}", accepted_at=NOW, sole=True)
    return ledger.record(take, accepted, NOW)


def takes(ledger: Ledger, count: int, **members: str) -> list[Take]:
    apply(ledger, *(want(n, **members) for n in range(1, count + 1)))
    return list(ledger.takes())


def test_what_waits_for_a_halted_provider_starves_nobody(ledger: Ledger) -> None:
    apply(ledger, *(want(n, target="b" if n == 300 else "") for n in range(1, 301)))
    claimed = ledger.claim(State.QUEUED, NOW, 5, [ROOT], targets=["b"])
    assert [take.segment for take in claimed] == [300]
    assert ledger.claim(State.QUEUED, NOW, 5, targets=[]) == []
    assert [take.target for take in ledger.claim(State.QUEUED, NOW, 2, targets=["", "a"])] == ["", ""]


def test_a_party_is_known_as_soon_as_it_is_sent_to(ledger: Ledger) -> None:
    takes(ledger, 2)
    assert ledger.parties() == []
    one, other = ledger.claim(State.QUEUED, NOW, 2)
    send(ledger, one, A)
    assert ledger.parties() == [A]
    intent = Change(State.SUBMITTING, "intent", intent=True, keep_claim=True, **B._asdict())
    sent = ledger.record(other, intent, NOW)
    assert sorted(ledger.parties()) == [B, A]
    moved = A._replace(account="acc-c")
    ledger.record(sent, Change(State.GENERATING, "accepted", remote_id="x", **moved._asdict()), NOW)
    assert sorted(ledger.parties()) == [B, A, moved]


def test_what_waits_is_counted_by_target(ledger: Ledger) -> None:
    apply(ledger, want(1), want(2, target="b"), want(3, target="b"))
    assert ledger.targets() == {"": 1, "b": 2}
    ledger.claim(State.QUEUED, NOW, 1, targets=["b"])
    assert ledger.targets() == {"": 1, "b": 1}


def test_a_take_follows_its_target_until_it_is_sent(ledger: Ledger) -> None:
    first, second = takes(ledger, 2, target="a")
    send(ledger, first, A)
    drive(ledger, second, State.HELD)
    again = ledger.queue_another(first.id, lambda number: f"/vault/film/x{number}.mp4", NOW)
    assert again is None, "it is on its way"
    apply(ledger, want(1, target="b"), want(2, target="b"))
    assert [take.target for take in ledger.takes()] == ["a", "b"]


def test_a_further_take_goes_where_its_segment_goes(ledger: Ledger) -> None:
    (first,) = takes(ledger, 1, target="a")
    drive(ledger, first, State.DONE)
    more = ledger.queue_another(first.id, lambda number: f"/vault/film/x{number}.mp4", NOW)
    assert more is not None
    assert more.target == "a"
    apply(ledger, want(1, target="b"))
    assert [take.target for take in ledger.takes(states=[State.QUEUED])] == ["b"]


def test_what_was_sent_to_a_party_can_be_left_out(ledger: Ledger) -> None:
    one, two, three = takes(ledger, 3)
    send(ledger, one, A), send(ledger, two, B), send(ledger, three, B)
    assert sorted(ledger.parties()) == [B, A]
    assert ledger.agenda([A, B]).get(State.GENERATING, {}) == {}
    assert ROOT in ledger.agenda([B])[State.GENERATING]
    assert [take.id for take in ledger.claim(State.GENERATING, NOW, 9, exclude=[B])] == [one.id]
    assert [take.id for take in ledger.claim(State.GENERATING, NOW, 9, exclude=[A])] == [two.id, three.id]


def test_slots_are_counted_for_each_party(ledger: Ledger) -> None:
    one, two, three, _four = takes(ledger, 4)
    send(ledger, one, A, State.SUBMITTING), send(ledger, two, B)
    parked = send(ledger, three, B)
    ledger.record(parked, Change(State.GENERATING, "slow", parked=True), NOW)
    ledger.claim(State.QUEUED, NOW, 1)
    assert (ledger.in_flight([A]), ledger.in_flight([B]), ledger.in_flight([A, B])) == (1, 1, 2)
    assert (ledger.in_flight([A], [""]), ledger.in_flight([], ["b"])) == (2, 0)
    assert ledger.in_flight() == 3


def test_an_id_is_owned_at_its_address(ledger: Ledger) -> None:
    one, two, three = takes(ledger, 3)
    send(ledger, one, A, remote_id="task-1")
    assert ledger.owned(["task-1"]) == ledger.owned(["task-1"], (A.provider, A.base_url)) == {"task-1"}
    assert ledger.owned(["task-1"], (B.provider, B.base_url)) == set()
    send(ledger, two, B, remote_id="task-1")
    assert [take.id for take in ledger.with_tasks(["task-1"], (B.provider, B.base_url))] == [two.id]
    assert len(ledger.with_tasks(["task-1"])) == 2
    with pytest.raises(IdOwned):
        send(ledger, three, A, remote_id="task-1")


def test_both_tasks_of_one_id_are_paid_for_and_asked_after_again(ledger: Ledger) -> None:
    (take,) = takes(ledger, 1)
    for party in (A, B):
        take = send(ledger, take, party, remote_id="task-1")
        take = ledger.record(take, Change(State.FAILED, "failed"), NOW)
        take = ledger.record(take, Change(State.QUEUED, "retry"), NOW)
    assert [(one.base_url, one.account) for one in ledger.bought(take.id)] == [A[1:], B[1:]]
    assert ledger.spend() == 200
    looks = ledger.claim_rechecks(NOW + 1e6, 9)
    assert {look.take.base_url for look in looks} == {A.base_url, B.base_url}
    ledger.rechecked(looks[0], None)
    assert ledger.next_recheck() is not None
    assert ledger.next_recheck([A, B]) is None


def test_money_is_counted_by_currency(ledger: Ledger) -> None:
    ledger.remember("currency", "CNY")
    one, two, three = takes(ledger, 3)
    send(ledger, one, A, currency="CNY"), send(ledger, two, B, currency="USD")
    send(ledger, three, B)  # in which currency is not known
    assert ledger.spend_by_currency() == {"CNY": 200, "USD": 100}
    assert (ledger.spend(), ledger.spend(0.0, "USD"), ledger.spend(0.0, "EUR")) == (200, 100, 0)
    assert (ledger.spend(NOW, "USD"), ledger.spend(NOW + 1, "USD")) == (100, 0)
    assert [one.currency for one in ledger.purchases()] == ["CNY", "USD", ""]


@pytest.mark.parametrize("file", sorted(EARLIER.glob("*.sql")), ids=lambda file: file.stem)
def test_an_earlier_ledger_keeps_what_it_holds(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    raw = sqlite3.connect(path)
    raw.executescript(file.read_text("utf-8"))
    before = raw.execute(
        "SELECT id, state, remote_id, account, cost, output FROM takes ORDER BY id"
    ).fetchall()
    money = raw.execute("SELECT total(cost) FROM purchases WHERE charged_at IS NOT NULL").fetchone()[0]
    raw.close()
    ledger = SqliteLedger.open(path)
    now = [
        (take.id, take.state.value, take.remote_id, take.account, take.cost, take.output)
        for take in ledger.takes()
    ]
    assert now == before
    assert ledger.spend_by_currency() == {"CNY": money}
    assert ledger.spend() == money > 0
    assert {take.target for take in ledger.takes()} == {""}
    assert {take.currency for take in ledger.takes() if take.provider} == {"CNY"}
    at = ("sora_hk", "https://a.example/v1")
    assert ledger.owned(["t4", "t5", "t6", "t7", "t8"], at) == {"t4", "t5", "t6", "t7", "t8"}
    assert ledger.owned(["t8b"], at) == set()
    assert ledger.owned(["t8b"], ("sora_hk", "https://b.example/v1")) == {"t8b"}
    assert {party.account for party in ledger.parties()} == {"acc-a", "acc-b"}
    assert ledger.in_flight() == ledger.in_flight(ledger.parties()) == 4
    assert ledger.recall("halt")["code"] == "balance"
    unsure = ledger.recover("new", NOW * 2)
    assert [(take.state, take.base_url) for take in unsure] == [(State.UNKNOWN, "https://a.example/v1")]
    ledger.close()
    assert path.with_name(f"ledger.db.v{file.stem.rpartition('v')[2]}").exists(), "a copy is kept"


def test_a_reused_video_is_never_taken_from_another_text_that_has_its_id(tmp_path: Path) -> None:
    made = [
        want(number, state=State.DONE, remote_id="1", provider="x", base_url=f"https://{one}/v1")
        for number, one in enumerate("ab", start=1)
    ]
    ledger = SqliteLedger.open(tmp_path / "ledger.sqlite3")
    apply(ledger, *made)
    first, second = ledger.takes()
    reused = replace(second, id=3, remote_id="", reused="1")
    assert bought_as(reused, ledger.with_text(reused.fingerprint)) == [second]
    assert first.remote_id == second.remote_id
    ledger.close()


def test_an_upgrade_says_since_when_tables_are_read_and_a_new_ledger_when_it_was_made(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.executescript((EARLIER / "ledger_v5.sql").read_text("utf-8"))
    began = int(time.time())
    for name, told in (("old", True), ("new", False)):
        ledger = SqliteLedger.open(tmp_path / f"{name}.db")
        since, born = tables_since(ledger), float(ledger.recall(BORN) or 0)
        ledger.close()
        assert (began <= since <= time.time()) if told else since == 0
        assert born == 0 if told else 0 < born <= time.time()
