"""Whether another storyboard's file is there: what lies on a disk that is away was not deleted."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from sorad.intake import candidates
from sorad.intake.candidates import is_there
from sorad.ledger.values import Storyboard


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A watched folder with another storyboard in it."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "new.json").write_text("{}")
    return folder


def ask(root: Path, *, away: bool = False, watched: bool = True, **more: Any) -> bool:
    members = {"size": 1, "mtime_ns": 1, "content": "c", "state": "ok", **more}
    board = Storyboard(0, str(root), str(root / "old.json"), **members)
    return is_there(
        board, [str(root)] if watched else [], [str(root)] if away else [], str(root / "new.json")
    )


def test_a_file_that_is_not_in_a_folder_that_is_was_deleted_or_renamed(root: Path) -> None:
    assert not ask(root)
    (root / "old.json").write_text("{}")
    assert ask(root)


def test_a_root_that_is_away_deletes_nothing(root: Path) -> None:
    assert ask(root, away=True)
    assert not ask(root, away=True, watched=False), "a folder that is no longer watched is not waited for"


@pytest.mark.parametrize("left", [[], [".DS_Store", ".stfolder"]])
def test_a_bare_mount_point_deletes_nothing(root: Path, left: list[str]) -> None:
    (root / "new.json").unlink()
    for name in left:
        (root / name).touch()
    assert ask(root)
    (root / "note.md").touch()
    assert not ask(root)


def test_a_root_that_is_gone_deletes_nothing(root: Path) -> None:
    (root / "new.json").unlink()
    root.rmdir()
    assert ask(root)


def test_a_disk_below_the_root_that_is_away_deletes_nothing(root: Path) -> None:
    mount = str(root / "disk")
    assert ask(root, mount=mount)
    assert not ask(root, mount=mount, state="gone"), "it was seen to be deleted while its disk was there"


def test_what_icloud_evicted_is_there(root: Path) -> None:
    (root / ".old.json.icloud").touch()
    assert ask(root)


def test_what_cannot_be_looked_at_is_not_called_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: str) -> os.stat_result:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(candidates.os, "lstat", denied)
    assert ask(root)
