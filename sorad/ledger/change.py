"""What a change makes of a take: pure, so that it can be tested as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from sorad.elapsed import Moment
from sorad.ledger.errors import IllegalMove
from sorad.ledger.states import may
from sorad.ledger.values import Change
from sorad.model import State, Take

_OPEN_CREATE = (State.SUBMITTING, State.UNKNOWN)
_PLAIN = (
    "due_at",
    "attempt",
    "error",
    "provider",
    "base_url",
    "account",
    "remote_id",
    "request_id",
    "validator",
    "cost",
    "told",
    "currency",
    "own_id",
    "sent",
    "output",
    "accepted_at",
    "finished_at",
    "parked",
    "watched",
    "rebuy",
    "reused",
    "repeats",
    "chosen_at",
    "frame",
    "frame_path",
    "frame_of",
    "target",
    "moved_by",
    "moved_from",
    "moved_as",
    "attempts",
    "checks",
    "poster",
)
# What a person would want to read in the history. Not the due time, the attempt, the request id or the
# validator: they change with every poll and every piece of a download.
_NOTED = (
    "state",
    "provider",
    "base_url",
    "account",
    "remote_id",
    "cost",
    "output",
    "creates",
    "accepted_at",
    "finished_at",
    "approved",
    "parked",
    "repeats",
    "chosen_at",
    "target",
)


def changed(take: Take, change: Change, now: float, moment: Optional[Moment] = None) -> Take:
    """The take after the change, made at ``now``, which is ``moment``; raises :class:`IllegalMove`.

    An intent begins a new create: the remote id, the acceptance and the patience of the one before leave the
    take, unless the change brings its own. (They stay in the purchases: see :mod:`sorad.ledger.purchases`.)

    A create that was not accepted queues its take again, but for one that the folder gave up meanwhile:
    that one is cancelled as it would have been then, and its claim given back: nobody goes on with it.
    What the user says (``fresh``) stands.
    """
    if not may(take.state, change.to):
        raise IllegalMove(f"{take.state} -> {change.to}")
    if change.to is State.QUEUED and take.state in _OPEN_CREATE and not take.wanted and not change.fresh:
        change = replace(change, to=State.CANCELLED, error=None, clear_error=True, keep_claim=False)
    values = _flagged(take, change, now, moment)
    told = vars(change)
    values.update({name: told[name] for name in _PLAIN if told[name] is not None})
    if not change.keep_claim:
        values["claim"] = ""
    return take.altered(state=change.to, updated_at=now, **values)


def _flagged(take: Take, change: Change, now: float, moment: Optional[Moment]) -> dict[str, Any]:
    """The members that the flags of a change set."""
    creates = 0 if change.fresh else take.creates
    counted = creates + change.intent + (change.repeats or 0) - change.refused
    values: dict[str, Any] = {"creates": max(counted, 0)}
    if change.intent:
        values.update(remote_id="", accepted_at=None, parked=False, watched=0.0, repeats=0, told=False)
        if change.intent_at is None:
            values.update(intent_at=now, moment=moment, ahead=change.ahead)
        elif change.intent_at != take.intent_at:
            values.update(intent_at=change.intent_at, moment=None, ahead=None)
    if change.fresh:
        values.update(wanted=True, attempts="")
    if change.finished_at is not None:
        values.update(checks="", poster=0)  # its video is another one, or has come anew
    if change.approved or change.reprice:
        values["approved"] = change.approved
    if change.clear_error:
        values["error"] = None
    return values


def noteworthy(before: Take, after: Take) -> bool:
    """Whether a change belongs into the history.

    It does where the state or another member of ``_NOTED`` changed, or the error: another code, or one that
    came or went. A poll that found nothing new does not (months of polling must not grow the file), nor does
    the same trouble once more.
    """
    if _code(before) != _code(after):
        return True
    return any(getattr(before, name) != getattr(after, name) for name in _NOTED)


def _code(take: Take) -> str:
    return take.error.code if take.error else ""
