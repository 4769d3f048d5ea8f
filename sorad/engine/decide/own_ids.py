"""The id that a purchase goes by: what is sent again may be there, so it keeps its id; a new purchase has a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from sorad.engine.decide.paid_twice import NO_PLACE, NOT_SENT
from sorad.ledger.values import Event
from sorad.messages import N_
from sorad.model import State, Take, may_be_one
from sorad.problems import Problem
from sorad.providers.base import Created, Fault, Refused, Trouble
from sorad.providers.finding import Find, Finding, new_own_id

# In the history: what was sent again was refused.
REFUSED_AGAIN = "refused again"
_WHY = "reason"
# Notes of creates that were refused, or surely never left.
REFUSALS = frozenset({"refused", NOT_SENT, NO_PLACE})


def is_same_purchase(take: Take, place: tuple[str, str]) -> bool:
    """Whether the next create of a take, at that place (kind and base URL), is its last one once more: that was never
    answered with a task."""
    return bool(take.own_id) and not take.remote_id and may_be_one(take.place, place)


def own_id_of(take: Take, place: tuple[str, str]) -> str:
    """The id of the next create of an unsent take, which goes to that place."""
    return take.own_id if is_same_purchase(take, place) else new_own_id()


def refusal_of_id(before: Take, intent: Take, outcome: Created, finding: Finding) -> Optional[Fault]:
    """A refusal that may be one of the id alone, because the create that went by it before was accepted.

    ``before``: the take before the intent. Kling was seen to refuse a repeated id as a wrong parameter.
    """
    again = bool(before.own_id) and before.own_id == intent.own_id and finding.how is Find.OWN_ID
    if again and isinstance(outcome, Refused) and outcome.fault.trouble is Trouble.REQUEST:
        return outcome.fault
    return None


def in_doubt(why: Problem) -> Problem:
    """What is known of a take whose create was sent again, and refused."""
    return Problem(
        "take.refused_again",
        N_("it was sent again, and refused: that may be because its first create was accepted. {reason}"),
        N_("Nothing to do: sorad asks for it by its own id."),
        {_WHY: why},
    )


def refused_again(take: Take, history: Sequence[Event]) -> Optional[Problem]:
    """What the user is asked where the last create was refused, and the one before is on no list; ``None``: it was not.

    It is not sent once more, and not given up: the refusal may tell that it is there.
    """
    for event in reversed(history):
        if event.state is State.SUBMITTING:
            return None
        if event.note == REFUSED_AGAIN and event.problem is not None:
            return Problem(
                "take.unknown",
                N_(
                    "it was sent again and refused, which may be because its first create was accepted, though no list "
                    "shows that: {reason}"
                ),
                N_(
                    "Look at your account there, then `sorad resolve {take} --adopt TASK_ID`, `--resend` or `--drop`."
                ),
                {"take": take.id, _WHY: event.problem.params.get(_WHY, event.problem)},
            )
    return None


def refused_for_itself(history: Sequence[Event]) -> Optional[Problem]:
    """Why a create was refused that was sent again, where none before it may have been accepted unless a list shows it;
    ``None``: one may. Of each that left, its answer is known, and was a refusal.
    """
    outcomes = [after for event, after in zip(history, history[1:]) if event.state is State.SUBMITTING]
    if not outcomes or outcomes[-1].note != REFUSED_AGAIN or outcomes[-1].problem is None:
        return None
    if any(one.note not in REFUSALS for one in outcomes[:-1]):
        return None
    why = outcomes[-1].problem.params.get(_WHY)
    return why if isinstance(why, Problem) else None
