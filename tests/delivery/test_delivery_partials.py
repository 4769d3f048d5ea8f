"""Where downloads grow: apart where a rename brings them home, else beside the video under a name of one's own."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest
from delivery_stage import Desk, Server, opener, video_of

from sorad.delivery import partials
from sorad.delivery.outcome import Received
from sorad.delivery.partials import LEFT, Partials, bring, partials_in, sweep
from sorad.layout import intent_path, partial_path, receipt_path
from sorad.providers.base import Fault


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "s_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4"


@pytest.fixture
def mine(tmp_path: Path, video: Path) -> Partials:
    video.parents[2].mkdir()
    return partials_in(tmp_path / "state", "aa")


def test_on_one_disk_it_grows_apart_wherever_the_video_moves(
    mine: Partials, video: Path, tmp_path: Path
) -> None:
    place = mine.path(video, "task-1")
    assert place.parent == tmp_path / "state" / "partial"
    assert place == mine.path(video.with_name("2_v1_0a1b2c3d.mp4"), "task-1")
    assert place != mine.path(video, "task-2")
    assert list(video.parents[2].iterdir()) == [], "the look leaves no trace"


def test_tasks_of_any_name_have_a_file(mine: Partials, video: Path) -> None:
    names = {mine.path(video, task).name for task in ("../../x", "a/b", "x" * 2000, "é", "\ud800", "")}
    assert len(names) == 6
    assert all(len(name) < 60 and "/" not in name for name in names)


@pytest.mark.parametrize("why", ["another disk", "another mount", "no folder"])
def test_else_beside_it_under_a_name_of_its_own(
    why: str, mine: Partials, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "another disk":
        real = Path.stat

        def elsewhere(path: Path, **more: Any) -> Any:
            found = real(path, **more)
            other = os.stat_result((*found[:2], found.st_dev + 1, *found[3:10]))
            return other if path == mine.folder else found

        monkeypatch.setattr(Path, "stat", elsewhere)
    elif why == "another mount":

        def refuse(source: Path, target: Path) -> None:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

        monkeypatch.setattr(os, "rename", refuse)
    else:
        mine.folder.parent.mkdir(parents=True)
        mine.folder.write_text("a file has the name")
    others = Partials(mine.folder, "bb")
    assert mine.path(video, "task-1") == partial_path(video, "aa")
    assert others.path(video, "task-1") == partial_path(video, "bb")


def test_a_download_that_grows_apart_is_resumed_there_and_leaves_nothing(
    mine: Partials, video: Path, server: Server
) -> None:
    desk = Desk(video, grows=mine.path(video, "task-1"))
    server.manners.cut_after = 100_000
    assert isinstance(desk.receive(opener(server)), Fault)
    assert desk.partial.stat().st_size > 0
    assert desk.names == []
    server.manners.cut_after = None
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1][0], "it went on where it was"
    assert desk.names == [video.name]
    assert list(mine.folder.iterdir()) == []
    assert desk.asked == {mine.folder}, "the disk that it grows on counts"


def test_where_no_rename_leads_home_after_all_it_is_copied(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video.parent.mkdir(parents=True)
    partial = tmp_path / "partial.tmp"
    partial.write_bytes(video_of(5000))
    real = partials.rename

    def across(source: Path, target: Path, sleep: Any) -> None:
        if source.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target, sleep)

    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(partials, "rename", across)
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), fsync(handle)))
    another = partial_path(video, "apart")
    another.write_bytes(b"another sorad's")
    bring(partial, video, lambda seconds: None)
    assert video.read_bytes() == video_of(5000)
    assert synced[:1] == [video.stat().st_size], "the copy is on the disk before it has its name"
    assert {path.name for path in video.parent.iterdir()} == {video.name, another.name}
    assert another.read_bytes() == b"another sorad's"
    assert not partial.exists()


def test_what_the_dead_left_is_removed_in_time_and_nothing_else(mine: Partials, video: Path) -> None:
    video.parent.mkdir(parents=True)
    now = time.time()
    old = [
        partial_path(video),
        partial_path(receipt_path(video), "bb"),
        partial_path(intent_path(video), "cc"),
    ]
    young = [partial_path(video, "dd")]
    others = [video, receipt_path(video), video.with_name(".mine.tmp"), video.with_name(".x.mp4.bb.tmp")]
    for path in (*old, *young, *others):
        path.write_bytes(b"x")
        os.utime(path, (now - LEFT - 60, now - LEFT - 60))
    os.utime(young[0], (now - 60, now - 60))
    names = {path.name for path in video.parent.iterdir()}
    assert sweep(video.parent, names, now), "there is one that may be left one day"
    assert {path.name for path in video.parent.iterdir()} == {path.name for path in (*young, *others)}
    assert not sweep(video.parent, {path.name for path in others}, now)

    mine.folder.mkdir(parents=True)
    for name, age in (("a.mp4.tmp", LEFT + 60), ("b.mp4.tmp", 60.0)):
        (mine.folder / name).write_bytes(b"x")
        os.utime(mine.folder / name, (now - age, now - age))
    mine.tidy(now)
    assert [path.name for path in mine.folder.iterdir()] == ["b.mp4.tmp"]


def test_when_the_video_is_there_what_other_tries_left_of_it_goes_and_others_partials_stay(
    mine: Partials, video: Path
) -> None:
    video.parent.mkdir(parents=True)
    theirs = partial_path(video, "bb")
    for path in (partial_path(video, "aa"), theirs, mine.path(video, "task-1")):
        path.write_bytes(b"x")
    mine.forget(video, "task-1")
    assert list(video.parent.iterdir()) == [theirs]
    assert list(mine.folder.iterdir()) == []


def test_two_sorads_that_fetch_one_task_into_one_place_do_not_disturb_each_other(
    video: Path, server: Server
) -> None:
    video.parents[2].mkdir()
    first, second = (Desk(video, grows=partial_path(video, owner)) for owner in ("aa", "bb"))
    pieces = opener(server, piece=4096)

    def meanwhile() -> bool:
        if first.heard and not second.heard:
            assert isinstance(second.receive(pieces), Received)
        return False

    first.stop = meanwhile
    assert isinstance(first.receive(pieces), Received)
    assert second.heard
    assert video.read_bytes() == server.manners.body
    assert first.names == [video.name]
