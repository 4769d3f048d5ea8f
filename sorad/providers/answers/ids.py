"""The id of a task in an answer, wherever a gateway puts it. Pure.

By its own name it may stand anywhere, but below what is about somebody or something else; a bare ``id`` only where
a task would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sorad.providers.wire import reading

_NAMES = ("task_id", "taskid", "video_id", "videoid", "job_id", "jobid", "generation_id", "generationid")
_BARE = ("id",)
# Never looked into: ids of others.
_OTHERS = re.compile(
    r"user|request|error|account|owner|creator|author|channel|group|organi[sz]ation|project|usage|billing|token"
    r"|input|param|prompt|headers?$|trace",
    re.IGNORECASE,
)
# Where a bare ``id`` is the task's.
_OF_A_TASK = re.compile(
    r"data|(?:task|video|result|output|response|job|generation|item|content)s?|list|object|task_?(?:info|result)",
    re.IGNORECASE,
)
_DEEPEST, _MOST = 4, 200  # levels below the top, and things that are looked at
_MOST_VALUES = 2_000  # of an answer about one task
_TELLING = 6  # characters of an id that stand in an address by no chance
_NONE = frozenset({"", "0", "-1", "null", "none", "nil", "undefined", "false"})


def task_id(body: Any, paths: Sequence[str] = ()) -> str:
    """The task's id; ``""`` where there is none. ``paths``: where the config says that it is, tried first."""
    named = identifier(reading.first(body, paths))
    if named:
        return named
    for names, anywhere in ((_NAMES, True), (_BARE, False)):
        for one in _objects(body, anywhere):
            found = _of(one, names)
            if found:
                return found
    return _alone(reading.at(body, "data"))


def in_error(body: Any, paths: Sequence[str] = ("error",)) -> str:
    """The id of a task that an error names, by its own name: no proof of a task, but none of a refusal either."""
    error = reading.first(body, paths)
    found = (_of(one, _NAMES) for one in _objects(error, True))
    return next(filter(None, found), "")


def other_than(body: Any, asked: str) -> str:
    """The id of the task that an answer is about, where it does not mention the one that was ``asked`` after; else
    ``""``. A gateway may show its upstream's id: whose it is, the ledger knows."""
    level, seen = [body], 0
    while level and seen < _MOST_VALUES:
        one = level.pop()
        seen += 1
        if isinstance(one, dict):
            level += one.values()
        elif isinstance(one, list):
            level += one
        elif reading.text(one) == asked or (isinstance(one, str) and len(asked) >= _TELLING and asked in one):
            return ""
    return task_id(body)


def row_id(row: Any, paths: Sequence[str] = ()) -> str:
    """The task's id in a row of a list, which may hold what an upstream said of it deeper down."""
    return identifier(reading.first(row, paths)) or _of(row, (*_NAMES, *_BARE)) or task_id(row)


def is_of_request(found: str, request_id: str) -> bool:
    """Whether an id beside an error is the request's, which many gateways put there, and not a task's."""
    return found == request_id or found.lower().startswith("req")


def identifier(value: Any) -> str:
    """A task id that can be asked for later; ``""`` where the value cannot be one."""
    found = reading.identifier(value)
    return "" if found.lower() in _NONE or found.startswith("-") else found


def _of(one: Any, names: Sequence[str]) -> str:
    """The id that an object has under one of the names, in their order."""
    if not isinstance(one, dict):
        return ""
    small = {str(name).lower(): value for name, value in one.items()}
    return next(filter(None, (identifier(small.get(name)) for name in names)), "")


def _objects(body: Any, anywhere: bool) -> Iterator[dict[str, Any]]:
    """The objects of an answer that may be a task, those nearer to the top first."""
    level, seen = [body], 0
    for _depth in range(_DEEPEST + 1):
        below: list[Any] = []
        for one in level:
            seen += 1
            if seen > _MOST:
                return
            if isinstance(one, dict):
                yield one
                below += [value for name, value in one.items() if _may_hold(str(name), anywhere)]
            elif isinstance(one, list):
                below += one[:1]
        level = [one for one in below if isinstance(one, (dict, list))]


def _may_hold(name: str, anywhere: bool) -> bool:
    return not _OTHERS.search(name) if anywhere else bool(_OF_A_TASK.fullmatch(name))


def _alone(value: Any) -> str:
    """A bare id in ``data``: one word with a digit in it, or a number. A sentence is none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    found = identifier(value)
    fit = re.fullmatch(r"[A-Za-z0-9][\w.:/+=~-]{2,}", found, re.ASCII) and re.search(r"\d", found)
    return found if fit and not found.startswith(("http:", "https:")) else ""
