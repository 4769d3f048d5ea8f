"""Look into answers whose exact shape nobody documents. Pure, and nothing here raises."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, Optional

from sorad.nested import is_deep, may_be_deep

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(?:([zZ])|([+-])(\d\d):?(\d\d))"
)
# Epochs above this are milliseconds: in seconds it is the year 5138.
_MILLISECONDS = 100_000_000_000
# Epochs below this tell no time: the year 2001, long before there was anything to list.
_EARLIEST = 1_000_000_000
_LONGEST_ID = 2_000  # gateways pack routes into base64 ids of hundreds of characters

# Where an object keeps its words; what repeats the request; and names of secrets.
_MESSAGES = ("msg", "message", "detail", "reason", "error", "description", "error_message")
_REPEATED = frozenset({"prompt", "input", "request", "params", "parameters", "headers"})
_SECRET = re.compile(
    r"secret|password|api_?key|access_?key|^key$|(?:^|_)token$|authorization|signature", re.IGNORECASE
)
_HIDDEN = "******"
_DEEPEST = 50  # objects and lists in one another
_MOST_DIGITS = 100
_LARGEST_AMOUNT = 2.0**62
_MOST_WORDS = 100

HORIZONTAL = frozenset({"horizontal", "landscape", "16:9"})
VERTICAL = frozenset({"vertical", "portrait", "9:16"})


def parse(body: bytes) -> Any:
    """The JSON of a body; ``None`` where it is none, or nested so deeply that nobody means it."""
    try:
        value = json.loads(_decoded(body), parse_int=_int)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return None if may_be_deep(body, _DEEPEST) and is_deep(value, _DEEPEST) else value


def _decoded(body: bytes) -> str:
    """The text of a body: UTF-8; else UTF-16 or UTF-32 where that is seen; else what Chinese gateways still write."""
    told = json.detect_encoding(body)
    if told != "utf-8":
        return body.decode(told)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("gb18030")


def _int(digits: str) -> Any:
    """Python needs the square of the digits in time; what has so many is a text, at best."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def at(value: Any, path: str) -> Any:
    """What lies at a dotted path (``"data.0.url"``); ``None`` where nothing does."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def first(value: Any, paths: Iterable[str]) -> Any:
    """The first thing that is there and not empty, of several dotted paths."""
    for path in paths:
        found = at(value, path)
        if found not in (None, "", [], {}):
            return found
    return None


def text(value: Any) -> str:
    """A string; numbers are written out, all else is ``""``."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def sentence(value: Any) -> str:
    """The words of an error in whichever shape: a text, or objects in lists, as FastAPI's ``detail``."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(sentence, value[:_MOST_WORDS])))
    if not isinstance(value, dict):
        return text(value)
    told = next(filter(None, (text(value.get(name)) for name in _MESSAGES)), "")
    where = value.get("loc", value.get("field"))
    place = ".".join(map(text, where)) if isinstance(where, list) else text(where)
    return f"{place}: {told}" if place and told else told


def all_words(value: Any) -> str:
    """All that a body says, one text after the other; what it repeats of the request is left out."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < _MOST_WORDS:
        one = waiting.pop(0)
        if isinstance(one, dict):
            waiting += [below for name, below in one.items() if str(name).lower() not in _REPEATED]
        elif isinstance(one, list):
            waiting += one[:_MOST_WORDS]
        elif isinstance(one, str):
            found.append(one)
    return " ".join(found)


def without_secrets(value: Any) -> Any:
    """The same, without what is a secret by its name."""
    if isinstance(value, dict):
        return {
            name: _HIDDEN if _SECRET.search(str(name)) and isinstance(below, str) else without_secrets(below)
            for name, below in value.items()
        }
    return [without_secrets(one) for one in value] if isinstance(value, list) else value


def identifier(value: Any) -> str:
    """A task id that can be asked for later; ``""`` where the value cannot be one."""
    found = text(value) if not isinstance(value, float) else ""  # no id survives as a fraction
    fit = found.isprintable() and len(found) <= _LONGEST_ID and found not in (".", "..")
    return found if fit else ""


def number(value: Any) -> Optional[float]:
    """``30`` for ``30``, ``"30"`` and ``"30%"``; ``None`` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value.strip().rstrip("%")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def amount(value: Any, size: float) -> Optional[int]:
    """Micro-units of a sum in units of ``size`` micro-units, else ``None``; so also where no ledger could hold it."""
    found = number(value)
    return round(found * size) if found is not None and abs(found * size) < _LARGEST_AMOUNT else None


def whole(value: Any) -> Optional[int]:
    """A whole number (``8`` for ``"8"`` and ``8.0``), else ``None``."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def percent(value: Any) -> Optional[float]:
    """A progress between 0 and 100."""
    found = number(value)
    return None if found is None else min(max(found, 0.0), 100.0)


def truth(value: Any) -> Optional[bool]:
    """A yes or no, however it is written; ``None`` where it is neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(text(value).lower())


def orientation(value: Any) -> Optional[str]:
    """``"horizontal"`` or ``"vertical"``, from a word, a ratio or a size (``"720x1280"``)."""
    found = text(value).lower()
    if found in HORIZONTAL or found in VERTICAL:
        return "horizontal" if found in HORIZONTAL else "vertical"
    size = re.fullmatch(r"(\d+)\s*[x*×]\s*(\d+)", found)
    if size is None or size.group(1) == size.group(2):
        return None
    return "horizontal" if int(size.group(1)) > int(size.group(2)) else "vertical"


def epoch(value: Any) -> Optional[float]:
    """Epoch seconds of a timestamp: a number (seconds or milliseconds) or ISO 8601 with a zone.

    What lies before 1970 or after the year 5000 is none. Nor is a time without a zone: it may be off by eight
    hours, which is worse than not known.
    """
    seconds = number(value)
    if seconds is not None:
        seconds = seconds / 1000 if seconds > _MILLISECONDS else seconds
        return seconds if _EARLIEST <= seconds < _MILLISECONDS else None
    found = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    day, clock, fraction, zulu, sign, hours, minutes = found.groups()
    try:
        moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
        shift = timedelta() if zulu else timedelta(hours=int(hours), minutes=int(minutes))
        when = moment + shift if sign == "-" else moment - shift
    except (ValueError, OverflowError):
        return None
    return when.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
