"""A problem and its mend as one line, in both languages."""

from __future__ import annotations

import pytest

from sorad.problems import Problem


@pytest.mark.parametrize(
    ("text", "fix", "line"),
    [
        ("The disk is full.", "Make room.", "The disk is full. Make room."),
        ("It says: too busy", "Nothing to do.", "It says: too busy. Nothing to do."),
        ("磁盘满了。", "请腾出空间。", "磁盘满了。请腾出空间。"),
        ("对方说：请稍后再试", "不用处理。", "对方说：请稍后再试。不用处理。"),
        ("对方说：HTTP 500", "不用处理。", "对方说：HTTP 500。不用处理。"),
        ("没有条目 9。", "`sorad list` 显示全部。", "没有条目 9。 `sorad list` 显示全部。"),
        ("No key.", "", "No key."),
    ],
)
def test_a_problem_and_its_mend_are_two_sentences(text: str, fix: str, line: str) -> None:
    assert str(Problem("test", "{text}", "{fix}" if fix else "", {"text": text, "fix": fix})) == line
