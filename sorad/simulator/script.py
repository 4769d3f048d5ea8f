"""A script of answers as data: what a server says to creates, polls and downloads, one after the other.

A script is a JSON object. ``create``, ``poll``, ``content`` and ``list`` are lists of answers, given one after
the other, the last one for ever. An answer has ``status`` (200), ``headers`` and ``body`` (text, or any other
JSON value); one of ``create`` also has ``accept`` (true): whether the server takes the task and charges for
it, whatever it answers. ``id`` fixes the id of every task. Members that begin with ``_`` are notes.

In texts ``{id}`` is the task's id, ``{host}`` the server's host and port, ``{now}`` the time in epoch seconds;
a text that is ``{now}`` and nothing else becomes a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sorad.messages import N_
from sorad.problems import Problem, SoradError

CALLS = ("create", "poll", "content", "list")
_MEMBERS = ("id", *CALLS)
_ANSWER = ("status", "headers", "body", "accept")
_FIELD = re.compile(r"\{(id|host|now)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DEEPEST = 100  # levels of a body


@dataclass(frozen=True)
class ScriptedAnswer:
    """One answer as it was written. ``body`` is ``None`` where none is given; ``headers`` in small letters."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    accept: bool = True

    def filled(self, values: Mapping[str, Any]) -> tuple[dict[str, str], Any]:
        """Headers and body with ``id``, ``host`` and ``now`` filled in."""
        headers = {name: str(_filled(value, values)) for name, value in self.headers.items()}
        return headers, _filled(self.body, values)


@dataclass(frozen=True)
class Script:
    """The answers by the kind of call; a kind that is not there is not scripted."""

    answers: Mapping[str, tuple[ScriptedAnswer, ...]] = field(default_factory=dict)
    task_id: str = ""


def parse(text: str) -> Script:
    """The script in a JSON text; :class:`SoradError` says what is wrong, and where."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        params = {"error": error.msg, "line": error.lineno, "column": error.colno}
        raise _error(N_("it is no JSON: {error}, line {line}, column {column}."), params=params) from None
    except RecursionError:
        raise _error(N_("it is nested too deeply.")) from None
    if not isinstance(raw, dict):
        raise _error(N_("it must be an object."))
    _known(raw, _MEMBERS, "")
    task_id = raw.get("id", "")
    if not isinstance(task_id, str) or not task_id.isprintable():
        raise _error(N_("it must be a text on one line."), "id")
    return Script({call: _answers(raw[call], call) for call in CALLS if call in raw}, task_id)


def _answers(raw: Any, call: str) -> tuple[ScriptedAnswer, ...]:
    if not isinstance(raw, list) or not raw:
        raise _error(N_("it must be a list of answers, with one at least."), call)
    return tuple(_answer(item, f"{call}[{number}]") for number, item in enumerate(raw))


def _answer(raw: Any, where: str) -> ScriptedAnswer:
    if not isinstance(raw, dict):
        raise _error(N_("it must be an object."), where)
    _known(raw, _ANSWER, where)
    status, accept, body = raw.get("status", 200), raw.get("accept", True), raw.get("body")
    if type(status) is not int or not 200 <= status <= 599:
        raise _error(N_("it must be a number from 200 to 599."), f"{where}.status")
    if not isinstance(accept, bool):
        raise _error(N_("it must be true or false."), f"{where}.accept")
    if _too_deep(body, _DEEPEST):
        raise _error(N_("it is nested too deeply."), f"{where}.body")
    return ScriptedAnswer(status, _headers(raw.get("headers", {}), f"{where}.headers"), body, accept)


def _headers(raw: Any, where: str) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise _error(N_("it must be an object."), where)
    for name, value in raw.items():
        if not _HEADER.fullmatch(name):
            raise _error(N_("this is no name of a header."), f"{where}.{name}")
        if not isinstance(value, str) or not value.isprintable() or not _fits_a_header(value):
            raise _error(N_("it must be a text on one line, in Latin letters."), f"{where}.{name}")
    return {name.lower(): value for name, value in raw.items()}


def _fits_a_header(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _known(raw: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in raw:
        if name not in names and not name.startswith("_"):
            place = f"{where}.{name}" if where else name
            raise _error(N_("nothing of this name is known; possible are {names}."), place, names=names)


def _too_deep(value: Any, left: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_too_deep(item, left - 1) for item in inner)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {_text(name, values): _filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, str):
        return value
    return values["now"] if value == "{now}" else _text(value, values)


def _text(value: str, values: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda found: str(values[found[1]]), value)


def _error(
    message: str, where: str = "", *, names: tuple[str, ...] = (), params: Mapping[str, Any] | None = None
) -> SoradError:
    filled = {**(params or {}), **({"names": ", ".join(names)} if names else {})}
    return SoradError(Problem("simulate.script", message, "", filled, where=where), exit_code=2)
