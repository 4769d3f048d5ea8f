"""Real folders, real ledgers, two daemons' view of one vault: who may buy, what is shown, what is written."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from claim_stage import SETTLE, SimClock, receipt_by

from sorad.claim.arrivals import LOOK_AGAIN, Arrivals
from sorad.claim.claims import AWAY, LOOK_FOR_SIGNS, WRITE_AGAIN, Claims
from sorad.claim.doubles import see, unseen
from sorad.claim.machine import Machine
from sorad.claim.note import NAME, Claim, read, write
from sorad.config.model import Disk, Watch
from sorad.engine.state.destinations import Destinations
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.layout import video_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, RootRow, Storyboard, Want
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.receipt import DONE, write_receipt
from sorad.receipts.writing import receipt_of

OTHER = Machine("f" * 16, "studio", "e" * 16)
REQUEST = Request("a cat")


class Desk:
    """A daemon's folder side on one machine: ledger, claims, rooms, arrivals."""

    away = math.inf  # it looks all the time, though the clock of these tests leaps

    def __init__(self, folder: Path, number: int, claim: str = "auto") -> None:
        self.vault = folder / f"vault{number}"
        self.vault.mkdir(parents=True)
        self.clock = SimClock()
        self.ledger = SqliteLedger.open(folder / f"ledger{number}.sqlite3")
        self.machine = Machine(f"{number:016x}", f"pc{number}", f"{number + 100:016x}")
        self.claim = claim
        self.reread: list[str] = []
        self.start()

    def start(self) -> None:
        watch = Watch(path=self.vault, claim=self.claim)  # type: ignore[arg-type]
        self.claims = Claims([watch], self.ledger, self.clock, self.machine, settle=SETTLE, away=self.away)
        self.arrivals = Arrivals(self.ledger, self.claims, self.clock, self.reread.append)
        states = [RootRow(self.root, "watching", "")]
        self.rooms = Destinations(
            [watch], Disk(), self.ledger, lambda: states, lambda path: 10**12, self.claims.may_buy
        )

    @property
    def root(self) -> str:
        return str(self.vault)

    @property
    def note(self) -> Path:
        return self.vault / NAME

    def may_buy(self) -> bool:
        return self.root in self.rooms.buyable()

    def settle(self) -> bool:
        """Look, wait the time that a new claim must stand, look again."""
        self.rooms.buyable()
        self.clock.now += SETTLE
        return self.may_buy()

    def row(self) -> dict[str, Any]:
        (row,) = self.ledger.recall("claims")
        assert row["path"] == self.root
        return dict(row)

    def problem(self) -> str:
        return Problem.from_json(self.row()["problem"]).code

    def queue(self, *prompts: str) -> list[Take]:
        """Takes of a storyboard, queued."""
        wants = []
        for number, prompt in enumerate(prompts, start=1):
            request = Request(prompt)
            output = self.vault / "story_assets" / f"Segment_{number}" / f"{number}_v1_{number:08x}.mp4"
            wants.append(Want(number, 1, request, request.fingerprint(), str(output)))
        path = str(self.vault / "storyboard.json")
        self.ledger.apply(Storyboard(0, self.root, path, 1, 1, "c", "ok"), wants, self.clock.time())
        return list(self.ledger.takes())

    def bought(self, take: Take, remote_id: str) -> Take:
        now = self.clock.time()
        take = self.ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), now)
        return self.ledger.record(
            take, Change(State.GENERATING, "accepted", remote_id=remote_id, accepted_at=now), now
        )

    def arrives(
        self, take: Take, remote_id: str, generation: int = 1, *, name: str = "", **more: Any
    ) -> Path:
        """Another machine's receipt of a take comes with the sync."""
        made = receipt_by(OTHER, generation, remote_id)
        made = replace(made, request=take.request, fingerprint=take.fingerprint, **more)
        video = Path(take.output)
        (self.vault / "story_assets").mkdir(exist_ok=True)
        write_receipt(video, made, base=self.vault)
        if name:
            video.with_suffix(".json").rename(video.with_name(name))
        return video


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(number: int = 1, claim: str = "auto") -> Desk:
        made.append(Desk(tmp_path, number, claim))
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


