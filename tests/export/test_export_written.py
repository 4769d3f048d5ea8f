"""An export is written over an earlier one only where that stands as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.export.written import NAME, write_beside


def written(folder: Path, content: bytes, name: str = "ep.xml") -> str:
    """Write it; under which name."""
    out = write_beside(folder / name, content, folder / "state", lambda seconds: None)
    assert out.read_bytes() == content
    return out.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path


def test_what_stands_as_it_was_written_is_replaced_and_what_was_worked_on_stays(folder: Path) -> None:
    assert written(folder, b"one") == "ep.xml"
    assert written(folder, b"two") == "ep.xml"
    (folder / "ep.xml").write_bytes(b"edited")
    assert written(folder, b"three") == "ep-2.xml"
    assert written(folder, b"four") == "ep-2.xml"
    assert (folder / "ep.xml").read_bytes() == b"edited"
    (folder / "ep-2.xml").write_bytes(b"edited, too")
    assert written(folder, b"five") == "ep-3.xml"
    (folder / "ep.xml").unlink()
    assert written(folder, b"six") == "ep.xml"


@pytest.mark.parametrize("memory", [b"", b"{", b"[1]", b'{"x": 1}', None])
def test_without_its_memory_only_the_very_same_is_written_again(folder: Path, memory: bytes | None) -> None:
    written(folder, b"one")
    file = folder / "state" / NAME
    file.unlink()
    if memory is not None:
        file.write_bytes(memory)
    assert written(folder, b"one") == "ep.xml"
    assert written(folder, b"two") == "ep.xml"  # it is known again
    file.unlink()
    assert written(folder, b"three") == "ep-2.xml"


def test_a_file_a_folder_or_a_link_of_somebody_else_is_never_touched(folder: Path) -> None:
    (folder / "ep.xml").write_bytes(b"mine")
    (folder / "ep-2.xml").mkdir()
    (folder / "ep-3.xml").symlink_to(folder / "ep.xml")
    assert written(folder, b"one") == "ep-4.xml"
    assert (folder / "ep.xml").read_bytes() == b"mine"


def test_where_nothing_can_be_remembered_it_is_written_all_the_same(folder: Path) -> None:
    (folder / "state").rmdir()
    (folder / "state").write_bytes(b"no folder")
    assert written(folder, b"one") == "ep.xml"
    assert written(folder, b"two") == "ep-2.xml"
