"""Dedupe: what the folder tells of a take just before it would be bought. It costs a few ``stat``.

The ledger may be an old copy, put back after a mishap, and another machine may have bought into the same
folder: then the take's place holds an intent, a receipt, or its video, of which the ledger never heard.
"""

from __future__ import annotations

from loguru import logger

from sorad.engine.steps.context import StepContext, record, release
from sorad.layout import video_at
from sorad.ledger.values import Want
from sorad.ledger.wants import changes_found, is_known
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.folder import observed
from sorad.receipts.intents import CODE as OTHER_INTENT
from sorad.receipts.places import Places, has_receipts

# A folder that cannot be looked at is looked at again at this pace, in seconds.
LOOK_AGAIN = 30.0
# Until all that is in a root was read, a take of it waits for so long.
READ_AGAIN = 1.0
# One of a storyboard that is being edited. It is not claimed before that ends, so this is only a short pause.
EDIT_AGAIN = 1.0


def already_bought(context: StepContext, take: Take) -> bool:
    """Whether the take, claimed as ``queued``, is not to be bought now; the ledger then knows why."""
    now = context.clock.time()
    if not context.folders.ready(take.root):
        release(context, take, now + READ_AGAIN)
        return True
    if context.folders.is_away(take.mount):
        release(context, take, now + LOOK_AGAIN)
        return True
    if context.folders.is_edited(take.storyboard):
        release(context, take, now + EDIT_AGAIN)
        return True
    try:
        want = Want(take.segment, take.take, take.request, take.fingerprint, take.output)
        there = observed(want, me=context.claims.payer(take.root), known=context.ledger.intents(take.id))
    except OSError as error:
        logger.warning(_("take {id}: its place cannot be looked at: {error}"), id=take.id, error=str(error))
        release(context, take, now + LOOK_AGAIN)
        return True
    if _tells_nothing_new(context, take, there):
        return False
    logger.warning(
        _("take {id} is not bought: its folder shows it as {state}"), id=take.id, state=there.state
    )
    taken: Take | None = take
    for change in changes_found(take.state, there, now):
        if taken is not None:
            taken = record(context, taken, change)
    return True


def _tells_nothing_new(context: StepContext, take: Take, there: Want) -> bool:
    """Whether what lies at its place keeps a take from being bought: nothing, or what the ledger knows."""
    if there.state is State.QUEUED:
        return True
    if there.state is State.HELD and take.approved:
        return there.error is None or there.error.code != OTHER_INTENT  # that one is never simply sent
    if there.state is State.UNKNOWN:
        # the ledger knows that this create was not accepted
        return there.intent_at is None or is_known(context.ledger.intents(take.id), there.intent_at)
    if there.state is State.HELD or (there.state is State.DONE and there.error is None):
        return False
    # the receipt of an earlier create, which the user gave up
    return bool(context.ledger.owned([there.remote_id], there.place))


def bought_meanwhile(context: StepContext, take: Take) -> bool:
    """Whether another sorad bought the take between the last look and our intent. ``OSError``.

    That one's receipt came before its intent went, so with our intent there it is seen.
    """
    folder = video_at(take.output).parent
    if not has_receipts(folder):  # as a rule our intent is all there is
        return False
    found = [one for one in Places().entries(folder) if one.is_of(take.take, take.fingerprint)]
    receipts = [one.receipt for one in found if one.receipt is not None and one.receipt.remote_id]
    # A video without a receipt proves nothing; it was judged before.
    return any(not context.ledger.owned([receipt.remote_id], receipt.place) for receipt in receipts)
