"""The root of a step: a mistake in sorad itself must cost neither the take nor the money."""

from __future__ import annotations

from typing import Callable

from loguru import logger

from sorad.engine.steps.context import StepContext, record, release
from sorad.ledger.values import Change
from sorad.messages import N_, _
from sorad.model import State, Take
from sorad.problems import Problem

# A take whose step crashed is left alone for this long, in seconds.
REST = 300.0

Step = Callable[[StepContext, Take], None]


def guarded(step: Step, context: StepContext, take: Take) -> None:
    """Run a step; a crash is logged, shown in `status`, and leaves the take in a state that is true."""
    began = context.clock.monotonic()
    try:
        step(context, take)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (the root of a step)
        logger.exception(_("take {id}: its step {step} crashed"), id=take.id, step=step.__name__)
        problem = _crashed(take, step.__name__, error)
        context.process.crashed(problem)
        _make_true(context, take, problem)
    finally:
        context.process.stepped(take, step.__name__, context.clock.monotonic() - began)


def _make_true(context: StepContext, take: Take, problem: Problem) -> None:
    now = context.clock.time()
    present = context.ledger.take(take.id)
    if present is None or present.claim != take.claim:
        return
    if present.state is State.SUBMITTING:
        # The intent is committed; whether the request left is not known.
        record(context, present, Change(State.UNKNOWN, "crashed", due_at=now, attempt=0, error=problem))
    else:
        release(context, present, now + REST)


def _crashed(take: Take, step: str, error: BaseException) -> Problem:
    return Problem(
        "daemon.step",
        N_("the step {step} of take {take} failed for a mistake in sorad itself: {error}."),
        N_("Nothing is lost; it is tried again. `sorad log` has the details for a report."),
        {"step": step, "take": take.id, "error": f"{type(error).__name__}: {error}"},
    )
