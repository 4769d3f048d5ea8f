"""The money side of a change: which purchase it makes, which it settles. Pure."""

from __future__ import annotations

import enum

from sorad.model import State, Take

_UNSENT = (State.QUEUED, State.HELD, State.CANCELLED)


class Entry(enum.Enum):
    """What is to be done to the purchases of a take."""

    NONE = "none"
    NEW = "new"  # another create
    CURRENT = "current"  # the last create, brought up to date
    VOID = "void"  # the last create surely left no task: it costs nothing


def entry(before: Take | None, after: Take, *, refused: bool = False) -> Entry:
    """What a write means for the take's purchases; ``before`` is ``None`` for a new take.

    An unsent take is bought by an intent, or was, as a receipt that comes with the change tells. Only a create
    that was ``refused``, or surely never left, takes its purchase back. Whatever else becomes of a take, each
    create that left stays a purchase: one that failed, and one that was on no list, or that the user gave up or
    had sent again, because it may have been accepted all the same. Another remote id in place of one is another
    purchase.
    """
    if refused:
        return Entry.VOID
    if before is None:
        told = after.remote_id or after.accepted_at is not None or after.state is State.UNKNOWN
        return Entry.NEW if told else Entry.NONE
    if before.state in _UNSENT:
        told = (before.remote_id, before.accepted_at) != (after.remote_id, after.accepted_at)
        return Entry.NEW if after.state is State.SUBMITTING or told else Entry.NONE
    if after.state in _UNSENT:
        return Entry.NONE
    if before.remote_id not in ("", after.remote_id):
        return Entry.NEW
    if _figures(before) != _figures(after):
        return Entry.CURRENT
    return Entry.NONE


def charged_at(take: Take) -> float | None:
    """When the last create of a take that was sent counts as spent, or ``None`` where it does not.

    From its acceptance on, whatever became of it (a failed take that was not charged has cost 0). What may
    have been accepted counts too, from its intent on.
    """
    return take.intent_at if take.accepted_at is None else take.accepted_at


def _figures(take: Take) -> tuple[object, ...]:
    place = (take.provider, take.base_url, take.account, take.currency)
    return take.remote_id, take.cost, take.told, charged_at(take), take.repeats, place
