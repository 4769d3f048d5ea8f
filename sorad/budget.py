"""The budget: whether the money for a take may go out now. Pure except for the local calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Optional, Union

from sorad.messages import N_
from sorad.model import State, Take, micros, units
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.config.model import Budget  # brings pydantic along, which readers need not

# What waits for the user and not for a day waits until then: a due time that never comes (year 2286).
NEVER = 9_999_999_999.0
# A provider that did not tell its prices is asked again after so many seconds; one that has not answered yet, with this
# problem, is looked after sooner.
PRICE_AGAIN, SOON = 60.0, 5.0
PRICE_ASKED = "provider.prices"


def day_began(now: float) -> float:
    """Epoch seconds of the local midnight before ``now``: a day's budget is the user's day."""
    return _midnight(datetime.fromtimestamp(now).date())


def next_day(now: float) -> float:
    """Epoch seconds of the next local midnight, after ``now``."""
    today = datetime.fromtimestamp(now).date()
    midnight = _midnight(today + timedelta(days=1))
    # Where the clocks go back over a midnight, it is struck twice.
    return midnight if midnight > now else _midnight(today + timedelta(days=1), again=True)


def _midnight(day: date, *, again: bool = False) -> float:
    """When a local day begins, by the offset that holds at that time and not by the one of some other hour.

    A midnight that is left out is the moment of the change; of two the first counts, or the last ``again``.
    """
    return datetime.combine(day, time.min).replace(fold=int(again)).timestamp()


def over_day(budget: Budget, spent: int, price: Optional[int], currency: str) -> Optional[Problem]:
    """Why a take of ``price`` micro-units may not be bought today, after ``spent``; ``None``: it may."""
    if budget.per_day is None:
        return None
    limit = limit_in(budget.per_day, currency)
    if limit is None:
        return no_budget(currency)
    message = N_("{spent} of {limit} {currency} are spent today, and it costs {price}.")
    fix = N_("It goes on tomorrow; raise [budget] per_day in the config to go on now.")
    return _over(limit, spent, price, Problem("budget.day", message, fix, {"currency": currency}))


def over_provider_day(
    limit: Optional[float], spent: int, price: Optional[int], currency: str, name: str
) -> Optional[Problem]:
    """The same by the ``per_day`` of the provider called ``name``, after ``spent`` there."""
    if limit is None:
        return None
    message = N_("{spent} of {limit} {currency} are spent at {name} today, and it costs {price}.")
    fix = N_("It goes on tomorrow; raise per_day of that provider in the config to go on now.")
    why = Problem("budget.day", message, fix, {"currency": currency, "name": name})
    return _over(limit, spent, price, why)


def _over(limit: float, spent: int, price: Optional[int], why: Problem) -> Optional[Problem]:
    if price is None:
        return no_price()
    if spent + price <= micros(limit):
        return None
    amounts = {"spent": f"{units(spent):.2f}", "limit": f"{limit:.2f}", "price": f"{units(price):.2f}"}
    return replace(why, params={**why.params, **amounts})


def needs_approval(budget: Budget, prices: list[Optional[int]], currency: str) -> Optional[Problem]:
    """Why the new takes of a storyboard wait for `sorad approve`; ``None``: they need not."""
    if budget.approve_above is None or not prices:
        return None
    limit = limit_in(budget.approve_above, currency)
    if limit is None:
        return no_budget(currency)
    if any(price is None for price in prices):
        return no_price()
    total = sum(price for price in prices if price is not None)
    if total <= micros(limit):
        return None
    return Problem(
        "budget.approve",
        N_("its storyboard costs {price} {currency}, more than {limit} without approval."),
        N_("`sorad plan` shows it; `sorad approve` releases it."),
        {"price": f"{units(total):.2f}", "currency": currency, "limit": f"{limit:.2f}"},
    )


def awaits_price(take: Take) -> bool:
    """Whether a take is held only until the provider tells its price: its error is why the provider did not."""
    if take.state is not State.HELD or take.error is None:
        return False
    return take.due_at < NEVER and not take.error.code.startswith(("budget.", "take."))


def price_again(trouble: Problem) -> float:
    """After how many seconds a price is asked for again. ``trouble``: why it is not known."""
    return SOON if trouble.code == PRICE_ASKED else PRICE_AGAIN


def is_asked_for(take: Take) -> bool:
    """Whether a held take's price has been asked for, and the provider has not answered yet."""
    return awaits_price(take) and take.error is not None and take.error.code == PRICE_ASKED


def limit_in(sums: Union[float, Mapping[str, float], None], currency: str) -> Optional[float]:
    """What is allowed in a currency; ``None``: nothing is said of it, though something is of others."""
    return sums.get(currency) if isinstance(sums, Mapping) else sums


def no_budget(currency: str) -> Problem:
    """Money in a currency that the budget does not name is not spent by itself: currencies are not added up."""
    return Problem(
        "budget.currency",
        N_("a budget is set, but none in {currency}."),
        N_("Name it in [budget], as in per_day = {{ {currency} = 10 }}; or `sorad approve` it."),
        {"currency": currency},
    )


def no_price() -> Problem:
    """A budget without a price cannot be kept."""
    return Problem(
        "budget.price",
        N_("a budget is set, and the price of this take is not known."),
        N_("Set price_per_take or price_per_second in [provider], or `sorad approve` it as it is."),
    )
