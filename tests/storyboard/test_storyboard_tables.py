"""Notes and tables of shots become the JSON form; what cannot be read for sure is a mistake with its line."""

from __future__ import annotations

import json
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from sorad.cli.main import main
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Rules, read_bytes
from sorad.storyboard.tables.links import Links
from sorad.storyboard.tables.shots import Converted
from sorad.storyboard.tables.source import read_source, written

NOTE = """---
sorad: storyboard
tags: [x]
---
# 第一集

| 镜号 | 景别 | 画面描述 | 提示词 | 时长(秒) | 角色 | 场景 | 台词 | 首帧 |
|:---:|---|---|---|---|---|---|---|---|
| 1 | 远景 | 海边 | 海浪 \\| 灯塔<br>黄昏 | 10秒 | 小美、老王 | 海边 | 小美：你好<br>再见 | ![[a.png]] |
| 镜头 02 | 近景 | | 猫 | 15s |  | | | https://x.test/b.png |

Text | with | bars, no table.

| shot | note |
|---|---|
| 9 | no prompt here |

```text
| 镜号 | 提示词 |
|---|---|
| 7 | in a fence |
```

| 镜号 | Prompt |
| --- | --- |
| 3 | a dog |
"""


def converted(text: str, name: str = "ep.md") -> Converted:
    return read_source(
        text.encode(),
        Path("/n") / name,
        Links(Path("/n/ep.md"), Path("/n"), Path("/n")).meant_by,
    )


def segments(text: str, name: str = "ep.md") -> list[dict[str, Any]]:
    found = converted(text, name)
    assert found.problems == []
    listed: list[dict[str, Any]] = found.document["segments"]
    return listed


def wrong(text: str, name: str = "ep.md") -> list[tuple[str, int]]:
    return [(one.code, one.line) for one in converted(text, name).problems]


def test_all_tables_with_prompts_in_order() -> None:
    assert segments(NOTE) == [
        {
            "segment_index": 1,
            "prompt_text": "海浪 | 灯塔\n黄昏",
            "duration_seconds": 10,
            "first_frame": "a.png",
            "asset": {"characters": ["小美", "老王"], "scene": "海边"},
            "dialogue": [{"speaker": "小美", "text": "你好"}, {"text": "再见"}],
        },
        {
            "segment_index": 2,
            "prompt_text": "猫",
            "duration_seconds": 15,
            "first_frame": "https://x.test/b.png",
        },
        {"segment_index": 3, "prompt_text": "a dog"},
    ]
    assert converted(NOTE).left_out == ["景别", "画面描述"]


def test_what_comes_of_it_is_a_storyboard() -> None:
    rules = Rules(5_000_000, 1_000, 100, 1, False, lambda request: [], Pictures())
    text = NOTE.replace("![[a.png]]", "https://x.test/a.png")
    reading = read_bytes(written(converted(text).document).encode(), Path("/n"), rules)
    assert reading.problems == ()
    assert reading.segments[0].request.prompt == "海浪 | 灯塔\n黄昏\n场景：海边"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_such_a_table(encoding: str, delimiter: str) -> None:
    text = '镜号,提示词,时长,比例\r\n1,"猫，\n走过",10,9:16\r\n\r\n2,狗,,\r\n'.replace(",", delimiter)
    found = read_source(text.encode(encoding), Path("x.csv"), str)
    assert found.problems == []
    assert found.document["segments"] == [
        {"segment_index": 1, "prompt_text": "猫，\n走过", "duration_seconds": 10, "aspect_ratio": "9:16"},
        {"segment_index": 2, "prompt_text": "狗"},
    ]


def test_a_fence_of_json_may_have_commas_too_many() -> None:
    text = 'x\n```json\n{"segments": [{"segment_index": 1, "prompt_text": "a, ]",},],}\n```\n'
    assert segments(text) == [{"segment_index": 1, "prompt_text": "a, ]"}]
    assert wrong('x\n```json\n{"segments": [}\n```\n') == [("storyboard.json", 3)]


def test_scenes_that_are_numbers_are_no_places() -> None:
    assert segments("|scene|prompt|\n|-|-|\n|4|a|\n|5|b|") == [
        {"segment_index": 4, "prompt_text": "a"},
        {"segment_index": 5, "prompt_text": "b"},
    ]
    assert segments("|shot|scene|prompt|\n|-|-|-|\n|4|1|a|") == [{"segment_index": 4, "prompt_text": "a"}]


