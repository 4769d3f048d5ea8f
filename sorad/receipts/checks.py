"""What may stand in a receipt. In a shared folder anybody can write one: nothing in it is believed unchecked. Pure.

Every function raises ``ValueError`` (``KeyError`` where a member is missing) for what no receipt of ours holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from sorad.model import plausible_cost
from sorad.nested import is_deep, may_be_deep

DEEPEST = 30  # levels; a receipt has three, and what others add to it a few
LARGEST_NUMBER = 2**53  # of bytes, of generations of a claim
LONGEST_NAME = 300  # of providers, currencies, hashes, computers
LONGEST_ID = 2_000  # gateways pack routes into ids of hundreds of characters
LONGEST_PATH = 8_000
LONGEST_PROMPT = 1_000_000
# Epoch seconds: 1970 to 2099. What lies outside is no time of a purchase, and few calendars can show it.
_LATEST = 4_102_444_800.0
_LONGEST_NUMBER = 100  # digits: Python needs the square of them in time


def load(raw: bytes) -> Any:
    """The JSON value of a file's content."""
    try:
        value = json.loads(raw, parse_int=_int, parse_float=_float, parse_constant=_float)
    except RecursionError:
        raise ValueError from None
    if may_be_deep(raw, DEEPEST) and is_deep(value, DEEPEST):
        raise ValueError
    return value


def text(value: Any, most: int) -> str:
    """A text of at most so many characters, which can be written as UTF-8."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError
    value.encode("utf-8")  # half of a surrogate pair: UnicodeEncodeError is a ValueError
    return value


def optional(members: Mapping[str, Any], name: str, most: int) -> str:
    """A text that may be missing."""
    value = members.get(name)
    return "" if value is None else text(value, most)


def whole(value: Any, least: int, most: int) -> int:
    """A whole number within bounds; ``true`` is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError
    return value


def yes(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def cost(value: Any) -> int | None:
    """Micro-units, from units; ``None`` for none."""
    found = plausible_cost(value)
    if found is None and value is not None:
        raise ValueError
    return found


def moment(value: Any) -> float | None:
    """Epoch seconds; ``None`` for what is none, or far off: no reason to lose the rest."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < _LATEST else None


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits) if len(digits) <= 1_000 else math.inf
    if not math.isfinite(number):
        raise ValueError
    return number
