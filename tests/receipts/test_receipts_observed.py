"""What the place of a take tells of it: the table of ``sorad.receipts.folder``, row by row."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Optional

import pytest

from sorad.layout import intent_path, receipt_path, video_path
from sorad.ledger.values import Want
from sorad.model import MOST_REPEATS, Request, State, Take
from sorad.receipts.folder import observed, receipts_in, surplus
from sorad.receipts.place import look, vouched
from sorad.receipts.receipt import (
    DONE,
    FAILED,
    GENERATING,
    SUBMITTING,
    Payer,
    Receipt,
    Source,
    is_damaged,
    read_receipt,
    write_receipt,
)
from sorad.receipts.writing import write_receipt_for

sys.path.insert(0, str(Path(__file__).parents[1] / "simulation"))

from world import mp4

REQUEST, OTHER = Request("a fox in the snow"), Request("another text")
FILM = mp4("a fox")
ME, STUDIO = Payer("a" * 16, "mine"), Payer("b" * 16, "studio")
AT = 1_800_000_000.0
BOUGHT = Receipt(
    REQUEST, REQUEST.fingerprint(), 1, 1, GENERATING, "t1", cost_micros=100, submitted_at=AT, payer=ME
)
INTENT = replace(BOUGHT, state=SUBMITTING, remote_id="")
HASH = sha256(FILM).hexdigest()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    folder = tmp_path / "a_assets" / "Segment_1"
    folder.mkdir(parents=True)
    return video_path(folder.parent, 1, 1, REQUEST.fingerprint())


def receipt(**members: Any) -> Callable[[Path], object]:
    return lambda video: write_receipt(video, replace(BOUGHT, **members))


def intent(**members: Any) -> Callable[[Path], object]:
    return lambda video: intent_path(video).write_bytes(replace(INTENT, **members).to_bytes())


def film(video: Path) -> None:
    video.write_bytes(FILM)


def half(video: Path) -> None:
    video.write_bytes(FILM[:-20])


def broken(path: Callable[[Path], Path]) -> Callable[[Path], object]:
    return lambda video: path(video).write_bytes(b'{"sorad": "1", "fingerp')


STRANGE = {"request": OTHER, "fingerprint": OTHER.fingerprint()}
KNOWN = {"size": len(FILM), "sha256": HASH}
TABLE: dict[str, tuple[list[Callable[[Path], object]], State, Optional[str]]] = {
    "nothing": ([], State.QUEUED, None),
    "a whole video": ([film], State.HELD, "take.unvouched"),
    "half a video": ([half], State.QUEUED, None),
    "our own intent": ([intent()], State.UNKNOWN, None),
    "our own intent, and a video": ([intent(), film], State.UNKNOWN, None),
    "another's intent": ([intent(payer=STUDIO)], State.HELD, "take.other_intent"),
    "an intent that cannot be read": ([broken(intent_path)], State.HELD, "receipt.damaged"),
    "generating": ([receipt()], State.GENERATING, None),
    "generating, and any video": ([receipt(), film], State.GENERATING, None),
    "generating, and its video by its hash": ([receipt(**KNOWN), film], State.DONE, None),
    "generating, and a video of another hash": (
        [receipt(**{**KNOWN, "sha256": "0" * 64}), film],
        State.GENERATING,
        None,
    ),
    "done": ([receipt(state=DONE, **KNOWN), film], State.DONE, None),
    "done, changed by the user": ([receipt(state=DONE, size=7, sha256=HASH), film], State.DONE, None),
    "done, removed by the user": ([receipt(state=DONE, **KNOWN)], State.DONE, "take.missing"),
    "done, half of it": ([receipt(state=DONE, **KNOWN), half], State.GENERATING, None),
    "failed": ([receipt(state=FAILED)], State.FAILED, "take.failed_before"),
    "a receipt that cannot be read": ([broken(receipt_path)], State.HELD, "receipt.damaged"),
    "the receipt of another text": ([receipt(**STRANGE)], State.HELD, "receipt.damaged"),
    "the intent of another text": ([intent(**STRANGE)], State.HELD, "receipt.damaged"),
}


@pytest.mark.parametrize(("there", "state", "code"), TABLE.values(), ids=TABLE)
def test_what_lies_there_tells_what_became_of_the_take(
    video: Path, there: list[Callable[[Path], object]], state: State, code: Optional[str]
) -> None:
    for put in there:
        put(video)
    want = Want(1, 1, REQUEST, REQUEST.fingerprint(), str(video))
    found = observed(want, me=ME)
    assert (found.state, found.error.code if found.error else None) == (state, code)
    assert found.remote_id == ("t1" if state in (State.GENERATING, State.DONE, State.FAILED) else "")


@pytest.mark.parametrize(
    "put", [receipt(payer=STUDIO), receipt(payer=STUDIO, state=FAILED), intent(payer=STUDIO)]
)
def test_what_another_machine_bought_is_left_to_it_where_that_one_buys(
    video: Path, put: Callable[[Path], object]
) -> None:
    put(video)
    want = Want(1, 1, REQUEST, REQUEST.fingerprint(), str(video))
    assert observed(want, lambda payer: payer == STUDIO, ME) == want
    assert observed(want, lambda payer: False, ME).state is not State.QUEUED


def test_a_place_that_cannot_be_looked_at_does_not_look_empty(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def dead(path: Path, **more: Any) -> os.stat_result:
        if path == video:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return stat(path, **more)

    monkeypatch.setattr(Path, "stat", dead)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        look(video)


def test_only_a_receipt_of_its_task_vouches_for_a_video(video: Path) -> None:
    film(video)
    receipt(state=DONE, **KNOWN)(video)
    assert vouched(video, look(video), "t1") is not None
    assert vouched(video, look(video), "t2") is None
    assert vouched(video, look(video)) is not None


def test_a_receipt_that_was_edited_by_hand_tells_of_no_purchase(video: Path) -> None:
    receipt()(video)
    assert [one.receipt.remote_id for one in receipts_in(video.parents[1])] == ["t1"]
    path = receipt_path(video)
    members = json.loads(path.read_text("utf-8"))
    members["request"]["prompt"] = "a text that costs more"
    path.write_text(json.dumps(members), "utf-8")
    assert receipts_in(video.parents[1]) == []


def test_one_create_is_counted_once_under_whatever_numbers_it_lies(video: Path) -> None:
    """Somebody copied a segment's folder."""
    assets = video.parents[1]
    for place in (video, video_path(assets, 2, 1, BOUGHT.fingerprint)):
        place.parent.mkdir(exist_ok=True)
        receipt()(place)
    assert len(receipts_in(assets)) == 2
    assert [one.remote_id for one in surplus(receipts_in(assets), ())] == ["t1"]


