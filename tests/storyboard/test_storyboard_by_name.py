"""Pictures that count by their names: which one goes where, and which does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.by_name import stamps
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Reading, Rules, read_bytes

END = b"IEND\xaeB`\x82"


def picture(path: Path, mark: str = "", *, whole: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + (mark or path.name).encode() + (END if whole else b""))
    return path


def takes(references: int, *, frames: bool = True) -> Any:
    def judge(request: Request) -> list[Problem]:
        found = [Problem("request.references", "too many")] if len(request.references) > references else []
        return found + ([Problem("request.first_frame", "none")] if request.image and not frames else [])

    return judge


def read(
    folder: Path, segments: list[dict[str, Any]], *, judge: Any = None, alone: int = 1, **top: Any
) -> Reading:
    rules = Rules(
        5_000_000,
        100,
        10,
        1,
        False,
        judge or takes(9),
        Pictures((folder,)),
        storyboards_in=lambda folder: alone,
    )
    numbered = [{"segment_index": at, "prompt_text": "x", **one} for at, one in enumerate(segments, 1)]
    text = json.dumps({"assets": True, **top, "segments": numbered}, ensure_ascii=False)
    return read_bytes(text.encode(), folder, rules, "storyboard_a.json")


def sent(reading: Reading, at: int = 0) -> tuple[str, str, list[str]]:
    request = reading.segments[at].request
    names = [Path(one.path).name for one in request.references]
    return Path(request.image_path).name, Path(request.last_frame_path).name, names


WHO = {"characters": [{"name": "Alice"}, "老王 (@wang)"], "scene": "Harbour", "props": ["lantern", "rope"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("character/alice.png", "character/老王.PNG", "scene/Harbour.png", "props/rope.png"):
        picture(tmp_path / "asset" / name)
    picture(tmp_path / "asset/segment/storyboard_a/1_start.png")
    picture(tmp_path / "asset/segment/02_end.png")
    (tmp_path / "asset/character/alice.txt").write_text("x")
    return tmp_path


def test_each_goes_where_its_name_says_in_the_order_of_references(folder: Path) -> None:
    reading = read(folder, [{"asset": WHO}, {}])
    assert reading.problems == ()
    assert sent(reading) == ("1_start.png", "", ["alice.png", "老王.PNG", "Harbour.png", "rope.png"])
    assert [one.kind for one in reading.segments[0].request.references] == ["character"] * 2 + [
        "scene",
        "prop",
    ]
    assert sent(reading, 1) == ("", "02_end.png", [])
    assert [one.code for one in reading.pictures] == ["storyboard.picture"] * 6
    assert {one.number for one in reading.pictures} == {1, 2}


def test_a_folder_that_is_named_from_here_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert sent(read(Path(folder.name), [{"asset": WHO}]))[0] == "1_start.png"


def test_without_the_flag_such_folders_change_nothing(folder: Path) -> None:
    with_folder = read(folder, [{"asset": WHO}, {}], assets=False)
    bare = folder / "bare"
    bare.mkdir()
    assert with_folder.content == read(bare, [{"asset": WHO}, {}], assets=False).content
    assert sent(with_folder) == ("", "", [])
    assert (with_folder.pictures, with_folder.assets) == ((), None)
    for said in ({"characters": ["x"]}, ["a.png"]):  # what earlier versions left out means nothing today
        assert read(folder, [{"asset": WHO}, {}], assets=said).content == with_folder.content
    assert read(folder, [{}], assets="yes").problems != ()


def test_what_the_storyboard_says_itself_counts(folder: Path) -> None:
    picture(folder / "own.png")
    bible = [{"name": "Alice", "references": ["own.png"]}, {"name": "Wang", "aliases": ["老王"]}]
    reading = read(folder, [{"asset": WHO, "first_frame": "own.png"}, {}], characters=bible)
    assert sent(reading) == ("own.png", "", ["own.png", "老王.PNG", "Harbour.png", "rope.png"])
    follows = read(folder, [{}, {"continue": True}])
    assert sent(follows, 1)[0] == ""
    picture(folder / "asset/segment/storyboard_a/2_start.png")
    assert sent(read(folder, [{}, {"continue": True}]), 1)[0] == ""


def test_what_the_model_does_not_take_is_left_out_and_told(folder: Path) -> None:
    reading = read(
        folder, [{"asset": WHO, "references": ["https://x.test/a.png"]}], judge=takes(3, frames=False)
    )
    assert reading.problems == ()
    assert reading.segments[0].request.references[0].image == "https://x.test/a.png"
    assert sent(reading)[:2] == ("", "")
    assert sent(reading)[2][1:] == ["alice.png", "老王.PNG"]
    left = [one.params["picture"] for one in reading.pictures if one.code == "storyboard.picture_left"]
    assert [Path(str(one)).name for one in left] == ["1_start.png", "Harbour.png", "rope.png"]


def test_what_cannot_be_told_is_a_mistake(folder: Path) -> None:
    assert read(folder, [{}, {}], alone=2).problems[0].code == "storyboard.assets"
    assert read(folder, [{}], alone=2).problems == ()  # none of the loose ones is for it
    picture(folder / "asset/segment/storyboard_a/2_end.jpg")
    assert read(folder, [{}, {}], alone=2).problems == ()  # it has one in its own folder
    picture(folder / "asset/segment/storyboard_a/1_start.webp")
    assert read(folder, [{}]).problems[0].code == "storyboard.assets"


def test_a_picture_that_was_copied_by_half_is_a_mistake(folder: Path) -> None:
    picture(folder / "asset/scene/Harbour.png", whole=False)
    reading = read(folder, [{"asset": WHO}])
    assert [one.code for one in reading.problems] == ["storyboard.image"]
    assert reading.assets is not None
    before = stamps(reading.assets, "storyboard_a")
    picture(folder / "asset/scene/Harbour.png")
    assert stamps(reading.assets, "storyboard_a") != before
