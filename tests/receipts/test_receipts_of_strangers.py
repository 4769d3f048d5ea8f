"""Receipts, intents and notes are claims of a stranger: any bytes, any values, any kind of file."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hostile import KINDS, put
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.claim.files import Notes, NoteUnreadable
from sorad.claim.note import NAME, Claim
from sorad.files.durable import write_whole
from sorad.layout import intent_path, partial_path, receipt_path, video_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Storyboard, Want
from sorad.model import LARGEST_COST, Request, State
from sorad.receipts.folder import creates_in, observed, surplus
from sorad.receipts.receipt import (
    DONE,
    GENERATING,
    SUBMITTING,
    Receipt,
    is_damaged,
    read_intent,
    read_receipt,
    write_receipt,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")

REQUEST = Request("a fox in the snow")
FINGERPRINT = REQUEST.fingerprint()
HONEST = Receipt(REQUEST, FINGERPRINT, 1, 1, GENERATING, "task-1", cost_micros=100_000, submitted_at=1.8e9)
INTENT = replace(HONEST, state=SUBMITTING, remote_id="")


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strangers")


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "a_assets"
    (folder / "Segment_1").mkdir(parents=True)
    return folder


def place(assets: Path) -> Path:
    return video_path(assets, 1, 1, FINGERPRINT)


def want(video: Path) -> Want:
    return Want(1, 1, REQUEST, FINGERPRINT, str(video))


def members(receipt: Receipt = HONEST, **changed: Any) -> dict[str, Any]:
    return {**receipt.to_members(), **changed}


def judged(video: Path) -> tuple[State, str]:
    found = observed(want(video))
    return found.state, found.error.code if found.error else ""


HELD = (State.HELD, "receipt.damaged")

# --- kinds of files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", [receipt_path, intent_path])
def test_whatever_has_the_name_of_a_receipt_holds_its_take_and_stays(
    assets: Path, of: Callable[[Path], Path], kind: str
) -> None:
    video = place(assets)
    put(kind, of(video))
    before = of(video).lstat()
    assert is_damaged(of(video))
    assert read_receipt(of(video)) is None
    assert read_intent(video) is None
    assert judged(video) == HELD
    assert creates_in(assets) == []
    after = of(video).lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (
        before.st_ino,
        before.st_mode,
        before.st_mtime_ns,
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_receipt_that_may_not_be_read_is_damaged(assets: Path) -> None:
    video = place(assets)
    write_receipt(video, HONEST)
    receipt_path(video).chmod(0)
    assert judged(video) == HELD


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_a_segment_may_be_anything(assets: Path, kind: str) -> None:
    (assets / "Segment_1").rmdir()
    put(kind, assets / "Segment_1")
    assert creates_in(assets) == []
    # Nothing can be said of what lies behind a link that leads to itself.
    assert judged(place(assets)) == (HELD if kind == "loop" else (State.QUEUED, ""))


def test_numbers_in_names_are_bounded(assets: Path) -> None:
    for number in ("9" * 200, "9" * 25):
        folder = assets / f"Segment_{number}"
        folder.mkdir()
        for take in (1, int("9" * 25)):
            file = folder / f"{number}_v{take}_{FINGERPRINT[:8]}.json"
            if len(file.name) < 255:
                file.write_text(json.dumps(members()), "utf-8")
    assert creates_in(assets) == []


@pytest.mark.parametrize("kind", ["pipe", "link", "loop", "socket"])
def test_a_temporary_name_is_not_written_through(assets: Path, kind: str) -> None:
    video = place(assets)
    put(kind, partial_path(receipt_path(video)))
    outside = partial_path(receipt_path(video)).with_name("outside")
    before = outside.read_bytes() if outside.exists() else b""
    write_receipt(video, HONEST)
    assert read_receipt(receipt_path(video)) == HONEST
    assert (outside.read_bytes() if outside.exists() else b"") == before


def test_members_behind_a_link_are_not_carried_into_the_folder(assets: Path) -> None:
    video = place(assets)
    put("link", receipt_path(video))
    write_receipt(video, HONEST)
    assert "secret" not in receipt_path(video).read_text("utf-8")


@pytest.mark.parametrize("kind", [*KINDS])
def test_a_note_that_is_no_note_is_told_and_a_copy_of_it_troubles_nobody(tmp_path: Path, kind: str) -> None:
    notes = Notes(tmp_path)
    notes.write(Claim("0" * 16, 1))
    put(kind, tmp_path / "sorad-claim (conflict).md")
    assert [claim.generation for claim in notes.look(afresh=True).claims] == [1]
    if kind == "deep":
        return  # not what a note would be; as text it is as good as any
    (tmp_path / NAME).unlink()
    put(kind, tmp_path / NAME)
    with pytest.raises(NoteUnreadable):
        notes.look()
    with pytest.raises(OSError, match="exists"):
        notes.write(Claim("0" * 16, 2))
    assert not stat.S_ISREG((tmp_path / NAME).lstat().st_mode) or kind == "huge"


# --- values -----------------------------------------------------------------------------------------------

BAD = {
    "cost": [1e13, -1, -0.01, float("nan"), float("inf"), True, "1", 10**30, LARGEST_COST + 1, [1], {}],
    "segment": [-1, 10**19, True, "1", 1.0, None],
    "take": [0, -1, 10**19, True, "1", None],
    "size": [-1, 10**19, True, "7", 1.5],
    "remote_id": [None, 7, "x" * 3_000, "\ud83e", ["a"], {"a": 1}],
    "request_id": [7, "x" * 3_000, "\ud83e"],
    "fingerprint": [None, 7, "f" * 1_000],
    "account": ["x" * 1_000, 7],
    "provider": ["x" * 1_000, 7],
    "base_url": ["x" * 3_000, 7, "\ud83e"],
    "currency": ["x" * 1_000, 7],
    "sha256": ["x" * 1_000, 7],
    "source": ["x" * 10_000, 7],
    "state": ["x" * 1_000, 7],
    "request": [None, [], "x", {}, {"prompt": {}}],
    "times": [[1], "x", 7],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_value_that_no_receipt_has_makes_it_damaged(assets: Path, name: str, value: Any) -> None:
    video = place(assets)
    receipt_path(video).write_text(json.dumps(members(**{name: value})), "utf-8")
    assert read_receipt(receipt_path(video)) is None
    assert judged(video) == HELD
    assert creates_in(assets) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seconds", 10**19),
        ("seconds", True),
        ("pro", 1),
        ("prompt", 7),
        ("image", [1]),
        ("image_path", "\ud83e"),
    ],
)
def test_a_value_that_no_request_has_makes_it_damaged(assets: Path, name: str, value: Any) -> None:
    video = place(assets)
    asked = {**members()["request"], name: value}
    receipt_path(video).write_text(json.dumps(members(request=asked)), "utf-8")
    assert judged(video) == HELD


@pytest.mark.parametrize(
    "text", [b'{"sorad": 1e400}', b"1" * 900_000, b"[]", b"7", b"null", b'"x"', b"NaN", b""]
)
def test_json_that_is_no_object_is_damaged(assets: Path, text: bytes) -> None:
    video = place(assets)
    receipt_path(video).write_bytes(text)
    began = time.monotonic()
    assert judged(video) == HELD
    assert time.monotonic() - began < 5  # the digits of a number cost the square of them in Python


def test_a_receipt_of_another_text_under_a_takes_name_holds_it(assets: Path) -> None:
    video = place(assets)
    other = Request("another text")
    told = replace(HONEST, request=other, fingerprint=FINGERPRINT[:8] + other.fingerprint()[8:])
    receipt_path(video).write_text(json.dumps(told.to_members()), "utf-8")
    assert judged(video) == HELD


@pytest.mark.parametrize(
    "changed",
    [
        {"intent_at": None, "times": {}},
        {"intent_at": "soon", "times": None},
        {"intent_at": 1e300, "times": {}},
        {"intent_at": -5, "times": {"submitted": "0001-01-01T00:00:00Z"}},
        {"remote_id": "task-9"},
        {"fingerprint": "f" * 64},
        {"cost": 1e13},
    ],
)
def test_an_intent_that_tells_no_time_or_too_much_holds_its_take(
    assets: Path, changed: dict[str, Any]
) -> None:
    video = place(assets)
    intent_path(video).write_text(json.dumps(members(INTENT, **changed)), "utf-8")
    assert judged(video) == HELD


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-01-01T00:00:00Z", 1e300]
)
def test_a_time_far_off_is_none(assets: Path, when: Any) -> None:
    video = place(assets)
    times = {"submitted": when, "accepted": when, "finished": when}
    receipt_path(video).write_text(json.dumps(members(times=times)), "utf-8")
    found = read_receipt(receipt_path(video))
    assert found is not None
    assert (found.submitted_at, found.accepted_at, found.finished_at) == (None, None, None)


# --- anything at all --------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.sampled_from(
        ["\ud800", "x" * 5_000, 1e13, 1e400, -1, 2**63, DONE, "2027-01-15T08:05:00Z", "9999-12-31T23:59:59Z"]
    ),
)
values = st.recursive(
    scalars,
    lambda below: st.one_of(
        st.lists(below, max_size=3), st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=8,
)
NAMES = sorted(HONEST.to_members())
forged = st.one_of(
    values,
    st.dictionaries(st.sampled_from(NAMES), values, max_size=5).map(lambda changed: members(**changed)),
    st.dictionaries(st.sampled_from([*NAMES, "intent_at"]), values, max_size=5).map(
        lambda changed: members(INTENT, **changed)
    ),
    st.dictionaries(st.sampled_from(sorted(members()["request"])), values, min_size=1, max_size=3).map(
        lambda changed: members(request={**members()["request"], **changed})
    ),
)


def check(folder: Path, data: bytes) -> None:
    """A receipt or "damaged", never an exception; and the ledger takes what comes of it."""
    assets = folder / "any_assets"
    video = place(assets)
    video.parent.mkdir(parents=True, exist_ok=True)
    for file, other in ((receipt_path(video), intent_path(video)), (intent_path(video), receipt_path(video))):
        other.unlink(missing_ok=True)
        file.write_bytes(data)
        told = read_receipt(file)
        assert not (told is not None and is_damaged(file) and file == receipt_path(video))
        asked = observed(want(video))
        wants = [asked, *surplus(creates_in(assets), [asked])]
        ledger = _ledger(folder)
        try:
            board = Storyboard(0, "/r", "/r/any.json", 1, 1, "c", "ok")
            ledger.apply(board, wants, 1.9e9)
            assert len(list(ledger.takes())) == len(wants)
            ledger.spend()
        finally:
            ledger.close()
        assert file.read_bytes() == data
    for one in (receipt_path(video), intent_path(video)):
        one.unlink(missing_ok=True)
    receipt_path(video).write_bytes(data)
    write_receipt(video, HONEST)  # what is rewritten is whole again
    assert read_receipt(receipt_path(video)) is not None


def _ledger(folder: Path) -> SqliteLedger:
    for file in folder.glob("ledger*"):
        file.unlink()
    return SqliteLedger.open(folder / "ledger.sqlite3")


@settings(deadline=None, max_examples=60)
@given(forged)
def test_any_json_gives_a_receipt_or_damaged(module_folder: Path, value: Any) -> None:
    check(module_folder, json.dumps(value).encode())


@settings(deadline=None, max_examples=40)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda raw: json.dumps(members()).encode()[:-20] + raw),
    )
)
def test_any_bytes_give_a_receipt_or_damaged(module_folder: Path, data: bytes) -> None:
    check(module_folder, data)


def test_a_full_disk_aside_a_small_file_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / ".x.tmp").mkdir()
    with pytest.raises(OSError, match=r"directory|permitted"):
        write_whole(tmp_path / "x", b"1", lambda seconds: None)
    assert [path.name for path in tmp_path.iterdir()] == [".x.tmp"]


@pytest.mark.parametrize(
    ("own_id", "read"), [("sorad-0a1b", "sorad-0a1b"), ("a,b", ""), ("x" * 65, ""), (7, ""), ("a\nb", "")]
)
def test_an_own_id_is_one_id_or_none(tmp_path: Path, own_id: Any, read: str) -> None:
    members = {**HONEST.to_members(), "own_id": own_id, "sent": {"seconds": 5}}
    path = tmp_path / "r.json"
    path.write_text(json.dumps(members), encoding="utf-8")
    told = read_receipt(path)
    assert told is not None
    assert (told.own_id, told.sent) == (read, '{"seconds": 5}')
