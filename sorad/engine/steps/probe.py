"""Probe: is what halted buying mended? Free calls first, then one create. And is the provider there again?"""

from __future__ import annotations

from sorad.engine.halt import HALTING
from sorad.engine.steps.kit import Kit
from sorad.messages import N_
from sorad.problems import Problem
from sorad.providers.base import Balance, Fault, Trouble


def probe(kit: Kit) -> None:
    """Asks for the key and the balance where that is free; lets one create through where they look good."""
    halt = kit.control.halt
    if halt is None:
        return
    provider = kit.accounts.current
    fault = provider.check()
    if fault is None and halt.trouble is Trouble.BALANCE and provider.capabilities.has_balance:
        left = provider.balance()
        if isinstance(left, Fault):
            fault = left
        elif isinstance(left, Balance) and left.amount <= 0:
            fault = Fault(Trouble.BALANCE, _empty())
    if fault is None:
        # Only an API that tells the balance has proved anything by answering.
        told = halt.trouble in (Trouble.KEY, Trouble.BALANCE) and provider.capabilities.has_balance
        sure = told or halt.trouble is Trouble.SETUP  # any answer shows that the way is free
        kit.control.well_again(sure=sure)
        return
    if fault.trouble not in HALTING:
        kit.control.unproved()
        return
    # What is wrong now may be another thing than before: the key was mended, the balance is empty.
    changed = fault.trouble is not Trouble.RETIRED
    kit.control.stop_buying(fault if changed else Fault(halt.trouble, halt.problem), probed=True)


def look_for_provider(kit: Kit) -> None:
    """One free call, for :class:`~sorad.engine.reach.Reach`: any answer will do."""
    began = kit.clock.monotonic()
    fault = kit.accounts.current.check()
    if fault is not None and fault.trouble is Trouble.TRANSPORT:
        kit.reach.failed(began)
    else:
        kit.reach.answered()


def _empty() -> Problem:
    return Problem(
        "provider.balance",
        N_("the balance at the provider is used up."),
        N_("Top it up; sorad goes on by itself."),
    )