TWO = "| 镜号 | 提示词 |\n|-|-|\n| 1 | one |\n| 2 | two |\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no table", [("table.none", 0)]),
        ("| 镜号 | 画面 |\n|-|-|\n| 1 | x |", [("table.none", 0)]),
        ("| 镜号 | 提示词 |\n|-|-|\n| 1 | a |\n| 1 | b |", [("table.number", 4)]),
        ("| 镜号 | 提示词 |\n|-|-|\n| 1-2 | a |", [("table.cell", 3)]),
        ("| 镜号 | 提示词 | 时长 |\n|-|-|-|\n| 1 | a | 3-5秒 |", [("table.cell", 3)]),
        ("| 镜号 | 提示词 |\n|-|-|\n| 1 |  |", [("table.cell", 3)]),
        ("| 提示词 | prompt |\n|-|-|\n| a | b |", [("table.columns", 1)]),
        ('|提示词|\n|-|\n|a|\n```json\n{"segments": []}\n```', [("table.both", 0)]),
        ('```json\n{"segments": []}\n```\n```json\n{"segments": []}\n```', [("table.both", 0)]),
        # What would be left out without a word, or bought as it was not meant.
        (TWO + "\n| 3 | after an empty line |", [("table.stray", 6)]),
        (TWO + "｜ 3 ｜ the bars of another keyboard ｜", [("table.stray", 5)]),
        ("｜ 镜号 ｜ 提示词 ｜\n｜---｜---｜\n", [("table.stray", 1), ("table.stray", 2)]),
        (TWO + "| 3 | a cat\nsitting\non a mat |", [("table.row", 5)]),
        (TWO + "| 3 | a cat | a dog |", [("table.cells", 5)]),
        ("| 提示词 | 首帧 |\n|-|-|\n| a | ![[a.png|300]] |", [("table.cells", 3)]),
        (TWO + "| ~~3~~ | ~~a cat~~ |", [("table.struck", 5)]),
        ("| 提示词 |\n|-|\n| ~~a cat~~ |", [("table.struck", 3)]),
        ("| 提示词 | 场景 |\n|-|-|\n| a | 海边 |\n| b | 同上 |", [("table.above", 4)]),
        (TWO + "| 3 | — |", [("table.cell", 5)]),
        (TWO + "<<<<<<< HEAD\n| 3 | a |\n=======\n| 3 | b |\n>>>>>>> x", [("table.conflict", 5)]),
        (TWO + "```text\nx\n\n| 3 | a |", [("table.unclosed", 5)]),
        ("%% old\n" + TWO, [("table.unclosed", 1)]),
        ("%%\n" + TWO + "%%", [("table.none", 0)]),
        ("<!--\n" + TWO + "-->", [("table.none", 0)]),
        ('```json\n{"segments": []}\n\n# more', [("table.unclosed", 1)]),
        ('```json\n[{"prompt_text": "a"}]\n```', [("storyboard.segments", 0)]),
        ("| 镜号 | 提示词 | 时长（帧） |\n|-|-|-|\n| 1 | a | 5 |", [("table.unit", 1)]),
        ("| shot | prompt | Length (min) |\n|-|-|-|\n| 1 | a | 5 |", [("table.unit", 1)]),
        ("| shot | prompt | secnds |\n|-|-|-|\n| 1 | a | 5 |", [("table.near", 1)]),
        ("| shot | prompt | start frame |\n|-|-|-|\n| 1 | a | |", [("table.near", 1)]),
        ("| shot | prompt | 分镜图 |\n|-|-|-|\n| 1 | a | ![[a.png]] |", [("table.pictures", 1)]),
        ("| shot | prompt | continue |\n|-|-|-|\n| 1 | a | perhaps |", [("table.cell", 3)]),
    ],
)
def test_what_cannot_be_read_for_sure_is_told(text: str, found: list[tuple[str, int]]) -> None:
    assert wrong(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("> [!note]\n> |镜号|提示词|\n> |-|-|\n> |4|a|", [{"segment_index": 4, "prompt_text": "a"}]),
        ("|鏡號|提示詞|時長|\n|-|-|-|\n|**4**|a|`5`|",
         [{"segment_index": 4, "prompt_text": "a", "duration_seconds": 5}]),
        ("|#|prompt|\n|-|-|\n|第4镜|a|\n|5.|b|\n|\u00a0６\u00a0|c|",
         [{"segment_index": at, "prompt_text": one} for at, one in zip((4, 5, 6), "abc")]),
        ("|prompt|\n|-|\n|a|\n%% |b| %%\n<!-- |c| -->\n|d|",
         [{"segment_index": 1, "prompt_text": "a"}, {"segment_index": 2, "prompt_text": "d"}]),
        ("|prompt|角色|场景|道具|反向提示词|首帧|参考图|台词|种子|\n|-|-|-|-|-|-|-|-|-|\n|a|无|-|/|N/A|—|…|无|-|",
         [{"segment_index": 1, "prompt_text": "a"}]),
        ("|prompt|continue|audio|is_pro|\n|-|-|-|-|\n|a|-|无|no|\n|b|是|yes||",
         [{"segment_index": 1, "prompt_text": "a", "audio": False, "is_pro": False},
          {"segment_index": 2, "prompt_text": "b", "continue": True, "audio": True}]),
        ("|prompt|audio|\n|-|-|\n|a|rain|", [{"segment_index": 1, "prompt_text": "a"}]),
        ("|prompt|\n|-|\n|zoom 50%%, **fast** `x`|", [{"segment_index": 1, "prompt_text": "zoom 50%%, **fast** `x`"}]),
    ],
)  # fmt: skip
def test_what_people_write_in_tables_is_read(text: str, said: list[dict[str, Any]]) -> None:
    assert segments(text) == said