def carry(source: Desk, target: Desk) -> None:
    """The sync brings the note."""
    shutil.copy2(source.note, target.vault / ".coming")
    (target.vault / ".coming").replace(target.note)


# --- where no claim is needed -----------------------------------------------------------------------------


def test_a_vault_on_one_machine_needs_no_claim(desk: Callable[..., Desk]) -> None:
    one = desk()
    assert one.may_buy()
    assert list(one.vault.iterdir()) == []
    assert not one.ledger.recall("claims")


def test_never_buys_whatever_the_notes_say(desk: Callable[..., Desk]) -> None:
    one = desk(claim="never")
    one.note.write_text(write("", Claim(OTHER.id, 7, OTHER.name)))
    assert one.may_buy()
    problem = one.claims.take(one.root)
    assert problem is not None
    assert problem.code == "claim.never"


def test_a_sync_service_that_comes_later_is_noticed(desk: Callable[..., Desk]) -> None:
    one = desk()
    assert one.may_buy()
    (one.vault / ".stfolder").mkdir()
    one.clock.now += LOOK_FOR_SIGNS
    assert not one.may_buy()
    assert one.problem() == "claim.settling"
    one.clock.now += SETTLE
    assert one.may_buy()


def test_receipts_of_another_machine_ask_for_a_claim(desk: Callable[..., Desk]) -> None:
    one = desk()
    first, second = one.queue("a", "b")
    one.bought(first, "theirs")
    one.arrives(first, "theirs", generation=0)
    assert one.arrivals.guard(second) == one.clock.time()  # read before the first create
    assert one.row()["state"] == "ours"
    assert one.settle()
    assert one.arrivals.guard(second) is None


# --- two machines -----------------------------------------------------------------------------------------


def test_of_two_daemons_one_buys_and_the_other_says_who(desk: Callable[..., Desk]) -> None:
    one, two = desk(1, "always"), desk(2, "always")
    assert one.settle()
    carry(one, two)
    assert not two.settle()
    assert two.row()["state"] == "other"
    assert (two.row()["owner"], two.row()["buys"]) == ("pc1", False)
    assert two.problem() == "claim.other"
    assert one.row()["state"] == "ours"

    assert two.claims.take(str(two.vault / "below" / "it")) is None
    assert not two.may_buy()
    assert one.may_buy()  # the news has not come yet, and the other one waits for that
    carry(two, one)
    assert not one.may_buy()
    assert one.row()["owner"] == "pc2"
    two.clock.now += SETTLE
    assert two.may_buy()


def test_giving_up_lets_the_next_one_take_over_by_itself(desk: Callable[..., Desk]) -> None:
    one, two = desk(1, "always"), desk(2, "always")
    one.settle()
    carry(one, two)
    two.settle()
    refused = two.claims.release(two.root)
    assert refused is not None
    assert refused.code == "claim.not_ours"
    assert one.claims.release(one.root) is None
    assert not one.settle()
    assert one.problem() == "claim.released"
    carry(one, two)
    assert two.settle()
    carry(two, one)
    assert not one.settle()
    assert one.problem() == "claim.other"


def test_one_payer_in_a_vault_with_two_roots_in_it(tmp_path: Path, desk: Callable[..., Desk]) -> None:
    one = desk()
    (one.vault / ".obsidian").mkdir()
    (one.vault / ".obsidian" / "app.json").write_text("{}")
    below = one.vault / "films"
    below.mkdir()
    watches = [Watch(path=below, claim="always"), Watch(path=one.vault)]
    claims = Claims(watches, one.ledger, one.clock, one.machine, settle=SETTLE, away=math.inf)
    for watch in watches:
        assert not claims.may_buy(str(watch.path))
    one.clock.now += SETTLE
    assert all(claims.may_buy(str(watch.path)) for watch in watches)
    assert one.note.exists()
    assert not (below / NAME).exists()


