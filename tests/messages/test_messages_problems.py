"""A problem and its mend as one line, in both languages."""

from __future__ import annotations

import pytest

from sorad import messages
from sorad.daemon.reload import refused
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


@pytest.mark.parametrize("more", [0, 2])
def test_a_refused_config_is_told_in_the_language_of_who_reads(more: int) -> None:
    """The daemon that wrote it down speaks another one."""
    cause = Problem(
        "root.missing", "The watched folder {path} is not there.", "Make room there.", {"path": "/v"}
    )
    messages.set_language("zh")
    stored = refused(Problem("config.x", "{cause}", "{cause_fix}", {"cause": cause}), more).to_json()
    told = Problem.from_json(stored)
    assert "监视文件夹 /v 不在" in told.text()
    messages.set_language("en")
    assert "The watched folder /v is not there." in told.text()
    assert told.fix_text().startswith("Make room there.")
    assert ("2 more mistakes" in told.fix_text()) == bool(more)
    assert told.to_json() == stored
