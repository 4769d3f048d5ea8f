"""Rows to types and back: which column holds what."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, TypeVar

from sorad.elapsed import Moment
from sorad.ledger.connection import Row
from sorad.ledger.values import Event, Party, RootRow, Storyboard
from sorad.model import Request, State, Take
from sorad.problems import Problem

T = TypeVar("T")
_PAGE = 128  # values asked for at a time

TAKE_FIELDS = tuple(field.name for field in fields(Take))
BOARD_FIELDS = tuple(field.name for field in fields(Storyboard))

# What stands in its storyboard's row alone, and the columns of a take's own row.
_OF_BOARD = {"storyboard": "s.path", "mount": "s.mount"}
TAKE_COLUMNS = tuple(name for name in TAKE_FIELDS if name not in _OF_BOARD)

SELECT_TAKE = (
    "SELECT "
    + ", ".join(_OF_BOARD.get(name, f"t.{name}") for name in TAKE_FIELDS)
    + " FROM takes t JOIN storyboards s ON s.id = t.storyboard_id "
)
SELECT_BOARD = f"SELECT {', '.join(BOARD_FIELDS)} FROM storyboards "

_AS_IT_IS = frozenset({str, int, float, type(None)})  # nearly all: asked first, as a row has dozens
_ID = TAKE_FIELDS.index("id")
_REQUEST = TAKE_FIELDS.index("request")
_NEWER = TAKE_FIELDS.index("newer")
_MOMENT = TAKE_FIELDS.index("moment")
_STATE = TAKE_FIELDS.index("state")
_ERROR = TAKE_FIELDS.index("error")
_FLAGS = tuple(TAKE_FIELDS.index(name) for name in ("approved", "extra", "parked", "wanted", "rebuy", "told"))
_PROBLEMS = BOARD_FIELDS.index("problems")


def take_of(row: Row) -> Take:
    """A take from a row of ``SELECT_TAKE``."""
    values = list(row)
    values[_REQUEST] = Request.from_json(values[_REQUEST])
    values[_NEWER] = None if values[_NEWER] is None else Request.from_json(values[_NEWER])
    values[_MOMENT] = Moment.read(values[_MOMENT])
    values[_STATE] = State(values[_STATE])
    values[_ERROR] = _about(values[_ERROR], values[_ID])
    for flag in _FLAGS:
        values[flag] = bool(values[flag])
    return Take.made_of(zip(TAKE_FIELDS, values))


def board_of(row: Row) -> Storyboard:
    """A storyboard from a row of ``SELECT_BOARD``."""
    values = list(row)
    values[_PROBLEMS] = tuple(problem_of(json.dumps(raw)) for raw in json.loads(values[_PROBLEMS]))
    return Storyboard(*values)


def root_of(row: Row) -> RootRow:
    """A root from a row of its table."""
    path, state, device, reason, scanned_at, active = row
    return RootRow(path, state, device, problem_of(reason), scanned_at, bool(active))


def event_of(row: Row) -> Event:
    """An event from ``take_id, at, state, note, request_id, problem, moment``."""
    take_id, at, state, note, request_id, problem, moment = row
    return Event(take_id, at, State(state), note, request_id, _about(problem, take_id), Moment.read(moment))


def problem_of(text: str | None) -> Problem | None:
    """A problem from its column."""
    return None if text is None else Problem.from_json(text)


def _about(text: str | None, take_id: int) -> Problem | None:
    """A problem of a take, from its column."""
    return None if text is None else Problem.from_json(text).of_take(take_id)


def column(value: Any) -> Any:
    """What a column holds for a member of a take or a root."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, (Request, Problem)):
        return value.to_json()
    if isinstance(value, State):
        return value.value
    if isinstance(value, Moment):
        return str(value)
    return int(value) if isinstance(value, bool) else value


def problems_column(problems: Sequence[Problem]) -> str:
    """A JSON array of problems."""
    return f"[{','.join(problem.to_json() for problem in problems)}]"


def without(parties: Collection[Party], prefix: str = "") -> str:
    """A condition: not sent to one of these, whose members are to be bound in order; ``""`` for none."""
    if not parties:
        return ""
    columns = ", ".join(f"{prefix}{name}" for name in Party._fields)
    return f"AND ({columns}) NOT IN (VALUES {','.join(['(?, ?, ?)'] * len(parties))}) "


def pages(values: Iterable[T]) -> Iterator[list[T]]:
    """Values to be asked for with ``IN``, in pages of 1, 2, 4, 8 ... up to 128, the last value repeated: each other
    number would be a statement of its own, and SQLite keeps those, of 50 kB each."""
    rest = iter(values)
    while page := list(islice(rest, _PAGE)):
        size = 1 << (len(page) - 1).bit_length()
        yield page + page[-1:] * (size - len(page))


def marks(values: Sequence[Any]) -> str:
    """As many question marks as there are values."""
    return ",".join("?" * len(values))
