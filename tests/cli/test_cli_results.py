"""`sorad gallery` and `sorad open`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sorad.cli.look.open import opener
from sorad.model import State


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
