"""The money side of a change: which purchase it makes, which it settles. Pure."""

from __future__ import annotations

import enum

from sorad.ledger.states import PAID
from sorad.model import State, Take

_UNSENT = (State.QUEUED, State.HELD, State.CANCELLED)
_UNRESOLVED = (State.SUBMITTING, State.UNKNOWN)


class Entry(enum.Enum):
    """What is to be done to the purchases of a take."""

    NONE = "none"
    NEW = "new"  # another create
    CURRENT = "current"  # the last create, brought up to date
    VOID = "void"  # the last create was not accepted: it costs nothing


def entry(before: Take | None, after: Take) -> Entry:
    """What a write means for the take's purchases; ``before`` is ``None`` for a new take.

    An unsent take is bought by an intent, or was, as a receipt that comes with the change tells. A take that
    is queued again after it failed leaves its purchase as it is: that money is out. One that
    is queued again because its create was not accepted takes the purchase back. Another
    remote id in place of one is another purchase.
    """
    if before is None:
        told = after.remote_id or after.accepted_at is not None or after.state is State.UNKNOWN
        return Entry.NEW if told else Entry.NONE
    if before.state in _UNSENT:
        told = (before.remote_id, before.accepted_at) != (after.remote_id, after.accepted_at)
        return Entry.NEW if after.state is State.SUBMITTING or told else Entry.NONE
    if after.state in _UNSENT:
        return Entry.VOID if before.state in _UNRESOLVED else Entry.NONE
    if before.remote_id not in ("", after.remote_id):
        return Entry.NEW
    if _figures(before) != _figures(after):
        return Entry.CURRENT
    return Entry.NONE


def charged_at(take: Take) -> float | None:
    """When the last create of a take that was sent counts as spent, or ``None`` where it does not.

    From its acceptance on, whatever became of it (a failed take that was not charged has cost 0). What may
    have been accepted counts too, from its intent on, until that is resolved.
    """
    if take.accepted_at is not None:
        return take.accepted_at
    return take.intent_at if take.state in PAID or take.state is State.DONE else None


def _figures(take: Take) -> tuple[str, int | None, float | None, int]:
    return take.remote_id, take.cost, charged_at(take), take.repeats
