"""The choice of a take for its segment: `sorad choose`. Told in the ledger and in the receipt."""

from __future__ import annotations

from collections.abc import Iterable

from loguru import logger

from sorad.engine.steps.chain import go_on_from
from sorad.engine.steps.context import StepContext
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.writing import write_choice_of


def choose(context: StepContext, takes: Iterable[Take]) -> int:
    """Choose delivered takes, each for its segment, in place of what was chosen there; how many."""
    return sum(_choose(context, take) for take in list(takes) if take.state is State.DONE)


def choose_none(context: StepContext, takes: Iterable[Take]) -> int:
    """Choose nothing any more for the segments of these takes; how many choices were taken back."""
    segments = {(take.storyboard_id, take.segment): take for take in takes}
    return sum(_set(context, one, 0.0) for take in segments.values() for one in _chosen(context, take))


def _choose(context: StepContext, take: Take) -> bool:
    others = [one for one in _chosen(context, take) if one.id != take.id]
    # Newer than any other choice, whatever the clock says: the newest one counts.
    at = max([context.clock.time(), *(one.chosen_at + 0.001 for one in others)])
    if not _set(context, take, at):
        return False
    for other in others:
        _set(context, other, 0.0)
    go_on_from(context.ledger, take, context.clock.time())
    return True


def _chosen(context: StepContext, take: Take) -> list[Take]:
    takes = context.ledger.takes(storyboard=take.storyboard, segment=take.segment)
    return [one for one in takes if one.storyboard_id == take.storyboard_id and one.chosen_at]


def _set(context: StepContext, take: Take, at: float) -> bool:
    note = "chosen" if at else "not chosen"
    try:
        after = context.ledger.record(take, Change(take.state, note, chosen_at=at), context.clock.time())
    except (ClaimLost, IllegalMove):
        return False
    if context.claims.is_foreign(after):
        return True  # the receipt is the other computer's to keep
    error = write_choice_of(after, context.claims.payer(after.root))
    if error is not None:
        logger.warning(
            _("take {id}: its receipt does not tell of the choice: {error}"), id=after.id, error=str(error)
        )
    return True