@pytest.mark.parametrize(
    ("data", "prompts"),
    [
        ("第一集,,\n镜号,提示词,时长\n1,猫,10\n".encode("gb18030"), ["猫"]),
        (b"sep=;\nshot;prompt\n1.0;cat\n", ["cat"]),
        (b"\n\nshot,prompt,,\n1,cat,,\n,,,\n", ["cat"]),
        ("shot,prompt\n1,猫走过“桥”——很慢\n".encode("gbk"), ["猫走过“桥”——很慢"]),
        (b"shot,prompt\n1,a cat, a dog\n", "table.cells"),
        (b"prompt\ncat\n<<<<<<< HEAD\ndog\n", "table.conflict"),
        ("shot,prompt\n1,猫が歩く\n".encode("shift_jis"), "storyboard.encoding"),
        ("shot,prompt\n1,貓在海邊慢慢走過\n".encode("big5"), "storyboard.encoding"),
        ("shot,prompt\n1,une fée\n".encode("latin1"), "storyboard.encoding"),
        ("shot,prompt\n1,cat\n".encode("utf-16"), "storyboard.encoding"),
    ],
)  # fmt: skip
def test_csv_as_programs_write_it(data: bytes, prompts: Any) -> None:
    found = read_source(data, Path("x.csv"), str)
    told = [one.code for one in found.problems]
    assert (told or [one["prompt_text"] for one in found.document["segments"]]) == (
        [prompts] if isinstance(prompts, str) else prompts
    )


@pytest.mark.parametrize(
    "text",
    [
        "%%\n" * 50_001,
        "<!--\n" * 50_000,
        "| a |\n" * 50_000,
        "> " * 100_000,
        "|" + "a|" * 100_000,
        "| -" + " " * 400_000 + "x",
        "|a|\n|-|\n" * 20_000,
        "```json\n" * 50_000,
    ],
)
def test_odd_notes_take_no_time(text: str) -> None:
    began = time.process_time()
    converted(text + "\n" + text)
    assert time.process_time() - began < 10


def test_links_are_resolved_as_obsidian_does(tmp_path: Path) -> None:
    for name in ("notes/ep.md", "notes/near.png", "att/far.png", "x/y/deep.png", "x/deep.png",
                 "out/cat.mp4", "out/cat_poster.jpg", "x/y/dog_poster.jpg"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".obsidian").mkdir()
    (tmp_path / ".obsidian" / "app.json").write_text('{"attachmentFolderPath": "att"}')
    note = tmp_path / "notes" / "ep.md"

    def meant(cell: str, base: Path = note.parent) -> str:
        return Links(note, tmp_path, base).meant_by(cell)

    assert meant("![[near.png]]") == meant("![x](near.png)") == meant("near.png") == "near.png"
    assert meant("![[far.png|200]]") == "../att/far.png"
    assert meant("[[deep.png]]") == "../x/deep.png"
    assert meant("[[y/deep.png]]") == "../x/y/deep.png"
    assert meant("near.png", tmp_path) == "notes/near.png"
    assert meant("![](https://x.test/a.png)") == "https://x.test/a.png"
    assert meant("![[nowhere.png]]") == "nowhere.png"
    (tmp_path / "x" / unicodedata.normalize("NFD", "Café.png")).write_bytes(b"")
    again = Links(note, tmp_path, note.parent).meant_by(unicodedata.normalize("NFC", "![[café.png]]"))
    assert unicodedata.normalize("NFC", again) == unicodedata.normalize("NFC", "../x/Café.png")
    assert meant("![[dog_poster.jpg]]") == "../x/y/dog_poster.jpg"
    assert meant("![[cat_poster.jpg]]") == "cat_poster.jpg"  # of a video, beside it: no picture of the user's


def test_pictures_of_a_cell_are_set_apart_as_people_do() -> None:
    head = "| prompt | 参考图 |\n|-|-|\n"
    for cell in ("![[a, b.png]] ![[c.png\\|30]]", "![[a, b.png]]<br>![[c.png]]", "[[a, b.png]]、![](c.png)"):
        assert segments(f"{head}| x | {cell} |")[0]["references"] == ["a, b.png", "c.png"]
    assert segments(f"{head}| x | a.png, https://x.test/b,c.png |")[0]["references"] == [
        "a.png",
        "https://x.test/b,c.png",
    ]


def test_the_command_prints_or_writes_and_never_writes_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note, out = tmp_path / "ep.md", tmp_path / "storyboard_ep.json"
    note.write_text(NOTE, "utf-8")
    assert main(["--lang", "en", "convert", str(note)]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)["segments"]) == 3
    assert "景别" in said.err
    assert main(["--lang", "en", "convert", str(note), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    before = out.read_bytes()
    assert main(["--lang", "en", "convert", str(note), "--out", str(out)]) == 1
    assert out.read_bytes() == before
    note.write_text("| 镜号 | 提示词 |\n|-|-|\n| x | a |", "utf-8")
    assert main(["--lang", "en", "convert", str(note)]) == 1
    assert f"{note}:3: x is no number of a segment." in capsys.readouterr().err.replace('"x"', "x")
    assert main(["--lang", "en", "convert", str(tmp_path / "none.md")]) == 2
