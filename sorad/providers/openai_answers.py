"""What answers in the OpenAI videos format mean, whichever gateway gives them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Optional, Union

from sorad.config.model import ProviderConfig
from sorad.providers import faults, reading, statuses, words
from sorad.providers.base import (
    Accepted,
    Created,
    Fault,
    Finished,
    Missing,
    Polled,
    Refused,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.headers import poll_after
from sorad.providers.http import Answer
from sorad.providers.places import addresses, keys_of

_ID = ("id", "task_id", "video_id", "data.id", "data.task_id", "data.video_id")
_STATUS = ("status", "data.status", "task_status", "data.task_status")
_ERROR = ("error", "data.error", "fail_reason", "data.fail_reason", "data.data.error")


@dataclass(frozen=True)
class Paths:
    """Where this gateway keeps things: what the config says first, then where they usually are."""

    ids: tuple[str, ...]
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    # Of the config alone; the usual places are in `sorad.providers.statuses` and `.places`.
    own_statuses: tuple[str, ...]
    own_urls: tuple[str, ...]

    @classmethod
    def of(cls, config: ProviderConfig) -> Paths:
        """The paths of a config."""
        return cls(
            config.id_paths + _ID,
            config.status_paths + _STATUS,
            config.error_paths + _ERROR,
            config.status_paths,
            config.video_url_paths,
        )


@dataclass(frozen=True)
class Told:
    """What an error says. ``own``: it is the API's own error, not the page of a proxy."""

    code: str
    words: str
    own: bool
    param: str = ""  # which parameter it is about, where it names one


def told(body: Any, paths: Paths) -> Told:
    """The error in an answer, whichever way it is written."""
    error = reading.first(body, paths.errors)
    if isinstance(error, dict):
        code = reading.text(error.get("code")) or reading.text(error.get("type"))
        message = reading.text(reading.first(error, ("message", "msg", "error", "detail")))
        param = reading.text(error.get("param"))
        return Told(code, message or code, bool(message or code), param)
    code = reading.text(reading.first(body, ("code", "error_code")))
    message = reading.text(error) or reading.text(
        reading.first(body, ("message", "msg", "detail", "error_message"))
    )
    return Told(code, message or code, bool(message))


def id_of(body: Any, paths: Paths) -> str:
    """The task's id; ``""`` where there is none to be found."""
    return reading.identifier(reading.first(body, paths.ids))


def after_create(came: Answer, paths: Paths, *, lists_tasks: bool) -> Created:
    """What an answer to a create means. What is not a clear yes or no is unknown.

    A 500 or 503 with the API's own error is a refusal only where the provider's tasks cannot be listed,
    or where its code names a reason that leaves no doubt.
    """
    body, request_id = came.json(), came.request_id()
    error = told(body, paths)
    remote_id = id_of(body, paths)
    if came.good:
        # {"error": …, "id": …} without a status: that id may be the request's
        doubtful = reading.first(body, paths.errors) and not reading.first(body, paths.statuses)
        if remote_id and not doubtful:
            return Accepted(remote_id, request_id)
    status = came.status
    if came.good:
        status = words.named(error.code) or _as_status(error.code)
    exists = lists_tasks and words.is_duplicate(status, error.code, error.words)
    if exists or (remote_id and not _of_request(remote_id, request_id)):
        # A refusal that names a task, or says that it is there.
        return Unknown(senseless(came, paths) if came.good else _server_fault(came, error))
    if came.good:
        return Refused(_refusal(came, status, error)) if status else Unknown(senseless(came, paths))
    if came.redirects:
        # 301, 307 and 308 say "send it there instead"; the others may come after it was done
        fault = Fault(Trouble.RETIRED, came.elsewhere(), request_id)
        return Refused(fault) if came.status in (301, 307, 308) else Unknown(fault)
    if 400 <= came.status < 500:
        return Refused(_refusal(came, came.status, error))
    if came.status in (500, 503) and error.own:
        status = words.named(error.code)
        if status:
            return Refused(_refusal(came, status, error))
        if not lists_tasks:
            return Refused(_server_fault(came, error))
    return Unknown(_server_fault(came, error))


