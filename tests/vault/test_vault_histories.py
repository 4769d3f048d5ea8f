"""Random histories of a vault that steps by hand, against a plain model."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

from by_hand import World
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sorad.ledger.values import Storyboard

NAMES = ["storyboard_a.json", "deep/storyboard_b.json", "deep/er/storyboard_c.json"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(["1", "22", "broken"])),
        st.tuples(st.just("remove"), st.sampled_from(NAMES), st.just("")),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("away"), st.just(""), st.just("")),
        st.tuples(st.just("hint"), st.sampled_from([*NAMES, "deep", "."]), st.just("")),
        st.tuples(st.just("ledger"), st.just(""), st.just("")),
        st.tuples(st.just("rules"), st.sampled_from("xy"), st.just("")),
        st.tuples(st.just("wait"), st.sampled_from(["0.5", "1.9", "2.1", "31"]), st.just("")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@example(
    history=[
        ("write", NAMES[0], "1"),
        ("wait", "2.1", ""),
        ("remove", NAMES[0], ""),
        ("away", "", ""),  # and it comes back without its only storyboard
    ],
    seed=0,
)
@given(history=steps, seed=st.integers(0, 2**32))
def test_after_any_history_the_ledger_agrees_with_the_folder(make_books, history, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), *make_books())
        ledger = world.ledger
        chance = random.Random(seed)
        for verb, one, other in history:
            away = world.base / "away"
            path = world.root / one
            if verb == "wait":
                world.run_for(float(one))
            elif verb == "away":
                (world.root.rename(away), world.run_for(chance.choice([1.0, 40.0])), away.rename(world.root))
                assert world.vault.states()[0].state in ("offline", "watching")
            elif verb == "ledger":
                ledger.broken = not ledger.broken
            elif verb == "rules":
                world.intake.rules = one
            elif verb == "write":
                world.write(one, other)
            elif verb == "remove" and path.exists():
                path.unlink()
            elif verb == "rename" and path.exists() and one != other:
                (world.root / other).parent.mkdir(parents=True, exist_ok=True)
                path.replace(world.root / other)
            elif verb == "hint":
                world.vault.hint(str(path))
        ledger.broken = False
        went = list(world.intake.went)
        world.run_for(200.0)
        there = {str(path): path.read_text() for path in world.root.rglob("storyboard*.json")}
        known = {path: one.content for path, one in ledger.boards.items() if one.state != "gone"}
        assert known == there
        assert all(one.rules == world.intake.rules for one in ledger.boards.values() if one.state != "gone")
        assert world.vault.quiet()
        assert world.vault.states()[0].state == "watching"
        reads = len(world.intake.reads)
        world.run_for(600.0)
        assert len(world.intake.reads) == reads, "nothing changed, yet something was read"
        assert len(world.intake.went) >= len(went)


def test_a_root_that_is_away_never_loses_a_storyboard(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    world.run_for(60.0)
    away = tmp_path / "away"
    world.root.rename(away)
    world.run_for(7200.0)
    world.root.mkdir()
    world.run_for(7200.0)
    assert world.vault.states()[0].state == "offline"
    assert intake.went == []
    world.root.rmdir()
    away.rename(world.root)
    world.run_for(60.0)
    assert world.vault.states()[0].state == "watching"
    assert len(intake.reads) == 1


def test_an_idle_hour_writes_nothing_and_takes_few_turns(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    world.run_for(60.0)
    writes = ledger.writes
    turns, due = 0, world.vault.turn()
    end = world.clock.now + 3600.0
    while due <= end:
        assert due - world.clock.now <= 10.0  # its heartbeat has to be seen
        world.clock.now = due
        due = world.vault.turn()
        turns += 1
        assert turns < 1000
    assert ledger.writes == writes


def test_a_file_in_the_cloud_waits_and_is_told(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    stub = world.root / ".storyboard.json.icloud"
    stub.touch()
    world.run_for(60.0)
    assert intake.reads == []
    assert world.vault.quiet()
    assert [problem.code for problem in world.vault.problems()] == ["vault.placeholder"]
    stub.unlink()
    world.write("storyboard.json", "1")
    world.run_for(60.0)
    assert len(intake.reads) == 1
    assert world.vault.problems() == []
    (world.root / "storyboard.json").rename(stub)
    world.run_for(600.0)
    assert intake.went == []


def test_what_the_intake_marks_when_something_goes_is_read_again_soon(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    world.write("storyboard copy.json", "1")
    world.run_for(60.0)
    copy = str(world.root / "storyboard copy.json")
    told = intake.gone

    def gone(board: Storyboard) -> None:
        told(board)
        ledger.boards[copy] = replace(ledger.boards[copy], rules="")

    intake.gone = gone
    (world.root / "storyboard.json").unlink()
    world.vault.hint(str(world.root / "storyboard.json"))
    world.run_for(5.0)
    assert [path for path, _content in intake.reads].count(copy) == 2


def test_the_window_begins_after_a_slow_scan(ledger, intake, tmp_path: Path, monkeypatch) -> None:
    import sorad.vault.root as module

    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    real = module.scan

    def slow(*args, **options):
        found = real(*args, **options)
        world.clock.now += 10.0
        return found

    monkeypatch.setattr(module, "scan", slow)
    world.vault.turn()
    assert intake.reads == []
    world.run_for(2.0)
    assert len(intake.reads) == 1


def test_a_file_that_is_away_for_less_than_the_window_is_not_gone(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    world.run_for(60.0)
    path = world.root / "storyboard.json"
    path.unlink()
    world.vault.hint(str(path))
    world.run_for(1.5)
    world.write("storyboard.json", "2")
    world.run_for(60.0)
    assert intake.went == []
    assert [content for _path, content in intake.reads] == ["1", "2"]


def test_a_last_piece_that_no_event_told_of_has_its_own_window(ledger, intake, tmp_path: Path) -> None:
    world = World(tmp_path, ledger, intake)
    world.write("storyboard.json", "1")
    world.run_for(1.9)
    world.write("storyboard.json", "22")
    world.run_for(1.0)
    assert intake.reads == []
    world.run_for(2.0)
    assert [content for _path, content in intake.reads] == ["22"]
