"""Late: a create that was sent again is looked for once more (see :mod:`sorad.engine.decide.paid_twice`)."""

from __future__ import annotations

from typing import Optional

from loguru import logger

from sorad.engine.decide.absence import turned_up
from sorad.engine.decide.paid_twice import creates_that_left, paid_too, remember
from sorad.engine.steps.context import StepContext, record
from sorad.engine.steps.task_list import as_dated, as_of_first, look
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.providers.base import Fault, Provider


def look_for_first(context: StepContext, take: Take, provider: Provider) -> Optional[Take]:
    """One more look at the list when the generation of a take whose create left more than once has ended.

    Returns the take as it is now; ``None``: somebody else has it. A list that cannot be read is not asked again.
    """
    if take.state is not State.GENERATING or not provider.capabilities.lists_tasks:
        return take
    now = context.clock.time()
    try:
        intents = creates_that_left(context.ledger.history(take.id))
        if len(intents) < 2:
            return take
        found = look(context, as_of_first(context, take, intents), provider)
        if isinstance(found, Fault):
            return take
        late = turned_up(found.view, as_dated(context, take))
        if late is None:
            return take
        why = paid_too(take, late.remote_id)
        remember(context.ledger, why, now)
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
        return take
    logger.warning("{}", why.text())
    return record(context, take, Change(take.state, "paid too", error=why, keep_claim=True))