# --- what a stranger may write --------------------------------------------------------------------------------


def told(video: Path, **members: Any) -> Optional[Receipt]:
    path = receipt_path(video)
    path.write_text(json.dumps({**BOUGHT.to_members(), **members}), "utf-8")
    return read_receipt(path)


def test_no_receipt_claims_any_number_of_repeats(video: Path) -> None:
    for raw, counted in ((2, 2), (10**9, MOST_REPEATS), (-3, 0), ("9", 0)):
        found = told(video, repeats=raw)
        assert found is not None
        assert found.repeats == counted


def test_a_receipt_with_a_task_of_its_own_reuses_none(video: Path) -> None:
    source = {"path": "x.mp4", "remote_id": "t9", "fingerprint": "f"}
    found = told(video, reused_from=source)
    assert found is not None
    assert (found.remote_id, found.reused_from) == ("t1", None)
    found = told(video, reused_from=source, remote_id="")
    assert found is not None
    assert (found.task, found.reused_from) == ("t9", Source("x.mp4", "t9", "f"))


def test_a_receipt_that_is_nested_deeper_than_any_of_ours_is_damaged(video: Path) -> None:
    deep: Any = "x"
    for _level in range(40):
        deep = [deep]
    assert told(video, note=deep) is None
    assert is_damaged(receipt_path(video))


# --- what is never written over -------------------------------------------------------------------------------


def take(video: Path, **members: Any) -> Take:
    whole: dict[str, Any] = {
        "id": 1,
        "storyboard_id": 1,
        "root": str(video.parents[2]),
        "storyboard": str(video.parents[2] / "a.json"),
        "segment": 1,
        "take": 1,
        "fingerprint": REQUEST.fingerprint(),
        "request": REQUEST,
        "state": State.GENERATING,
        "output": str(video),
        "due_at": 0.0,
        "remote_id": "t1",
        "intent_at": AT,
        **members,
    }
    return Take(**whole)


@pytest.mark.parametrize(("state", "after"), [(GENERATING, GENERATING), (DONE, DONE), (FAILED, GENERATING)])
def test_a_poll_says_nothing_less_than_its_receipt(video: Path, state: str, after: str) -> None:
    receipt(state=state, **KNOWN)(video)
    assert write_receipt_for(take(video), "USD", payer=ME) is None
    found = read_receipt(receipt_path(video))
    assert found is not None
    assert (found.state, found.sha256) == (after, HASH if after == state else "")


@pytest.mark.parametrize(("payer", "kept"), [(STUDIO, True), (ME, False)])
def test_a_task_of_ours_takes_no_place_of_another_machines_video(
    video: Path, payer: Payer, kept: bool
) -> None:
    receipt(state=DONE, payer=payer, remote_id="theirs", **KNOWN)(video)
    intent()(video)
    assert write_receipt_for(take(video), "USD", payer=ME) is None
    found = read_receipt(receipt_path(video))
    assert found is not None
    assert found.remote_id == ("theirs" if kept else "t1")
    assert intent_path(video).exists() is kept, "ours stays beside it, and the ledger tells of both"


def test_nothing_is_written_into_the_folder_in_place_of_a_disk_that_is_away(video: Path) -> None:
    error = write_receipt_for(take(video, mount=str(video.parents[2])), "USD", payer=ME)
    assert error is not None
    assert error.errno == errno.ENODEV
    assert list(video.parent.iterdir()) == []
