"""What this machine does to a delivery: full disks, folders that go, programs that hold a file."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from delivery_stage import Desk, Server, opener, video_of

from sorad.delivery.outcome import Blocked, Obstacle, Received, blocked
from sorad.delivery.receive import ASK_EVERY, Outcome
from sorad.files.durable import make_folders, rename


def is_blocked(outcome: Outcome, obstacle: Obstacle, code: str) -> None:
    assert isinstance(outcome, Blocked), outcome
    assert (outcome.obstacle, outcome.problem.code) == (obstacle, code)
    assert "{" not in str(outcome.problem), "a field of the sentence is not filled in"


# --- no room ---------------------------------------------------------------------------------------


class Small(io.FileIO):
    """A file on a disk with room for 100,000 bytes."""

    room = 100_000
    code = errno.ENOSPC

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        left = self.room - self.tell()
        if left <= 0:
            raise OSError(self.code, os.strerror(self.code))
        return super().write(data[:left])


def test_a_disk_that_takes_a_piece_bit_by_bit_gets_all_of_it(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(io.FileIO):
        def write(self, data: memoryview) -> int:  # type: ignore[override]
            return super().write(data[:5000])

    monkeypatch.setattr(io, "FileIO", Slow)
    assert isinstance(desk.receive(opener(server)), Received)
    assert desk.target.read_bytes() == server.manners.body


@pytest.mark.parametrize(("code", "name"), [(errno.ENOSPC, "disk_full"), (errno.EDQUOT, "quota")])
def test_a_disk_that_fills_up_keeps_what_can_be_resumed(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch, code: int, name: str
) -> None:
    monkeypatch.setattr(Small, "code", code)
    with monkeypatch.context() as full:
        full.setattr(io, "FileIO", Small)
        is_blocked(desk.receive(opener(server)), Obstacle.FULL, f"delivery.{name}")
    assert desk.names == [desk.partial.name]
    assert desk.partial.read_bytes() == server.manners.body[:100_000]
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1] == ("bytes=99999-", '"one"')
    assert desk.target.read_bytes() == server.manners.body


def test_a_disk_that_fills_up_is_cleared_of_what_cannot_be_resumed(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.manners.etag = ""
    monkeypatch.setattr(io, "FileIO", Small)
    is_blocked(desk.receive(opener(server)), Obstacle.FULL, "delivery.disk_full")
    assert desk.names == []


def test_nothing_is_fetched_that_would_use_the_room_to_be_kept(server: Server, desk: Desk) -> None:
    desk.keep_free, desk.free = 1_000_000, 1_299_999
    is_blocked(desk.receive(opener(server)), Obstacle.FULL, "delivery.disk_full")
    assert desk.partial.stat().st_size == 0
    desk.free += 1
    assert isinstance(desk.receive(opener(server)), Received)


def test_room_that_goes_during_the_download_ends_it_in_time(server: Server, desk: Desk) -> None:
    body = server.manners.body = video_of(2 * ASK_EVERY + 2_000_000)
    desk.keep_free, desk.free = 1_000_000, 1_000_000 + len(body)
    real, piece = opener(server, 1 << 20), 1 << 20

    def stop() -> bool:
        desk.free = 1_000_000  # others write, too
        return False

    desk.stop = stop
    is_blocked(desk.receive(real), Obstacle.FULL, "delivery.disk_full")
    assert ASK_EVERY - piece <= desk.partial.stat().st_size <= ASK_EVERY
    desk.stop, desk.free = lambda: False, 10**12
    assert isinstance(desk.receive(real), Received)
    assert desk.target.read_bytes() == body


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode(errors='replace').strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


def test_a_really_full_disk(server: Server, small_disk: Path) -> None:
    body = server.manners.body = video_of(5_000_000)
    desk = Desk(small_disk / "story_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4")
    is_blocked(desk.receive(opener(server)), Obstacle.FULL, "delivery.disk_full")
    assert desk.names == [desk.partial.name]
    is_blocked(desk.receive(opener(server)), Obstacle.FULL, "delivery.disk_full")
    remount(small_disk, "size=20m")
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1][0] not in ("", "bytes=0-")
    assert desk.target.read_bytes() == body
    assert desk.names == [desk.target.name]


def test_a_disk_that_is_mounted_read_only(server: Server, small_disk: Path) -> None:
    desk = Desk(small_disk / "story_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4")
    remount(small_disk, "ro")
    is_blocked(desk.receive(opener(server)), Obstacle.DENIED, "delivery.read_only")
    remount(small_disk, "rw")
    assert isinstance(desk.receive(opener(server)), Received)


# --- folders ---------------------------------------------------------------------------------------


def test_a_folder_that_goes_during_the_download(server: Server, desk: Desk) -> None:
    desk.stop = lambda: shutil.rmtree(desk.target.parents[1], ignore_errors=True) is not None
    is_blocked(desk.receive(opener(server)), Obstacle.GONE, "delivery.folder_gone")
    assert not desk.target.parents[1].exists()
    desk.stop = lambda: False
    assert isinstance(desk.receive(opener(server)), Received)


def test_the_storyboards_own_folder_is_never_made(server: Server, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "episode" / "story_assets" / "Segment_1" / "1_v1_0a1b2c3d.mp4")
    is_blocked(desk.receive(opener(server)), Obstacle.GONE, "delivery.folder_gone")
    assert list(tmp_path.iterdir()) == []
    assert server.manners.seen == []
    (tmp_path / "episode").mkdir()
    assert isinstance(desk.receive(opener(server)), Received)


def test_below_a_base_all_folders_are_made(tmp_path: Path) -> None:
    video = tmp_path / "out" / "ep1" / "act2" / "story" / "Segment_1" / "1_v1_0a1b2c3d.mp4"
    with pytest.raises(FileNotFoundError):
        make_folders(video, tmp_path / "out")
    (tmp_path / "out").mkdir()
    make_folders(video, tmp_path / "out")
    assert video.parent.is_dir()
    make_folders(video, tmp_path / "out")


def test_a_file_where_a_folder_should_be(server: Server, desk: Desk) -> None:
    desk.target.parents[1].write_text("mine")
    is_blocked(desk.receive(opener(server)), Obstacle.IN_THE_WAY, "delivery.no_folder")
    assert desk.target.parents[1].read_text() == "mine"


# --- the last steps --------------------------------------------------------------------------------


def test_the_file_is_synced_before_the_rename_and_the_folder_after(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, replace, steps = os.fsync, os.replace, []

    def synced(handle: int) -> None:
        found = os.fstat(handle)
        steps.append("folder" if stat.S_ISDIR(found.st_mode) else f"file of {found.st_size}")
        fsync(handle)

    def renamed(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    assert isinstance(desk.receive(opener(server)), Received)
    assert steps == ["folder", "folder", "file of 300000", "rename", "folder"], "two folders were made"


def test_after_a_failed_sync_no_byte_is_trusted(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        if os.fstat(handle).st_size == 300_000:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fsync)
        is_blocked(desk.receive(opener(server)), Obstacle.DENIED, "delivery.disk_error")
    assert desk.names == []
    assert desk.validator == ""
    assert isinstance(desk.receive(opener(server)), Received)


def test_a_folder_that_cannot_be_synced_is_no_obstacle(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert isinstance(desk.receive(opener(server)), Received)


def test_a_program_that_holds_the_file_for_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("a")
    real, waits = os.replace, []

    def replace(source: Path, target: Path) -> None:
        if len(waits) < 3:
            raise PermissionError(errno.EACCES, "held")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    rename(tmp_path / "a", tmp_path / "b", waits.append)
    assert (tmp_path / "b").read_text() == "a"
    assert waits == [0.05, 0.1, 0.2]


def test_a_program_that_keeps_holding_it_is_reported(
    server: Server, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "held")

    with monkeypatch.context() as held:
        held.setattr(os, "replace", replace)
        is_blocked(desk.receive(opener(server)), Obstacle.DENIED, "delivery.permission")
    assert desk.names == [desk.partial.name]
    assert isinstance(desk.receive(opener(server)), Received)
    assert server.manners.seen[-1] == ("bytes=299999-", '"one"')


@pytest.mark.parametrize(
    ("name", "obstacle", "code"),
    [
        ("ENOSPC", Obstacle.FULL, "disk_full"),
        ("EDQUOT", Obstacle.FULL, "quota"),
        ("ENOENT", Obstacle.GONE, "folder_gone"),
        ("ENOTDIR", Obstacle.IN_THE_WAY, "no_folder"),
        ("ESTALE", Obstacle.GONE, "disk_offline"),
        ("ENOTCONN", Obstacle.GONE, "disk_offline"),
        ("EROFS", Obstacle.DENIED, "read_only"),
        ("EACCES", Obstacle.DENIED, "permission"),
        ("EIO", Obstacle.DENIED, "disk_error"),
        ("EFBIG", Obstacle.DENIED, "too_large"),
        ("ENAMETOOLONG", Obstacle.DENIED, "name_too_long"),
        ("EMFILE", Obstacle.DENIED, "local"),
    ],
)
def test_every_error_of_the_disk_is_a_sentence(name: str, obstacle: Obstacle, code: str) -> None:
    number = getattr(errno, name)
    is_blocked(blocked(OSError(number, os.strerror(number)), Path("v")), obstacle, f"delivery.{code}")


def test_an_error_without_a_number_is_a_sentence_too() -> None:
    is_blocked(blocked(OSError("odd"), Path("v")), Obstacle.DENIED, "delivery.local")
    assert "odd" in blocked(OSError("odd"), Path("v")).problem.text()
