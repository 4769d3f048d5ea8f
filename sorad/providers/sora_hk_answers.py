"""What the answers of the native API mean. Pure but for the clock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Optional

from sorad.providers import faults, reading, statuses, words
from sorad.providers.base import (
    Accepted,
    Created,
    Fault,
    Finished,
    Missing,
    Polled,
    Refused,
    RemoteTask,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.headers import poll_after
from sorad.providers.http import Answer
from sorad.providers.places import addresses, keys_of

CENT = 10_000  # micro-units
DOLLAR = 100 * CENT
_UNITS = {"cent": CENT, "cents": CENT, "分": CENT, "usd": DOLLAR, "dollar": DOLLAR, "dollars": DOLLAR}
# The API's own codes that mean the same as an HTTP status, or are one.
_AS_STATUS = {1001: 400, 1012: 402}
# Codes that say no so clearly that they count under whatever status (but those of a proxy).
_CLEAR = frozenset({401, 1001, 1012})


def micros_of(value: Any, unit: Any = "cents") -> Optional[int]:
    """Micro-units of an amount, which is in cents unless the answer names another unit."""
    amount = reading.number(value)
    name = reading.text(unit).lower() or "cents"
    size = _UNITS.get(name)
    return round(amount * size) if amount is not None and amount >= 0 and size is not None else None


def after_create(came: Answer) -> Created:
    """What an answer to a create means. What is not a documented yes or no is unknown."""
    body, request_id = came.json(), came.request_id()
    code = _code(body)
    remote_id = reading.identifier(reading.first(body, ("data.task_id", "task_id", "data.id")))
    if came.good and code in (None, 200):
        if remote_id:
            return Accepted(remote_id, request_id, micros_of(reading.at(body, "data.cost")))
        return Unknown(senseless(came))
    status = _refused_as(came.status, code)
    if remote_id or (status is not None and words.is_duplicate(status, "", _message(body))):
        return Unknown(_server_fault(came))  # a refusal that names a task, or says that it is there
    if status is not None:
        return Refused(_refusal(came, status))
    if came.redirects:
        # 301, 307 and 308 say "send it there instead"; the others may come after it was done
        fault = Fault(Trouble.RETIRED, came.elsewhere(), request_id)
        return Refused(fault) if came.status in (301, 307, 308) else Unknown(fault)
    return Unknown(_server_fault(came))


def _refused_as(status: int, code: Optional[int]) -> Optional[int]:
    """The 4xx that a create was clearly refused with; ``None`` where it was not."""
    meant = _AS_STATUS.get(code, code) if code is not None else None
    refuses = meant is not None and 400 <= meant < 500
    if 400 <= status < 500:
        if code is not None and 500 <= code < 600:
            return None
        return meant if refuses else status
    if 200 <= status < 300 or (status in (500, 503) and code in _CLEAR):
        return meant if refuses else None
    return None


def after_poll(came: Answer, own_urls: Sequence[str] = (), base: str = "") -> Polled:
    """What an answer about a task means. ``own_urls``: where the config says that addresses are; ``base``: what
    one without a host is read against."""
    trouble = fault_of(came)
    if trouble is not None:
        body = came.json()
        told = _message(body)
        code = reading.text(reading.at(body, "code"))
        if trouble.trouble is not Trouble.KEY and (
            words.is_missing(came.status, "", told) or (came.good and code in ("404", "410"))
        ):
            return Missing(faults.missing(told, came.status), came.request_id())
        return trouble
    body, request_id = came.json(), came.request_id()
    found = addresses(body, own_urls, base)
    status = statuses.status_of(body, addresses=found)
    # Some leave the wrapper out; one that holds nothing tells nothing.
    flat = status and "data" not in body
    data = body if flat else reading.first(body, ("data.0", "data"))
    if not isinstance(data, dict):
        return senseless(came)
    if status == statuses.FAILED:
        told = reading.text(reading.first(data, ("error_msg", "error", "message", "fail_reason")))
        code = reading.text(reading.first(data, ("error_code", "err_code")))
        return TaskFailed(faults.failed(code, told), request_id)
    if status == statuses.COMPLETED:
        if not found:
            problem = faults.no_address(keys_of(body), _message(body), came.status)
            return Fault(Trouble.SERVER, problem, request_id, came.retry_after())
        video = Video(found[0], others=tuple(map(Video, found[1:])))
        return Finished(video, request_id, micros_of(data.get("cost")))
    return Running(statuses.progress_of(body), poll_after(came.headers, time.time()), request_id)


def fault_of(came: Answer) -> Optional[Fault]:
    """The trouble with an answer to anything but a create; ``None`` where it is a good one."""
    body = came.json()
    code = _code(body)
    meant = _AS_STATUS.get(code, code) if code is not None else None
    if came.good and meant in (None, 200):
        return None if isinstance(body, dict) else senseless(came)
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    client = meant is not None and 400 <= meant < 500
    status = meant if came.good or (client and came.status < 500) else came.status
    if status in (401, 402, 403, 408, 429):
        return _refusal(came, status)
    return _server_fault(came) if status is None or status >= 500 else senseless(came)


def rows_of(body: Any) -> tuple[Optional[list[Any]], Optional[int]]:
    """The rows of a page in any of its four shapes (``None``: not a page), and how many there are in all."""
    data = reading.at(body, "data")
    total = reading.whole(reading.first(body, ("data.total", "data.total_count", "total")))
    for found in (data, *(reading.at(data, name) for name in ("list", "items", "tasks"))):
        if isinstance(found, list):
            return found, total
    empty = isinstance(body, dict) and "data" in body and (data is None or total == 0)
    return ([] if empty else None), total


def task(row: Any) -> Optional[RemoteTask]:
    remote_id = reading.identifier(reading.first(row, ("task_id", "id")))
    if not remote_id:
        return None
    prompt, image = row.get("prompt"), row.get("image_url")
    return RemoteTask(
        remote_id,
        prompt if isinstance(prompt, str) else "",
        reading.epoch(row.get("created_at")),
        seconds=reading.whole(row.get("duration")),
        orientation=reading.orientation(row.get("resolution")),
        pro=reading.truth(row.get("is_pro")),
        image=image if isinstance(image, str) else None,
    )


def _code(body: Any) -> Optional[int]:
    """The body's code; ``None`` where it has none. 0 is what other APIs of this make say for 200."""
    code = reading.whole(reading.at(body, "code"))
    return 200 if code == 0 else code


def _message(body: Any) -> str:
    return reading.text(reading.first(body, ("message", "msg", "error.message", "error", "data.error_msg")))


def _refusal(came: Answer, status: int) -> Fault:
    told = _message(came.json())
    trouble, content = words.refusal(status, "", told)
    request_id = came.request_id()
    if content:
        return Fault(Trouble.REQUEST, faults.moderation(told, came.status), request_id)
    wait = came.retry_after()
    return faults.fault(trouble, told, status=came.status, request_id=request_id, retry_after=wait)


def _server_fault(came: Answer) -> Fault:
    told, wait = _message(came.json()), came.retry_after()
    return faults.fault(
        Trouble.SERVER, told, status=came.status, request_id=came.request_id(), retry_after=wait
    )


def senseless(came: Answer) -> Fault:
    problem = faults.answer(_message(came.json()), came.status)
    return Fault(Trouble.SERVER, problem, came.request_id(), came.retry_after())
