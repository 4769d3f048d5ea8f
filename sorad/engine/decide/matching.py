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

from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.shapes import by_id, by_shape, may_be_alike, may_be_one_model
from sorad.model import Request, Take
from sorad.providers.base import RemoteTask
from sorad.providers.finding import BY_TEXT, MODEL, Find, Finding

# Clocks of server and client may be minutes apart.
SKEW = 600.0
# Texts that have so many characters in common at their beginning may have been one. So may a text and what begins
# with the whole of it, unless that is tiny, or has the whole of it within, if it is longer still.
PREFIX, TINY, WITHIN = 40, 4, 12


def resembles(request: Request, task: RemoteTask) -> bool:
    """Whether a text could have become the other on its way through a list: cut off, added to, or written otherwise."""
    if _letters(request.prompt) == _letters(task.prompt) != "":
        return True
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


@lru_cache(maxsize=1024)
def _letters(prompt: str) -> str:
    """Its letters and digits alone, without their case and width."""
    wide = unicodedata.normalize("NFKC", look_of(prompt)).casefold()
    return "".join(char for char in wide if char.isalnum())


def alike(one: Take, other: Take, finding: Finding = BY_TEXT) -> bool:
    """Whether a list could show both as the same: those that show no picture, length or model are many.

    Where an id of our own tells, none are. Where nothing but shapes tells, any may be, unless one of a shape leaves at
    a time.
    """
    if finding.how.by_id:
        return False
    if finding.how is Find.ELIMINATION:
        return not finding.exact or may_be_alike(one.said, other.said)
    return look_of(one.request.prompt) == look_of(other.request.prompt)


def same(take: Take, task: RemoteTask, finding: Finding = BY_TEXT) -> bool:
    """Whether a task on the list may be what a take asked for; what the list does not tell cannot disagree.

    Where our own id tells, nothing else does. A row without a text is never the same as one.
    """
    told, request = by_id(take, task), take.effective_request
    if told is not None or finding.how.by_id or finding.how is Find.ELIMINATION:
        return bool(told)
    image = request.image if request.image.startswith("http") else None
    return bool(
        look_of(task.prompt) == look_of(request.prompt)
        and task.seconds in (None, request.seconds)
        and _of_shape(request, task)
        and of_model(take, task)
        and by_shape(take.said, {**task.shown, MODEL: take.said.get(MODEL)}) is not Kind.NOT_OURS
        and (image is None or task.image in (None, "", image))
    )


def of_model(take: Take, task: RemoteTask) -> bool:
    """Whether a task may be of the model that was sent: the config may call it otherwise by now."""
    sent, shown = take.said.get(MODEL), task.shown.get(MODEL)
    if sent and shown:
        return may_be_one_model(str(sent), str(shown)) or bool(task.other_model)
    return bool(take.effective_request.model or task.pro in (None, take.effective_request.pro))


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
    finding: Finding = BY_TEXT,
) -> Optional[dict[int, RemoteTask]]:
    """For unknown takes that look alike: take id → its task. ``None``: it cannot be told, ask the user.

    That is so where a task may be one of two requests, where a request has more tasks than takes, and where two tasks
    have one id of ours. Takes that found no task are simply absent. ``ahead``: see :func:`began`.
    """
    free = [task for task in tasks if task.remote_id not in owned]
    by_ids = _by_ids(takes, free)
    if by_ids is None or finding.how.by_id:
        return by_ids
    told = {task.remote_id for task in by_ids.values()}
    rest = [take for take in takes if take.id not in by_ids]
    by_text = _by_text(rest, [task for task in free if task.remote_id not in told], now, ahead)
    return None if by_text is None else {**by_ids, **by_text}


def _by_ids(takes: Sequence[Take], tasks: Sequence[RemoteTask]) -> Optional[dict[int, RemoteTask]]:
    """By our own ids; ``None``: two tasks have one."""
    matched: dict[int, RemoteTask] = {}
    for take in takes:
        mine = [task for task in tasks if by_id(take, task)]
        if len(mine) > 1:
            return None
        matched.update((take.id, task) for task in mine)
    return matched


def _by_text(
    takes: Sequence[Take], tasks: Sequence[RemoteTask], now: float, ahead: float
) -> Optional[dict[int, RemoteTask]]:
    """By their texts, and by count where they are equal."""
    found: dict[str, list[RemoteTask]] = {}  # by fingerprint
    for task in tasks:
        whose = _whose(takes, task, now, ahead)
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
    could = [take for take in takes if same(take, task)]
    in_time = any(in_window(take, task, now, ahead) for take in could)
    return {take.fingerprint for take in could} if in_time else set()
