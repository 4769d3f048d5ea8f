"""What comes next for one take, when, and whose turn it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Optional

from sorad.budget import awaits_price
from sorad.health.complaints import how_to_start
from sorad.health.estimates import Kind, Pace, forecast
from sorad.health.takes import FOR_THE_USER
from sorad.ledger.chain import is_waiting
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem


@dataclass(frozen=True)
class Standing:
    """What it depends on beside the take; times are epoch seconds."""

    now: float
    running: bool = True  # whether a daemon is there to do it
    start: str = "sorad run"  # what starts one
    paused: bool = False
    halted: bool = False
    paces: Mapping[Kind, Pace] = field(default_factory=dict)
    looks: Sequence[float] = ()  # when the take's failed tasks are asked after again, the earliest first


class Outlook(NamedTuple):
    """What comes next. ``at``: when, as far as it is known; ``told`` is a sentence with its next step."""

    told: Problem
    at: Optional[float] = None
    expected: Optional[float] = None  # when it will be generated


def outlook(take: Take, standing: Standing) -> Outlook:
    """What comes next for a take."""
    if take.state is State.QUEUED and standing.running:
        return _queued(take, standing)
    by_itself = take.state in _SENTENCES and not _waits_for_user(take)
    at = take.due_at if by_itself and take.due_at > standing.now else None
    message, fix = _sentence(take)
    if take.state is State.FAILED and standing.looks and standing.running:
        message, at = N_("The provider is asked once more whether it truly failed."), standing.looks[0]
    told = Problem(f"next.{take.state}", message, fix, {"take": take.id})
    if take.state not in _BY_ITSELF or standing.running:
        return Outlook(told, at, forecast(take, standing.paces, standing.now).expected)
    return Outlook(
        Problem(
            "next.start",
            N_("Nothing, for sorad is not running."),
            how_to_start(standing.start),
            {"start": standing.start},
        )
    )


_BY_ITSELF = frozenset({State.QUEUED, State.SUBMITTING, State.GENERATING, State.DOWNLOADING})
_SENTENCES = {
    State.SUBMITTING: N_("The answer to its create is awaited."),
    State.UNKNOWN: N_("The provider's list of tasks is searched for it."),
    State.GENERATING: N_("The provider is asked how it stands."),
    State.DOWNLOADING: N_("The video is fetched."),
}


def _waits_for_user(take: Take) -> bool:
    return take.state is State.UNKNOWN and take.error is not None and take.error.code in FOR_THE_USER


def _sentence(take: Take) -> tuple[str, str]:
    if _waits_for_user(take):
        return (
            N_("It waits for you: may it have been bought?"),
            N_("`sorad resolve {take} --adopt TASK_ID`, or `--resend`, or `--drop` ends it."),
        )
    if take.state is State.HELD:
        if take.error is not None and take.error.code == "budget.day":
            return N_("It waits for the next day's budget."), N_("`sorad approve {take}` releases it now.")
        if is_waiting(take):
            return N_("It is bought once the shot before it has a video."), ""
        if awaits_price(take):
            return N_("Its price is asked for again, for the budget."), N_(
                "`sorad approve {take}` buys it as it is."
            )
        return N_("It waits for you."), N_(
            "`sorad approve {take}` releases it, `sorad cancel {take}` drops it."
        )
    if take.state is State.FAILED:
        return (
            N_("Nothing by itself."),
            N_("`sorad retry {take}` tries again, `sorad cancel {take}` puts it aside."),
        )
    if take.state is State.DONE and take.error is not None:
        return N_("Nothing by itself."), N_("`sorad retry {take}` asks the provider for the video once more.")
    if take.state is State.DONE:
        return N_("Nothing: it is delivered."), ""
    if take.state is State.CANCELLED:
        return N_("Nothing: it is not wanted."), ""
    return _SENTENCES.get(take.state, N_("It is bought as soon as a slot is free.")), ""


def _queued(take: Take, standing: Standing) -> Outlook:
    if standing.paused:
        return Outlook(
            Problem("next.paused", N_("It is bought after the pause."), N_("`sorad resume` ends it."))
        )
    if standing.halted:
        return Outlook(
            Problem(
                "next.halted",
                N_("It is bought once buying goes on."),
                N_("`sorad status` says why it stopped."),
            )
        )
    message = N_("It is bought as soon as a slot is free.")
    return Outlook(Problem("next.queued", message), take.due_at if take.due_at > standing.now else None)