def after_poll(came: Answer, paths: Paths, content_url: str) -> Polled:
    """What an answer about a task means; ``content_url`` is where the video lies if nothing else is said."""
    body = came.json()
    error = told(body, paths)
    found = addresses(body, paths.own_urls, content_url)
    status = statuses.status_of(body, paths.own_statuses, found)
    if not came.good or not (status or id_of(body, paths)):
        if came.status not in (401, 403, 429) and words.is_missing(came.status, error.code, error.words):
            return Missing(faults.missing(error.words, came.status), came.request_id())
        return fault_of(came, paths) or senseless(came, paths)
    request_id = came.request_id()
    if status == statuses.FAILED:
        word = reading.text(reading.first(body, paths.statuses)).lower()
        return TaskFailed(faults.failed(error.code, error.words or word), request_id)
    if status == statuses.COMPLETED:
        guess = Video(content_url, guessed=faults.no_address(keys_of(body)))
        videos = [*(Video(address) for address in found if address != content_url), guess]
        return Finished(replace(videos[0], others=tuple(videos[1:])), request_id)
    return Running(statuses.progress_of(body), poll_after(came.headers, time.time()), request_id)


def content(body: Any, paths: Paths) -> Union[str, Fault]:
    """What JSON in place of a video means: the URL to go on with, or what is wrong."""
    found = addresses(body, paths.own_urls)
    if found:
        return found[0]
    error = told(body, paths)
    if words.is_missing(0, error.code, error.words) or words.is_expired(f"{error.code} {error.words}"):
        return faults.fault(Trouble.EXPIRED, error.words, status=200)
    return faults.fault(Trouble.SERVER if error.own else Trouble.BAD_FILE, error.words, status=200)


def not_there(fault: Fault, video: Video) -> Fault:
    """What a failed download means: at an address that no answer named, no file means that none is known."""
    status = fault.problem.params.get("status")
    nothing = fault.trouble in (Trouble.EXPIRED, Trouble.BAD_FILE) or status in (405, 501)
    if (
        video.guessed is None
        or not nothing
        or status in (401, 403)
        or words.is_expired(fault.problem.params.get("said"))
    ):
        return fault
    return replace(fault, trouble=Trouble.BAD_FILE, problem=video.guessed)


def fault_of(came: Answer, paths: Paths) -> Optional[Fault]:
    """The trouble with an answer to anything but a create; ``None`` where it is a good one."""
    body = came.json()
    error = told(body, paths)
    if came.good:
        if not isinstance(body, dict):
            return senseless(came, paths)
        named = words.named(error.code) or _as_status(error.code)
        return _refusal(came, named, error) if named else None
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    if came.status in (401, 402, 403, 407, 408, 429):
        return _refusal(came, came.status, error)
    return _server_fault(came, error) if came.status >= 500 else senseless(came, paths)


def senseless(came: Answer, paths: Paths) -> Fault:
    """An answer that cannot be understood."""
    problem = faults.answer(told(came.json(), paths).words, came.status)
    return Fault(Trouble.SERVER, problem, came.request_id(), came.retry_after())


def no_balance() -> Fault:
    """There is no balance to ask for."""
    return faults.fault(Trouble.RETIRED, "balance")


def _of_request(found: str, request_id: str) -> bool:
    """Whether an id in an error is the request's, which many gateways put there, and not a task's."""
    return found == request_id or found.lower().startswith("req")


def _as_status(code: str) -> int:
    """A code that is itself an HTTP 4xx (``{"code": 429}`` under 200); else 0."""
    return int(code) if len(code) == 3 and code.isascii() and code.isdigit() and code[0] == "4" else 0


def _refusal(came: Answer, status: int, error: Told) -> Fault:
    trouble, blocked = words.refusal(status, error.code, error.words)
    request_id = came.request_id()
    if blocked:
        return Fault(Trouble.REQUEST, faults.moderation(error.words, came.status), request_id)
    wait = came.retry_after()
    about = error.param or error.code
    return faults.fault(
        trouble, error.words, status=came.status, code=about, request_id=request_id, retry_after=wait
    )


def _server_fault(came: Answer, error: Told) -> Fault:
    wait = came.retry_after()
    return faults.fault(
        Trouble.SERVER, error.words, status=came.status, request_id=came.request_id(), retry_after=wait
    )
