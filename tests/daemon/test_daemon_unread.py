"""Storyboards that cannot be taken up are told by name, by every command that looks; the others go on at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from daemon_stage import Process, Stage, rights_bind, wait_for

from sorad.model import State

GOOD = '{"segments": [{"segment_index": 1, "prompt_text": "TEXT", "duration_seconds": 10}]}'


def unreadable(vault: Path) -> str:
    path = vault / "dark" / "storyboard.json"
    path.parent.mkdir()
    path.write_text(GOOD, "utf-8")
    path.chmod(0)
    return str(path)


def closed_outputs(vault: Path) -> str:
    path = vault / "closed" / "storyboard.json"
    (path.parent / "storyboard_assets").mkdir(parents=True)
    path.write_text(GOOD, "utf-8")
    (path.parent / "storyboard_assets").chmod(0)
    return str(path.parent / "storyboard_assets")


def too_long(vault: Path) -> str:
    path = vault / f"storyboard_{'x' * 239}.json"
    path.write_text(GOOD, "utf-8")
    return "xxxxxxxxxx"


def no_text(vault: Path) -> str:
    with open(os.fsencode(vault) + b"/storyboard_\xff.json", "w") as file:  # noqa: PTH123
        file.write(GOOD)
    return "storyboard_\ufffd.json"


def leads_nowhere(vault: Path) -> str:
    path = vault / "storyboard_link.json"
    path.symlink_to("nowhere.json")
    return str(path)


def file_in_place(vault: Path) -> str:
    path = vault / "file" / "storyboard.json"
    path.parent.mkdir()
    path.write_text(GOOD, "utf-8")
    (path.parent / "storyboard_assets").write_text("mine", "utf-8")
    return str(path.parent / "storyboard_assets")


def file_in_place_of_a_segment(vault: Path) -> str:
    path = vault / "segment" / "storyboard.json"
    (path.parent / "storyboard_assets").mkdir(parents=True)
    path.write_text(GOOD, "utf-8")
    (path.parent / "storyboard_assets" / "Segment_1").write_text("mine", "utf-8")
    return str(path.parent / "storyboard_assets" / "Segment_1")


KINDS = (
    unreadable,
    closed_outputs,
    too_long,
    no_text,
    leads_nowhere,
    file_in_place,
    file_in_place_of_a_segment,
)


def as_user(stage: Stage, *words: str) -> Process:
    """A command that root's rights do not help; for everybody else it is as always."""
    process = stage.launch([*rights_bind(), *stage.command(*words)])
    process.ends()
    return process


@pytest.mark.skipif(os.name == "nt", reason="rights and names as POSIX has them")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_it_is_told_by_name_and_the_others_go_on(stage: Stage, kind: object) -> None:
    named = kind(stage.vault)  # type: ignore[operator]
    stage.drop("good/storyboard.json", "good")
    for words in (("plan",), ("validate", str(stage.vault)), ("once",)):
        ended = as_user(stage, *words)
        said = ended.out() + ended.err()
        assert named in ended.out(), (words, said)
        assert "mistake in sorad" not in said
        assert "Traceback" not in said
    assert ended.popen.returncode == 1
    assert stage.states()[State.DONE] == 1
    daemon = stage.launch([*rights_bind(), *stage.command("run")])
    daemon.says("sorad is running")
    wait_for(lambda: "daemon.starting" not in str(stage.status()), "it has looked through the folders")
    wait_for(lambda: any(named in message for message in stage.problems().values()), str(stage.problems))
    assert stage.cli("status", code=1)


@pytest.mark.skipif(os.name == "nt", reason="rights as POSIX has them")
def test_a_folder_of_the_users_own_gets_the_videos_beside_what_is_in_it(stage: Stage) -> None:
    board = stage.drop("storyboard.json", "one")
    note = board.parent / "storyboard_assets" / "note.md"
    note.parent.mkdir()
    note.write_text("mine", "utf-8")
    stage.cli("plan")
    stage.cli("once")
    stage.check_delivered(1)
    assert note.read_text("utf-8") == "mine"


@pytest.mark.skipif(os.name == "nt", reason="rights as POSIX has them")
def test_a_storyboard_that_may_be_read_again_is_taken_up(stage: Stage) -> None:
    path = Path(unreadable(stage.vault))
    daemon = stage.launch([*rights_bind(), *stage.command("run")])
    daemon.says("sorad is running")
    wait_for(lambda: "vault.file" in stage.problems())
    path.chmod(0o644)
    stage.wait_states(done=1, patience=60)
    wait_for(lambda: "vault.file" not in stage.problems())
