"""A machine's identity: made once, kept, and not carried to another machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sorad.claim.machine import Machine, identify

ONE, TWO = "1" * 32, "2" * 32


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = identify(tmp_path, name="studio", system_id=ONE)
    assert identify(tmp_path, name="studio", system_id=ONE) == first
    assert len(first.id) == 16
    assert ONE not in (tmp_path / "machine.json").read_text()


def test_two_installations_are_two(tmp_path: Path) -> None:
    ids = {identify(tmp_path / str(n), name="studio", system_id=ONE).id for n in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("name", "system_id", "same"),
    [
        ("studio", TWO, False),  # the state folder was copied to another machine
        ("renamed", ONE, True),  # host names change with the network
        ("studio", "", False),  # the system no longer says who it is
    ],
)
def test_a_copied_state_folder_is_noticed(tmp_path: Path, name: str, system_id: str, same: bool) -> None:
    first = identify(tmp_path, name="studio", system_id=ONE)
    again = identify(tmp_path, name=name, system_id=system_id)
    assert (again.id == first.id) is same
    assert identify(tmp_path, name=name, system_id=system_id).id == again.id


def test_without_an_id_of_the_system_the_name_binds(tmp_path: Path) -> None:
    first = identify(tmp_path, name="studio", system_id="")
    assert first.home == ""
    assert identify(tmp_path, name="studio", system_id="").id == first.id
    assert identify(tmp_path, name="laptop", system_id="").id != first.id


def test_a_lost_state_folder_is_known_by_its_home(tmp_path: Path) -> None:
    first = identify(tmp_path, name="studio", system_id=ONE)
    (tmp_path / "machine.json").unlink()
    again = identify(tmp_path, name="studio", system_id=ONE)
    assert again.id != first.id
    assert again.home == first.home != ""
    assert identify(tmp_path / "other", name="studio", system_id=ONE).home != first.home


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 3}', '{"id": "xyz", "binding": ""}'])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "machine.json").write_text(content)
    machine = identify(tmp_path, name="studio", system_id=ONE)
    assert json.loads((tmp_path / "machine.json").read_text())["id"] == machine.id


def test_the_real_machine_has_one(tmp_path: Path) -> None:
    assert isinstance(identify(tmp_path), Machine)


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OSError, match=r"."):
        identify(tmp_path / "state", name="studio", system_id=ONE)
