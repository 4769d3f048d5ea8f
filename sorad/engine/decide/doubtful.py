"""What answers to creates leave in doubt: one id for two takes, and creates that nobody can look up. Pure and light."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from sorad.messages import N_
from sorad.model import Take
from sorad.problems import Problem

# The error of a take whose create was answered with the id of another one's task.
SAME_ID = "take.same_id"
# Of a take that waits for tasks to end.
UNFINISHED = "take.unfinished"
# So many lost creates in a row, where they cannot be looked up, stop buying.
LOST_IN_A_ROW = 3
_EACH = N_("Look at your account there; `sorad list --state unknown` shows them, `sorad resolve` ends each.")


def is_same_id(take: Take) -> bool:
    """Whether a take's create was answered with another one's task: no list can tell what became of it."""
    return take.error is not None and take.error.code == SAME_ID


def same_id(take: Take, remote_id: str, owner: Optional[Take]) -> Problem:
    """Why a take is unknown though its create was answered. ``owner``: who has that task now, if anybody."""
    return Problem(
        SAME_ID,
        N_(
            "its create was answered with the task {remote_id}, which belongs to another take ({owner}) already: some "
            "gateways merge equal requests, or answer with one id for all. It may have been paid for all the same."
        ),
        N_(
            "Look at your account there: `sorad resolve {take} --adopt TASK_ID` if it has a task of its own, "
            "`--resend` if it has none, or `--drop`."
        ),
        {"take": take.id, "remote_id": remote_id, "owner": owner.id if owner is not None else "-"},
    )


def one_id_for_all(why: Problem) -> Problem:
    """The same, as what stops buying: more takes than the last one may be concerned."""
    return replace(why, fix=_EACH)


def lost_in_a_row(count: int, base_url: str) -> Problem:
    """Why buying stops where creates are lost and cannot be looked up."""
    return Problem(
        "provider.lost",
        N_(
            "{count} creates in a row were lost: it is not known whether {url} accepted them, and no list of tasks "
            "is looked at that could tell."
        ),
        _EACH,
        {"count": count, "url": base_url},
    )
