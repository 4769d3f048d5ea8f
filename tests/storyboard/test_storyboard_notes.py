"""Notes and tables are read as storyboards: what their properties say, what stands in them, and on which line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sorad.problems import Problem
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Reading, Rules, read_bytes
from sorad.storyboard.tables.properties import HEAD, OWN_BLOCK, role_of
from sorad.storyboard.tables.source import read_source

TABLE = "| 镜号 | 景别 | 提示词 | 时长 | 首帧 |\n|---|---|---|---|---|\n"
SAYS = "---\nsorad: storyboard\n---\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def read(text: str | bytes, name: str = "ep.md", folder: Path = Path("/n")) -> Reading:
    rules = Rules(5_000_000, 100, 10, 1, False, lambda request: [], Pictures((folder,)))
    return read_bytes(text.encode() if isinstance(text, str) else text, folder, rules, name)


def told(reading: Reading) -> list[tuple[str, int]]:
    return [(one.code, one.line) for one in reading.problems]


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("---\nsorad: storyboard\n---\n", "storyboard"),
        ("\ufeff---  \r\ntags: [a]\r\nsorad: Draft \r\n---\r\n", "draft"),
        ('---\n"sorad":\n  - storyboard\n---\n', "storyboard"),
        ("---\nsorad: storyboard\nsorad: storyboard\n...\n", "storyboard"),  # a line that a sync doubled
        ("---\nsorad: storyboard\nsorad: draft\n---\n", "storyboard.property"),
        ("---\nsorad: storybord\n---\n", "storyboard.property"),
        ("---\nsorad:\n---\n", "storyboard.property"),
        ("---\nsorad: [storyboard, draft]\n---\n", "storyboard.property"),
        ("---\nsorad: !!python/object/apply:os.system ['true']\n---\n", "storyboard.property"),
        ("---\nsorad: storyboard\na: {b\n---\n", "storyboard.properties"),
        ("---\nsorad: *nowhere\n---\n", "storyboard.properties"),
        ("---\nsorad: storyboard\nx: &a [1]\ny: &b [*a, *a]\nz: {<<: [*b, *b]}\n---\n", "storyboard"),
        ("---\nsorad_chosen: 1\n---\n", None),
        ("---\na: |\n  sorad: storyboard\n---\n", None),
        ("---\na: b\n---\nsorad: storyboard\n", None),
        ("---\nsorad: storyboard\n", None),  # never closed: no properties
        ("\n---\nsorad: storyboard\n---\n", None),
        ("# sorad: storyboard\n", None),
        ("", None),
        ("---\n" + "x: y\n" * HEAD + "sorad: storyboard\n---\n", None),  # too far down
        ("---\nsorad: storyboard\n" + "x: yyyy\n" * 3000 + "---\n", "storyboard.properties"),
    ],
)
def test_what_a_note_says_of_itself(text: str, role: str | None) -> None:
    found = role_of(text.encode())
    assert (found.code if isinstance(found, Problem) else found) == role


def test_properties_that_would_take_a_parser_long_are_refused_at_once() -> None:
    for brackets in ("[" * 16_000, "[" * 8_000 + "]" * 8_000, "{a: " * 4_000):
        began = time.monotonic()
        assert isinstance(role_of(f"---\nsorad: storyboard\nz: {brackets}\n---\n".encode()), Problem)
        assert time.monotonic() - began < 1.0


def test_a_note_without_the_property_asks_for_nothing_ever() -> None:
    for head in ("", "---\ntags: x\n---\n", "---\nsorad: later\n---\n"):
        reading = read(head + TABLE + "| 1 | | 猫 | 10s | |\n")
        assert not reading.segments
        assert [one.code for one in reading.problems] == ["storyboard.property"]


def test_a_table_is_read_and_what_is_wrong_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "a b.png").write_bytes(PNG)
    rows = (
        "| 1 | 远 | 海浪 \\| 灯塔<br>黄昏 | 10秒 | ![[a b.png\\|300]] |\n| 2 | | 猫 | 15 | ![](a%20b.png) |\n"
    )
    reading = read(SAYS + TABLE + rows, folder=tmp_path)
    assert reading.problems == ()
    assert [one.request.prompt for one in reading.segments] == ["海浪 | 灯塔\n黄昏", "猫"]
    assert {one.request.image_path for one in reading.segments} == {str(tmp_path / "a b.png")}
    assert [one.code for one in reading.notes] == ["storyboard.left_out"]
    assert reading.by_hand
    assert not reading.is_draft
    same = read('{"segments": [{"segment_index": 2, "prompt_text": "猫", "duration_seconds": 15}]}', "a.json")
    other = read(SAYS + TABLE + "| 2 | | 猫 | 15 | |\n", folder=tmp_path)
    assert same.content == other.content  # a note is no other storyboard than its JSON form
    wrong = read(SAYS + TABLE + "| 1 | | 海 | 10秒 | |\n| 2 | | 猫 | soon | no.png |\n", folder=tmp_path)
    assert told(wrong) == [("table.cell", 7)]
    wrong = read(SAYS + TABLE + "| 1 | | 海 | 10秒 | |\n| 2 | | 猫 | 15 | no.png |\n", folder=tmp_path)
    assert told(wrong) == [("storyboard.image", 7)]


def test_a_fence_is_read_on_the_lines_of_the_note() -> None:
    fence = '```json\n{"segments": [\n {"segment_index": 1, "prompt_text": "a",},\n%s]}\n```\n'
    good = read(SAYS + "# x\n" + fence % "")
    assert [one.request.prompt for one in good.segments] == ["a"]
    bad = read(SAYS + "# x\n" + fence % ' {"segment_index": 2, "prompt_text": "b", "duration_seconds": "x"}')
    assert [one.line for one in bad.problems] == [8]
    assert told(read(SAYS + '```json\n{\n"segments": [}\n```\n')) == [("storyboard.json", 6)]
    assert told(read(SAYS + fence % "" + TABLE + "| 1 | | 猫 | 10 | |\n")) == [("table.both", 0)]
    assert told(read(SAYS + "just text\n")) == [("table.none", 0)]


def test_a_draft_is_checked_and_asks_for_nothing() -> None:
    draft = read("---\nsorad: draft\n---\n" + TABLE + "| 1 | | 猫 | 10 | |\n")
    assert (draft.is_draft, draft.problems, len(draft.segments)) == (True, (), 1)
    assert next(one.code for one in draft.notes) == "storyboard.draft"
    assert told(read("---\nsorad: draft\n---\n" + TABLE + "| x | | 猫 | 10 | |\n")) == [("table.cell", 6)]


def test_a_note_of_sorads_own_is_none() -> None:
    from sorad.notes.merge import BEGIN

    assert BEGIN == OWN_BLOCK
    assert told(read(f"{SAYS}{TABLE}| 1 | | 猫 | 10 | |\n\n{BEGIN}\n%% sorad:end %%\n")) == [
        ("storyboard.own_note", 0)
    ]


SHEET = '镜号,提示词,时长\r\n1,海浪,10s\r\n2,"猫, 说 ""喵""\r\n再说",15\r\n'


@pytest.mark.parametrize("data", [SHEET.encode(), SHEET.encode("utf-8-sig"), SHEET.encode("gb18030")])
def test_csv_of_any_program(data: bytes) -> None:
    reading = read(data, "storyboard.csv")
    assert reading.problems == ()
    assert [(one.index, one.request.prompt, one.request.seconds) for one in reading.segments] == [
        (1, "海浪", 10),
        (2, '猫, 说 "喵"\n再说', 15),
    ]


def test_csv_that_is_damaged_is_never_read_as_something_else() -> None:
    whole = "shot,prompt\n1,海浪拍打着灯塔\n2,猫\n".encode()
    for damaged in (
        whole[:-2],
        whole.replace("灯".encode(), b"\xe7\x81"),
        whole.replace("猫".encode(), b"\xff"),
    ):
        assert [one.code for one in read(damaged, "storyboard.csv").problems] == ["storyboard.encoding"]
    open_quote = 'shot,prompt\n1,cat\n2,"dog\n3,cow\n'
    assert told(read(open_quote, "storyboard.csv")) == [("table.csv", 3)]
    assert told(read("shot,prompt\n1,cat\n1,dog\n", "storyboard.csv")) == [("table.number", 3)]
    assert told(read("", "storyboard.csv")) == [("table.none", 0)]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("true", True),
        ("'Yes'", True),
        ("false", False),
        ("", None),
        ("[a.png]", None),  # a property of somebody else's
        ("{a: b}", None),
        ("true\nassets: true", True),  # a line that a sync doubled
        ("true\nassets: false", "storyboard.assets"),
        ("perhaps", "storyboard.assets"),
    ],
)
def test_a_note_says_by_its_properties_that_pictures_count_by_their_names(
    value: str, told: bool | str | None, tmp_path: Path
) -> None:
    picture = tmp_path / "asset" / "segment" / "ep" / "1_start.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(PNG + b"IEND\xaeB`\x82")
    head = f"---\nsorad: storyboard\nassets: {value}\n---\n"
    reading = read(head + TABLE + "| 1 | | 猫 | 10 | |\n", folder=tmp_path)
    if isinstance(told, str):
        assert [one.code for one in reading.problems] == [told]
        return
    assert reading.problems == ()
    assert reading.segments[0].request.image_path == (str(picture) if told else "")
    assert (reading.assets is not None) is bool(told)
    converted = read_source((head + TABLE + "| 1 | | 猫 | 10 | |\n").encode(), Path("/n/ep.md"), str)
    assert converted.document.get("assets") is told


def test_properties_and_fence_say_one_thing_of_pictures() -> None:
    fence = '```json\n{"assets": %s, "segments": [{"segment_index": 1, "prompt_text": "a"}]}\n```\n'
    head = "---\nsorad: storyboard\nassets: true\n---\n"
    assert read(head + fence % "true").problems == ()
    assert told(read(head + fence % "false")) == [("storyboard.both", 0)]
