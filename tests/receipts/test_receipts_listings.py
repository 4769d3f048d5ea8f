"""Which folders hold a text's digits: each change is seen, and what did not change is not read again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sorad.receipts import listings
from sorad.receipts.listings import Listings

DIGITS = "0a1b2c3d"
FOLDERS = ["segment_1", "segment_2"]


class Shelf:
    """An output folder with two segments, and how often one was read. ``ago``: when it seems to have changed."""

    def __init__(self, assets: Path, monkeypatch: pytest.MonkeyPatch, ago: float, exact: bool) -> None:
        self.assets, self.read, names_in = assets, list[str](), listings.names_in
        for name in FOLDERS:
            (assets / name).mkdir(parents=True)
        made = max(os.stat(assets / name).st_ctime for name in FOLDERS)  # noqa: PTH116
        self.listings = Listings(lambda: made + ago)

        def counted(folder: str) -> list[str]:
            self.read.append(Path(folder).name)
            return names_in(folder)

        monkeypatch.setattr(listings, "names_in", counted)
        monkeypatch.setattr(listings, "is_exact", lambda folder: exact)

    def holding(self) -> list[str]:
        self.read.clear()
        return self.listings.holding(self.assets, DIGITS, lambda: FOLDERS)


@pytest.mark.parametrize(
    ("ago", "exact", "again"), [(60.0, True, []), (1.0, True, FOLDERS), (60.0, False, FOLDERS)]
)
def test_a_folder_is_read_again_only_where_its_times_tell_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ago: float, exact: bool, again: list[str]
) -> None:
    shelf = Shelf(tmp_path / "assets", monkeypatch, ago, exact)
    assert shelf.holding() == []
    assert shelf.read == FOLDERS
    assert shelf.holding() == []
    assert shelf.read == again


def test_what_comes_goes_or_is_renamed_is_seen_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path / "assets", monkeypatch, 60.0, exact=True)
    shelf.holding()
    first = shelf.assets / "segment_1" / f"a_{DIGITS}.json"
    first.write_text("{}")
    assert shelf.holding() == ["segment_1"]
    first.rename(shelf.assets / "segment_2" / first.name)
    assert shelf.holding() == ["segment_2"]
    (shelf.assets / "segment_2").rename(shelf.assets / "aside")
    assert shelf.holding() == []
    (shelf.assets / "aside").rename(shelf.assets / "segment_1_old")
    (shelf.assets / "segment_1").rmdir()
    (shelf.assets / "segment_1_old").rename(shelf.assets / "segment_1")
    assert shelf.holding() == ["segment_1"]


def test_other_systems_and_file_systems_are_read_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(listings, "MOUNTS", mounts)
    for platform, kind, exact in (
        ("linux", "ext4", True),
        ("linux", "nfs4", False),
        ("linux", "vfat", False),
        ("linux", "fuse.sshfs", False),
        ("darwin", "ext4", False),
    ):
        monkeypatch.setattr(listings.sys, "platform", platform)
        mounts.write_text(f"1 0 8:1 / / rw - {kind} /dev/x rw\n")
        assert listings.is_exact(tmp_path) is exact, kind
    mounts.unlink()
    monkeypatch.setattr(listings.sys, "platform", "linux")
    assert not listings.is_exact(tmp_path)


def test_creates_of_many_segments_share_a_look_for_a_moment(tmp_path: Path) -> None:
    """A look that takes 0.05 s serves for half a second; one at few folders serves nobody else."""
    now, looks = [100.0], list[int]()
    shelf = Listings(monotonic=lambda: now[0])
    few, many = ([f"segment_{n}" for n in range(count)] for count in (listings.MANY - 1, listings.MANY))
    (tmp_path / "segment_1").mkdir()

    def holding(folders: list[str], after: float) -> list[str]:
        def listed() -> list[str]:
            looks.append(len(folders))
            now[0] += 0.05
            return folders

        now[0] += after
        return shelf.holding(tmp_path, DIGITS, listed)

    assert [holding(few, 0.0), holding(few, 0.0)] == [[], []]
    assert [holding(many, 0.0), holding(many, 0.49)] == [[], []]
    (tmp_path / "segment_1" / f"a_{DIGITS}.json").write_text("{}")
    assert holding(many, 0.0) == []
    assert looks == [63, 63, 64]
    assert holding(many, 0.02) == ["segment_1"]
    assert looks == [63, 63, 64, 64]
