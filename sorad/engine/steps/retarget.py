"""Retarget: the user wants takes from another provider, or another model there (`sorad retarget`)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Optional, Union

from sorad.config.model import ProviderConfig
from sorad.engine.decide import moving, transitions
from sorad.engine.decide.missing_key import NO_KEY
from sorad.engine.steps.context import StepContext, seller_of
from sorad.engine.steps.redo import sibling
from sorad.ledger.copied import is_copied
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.states import PAID
from sorad.ledger.values import Change
from sorad.messages import N_
from sorad.model import STATE_NAMES, State, Take
from sorad.problems import Problem
from sorad.providers.capabilities.translate import translated
from sorad.receipts.intents import waits_for_foreign

# Failures of paid tasks that nobody has called failed.
STILL_PAID = frozenset({"take.lost", "provider.missing", NO_KEY})


def retarget(context: StepContext, take: Take, config: ProviderConfig, model: str) -> Union[Problem, bool]:
    """Have a take made by that provider (``model``: its name there; "": as the storyboard says). True: it is queued, or
    held for the same reason as before; false: it is so already. A problem: why not."""
    why = refusal(take)
    if why is not None:
        return why
    asked = translated(
        (take.newer or take.request) if take.state is State.DONE else take.request, config, model
    )
    if asked.problems:
        return not_offered(take, config, asked.problems[0])
    now, here = context.clock.time(), seller_of(context, take)
    there = here if context.seller is None else context.seller(config.title)
    prices = (here.price(take.effective_request), here.currency), (there.price(asked.request), there.currency)
    change = moving.moved(take, config.title, asked.moved_as, now, dearer=moving.is_dearer(*prices))
    said = take.moved_from if take.moved_by else take.target
    if not asked.changes and config.title == (said or context.providers[0].title):
        change = replace(change, target=said, moved_by="", moved_from="", moved_as="")
    moves = (change.target, change.moved_by, change.moved_as)
    if moves == (take.target, take.moved_by, take.moved_as) and take.state in (State.QUEUED, State.HELD):
        return False
    return _carry_out(context, take, change, now)


def refusal(take: Take) -> Optional[Problem]:
    """Why a take cannot be had elsewhere; ``None``: it can. Of a delivered one it would be one more take."""
    if take.state in (State.QUEUED, State.DONE):
        return None
    if take.state is State.HELD:
        return _state(take) if is_copied(take) or waits_for_foreign(take) else None
    if take.state is State.FAILED:
        code = "" if take.error is None else take.error.code
        return _state(take) if code in STILL_PAID else None
    return _state(take)


def _carry_out(context: StepContext, take: Take, change: Change, now: float) -> Union[Problem, bool]:
    if take.state is State.DONE:
        output = partial(_output, context, take)
        return context.ledger.queue_another(take.id, output, now, replace(change, remote_id=None)) is not None
    if take.state is State.FAILED:
        # As `retry` does: a task is asked after first, and bought elsewhere only if it still says that it failed.
        again = transitions.ask_first(now) if take.remote_id else transitions.buy_anew(now)
        change = _also_moved(again, change)
    try:
        context.ledger.record(take, change, now)
    except (ClaimLost, IllegalMove):
        return Problem(
            "command.busy",
            N_("Left as they are, for they were being worked on just then: {count}."),
            N_("Try again in a moment."),
            {"count": 1},
        )
    return True


def _output(context: StepContext, take: Take, number: int) -> str:
    return str(sibling(take, number, context.config))


def _also_moved(change: Change, move: Change) -> Change:
    return replace(
        change,
        note=move.note,
        target=move.target,
        moved_by=move.moved_by,
        moved_from=move.moved_from,
        moved_as=move.moved_as,
        reprice=move.reprice,
    )


def _state(take: Take) -> Problem:
    if take.state in PAID or (take.state is State.FAILED):
        fix = N_("It is bought, or may be. What became of it is seen first: `sorad show {take}` tells.")
    else:
        fix = N_("`sorad show {take}` tells more.")
    return Problem(
        "command.retarget",
        N_("take {take} is {state}: it cannot go to another provider."),
        fix,
        {"take": take.id, "state": Problem("", STATE_NAMES[take.state])},
    )


def not_offered(take: Take, config: ProviderConfig, why: Problem) -> Problem:
    """Why a take cannot be had from a provider."""
    return Problem(
        "command.not_offered",
        N_("take {take} cannot be had from {name}: {reason}"),
        "{reason_fix}",
        {"take": take.id, "name": config.title, "reason": why},
    )
