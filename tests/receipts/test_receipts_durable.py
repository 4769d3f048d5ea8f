"""What is told in a folder outlives a power cut: the file is synced before it has its name, the folder after."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sorad.layout import intent_path
from sorad.model import Request
from sorad.receipts.intents import create_intent, replace_intent
from sorad.receipts.receipt import DONE, GENERATING, SUBMITTING, Payer, Receipt, read_intent, write_receipt
from sorad.receipts.sharing import share

REQUEST = Request("a cat")
ME = Payer("a" * 16, "mine")
AT = 1_800_000_000.25
INTENT = Receipt(REQUEST, REQUEST.fingerprint(), 1, 1, SUBMITTING, "", submitted_at=AT, payer=ME, process=42)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    folder = tmp_path / "storyboard_a_assets" / "Segment_1"
    folder.mkdir(parents=True)
    return folder / f"1_v1_{REQUEST.fingerprint()[:8]}.mp4"


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in its order."""
    found: list[str] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            what = name
            if name == "sync":
                what = "sync folder" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else "sync file"
            result = real(*args, **more)
            found.append(what)  # what was refused was not done
            return result

        return call

    monkeypatch.setattr(os, "fsync", noted("sync", os.fsync))
    monkeypatch.setattr(os, "replace", noted("name", os.replace))
    monkeypatch.setattr(os, "link", noted("name", os.link))
    return found


WHOLE = ["sync file", "name", "sync folder"]


def test_a_receipt_is_on_the_disk_before_it_has_its_name(video: Path, steps: list[str]) -> None:
    write_receipt(video, replace(INTENT, state=GENERATING, remote_id="t1"))
    assert steps == WHOLE


def test_so_is_an_intent(video: Path, steps: list[str]) -> None:
    assert create_intent(video, INTENT, None) is None
    assert steps == WHOLE


def test_so_is_one_where_there_are_no_links(
    video: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_args: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    assert create_intent(video, INTENT, None) is None
    assert steps == ["sync file", "sync file", "sync folder"], "the spare one, then the one under its name"


def test_so_is_one_that_is_taken_over(video: Path, steps: list[str]) -> None:
    replace_intent(video, INTENT)
    assert steps[:2] == WHOLE[:2]


def test_a_copy_of_a_video_is_on_the_disk_before_its_receipt_tells_of_it(
    video: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = video.with_name("source.mp4")
    source.write_bytes(b"film" * 100)
    rooms: list[int] = []
    monkeypatch.setattr("sorad.receipts.sharing.reflink", lambda *_paths: False)
    monkeypatch.setattr("sorad.receipts.sharing._link", lambda *_paths: False)
    share(
        source, video, replace(INTENT, state=DONE, remote_id="t1"), base=video.parents[1], room=rooms.append
    )
    assert (steps[0], rooms) == ("sync file", [400])
    assert steps[1:4] == WHOLE, "the receipt"


def test_a_video_is_shared_over_no_other_file_and_leaves_no_receipt(video: Path) -> None:
    source = video.with_name("source.mp4")
    source.write_bytes(b"film")
    video.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        share(source, video, replace(INTENT, state=DONE), base=video.parents[1], room=lambda _size: None)
    assert (video.read_bytes(), sorted(path.name for path in video.parent.iterdir())) == (
        b"mine",
        sorted([video.name, "source.mp4"]),
    )


@pytest.mark.parametrize(
    ("before", "is_open"),
    [
        (None, True),
        (AT - 5.0, True),  # the receipt of an earlier create
        (AT, False),  # whole seconds: its own
        (AT + 5.0, False),
    ],
)
def test_an_intent_is_open_until_the_receipt_of_its_create_is_there(
    video: Path, before: float | None, is_open: bool
) -> None:
    intent_path(video).write_bytes(INTENT.to_bytes())
    if before is not None:
        write_receipt(video, replace(INTENT, state=GENERATING, remote_id="t1", submitted_at=before))
    assert (read_intent(video) is not None) is is_open
