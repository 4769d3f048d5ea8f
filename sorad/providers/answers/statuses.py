"""How a task stands, in the words of every format and gateway: one table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Optional

from sorad.providers.answers.nesting import names, objects, plain
from sorad.providers.wire import reading

COMPLETED, FAILED, RUNNING = "completed", "failed", "running"

# Each seen at some API. What is not here means: still running.
_WORDS = {
    COMPLETED: "completed complete success succeeded succeed successful finished finish done 已完成 完成 成功 生成成功",
    FAILED: "failed failure fail error cancelled canceled expired rejected aborted 已失败 失败 生成失败 已取消 已过期",
    RUNNING: "queued queueing pending submitted submitting notstart preparing prepared created creating waiting"
    " unknown processing inprogress running generating starting started initializing initialized throttled"
    " inqueue scheduled 排队中 处理中 生成中 进行中 等待中",
}
TABLE = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}

_NAMES = ("status", "taskstatus", "state", "taskstate", "jobstatus")
# Where a task lies in its answer. Not in "metadata": that is what the caller sent.
_WRAPPERS = names(
    "data result results response task taskresult output outputs video videos content creations"
)
# Enumerations are written out at some: TASK_STATUS_SUCCEED.
_PREFIXES = ("taskstatus", "status", "jobstate", "state", "task")


def meaning(word: Any) -> str:
    """``COMPLETED``, ``FAILED``, ``RUNNING``, or ``""`` for a word that the table does not have."""
    found = plain(reading.text(word)).replace(" ", "")
    if found in TABLE:
        return TABLE[found]
    for prefix in _PREFIXES:
        if found.startswith(prefix) and found[len(prefix) :] in TABLE:
            return TABLE[found[len(prefix) :]]
    return ""


def status_of(body: Any, own_paths: Iterable[str] = (), addresses: Sequence[str] = ()) -> str:
    """How the task in an answer stands; ``""`` where the answer has no status at all.

    ``own_paths`` of the config come first. Else the innermost status counts, for those around it may be about
    the exchange, or about the gateway's own task. A word that nobody knows means ``RUNNING``, and counts only
    where there is none that is known. ``addresses`` of a video at a progress of 100 say that it is finished,
    whatever the word, unless that is a word for failed.
    """
    told = _status_in(body, own_paths)
    if told != FAILED and addresses and progress_of(body) == 100:
        return COMPLETED
    return told


def _status_in(body: Any, own_paths: Iterable[str]) -> str:
    own = reading.text(reading.first(body, own_paths))
    if own:
        return meaning(own) or RUNNING
    known, depth, there = "", -1, False
    for found in objects(body, _WRAPPERS):
        words = [found.members[name] for name in _NAMES if reading.text(found.members.get(name))]
        there = there or bool(words)
        known_here = next(filter(None, map(meaning, words)), "")
        if known_here and len(found.path) > depth:
            known, depth = known_here, len(found.path)
    return known or (RUNNING if there else "")


def progress_of(body: Any) -> Optional[float]:
    """The progress that an answer tells, 0..100; the innermost, as with the status."""
    told = None
    for found in objects(body, _WRAPPERS):
        here = reading.percent(found.members.get("progress"))
        told = here if here is not None else told
    return told
