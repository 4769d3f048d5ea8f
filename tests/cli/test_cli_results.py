"""`sorad gallery`, `sorad sheet` and `sorad open`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.cli.look.open import opener
from sorad.media.questions import is_there
from sorad.model import State
from sorad.problems import Problem
from sorad.simulator.mp4 import movie


def test_the_page_is_written_and_its_path_printed(house):
    pytest.importorskip("jinja2")
    (take,) = house.takes(1, State.DONE)
    ran = house.sorad("gallery", "--out", f"{house.home}/page.html")
    assert ran.code == 0, ran.err
    assert f"{house.home}/page.html" in ran.out
    assert f"sorad choose {take.id}" in Path(house.home, "page.html").read_text("utf-8")
    ran = house.sorad("gallery", "/nowhere")
    assert ran.code == 2
    assert "no takes to show" in ran.err


def test_a_video_that_is_not_there_is_told(house):
    (take,) = house.takes(1, State.DONE, output=f"{house.home}/nowhere/1.mp4")
    ran = house.sorad("open", str(take.id))
    assert ran.code == 1
    assert "--missing" in ran.err
    assert house.sorad("open", "99").code != 0


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", ["xdg-open", "/v"]),
        ("darwin", ["open", "-R", "/v/a.mp4"]),
        ("win32", ["explorer", "/select,/v/a.mp4"]),
    ],
)
def test_the_file_manager_of_each_system(platform, words):
    assert opener(Path("/v/a.mp4"), platform) == words


@pytest.mark.skipif(not is_there(), reason="the extra sorad[media] is not installed")
def test_a_sheet_is_drawn_with_pictures_of_its_own_where_there_are_no_posters_yet(house, monkeypatch):
    path = house.takes(2)[0].storyboard
    film = movie("t", "x", seconds=1, orientation="horizontal", size=5_000).bytes()
    for take in house.ledger.takes(storyboard=path):
        video = Path(house.home, f"storyboard_assets/Segment_{take.segment}/{take.id}.mp4")
        video.parent.mkdir(parents=True)
        video.write_bytes(film if take.segment == 1 else b"broken")
        house.drive(take, State.DONE, output=str(video))
    ran = house.sorad("sheet", path)
    assert ran.code == 0, ran.err
    out = Path(house.home, "storyboard_assets", "storyboard_sheet.jpg")
    assert str(out) in ran.out
    assert out.read_bytes()[:2] == b"\xff\xd8"
    assert [one.name for one in Path(house.home).glob("*_assets/*/*") if one.suffix != ".mp4"] == []
    assert house.sorad("sheet", f"{house.vault}/none.json").code == 2
    assert "--out" in house.sorad("sheet", path, "--out", f"{house.home}/no/such/x.jpg").err
    lacking = Problem("media.extra", "not here", "Run: {command}", {"command": "pip"})
    monkeypatch.setattr("sorad.media.questions.missing", lambda: lacking)
    ran = house.sorad("sheet", path)
    assert (ran.code, "Run: pip" in ran.err) == (1, True)


@pytest.mark.skipif(not is_there(), reason="the extra sorad[media] is not installed")
def test_a_sheet_is_drawn_before_there_is_an_output_folder(house):
    (take,) = house.takes(1, State.FAILED, output=f"{house.home}/new_assets/Segment_1/1.mp4")
    ran = house.sorad("sheet", take.storyboard)
    assert ran.code == 0, ran.err
    assert list(Path(house.home, "new_assets").glob("*_sheet.jpg"))


@pytest.mark.skipif(not is_there(), reason="the extra sorad[media] is not installed")
@pytest.mark.parametrize("command", ["gallery", "sheet", "cut"])
@pytest.mark.parametrize(
    "name", ["storyboard.json", "S001_T1.mp4", "frame.png", "page.html", "photo.jpg", "link.html"]
)
def test_no_result_is_written_over_a_file_of_another_kind(house, command, name):
    video = Path(house.home, "S001_T1.mp4")
    (take,) = house.takes(1, State.DONE, output=str(video))
    path = take.storyboard
    video.write_bytes(movie("t", "x", seconds=4, orientation="horizontal", size=50_000).bytes())
    out = Path(house.home, name)
    if name == "link.html":
        out.symlink_to(video)
    elif not out.exists():
        out.write_text("mine")
    before = out.read_bytes()
    ran = house.sorad(command, path, "--out", str(out))
    if (command, name) == ("gallery", "page.html"):
        assert ran.code == 0, "a page is written anew"
    else:
        assert ran.code != 0
        assert "--out" in ran.err
        assert out.read_bytes() == before
