"""The folder of a 剪映 draft: what was delivered stays as it is, and so does what somebody worked on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from export_cuts import CUT

from sorad.export import draft, jianying
from sorad.export.timeline import Cut
from sorad.layout import poster_path
from sorad.problems import Problem, SoradError

NOW = 1_700_000_000


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    clips = []
    for number, clip in enumerate(CUT.clips):
        path = tmp_path / f"Segment_{number}" / "one.mp4"  # two of one name
        path.parent.mkdir()
        path.write_bytes(f"video {number}".encode())
        clips.append(replace(clip, path=path))
    return Cut("film", clips)


def make(cut: Cut, out: Path, guard=lambda folder, more: None) -> Path:
    return draft.make(cut, out, "film", now=NOW, guard=guard, sleep=lambda seconds: None)


def files_of(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def test_a_draft_has_both_names_and_copies_that_nothing_reaches_the_videos_through(cut, tmp_path):
    made = make(cut, tmp_path / "out")
    assert made == tmp_path / "out" / "film"
    assert files_of(tmp_path / "out") == sorted(
        ["film", "film/Resources", *(f"film/{name}" for name in (*jianying.NAMES, jianying.META))]
        + [f"film/Resources/{name}" for name in ("one.mp4", "2_one.mp4", "3_one.mp4")]
    )
    one, other = ((made / name).read_bytes() for name in jianying.NAMES)
    assert one == other
    for clip, video in zip(cut.clips, json.loads(one)["materials"]["videos"]):
        copy = Path(video["path"].replace(jianying.HERE, str(made)))
        assert copy.read_bytes() == clip.path.read_bytes()
        assert not copy.samefile(clip.path)
        before = clip.path.read_bytes()
        copy.write_bytes(b"edited")
        assert clip.path.read_bytes() == before


@pytest.mark.parametrize("mark", ["com.lveditor.draft", "root_meta_info.json"])
def test_among_the_drafts_of_jianying_its_paths_are_whole(cut, tmp_path, mark):
    out = tmp_path / (mark if "lveditor" in mark else "drafts")
    out.mkdir()
    if mark.endswith(".json"):
        (out / mark).write_text("{}")
    made = make(cut, out)
    told = json.loads((made / "draft_info.json").read_text("utf-8"))
    listed = json.loads((made / jianying.META).read_text("utf-8"))
    paths = [one["path"] for one in told["materials"]["videos"]]
    assert [one["file_Path"] for one in listed["draft_materials"][0]["value"]] == paths
    assert all(Path(path).is_file() for path in paths)


def test_a_draft_as_it_was_written_is_replaced_and_one_that_was_worked_on_stays(cut, tmp_path):
    out = tmp_path / "out"
    first = make(cut, out)
    assert make(Cut("film", cut.clips[:1]), out) == first
    assert len(list((first / "Resources").iterdir())) == 1
    for name in jianying.NAMES:  # version 5 saves under the one, later ones under the other, and not as JSON
        edited = (first / name).read_bytes()
        (first / name).write_bytes(b"cipher")
        assert make(cut, out) == out / "film-2"
        assert (first / name).read_bytes() == b"cipher"
        (first / name).write_bytes(edited)
    assert make(cut, out) == first
    (out / "film-2").rename(out / "theirs")
    for name in jianying.NAMES:  # another's draft, or something else altogether
        (first / name).write_text('{"id": "another"}')
    assert make(cut, out) == out / "film-2"
    assert [one.name for one in out.iterdir() if one.name.startswith(".")] == []


def test_the_poster_of_the_first_video_is_the_cover(cut, tmp_path):
    poster_path(cut.clips[0].path).write_bytes(b"poster")
    made = make(cut, tmp_path / "out")
    cover = json.loads((made / jianying.META).read_text("utf-8"))["draft_cover"]
    assert (made / cover).read_bytes() == b"poster"


def test_a_file_or_a_dead_link_of_its_name_stays(cut, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "film").symlink_to(tmp_path / "nowhere")
    (out / "film-2").write_text("a file")
    assert make(cut, out) == out / "film-3"


def test_what_is_left_of_one_that_was_cut_off_does_no_harm(cut, tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    ours = out / f".film.new{os.getpid():x}.tmp"
    ours.symlink_to(elsewhere)
    assert make(cut, out) == out / "film"
    ours.mkdir()
    assert make(cut, out) == out / "film"
    for name, age in (
        (".film.new1.tmp", 2 * 86_400),
        (".film.new2.tmp", 60),
        (".other.new3.tmp", 2 * 86_400),
    ):
        (out / name).mkdir()
        os.utime(out / name, (NOW - age, NOW - age))
    assert make(cut, out) == out / "film"
    assert sorted(one.name for one in out.iterdir()) == [".film.new2.tmp", ".other.new3.tmp", "film"]
    assert (elsewhere / "kept").read_text() == "kept"


def test_without_room_or_without_a_video_nothing_is_made(cut, tmp_path):
    asked = []

    def full(folder, more):
        asked.append(more)
        raise SoradError(Problem("full", "full"))

    with pytest.raises(SoradError):
        make(cut, tmp_path / "out", full)
    assert asked == [sum(len(one.path.read_bytes()) for one in cut.clips)]
    assert not (tmp_path / "out").exists()
    os.truncate(cut.clips[0].path, 0)
    cut.clips[2].path.unlink()
    with pytest.raises(OSError, match="No such file"):
        make(cut, tmp_path / "out")
    cut.clips[2].path.mkdir()  # is no file while it is copied
    with pytest.raises(OSError, match=r"directory|Invalid argument"):
        make(cut, tmp_path / "out")
    assert files_of(tmp_path / "out") == []
