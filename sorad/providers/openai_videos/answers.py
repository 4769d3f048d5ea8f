"""What answers in the OpenAI videos format mean, whichever gateway gives them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Optional, Union

from sorad.config.model import ProviderConfig
from sorad.providers.answers import ids, statuses
from sorad.providers.answers.video_urls import addresses, keys_of
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
from sorad.providers.creates import outcomes
from sorad.providers.creates.outcomes import ApiError, create_answer, outcome, page_of, refusal, server_fault
from sorad.providers.creates.proof import Refusals
from sorad.providers.errors import faults, refusals
from sorad.providers.errors.refusals import status_of
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer
from sorad.providers.wire.headers import poll_after

_STATUS = ("status", "data.status", "task_status", "data.task_status")
_ERROR = ("error", "data.error", "fail_reason", "data.fail_reason", "data.data.error")
_WORDS = ("message", "msg", "detail", "error_message", "errors")


@dataclass(frozen=True)
class Paths:
    """Where this gateway keeps things: what the config says first, then where they usually are.

    ``ids`` holds the config's alone: see ``ids`` for where else they are looked for.
    """

    ids: tuple[str, ...]
    statuses: tuple[str, ...]
    errors: tuple[str, ...]
    # Of the config alone; the usual places are in `sorad.providers.answers.statuses` and `.places`.
    own_statuses: tuple[str, ...]
    own_urls: tuple[str, ...]

    @classmethod
    def of(cls, config: ProviderConfig) -> Paths:
        """The paths of a config."""
        return cls(
            config.id_paths,
            config.status_paths + _STATUS,
            config.error_paths + _ERROR,
            config.status_paths,
            config.video_url_paths,
        )


def api_error(body: Any, paths: Paths) -> ApiError:
    """The error in an answer, whichever way it is written."""
    error = reading.first(body, paths.errors)
    if isinstance(error, dict):
        code = reading.text(error.get("code")) or reading.text(error.get("type"))
        message = reading.sentence(error) or reading.sentence(error.get("error"))
        param = reading.text(error.get("param"))
        return ApiError(code, message or code, bool(message or code), param)
    code = reading.text(reading.first(body, ("code", "error_code")))
    detail = reading.first(body, _WORDS)
    message = reading.sentence(error) or reading.sentence(detail)
    where = reading.text(reading.at(detail, "0.loc.1"))  # FastAPI's
    return ApiError(code, message or code, bool(message), where)


def after_create(came: Answer, paths: Paths, refusals: Refusals = (), prompt: str = "") -> Created:
    """What an answer to a create means: see ``proof``. ``prompt``: what was sent."""
    body, error = came.json(), api_error(came.json(), paths)
    stands = bool(reading.first(body, paths.statuses))
    task, meant = ids.task_id(body, paths.ids), status_of(error.code)
    if ids.is_of_request(task, came.request_id()) and not (came.good and stands):
        task = ""
    # {"error": …, "id": …} without a status: that id may be the request's
    doubtful = not stands and (meant >= 400 or bool(reading.first(body, paths.errors)))
    if not task and (meant >= 400 or not came.good):
        task, doubtful = ids.in_error(body, paths.errors), True
    what = create_answer(came, error, meant, task, doubtful=doubtful)
    return outcome(came, what, error, refusals, prompt=prompt)


def after_poll(came: Answer, paths: Paths, content_url: str) -> Polled:
    """What an answer about a task means; ``content_url`` is where the video lies if nothing else is said."""
    body = came.json()
    error = api_error(body, paths)
    found = addresses(body, paths.own_urls, content_url)
    status = statuses.status_of(body, paths.own_statuses, found)
    if not came.good or not (status or ids.task_id(body, paths.ids)):
        if came.status not in (401, 403, 429) and refusals.is_missing(came.status, error.code, error.words):
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
    error = api_error(body, paths)
    if refusals.is_missing(0, error.code, error.words) or refusals.is_expired(f"{error.code} {error.words}"):
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
        or refusals.is_expired(fault.problem.params.get("said"))
    ):
        return fault
    return replace(fault, trouble=Trouble.BAD_FILE, problem=video.guessed)


def fault_of(came: Answer, paths: Paths) -> Optional[Fault]:
    """The trouble with an answer to anything but a create; ``None`` where it is a good one."""
    body = came.json()
    error = api_error(body, paths)
    page = page_of(came)
    if page is not None:
        return page
    if came.good:
        if not isinstance(body, dict):
            return senseless(came, paths)
        meant = status_of(error.code)
        return refusal(came, error, meant) if 400 <= meant < 500 else None
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    if came.status in (401, 402, 403, 407, 408, 429):
        return refusal(came, error, came.status)
    return server_fault(came, error) if came.status >= 500 else senseless(came, paths)


def senseless(came: Answer, paths: Paths) -> Fault:
    """An answer that cannot be understood."""
    return outcomes.senseless(came, api_error(came.json(), paths))


def no_balance() -> Fault:
    """There is no balance to ask for."""
    return faults.fault(Trouble.RETIRED, "balance")
