"""Reprice: what was held because its price was not known, once the provider may tell it; all, under another limit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Optional

from loguru import logger

from sorad.budget import NEVER, awaits_price, needs_approval, no_price, price_again
from sorad.engine.steps.context import StepContext, record, release, seller_of
from sorad.ledger.chain import is_waiting
from sorad.ledger.errors import ClaimLost
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.config.model import Budget

# Under this the ledger remembers the `approve_above` that what waits was priced by.
LIMIT = "approve_above"


def reprice(context: StepContext, take: Take) -> None:
    """One take, claimed as ``held``, and all of its storyboard that wait with it at the same provider.

    What is to be bought in the same currency is weighed together, wherever it is bought.
    """
    if context.process.stopping():
        release(context, take)
        return
    budget, provider = context.config.budget, context.accounts.current
    held = list(context.ledger.takes(states=[State.HELD], storyboard=take.storyboard))
    waiting = [one for one in held if is_unpriced(one) and one.target in context.targets]
    # what of it is known to be too dear counts, too: no take slips through by being priced alone
    prices = list(_prices(context, filter(_counts, held), provider.currency))
    if None in prices and _is_limited(context):
        trouble = provider.price_trouble()
        if trouble is not None:
            _wait(context, take, waiting, trouble)
            return
        problem: Optional[Problem] = no_price()
    else:
        problem = needs_approval(budget, prices, provider.currency)
    change = _repriced(problem, context.clock.time())
    if problem is not None:
        logger.warning(_("{path}: {problem}"), path=take.storyboard, problem=str(problem))
    for one in waiting:
        record(context, one, change)


def _prices(context: StepContext, takes: Iterable[Take], currency: str) -> Iterator[Optional[int]]:
    """What each costs that is to be bought in a currency."""
    for one in takes:
        seller = seller_of(context, one)
        if seller.currency == currency:
            yield seller.price(one.effective_request)


def _repriced(problem: Optional[Problem], now: float) -> Change:
    """The change of a take that was priced: it may be bought, or waits for the user because of ``problem``."""
    if problem is None:
        return Change(State.QUEUED, "weighed", due_at=now, clear_error=True)
    return Change(State.HELD, "weighed", due_at=NEVER, error=problem)


def _is_limited(context: StepContext) -> bool:
    budget = context.config.budget
    limits = (budget.per_day, budget.approve_above, context.config.provider.per_day)
    return any(limit is not None for limit in limits)


def _counts(take: Take) -> bool:
    """Whether a held take is part of the sum that its storyboard is judged by."""
    return is_unpriced(take) or is_too_dear(take)


def reprice_all(ledger: Ledger, budget: Budget, now: float) -> None:
    """At a start or a reload: have what waits priced again, for the budget as it is now. :class:`LedgerUnavailable`.

    The prices may be others by now, and the day's budget: what is still too dear is held again. Where
    `approve_above` is another, all is judged by it that is not bought and not approved.
    """
    other = ledger.recall(LIMIT) != budget.approve_above
    for take in list(ledger.takes(states=[State.QUEUED, State.HELD])):
        change = Change(State.HELD, "weighed again", due_at=now)
        if other and _is_limited_by_storyboard(take, limited=budget.approve_above is not None):
            change = Change(State.HELD, "weighed again", due_at=now, error=no_price())
        elif take.state is not State.HELD or not (is_unpriced(take) or _waits_for_day(take)):
            continue
        with contextlib.suppress(ClaimLost):  # being released just now
            ledger.record(take, change, now)
    if other:
        ledger.remember(LIMIT, budget.approve_above)


def _is_limited_by_storyboard(take: Take, *, limited: bool) -> bool:
    """Whether the limit of a storyboard is what a take is, or would be, held by. What `redo` asked for is approved."""
    if take.approved or take.extra:
        return False
    if take.state is State.QUEUED or is_waiting(take):
        return limited
    return is_too_dear(take) or (limited and _waits_for_day(take))


def _waits_for_day(take: Take) -> bool:
    return take.error is not None and take.error.code in ("budget.day", "budget.currency")


def is_unpriced(take: Take) -> bool:
    """Whether a take is held because its price is not known, now or at all."""
    return awaits_price(take) or (take.error is not None and take.error.code == "budget.price")


def is_too_dear(take: Take) -> bool:
    """Whether a take waits for the user because its storyboard is too dear."""
    return take.error is not None and take.error.code == "budget.approve"


def _wait(context: StepContext, take: Take, waiting: Sequence[Take], problem: Problem) -> None:
    """Ask again later; nothing is written but where it is another trouble by now."""
    due = context.clock.time() + price_again(problem)
    for one in waiting:
        if one.error != problem:
            record(context, one, Change(State.HELD, "weighed", due_at=due, error=problem))
        elif one.id == take.id:
            release(context, one, due)
