"""What the answers of a native API mean, read along its format, which is data."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from sorad.providers.answers import ids, statuses
from sorad.providers.answers.video_urls import addresses, keys_of
from sorad.providers.base import (
    Created,
    Fault,
    Finished,
    Missing,
    Polled,
    Refused,
    Running,
    TaskFailed,
    Trouble,
    Video,
)
from sorad.providers.creates import outcomes
from sorad.providers.creates.outcomes import ApiError, create_answer, outcome, page_of, refusal, server_fault
from sorad.providers.creates.proof import Refusals
from sorad.providers.errors import faults, meanings, refusals
from sorad.providers.errors.meanings import Codes, Meaning, meaning_of
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer
from sorad.providers.wire.headers import poll_after

GONE = "gone"  # a status that says that there is no such task
_CODES, _WORDS = ("error.code", "code", "error.type"), ("error.message", "message", "detail", "error")


@dataclass(frozen=True)
class Format:
    """One wire format. Places are dotted paths, the first that is there counts; codes and words in small letters."""

    poll: str  # path of a task, with {id} in it
    ids: tuple[str, ...]  # where an answer to a create has the id of its task
    status: tuple[str, ...]  # where an answer to a poll has its status
    videos: tuple[str, ...]  # and the address of its video
    codes: Codes  # what its error codes mean
    words: Mapping[str, str] = field(
        default_factory=dict
    )  # statuses that the usual table has not, or otherwise
    error_codes: tuple[str, ...] = _CODES
    error_words: tuple[str, ...] = _WORDS
    fail_codes: tuple[str, ...] = _CODES  # of a task that failed
    fail_words: tuple[str, ...] = _WORDS
    code_in_words: Optional[re.Pattern[str]] = None  # for codes that stand in the words: its first group
    words_mean: tuple[
        tuple[re.Pattern[str], Meaning], ...
    ] = ()  # where its codes leave room: words come first
    wait_in_words: Optional[re.Pattern[str]] = None  # seconds until it takes more, where words tell them


def error_of(body: Any, form: Format, *, of_task: bool = False) -> ApiError:
    """The error in an answer; ``of_task``: of a task that failed."""
    codes, words = (form.fail_codes, form.fail_words) if of_task else (form.error_codes, form.error_words)
    code = reading.text(reading.first(body, codes))
    message = reading.sentence(reading.first(body, words))
    found = form.code_in_words.search(message) if form.code_in_words is not None else None
    code = found.group(1) if found is not None else code
    means = next((one for pattern, one in form.words_mean if pattern.search(message)), None)
    means = means or meaning_of(code, form.codes)
    good = code.lower() in ("", "0", "200", "ok", "success")
    return ApiError(code, message or code, not good or bool(message), _param(body), means)


def _param(body: Any) -> str:
    return reading.text(reading.first(body, ("error.param", "param", "detail.0.loc.1")))


def after_create(
    came: Answer, form: Format, own_ids: Sequence[str] = (), known: Refusals = (), prompt: str = ""
) -> Created:
    """What an answer to a create means: see ``proof``. ``own_ids``: where the config says that ids are; ``known``:
    its refusals; ``prompt``: what was sent."""
    body, error = came.json(), error_of(came.json(), form)
    meant = error.means.status if error.means is not None else refusals.status_of(error.code)
    task = ids.identifier(reading.first(body, (*own_ids, *form.ids)))
    doubtful = not came.good or meant >= 400
    if not task:
        task = ids.task_id(body) or ids.in_error(body, ("error", "detail"))
        stands = bool(reading.first(body, form.status))
        task = "" if ids.is_of_request(task, came.request_id()) else task
        doubtful = doubtful or (error.own and not stands and bool(reading.at(body, "error")))
    found = outcome(
        came, create_answer(came, error, meant, task, doubtful=doubtful), error, known, prompt=prompt
    )
    return _waiting(found, error, form) if isinstance(found, Refused) else found


def _waiting(found: Refused, error: ApiError, form: Format) -> Refused:
    """With the wait that its words tell, where no header does."""
    wait = form.wait_in_words.search(error.words) if form.wait_in_words is not None else None
    if wait is None or found.fault.retry_after is not None:
        return found
    return Refused(replace(found.fault, retry_after=float(wait.group(1))))


def after_poll(came: Answer, form: Format, own_urls: Sequence[str] = (), base: str = "") -> Polled:
    """What an answer about a task means. ``own_urls``: where the config says that addresses are; ``base``: what one
    without a host is read against."""
    body, word = came.json(), reading.text(reading.first(came.json(), form.status))
    if not came.good or not word:
        error = error_of(body, form)
        if _is_missing(came, error):
            return Missing(faults.missing(error.words, came.status), came.request_id())
        return fault_of(came, form) or senseless(came, form)
    request_id, error = came.request_id(), error_of(body, form, of_task=True)
    state = form.words.get(word.lower()) or statuses.meaning(word)
    if state == GONE:
        return Missing(faults.missing(error.words or word, came.status), request_id)
    if state == statuses.FAILED:
        return _failed(error, word, request_id)
    if state == statuses.COMPLETED:
        return finished(body, came, form, own_urls, base)
    return Running(statuses.progress_of(body), poll_after(came.headers, time.time()), request_id)


def _failed(error: ApiError, word: str, request_id: str) -> TaskFailed:
    """A task that failed; what its code calls final is not charged."""
    final = error.means is not None and error.means.final
    problem = faults.failed(error.code, error.words or word, error.means)
    return TaskFailed(problem, request_id, final=final, cost=0 if final else None)


def finished(body: Any, came: Answer, form: Format, own_urls: Sequence[str] = (), base: str = "") -> Polled:
    """The video of a task that has ended well; a fault, where its answer has no address."""
    found = addresses(body, (*own_urls, *form.videos), base)
    if found:
        return Finished(Video(found[0], others=tuple(map(Video, found[1:]))), came.request_id())
    words = error_of(body, form, of_task=True).words
    return Fault(Trouble.SERVER, faults.no_address(keys_of(body), words, came.status), came.request_id())


def _is_missing(came: Answer, error: ApiError) -> bool:
    if error.means is not None:
        return error.means is meanings.MISSING
    return came.status not in (401, 403, 429) and refusals.is_missing(came.status, error.code, error.words)


def fault_of(came: Answer, form: Format) -> Optional[Fault]:
    """The trouble with an answer to anything but a create; ``None`` where it is a good one."""
    body, error, page = came.json(), error_of(came.json(), form), page_of(came)
    if page is not None:
        return page
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    if error.means is not None and error.means.status < 500 and came.status < 500:
        return refusal(came, error, error.means.status)
    if came.good:
        return None if isinstance(body, dict) else senseless(came, form)
    if came.status in (401, 402, 403, 407, 408, 429):
        return refusal(came, replace(error, means=None), came.status)
    return server_fault(came, error) if came.status >= 500 else senseless(came, form)


def senseless(came: Answer, form: Format) -> Fault:
    """An answer that cannot be understood."""
    return outcomes.senseless(came, error_of(came.json(), form))
