"""One walk over real folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sorad.vault import scan as module
from sorad.vault.filesystem import events_work, kind_under
from sorad.vault.scan import RootOffline, Seen, is_hidden, look, scan


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def paths(found: module.Scan) -> set[str]:
    return {seen.path for seen in found.files}


def test_it_finds_storyboards_and_leaves_the_rest(tmp_path: Path) -> None:
    wanted = [
        put(tmp_path / "storyboard.json", "abc"),
        put(tmp_path / "剧集" / "第 1 集" / "Storyboard 🎬.json"),
    ]
    for name in (
        "note.md",
        ".obsidian/storyboard.json",
        ".trash/storyboard.json",
        "node_modules/storyboard.json",
        "storyboard_assets/Segment_1/storyboard.json",
        "board.json",
        "board_assets/storyboard.json",
    ):
        put(tmp_path / name)
    conflict = put(tmp_path / "storyboard (Conflicted copy phone 202611231200).json")
    (tmp_path / "storyboard_folder.json").mkdir()
    found = scan(tmp_path, [])
    assert paths(found) == set(map(str, wanted))
    assert found.conflicts == [str(conflict)]
    assert found.folders == 4
    assert found.errors == []
    status = wanted[0].stat()
    assert Seen(str(wanted[0]), 3, status.st_mtime_ns, False) in found.files
    top = tmp_path.stat()
    assert found.identity == f"{top.st_dev}:{top.st_ino}"


def test_nested_roots_are_left_to_themselves(tmp_path: Path) -> None:
    outer = put(tmp_path / "storyboard.json")
    inner = put(tmp_path / "a" / "inner" / "storyboard.json")
    assert paths(scan(tmp_path, [tmp_path / "a" / "inner"])) == {str(outer)}
    assert paths(scan(tmp_path / "a" / "inner", [tmp_path])) == {str(inner)}


def test_links(tmp_path: Path) -> None:
    root, other, outside = tmp_path / "root", tmp_path / "other", tmp_path / "outside"
    for folder in (root, other, outside):
        put(folder / "storyboard_real.json")
    (root / "storyboard_out.json").symlink_to(outside / "storyboard_real.json")
    (root / "storyboard_in.json").symlink_to(root / "storyboard_real.json")
    (root / "storyboard_other.json").symlink_to(other / "storyboard_real.json")
    (root / "storyboard_broken.json").symlink_to(tmp_path / "nothing")
    (root / "loop").symlink_to(root)
    (root / "away").symlink_to(outside)
    found = scan(root, [other])
    assert paths(found) == {str(root / "storyboard_real.json"), str(root / "storyboard_out.json")}
    roots = [str(root), str(other)]
    assert look(str(root / "storyboard_out.json"), roots) in found.files
    assert look(str(root / "storyboard_in.json"), roots) is None
    assert look(str(root / "storyboard_broken.json"), roots) is None


def test_a_root_given_through_a_link_keeps_its_name(tmp_path: Path) -> None:
    put(tmp_path / "real" / "storyboard.json")
    put(tmp_path / "real" / "nested" / "storyboard.json")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    found = scan(tmp_path / "link", [tmp_path / "real" / "nested"])
    assert paths(found) == {str(tmp_path / "link" / "storyboard.json")}


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs permissions")
def test_an_unreadable_folder_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = put(tmp_path / "storyboard.json")
    dark = tmp_path / "dark"
    put(dark / "storyboard.json")
    real = os.scandir

    def refuse(path: str):  # root may read everything, so the refusal is made here
        if path == str(dark):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan(tmp_path, [])
    assert paths(found) == {str(kept)}
    assert found.errors == [(str(dark), os.strerror(13))]


@pytest.mark.parametrize("what", ["missing", "file", "unreadable"])
def test_roots_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    root = tmp_path / "root"
    if what == "file":
        root.write_text("x")
    elif what == "unreadable":
        root.mkdir()

        def refuse(path: str):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RootOffline) as raised:
        scan(root, [])
    codes = {"missing": "root.missing", "file": "root.not_folder", "unreadable": "root.unreadable"}
    assert raised.value.problem.code == codes[what]


def test_an_empty_root_says_so(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").touch()
    assert scan(tmp_path, []).empty
    (tmp_path / "note.md").touch()
    assert not scan(tmp_path, []).empty


def test_a_stub_stands_for_its_file(tmp_path: Path) -> None:
    put(tmp_path / ".storyboard.json.icloud")
    path = str(tmp_path / "storyboard.json")
    assert scan(tmp_path, []).files == [Seen(path, 0, 0, placeholder=True)]
    assert look(path, []) == Seen(path, 0, 0, placeholder=True)
    assert look(str(tmp_path / "storyboard_2.json"), []) is None


@pytest.mark.parametrize(
    ("platform", "members", "expected"),
    [
        ("darwin", {"st_flags": 0x40000000, "st_blocks": 8}, True),
        ("darwin", {"st_flags": 0, "st_blocks": 0}, True),
        ("darwin", {"st_flags": 0, "st_blocks": 8}, False),
        ("linux", {"st_blocks": 0}, False),
        ("win32", {"st_file_attributes": 0x400020}, True),
        ("win32", {"st_file_attributes": 0x20}, False),
    ],
)
def test_placeholders(
    monkeypatch: pytest.MonkeyPatch, platform: str, members: dict[str, int], expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert module.is_placeholder(SimpleNamespace(st_size=10, **members)) is expected  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_text_is_recorded(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/storyboard_\xff.json", "w"):  # noqa: PTH123
        pass
    found = scan(tmp_path, [])
    assert found.files == []
    assert len(found.errors) == 1


def test_only_below_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "storyboard.json")
    inner = put(tmp_path / "a" / "b" / "storyboard.json")
    assert paths(scan(tmp_path, [], below=str(tmp_path / "a"))) == {str(inner)}
    assert paths(scan(tmp_path, [], below=str(tmp_path / "gone"))) == set()


def test_hidden_folders(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert not is_hidden(root, root)
    assert not is_hidden(root, str(tmp_path / "a" / "b"))
    assert is_hidden(root, str(tmp_path / "a" / ".git" / "objects"))
    assert is_hidden(root, str(tmp_path / "storyboard_assets"))


MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /mnt/nas rw shared:1 - nfs4 nas:/x rw
31 22 0:41 / /mnt/my\\040share rw - cifs //nas/x rw
32 22 0:42 / /mnt/cloud rw - fuse.rclone remote rw
33 30 0:43 / /mnt/nas/local rw - ext4 /dev/vdb rw
34 22 0:44 / /mnt/cloud rw - ext4 /dev/vdc rw
not a line of it
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/anna", "ext4"),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/vault", "nfs4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/my share/vault", "cifs"),
        ("/mnt/nas/local/vault", "ext4"),
        ("/mnt/cloud/vault", "ext4"),
    ],
)
def test_the_kind_of_file_system(path: str, kind: str) -> None:
    assert kind_under(path, MOUNTS) == kind


@pytest.mark.parametrize(
    ("kind", "works"),
    [
        ("ext4", True),
        ("tmpfs", True),
        ("nfs", False),
        ("fuse.sshfs", False),
        ("fuseblk", False),
        ("9p", False),
    ],
)
def test_which_give_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, works: bool) -> None:
    mounts = put(tmp_path / "mountinfo", f"22 1 254:0 / / rw - {kind} x rw\n")
    monkeypatch.setattr("sorad.vault.filesystem.MOUNTS", mounts)
    monkeypatch.setattr(sys, "platform", "linux")
    assert events_work("/somewhere") == (works, kind)
    monkeypatch.setattr("sorad.vault.filesystem.MOUNTS", tmp_path / "none")
    assert events_work("/somewhere") == (True, "")
