"""Whose an intent is: made by one sorad only, kept until its receipt comes, whatever others do."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from sorad.layout import intent_path, receipt_path
from sorad.ledger.values import Want
from sorad.model import Request, State
from sorad.receipts.folder import observed, surplus
from sorad.receipts.intents import (
    CODE,
    ForeignIntent,
    create_intent,
    foreign_intent,
    remove_own_intent,
    replace_intent,
)
from sorad.receipts.receipt import FAILED, SUBMITTING, Payer, Receipt, read_receipt, write_receipt

ME, OTHER = Payer("a" * 16, "mine"), Payer("b" * 16, "studio")
REQUEST = Request("a cat")
AT = 1_800_000_000.25


def intent_by(payer: Payer, at: float = AT) -> Receipt:
    return Receipt(
        REQUEST, REQUEST.fingerprint(), 1, 1, SUBMITTING, "", submitted_at=at, payer=payer, process=42
    )


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return tmp_path / "storyboard_a_assets" / "Segment_1" / f"1_v1_{REQUEST.fingerprint()[:8]}.mp4"


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the file system has no hard links."""
    if request.param == "no links":

        def link(*_args: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", link)


def want(video: Path) -> Want:
    return Want(1, 1, REQUEST, REQUEST.fingerprint(), str(video))


@pytest.mark.usefixtures("links")
def test_one_of_many_lays_it_and_the_others_learn_whose_it_is(video: Path) -> None:
    payers = [Payer(f"{number:016x}", f"pc{number}") for number in range(1, 9)]
    results: dict[str, object] = {}
    together = Barrier(len(payers))

    def lay(payer: Payer) -> None:
        together.wait()
        results[payer.id] = create_intent(video, intent_by(payer), None)

    video.parent.mkdir(parents=True)
    threads = [Thread(target=lay, args=[payer]) for payer in payers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [payer for payer in payers if results[payer.id] is None]
    told = read_receipt(intent_path(video))
    assert told is not None
    assert (told.payer, told.process, told.submitted_at) == (winner, 42, AT)
    assert all(isinstance(result, ForeignIntent) for name, result in results.items() if name != winner.id)
    assert [path.name for path in video.parent.iterdir()] == [intent_path(video).name]


@pytest.mark.usefixtures("links")
def test_at_most_one_of_many_with_other_names_may_buy(video: Path) -> None:
    payers = [Payer(f"{number:016x}", f"pc{number}") for number in range(1, 9)]
    places = {payer.id: video.with_name(f"{payer.name}_{video.name}") for payer in payers}
    results: dict[str, object] = {}
    together = Barrier(len(payers))

    def lay(payer: Payer) -> None:
        together.wait()
        results[payer.id] = create_intent(places[payer.id], intent_by(payer), None)

    video.parent.mkdir(parents=True)
    threads = [Thread(target=lay, args=[payer]) for payer in payers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [name for name, result in results.items() if result is None]
    assert len(winners) <= 1
    assert {path.name for path in video.parent.iterdir()} == {
        intent_path(places[name]).name for name in winners
    }
    # One after the other the first one buys, and the second learns whose it is.
    for path in video.parent.iterdir():
        path.unlink()
    assert create_intent(video, intent_by(ME), None) is None
    found = create_intent(video.with_name(f"x_{video.name}"), intent_by(OTHER), None)
    assert isinstance(found, ForeignIntent)
    assert found.receipt is not None
    assert found.receipt.payer == ME


@pytest.mark.usefixtures("links")
def test_ones_own_is_replaced_and_removed_and_anothers_is_not(video: Path) -> None:
    assert create_intent(video, intent_by(ME), None) is None
    assert create_intent(video, intent_by(ME, AT + 9), None) is None
    there = foreign_intent(video, OTHER)
    assert there is not None
    assert there.at == AT + 9
    before = intent_path(video).read_bytes()
    found = create_intent(video, intent_by(OTHER, AT + 99), None)
    remove_own_intent(video, OTHER, [AT + 99])
    assert isinstance(found, ForeignIntent)
    assert intent_path(video).read_bytes() == before
    remove_own_intent(video, ME, ())
    assert not intent_path(video).exists()


def test_what_the_ledger_knows_is_ones_own_though_the_identity_is_lost(video: Path) -> None:
    create_intent(video, intent_by(ME), None)
    assert foreign_intent(video, OTHER) is not None  # after the loss of the whole state_dir
    assert foreign_intent(video, OTHER, [AT]) is None
    remove_own_intent(video, OTHER, [AT])
    assert not intent_path(video).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"remote_id": "x"}', b"\xff" * 99])
def test_one_that_cannot_be_read_counts_as_anothers(video: Path, content: bytes) -> None:
    video.parent.mkdir(parents=True)
    intent_path(video).write_bytes(content)
    assert isinstance(create_intent(video, intent_by(ME), None), ForeignIntent)
    remove_own_intent(video, ME, [AT])
    assert intent_path(video).read_bytes() == content
    held = observed(want(video), me=ME)
    assert held.state is State.HELD
    assert held.error is not None
    assert held.error.code in ("receipt.damaged", CODE)


def test_anothers_holds_the_take_and_names_its_owner_and_since_when(video: Path) -> None:
    create_intent(video, intent_by(OTHER), None)
    held = observed(want(video), me=ME)
    assert held.state is State.HELD
    assert held.error is not None
    text = held.error.text()
    assert "studio" in text
    assert "42" in text
    assert "2027-01-1" in text
    assert observed(want(video), me=OTHER).state is State.UNKNOWN
    assert observed(want(video), me=ME, known=[AT]).state is State.UNKNOWN


def test_its_receipt_ends_it_and_that_of_somebody_else_does_not(video: Path) -> None:
    create_intent(video, intent_by(OTHER), None)
    bought = replace(intent_by(OTHER), state=FAILED, remote_id="t1")
    write_receipt(video, replace(bought, payer=ME))
    assert foreign_intent(video, ME) is not None
    receipt_path(video).unlink()
    write_receipt(video, bought)
    assert foreign_intent(video, ME) is None
    assert create_intent(video, intent_by(ME, AT + 9), None) is None  # that create is over


def test_what_another_announced_beside_the_wants_is_left_to_it(video: Path) -> None:
    from sorad.receipts.folder import intents_in

    create_intent(video, intent_by(OTHER), None)
    there = intents_in(video.parent.parent)
    assert len(there) == 1
    assert surplus(there, (), None, ME) == []
    assert [one.state for one in surplus(there, (), None, OTHER)] == [State.UNKNOWN]


def test_on_the_users_word_it_becomes_our_own(video: Path) -> None:
    create_intent(video, intent_by(OTHER), None)
    replace_intent(video, intent_by(ME))
    assert foreign_intent(video, ME) is None
    assert foreign_intent(video, OTHER) is not None


def test_a_link_that_was_made_though_the_answer_was_lost_is_ours(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def link(source: Path, target: Path) -> None:  # as NFS does when the answer is lost
        real(source, target)
        raise FileExistsError(errno.EEXIST, "exists")

    monkeypatch.setattr(os, "link", link)
    assert create_intent(video, intent_by(ME), None) is None


def test_a_disk_that_is_full_leaves_nothing_half(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    video.parent.mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="full"):
        create_intent(video, intent_by(ME), None)
    assert list(video.parent.iterdir()) == []
