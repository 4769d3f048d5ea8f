"""The receipt beside the video."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.layout import receipt_path
from sorad.model import Request, State, Take
from sorad.receipts.receipt import DONE, GENERATING, Payer, Receipt, is_damaged, read_receipt, write_receipt
from sorad.receipts.writing import write_receipt_for
from sorad.simulator.mp4 import labels_of, movie

BOUGHT = Receipt(
    request=Request("狐狸 “jumps”\nover", "sha256:00ff", 15, "vertical", True, "/pictures/fox.png"),
    fingerprint="0a1b2c3d" * 8,
    segment=1,
    take=2,
    state=GENERATING,
    remote_id="task-1",
    request_id="req-1",
    provider="sora_hk",
    base_url="https://api.sora.hk/v1",
    account="a1b2c3",
    cost_micros=30_000,
    currency="USD",
    submitted_at=1_800_000_000.0,
    accepted_at=1_800_000_001.0,
    source="../storyboard_a.json",
)
ARRIVED = replace(BOUGHT, state=DONE, finished_at=1_800_000_300.0, size=10_600_000, sha256="ab" * 32)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return tmp_path / "storyboard_a_assets" / "Segment_1" / "1_v2_0a1b2c3d.mp4"


@pytest.mark.parametrize("receipt", [BOUGHT, ARRIVED])
def test_what_is_written_is_read(video: Path, receipt: Receipt) -> None:
    write_receipt(video, receipt)
    assert read_receipt(receipt_path(video)) == receipt
    assert [path.name for path in video.parent.iterdir()] == [receipt_path(video).name]


def test_the_file_is_for_people_and_other_programs_too(video: Path) -> None:
    write_receipt(video, ARRIVED)
    members = json.loads(receipt_path(video).read_text(encoding="utf-8"))
    assert members["schema"] == 1
    assert members["cost"] == 0.03
    assert members["times"] == {
        "submitted": "2027-01-15T08:00:00Z",
        "accepted": "2027-01-15T08:00:01Z",
        "finished": "2027-01-15T08:05:00Z",
    }
    assert members["request"] == {**ARRIVED.request.canonical(), "image_path": "/pictures/fox.png"}
    assert "狐狸" in receipt_path(video).read_text(encoding="utf-8")


times = st.one_of(st.none(), st.integers(0, 4_000_000_000).map(float))
receipts = st.builds(
    Receipt,
    request=st.builds(
        Request,
        prompt=st.text(st.characters()),
        image=st.text(),
        seconds=st.integers(0, 60),
        orientation=st.sampled_from(["horizontal", "vertical"]),
        pro=st.booleans(),
        image_path=st.text(),
    ),
    fingerprint=st.text("0123456789abcdef", min_size=64, max_size=64),
    segment=st.integers(0, 10**6),
    take=st.integers(1, 100),
    state=st.sampled_from([GENERATING, DONE]),
    remote_id=st.text(min_size=1),
    cost_micros=st.one_of(st.none(), st.integers(0, 10**12)),
    submitted_at=times,
    accepted_at=times,
    finished_at=times,
    size=st.one_of(st.none(), st.integers(0, 10**12)),
    source=st.text(),
)


@settings(deadline=None)
@given(receipts)
def test_any_receipt_survives(tmp_path_factory: pytest.TempPathFactory, receipt: Receipt) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(receipt.to_members()), encoding="utf-8")
    assert read_receipt(path) == receipt


def test_a_prompt_with_half_a_character_survives(video: Path) -> None:
    receipt = replace(BOUGHT, request=replace(BOUGHT.request, prompt="狐\ud83e"))
    write_receipt(video, receipt)
    assert read_receipt(receipt_path(video)) == receipt


def test_members_that_are_not_ours_outlive_a_rewrite(video: Path) -> None:
    write_receipt(video, BOUGHT)
    path = receipt_path(video)
    members = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**members, "machine": "m-1", "rating": [5]}), encoding="utf-8")
    write_receipt(video, ARRIVED)
    members = json.loads(path.read_text(encoding="utf-8"))
    assert (members["machine"], members["rating"], members["state"]) == ("m-1", [5], DONE)


def test_nothing_is_written_where_it_says_so_already(video: Path) -> None:
    write_receipt(video, BOUGHT)
    before = receipt_path(video).stat()
    write_receipt(video, BOUGHT)
    after = receipt_path(video).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_receipt(video, ARRIVED)
    assert read_receipt(receipt_path(video)) == ARRIVED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"request": []}',
        b'{"request": {"prompt": 1}}',
        json.dumps({"fingerprint": "a", "segment": 1, "take": 1, "remote_id": "r", "request": "x"}).encode(),
    ],
)
def test_what_cannot_be_understood_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    assert read_receipt(path) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("times", []), ("cost", "free"), ("segment", None), ("size", "x"), ("cost", float("inf")), ("take", {})],
)
def test_a_member_of_the_wrong_kind_never_raises(video: Path, name: str, value: Any) -> None:
    write_receipt(video, ARRIVED)
    path = receipt_path(video)
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), name: value}), encoding="utf-8"
    )
    found = read_receipt(path)
    assert found is None or found.remote_id == "task-1"


def test_a_time_that_cannot_be_read_loses_nothing_else(video: Path) -> None:
    write_receipt(video, ARRIVED)
    path = receipt_path(video)
    path.write_text(
        path.read_text(encoding="utf-8").replace("2027-01-15T08:05:00Z", "soon"), encoding="utf-8"
    )
    assert read_receipt(path) == replace(ARRIVED, finished_at=None)


def test_no_receipt_is_none_and_one_on_a_sick_disk_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_receipt(tmp_path / "none.json") is None
    (tmp_path / "odd.json").write_text("{}")

    def sick(*_args: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "open", sick)
    with pytest.raises(OSError, match=r"put/output"):
        read_receipt(tmp_path / "odd.json")
    with pytest.raises(OSError, match=r"put/output"):
        is_damaged(tmp_path / "odd.json")


def test_a_broken_receipt_is_replaced(video: Path) -> None:
    video.parent.mkdir(parents=True)
    receipt_path(video).write_bytes(b'{"remote_id": "task-0", "mach')
    write_receipt(video, BOUGHT)
    assert read_receipt(receipt_path(video)) == BOUGHT


def test_when_it_cannot_be_written_the_old_one_stands(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_receipt(video, BOUGHT)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_receipt(video, ARRIVED)
    assert read_receipt(receipt_path(video)) == BOUGHT
    assert [path.name for path in video.parent.iterdir()] == [receipt_path(video).name]


def test_the_storyboards_own_folder_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_receipt(tmp_path / "away" / "s_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4", BOUGHT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "stays"),
    [
        (replace(ARRIVED, payer=Payer("other", "attic"), remote_id="task-2"), True),
        (replace(BOUGHT, payer=Payer("other", "attic"), remote_id="task-2"), False),  # as far as ours
        (
            replace(ARRIVED, payer=Payer("me", "desk"), remote_id="task-2"),
            False,
        ),  # our own, bought anew since
        (
            replace(ARRIVED, payer=Payer("other", "attic"), remote_id="task-2", fingerprint="ff" * 32),
            False,
        ),  # of another text
    ],
)
def test_a_poll_leaves_the_receipt_of_anothers_video(tmp_path: Path, there: Receipt, stays: bool) -> None:
    folder = tmp_path / "storyboard_a_assets" / "Segment_1"
    place = str(folder / "1_v2_0a1b2c3d.mp4")
    storyboard = str(tmp_path / "storyboard_a.json")
    take = Take(
        1,
        1,
        str(tmp_path),
        storyboard,
        1,
        2,
        BOUGHT.fingerprint,
        BOUGHT.request,
        State.GENERATING,
        place,
        0.0,
    )
    folder.mkdir(parents=True)
    write_receipt(Path(place), there)
    ours = replace(take, remote_id="task-1", intent_at=1.0)
    assert write_receipt_for(ours, "USD", payer=Payer("me", "desk")) is None
    found = read_receipt(receipt_path(Path(place)))
    assert found is not None
    assert (found == there) is stays
    assert stays or (found.remote_id, found.state) == ("task-1", GENERATING)


@pytest.mark.parametrize(("how", "labels"), [("", False), ("both", True), ("c2pa", True)])
def test_labels_in_the_video_stand_in_its_receipt_until_another_task_has_its_name(
    video: Path, how: str, labels: bool
) -> None:
    video.parent.mkdir(parents=True)
    marks = labels_of(how, "task-1")
    film = movie("task-1", "x", seconds=1, orientation="horizontal", size=20_000, labels=marks).bytes()
    video.write_bytes(film)
    take = Take(
        1,
        1,
        "/v",
        str(video.parents[2] / "storyboard_a.json"),
        1,
        2,
        "f",
        BOUGHT.request,
        State.DONE,
        str(video),
        0.0,
    )
    assert write_receipt_for(replace(take, remote_id="task-1"), "USD", Arrived(len(film))) is None

    def told() -> Any:
        return json.loads(receipt_path(video).read_text("utf-8")).get("labels")

    assert (told() is not None) == labels
    if how == "both":
        assert json.loads(told()["aigc"][0])["ProduceID"] == "task-1"
    write_receipt(video, replace(BOUGHT, remote_id="task-1"))  # a rewrite that knows of no labels
    assert (told() is not None) == labels
    write_receipt(video, replace(BOUGHT, remote_id="task-2"))
    assert told() is None


@dataclass(frozen=True)
class Arrived:
    size: int
    sha256: str = "ab" * 32
    placed: bool = True
