"""Probe: is what halted buying mended? Free calls first, then one create. And is the provider there again?"""

from __future__ import annotations

from typing import Optional

from sorad.engine.decide.halt import HALTING
from sorad.engine.steps.context import StepContext
from sorad.messages import N_
from sorad.problems import Problem
from sorad.providers.base import Balance, Fault, Provider, Trouble


def probe(context: StepContext) -> None:
    """Asks for the key and the balance where that is free; lets one create through where they look good."""
    halt = context.control.halt
    if halt is None:
        return
    provider = context.accounts.current
    fault = _still_wrong(provider, halt.trouble)
    if fault is None:
        context.control.well_again(sure=_is_proof(provider, halt.trouble))
    elif fault.trouble not in HALTING:
        context.control.unproved()
    else:
        # What is wrong now may be another thing than before: the key was mended, the balance is empty.
        changed = fault.trouble is not Trouble.RETIRED
        context.control.stop_buying(fault if changed else Fault(halt.trouble, halt.problem), probed=True)


def _still_wrong(provider: Provider, halted_by: Trouble) -> Optional[Fault]:
    """What the free calls tell; ``None``: all is well as far as they can know."""
    fault = provider.check()
    if fault is not None or halted_by is not Trouble.BALANCE or not provider.capabilities.has_balance:
        return fault
    left = provider.balance()
    if isinstance(left, Fault):
        return left
    empty = isinstance(left, Balance) and left.amount <= 0
    return Fault(Trouble.BALANCE, _empty()) if empty else None


def _is_proof(provider: Provider, halted_by: Trouble) -> bool:
    """Whether a good answer to a free call proves that this trouble is over."""
    if halted_by is Trouble.SETUP:
        return True  # any answer shows that the way is free
    # Only an API that tells the balance has proved anything by answering.
    return halted_by in (Trouble.KEY, Trouble.BALANCE) and provider.capabilities.has_balance


def look_for_provider(context: StepContext) -> None:
    """One free call, for :class:`~sorad.engine.state.reachability.Reachability`: any answer will do."""
    began = context.clock.monotonic()
    fault = context.accounts.current.check()
    if fault is not None and fault.trouble is Trouble.TRANSPORT:
        context.reach.failed(began)
    else:
        context.reach.answered()


def _empty() -> Problem:
    return Problem(
        "provider.balance",
        N_("the balance at the provider is used up."),
        N_("Top it up; {then}."),
    )
