"""Which tasks on the provider's list are our creates whose answers were lost. Pure.

Takes with the same request cannot be told apart at the provider, and need not be: they are matched by
count. As many unowned tasks as unknown takes, or fewer: each task is adopted by one take. More: somebody
else bought the same thing by hand, and the user decides. So he does where two requests look alike on the list,
which need not show pictures or lengths.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Optional

from sorad.model import Request, Take
from sorad.providers.base import RemoteTask

# Clocks of server and client may be minutes apart.
SKEW = 600.0
# Texts that have so many characters in common at their beginning may have been one. So may a text and what begins
# with the whole of it, unless that is tiny, or has the whole of it within, if it is longer still.
PREFIX, TINY, WITHIN = 40, 4, 12


def resembles(request: Request, task: RemoteTask) -> bool:
    """Whether a text could have become the other on its way through a list."""
    texts = (look_of(text).rstrip(". \u2026") for text in (request.prompt, task.prompt))
    shorter, longer = sorted(texts, key=len)
    if len(shorter) < TINY:
        return shorter == longer
    return longer.startswith(shorter[:PREFIX]) or (len(shorter) >= WITHIN and shorter in longer)


@lru_cache(maxsize=1024)
def look_of(prompt: str) -> str:
    """A prompt as a list may show it: white space run together, entities undone, accents composed."""
    for _again in range(3):  # escaped twice, where an escaped text was escaped again
        prompt, before = html.unescape(prompt), prompt
        if prompt == before:
            break
    return unicodedata.normalize("NFC", " ".join(prompt.split()))


def alike(one: Request, other: Request) -> bool:
    """Whether a list could show both as the same: those that show no picture, length or model are many."""
    return look_of(one.prompt) == look_of(other.prompt)


def same(request: Request, task: RemoteTask) -> bool:
    """Whether a task on the list may be this request; what the list does not tell cannot disagree."""
    image = request.image if request.image.startswith("http") else None
    return bool(
        look_of(task.prompt) == look_of(request.prompt)
        and task.seconds in (None, request.seconds)
        and _of_shape(request, task)
        and (request.model or task.pro in (None, request.pro))
        and (image is None or task.image in (None, "", image))
    )


def _of_shape(request: Request, task: RemoteTask) -> bool:
    """Lists tell wide from high; of other ratios than these two they tell as they like."""
    return request.orientation not in ("horizontal", "vertical") or task.orientation in (
        None,
        request.orientation,
    )


def began(take: Take, now: float, ahead: float) -> float:
    """The provider's time from which on the take's create may have been accepted.

    ``ahead``: how far our clock is ahead of the provider's, as its answers say. They may be wrong themselves
    (a proxy's date), so this is the earlier of what both clocks say. An intent that lies ahead of ``now`` was
    dated by a clock that was set back since.
    """
    return min(now if take.intent_at is None else take.intent_at, now) - max(ahead, 0.0) - SKEW


def in_window(take: Take, task: RemoteTask, now: float, ahead: float = 0.0) -> bool:
    """Whether the task was created when the take's create was under way."""
    if task.created_at is None or take.intent_at is None:
        return True
    return began(take, now, ahead) <= task.created_at <= now - min(ahead, 0.0) + SKEW


def match(
    takes: Sequence[Take],
    tasks: Sequence[RemoteTask],
    owned: Collection[str],
    now: float,
    ahead: float = 0.0,
) -> Optional[dict[int, RemoteTask]]:
    """For unknown takes that look alike: take id → its task. ``None``: it cannot be told, ask the user.

    That is so where a task may be one of two requests, and where a request has more tasks than takes. Takes that
    found no task are simply absent. ``ahead``: see :func:`began`.
    """
    found: dict[str, list[RemoteTask]] = {}  # by fingerprint
    for task in tasks:
        whose = _whose(takes, task, now, ahead) if task.remote_id not in owned else set()
        if len(whose) > 1:
            return None
        for fingerprint in whose:
            found.setdefault(fingerprint, []).append(task)
    matched: dict[int, RemoteTask] = {}
    for fingerprint, theirs in found.items():
        ours = [take for take in takes if take.fingerprint == fingerprint]
        if len(theirs) > len(ours):
            return None
        matched.update(_in_order(ours, theirs))
    return matched


def _in_order(takes: Sequence[Take], tasks: Sequence[RemoteTask]) -> dict[int, RemoteTask]:
    """The first intent has the first task, and so on."""
    by_time = sorted(tasks, key=lambda task: (task.created_at or 0.0, task.remote_id))
    by_intent = sorted(takes, key=lambda take: (take.intent_at or 0.0, take.id))
    return {take.id: task for take, task in zip(by_intent, by_time)}


def _whose(takes: Sequence[Take], task: RemoteTask, now: float, ahead: float) -> set[str]:
    """The fingerprints of the takes whose lost create a task may be."""
    could = [take for take in takes if same(take.request, task)]
    in_time = any(in_window(take, task, now, ahead) for take in could)
    return {take.fingerprint for take in could} if in_time else set()
