"""When a take goes to another provider, and with what change. Pure.

By itself (`fallback`) it follows at once only what proves that nothing was bought and nothing will be: a refused
create, or a task whose code the provider's table calls terminal and unpaid. What was said to have failed in any other
way is asked after for a day first, for some of it ends well. What is unknown, late, or merely refused for now (429,
the network) never goes elsewhere: it may still be bought where it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from sorad.attempts import Attempt, as_json, attempts_of
from sorad.budget import awaits_price
from sorad.config.fallbacks import Fallbacks, chain
from sorad.engine.decide.pictures import IGNORED
from sorad.ledger.values import Change
from sorad.messages import N_
from sorad.model import BY_FALLBACK, BY_USER, State, Take, units
from sorad.problems import Problem
from sorad.providers.base import Trouble

# Refusals for what an account lets nobody buy; and those of a take alone. A 429 is none: some gateways answer so, and
# take the task on all the same.
REFUSES = frozenset({Trouble.KEY, Trouble.BALANCE, Trouble.RETIRED})
FOLLOWED = REFUSES | {Trouble.REQUEST}

Price = tuple[Optional[int], str]  # micro-units (None: not known) of a currency


def one_create(take: Take, creates: int) -> bool:
    """Whether only the last create of a take left for where it is wanted from: an earlier one, sent again, may be there
    after all. ``creates``: of the take, until before that last one."""
    before = attempts_of(take.attempts)
    return creates <= (before[-1].creates if before else 0)


def next_ones(take: Take, here: str, fallbacks: Fallbacks) -> list[str]:
    """Where a take goes next, in order, each provider at most once; ``here``: where it is wanted from, by name."""
    tried = [one.provider for one in attempts_of(take.attempts)]
    ways = [*(chain(tried[0], fallbacks) if tried else ()), *chain(here, fallbacks)]
    return [name for name in dict.fromkeys(ways) if name not in (*tried, here)]


def fallback(
    take: Take, here: str, there: str, moved_as: str, why: Problem, now: float, *, dearer: bool, creates: int
) -> Change:
    """The change with which a take goes on at the next provider. ``creates``: of the take, until now."""
    tried = Attempt(
        here,
        why.code,
        now,
        kind=take.provider,
        remote_id=take.remote_id,
        cost=None if take.cost is None or not take.remote_id else units(take.cost),
        currency=take.currency if take.remote_id else "",
        creates=creates,
    )
    return replace(
        moved(take, there, moved_as, now, dearer=dearer, by=BY_FALLBACK),
        note="fallback",
        error=_moved_on(take, here, there, why),
        attempts=as_json([*attempts_of(take.attempts), tried]),
    )


def moved(take: Take, there: str, moved_as: str, now: float, *, dearer: bool, by: str = BY_USER) -> Change:
    """The change with which an unsent take is wanted from elsewhere. ``dearer``: it is not approved there."""
    change = Change(
        State.QUEUED,
        "retarget",
        target=there,
        moved_by=by,
        moved_from=take.moved_from if take.moved_by else take.target,
        moved_as=moved_as,
        remote_id="",
        reprice=dearer,
    )
    if take.state is State.HELD and not _is_priced_again(take):
        return replace(change, to=State.HELD)  # what it waits for is no matter of who makes it
    return replace(change, due_at=now, clear_error=True)


def is_dearer(here: Price, there: Price) -> bool:
    """Whether a price is not covered by an approval of another one."""
    known = here[0] is not None and there[0] is not None
    return here[1] != there[1] or not known or (there[0] or 0) > (here[0] or 0)


def _is_priced_again(take: Take) -> bool:
    """Whether a held take waits for nothing but money, or for the one provider: that is looked at where it goes."""
    code = "" if take.error is None else take.error.code
    return awaits_price(take) or code.startswith("budget.") or code in ("", IGNORED)


def _moved_on(take: Take, here: str, there: str, why: Problem) -> Problem:
    return Problem(
        "take.fallback",
        N_("it goes on at {there}, for {here} does not make it: {reason}"),
        N_("Nothing to do: `sorad show {take}` tells what was tried."),
        {"take": take.id, "here": here, "there": there, "reason": why},
    )
