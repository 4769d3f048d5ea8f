"""What the folder already holds for a take."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from delivery_stage import video_of

from sorad.layout import partial_path
from sorad.model import Request
from sorad.receipts import place as found_module
from sorad.receipts.place import Found, look, vouched
from sorad.receipts.receipt import DONE, GENERATING, Receipt, write_receipt

RECEIPT = Receipt(Request("a fox"), "0a1b2c3d" * 8, 1, 1, GENERATING, "task-1")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "s_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4"
    path.parent.mkdir(parents=True)
    return path


def test_nothing_is_there(video: Path, tmp_path: Path) -> None:
    assert look(video) == Found(False)
    assert look(tmp_path / "no" / "such" / "1_v1_0a1b2c3d.mp4") == Found(False)


def test_a_download_under_way_is_not_the_video(video: Path) -> None:
    partial_path(video).write_bytes(video_of(5000))
    assert look(video) == Found(False)


def test_a_whole_video_is_verified_without_a_receipt(video: Path) -> None:
    video.write_bytes(video_of(5000))
    assert look(video) == Found(True, 5000)


def test_a_cut_video_does_not_count(video: Path) -> None:
    video.write_bytes(video_of(5000)[:-1])
    found = look(video)
    assert (found.verified, found.size) == (False, 4999)
    assert found.problem is not None
    assert found.problem.code == "delivery.cut"


def test_a_receipt_alone_tells_what_was_bought(video: Path) -> None:
    write_receipt(video, RECEIPT)
    assert look(video) == Found(False, receipt=RECEIPT)


@pytest.mark.parametrize(("size", "verified"), [(5000, True), (None, True), (0, True), (5001, False)])
def test_the_size_in_the_receipt_counts(video: Path, size: int, verified: bool) -> None:
    video.write_bytes(video_of(5000))
    receipt = replace(RECEIPT, state=DONE, size=size)
    write_receipt(video, receipt)
    found = look(video)
    assert (found.verified, found.receipt) == (verified, receipt)
    assert (found.problem is None) == verified


SHA = hashlib.sha256(video_of(5000)).hexdigest()


@pytest.mark.parametrize(
    ("state", "sha256", "task", "vouches"),
    [
        (DONE, SHA, "", True),
        (DONE, SHA, "task-1", True),
        (DONE, SHA, "task-2", False),
        (DONE, "ab" * 32, "", False),
        (DONE, "", "task-1", True),  # of an earlier version
        (GENERATING, SHA, "task-1", True),
        (GENERATING, "", "task-1", False),
        (GENERATING, "ab" * 32, "", False),
    ],
)
def test_a_receipt_vouches_by_its_hash(
    video: Path, state: str, sha256: str, task: str, vouches: bool
) -> None:
    video.write_bytes(video_of(5000))
    write_receipt(video, replace(RECEIPT, state=state, sha256=sha256))
    assert (vouched(video, look(video), task) is not None) == vouches


def test_nothing_vouches_for_a_video_without_a_receipt_or_for_none(video: Path) -> None:
    assert vouched(video, look(video)) is None
    video.write_bytes(video_of(5000))
    assert vouched(video, look(video)) is None


def test_a_folder_with_the_name_is_no_video(video: Path) -> None:
    video.mkdir()
    found = look(video)
    assert not found.verified
    assert found.problem is not None


def test_an_evicted_video_counts_and_is_not_read(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.truncate(os.open(video, os.O_CREAT | os.O_RDWR), 5000)  # its size, and none of its bytes
    assert not look(video).verified
    monkeypatch.setattr(found_module, "is_placeholder", lambda stat: True)
    assert look(video) == Found(True, 5000, in_cloud=True)


def test_the_stub_of_an_evicted_video_counts(video: Path) -> None:
    video.with_name(f".{video.name}.icloud").write_bytes(b"bplist00")
    found = look(video)
    assert found.verified
    assert found.in_cloud


def test_a_link_that_leads_to_itself_is_in_the_way_as_a_folder_is(video: Path) -> None:
    video.symlink_to(video)
    found = look(video)
    assert (found.verified, found.problem.code if found.problem else "") == (False, "delivery.no_file")


def test_a_place_that_cannot_be_looked_at_is_an_error(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sick(path: Path, **_links: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "stat", sick)
    with pytest.raises(OSError, match=r"put/output"):
        look(video)
