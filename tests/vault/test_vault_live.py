"""Real folders, the real watchdog: what people and programs do to a vault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sorad.config.model import Watch

# Version 7 warns, with all its tables, of what its own handling of new folders does to itself.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


def test_a_file_that_is_copied_in_is_read_right_after_its_window(run, until, tmp_path: Path) -> None:
    root = tmp_path / "vault"
    root.mkdir()
    live = run(root, settle=0.3)
    outside = tmp_path / "outside.json"
    outside.write_text("a")
    dropped = time.monotonic()
    shutil.copy(outside, root / "storyboard_a.json")
    until(lambda: live.was_read(root / "storyboard_a.json"))
    assert live.intake.read_at[str(root / "storyboard_a.json")] - dropped >= 0.3


def test_what_is_there_at_the_start_is_read_and_then_all_is_quiet(run, until, tmp_path: Path) -> None:
    (tmp_path / "场景").mkdir()
    path = tmp_path / "场景" / "Storyboard_雨夜🎬.JSON"
    path.write_text("a")
    (tmp_path / ".obsidian").mkdir()
    (tmp_path / ".obsidian" / "storyboard.json").write_text("no")
    live = run(tmp_path)
    until(live.vault.quiet)
    assert live.intake.reads == [(str(path), "a")]


def test_a_slow_writer_is_read_once_when_done(run, until, tmp_path: Path) -> None:
    live = run(tmp_path, settle=0.5)
    path = tmp_path / "storyboard.json"
    with path.open("w") as file:
        for piece in "abcdef":
            file.write(piece)
            file.flush()
            time.sleep(0.1)  # the writer's own pace
    until(lambda: live.was_read(path))
    until(live.vault.quiet)
    assert live.contents(path) == ["abcdef"]


def test_an_editors_save_is_one_new_version_and_no_deletion(run, until, tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    path.write_text("first")
    live = run(tmp_path, settle=0.3)
    until(lambda: live.was_read(path))
    path.unlink()
    temporary = tmp_path / "storyboard.json~"
    temporary.write_text("second")
    temporary.replace(path)
    until(lambda: "second" in live.contents(path))
    until(live.vault.quiet)
    assert live.contents(path) == ["first", "second"]
    assert live.intake.went == []


def test_a_folder_moved_in_from_outside_is_seen_and_so_are_its_later_files(
    run, until, tmp_path: Path
) -> None:
    root = tmp_path / "vault"
    (root / "sub").mkdir(parents=True)
    outside = tmp_path / "season" / "episode"
    outside.mkdir(parents=True)
    (outside / "storyboard_1.json").write_text("a")
    live = run(root)
    (tmp_path / "season").rename(root / "sub" / "season")
    moved = root / "sub" / "season" / "episode"
    until(lambda: live.was_read(moved / "storyboard_1.json"))
    (moved / "storyboard_2.json").write_text("b")
    until(lambda: live.was_read(moved / "storyboard_2.json"))


def test_a_folder_that_takes_the_place_of_one_that_was_moved_out_is_watched(
    run, until, tmp_path: Path
) -> None:
    root = tmp_path / "vault"
    (root / "season").mkdir(parents=True)
    other = tmp_path / "other"
    other.mkdir()
    live = run(root)
    watch = live.vault._watcher._watches[str(root)]
    first = watch.observer
    (root / "season").rename(tmp_path / "away")
    other.rename(root / "season")
    until(lambda: watch.observer is not first and watch.observer is not None)
    until(live.vault.quiet)
    (root / "season" / "storyboard.json").write_text("a")
    until(lambda: live.was_read(root / "season" / "storyboard.json"))


def test_a_burst_like_a_clone_is_read_whole_and_each_once(run, until, tmp_path: Path) -> None:
    live = run(tmp_path)
    paths = []
    for number in range(150):
        folder = tmp_path / "repo" / f"act {number % 10}" / f"scene {number}"
        folder.mkdir(parents=True)
        (folder / "notes.md").write_text("x")
        paths.append(folder / f"storyboard_{number}.json")
        paths[-1].write_text(str(number))
    until(lambda: all(live.was_read(path) for path in paths))
    until(live.vault.quiet)
    assert len(live.intake.reads) == len(paths)


def test_a_deletion_is_told_once_and_a_return_is_read_again(run, until, tmp_path: Path) -> None:
    (tmp_path / "note.md").touch()
    path = tmp_path / "storyboard.json"
    path.write_text("a")
    live = run(tmp_path)
    until(lambda: live.was_read(path))
    path.unlink()
    until(lambda: live.intake.went == [str(path)])
    path.write_text("a")
    until(lambda: live.contents(path) == ["a", "a"])
    assert live.intake.went == [str(path)]


def test_a_removed_folder_takes_its_storyboards_along(run, until, tmp_path: Path) -> None:
    (tmp_path / "note.md").touch()
    path = tmp_path / "a" / "b" / "storyboard.json"
    path.parent.mkdir(parents=True)
    path.write_text("a")
    live = run(tmp_path)
    until(lambda: live.was_read(path))
    (tmp_path / "a").rename(tmp_path.parent / f"{tmp_path.name}-away")
    until(lambda: live.intake.went == [str(path)])


def test_overlapping_roots_read_each_file_once_for_the_deepest(run, until, tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "deep" / "inner"
    inner.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(outer)
    (outer / "storyboard_outer.json").write_text("o")
    (inner / "storyboard_inner.json").write_text("i")
    live = run(outer, inner, outer, link)
    until(live.vault.quiet)
    (inner / "storyboard_new.json").write_text("n")
    until(lambda: live.was_read(inner / "storyboard_new.json"))
    until(live.vault.quiet)
    assert live.intake.roots == {
        str(outer / "storyboard_outer.json"): str(outer),
        str(inner / "storyboard_inner.json"): str(inner),
        str(inner / "storyboard_new.json"): str(inner),
    }
    assert len(live.intake.reads) == 3
    assert len(live.vault.states()) == 2


def test_a_root_that_is_a_link_is_watched_where_it_leads(run, until, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    live = run(link)
    (tmp_path / "real" / "storyboard.json").write_text("a")
    until(lambda: live.was_read(link / "storyboard.json"))


def test_a_root_that_is_missing_at_the_start_is_picked_up(run, until, tmp_path: Path) -> None:
    root = tmp_path / "later"
    live = run(root, rescan=0.3)
    assert live.state(root) == "offline"
    assert live.ledger.rows[str(root)].reason.code == "root.missing"
    root.mkdir()
    until(lambda: live.state(root) == "watching")
    (root / "storyboard.json").write_text("a")
    until(lambda: live.was_read(root / "storyboard.json"))


def test_a_root_that_is_deleted_and_made_again_is_watched_again(run, until, tmp_path: Path) -> None:
    root = tmp_path / "vault"
    root.mkdir()
    old = root / "storyboard_old.json"
    old.write_text("a")
    live = run(root, rescan=0.5)
    until(lambda: live.was_read(old))
    shutil.rmtree(root)
    until(lambda: live.state(root) == "offline")
    assert live.intake.went == []
    root.mkdir()
    (root / "storyboard_new.json").write_text("b")
    until(lambda: live.was_read(root / "storyboard_new.json"))
    until(lambda: live.state(root) == "watching")


def test_another_folder_in_a_roots_place_is_accepted_with_its_first_storyboard(
    run, until, tmp_path: Path
) -> None:
    root = tmp_path / "vault"
    root.mkdir()
    old = root / "storyboard_old.json"
    old.write_text("a")
    live = run(root, rescan=0.5)
    until(lambda: live.was_read(old))
    root.rename(tmp_path / "away")
    root.mkdir()
    (root / "note.md").touch()
    until(lambda: getattr(live.ledger.rows[str(root)].reason, "code", "") == "root.replaced")
    assert live.intake.went == []
    (root / "storyboard_new.json").write_text("b")
    until(lambda: live.was_read(root / "storyboard_new.json"))
    until(lambda: live.state(root) == "watching")
    until(lambda: live.intake.went == [str(old)])


def test_a_root_renamed_away_and_back_loses_nothing(run, until, tmp_path: Path) -> None:
    root, away = tmp_path / "vault", tmp_path / "away"
    root.mkdir()
    path = root / "storyboard.json"
    path.write_text("a")
    live = run(root, rescan=0.3)
    until(lambda: live.was_read(path))
    root.rename(away)
    until(lambda: live.state(root) == "offline")
    away.rename(root)
    until(lambda: live.state(root) == "watching")
    (root / "storyboard_2.json").write_text("b")
    until(lambda: live.was_read(root / "storyboard_2.json"))
    assert live.intake.went == []
    assert live.contents(path) == ["a"]


def test_an_empty_root_whose_storyboards_are_known_is_offline(run, until, tmp_path: Path) -> None:
    root = tmp_path / "vault"
    root.mkdir()
    path = root / "storyboard.json"
    path.write_text("a")
    live = run(root, rescan=0.3)
    until(lambda: live.was_read(path))
    path.unlink()
    until(lambda: live.state(root) == "offline")
    assert live.ledger.rows[str(root)].reason.code == "root.empty"
    path.write_text("b")
    until(lambda: live.contents(path) == ["a", "b"])
    assert live.intake.went == []


def test_a_polled_root_needs_no_watcher(run, until, tmp_path: Path) -> None:
    live = run(tmp_path, polling="always", rescan=0.2)
    assert live.state(tmp_path) == "polling"
    assert live.ledger.rows[str(tmp_path)].reason.code == "root.polling"
    before = threading.active_count()
    (tmp_path / "storyboard.json").write_text("a")
    until(lambda: live.was_read(tmp_path / "storyboard.json"))
    assert threading.active_count() <= before


def test_a_locked_file_is_tried_again(run, until, tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    live = run(tmp_path)
    tries = []

    def locked(seen) -> None:
        tries.append(seen.path)
        if len(tries) < 2:
            raise PermissionError(13, "locked")

    live.intake.before = locked
    path.write_text("a")
    until(lambda: live.was_read(path))
    until(live.vault.quiet)
    assert len(tries) == 2


def test_a_ledger_that_fails_for_a_while_kills_nothing(run, until, tmp_path: Path) -> None:
    live = run(tmp_path)
    live.ledger.broken = True
    path = tmp_path / "storyboard.json"
    path.write_text("a")
    until(lambda: live.vault._ledger_fails > 0)
    live.ledger.broken = False
    until(lambda: live.was_read(path))


def test_news_is_not_looked_at_over_and_over_while_the_ledger_fails(run, until, tmp_path: Path) -> None:
    live = run(tmp_path)
    live.ledger.broken = True
    live.vault.rescan()
    until(lambda: live.vault._ledger_fails > 0)
    live.vault.hint(str(tmp_path / "storyboard.json"))
    beats = len(live.beats)
    until(lambda: live.vault._ledger_fails > 1)
    assert len(live.beats) - beats < 20
    live.ledger.broken = False
    until(live.vault.quiet)


def test_a_rescan_reads_invalid_storyboards_again(run, until, tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    path.write_text("broken")
    other = tmp_path / "storyboard_2.json"
    other.write_text("fine")
    live = run(tmp_path)
    until(live.vault.quiet)
    live.vault.rescan(str(tmp_path))
    until(lambda: len(live.contents(path)) == 2)
    until(live.vault.quiet)
    assert len(live.contents(other)) == 1


def test_conflict_copies_are_shown_and_never_read(run, until, tmp_path: Path) -> None:
    copy = tmp_path / "storyboard (Conflicted copy phone 202611231200).json"
    live = run(tmp_path)
    copy.write_text("a")
    until(lambda: [problem.code for problem in live.vault.problems()] == ["vault.conflict"])
    copy.unlink()
    until(lambda: live.vault.problems() == [])
    assert live.intake.reads == []


def test_own_outputs_cause_no_look_at_all(run, until, tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    path.write_text("a")
    live = run(tmp_path)
    until(live.vault.quiet)
    hints: list[str] = []
    hint = live.vault.hint
    live.vault._watcher._hint = lambda path: (hints.append(path), hint(path))
    segment = tmp_path / "storyboard_assets" / "Segment_1"
    segment.mkdir(parents=True)
    (segment / "storyboard.json").write_text("x")
    (tmp_path / "storyboard_2.json").write_text("b")
    until(lambda: live.was_read(tmp_path / "storyboard_2.json"))
    assert {Path(one).name for one in hints} == {"storyboard_2.json"}


def test_two_processes_that_churn_folders_do_not_make_it_deaf(run, until, tmp_path: Path) -> None:
    live = run(tmp_path, rescan=5.0)
    code = (
        "import os, shutil, sys, time\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end:\n"
        "    for n in range(8):\n"
        "        try: os.makedirs(f'{sys.argv[1]}/x{n}/y/z', exist_ok=True)\n"
        "        except OSError: pass\n"
        "    for n in range(8):\n"
        "        shutil.rmtree(f'{sys.argv[1]}/x{n}', ignore_errors=True)\n"
    )
    churn = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    for process in churn:
        assert process.wait(60) == 0
    path = tmp_path / "late" / "storyboard.json"
    path.parent.mkdir()
    path.write_text("a")
    until(lambda: live.was_read(path), 60)


def test_the_heartbeat_goes_on_and_a_stop_is_quick(run, tmp_path: Path) -> None:
    live = run(tmp_path)
    began = time.monotonic()
    live.stop()
    assert time.monotonic() - began < 10
    assert live.beats


def test_roots_of_an_earlier_config_are_marked(run, ledger, tmp_path: Path) -> None:
    from sorad.ledger.values import RootRow

    ledger.put_root(RootRow("/elsewhere", "watching", "1:2"))
    run(tmp_path)
    assert ledger.rows["/elsewhere"].active is False
    assert ledger.rows[str(tmp_path)].device.split(":")[1] == str(os.stat(tmp_path).st_ino)  # noqa: PTH116


def test_watch_objects_are_taken_as_they_are(run, tmp_path: Path) -> None:
    live = run(tmp_path)
    assert [row.path for row in live.vault.states()] == [str(Watch(path=tmp_path).path)]