def test_a_conflict_copy_of_the_note_stops_both(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    copy = one.vault / "sorad-claim (Conflicted copy LAPTOP 202611231200).md"
    copy.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert not one.may_buy()
    assert one.problem() == "claim.conflict"
    assert one.claims.take(one.root) is None
    assert one.settle()


# --- restarts, and a memory that is lost ------------------------------------------------------------------


def test_a_settled_claim_settles_anew_after_a_restart(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.start()
    assert not one.may_buy()
    assert one.problem() == "claim.settling"
    one.clock.now += SETTLE
    assert one.may_buy()


# --- who was away -------------------------------------------------------------------------------------------


def live(desk: Desk, seconds: float) -> list[bool]:
    """Look every five seconds, as a daemon does; whether it may buy, each time."""
    seen = []
    for _ in range(round(seconds / 5)):
        desk.clock.now += 5
        seen.append(desk.may_buy())
    return seen


@pytest.fixture
def laptop(desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """One that buys, and whose sleep is noticed."""
    monkeypatch.setattr(Desk, "away", AWAY)
    one = desk(1, "always")
    one.may_buy()
    assert live(one, SETTLE + 10)[-1]
    return one


@pytest.mark.parametrize("clock", ["wall", "both"])
def test_who_slept_settles_anew_and_sees_who_took_over(
    laptop: Desk, desk: Callable[..., Desk], clock: str
) -> None:
    other = desk(2, "always")
    carry(laptop, other)
    other.claims.take(other.root)
    if clock == "both":  # the process was stopped, or the system's monotonic clock goes on in sleep
        laptop.clock.now += 3_600
    else:
        laptop.clock.off += 3_600
    assert not laptop.may_buy()
    assert laptop.problem() == "claim.settling"
    assert not any(live(laptop, SETTLE - 10))
    carry(other, laptop)
    assert not any(live(laptop, SETTLE))
    assert laptop.problem() == "claim.other"


def test_who_slept_and_hears_nothing_buys_again_after_the_wait(laptop: Desk) -> None:
    laptop.clock.off += 3_600
    seen = live(laptop, SETTLE + 10)
    assert not any(seen[: round(SETTLE / 5) - 1])
    assert seen[-1]


def test_a_folder_that_was_away_settles_anew(laptop: Desk, tmp_path: Path) -> None:
    laptop.vault.rename(tmp_path / "away")
    live(laptop, 20)
    (tmp_path / "away").rename(laptop.vault)
    assert not any(live(laptop, SETTLE - 10))
    assert live(laptop, 20)[-1]


def test_what_the_sync_brought_meanwhile_is_read_before_anything_leaves(laptop: Desk) -> None:
    first, second = laptop.queue("a", "b")
    assert laptop.arrivals.guard(second) is None
    laptop.bought(first, "ours")
    laptop.clock.off += 3_600
    laptop.may_buy()
    laptop.arrives(first, "theirs", generation=7)  # under a claim that has not come yet
    assert not any(live(laptop, SETTLE - 10))
    live(laptop, 20)
    assert laptop.arrivals.guard(second) is not None
    assert laptop.row()["state"] != "ours" or not laptop.row()["buys"]


def test_a_purchase_of_the_text_under_another_number_is_seen_right_before_the_create(
    desk: Callable[..., Desk],
) -> None:
    one = desk()
    (take,) = one.queue("a")
    (board,) = one.ledger.storyboards()
    one.ledger.apply(replace(board, rules="read"), None, one.clock.time())
    assert one.arrivals.guard(take) is None
    made = receipt_by(OTHER, 0, "theirs")
    made = replace(made, request=take.request, fingerprint=take.fingerprint, segment=4)
    video = video_path(Path(take.output).parents[1], 4, 1, take.fingerprint)
    write_receipt(video, made, base=one.vault)
    assert one.arrivals.guard(take) == one.clock.time() + LOOK_AGAIN
    assert one.reread == [str(one.vault / "storyboard.json")]
    assert one.arrivals.guard(take) is not None  # it was not read again yet
    one.ledger.apply(replace(board, rules="read"), None, one.clock.time())
    assert one.arrivals.guard(take) is None  # it was, and does not count
    assert len(one.reread) == 1


def test_a_claim_that_had_not_settled_settles_after_a_restart(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    one.rooms.buyable()
    one.start()
    assert not one.may_buy()
    one.clock.now += SETTLE
    assert one.may_buy()


def test_a_lost_ledger_keeps_the_claim_and_waits_again(tmp_path: Path, desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.ledger.remember("claim", None)
    one.start()
    assert not one.may_buy()
    assert one.settle()
    assert len(read(one.note.read_text()).claims) == 1


def test_a_copied_state_folder_makes_no_second_owner(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.machine = Machine("9" * 16, "copy", "8" * 16)  # what identify() makes of it
    one.start()
    assert not one.settle()
    assert one.row()["state"] == "other"


def test_a_deleted_note_is_written_again_and_only_then_it_goes_on(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.note.unlink()
    assert not one.may_buy()
    assert one.problem() == "claim.missing"
    one.clock.now += SETTLE
    assert not one.may_buy()
    assert one.note.exists()
    one.clock.now += SETTLE
    assert one.may_buy()


def test_a_note_that_is_deleted_where_none_is_needed_stays_away(desk: Callable[..., Desk]) -> None:
    one = desk()
    assert one.claims.take(one.root) is None
    assert one.settle()
    one.note.unlink()
    assert one.may_buy()
    assert not one.note.exists()


# --- what cannot be read or written -----------------------------------------------------------------------


def test_a_vault_that_cannot_be_written_buys_nothing(
    desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk(1, "always")

    def refuse(path: Path, content: bytes, sleep: object, owner: str) -> None:
        raise PermissionError(13, "denied")

    with monkeypatch.context() as denied:
        denied.setattr("sorad.claim.files.write_whole", refuse)
        assert not one.settle()
        assert one.problem() == "claim.cannot_write"
        assert 'claim = "never"' in Problem.from_json(one.row()["problem"]).fix_text()
    one.clock.now += WRITE_AGAIN
    assert one.settle()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_vault_buys_nothing(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    one.vault.chmod(0o555)
    assert not one.settle()
    assert one.problem() == "claim.cannot_write"
    one.vault.chmod(0o755)


def test_a_note_that_cannot_be_read_stops(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.note.unlink()
    one.note.mkdir()
    assert not one.may_buy()
    assert one.problem() == "claim.cannot_read"


def test_a_note_that_is_still_in_the_cloud_stops(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    (one.vault / f".{NAME}.icloud").write_text("")
    assert not one.settle()
    assert one.problem() == "claim.cannot_read"
    assert not one.note.exists()


def test_a_mangled_note_stops_until_somebody_claims(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    one.note.write_text(one.note.read_text().replace("generation=1", "generation=11"))
    assert not one.settle()
    assert one.problem() == "claim.conflict"
    assert one.claims.take(one.root) is None
    assert one.settle()


def test_a_machine_without_an_identity_buys_only_where_none_is_asked_for(desk: Callable[..., Desk]) -> None:
    one = desk()
    nobody = OSError(13, "denied")
    watch = Watch(path=one.vault)
    assert Claims([watch], one.ledger, one.clock, nobody).may_buy(one.root)
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    claims = Claims([watch], one.ledger, one.clock, nobody)
    assert not claims.may_buy(one.root)
    assert one.problem() == "claim.no_identity"


# --- idle -------------------------------------------------------------------------------------------------


def test_idle_costs_stats_alone(desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk(1, "always")
    assert one.settle()
    before = one.note.stat().st_mtime_ns
    changes = one.ledger._db.row("SELECT total_changes()")

    def never(*args: object) -> None:
        raise AssertionError("read or written while idle")

    monkeypatch.setattr("sorad.claim.files._text", never)
    monkeypatch.setattr("sorad.claim.files.os.scandir", never)
    for _ in range(50):
        one.clock.now += 10
        assert one.claims.may_buy(one.root)
        one.arrivals.sweep([one.root])
    assert one.note.stat().st_mtime_ns == before
    assert one.ledger._db.row("SELECT total_changes()") == changes


# --- a second payer, noticed from what it bought -----------------------------------------------------------


def test_a_receipt_under_our_generation_or_a_newer_one_stops_us(desk: Callable[..., Desk]) -> None:
    for number, generation in ((1, 1), (2, 5)):
        one = desk(number, "always")
        assert one.settle()
        (take,) = one.queue("a")
        one.arrives(take, "theirs", generation)
        assert one.arrivals.guard(take) is not None
        assert not one.may_buy()
        assert one.problem() == "claim.second_payer"
        assert one.claims.take(one.root) is None
        assert one.settle()
        one.start()
        assert one.settle()
        one.arrivals.guard(take)
        assert one.may_buy()  # it is settled, however often that receipt is read


def test_an_earlier_owners_receipts_stop_nobody(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert one.claims.take(one.root) is None
    assert one.settle()
    first, second = one.queue("a", "b")
    one.arrives(first, "theirs", generation=1)
    assert one.arrivals.guard(first) == one.clock.time() + LOOK_AGAIN
    assert one.arrivals.guard(second) is None


@pytest.mark.parametrize("name", ["", "1_v1_00000001.sync-conflict-20261123-103000-ABCDEFG.json"])
def test_a_take_that_both_bought_is_noticed_and_stops_us(desk: Callable[..., Desk], name: str) -> None:
    one = desk(1, "always")
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert one.claims.take(one.root) is None
    assert one.settle()
    (take,) = one.queue("a")
    one.bought(take, "ours")
    one.arrivals.sweep([one.root])
    assert one.may_buy()
    one.arrives(take, "theirs", generation=1, name=name)
    one.arrivals.sweep([one.root])
    assert not one.may_buy()
    assert one.problem() == "claim.second_payer"
    assert one.claims.take(one.root) is None
    one.arrivals.sweep([one.root])
    assert one.settle()


def bought_by_both(desk: Callable[..., Desk]) -> tuple[Desk, Desk, Take]:
    """Two machines that both bought one take before either heard of the other; the sync kept the second's receipt."""
    one, two = desk(1, "always"), desk(2, "always")
    for each in (one, two):
        assert each.settle()
        (take,) = each.queue("a")
        each.bought(take, f"of-{each.machine.name}")
    (take,) = one.ledger.takes()
    at_two = Path(next(two.ledger.takes()).output)
    theirs = receipt_of(next(two.ledger.takes()), "CNY", payer=two.claims.payer(two.root))
    write_receipt(at_two, replace(theirs, cost_micros=480_000), base=two.vault)
    (one.vault / "story_assets").mkdir()
    shutil.copytree(at_two.parent, Path(take.output).parent)
    return one, two, take


def doubles_of(desk: Desk) -> list[tuple[str, str, str, object]]:
    return [(one.remote_id, one.other, one.machine, one.other_cost) for one in unseen(desk.ledger)]


def complaints_of(desk: Desk) -> dict[str, str]:
    facts = from_ledger(desk.ledger, None, desk.clock.time())
    return {one.problem.code: one.problem.text() for one in complaints(facts) if one.heavy}


def test_a_double_payment_is_told_on_both_sides_until_somebody_has_seen_it(desk: Callable[..., Desk]) -> None:
    one, two, take = bought_by_both(desk)
    one.arrivals.sweep([one.root])
    assert doubles_of(one) == [("of-pc1", "of-pc2", "pc2", 480_000)]
    said = complaints_of(one)["claim.paid_twice"]
    assert all(word in said for word in ("of-pc1", "of-pc2", "pc2", "0.48", f"#{take.id}"))

    two.arrivals.sweep([two.root])
    assert doubles_of(two) == []  # its own receipt is all that lies there
    at_two = Path(next(two.ledger.takes()).output).parent
    shutil.copytree(Path(take.output).parent, at_two, dirs_exist_ok=True)  # what the first one put beside it
    carry(one, two)  # though it does not buy there any more
    two.arrivals.sweep([two.root])
    assert doubles_of(two) == [("of-pc2", "of-pc1", "pc1", None)]
    for each in (one, two):
        each.start()
        each.arrivals.sweep([each.root])
        assert len(doubles_of(each)) == 1
        assert "claim.paid_twice" in complaints_of(each)
        assert see(each.ledger, lambda double: double.take == take.id) == 1
        each.start()
        each.arrivals.sweep([each.root])
        assert doubles_of(each) == []
        assert "claim.paid_twice" not in complaints_of(each)


@pytest.mark.parametrize(
    ("note", "later", "other", "is_told"),
    [
        ("adopted", 82.0, 2, True),  # our own task is nobody's
        ("accepted", 82.0, 2, True),  # the other one's is
        ("adopted", 0.0, 2, False),  # our open create was taken over by the other one
        ("found", 82.0, 2, False),  # taken over by us
        ("adopted", 82.0, 1, False),  # our own receipt
    ],
)
def test_two_creates_that_hold_one_task_were_paid_for_twice(
    desk: Callable[..., Desk], note: str, later: float, other: int, is_told: bool
) -> None:
    one = desk(1, "always")
    assert one.settle()
    (take,) = one.queue("a")
    now = one.clock.time()
    take = one.ledger.record(take, Change(State.SUBMITTING, "intent", intent=True), now)
    found = Change(State.GENERATING, note, remote_id="shared", accepted_at=now)
    take = one.ledger.record(take, found, now)
    payer = replace(one.claims.payer(one.root), id=f"{other:016x}", name=f"pc{other}", home="", system="")
    theirs = replace(receipt_of(take, "CNY", payer=payer), submitted_at=now - later, cost_micros=480_000)
    (one.vault / "story_assets").mkdir()
    write_receipt(Path(take.output), theirs, base=one.vault)
    one.arrivals.sweep([one.root])
    assert doubles_of(one) == ([("shared", "?", "pc2", 480_000)] if is_told else [])
    beside = list(Path(take.output).parent.glob("*.paid-twice-*.json"))
    assert len(beside) == is_told, "the other machine is to see it, too"


def test_after_a_conflict_the_first_claim_works_though_old_purchases_turn_up(
    desk: Callable[..., Desk],
) -> None:
    one, _two, _take = bought_by_both(desk)
    copy = one.vault / "sorad-claim (Conflicted copy LAPTOP 202611231200).md"
    copy.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert not one.may_buy()
    one.clock.now += 10
    assert one.claims.take(one.root) is None
    one.arrivals.sweep([one.root])
    assert doubles_of(one) == [("of-pc1", "of-pc2", "pc2", 480_000)]
    assert one.settle()


def test_a_claim_shows_and_ends_what_was_paid_for_twice(desk: Callable[..., Desk]) -> None:
    one, _two, _take = bought_by_both(desk)
    one.arrivals.sweep([one.root])
    assert doubles_of(one)
    assert one.claims.take(one.root) is None
    assert doubles_of(one) == []
    assert one.settle()


def test_a_take_that_failed_and_was_bought_by_the_next_one_is_no_double_payment(
    desk: Callable[..., Desk],
) -> None:
    one, _two, take = bought_by_both(desk)
    one.ledger.record(one.ledger.take(take.id) or take, Change(State.FAILED, "failed"), one.clock.time())
    one.arrivals.sweep([one.root])
    assert doubles_of(one) == []


def test_a_conflict_and_a_claim_that_is_gone_name_both_machines(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    ours = one.note.read_text()
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert not one.may_buy()
    said = Problem.from_json(one.row()["problem"])
    assert said.code == "claim.conflict"
    assert "pc1" in said.text()
    assert OTHER.name in said.text()
    one.note.write_text(ours)
    assert one.claims.take(one.root) is None
    assert one.settle()
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))  # set back to an older one
    assert not one.may_buy()
    said = Problem.from_json(one.row()["problem"])
    assert said.code == "claim.missing"
    assert "pc1" in said.text()
    assert OTHER.name in said.text()


def test_a_machine_that_buys_without_a_claim_is_noticed(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    assert one.settle()
    first, second = one.queue("a", "b")
    one.arrives(first, "before", generation=0, accepted_at=one.clock.time() - 1_000)
    one.arrivals.guard(first)
    assert one.may_buy()
    one.arrives(second, "after", generation=0, accepted_at=one.clock.time() + 1_000)
    one.arrivals.guard(second)
    assert one.problem() == "claim.second_payer"


# --- what a sync brought is not bought --------------------------------------------------------------------


def test_a_take_that_another_machine_has_bought_is_asked_after_instead(desk: Callable[..., Desk]) -> None:
    one = desk()
    (take,) = one.queue("a")
    one.arrives(take, "theirs", generation=0)
    assert one.arrivals.guard(take) is not None
    one.settle()
    assert one.arrivals.guard(take) == one.clock.time() + LOOK_AGAIN
    assert one.reread == [take.storyboard]
    (board,) = one.ledger.storyboards()
    assert board.rules == ""  # it is read again, which finds the receipt


def test_a_video_that_came_by_itself_is_done(desk: Callable[..., Desk]) -> None:
    one = desk(1, "always")
    one.note.write_text(write("", Claim(OTHER.id, 1, OTHER.name)))
    assert not one.settle()
    (take,) = one.queue("a")
    video = one.arrives(take, "theirs", state=DONE, size=None)
    one.arrivals.sweep([one.root])
    assert [one.ledger.take(take.id).state] == [State.QUEUED]  # type: ignore[union-attr]
    video.write_bytes(_mp4())
    one.arrivals.sweep([one.root])
    done = one.ledger.take(take.id)
    assert done is not None
    assert (done.state, done.remote_id) == (State.DONE, "theirs")


def test_a_take_that_the_user_queued_again_is_bought(desk: Callable[..., Desk]) -> None:
    one = desk()
    (take,) = one.queue("a")
    take = one.bought(take, "ours")
    take = one.ledger.record(take, Change(State.FAILED, "failed"), one.clock.time())
    take = one.ledger.record(take, Change(State.QUEUED, "retry", fresh=True), one.clock.time())
    made = replace(receipt_by(one.machine, 0, "ours"), request=take.request, fingerprint=take.fingerprint)
    write_receipt(Path(take.output), made, base=one.vault)
    assert one.arrivals.guard(take) is None


def _mp4() -> bytes:
    import struct

    def box(kind: bytes, payload: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(payload), kind) + payload

    header = struct.pack(">IIIII", 0, 0, 0, 1000, 10_000) + bytes(80)
    track = struct.pack(">IIIIII", 0, 0, 0, 1, 0, 10_000) + bytes(60)
    moov = box(b"mvhd", header) + box(b"trak", box(b"tkhd", track))
    return box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"moov", moov) + box(b"mdat", bytes(64))
