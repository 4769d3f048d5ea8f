"""Slips in JSON are named, and told at the place where they were made."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.problems import Problem
from sorad.storyboard.json_mistakes import first_slip
from sorad.storyboard.json_text import parse

# The text, the character at which the slip is, and what is said of it.
INNER, CLOSED, QUOTE = "inside a text ends it too early", "is closed with", "in place of a straight"
COMMENT, COMMA, WORD, NUMBER = (
    "a comment",
    "a comma too many",
    "JSON writes it as",
    "a number that JSON does not have",
)
WIDE, BARE, MISSING, BREAK = (
    "not a mark of JSON",
    "without quotation marks",
    "is missing before",
    "line break",
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # ⟨ marks the place.
        ('{"a":"屏幕显示⟨"按单号"字样"}', INNER),
        ('{"a": "he said ⟨"hi", and left", "b": 1}', INNER),
        ('{"a": "say ⟨"hi""}', INNER),
        ('{"a": "⟨"hi" he said"}', INNER),
        ('{"a":"颜色⟨"#fff"好"}', INNER),
        ('{"a":"他说⟨"，你好","b":1}', INNER),
        ('{"a":"他喊⟨"：你好","b":1}', INNER),
        ('{"a":"“屏幕”⟨"按"}', INNER),
        ('{"a": ["x", "say ⟨"hi" to him"]}', INNER),
        ('{"a":"x⟨”}', CLOSED),
        ('{"a":"x⟨”,"b":"y"}', CLOSED),
        ('{"a":"x⟨”,\n"b":"y"}', CLOSED),
        ('{"a":["x⟨”]}\n', CLOSED),
        ('{"a⟨”: "y"}', CLOSED),
        ('{"a":"x⟨’,"b":1}', CLOSED),
        ('{"a":"“x” and y⟨” }', CLOSED),
        ("{⟨“a”: 1}", QUOTE),
        ('{"a":⟨“x”}', QUOTE),
        ('{"a":⟨“x"}', QUOTE),
        ("{⟨'a': 1}", QUOTE),
        ("{\"a\": ⟨'x'}", QUOTE),
        ("{\n  \"a\": 1,\n  ⟨‘b’: 2}", QUOTE),
        ("⟨// no\n{}", COMMENT),
        ('{"a":1 ⟨// x\n}', COMMENT),
        ('{"a":1,\n ⟨# x\n"b":2}', COMMENT),
        ('{"a": "c" ⟨/* d */ }', COMMENT),
        ('{"a":"x" ⟨#c\n}', COMMENT),
        ('{"a": 1⟨,}', COMMA),
        ('{"a": [1, 2⟨,\n\n  ]\n}', COMMA),
        ('{"a": {"b": "x"⟨,\r\n}}', COMMA),
        ('{"a": 1,⟨,"b":2}', COMMA),
        ('{"猫": ⟨True}', WORD),
        ('{"a": [1, ⟨None]}', WORD),
        ('{"a": ⟨FALSE}', WORD),
        ('{"a": ⟨undefined}', WORD),
        ('{"a": ⟨NaN}', NUMBER),
        ('{"a": ⟨-Infinity}', NUMBER),
        ('{"a": ⟨01}', NUMBER),
        ('{"a": ⟨+1}', NUMBER),
        ('{"a": ⟨10s}', NUMBER),
        ('{"a"⟨：1}', WIDE),
        ('{"a":"x"⟨，"b":1}', WIDE),
        ('{"a":[1⟨，2]}', WIDE),
        ("{⟨a: 1}", BARE),
        ('{"a": ⟨竖屏}', BARE),
        ('{"猫": 1 ⟨"b": 2}', MISSING),
        ('{"a": "x"\n ⟨"b": 2}', MISSING),
        ('{"a": ["x" ⟨"b"]}', MISSING),
        ('{"a": "x⟨\ny"}', BREAK),
    ],
)  # fmt: skip
def test_a_slip_is_named_at_its_place(text: str, said: str) -> None:
    before, mark, after = text.partition("⟨")
    assert mark
    problem = parse(before + after)
    assert isinstance(problem, Problem)
    line = before.count("\n") + 1
    assert (problem.line, problem.params["column"]) == (line, len(before) - before.rfind("\n"))
    assert said in problem.text()
    assert problem.fix_text()


def test_what_comes_first_is_told() -> None:
    problem = parse('{"a": "\\q", "b": True}')
    assert isinstance(problem, Problem)
    assert "backslash" in problem.text()


@pytest.mark.parametrize(
    "text", ['{"a": "“x”, ‘y’ and 「z」"}', '{"a": "it\'s // # /* True, }"}', '{"a": "x”"}']
)
def test_what_stands_in_a_text_is_no_slip(text: str) -> None:
    assert parse(text) == json.loads(text)
    assert first_slip(text) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(_JSON)
def test_what_is_json_has_no_slip(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert first_slip(text) is None


@given(st.text(alphabet="{}[]:,\"\\ \n“”’'，：a1#/Tn"))
def test_whatever_stands_there_is_read(text: str) -> None:
    slip = first_slip(text)
    assert slip is None or text[slip.at : slip.at + len(slip.value)] == slip.value
