"""Every way in which a storyboard comes into a folder: each is delivered once."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest
from daemon_stage import Stage, storyboard, wait_for


def test_a_copied_file(stage: Stage) -> None:
    stage.run()
    outside = stage.folder / "outside.json"
    outside.write_text(json.dumps(storyboard("a pier", "a gull")), "utf-8")
    shutil.copy(outside, stage.vault / "storyboard_cp.json")
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_a_slow_writer(stage: Stage) -> None:
    stage.run()
    text = json.dumps(storyboard("slow one", "slow two"), indent=1)
    # Each piece comes within the settle window; half a file must never be read as a whole one.
    with (stage.vault / "storyboard_slow.json").open("w", encoding="utf-8") as file:
        for start in range(0, len(text), 24):
            file.write(text[start : start + 24])
            file.flush()
            time.sleep(0.04)
            assert not stage.simulator.accepted
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_a_whole_folder_moved_in_from_outside(stage: Stage) -> None:
    stage.run()
    outside = stage.folder / "elsewhere" / "ep01"
    for name in ("a", "b/deep"):
        folder = outside / name
        folder.mkdir(parents=True)
        (folder / "storyboard.json").write_text(json.dumps(storyboard(f"moved {name}")), "utf-8")
    outside.rename(stage.vault / "ep01")
    stage.wait_states(done=2)
    # A storyboard that is made in the moved folder later is seen as well.
    (stage.vault / "ep01" / "b" / "storyboard_late.json").write_text(json.dumps(storyboard("later")), "utf-8")
    stage.wait_states(done=3)
    stage.check_delivered(3)


def test_an_editors_save(stage: Stage) -> None:
    stage.run()
    path = stage.vault / "storyboard_edited.json"
    for text in ("first thought", "second thought"):
        # As editors do it: a new file beside it, then a rename over the old one.
        fresh = stage.vault / ".storyboard_edited.json.swp"
        fresh.write_text(json.dumps(storyboard("stays", text)), "utf-8")
        fresh.replace(path)
        wait_for(lambda text=text: stage.simulator.creates(text) == 1, "the edited prompt is bought")
    stage.wait_states(done=3)
    stage.check_delivered(3)
    assert stage.simulator.creates("stays") == 1


def test_an_editor_that_saves_again_and_again_buys_the_last_version(stage: Stage) -> None:
    stage.configure([{"path": stage.vault, "settle_seconds": 1.0}])
    stage.run()
    path = stage.vault / "storyboard_typed.json"
    for number in range(10):
        path.write_text(json.dumps(storyboard(f"draft {number}")), "utf-8")
        time.sleep(0.05)
    stage.wait_states(done=1)
    assert stage.simulator.creates("draft 9") == 1
    stage.check_delivered(1)


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git on this machine")
def test_a_git_clone(stage: Stage) -> None:
    source = stage.folder / "source"
    (source / "ep").mkdir(parents=True)
    (source / "ep" / "storyboard.json").write_text(json.dumps(storyboard("cloned 1", "cloned 2")), "utf-8")
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "-c", "user.name=n", "-c", "user.email=e@localhost", "commit", "-q", "-m", "m")
    stage.run()
    git(stage.vault, "clone", "-q", "--no-hardlinks", str(source), "project")
    stage.wait_states(done=2)
    stage.check_delivered(2)


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, timeout=120)


def test_what_lay_there_before_the_start(stage: Stage) -> None:
    stage.drop("deep/er/storyboard_old.json", "was there")
    stage.drop("deep/STORYBOARD-upper.json", "upper case")
    stage.drop(".obsidian/storyboard_hidden.json", "hidden")
    stage.drop("storyboard_x_assets/storyboard_inside.json", "among outputs")
    stage.run()
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_a_wrong_storyboard_is_told_and_the_others_go_on(stage: Stage) -> None:
    stage.run()
    (stage.vault / "storyboard_broken.json").write_text('{"segments": [', "utf-8")
    stage.drop("storyboard_twice.json", "fine")
    twice = json.dumps({"segments": [storyboard("good")["segments"][0], {"segment_index": 1}]})
    (stage.vault / "storyboard_bad.json").write_text(twice, "utf-8")
    stage.wait_states(done=1)
    wait_for(lambda: stage.root().get("invalid") == 2)
    assert stage.simulator.creates("good") == 0, "not even the good segment of a storyboard with a mistake"
    assert stage.cli("status", code=1)
    path = stage.drop("storyboard_broken.json", "mended")
    stage.wait_states(done=2)
    assert path.exists()
    stage.check_delivered(2)


def test_every_sample_of_the_repository(stage: Stage) -> None:
    samples = Path(__file__).resolve().parents[1] / "samples"
    stage.run()
    for sample in sorted(samples.glob("*.json")):
        shutil.copy(sample, stage.vault / sample.name)
    wait_for(lambda: stage.root().get("storyboards") == 4, "all samples are seen")
    wait_for(lambda: set(map(str, stage.states())) == {"done"}, "all takes are done")
    stage.check_delivered(sum(stage.states().values()))


def test_nested_roots_buy_once(stage: Stage) -> None:
    inner = stage.vault / "inner"
    inner.mkdir()
    stage.configure([{"path": stage.vault}, {"path": inner}])
    stage.run()
    stage.drop("inner/storyboard_in.json", "inside")
    stage.drop("storyboard_out.json", "outside")
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_a_root_that_appears_later(stage: Stage) -> None:
    late = stage.folder / "late"
    stage.configure([{"path": stage.vault}, {"path": late, "rescan_seconds": 0.5}])
    stage.run()
    away = {"path": str(late), "state": "offline"}
    wait_for(lambda: any(away.items() <= root.items() for root in stage.status()["roots"]))
    stage.drop("storyboard_here.json", "here")
    outside = stage.folder / "being_made"
    outside.mkdir()
    (outside / "storyboard_there.json").write_text(json.dumps(storyboard("there")), "utf-8")
    outside.rename(late)
    stage.wait_states(done=2)
    stage.check_delivered(2)


def test_centralized_output(stage: Stage) -> None:
    stage.configure([{"path": stage.vault, "output_mode": "centralized", "output_dir": stage.folder / "out"}])
    stage.run()
    stage.drop("ep/storyboard_c.json", "central")
    stage.wait_states(done=1)
    stage.check_delivered(1)
    assert (stage.folder / "out" / "ep" / "storyboard_c" / "Segment_1").is_dir()
    assert not stage.videos()


def save_over(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.swp")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def save_emptied(path: Path, text: str) -> None:
    path.write_text("", "utf-8")
    time.sleep(0.05)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("save", [save_over, save_emptied])
def test_an_editor_that_saves_while_one_types_buys_the_last_text_alone(
    stage: Stage, save: Callable[[Path, str], None]
) -> None:
    stage.configure([{"path": stage.vault, "settle_seconds": 0.15, "edit_seconds": 4.0}])
    stage.run()
    path = stage.vault / "storyboard_typed.json"
    path.write_text(json.dumps(storyboard("stays", "a harbour")), "utf-8")
    stage.wait_states(done=2)
    sentence = "a harbour at night, lamps swing in the wind"
    for end in range(10, len(sentence) + 1, 8):
        save(path, json.dumps(storyboard("stays", sentence[:end])))
        time.sleep(0.5)  # longer than a new file waits

    def told_while_typing() -> bool:
        save(path, json.dumps(storyboard("stays", sentence)))  # asking may take longer than one wait lasts
        return "vault.edited" in stage.problems()

    wait_for(told_while_typing, "status tells of the wait")
    wait_for(lambda: stage.simulator.creates(sentence) == 1, "the last text is bought")
    stage.wait_states(done=3)
    stage.check_delivered(3)
    wait_for(lambda: "vault.edited" not in stage.problems(), "it is over")
    assert len(stage.simulator.accepted) == 3


def test_a_scan_ends_the_wait_of_an_edit(stage: Stage) -> None:
    stage.configure([{"path": stage.vault, "settle_seconds": 0.15, "edit_seconds": 3_000.0}])
    stage.run()
    path = stage.vault / "storyboard_typed.json"
    path.write_text(json.dumps(storyboard("first")), "utf-8")
    stage.wait_states(done=1)
    path.write_text(json.dumps(storyboard("second")), "utf-8")
    wait_for(lambda: "vault.edited" in stage.problems(), "status tells of the wait")
    assert stage.simulator.creates("second") == 0
    stage.cli("scan", str(path))
    stage.wait_states(done=2)
    stage.check_delivered(2)
