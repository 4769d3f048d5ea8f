"""How long a storyboard that was read before waits when it changes, and what is told of it meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from by_hand import World

A = "storyboard_a.json"


@pytest.fixture
def world(ledger, intake, tmp_path: Path) -> World:
    made = World(tmp_path, ledger, intake)
    made.write(A, "first")
    made.run_for(3.0)
    assert intake.reads == [(made.path(A), "first")]
    return made


def contents(world: World) -> list[str]:
    return [content for _path, content in world.intake.reads]


def test_an_edit_is_read_once_it_was_still_for_long(world: World) -> None:
    for text in ("first, and", "first, and then", "first, and then more"):
        world.write(A, text)
        world.look()
        assert world.vault.edits() == {world.path(A)}
        assert [problem.code for problem in world.vault.problems()] == ["vault.edited"]
        world.run_for(19.0)
    assert contents(world) == ["first"]
    world.run_for(2.0)
    assert contents(world) == ["first", "first, and then more"]
    assert world.vault.edits() == set()
    assert world.vault.problems() == []


def test_a_save_that_empties_the_file_first_is_an_edit_throughout(world: World) -> None:
    world.write(A, "")
    world.look()
    world.run_for(5.0)
    world.write(A, "second")
    world.look()
    world.run_for(19.0)
    assert contents(world) == ["first"]
    world.run_for(2.0)
    assert contents(world) == ["first", "second"]


def test_a_save_that_removes_the_file_first_is_one_too(world: World) -> None:
    (world.root / A).unlink()
    world.look()
    assert world.vault.is_edited(world.path(A))
    world.run_for(1.0)
    world.write(A, "second")
    world.look()
    world.run_for(19.0)
    assert contents(world) == ["first"]
    assert world.intake.went == []
    world.run_for(2.0)
    assert contents(world) == ["first", "second"]


@pytest.mark.parametrize("what", ["new", "renamed", "mended", "other settings"])
def test_what_is_no_edit_keeps_the_short_wait(world: World, what: str) -> None:
    before = len(world.intake.reads)
    if what == "new":
        world.write("storyboard_b.json", "new")
    elif what == "renamed":
        (world.root / A).rename(world.root / "storyboard_b.json")
    elif what == "mended":
        world.write(A, "broken")
        world.look()
        world.run_for(21.0)
        before = len(world.intake.reads)
        world.write(A, "mended")
    else:
        world.intake.rules = "others"
    world.look()
    assert world.vault.edits() == set()
    world.run_for(2.1)
    assert len(world.intake.reads) == before + 1


def test_a_change_is_seen_at_once_by_who_is_about_to_buy(world: World) -> None:
    assert not world.vault.is_edited(world.path(A))
    world.write(A, "second")
    assert world.vault.is_edited(world.path(A))  # though nobody hinted at it
    world.vault.turn()
    assert world.vault.edits() == {world.path(A)}, "it was hinted at by the question"
    world.run_for(21.0)
    assert contents(world) == ["first", "second"]
    assert not world.vault.is_edited(world.path(A))


def test_a_scan_that_somebody_asks_for_ends_the_long_wait(world: World) -> None:
    world.write(A, "second")
    world.look()
    world.run_for(3.0)
    world.vault.rescan()
    world.run_for(0.1)
    assert contents(world) == ["first", "second"]
    world.write(A, "third")
    world.vault.rescan()
    world.run_for(1.9)
    assert world.vault.edits() == {world.path(A)}, "it is still not bought for before it is read"
    world.run_for(0.2)
    assert contents(world) == ["first", "second", "third"]


def test_without_the_wait_nothing_counts_as_edited(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake, edit=0.0)
    world.write(A, "first")
    world.run_for(3.0)
    world.write(A, "second")
    world.look()
    assert not world.vault.is_edited(world.path(A))
    assert (world.vault.edits(), world.vault.problems()) == (set(), [])
    world.run_for(2.1)
    assert contents(world) == ["first", "second"]


def test_an_edit_made_while_nobody_looked_waits_too(world: World) -> None:
    world.vault.close()
    world.write(A, "second")
    world.start()
    world.run_for(19.0)
    assert contents(world) == ["first"]
    assert not world.vault.ready(str(world.root))
    world.run_for(2.0)
    assert contents(world) == ["first", "second"]
    assert world.vault.ready(str(world.root))
