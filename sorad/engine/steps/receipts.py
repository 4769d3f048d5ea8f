"""The receipt of a take, as a step lays it down; what cannot be written is remembered for `status`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from sorad.delivery.outcome import Blocked, Obstacle, Received, blocked
from sorad.engine.steps.context import StepContext
from sorad.layout import video_at
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.writing import write_receipt_for


def lay_receipt(
    context: StepContext, take: Take, currency: str, received: Optional[Received] = None
) -> Optional[Blocked]:
    """Write it; what is in the way, where it cannot be written. It is tried again at each poll."""
    error = write_receipt_for(take, currency, received, context.claims.payer(take.root))
    context.deliveries.unwritten.pop(take.id, None)
    if error is None:
        return None
    obstacle = blocked(error, video_at(take.output).parent)
    # A folder that is away is told as such; and only what is still generating is asked after again.
    if obstacle.obstacle is not Obstacle.GONE and take.state is State.GENERATING:
        context.deliveries.unwritten[take.id] = obstacle.problem
    return obstacle


def unwritten(takes: Mapping[int, Problem]) -> Optional[Problem]:
    """What `status` tells of receipts that cannot be written: by take, why."""
    reasons = list(takes.values())
    if not reasons:
        return None
    return Problem(
        "receipt.unwritten",
        N_("Receipts of takes that are paid for cannot be written ({count}): {reason}"),
        N_("{reason_fix} Until then only the ledger knows that they were bought: do not delete it."),
        {"count": len(reasons), "reason": reasons[0]},
    )
