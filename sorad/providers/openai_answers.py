"""What answers in the OpenAI videos format mean, whichever gateway gives them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Optional, Union

from sorad.config.model import ProviderConfig
from sorad.providers import creates, faults, ids, reading, words
from sorad.providers.addresses import joined
from sorad.providers.base import (
    Created,
    Fault,
    Finished,
    Missing,
    Polled,
    Running,
    TaskFailed,
    Trouble,
    Video,
)
from sorad.providers.creates import Told, outcome, page_of, refusal, said, server_fault
from sorad.providers.headers import poll_after
from sorad.providers.http import Answer
from sorad.providers.proof import Refusals

# Each seen at some gateway. Anything else means: still running.
COMPLETED = frozenset({"completed", "complete", "success", "succeeded", "succeed", "finished", "done"})
FAILED = frozenset({"failed", "failure", "fail", "error", "cancelled", "canceled", "expired"})

_STATUS = ("status", "data.status", "task_status", "data.task_status")
_ERROR = ("error", "data.error", "fail_reason", "data.fail_reason", "data.data.error")
_WORDS = ("message", "msg", "detail", "error_message", "errors")
_URL = tuple(
    prefix + name
    for prefix in ("", "data.")
    for name in ("metadata.url", "url", "video_url", "result_url", "video.url")
)


@dataclass(frozen=True)
class Paths:
    """Where this gateway keeps things: what the config says first, then where they usually are.

    ``ids`` holds the config's alone: see ``ids`` for where else they are looked for.
    """

    ids: tuple[str, ...]
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    urls: tuple[str, ...]

    @classmethod
    def of(cls, config: ProviderConfig) -> Paths:
        """The paths of a config."""
        return cls(
            config.id_paths,
            config.status_paths + _STATUS,
            config.error_paths + _ERROR,
            config.video_url_paths + _URL,
        )


def told(body: Any, paths: Paths) -> Told:
    """The error in an answer, whichever way it is written."""
    error = reading.first(body, paths.errors)
    if isinstance(error, dict):
        code = reading.text(error.get("code")) or reading.text(error.get("type"))
        message = reading.sentence(error) or reading.sentence(error.get("error"))
        param = reading.text(error.get("param"))
        return Told(code, message or code, bool(message or code), param)
    code = reading.text(reading.first(body, ("code", "error_code")))
    detail = reading.first(body, _WORDS)
    message = reading.sentence(error) or reading.sentence(detail)
    where = reading.text(reading.at(detail, "0.loc.1"))  # FastAPI's
    return Told(code, message or code, bool(message), where)


def after_create(came: Answer, paths: Paths, refusals: Refusals = ()) -> Created:
    """What an answer to a create means: see ``proof``."""
    body, error = came.json(), told(came.json(), paths)
    stands = bool(reading.first(body, paths.statuses))
    task, meant = ids.task_id(body, paths.ids), _meant(error.code)
    if ids.is_of_request(task, came.request_id()) and not (came.good and stands):
        task = ""
    # {"error": …, "id": …} without a status: that id may be the request's
    doubtful = not stands and (meant >= 400 or bool(reading.first(body, paths.errors)))
    return outcome(came, said(came, error, meant, task, doubtful=doubtful), error, refusals)


def after_poll(came: Answer, paths: Paths, content_url: str) -> Polled:
    """What an answer about a task means; ``content_url`` is where the video lies if nothing else is said."""
    body = came.json()
    status = reading.text(reading.first(body, paths.statuses)).lower()
    error = told(body, paths)
    if not came.good or not (status or ids.task_id(body, paths.ids)):
        if came.status not in (401, 403, 429) and words.is_missing(came.status, error.code, error.words):
            return Missing(faults.missing(error.words, came.status), came.request_id())
        return fault_of(came, paths) or senseless(came, paths)
    request_id = came.request_id()
    if status in FAILED:
        return TaskFailed(faults.failed(error.code, error.words or status), request_id)
    if status in COMPLETED:
        return Finished(Video(_url_of(body, paths, content_url) or content_url), request_id)
    progress = reading.percent(reading.first(body, ("progress", "data.progress")))
    return Running(progress, poll_after(came.headers, time.time()), request_id)


def content(body: Any, paths: Paths) -> Union[str, Fault]:
    """What JSON in place of a video means: the URL to go on with, or what is wrong."""
    url = _url_of(body, paths, "")
    if url:
        return url
    error = told(body, paths)
    if words.is_missing(0, error.code, error.words) or "expired" in f"{error.code} {error.words}".lower():
        return faults.fault(Trouble.EXPIRED, error.words, status=200)
    return faults.fault(Trouble.SERVER if error.own else Trouble.BAD_FILE, error.words, status=200)


def fault_of(came: Answer, paths: Paths) -> Optional[Fault]:
    """The trouble with an answer to anything but a create; ``None`` where it is a good one."""
    body = came.json()
    error = told(body, paths)
    page = page_of(came)
    if page is not None:
        return page
    if came.good:
        if not isinstance(body, dict):
            return senseless(came, paths)
        meant = _meant(error.code)
        return refusal(came, error, meant) if 400 <= meant < 500 else None
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    if came.status in (401, 402, 403, 407, 408, 429):
        return refusal(came, error, came.status)
    return server_fault(came, error) if came.status >= 500 else senseless(came, paths)


def senseless(came: Answer, paths: Paths) -> Fault:
    """An answer that cannot be understood."""
    return creates.senseless(came, told(came.json(), paths))


def no_balance() -> Fault:
    """There is no balance to ask for."""
    return faults.fault(Trouble.RETIRED, "balance")


def _url_of(body: Any, paths: Paths, base: str) -> str:
    """The video's URL; one that is written without a host is read against ``base``."""
    for path in paths.urls:
        found = reading.text(reading.at(body, path))
        if base and found.startswith("/"):
            found = joined(base, found)
        if found.startswith(("http://", "https://")) or (found.startswith("/") and not base):
            return found
    return ""


def _meant(code: str) -> int:
    """The HTTP status that an API's own code is (``{"code": 429}``) or stands for; 0: none."""
    number = len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45"
    return words.named(code) or (int(code) if number else 0)
