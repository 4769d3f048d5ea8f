"""From bytes to requests: what is read, and what it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Reading, Rules, Segment, read_bytes, read_file

SAMPLES = Path(__file__).parents[1] / "samples"


def offered(request: Request) -> list[Problem]:
    """A provider with 10 and 15 seconds, and 25 for pro."""
    allowed = (10, 15, 25) if request.pro else (10, 15)
    if request.seconds in allowed:
        return []
    return [
        Problem(
            "request.seconds",
            "{seconds} s: only {allowed}",
            "",
            {"seconds": request.seconds, "allowed": str(allowed)},
        )
    ]


def rules(**changes: Any) -> Rules:
    usual: dict[str, Any] = {
        "max_size": 5_000_000,
        "max_segments": 1_000,
        "max_takes": 100,
        "takes": 1,
        "director_intent": False,
        "validate": offered,
    }
    return Rules(**{**usual, **changes})


def read(document: object, **changes: Any) -> Reading:
    return read_bytes(json.dumps(document).encode(), Path("/nowhere"), rules(**changes))


def one(**fields: object) -> dict[str, Any]:
    """A storyboard of one segment."""
    return {"segments": [{"segment_index": 1, "prompt_text": "A cat.", **fields}]}


# --- the samples ------------------------------------------------------------------------------------


def test_the_template_of_the_first_schema() -> None:
    reading = read_file(SAMPLES / "storyboard_template.json", rules())
    assert reading.problems == ()
    assert reading.segments == (
        Segment(
            1,
            1,
            Request(
                "一个精致的未来城市全景，夕阳西下，霓虹灯倒映在潮湿的地面上。", "", 10, "horizontal", False
            ),
        ),
        Segment(
            2,
            1,
            Request(
                "镜头拉近，机器人慢慢睁开眼睛，内部零件清晰可见。",
                "https://example.com/reference.jpg",
                15,
                "vertical",
                True,
            ),
        ),
    )


def test_the_demo_of_the_first_schema() -> None:
    path = SAMPLES / "storyboard_demo.json"
    reading = read_file(path, rules())
    texts = [raw["prompt_text"] for raw in json.loads(path.read_text("utf-8"))["segments"]]
    assert reading.ok
    assert [segment.request.prompt for segment in reading.segments] == texts  # its ids are set apart already


def test_the_demo_of_the_later_schema() -> None:
    reading = read_file(SAMPLES / "storyboard_assets_demo.json", rules())
    assert [segment.request.prompt for segment in reading.segments] == [
        "A futuristic city skyline at night with neon lights reflecting on the river. Cyberpunk style."
        "\nScene: Future City",
        "Close up of a character named @alice smiling warmly at the camera.\nScene: Room",
    ]


def test_the_template_of_the_later_schema_asks_for_seconds_that_are_not_offered() -> None:
    reading = read_file(SAMPLES / "storyboard_assets_template.json", rules())
    (problem,) = reading.problems
    assert (problem.code, problem.where, problem.line) == ("request.seconds", "segments[0]", 17)
    assert problem.params["seconds"] == 5
    assert reading.segments == ()
    assert reading.content == ""


# --- what fields mean -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "request_"),
    [
        ({}, Request("A cat.")),
        (
            {"duration_seconds": None, "resolution": None, "is_pro": None, "image_url": None},
            Request("A cat."),
        ),
        ({"image_url": " ", "asset": None, "takes": None, "director_intent": None}, Request("A cat.")),
        ({"duration_seconds": 15}, Request("A cat.", seconds=15)),
        ({"duration_seconds": 15.0}, Request("A cat.", seconds=15)),
        ({"resolution": "vertical", "is_pro": True}, Request("A cat.", orientation="vertical", pro=True)),
        (
            {"image_url": "HTTP://例子.cn/a b.png".replace(" ", "")},
            Request("A cat.", image="HTTP://例子.cn/ab.png"),
        ),
        ({"prompt_text": " a\n\n b\t"}, Request(" a\n\n b\t")),
        ({"prompt_text": "猫@cat"}, Request("猫 @cat")),
        ({"director_intent": "calm"}, Request("A cat.")),
        ({"asset": {"characters": ["[A cat]"], "scene": None, "props": None}}, Request("A cat.")),
        ({"asset": {"characters": [{"name": "[cat]", "id": " @cat "}]}}, Request("A @cat .")),
        ({"asset": {"characters": [{"name": "cat", "id": "", "age": 3}]}}, Request("A cat.")),
        ({"asset": {"scene": " Roof ", "props": [" ", "moon"]}}, Request("A cat.\nScene: Roof\nProps: moon")),
        ({"asset": {"style": 3}, "unknown": {"deep": [[]]}, "_comment": 1}, Request("A cat.")),
    ],
)
def test_a_segment_becomes_a_request(fields: dict[str, Any], request_: Request) -> None:
    reading = read(one(**fields))
    assert reading.problems == ()
    assert reading.segments == (Segment(1, 1, request_),)


def test_the_directors_intent_is_sent_where_the_rules_say_so() -> None:
    reading = read(one(director_intent=" calm "), director_intent=True)
    assert reading.segments[0].request.prompt == "A cat.\nDirector's note: calm"


@pytest.mark.parametrize(
    ("segment", "storyboard", "root", "takes"),
    [(3, 2, 4, 3), (None, 2, 4, 2), (None, None, 4, 4), (1, None, 4, 1)],
)
def test_takes_of_the_segment_then_of_the_storyboard_then_of_the_root(
    segment: int | None, storyboard: int | None, root: int, takes: int
) -> None:
    reading = read({"takes": storyboard, **one(takes=segment)}, takes=root)
    assert reading.segments[0].takes == takes


def test_segments_keep_the_order_of_the_file() -> None:
    board = {"segments": [{"segment_index": number, "prompt_text": "x"} for number in (3, 0, 2.0)]}
    assert [segment.index for segment in read(board).segments] == [3, 0, 2]


def test_a_byte_order_mark_is_skipped() -> None:
    text = json.dumps(one(prompt_text="猫"), ensure_ascii=False)
    assert read_bytes(text.encode("utf-8-sig"), Path(), rules()).segments[0].request.prompt == "猫"


# --- pictures ---------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.mark.parametrize("data", [PNG, b"\xff\xd8\xff\xe0jpeg", b"RIFF\x00\x00\x00\x00WEBPVP8 "])
@pytest.mark.parametrize(
    "form", ["{name}", "./{name}", "../board/{name}", "{folder}/{name}", "file://{folder}/{name}"]
)
def test_a_local_picture_goes_by_its_content(tmp_path: Path, data: bytes, form: str) -> None:
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "猫 1").write_bytes(data)
    reference = form.format(name="猫 1", folder=folder)
    reading = read_bytes(
        json.dumps(one(image_url=reference)).encode(), folder, rules(pictures=Pictures((tmp_path,)))
    )
    assert reading.problems == ()
    request = reading.segments[0].request
    assert request.image.startswith("sha256:")
    assert len(request.image) == 71
    assert request.image_path == str(folder / "猫 1")


def test_a_picture_that_moves_changes_nothing_and_another_picture_does(tmp_path: Path) -> None:
    for name, data in (("a.png", PNG), ("b.png", PNG), ("c.png", PNG + b"1")):
        (tmp_path / name).write_bytes(data)
    contents = [
        read_bytes(
            json.dumps(one(image_url=name)).encode(), tmp_path, rules(pictures=Pictures((tmp_path,)))
        ).content
        for name in ("a.png", "b.png", "c.png")
    ]
    assert contents[0] == contents[1] != contents[2]


# --- what a storyboard means ------------------------------------------------------------------------

_SEGMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "segment_index": st.integers(0, 10**9 - 1),
            "prompt_text": st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
        },
        optional={
            "duration_seconds": st.sampled_from([10, 15, None]),
            "is_pro": st.sampled_from([True, False, None]),
            "resolution": st.sampled_from(["horizontal", "vertical", None]),
            "takes": st.sampled_from([1, 3, None]),
            "image_url": st.sampled_from([None, "https://example.com/a.png"]),
            "director_intent": st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
            "asset": st.sampled_from([None, {"characters": ["Bob"], "scene": "Hall", "props": ["cup"]}]),
        },
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda segment: segment["segment_index"],
)


@settings(deadline=None)
@given(_SEGMENTS, st.data())
def test_order_of_keys_white_space_and_comments_mean_nothing(
    segments: list[dict[str, Any]], data: st.DataObject
) -> None:
    plain = read({"segments": segments})
    dressed_segments = [
        {
            key: segment[key]
            for key in data.draw(st.permutations([*segment, "_comment"]))
            if key != "director_intent" and key in segment
        }
        | {"_comment": "x", "note": {"segments": [1]}, "director_intent": "another"}
        for segment in data.draw(st.permutations(segments))
    ]
    text = json.dumps(
        {"_comment": 1, "segments": dressed_segments}, indent=data.draw(st.sampled_from([None, 0, 7]))
    )
    dressed = read_bytes(("\ufeff\n" + text + "\r\n").encode(), Path(), rules())
    assert plain.ok
    assert dressed.content == plain.content
    assert sorted(dressed.segments, key=lambda segment: segment.index) == sorted(
        plain.segments, key=lambda segment: segment.index
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"segment_index": 2},
        {"prompt_text": "A dog."},
        {"duration_seconds": 15},
        {"is_pro": True},
        {"resolution": "vertical"},
        {"takes": 2},
        {"image_url": "https://example.com/a.png"},
        {"asset": {"scene": "Hall"}},
    ],
)
def test_what_is_bought_is_what_counts(fields: dict[str, Any]) -> None:
    assert read(one(**fields)).content not in ("", read(one()).content)
