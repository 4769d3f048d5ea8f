"""Notes and tables in watched folders: which are taken up, how long they are to be still, how little is read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from by_hand import World

from sorad.vault import notes
from sorad.vault.names import is_ignored_folder, is_note, is_storyboard
from sorad.vault.notes import Notes
from sorad.vault.scan import Seen, scan

SAYS = "---\nsorad: storyboard\n---\n"


@pytest.fixture
def world(ledger, intake, tmp_path: Path) -> World:
    return World(tmp_path, ledger, intake)


def reads(world: World) -> list[str]:
    return [Path(path).name for path, _content in world.intake.reads]


def hint(world: World, *names: str) -> None:
    for name in names:
        world.vault.hint(world.path(name))
    world.vault.turn()


def test_a_note_is_taken_up_by_its_property_alone(world: World) -> None:
    world.write("plain.md", "# sorad: storyboard\n| shot | prompt |\n")
    world.write("ep.md", SAYS)
    world.write("ep_takes.md", SAYS)  # of sorad itself
    world.write("ep (Conflicted copy Phone 202611230900).md", SAYS)
    world.write("day (Conflicted copy Phone 202611230900).md", "# x")
    world.write("storyboard_a.csv", "shot,prompt")
    world.write("other.csv", "shot,prompt")
    world.run_for(200.0)
    assert sorted(reads(world)) == ["ep.md", "storyboard_a.csv"]
    assert [one.code for one in world.vault.problems()] == ["vault.conflict"]


def test_what_is_typed_is_read_once_it_was_still_for_two_minutes_the_first_time_too(world: World) -> None:
    world.run_for(3.0)
    for text in ("| 1 |", "| 1 | a cat", "| 1 | a cat |"):
        world.write("ep.md", SAYS + text)
        hint(world, "ep.md")
        assert [one.code for one in world.vault.problems()] == ["vault.typed"]
        world.run_for(119.0)
    assert reads(world) == []
    world.run_for(2.0)
    assert [content for _path, content in world.intake.reads] == [SAYS + "| 1 | a cat |"]
    assert world.vault.problems() == []
    world.write("ep.md", SAYS + "| 1 | a cat | and")
    assert world.vault.is_edited(world.path("ep.md"))  # before anything has told of it
    hint(world, "ep.md")
    assert world.vault.edits() == {world.path("ep.md")}
    world.run_for(119.0)
    assert len(reads(world)) == 1
    world.run_for(2.0)
    assert len(reads(world)) == 2
    world.write("ep.md", SAYS + "| 1 | a dog |")
    hint(world, "ep.md")
    world.vault.rescan()  # somebody asked
    world.run_for(3.0)
    assert len(reads(world)) == 3


def test_a_note_that_is_renamed_or_only_read_anew_is_not_typed(world: World) -> None:
    world.write("ep.md", SAYS)
    world.run_for(125.0)
    (world.root / "ep.md").rename(world.root / "second.md")
    hint(world, "ep.md", "second.md")
    world.run_for(3.0)
    assert reads(world) == ["ep.md", "second.md"]
    world.intake.rules = "others"
    world.vault.rescan()
    world.run_for(40.0)
    assert reads(world) == ["ep.md", "second.md", "second.md"]


def test_a_note_that_loses_its_property_is_gone_and_comes_back(world: World) -> None:
    world.write("ep.md", SAYS)
    world.run_for(125.0)
    world.write("ep.md", "---\ntags: x\n---\n")
    assert world.vault.is_edited(world.path("ep.md"))
    world.vault.turn()
    world.run_for(3.0)
    assert world.intake.went == [world.path("ep.md")]
    world.write("ep.md", SAYS + "x")
    hint(world, "ep.md")
    world.run_for(125.0)
    assert reads(world) == ["ep.md", "ep.md"]


def test_only_heads_are_read_once_per_change_and_none_out_of_a_cloud(world: World, monkeypatch) -> None:
    asked: list[str] = []
    really = notes.says_so
    monkeypatch.setattr(notes, "says_so", lambda path: asked.append(Path(path).name) or really(path))
    for number in range(5):
        world.write(f"n{number}.md", "# x")
    seen_by = Notes()
    for _ in range(3):
        scan(world.root, [], notes=seen_by)
    assert sorted(asked) == ["n0.md", "n1.md", "n2.md", "n3.md", "n4.md", "note.md"]
    world.write("n1.md", "# xy")
    scan(world.root, [], notes=seen_by)
    assert asked[6:] == ["n1.md"]
    away = replace(Seen(world.path("n2.md"), 7, 7), placeholder=True)
    assert not seen_by.is_storyboard(away)
    assert Notes(lambda path: path.endswith("n2.md")).is_storyboard(away)  # it was one when it was here
    assert asked[7:] == []


def test_a_note_in_the_cloud_is_never_opened_to_ask_what_it_is(world: World, monkeypatch) -> None:
    world.write("ep.md", SAYS)
    monkeypatch.setattr(notes, "is_placeholder", lambda found: True)
    monkeypatch.setattr(notes, "open_file", lambda path: pytest.fail("it was opened"))
    assert notes.is_there(world.root / "ep.md")
    assert not notes.is_there(world.root / "ep.md", if_away=False)
    assert notes.storyboards_in(world.root) == 0


def test_an_evicted_storyboard_waits_and_an_evicted_note_is_no_matter(world: World) -> None:
    world.write("ep.md", SAYS)
    world.run_for(125.0)
    (world.root / "ep.md").rename(world.root / ".ep.md.icloud")
    (world.root / ".day.md.icloud").touch()
    world.run_for(40.0)
    assert [(one.code, one.params["path"]) for one in world.vault.problems()] == [
        ("vault.placeholder", world.path("ep.md"))
    ]
    assert world.intake.went == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_note_that_cannot_be_read_is_no_matter(world: World) -> None:
    world.write("secret.md", SAYS)
    (world.root / "secret.md").chmod(0)
    world.run_for(125.0)
    assert world.vault.problems() == []


def test_the_folder_of_outputs_beside_a_note_is_passed_over_and_that_of_attachments_is_not(
    world: World,
) -> None:
    for stem, text in (("ep", SAYS), ("diary", "# x")):
        world.write(f"{stem}.md", text)
        world.write(f"{stem}_assets/storyboard_in.json", "x")
    found = {Path(seen.path).relative_to(world.root).as_posix() for seen in scan(world.root, []).files}
    assert found == {"ep.md", "diary_assets/storyboard_in.json"}
    assert is_ignored_folder("ep_assets", lambda name: name == "ep.md")


@pytest.mark.parametrize(
    ("name", "note", "board"),
    [
        ("a.md", True, False),
        ("A.MD", True, False),
        ("storyboard_1.md", True, False),
        ("storyboard_1.csv", False, True),
        ("STORYBOARD.CSV", False, True),
        ("a.csv", False, False),
        ("a_takes.md", False, False),
        (".a.md", False, False),
        ("~$a.md", False, False),
        ("a.md.tmp", False, False),
    ],
)
def test_names(name: str, note: bool, board: bool) -> None:
    assert (is_note(name), is_storyboard(name)) == (note, board)


def test_where_there_is_no_wait_none_is_told(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake, edit=0.0, note=0.0)
    world.write("storyboard_a.csv", "shot,prompt")
    hint(world, "storyboard_a.csv")
    assert world.vault.problems() == []
    world.run_for(3.0)
    assert reads(world) == ["storyboard_a.csv"]
