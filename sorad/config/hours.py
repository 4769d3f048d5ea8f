"""Quiet hours: from when to when, on the local clock. Pure except for the local calendar."""

from __future__ import annotations

import re
import time
from typing import Optional

_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


def parse_hours(text: str) -> Optional[tuple[int, int]]:
    """Minutes of the day for ``"22:00-08:00"``; ``None`` for ``""``. ``ValueError`` for anything else."""
    if not text:
        return None
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError("hours")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or max(begin, end) > 24 * 60 or begin == end:
        raise ValueError("hours")
    return begin, end


def is_quiet(hours: Optional[tuple[int, int]], now: float) -> bool:
    """Whether ``now`` (epoch seconds) lies in them; they may go over midnight."""
    if hours is None:
        return False
    here = time.localtime(now)
    minute, (begin, end) = here.tm_hour * 60 + here.tm_min, hours
    return begin <= minute < end if begin < end else minute >= begin or minute < end
