"""What names tell."""

from __future__ import annotations

import unicodedata

import pytest

from sorad.vault.names import (
    conflict_copy,
    host_conflicts,
    is_ignored_folder,
    is_never_read,
    is_storyboard,
    is_temporary,
    marked_conflict,
    original_of,
    stub_target,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("storyboard.json", True),
        ("storyboard_demo.json", True),
        ("Storyboard.JSON", True),
        ("STORYBOARD 第一集🎬.json", True),
        (unicodedata.normalize("NFD", "storyboard_é_한.json"), True),
        ("storyboard", False),
        ("storyboard.json.tmp", False),
        ("my_storyboard.json", False),
        (".storyboard.json", False),
        ("~$storyboard.json", False),
        ("storyboard.jsonl", False),
        ("分镜.json", False),
        ("", False),
    ],
)
def test_storyboards(name: str, expected: bool) -> None:
    assert is_storyboard(name) is expected


@pytest.mark.parametrize(
    "name",
    [".x", "~$x.json", "x.tmp", "X.PART", ".syncthing.x.json.tmp", "~syncthing~x.json.tmp", ".x.json.icloud"],
)
def test_temporary_names(name: str) -> None:
    assert is_temporary(name)


def test_an_ordinary_name_is_not_temporary() -> None:
    assert not is_temporary("storyboard.json")


@pytest.mark.parametrize(
    ("name", "neighbours", "expected"),
    [
        (".obsidian", (), True),
        (".my-config", (), True),
        (".trash", (), True),
        (".git", (), True),
        (".stversions", (), True),
        ("node_modules", (), True),
        ("Node_Modules", (), True),
        ("episode.tmp", (), True),
        ("storyboard_1_assets", (), True),
        ("Storyboard_第一集_ASSETS", (), True),
        ("board_assets", ("board.json",), True),
        ("board_assets", (), False),
        ("shared_assets", ("other.json",), False),
        ("assets", ("assets.json",), False),
        ("scenes", (), False),
        ("分镜", (), False),
        ("my.folder", (), False),
    ],
)
def test_ignored_folders(name: str, neighbours: tuple[str, ...], expected: bool) -> None:
    assert is_ignored_folder(name, neighbours.__contains__) is expected


@pytest.mark.parametrize(
    "name",
    [
        "storyboard (Conflicted copy MacBook 202611231200).json",
        "storyboard_1.sync-conflict-20261123-120000-ABCDEF7.json",
        "storyboard (Anna's conflicted copy 2026-11-23).json",
        "storyboard (In Konflikt stehende Kopie von Anna 2026-11-23).json",
        "storyboard (小明 的冲突副本 2026-11-23).json",
        "storyboard（冲突副本）.json",
        unicodedata.normalize("NFD", "storyboard (cópia em conflito de Ana 2026-11-23).json"),
        "storyboard (conflicted copy 2026-11-23 120000).json",
        "storyboard-NSConflict-小明-mac.json",
        "storyboard-conflict-20261123.json",
        "storyboard_conflict-20261123-120000.json",
        "STORYBOARD (CONFLICTED COPY x 202611231200).JSON",
    ],
)
def test_conflict_copies(name: str) -> None:
    assert conflict_copy(name)


@pytest.mark.parametrize(
    "name",
    [
        "storyboard.json",
        "storyboard_conflict.json",
        "storyboard (conflict).json",
        "storyboard copy.json",
        "storyboard (1).json",
    ],
)
def test_no_conflict_copies(name: str) -> None:
    assert not conflict_copy(name)


@pytest.mark.parametrize(
    "name",
    [
        "storyboard 2.json",
        "storyboard copy.json",
        "storyboard copy 2.json",
        "storyboard (1).json",
        "storyboard(1).json",
        "storyboard - Copy.json",
        "storyboard - Copy (2).json",
        "storyboard - 副本.json",
        "storyboard - 副本 (2).json",
        "storyboard 副本.json",
        "storyboard的副本.json",
        "storyboard 的副本 2.json",
        "storyboard - Kopie.json",
        "storyboardのコピー.json",
        "storyboard-DESKTOP-AB12CD3.json",
        "Storyboard-annas-mbp.JSON",
    ],
)
def test_duplicates_point_to_their_original(name: str) -> None:
    assert original_of(name, ["Storyboard.json", name]) == "Storyboard.json"
    assert original_of(name, [name, "storyboard_other.json"]) is None


