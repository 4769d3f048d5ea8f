"""A problem and its mend as one line, in both languages."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sorad import messages
from sorad.daemon.reload import refused
from sorad.delivery.outcome import blocked, disk_away, no_room
from sorad.engine.decide.stuck import needs_user
from sorad.health.buying import full_disk
from sorad.problems import Problem, after_the_end
from sorad.providers.base import Trouble
from sorad.providers.errors.faults import challenge, fault, no_address
from sorad.receipts.place import another_file


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


ENDS_ONCE = (
    *(blocked(OSError(number, "said"), Path("/nowhere")).problem for number in errno.errorcode),
    disk_away("/nowhere").problem,
    no_room(Path("/nowhere"), 1, 2).problem,
    another_file(Path("/nowhere/1.mp4")),
    *(fault(trouble, "words").problem for trouble in Trouble),
    challenge("words"),
    no_address(["id"]),
    full_disk({"path": "/nowhere", "free": 1, "needed": 2}),
)


ALSO = ("disk.full", "x")


@pytest.mark.parametrize(("lang", "by_itself"), [("en", "by itself"), ("zh", "自动")])
def test_a_sorad_that_has_ended_promises_to_do_nothing_by_itself(lang: str, by_itself: str) -> None:
    before = messages.language()
    messages.set_language(lang)
    wrapped = Problem("x", "{reason}", "{reason_fix}", {"reason": fault(Trouble.BALANCE, "").problem})
    try:
        with after_the_end():
            told = {
                one.code: one.fix_text()
                for one in (*ENDS_ONCE, wrapped)
                if needs_user(one) or one.code in ALSO
            }
        assert by_itself in wrapped.fix_text()
    finally:
        messages.set_language(before)
    assert {code: text for code, text in told.items() if by_itself in text or "{" in text} == {}
    assert len(told) > 15
