"""What the answers of the native API mean. Pure except for the clock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Optional

from sorad.model import plausible_cost
from sorad.providers.answers import ids, statuses
from sorad.providers.answers.ids import is_of_request
from sorad.providers.answers.video_urls import addresses, keys_of
from sorad.providers.base import (
    Created,
    Fault,
    Finished,
    Missing,
    Polled,
    RemoteTask,
    Running,
    TaskFailed,
    Trouble,
    Video,
)
from sorad.providers.creates import outcomes
from sorad.providers.creates.outcomes import ApiError, create_answer, outcome, page_of, refusal, server_fault
from sorad.providers.creates.proof import Refusals
from sorad.providers.errors import faults, refusals
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer
from sorad.providers.wire.headers import poll_after

CENT = 10_000  # micro-units
DOLLAR = 100 * CENT
_UNITS = {"cent": CENT, "cents": CENT, "分": CENT, "usd": DOLLAR, "dollar": DOLLAR, "dollars": DOLLAR}
# The API's own codes that mean the same as an HTTP status, or are one.
_AS_STATUS = {1001: 400, 1012: 402}


def micros_of(value: Any, unit: Any = "cents") -> Optional[int]:
    """Micro-units of an amount, which is in cents unless the answer names another unit."""
    amount = reading.number(value)
    name = reading.text(unit).lower() or "cents"
    size = _UNITS.get(name)
    return plausible_cost(amount, size) if size is not None else None


def after_create(
    came: Answer, paths: Sequence[str] = (), refusals: Refusals = (), prompt: str = ""
) -> Created:
    """What an answer to a create means: see ``proof``.

    ``paths``: where the config says that ids are; ``prompt``: what was sent.
    """
    body, error, meant = came.json(), _error_of(came.json()), _meant(came.json())
    task = ids.task_id(body, paths)
    if is_of_request(task, came.request_id()):
        task = ""
    doubtful = _code(body) not in (None, 200)
    if not task and (doubtful or not came.good):
        task, doubtful = ids.in_error(body), True
    what = create_answer(came, error, meant, task, doubtful=doubtful)
    return outcome(came, what, error, refusals, micros_of(reading.at(body, "data.cost")), prompt)


def after_poll(came: Answer, own_urls: Sequence[str] = (), base: str = "") -> Polled:
    """What an answer about a task means. ``own_urls``: where the config says that addresses are; ``base``: what
    one without a host is read against."""
    trouble = fault_of(came)
    if trouble is not None:
        body = came.json()
        told = _message(body)
        code = reading.text(reading.at(body, "code"))
        if trouble.trouble is not Trouble.KEY and (
            refusals.is_missing(came.status, "", told) or (came.good and code in ("404", "410"))
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
    page = page_of(came)
    if page is not None:
        return page
    if came.good and _code(body) in (None, 200):
        return None if isinstance(body, dict) else senseless(came)
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    error, status = _error_of(body), _status(came, body)
    if status in (401, 402, 403, 408, 429):
        return refusal(came, error, status)
    return server_fault(came, error) if status is None or status >= 500 else senseless(came)


def _status(came: Answer, body: Any) -> Optional[int]:
    """The status of a bad answer: that of its body, where the HTTP status is a good one or a client's error."""
    meant = _meant(body)
    if came.good or (400 <= meant < 500 and came.status < 500):
        return meant or _code(body)
    return came.status


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
    remote_id = ids.row_id(row)
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


def _meant(body: Any) -> int:
    """The HTTP status that the body's code is or stands for; 0: none."""
    code = _code(body)
    if code is None:
        code = reading.whole(reading.at(body, "error.code")) or 0
    meant = _AS_STATUS.get(code, code)
    return meant if 400 <= meant < 600 else 0


def _message(body: Any) -> str:
    return reading.sentence(reading.first(body, ("message", "msg", "error", "detail", "data.error_msg")))


def _error_of(body: Any) -> ApiError:
    code = reading.text(reading.first(body, ("code", "error.code", "error.type")))
    message = _message(body)
    return ApiError(code, message, bool(message or code) and _code(body) != 200)


def senseless(came: Answer) -> Fault:
    """An answer that cannot be understood."""
    return outcomes.senseless(came, _error_of(came.json()))
