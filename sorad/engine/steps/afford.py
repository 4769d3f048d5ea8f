"""Afford: whether the money for a create may go out now, by the day's budget and by its storyboard's limit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

from sorad.budget import NEVER, day_began, needs_approval, next_day, over_day, over_provider_day, price_again
from sorad.engine.decide.parties import whose
from sorad.engine.state.budget_day import BudgetDay, budget_day
from sorad.engine.steps.context import StepContext, seller_of
from sorad.ledger.values import Party
from sorad.model import BY_FALLBACK, State, Take
from sorad.problems import Problem, SoradError
from sorad.providers.base import Provider

Prices = Sequence[Optional[int]]  # micro-units; None: not known


class Over(NamedTuple):
    """Why a take is held, and until when (epoch seconds)."""

    problem: Problem
    until: float
    note: str = "over budget"  # in the history


def bill(context: StepContext, take: Take, provider: Provider, price: Optional[int]) -> Prices:
    """What a storyboard may cost with one more create of a take of which one left before, or that was moved to another
    provider; empty for the first create of any other.

    The first ones were weighed together when they were asked for. Now there is more than was weighed then: what was
    asked for together counts, sent or not, each create that may have been accepted once.
    """
    if context.config.budget.approve_above is None or not _needs_approval_again(take):
        return ()
    prices = [price]
    for one in list(context.ledger.takes(storyboard=take.storyboard)):
        if one.created_at == take.created_at:
            prices += _counting(context, one, provider.currency, sent=one.id == take.id)
    return prices


def _needs_approval_again(take: Take) -> bool:
    """Whether its storyboard's limit is asked once more, right before its create."""
    if take.approved:
        return False
    # What `redo` asked for, its user agreed to, at the price there.
    return take.moved_by == BY_FALLBACK or (not take.extra and bool(take.moved_by or take.creates))


def _counting(context: StepContext, take: Take, currency: str, *, sent: bool) -> Iterator[Optional[int]]:
    """What a take may cost in a currency: each create that may have been accepted, and the next one if it is unsent.

    ``sent``: it is the one that is about to be, which is counted already.
    """
    for purchase in context.ledger.bought(take.id):
        if purchase.currency in ("", currency):
            yield purchase.cost or 0
    seller = seller_of(context, take)
    if not sent and take.wanted and take.state in (State.QUEUED, State.HELD) and seller.currency == currency:
        yield seller.price(take.effective_request)


def over_budget(
    context: StepContext, take: Take, provider: Provider, price: Optional[int], prices: Prices
) -> Optional[Over]:
    """Why a take of ``price`` may not be bought now; ``None``: it may. ``prices``: its :func:`bill`."""
    budget, now = context.config.budget, context.clock.time()
    day = _day(context, now)
    over = _over_day(context, provider, price, day)
    if over is None or (take.approved and over.code in ("budget.price", "budget.currency")):
        over = needs_approval(budget, list(prices), provider.currency)
    if over is None:
        return None
    trouble = provider.price_trouble() if over.code == "budget.price" else None
    if trouble is not None:
        return Over(trouble, now + price_again(trouble))
    return Over(over, day.ends if over.code == "budget.day" else NEVER)


def _day(context: StepContext, now: float) -> BudgetDay:
    """Today, as budgets count it."""
    limits = (context.config.budget.per_day, context.config.provider.per_day)
    if context.times.tells_sleep and limits != (None, None):
        return budget_day(context.ledger, now)
    return BudgetDay(day_began(now), next_day(now))


def _over_day(
    context: StepContext, provider: Provider, price: Optional[int], day: BudgetDay
) -> Optional[Problem]:
    """Why a take may not be bought today, by the budget of its currency and by its provider's own."""
    budget, there = context.config.budget, context.config.provider.per_day
    spent = context.ledger.spend(day.began, provider.currency) if budget.per_day is not None else 0
    over = over_day(budget, spent, price, provider.currency)
    if over is None and there is not None:
        spent = context.ledger.spend_at(_ours(context, provider), day.began)
        over = over_provider_day(there, spent, price, provider.currency, context.config.provider.title)
    return over


def _ours(context: StepContext, provider: Provider) -> Sequence[Party]:
    """What a provider's creates go, or went, by: its account, and those that its key had before."""
    mine = _party(provider)
    known = {mine}
    if context.seller is not None:
        for one in context.providers:
            with contextlib.suppress(SoradError):  # no key: nothing is bought there
                known.add(_party(context.seller(one.title)))
    return [mine, *(one for one in context.ledger.parties() if one != mine and whose(one, known) == mine)]


def _party(provider: Provider) -> Party:
    return Party(provider.kind, provider.base_url, provider.account)
