"""Announce: the intent of a create is laid down in the folder, before the create leaves.

Of all sorads that see the folder, one can lay it; the others leave the take to that one.
"""

from __future__ import annotations

from loguru import logger

from sorad.budget import NEVER
from sorad.delivery.outcome import blocked
from sorad.engine.decide.paid_twice import ANOTHERS, NO_PLACE
from sorad.engine.steps.context import StepContext, record
from sorad.engine.steps.dedupe import LOOK_AGAIN, bought_meanwhile
from sorad.layout import video_at
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.intents import ForeignIntent
from sorad.receipts.writing import drop_intent, write_intent_for


def announced(context: StepContext, intent: Take, currency: str) -> bool:
    """Whether the create of a committed intent may leave now; if not, the take is put off or held."""
    payer = context.claims.payer(intent.root)
    laid = write_intent_for(intent, currency, payer)
    if isinstance(laid, ForeignIntent):
        _leave_to(context, intent, laid)
        return False
    try:
        if laid is not None:
            raise laid
        if not bought_meanwhile(context, intent):
            return True
    except OSError as error:
        drop_intent(payer, intent)
        _put_off(context, intent, error)
        return False
    drop_intent(payer, intent)
    logger.warning(_("take {id} is not bought: another sorad bought it just now"), id=intent.id)
    # What lies there is taken up by the look before its next try.
    record(context, intent, Change(State.QUEUED, ANOTHERS, due_at=context.clock.time(), refused=True))
    return False


def _leave_to(context: StepContext, intent: Take, other: ForeignIntent) -> None:
    why = other.problem()
    logger.warning(_("take {id} is held: {problem}"), id=intent.id, problem=str(why))
    back = record(context, intent, Change(State.QUEUED, ANOTHERS, keep_claim=True, refused=True))
    if back is not None and back.state is State.QUEUED:  # else nobody wants it any more
        record(context, back, Change(State.HELD, ANOTHERS, due_at=NEVER, error=why))


def _put_off(context: StepContext, intent: Take, error: OSError) -> None:
    """Its folder takes no files: what could not be delivered is not bought. The create has not left."""
    why = blocked(error, video_at(intent.output).parent).problem
    logger.warning(_("take {id}: not bought: {problem}"), id=intent.id, problem=str(why))
    later = context.clock.time() + LOOK_AGAIN
    record(context, intent, Change(State.QUEUED, NO_PLACE, due_at=later, error=why, refused=True))
