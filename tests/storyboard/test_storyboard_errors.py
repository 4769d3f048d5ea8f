"""What is wrong with a storyboard: code, place, and never an exception."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Reading, Rules, read_bytes, read_file


def rules(**changes: Any) -> Rules:
    usual: dict[str, Any] = {
        "max_size": 5_000_000,
        "max_segments": 1_000,
        "max_takes": 100,
        "takes": 1,
        "director_intent": False,
        "validate": lambda request: [],
    }
    return Rules(**{**usual, **changes})


def read(data: bytes, **changes: Any) -> Reading:
    return read_bytes(data, Path("/nowhere"), rules(**changes))


def read_segment(**fields: object) -> Reading:
    """A segment whose fields each stand on a line of their own: segment_index on line 4."""
    segment = {"segment_index": 1, "prompt_text": "A cat.", **fields}
    return read(
        json.dumps({"segments": [{k: v for k, v in segment.items() if v is not ...}]}, indent=1).encode()
    )


def assert_readable(problem: Problem) -> None:
    """Every field of its sentences is filled in."""
    for text in (problem.text(), problem.fix_text()):
        assert text
        assert problem.message.format(**problem.params)
        assert problem.fix.format(**problem.params)


# --- fields -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "where", "line"),
    [
        ({"segment_index": ...}, "storyboard.index", "segments[0].segment_index", 3),
        ({"segment_index": None}, "storyboard.index", "segments[0].segment_index", 4),
        ({"segment_index": "1"}, "storyboard.index", "segments[0].segment_index", 4),
        ({"segment_index": True}, "storyboard.index", "segments[0].segment_index", 4),
        ({"segment_index": -1}, "storyboard.index", "segments[0].segment_index", 4),
        ({"segment_index": 1.5}, "storyboard.index", "segments[0].segment_index", 4),
        ({"segment_index": 10**4000}, "storyboard.index", "segments[0].segment_index", 4),
        ({"prompt_text": ...}, "storyboard.prompt", "segments[0].prompt_text", 3),
        ({"prompt_text": None}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": ""}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": " \n\u3000\u200b\ufeff"}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": ["a"]}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": "a\x00b"}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": "a\x1b[31m"}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"prompt_text": "a" * 100_001}, "storyboard.prompt", "segments[0].prompt_text", 5),
        ({"duration_seconds": "10"}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": True}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": 10.5}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": 0}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": -10}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": 10**30}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"duration_seconds": {}}, "storyboard.duration", "segments[0].duration_seconds", 6),
        ({"is_pro": 1}, "storyboard.pro", "segments[0].is_pro", 6),
        ({"is_pro": "true"}, "storyboard.pro", "segments[0].is_pro", 6),
        ({"resolution": "8k"}, "storyboard.resolution", "segments[0].resolution", 6),
        ({"resolution": "Horizontal"}, "storyboard.resolution", "segments[0].resolution", 6),
        ({"resolution": 1}, "storyboard.resolution", "segments[0].resolution", 6),
        ({"takes": 0}, "storyboard.takes", "segments[0].takes", 6),
        ({"takes": 101}, "storyboard.takes", "segments[0].takes", 6),
        ({"takes": "2"}, "storyboard.takes", "segments[0].takes", 6),
        ({"director_intent": 3}, "storyboard.intent", "segments[0].director_intent", 6),
        ({"image_url": 3}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "a\x00.png"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "missing.png"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "ftp://host/a.png"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "data:image/png;base64,AAAA"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "http://"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "http://["}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "https://host/a b.png"}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "x" * 5000}, "storyboard.image", "segments[0].image_url", 6),
        ({"image_url": "file:///nowhere/a.png"}, "storyboard.image", "segments[0].image_url", 6),
        ({"asset": "Alice"}, "storyboard.asset", "segments[0].asset", 6),
        ({"asset": {"characters": "Alice"}}, "storyboard.characters", "segments[0].asset.characters", 7),
        ({"asset": {"characters": [1]}}, "storyboard.characters", "segments[0].asset.characters[0]", 7),
        (
            {"asset": {"characters": ["[]"]}},
            "storyboard.characters",
            "segments[0].asset.characters[0].name",
            7,
        ),
        ({"asset": {"characters": [{}]}}, "storyboard.characters", "segments[0].asset.characters[0].name", 7),
        (
            {"asset": {"characters": [{"name": "A", "id": "alice"}]}},
            "storyboard.characters",
            "segments[0].asset.characters[0].id",
            10,
        ),
        ({"asset": {"characters": ["A"] * 101}}, "storyboard.characters", "segments[0].asset.characters", 7),
        ({"asset": {"scene": ["Room"]}}, "storyboard.scene", "segments[0].asset.scene", 7),
        ({"asset": {"props": "cup"}}, "storyboard.props", "segments[0].asset.props", 7),
        ({"asset": {"props": ["cup", 1]}}, "storyboard.props", "segments[0].asset.props[1]", 7),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], code: str, where: str, line: int) -> None:
    reading = read_segment(**fields)
    assert [(problem.code, problem.where, problem.line) for problem in reading.problems] == [
        (code, where, line)
    ]
    assert (reading.segments, reading.content) == ((), "")
    assert_readable(reading.problems[0])


def test_the_bad_value_is_shown_shortened_with_what_belongs_there() -> None:
    (problem,) = read_segment(duration_seconds="ten seconds, " * 20).problems
    assert problem.text().startswith('line 6, segment 1, duration_seconds: "ten seconds, ten seconds,')
    assert problem.text().endswith("… is not a whole number.")
    assert len(problem.text()) < 130
    assert problem.fix_text() == "Give the seconds as a whole number without quotation marks, such as 10."


def test_a_missing_picture_says_where_it_was_looked_for(tmp_path: Path) -> None:
    data = json.dumps({"segments": [{"segment_index": 1, "prompt_text": "x", "image_url": "../p/cat.png"}]})
    (problem,) = read_bytes(data.encode(), tmp_path, rules()).problems
    assert str(tmp_path.parent / "p" / "cat.png") in problem.text()


@pytest.mark.parametrize("case", ["text", "empty", "folder", "large", "pipe"])
def test_a_file_that_is_no_picture_to_send(tmp_path: Path, case: str) -> None:
    path = tmp_path / "cat.png"
    if case == "folder":
        path.mkdir()
    elif case == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes here")
        os.mkfifo(path)
    else:
        path.write_bytes({"text": b"<html>", "empty": b"", "large": b"\x89PNG\r\n\x1a\n"}[case])
    if case == "large":
        os.truncate(path, 20_000_001)
    data = json.dumps({"segments": [{"segment_index": 1, "prompt_text": "x", "image_url": "cat.png"}]})
    allowed = rules(pictures=Pictures((tmp_path,)))
    (problem,) = read_bytes(data.encode(), tmp_path, allowed).problems
    assert (problem.code, problem.where) == ("storyboard.image", "segments[0].image_url")
    assert_readable(problem)


# --- the file as a whole ----------------------------------------------------------------------------

NESTED = 100_000


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"", "storyboard.json", 0, None),
        (b" \n ", "storyboard.json", 0, None),
        (b"\xef\xbb\xbf", "storyboard.json", 0, None),
        (b'{\n "segments": [\n', "storyboard.json", 2, None),
        (b'{"a": 1,}', "storyboard.json", 1, 8),
        ('{"猫": 1\n"b": 2}'.encode(), "storyboard.json", 2, 1),
        ('{"猫": 1 "b": 2}'.encode(), "storyboard.json", 1, 9),
        (b'{"a" 1}', "storyboard.json", 1, 6),
        (b"{'a': 1}", "storyboard.json", 1, 2),
        (b'{"a": "x\ny"}', "storyboard.json", 1, 9),
        (b'{"a": "\\q"}', "storyboard.json", 1, 9),
        (b'{"a": 01}', "storyboard.json", 1, 7),
        (b'{"a": "\\ud800"}', "storyboard.json", 1, None),
        (b'{"a": NaN}', "storyboard.json", 1, 7),
        (b'{"a": -Infinity}', "storyboard.json", 1, 7),
        (b'{"a": ' + b"1" * 5000 + b"}", "storyboard.json", 1, None),
        ('{"a"：1}'.encode(), "storyboard.json", 1, 5),
        ('{"a": 1，"b": 2}'.encode(), "storyboard.json", 1, 8),
        ("{“a”: 1}".encode(), "storyboard.json", 1, 2),
        (b"// no\n{}", "storyboard.json", 1, 1),
        (b"{} {}", "storyboard.json", 1, 4),
        (b"[" * NESTED, "storyboard.json", 1, None),
        (b"[" * NESTED + b"]" * NESTED, "storyboard.json", 1, None),
        (b'{"a":' * NESTED, "storyboard.json", 1, None),
        ('{\n"a": "一只猫坐在屋顶上"}'.encode("gbk"), "storyboard.encoding", 2, None),
        ('{"a": "猫"}'.encode("utf-16"), "storyboard.encoding", 0, None),
        ('{"a": "b"}'.encode("utf-16-le"), "storyboard.encoding", 0, None),
        ('{"a": "b"}'.encode("utf-32-be"), "storyboard.encoding", 0, None),
        (b'{"a": "\xed\xa0\x80"}', "storyboard.encoding", 1, None),
    ],
    ids=lambda value: ascii(value[:12]) if isinstance(value, bytes) else None,
)
def test_what_is_no_json_is_told_with_its_place(
    data: bytes, code: str, line: int, column: int | None
) -> None:
    (problem,) = read(data).problems
    assert (problem.code, problem.line) == (code, line)
    if column is not None:
        assert problem.params["column"] == column
    assert_readable(problem)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([], [("storyboard.segments", "segments")]),
        ("segments", [("storyboard.segments", "segments")]),
        ({}, [("storyboard.segments", "segments")]),
        ({"segments": None}, [("storyboard.segments", "segments")]),
        ({"segments": {"1": {}}}, [("storyboard.segments", "segments")]),
        ({"segments": []}, [("storyboard.segments", "segments")]),
        (
            {"segments": [], "takes": "2"},
            [("storyboard.segments", "segments"), ("storyboard.takes", "takes")],
        ),
        ({"segments": [{}] * 1001}, [("storyboard.segments", "segments")]),
        (
            {"segments": [3, None, [], {}]},
            [
                ("storyboard.segment", "segments[0]"),
                ("storyboard.segment", "segments[1]"),
                ("storyboard.segment", "segments[2]"),
                ("storyboard.index", "segments[3].segment_index"),
                ("storyboard.prompt", "segments[3].prompt_text"),
            ],
        ),
        (
            {"takes": 101, "segments": [{"segment_index": 7, "prompt_text": "x"}]},
            [("storyboard.takes", "takes")],
        ),
        (
            {
                "segments": [
                    {"segment_index": 7, "prompt_text": "x"},
                    {"segment_index": 7.0, "prompt_text": "y"},
                ]
            },
            [("storyboard.index", "segments[1].segment_index")],
        ),
    ],
)
def test_what_is_no_storyboard(document: object, found: list[tuple[str, str]]) -> None:
    problems = read(json.dumps(document).encode()).problems
    assert [(problem.code, problem.where) for problem in problems] == found
    for problem in problems:
        assert_readable(problem)


def test_what_the_provider_refuses_is_placed_and_kept_as_it_is() -> None:
    refusal = Problem("request.seconds", "{seconds} s is not offered.", "Use 10.", {"seconds": 5})
    board = {"segments": [{"segment_index": 1, "prompt_text": "x"}, {"segment_index": 2, "prompt_text": "y"}]}

    def validate(request: Request) -> list[Problem]:
        return [refusal] if request.prompt == "y" else []

    (problem,) = read(json.dumps(board, indent=1).encode(), validate=validate).problems
    assert (problem.code, problem.message, problem.params) == (refusal.code, refusal.message, refusal.params)
    assert problem.text() == "line 7, segment 2: 5 s is not offered."
    assert Problem.from_json(problem.to_json()) == problem


def test_all_problems_are_told_up_to_a_limit() -> None:
    board = {"segments": [{"segment_index": index, "prompt_text": ""} for index in range(50)]}
    problems = read(json.dumps(board).encode()).problems
    assert len(problems) == 21
    assert (problems[-1].code, problems[-1].params["count"]) == ("storyboard.more", 30)


def test_lines_are_found_in_whatever_layout() -> None:
    text = """{"note": {"segments": [
      {"segment_index": "no"}]},
    "segm\\u0065nts": [ {"prompt_text": "a \\"segment_index\\": {[",
      "_x": {"takes": [
      1]}, "takes":

      0,
      "segment_index": 1}, {"segment_index": 2, "prompt_text":
      ""}
    ]}"""
    problems = read(text.encode()).problems
    assert [(problem.where, problem.line) for problem in problems] == [
        ("segments[0].takes", 5),
        ("segments[1].prompt_text", 8),
    ]


@pytest.mark.parametrize("segment", [b'{"segment_index":1,"prompt_text":"a cat"}', b"{}", b"1", b"[[]]"])
def test_a_million_segments_are_refused(segment: bytes) -> None:
    data = b'{"segments":[' + b",".join([segment] * 1_000_000) + b"]}"
    (problem,) = read(data, max_size=10**9).problems
    assert (problem.code, problem.params) == ("storyboard.segments", {"most": 1000})


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "storyboard.json"
    path.touch()
    os.truncate(path, 10**11)  # a hole: reading it would take for ever
    (problem,) = read_file(path, rules()).problems
    assert problem.code == "storyboard.size"
    assert problem.text() == "The file has 100.0 GB; at most 5.0 MB are read."
    assert read(b" " * 101, max_size=100).problems[0].code == "storyboard.size"


def test_a_file_that_is_gone_is_an_error_of_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "storyboard.json", rules())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "storyboard.json")
    assert read_file(tmp_path / "storyboard.json", rules()).problems[0].code == "storyboard.file"


# --- whatever comes ---------------------------------------------------------------------------------

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_FIELDS = st.sampled_from(
    [
        "segment_index",
        "prompt_text",
        "image_url",
        "duration_seconds",
        "is_pro",
        "resolution",
        "takes",
        "director_intent",
        "asset",
        "characters",
        "scene",
        "props",
        "name",
        "id",
        "segments",
    ]
)
_LIKELY = st.recursive(
    _VALUES | st.sampled_from([1, 2, "a @b", "horizontal"]),
    lambda inner: st.dictionaries(_FIELDS, inner) | st.lists(inner),
    max_leaves=20,
)


def assert_whole(reading: Reading) -> None:
    assert reading.ok == bool(reading.content) == bool(reading.segments)
    for problem in reading.problems:
        assert_readable(problem)
        assert Problem.from_json(problem.to_json()) == problem


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    assert_whole(read(data))


@settings(deadline=None)
@given(
    _VALUES | _LIKELY | st.fixed_dictionaries({"segments": st.lists(_LIKELY)}, optional={"takes": _VALUES})
)
def test_any_json_is_read(document: object) -> None:
    assert_whole(read(json.dumps(document).encode()))
