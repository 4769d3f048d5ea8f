"""What the headers of an answer say: when to come back, which request it was, which bytes these are. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Optional

from sorad.model import MOST_REPEATS

# A server that asks for more than a day has made a mistake (or sent a date of another year).
LONGEST_WAIT = 86_400.0

# No file has more bytes than fit into 18 digits; Python refuses to read numbers of thousands.
_LENGTH = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"\s*bytes\s+(?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)\s*", re.IGNORECASE)
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_ODD = re.compile(r"[^\x21-\x7e]+")

Headers = Mapping[str, str]  # names in small letters


def retry_after(headers: Headers, now: float) -> Optional[float]:
    """Seconds to wait, from ``retry-after-ms`` or ``retry-after`` (seconds, or a date).

    A date is read against the server's own ``date``, so that a wrong clock here does not matter; ``now``
    (epoch seconds) stands in where the server sends none.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return _bounded(seconds)
    then = _date(value)
    if then is None:
        return None
    server_now = _date(headers.get("date"))
    return _bounded(then - (server_now if server_now is not None else now))


def poll_after(headers: Headers, now: float) -> Optional[float]:
    """Seconds until the server wants to be asked again about a task that runs."""
    milliseconds = _number(headers.get("openai-poll-after-ms"))
    return _bounded(milliseconds / 1000) if milliseconds is not None else retry_after(headers, now)


def repeats(headers: Headers) -> int:
    """How often a gateway (LiteLLM) says that it sent the request again by itself, here or elsewhere: 0 to 20.

    It tells this with good answers alone, so silence proves nothing: see ``repeats_in_words`` for the others.
    """
    told = (headers.get(f"x-litellm-attempted-{what}") for what in ("retries", "fallbacks"))
    counts = (_number(value) for value in told)
    return int(min(sum(min(max(count or 0.0, 0.0), MOST_REPEATS) for count in counts), MOST_REPEATS))


def gateway(headers: Headers) -> str:
    """The version of the LiteLLM that answered; ``""`` where it was none."""
    return _ODD.sub("", headers.get("x-litellm-version", ""))[:40]


def server_time(headers: Headers) -> Optional[float]:
    """The server's clock in epoch seconds; ``None`` where it does not tell, or a cache answered for it."""
    return None if _number(headers.get("age")) else _date(headers.get("date"))


def request_id(headers: Headers, body: object = None) -> str:
    """The request id of the header, else of the body; ``""`` where there is none."""
    found: object = headers.get("x-request-id")
    if not found and isinstance(body, dict):
        error = body.get("error")
        found = body.get("request_id") or (error.get("request_id") if isinstance(error, dict) else None)
    return _ODD.sub("", found)[:200] if isinstance(found, str) else ""


@dataclass(frozen=True)
class ContentRange:
    """``Content-Range``: the first and last byte (``None``: unsatisfied), and the size of the whole."""

    first: Optional[int]
    last: Optional[int]
    total: Optional[int]


def content_range(headers: Headers) -> Optional[ContentRange]:
    """The part of the file that an answer holds; ``None`` where that is not said in a way that adds up."""
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    if found is None:
        return None
    first, last, total = (int(part) if part and part != "*" else None for part in found.groups())
    if first is not None and last is not None and (last < first or (total is not None and last >= total)):
        return None
    return ContentRange(first, last, total)


def content_length(headers: Headers) -> Optional[int]:
    """Bytes in the body, where they are announced and the body is not chunked or packed."""
    value = headers.get("content-length", "").strip()
    coded = headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    if coded or "transfer-encoding" in headers or not _LENGTH.fullmatch(value):
        return None
    return int(value)


def validator(headers: Headers) -> str:
    """What names this version of the file for ``If-Range``: a strong ETag, else a date; ``""`` for none.

    A date counts only where it lay a minute back when the answer was made (RFC 9110, 8.8.2.2, and some more):
    a file of this minute may have changed within its second.
    """
    etag, changed = headers.get("etag", "").strip(), headers.get("last-modified", "").strip()
    if etag:
        return etag if _STRONG.fullmatch(etag) else ""
    then, now = _date(changed), _date(headers.get("date"))
    return changed if then is not None and now is not None and now - then >= 60 else ""


def _number(value: Optional[str]) -> Optional[float]:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(value: Optional[str]) -> Optional[float]:
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):  # 3.9 raises TypeError for what is no date
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)
