"""Trouble in plain sentences: what happened, what to do, and the provider's own words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Optional

from sorad.masking import mask
from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.providers.base import Fault, Trouble
from sorad.providers.errors import reasons, refusals
from sorad.providers.errors.meanings import Meaning
from sorad.providers.errors.reasons import Reason

MISSING, NO_ADDRESS = "provider.missing", "provider.no_address"
ADDRESS = "provider.address"
_LONGEST = 300  # characters of what a provider says
# An address whose path may be signed: a query, or a part so long that nobody chose it.
_SIGNED = re.compile(
    r"(https?://[^\s/?#\"'<>]+)/(?=[^\s\"'<>]*(?:\?|[^\s/\"'<>]{32}))[^\s\"'<>]*", re.IGNORECASE
)
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")

_CODES = {
    Trouble.RATE: "provider.rate",
    Trouble.SERVER: "provider.server",
    Trouble.TRANSPORT: "provider.network",
    Trouble.SETUP: "provider.network",
    Trouble.KEY: "provider.key",
    Trouble.BALANCE: "provider.balance",
    Trouble.RETIRED: "provider.retired",
    Trouble.REQUEST: "provider.parameters",
    Trouble.EXPIRED: "provider.expired",
    Trouble.BAD_FILE: "provider.file",
    Trouble.PAGE: "provider.page",
}
_MESSAGES = {
    Trouble.RATE: N_("The provider takes no more requests for now. It says: {said}"),
    Trouble.SERVER: N_("The provider has trouble of its own. It says: {said}"),
    Trouble.TRANSPORT: N_("The request did not get through to the provider. The answer was: {said}"),
    Trouble.SETUP: N_("The request did not get through to the provider. The answer was: {said}"),
    Trouble.KEY: N_("The provider refuses the API key. It says: {said}"),
    Trouble.BALANCE: N_("The balance at the provider is used up. It says: {said}"),
    Trouble.RETIRED: N_("The provider no longer offers this model or this interface. It says: {said}"),
    Trouble.REQUEST: N_("The provider refuses these parameters. It says: {said}"),
    Trouble.EXPIRED: N_("The address of the video is too old. The answer was: {said}"),
    Trouble.BAD_FILE: N_("What came is not a video. The answer was: {said}"),
    Trouble.PAGE: N_(
        "What answers at this address is a web page (HTTP {status}), not the API. It says: {said}"
    ),
}
_FIXES = {
    Trouble.RATE: N_("Nothing to do: sorad slows down and goes on by itself."),
    Trouble.SERVER: N_("Nothing to do: sorad tries again by itself."),
    Trouble.TRANSPORT: N_("Check the network and the proxy; sorad tries again by itself."),
    Trouble.SETUP: N_("Check the proxy, and the name and password in its address."),
    Trouble.KEY: N_("Check the key on the provider's page and set it anew; {then}."),
    Trouble.BALANCE: N_("Top it up at the provider; {then}."),
    Trouble.RETIRED: N_(
        "Look at the provider's news, then set base_url, model or kind under [provider]. "
        "Until then nothing is bought, and what waits stays in the queue."
    ),
    Trouble.REQUEST: N_("Change the segment in the storyboard as the provider says."),
    Trouble.EXPIRED: N_("Nothing to do: sorad asks for a new one."),
    Trouble.BAD_FILE: N_("Nothing to do: sorad fetches it again."),
    Trouble.PAGE: N_(
        "Check base_url under [provider]: most end in /v1, as the provider documents it. Until then nothing is bought, "
        "and what waits stays in the queue."
    ),
}


def said(told: object, status: int = 0) -> str:
    """The provider's own words, masked, on one line, at most 300 characters; else the bare status.

    Of an address that may be signed only the host stays.
    """
    line = _SPACE.sub(" ", masked(told)).strip() if isinstance(told, str) else ""
    if not line:
        return f"HTTP {status}" if status else "-"
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def masked(text: str) -> str:
    """Without keys; of an address that may be signed only the host stays."""
    return mask(_SIGNED.sub(r"\1/…", text))


def fault(
    trouble: Trouble,
    told: object = "",
    *,
    status: int = 0,
    code: str = "",
    request_id: str = "",
    retry_after: Optional[float] = None,
) -> Fault:
    """A fault in the usual words for its trouble, or in closer ones where its code or words are known."""
    params: dict[str, Param] = {"said": said(told, status), "status": status}
    reason = _closer(trouble, code, told if isinstance(told, str) else "")
    if reason is not None:
        problem = Problem(reason.code, reason.message, reason.fix, params)
    else:
        problem = Problem(_CODES[trouble], _MESSAGES[trouble], _FIXES[trouble], params)
    return Fault(trouble, problem, request_id, retry_after)


def _closer(trouble: Trouble, code: str, told: str) -> Optional[Reason]:
    if trouble is Trouble.REQUEST:
        return reasons.first(reasons.PARAMETERS, code, told)
    one = {
        Trouble.KEY: reasons.ACCOUNT,
        Trouble.RATE: reasons.CONCURRENCY,
        Trouble.BALANCE: reasons.QUOTA,
    }.get(trouble)
    return one if one is not None and one.meets(code, told) else None


def moderation(told: object, status: int = 0, *, person: bool = False) -> Problem:
    """The content was refused; ``person``, or its words: because it shows a real person."""
    if person or reasons.PERSON.meets("", told if isinstance(told, str) else ""):
        reason = reasons.PERSON
        return Problem(
            reason.code, reason.message, reason.fix, {"said": said(told, status), "status": status}
        )
    return Problem(
        "provider.moderation",
        N_("The provider's content rules refuse this segment. It says: {said}"),
        N_("Reword the prompt or change the picture; the edited segment is bought as a new take."),
        {"said": said(told, status), "status": status},
    )


def failed(code: str, told: str, means: Optional[Meaning] = None) -> Problem:
    """The provider gave a task up, as its code and its words tell; ``means``: what its own table says of the code."""
    params: dict[str, Param] = {"said": said(told)}
    if means is not None and means.person:
        return moderation(told, person=True)
    if refusals.is_moderation(code, told) or (means is not None and means.content):
        result = reasons.RESULT
        return (
            Problem(result.code, result.message, result.fix, params)
            if result.meets(code, told)
            else moderation(told)
        )
    reason = reasons.first(reasons.TASK, code, told)
    if reason is not None:
        return Problem(reason.code, reason.message, reason.fix, params)
    return Problem(
        "provider.failed",
        N_("The provider could not generate the video. It says: {said}"),
        N_("The same text may work another time; if it keeps failing, change the segment."),
        params,
    )


def missing(told: object, status: int = 0) -> Problem:
    """The provider does not know the task."""
    return Problem(
        MISSING,
        N_("The provider does not know this task. It says: {said}"),
        N_("Nothing to do yet: sorad asks again for a day. If it stays so, ask the provider about it."),
        {"said": said(told, status), "status": status},
    )


def answer(told: object, status: int = 0) -> Problem:
    """An answer that cannot be understood."""
    return Problem(
        "provider.answer",
        N_("The provider's answer (HTTP {status}) makes no sense to sorad. It says: {said}"),
        N_("If it stays so, check base_url and kind under [provider]."),
        {"said": said(told, status), "status": status},
    )


def other_task(remote_id: str, asked: str) -> Problem:
    """An answer about another take's task."""
    return Problem(
        "provider.answer",
        N_(
            "The provider was asked after the task {asked}, and answers about {remote_id}, which is another take's."
        ),
        N_("Nothing to do: it is asked again. If it stays so, tell whoever runs the gateway or the proxy."),
        {"asked": asked, "remote_id": remote_id},
    )


