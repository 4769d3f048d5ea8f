"""An ambiguous create: what becomes of its take, and what the user is told of it. Pure.

Its answer was lost, or cannot be understood, so the take is ``unknown`` until the provider's list of tasks or the
user tells what became of it (:mod:`sorad.engine.steps.reconcile`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from sorad.engine.decide.doubtful import SAME_ID, UNFINISHED
from sorad.engine.decide.matching import SKEW, resembles, same
from sorad.engine.decide.missing_key import NO_KEY
from sorad.ledger.values import Change
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Param, Problem
from sorad.providers.base import RemoteTask

if TYPE_CHECKING:
    from sorad.config.model import Polling  # brings pydantic along, which readers need not

# A take that waits for the user is looked at again once a day, because its provider may list by then.
WAIT = 86_400.0
# So many tasks are named.
NAMED = 5


def for_the_user(
    take: Take, note: str, why: Problem, polling: Polling, now: float, again: float = WAIT
) -> Change:
    """The change with which an unknown take waits for the user; it is looked at ``again`` so much later. Pure.

    It may be a task under way, so it holds a slot; but no longer than a task may: twenty lost answers at a
    provider without a list must not stop all buying for good.
    """
    left = (now if take.intent_at is None else take.intent_at) + polling.give_up_after - now
    if take.parked or left <= 0:
        # What was waited for so long is polled slowly, too, if it is adopted.
        watched = max(take.watched, polling.give_up_after)
        return Change(State.UNKNOWN, note, due_at=now + again, error=why, parked=True, watched=watched)
    return Change(State.UNKNOWN, note, due_at=now + min(left, again), error=why)


def adopt(
    take: Take, remote_id: str, now: float, created_at: Optional[float] = None, account: Optional[str] = None
) -> Change:
    """The change that makes a task of the provider's list the take's. ``account``: whose list it was.

    By our clock it was accepted after the intent: another clock's date must not move its money to another day.
    """
    accepted_at = now if created_at is None else min(max(created_at, take.intent_at or created_at), now)
    return Change(
        State.GENERATING,
        "adopted",
        due_at=now,
        attempt=0,
        clear_error=True,
        remote_id=remote_id,
        account=account,
        accepted_at=accepted_at,
        sole=True,
    )


def waits_for_user(take: Take) -> bool:
    """Whether an unknown take is past what sorad can find out by itself."""
    return take.error is not None and take.error.code in ("take.unknown", "take.several", SAME_ID, NO_KEY)


def waits(take: Take) -> Problem:
    """The user has to say what became of a create that no list shows."""
    return _ask(
        "take.unknown",
        N_(
            "it is not on the provider's list of tasks, but so many creates have left for it that no other is sent by "
            "itself: {count}."
        ),
        take,
        count=take.creates,
    )


def not_looked_up(take: Take, *, has_list: bool) -> Problem:
    """The user has to say what became of a create that is not looked up.

    ``has_list``: the provider has a list of tasks, and the config says not to go by it.
    """
    if has_list:
        message = N_(
            "it is not known whether the provider accepted it, and it is not looked up, for the config says "
            'on_unknown = "hold".'
        )
    else:
        message = N_(
            "it is not known whether the provider accepted it, which has no list of tasks to find it in."
        )
    return _ask("take.unknown", message, take)


def unfinished(take: Take, tasks: Sequence[RemoteTask], until: float, *, asks: bool) -> Problem:
    """Tasks that may be its own still run, at a provider that shows their texts with the end.

    ``until``: how long they are waited for, epoch seconds; ``asks``: that is over.
    """
    params: dict[str, Param] = {"tasks": ", ".join(task.remote_id for task in tasks[:NAMED])}
    if asks:
        message = N_(
            "it may be one of the tasks {tasks}, which still run: the provider shows their texts only once they end. "
            "sorad goes on looking."
        )
        return _ask("take.unknown", message, take, **params)
    return Problem(
        UNFINISHED,
        N_(
            "it may be one of the tasks {tasks}, which still run: the provider shows their texts only once they end. "
            "That is waited for until {until}."
        ),
        N_("Nothing to do: after that you are asked, and nothing is sent again until then."),
        {**params, "until": time.strftime("%Y-%m-%d %H:%M", time.localtime(until)), "take": take.id},
    )


def unread(take: Take, why: Problem) -> Problem:
    """The list of tasks cannot be read, again and again."""
    return _ask(
        "take.unknown",
        N_(
            "it is not known whether the provider accepted it, and its list of tasks cannot be read, though sorad goes "
            "on trying: {reason}"
        ),
        take,
        reason=why,
    )


def unproven(take: Take, why: Problem) -> Problem:
    """The list of tasks can be read, but would perhaps not show the task if it were there."""
    return _ask(
        "take.unknown",
        N_("it is not on the provider's list of tasks, but that proves nothing: {reason}"),
        take,
        reason=why,
    )


def several(take: Take, tasks: Sequence[RemoteTask]) -> Problem:
    """More tasks look like ours than we have lost."""
    return _ask(
        "take.several",
        N_("several tasks at the provider could be this one: {tasks}."),
        take,
        tasks=", ".join(task.remote_id for task in tasks[:NAMED]),
    )


def indistinguishable(take: Take, task: RemoteTask) -> Problem:
    """A task at the provider may be the lost create's, so it is not sent again."""
    if same(take, task):
        message = N_(
            "the task {remote_id} at the provider could be this one, though its time does not fit: the clock of this "
            "machine may have been wrong."
        )
    elif resembles(take.request, task):
        message = N_(
            "the task {remote_id} at the provider is much like this one: its list may show texts changed."
        )
    elif _is_dated_back(take, task):
        message = N_(
            "the task {remote_id} at the provider is nobody's here, and was on no list before this one was sent: it "
            "may be this one, though its date is an earlier one."
        )
    elif task.prompt:
        message = N_(
            "the task {remote_id} at the provider was created when this one was sent, and is nobody's here: it may be "
            "this one, for lists show other texts than were sent, or another program's."
        )
    else:
        message = N_(
            "the task {remote_id} at the provider was created when this one was sent, and is nobody's here: it may be "
            "this one, or another program's; its list shows no text that could tell."
        )
    return _ask("take.several", message, take, remote_id=task.remote_id)


def _is_dated_back(take: Take, task: RemoteTask) -> bool:
    known = task.created_at is not None and take.intent_at is not None
    return known and (task.created_at or 0.0) < (take.intent_at or 0.0) - SKEW


def _ask(code: str, message: str, take: Take, **params: Param) -> Problem:
    if "remote_id" in params:
        fix = N_(
            "Look at your account there, then `sorad resolve {take} --adopt {remote_id}`, `--resend` or `--drop`."
        )
    else:
        fix = N_(
            "Look at your account there, then `sorad resolve {take} --adopt TASK_ID`, `--resend` or `--drop`."
        )
    return Problem(code, message, fix, {"take": take.id, **params})
