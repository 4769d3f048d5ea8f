"""Disks below a root: where each storyboard's is mounted, and which of them are away."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sorad.ledger.values import Storyboard
from sorad.vault import filesystem, mount_table
from sorad.vault.compare import differs
from sorad.vault.mounts import Mounts, absent
from sorad.vault.scan import Seen, look, scan

BOARD = Storyboard(1, "/r", "/r/d/storyboard.json", 1, 1, "", "ok", rules="now", mount="/r/d", disk="8:2")
HERE = replace(BOARD, id=2, path="/r/storyboard.json", mount="", disk="")
SEEN = Seen("/r/d/storyboard.json", 1, 1, mount="/r/d", disk="8:2")


@pytest.mark.parametrize(
    ("boards", "now", "found", "away"),
    [
        ([BOARD, HERE], {"/r/d": "8:2"}, [], None),  # its disk is there: what is not found is deleted
        ([BOARD, HERE], {"/r/d": ""}, [], "mount.away"),
        ([BOARD, HERE], {}, [], "mount.away"),
        ([replace(BOARD, state="copy")], {"/r/d": ""}, [], "mount.away"),
        ([replace(BOARD, state="gone")], {"/r/d": ""}, [], None),
        ([HERE], {}, [], None),
        ([BOARD], {"/r/d": "9:2"}, [], "mount.replaced"),
        ([BOARD], {"/r/d": "9:2"}, [replace(SEEN, disk="9:2")], None),  # another number, the same disk
        ([BOARD, replace(BOARD, id=3, disk="9:2")], {"/r/d": "9:2"}, [], None),  # one was read on it
        ([BOARD], {"/r/d": "9:2"}, [replace(SEEN, mount="/r/e", disk="9:2")], "mount.replaced"),
    ],
)
def test_which_disks_are_away(boards, now, found, away) -> None:
    assert [problem.code for problem in absent(boards, now, found).values()] == ([away] if away else [])


@pytest.mark.parametrize(("member", "value"), [("mount", ""), ("disk", "9:2")])
def test_a_storyboard_on_another_disk_than_before_is_read(member: str, value: str) -> None:
    assert not differs(SEEN, BOARD, "/r", "now")
    assert differs(replace(SEEN, **{member: value}), BOARD, "/r", "now")


class Devices:
    """What the file systems say: a device for each folder, and where something is mounted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, devices: dict[str, int], points: set[str]) -> None:
        self.devices, self.points = devices, points
        monkeypatch.setattr(mount_table, "device", self._device)
        monkeypatch.setattr(mount_table, "_identity", lambda path: f"{self._device(path)}:2")
        monkeypatch.setattr(filesystem, "is_mount_point", self._is_point)

    def _device(self, path: str) -> int:
        if path not in self.devices:
            raise FileNotFoundError(path)
        return self.devices[path]

    def _is_point(self, path: str) -> bool | None:
        return path in self.points if self.points else None


TREE = {"/r": 1, "/r/a": 1, "/r/d": 8, "/r/d/x": 8, "/r/d/x/y": 8, "/r/d/n": 9, "/r/s": 5, "/r/s/d": 8}


@pytest.mark.parametrize(
    ("folder", "points", "found"),
    [
        ("/r", {"/r/d"}, ("", "")),
        ("/r/a", {"/r/d"}, ("", "")),
        ("/r/d", {"/r/d"}, ("/r/d", "8:2")),
        ("/r/d/x/y", {"/r/d"}, ("/r/d", "8:2")),
        ("/r/d/n", {"/r/d", "/r/d/n"}, ("/r/d/n", "9:2")),  # a disk on a disk: the nearest
        ("/r/d/n", {"/r/d"}, ("/r/d", "8:2")),  # a subvolume on a disk
        ("/r/s", {"/r/d"}, ("", "")),  # a subvolume of the root's own file system
        ("/r/s/d", {"/r/s/d"}, ("/r/s/d", "8:2")),
        ("/r/s", set(), ("/r/s", "5:2")),  # where nobody tells, devices do
    ],
)
def test_where_the_disk_under_a_folder_is_mounted(
    monkeypatch: pytest.MonkeyPatch, folder: str, points: set[str], found: tuple[str, str]
) -> None:
    Devices(monkeypatch, TREE, points)
    assert mount_table.mount_of(folder, "/r") == found


def test_what_is_mounted_now(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Devices(monkeypatch, dict(TREE), {"/r/d"})
    assert (mount_table.mounted("/r/d"), mount_table.mounted("/r/a"), mount_table.mounted("/r/none")) == (
        "8:2",
        "",
        "",
    )
    tree.devices["/r/d"] = 1
    assert mount_table.mounted("/r/d") == ""


def test_a_disk_goes_and_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Devices(monkeypatch, dict(TREE), {"/r/d"})
    mounts = Mounts()
    assert not mounts.judge([BOARD], [SEEN]), "the first look finds nothing changed"
    assert not mounts.moved()
    assert not mounts.lacks(BOARD), "deleted"
    tree.devices["/r/d"] = 1
    assert mounts.moved()
    assert mounts.lacks(BOARD), "it went just now"
    assert mounts.judge([BOARD], []), "the watcher must be told"
    assert not mounts.moved()
    assert mounts.lacks(BOARD)
    mounts.note_working({7})
    assert [problem.params["waiting"] for problem in mounts.problems()] == [0]
    mounts.note_working({1})
    assert [problem.params["waiting"] for problem in mounts.problems()] == [1]
    tree.devices["/r/d"] = 9
    assert mounts.moved()
    assert mounts.judge([BOARD], [replace(SEEN, disk="9:2")])
    assert (mounts.away, mounts.back, mounts.problems()) == ({}, {"/r/d"}, [])


def test_on_ordinary_folders_nothing_is_mounted(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "storyboard.json"
    path.parent.mkdir(parents=True)
    path.write_text("a")
    (seen,) = scan(tmp_path, []).files
    assert (seen.mount, seen.disk) == ("", "")
    assert look(str(path), [str(tmp_path)], str(tmp_path)) == seen
    assert mount_table.mounted(str(path.parent)) == ""
    assert filesystem.is_mount_point(str(tmp_path)) is not True
    if Path("/proc/self/mountinfo").exists():
        assert filesystem.is_mount_point("/proc") is True
        assert mount_table.mount_of("/proc", os.sep) == ("/proc", mount_table.mounted("/proc"))
