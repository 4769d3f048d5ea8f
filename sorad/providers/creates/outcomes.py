"""From an answer to a create to its outcome: one way for all formats, along the table in ``proof``. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Optional

from sorad.messages import N_
from sorad.providers.base import Accepted, Created, Fault, Refused, Trouble, Unknown
from sorad.providers.creates import proof, web_pages
from sorad.providers.creates.proof import CreateAnswer, Proof, Refusals
from sorad.providers.creates.quotes import without_quotes
from sorad.providers.errors import faults, refusals
from sorad.providers.errors.meanings import Meaning
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer

# Headers in which a task may be named: by its address, or by its id.
_ADDRESSES = ("location", "content-location", "operation-location")
_IDS = ("x-task-id", "task-id", "x-job-id", "x-video-id", "x-generation-id")
_LONGEST = 4_000  # characters of an answer that is kept
_OPEN = N_("It may have been accepted all the same, so it is not sent again blindly.")


@dataclass(frozen=True)
class ApiError:
    """What an error says. ``own``: it is the API's own error, not the page of a proxy."""

    code: str
    words: str
    own: bool
    param: str = ""  # which parameter it is about, where it names one
    means: Optional[Meaning] = None  # what its code means, where the provider's table has it


def create_answer(came: Answer, error: ApiError, meant: int, task: str, *, doubtful: bool) -> CreateAnswer:
    """The answer as the table needs it. The other arguments are what its format makes of the body."""
    body = came.json()
    whole = body is not None or came.body.strip() == b"null"
    text = reading.all_words(body) if whole else web_pages.words(came.headers, came.body)
    if not came.good:
        text = f"{text} {_told_by_headers(came)}"
    return CreateAnswer(came.status, whole, task, doubtful, error.code, meant, error.own, error.words, text)


def _told_by_headers(came: Answer) -> str:
    """The task that headers name, as a text would name it."""
    ids = (f"task_id={came.headers[name]}" for name in _IDS if name in came.headers)
    return " ".join([*(came.headers.get(name, "") for name in _ADDRESSES), *ids])


def outcome(
    came: Answer,
    what: CreateAnswer,
    error: ApiError,
    refusals: Refusals = (),
    cost: Optional[int] = None,
    prompt: str = "",
) -> Created:
    """What became of a create. ``cost``: where the answer tells it, in micro-units; ``prompt``: what was sent.

    A prompt that is quoted counts in what the answer proves, because that errs on the safe side; not in why it refuses.
    """
    found = proof.proof(what, refusals)
    if found is Proof.ACCEPTED:
        return Accepted(what.task, came.request_id(), cost)
    if found is Proof.REFUSED:
        error = replace(error, words=without_quotes(error.words, prompt))
        return Refused(refusal(came, error, what.meant if 400 <= what.meant < 500 else came.status))
    if found is Proof.UNREADABLE:
        problem = faults.unreadable(error.words or what.text, came.status)
        return Unknown(Fault(Trouble.SERVER, problem, came.request_id()), excerpt(came.json()))
    return Unknown(_unknown(came, what, error))


def refusal(came: Answer, error: ApiError, status: int) -> Fault:
    """Why something was refused. ``status``: HTTP's, or the one that the API's own code stands for."""
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    page = page_of(came)
    if page is not None:
        return page
    if status >= 500:  # only where the user knows that it refuses
        return server_fault(came, error)
    trouble, blocked = refusals.refusal(status, error.code, error.words)
    if error.means is not None:
        by_words = blocked and error.means.trouble is Trouble.REQUEST
        trouble, blocked = error.means.trouble, error.means.content or by_words
    request_id = came.request_id()
    if blocked:
        person = error.means is not None and error.means.person
        problem = faults.moderation(error.words, came.status, person=person)
        return Fault(Trouble.REQUEST, problem, request_id)
    return faults.fault(
        trouble,
        error.words,
        status=came.status,
        code=error.param or error.code,
        request_id=request_id,
        retry_after=came.retry_after(),
    )


def page_of(came: Answer) -> Optional[Fault]:
    """The trouble with a web page in place of an answer; ``None`` where it is none, or tells of something else.

    One under 5xx, or that tells of a time-out, is that of a proxy whose server is away for the moment.
    """
    title, status = web_pages.title(came.body), came.status
    if status < 500 and web_pages.is_challenge(came.headers, came.body):
        return Fault(Trouble.PAGE, faults.challenge(title, status), came.request_id())
    of_the_way = (came.good or status in web_pages.OF_THE_WAY) and web_pages.is_page(came.headers, came.body)
    if of_the_way and not proof.tells_of_cut(web_pages.words(came.headers, came.body)):
        return faults.fault(Trouble.PAGE, title, status=status, request_id=came.request_id())
    return None


def server_fault(came: Answer, error: ApiError) -> Fault:
    """Trouble at the provider's end."""
    wait = came.retry_after()
    return faults.fault(
        Trouble.SERVER, error.words, status=came.status, request_id=came.request_id(), retry_after=wait
    )


def senseless(came: Answer, error: ApiError) -> Fault:
    """An answer that cannot be understood."""
    return Fault(
        Trouble.SERVER, faults.answer(error.words, came.status), came.request_id(), came.retry_after()
    )


def _unknown(came: Answer, what: CreateAnswer, error: ApiError) -> Fault:
    if came.redirects:
        return Fault(Trouble.RETIRED, came.elsewhere(), came.request_id())
    page = page_of(came)
    if page is not None:
        return page
    fault = server_fault(came, error) if proof.is_lost(what) else senseless(came, error)
    return replace(fault, problem=replace(fault.problem, fix=_OPEN))


def excerpt(body: Any) -> str:
    """An answer to be shown to the user later: masked, and no longer than a screen or two."""
    text = faults.masked(json.dumps(reading.without_secrets(body), ensure_ascii=False))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
