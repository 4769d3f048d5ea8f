"""A disk that sees no difference between capital and small letters: a file is found by its former name, too."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from intake_stage import Stage

A = "ep1/storyboard_a.json"
CAPITAL = "ep1/Storyboard_A.json"
Deed = Callable[[Stage], Path]


@pytest.fixture
def alike(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """What differs by case alone is found below the vault; listings show how it is spelled."""
    top = str(stage.vault_dir)
    listdir = os.listdir

    def spelled(path: Any) -> Any:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path).startswith(top + os.sep):
            return path
        at = Path(top)
        for part in Path(path).relative_to(top).parts:
            try:
                names = listdir(at)
            except OSError:
                names = []
            same = (name for name in names if name.lower() == part.lower())
            at /= part if part in names else next(same, part)
        return str(at)

    def lenient(module: Any, name: str, paths: int = 1) -> None:
        real = getattr(module, name)

        def call(*args: Any, **more: Any) -> Any:
            return real(*map(spelled, args[:paths]), *args[paths:], **more)

        monkeypatch.setattr(module, name, call)

    for name in ("lstat", "stat", "listdir", "scandir", "open", "mkdir", "unlink", "rmdir"):
        lenient(os, name)
    for name in ("rename", "replace", "link"):
        lenient(os, name, 2)
    lenient(io, "open")
    assert os.lstat(stage.board("X/y.md", [])).st_ino == os.lstat(stage.vault_dir / "x" / "Y.MD").st_ino
    return stage


def give(old: Path, new: Path) -> Path:
    """Another spelling of the name: by way of a third one, for the two are one here."""
    return old.rename(old.with_name("between")).rename(new)


def rename(stage: Stage) -> Path:
    return give(stage.vault_dir / A, stage.vault_dir / CAPITAL)


def rename_and_edit(stage: Stage) -> Path:
    rename(stage)
    return stage.board(CAPITAL, ["one", "new"])


def rename_and_edit_all(stage: Stage) -> Path:
    rename(stage)
    return stage.board(CAPITAL, ["new"])


def rename_folder(stage: Stage) -> Path:
    return give(stage.vault_dir / "ep1", stage.vault_dir / "EP1") / "storyboard_a.json"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("deed", [rename, rename_and_edit, rename_and_edit_all, rename_folder])
def test_a_storyboard_renamed_to_other_letters_is_no_copy_of_itself(
    alike: Stage, deed: Deed, running: bool
) -> None:
    old = alike.board(A, ["one", "two"])
    alike.go()
    if not running:
        alike.stop()
    new = deed(alike)
    if not running:
        alike.restart()
    alike.go()
    alike.vault.hint(str(old))  # as an event of the rename tells it
    alike.go()
    rows = [(row.path, row.state) for row in alike.raw.storyboards() if row.state != "gone"]
    assert rows == [(str(new), "ok")]
    assert alike.bought() == Counter(["one", "two"] if "edit" not in deed.__name__ else ["one", "two", "new"])
