"""Prove list: a provider's list of tasks is looked at before anything depends on it.

What is on no list is sent again only where the list has shown a create of ours. Where one is asked after anyway, one
look more is free; without it, who buys seldom would be asked about each create whose answer is lost.

Where texts do not tell, what was on the list before a create left is surely not its task; of all that came later no
date says so. So such a list is looked at before creates leave.
"""

from __future__ import annotations

from loguru import logger

from sorad.engine.decide import backoff
from sorad.engine.state.accounts import is_sure
from sorad.engine.state.list_history import LATEST
from sorad.engine.steps.context import StepContext
from sorad.engine.steps.reconcile import can_look_up
from sorad.engine.steps.task_list import DOUBT, look
from sorad.ledger.errors import LedgerUnavailable
from sorad.messages import _
from sorad.model import Take
from sorad.providers.base import Finished, Polled, Provider, Running

# Looks at a list that shows nothing of ours are an hour apart at last, in seconds.
LONGEST = 3_600.0
# Looks before creates are so far apart at least, in seconds: less than any two zones are.
BEFORE_EVERY = 900.0


def prove_list(context: StepContext, take: Take, provider: Provider, found: Polled) -> None:
    """One look at the list, while it has not yet shown a create of ours as soon as one must be on it, and its text.

    ``take`` was asked after at that provider just now, and this was ``found``. A list that cannot be read, or shows
    nothing, is looked at again later.
    """
    now = context.clock.time()
    young = take.accepted_at is not None and 0 <= now - take.accepted_at < LATEST
    there = isinstance(found, (Running, Finished))
    if not young or not there or not is_sure(take, provider) or not can_look_up(context, provider):
        return
    try:
        seen = context.lookups.list_history.of(context.ledger, provider.account)
        known = seen.verbatim is not None or not provider.capabilities.finding.how.by_text
        if seen.shown is not None and seen.shown <= context.config.reconcile.window and known:
            return
        if _is_due(context, provider.account):
            look(context, take, provider)
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))


def _is_due(context: StepContext, account: str) -> bool:
    """Whether that list is to be looked at now; the pauses grow."""
    now = context.clock.monotonic()
    at, count = context.lookups.proving.get(account, (now, 0))
    if now < at:
        return False
    wait = backoff.delay(count + 1, context.config.reconcile.look_every, LONGEST, context.rng)
    context.lookups.proving[account] = (now + wait, count + 1)
    return True


def look_before(context: StepContext, take: Take, provider: Provider) -> None:
    """Look at the list before a create leaves, where neither texts nor ids of ours are known to tell; now and then.

    The first time, and after a pause, it is read far back. A list that cannot be read keeps nothing back.
    """
    if not can_look_up(context, provider) or provider.capabilities.finding.how.by_id:
        return
    now, account = context.clock.monotonic(), provider.account
    last = context.lookups.before_creates.get(account)
    if last is not None and now - last < BEFORE_EVERY:
        return
    try:
        if context.lookups.list_history.of(context.ledger, account).verbatim is not True:
            context.lookups.before_creates[account] = now
            lately = last is not None and now - last < 2 * BEFORE_EVERY
            look(context, take, provider, 2 * BEFORE_EVERY if lately else DOUBT)
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