def test_a_copy_of_a_copy_points_to_the_nearest() -> None:
    names = ["storyboard.json", "storyboard copy.json", "storyboard copy 2.json"]
    assert original_of("storyboard copy 2.json", names) == "storyboard.json"
    assert original_of("storyboard-a-b.json", ["storyboard.json", "storyboard-a.json"]) == "storyboard-a.json"


def test_names_in_either_normal_form_are_the_same() -> None:
    decomposed = unicodedata.normalize("NFD", "storyboard_café.json")
    assert original_of("storyboard_café 2.json", [decomposed]) == decomposed


@pytest.mark.parametrize("name", ["storyboard.json", "storyboard_2.json", "storyboard2.json", "note.md"])
def test_originals_point_nowhere(name: str) -> None:
    assert original_of(name, ["storyboard.json", "storyboard_2.json"]) is None


def test_stubs() -> None:
    assert stub_target(".storyboard.json.icloud") == "storyboard.json"
    assert stub_target("storyboard.json") is None
    assert stub_target(".storyboard.json") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("分镜_01.json", True),
        ("第1集分镜.JSON", True),
        ("my_storyboard.json", True),
        ("Story-Board 2.json", True),
        ("storyboard_1.json.txt", True),
        ("storyboard_1.txt", True),
        ("storyboard_1.jsonc", True),
        ("storyboard_1.json", False),
        ("storyboard_1 (conflicted copy).json", False),
        ("storyboard.md", False),
        ("分镜.md", False),
        ("history.json", False),
        ("~$storyboard.json.txt", False),
        (".storyboard.json.txt", False),
        ("storyboard_1.json.tmp", False),
    ],
)
def test_names_that_were_meant_and_are_never_read(name: str, expected: bool) -> None:
    assert is_never_read(name) is expected


@pytest.mark.parametrize(
    "name",
    [
        "storyboard_a (conflict).json",
        "storyboard_a (conflict 2026-11-23-12-00-00).json",
        "storyboard_a (SFConflict mei@example.org 2026-11-23-12-00-00).json",
        "storyboard_a(sfconflict mei).json",
        "storyboard_a (冲突).json",
        "storyboard_a（冲突 小明的电脑）.json",
        "storyboard_a (衝突).json",
    ],
)
def test_names_that_mark_a_conflict(name: str) -> None:
    assert marked_conflict(name) == "storyboard_a.json"
    assert not conflict_copy(name)


@pytest.mark.parametrize(
    "name",
    [
        "storyboard_a.json",
        "storyboard_conflict.json",
        "storyboard (the conflict).json",
        "storyboard (conflicts of love).json",
        "storyboard_冲突.json",
        "storyboard (final).json",
    ],
)
def test_names_that_mark_none(name: str) -> None:
    assert marked_conflict(name) is None


@pytest.mark.parametrize(
    ("end", "hosts"),
    [
        ("DESKTOP-AB12CD", ()),
        ("DESKTOP-ABCDEFG", ()),
        ("LAPTOP-7GQ2LK0P", ()),
        ("LAPTOP-7GQ2LK0P-2", ()),
        ("WIN-0PQ7FK3L2M1", ()),
        ("MININT-8K2LPQ1", ()),
        ("annas-mbp", ("Annas-MBP",)),
        ("小明的电脑", ("小明的电脑",)),
    ],
)
def test_names_that_onedrive_gives(end: str, hosts: tuple[str, ...]) -> None:
    assert "storyboard_a.json" in host_conflicts(f"storyboard_a-{end}.json", hosts)


@pytest.mark.parametrize(
    "end", ["v2", "final", "EP-01", "annas-mbp", "Desktop-ab12cd", "2026-11-23", "SCENE-12"]
)
def test_names_that_people_give(end: str) -> None:
    assert host_conflicts(f"storyboard_a-{end}.json", ("other",)) == []