def no_address(keys: Sequence[str], told: str = "", status: int = 0) -> Problem:
    """The provider calls a task finished, and no video is to be found. ``keys``: what its answer holds."""
    params: dict[str, Param] = {"said": said(told, status), "status": status, "keys": said(", ".join(keys))}
    return Problem(
        NO_ADDRESS,
        N_(
            "The provider calls the video finished, but where it lies is not to be found. Its answer has: {keys}"
        ),
        N_(
            "If one of these is the address of the video, name it in video_url_paths under [provider], for example "
            'video_url_paths = ["data.link"]; {then}. Else ask the provider where it lies.'
        ),
        params,
    )


def unreadable(told: object, status: int = 0) -> Problem:
    """A create was answered with a yes, and the answer names no task."""
    return Problem(
        "provider.unreadable",
        N_(
            "The create was answered (HTTP {status}), and sorad finds no task id in the answer. It says: {said}"
        ),
        N_("If the id is in it, name its place with id_paths under [provider]."),
        {"said": said(told, status), "status": status},
    )


def challenge(told: object, status: int = 0) -> Problem:
    """A proxy before the API wants to see a person."""
    return Problem(
        "provider.challenge",
        N_(
            "A proxy before the provider answers with a challenge page, which only a browser can pass. It says: {said}"
        ),
        N_(
            "Check base_url under [provider] and the proxy in use; else ask the provider to let this machine through; "
            "{then}. The key is not the matter."
        ),
        {"said": said(told, status), "status": status},
    )


def inward(host: str) -> Problem:
    """The address of a video leads into this machine or its network."""
    return Problem(
        ADDRESS,
        N_(
            "The address of the video leads to {host}, inside this computer or its network; it is not opened."
        ),
        N_(
            "If the provider runs there, set base_url under [provider] to its address in that network; "
            "else ask the provider."
        ),
        {"host": host},
    )


def no_web_address(scheme: str) -> Problem:
    """The address of a video is none of http or https."""
    return Problem(
        ADDRESS,
        N_("The address of the video begins with {scheme}, not with http or https; it is not opened."),
        N_("Ask the provider about it; sorad asks for another address by itself."),
        {"scheme": scheme},
    )


def redirected(host: str, status: int) -> Problem:
    """An API call was sent elsewhere; it is never followed, because the key and the money would follow too."""
    return Problem(
        "provider.redirect",
        N_("The provider's address sends requests on to another one (HTTP {status}, to {host})."),
        N_("Set base_url under [provider] to the address that the provider documents, with https."),
        {"host": host, "status": status},
    )


def incomplete_list(reason: str) -> Problem:
    """The list of tasks cannot show that a task does not exist. ``reason`` is a message id."""
    return Problem(
        "provider.list", reason, N_("Look at your account at the provider; `sorad resolve` ends the wait.")
    )


# --- before and during the transport ------------------------------------------------------------------


def network(message: str, **params: Param) -> Problem:
    """The exchange broke. ``message`` is a message id."""
    return Problem("provider.network", message, _FIXES[Trouble.TRANSPORT], params)


def unfit_key() -> Problem:
    """The key cannot stand in a header."""
    return Problem(
        "provider.key",
        N_("The API key holds characters that no key has."),
        N_("Copy it anew from the provider's page, without spaces and line breaks."),
    )


def picture(message: str, path: str, **params: Param) -> Problem:
    """The reference picture cannot be sent. ``message`` is a message id."""
    return Problem(
        "provider.picture",
        message,
        N_("Put the picture back, or save the storyboard again if the new one is meant."),
        {"path": path, **params},
    )
