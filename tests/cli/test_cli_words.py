"""Wide text: widths, padding, cutting and wrapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.cli.shared.columns import cut, pad, width, wrap
from sorad.plaintext import printable

TEXT = st.text(st.sampled_from("ab 中文，。（）x-é\u0301"), max_size=60)


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("中文", 4), ("a中", 3), ("e\u0301", 1), ("，", 2), ("…", 1)]
)
def test_width(text, columns):
    assert width(text) == columns


@given(TEXT, st.integers(0, 40))
def test_padding_reaches_the_width(text, columns):
    assert width(pad(text, columns)) == max(width(text), columns)


@given(TEXT, st.integers(1, 40))
def test_cutting_keeps_the_end_within_the_width(text, columns):
    short = cut(text, columns)
    assert width(short) <= columns or short == text
    assert text.endswith(short.lstrip("…"))


@given(TEXT, st.integers(8, 40))
def test_wrapping_loses_nothing_and_fits(text, columns):
    lines = wrap(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        whole_word = not any(char in " 中文" for char in line)
        assert width(line) <= columns or whole_word or width(line) <= columns + 2 * len("，。（）")


def test_a_closing_sign_does_not_begin_a_line():
    lines = wrap("一二三四，五六七八。", 8)
    assert lines == ["一二三", "四，五六", "七八。"]


def test_words_of_latin_text_stay_whole():
    assert wrap("one two three four", 9) == ["one two", "three", "four"]


def test_control_characters_are_shown_as_none():
    assert printable("a\x1b[31m\tb\nc") == "a�[31m\tb\nc"


@pytest.mark.parametrize(
    "text", ["条目 12 失败：服务商拒绝了", "see take 12 of it", "（分镜 3）", "(take 7) 条目 8。"]
)
def test_a_number_stays_with_its_noun(text):
    for columns in range(8, 40):
        lines = wrap(text, columns)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        for line in lines[1:]:
            assert not line[0].isdigit(), lines
