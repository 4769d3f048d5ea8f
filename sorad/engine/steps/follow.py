"""Follow: a take goes on at the next provider of `fallback`, where what came of it here proves that it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from loguru import logger

from sorad.config.model import ProviderConfig
from sorad.engine.decide import moving
from sorad.engine.decide.transitions import AfterCreate
from sorad.engine.steps.context import StepContext, record, release
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import Take
from sorad.problems import Problem, SoradError
from sorad.providers.base import Polled, TaskFailed
from sorad.providers.capabilities.translate import translated


def after_refusal(context: StepContext, intent: Take, result: AfterCreate) -> AfterCreate:
    """What becomes of a create that was answered: where it was refused for good, the take goes on elsewhere."""
    fault = result.fault
    if fault is None or not result.refused or fault.trouble not in moving.FOLLOWED:
        return result
    creates = max(intent.creates - 1, 0)  # this one is none
    if not moving.one_create(intent, creates):
        return result
    change = _next(context, intent, fault.problem, creates)
    if change is None:
        return result
    # Refused for now before, it may have been taken on: its `attempt` has the list there looked at before it is sent.
    change = replace(change, attempt=intent.attempt, refused=True, request_id=fault.request_id)
    return replace(result, change=change)


def goes_on(context: StepContext, take: Take, found: Polled) -> Optional[Change]:
    """The change for a take whose task has just failed, and that goes on elsewhere at once; ``None``: it does not.

    For any other failure that is looked at again first: see :func:`after_looks`.
    """
    at_once = isinstance(found, TaskFailed) and found.final and not take.rebuy
    if not at_once or not moving.one_create(take, max(take.creates - 1, 0)):
        return None
    assert isinstance(found, TaskFailed)
    cost = take.cost if found.cost is None else found.cost
    return _next(context, replace(take, cost=cost), found.problem, take.creates)


def after_looks(context: StepContext, take: Take, found: TaskFailed) -> Optional[Change]:
    """The change for a take whose task is said to have failed at the last of the later looks, too."""
    return _next(context, take, found.problem, take.creates)


def follow(context: StepContext, take: Take) -> None:
    """One take, claimed as ``queued``, whose account refuses whatever is asked of it."""
    halt = context.control.refuses_all
    change = None if halt is None else _next(context, take, halt.problem, take.creates)
    if change is None:
        release(context, take, context.clock.time() + context.config.limits.probe_seconds)
    else:
        record(context, take, replace(change, attempt=take.attempt))


def _next(context: StepContext, take: Take, why: Problem, creates: int) -> Optional[Change]:
    """The change to the first provider that offers what is asked for, and has a key."""
    providers = {one.title: one for one in context.providers}
    here = context.config.provider.title
    spent = creates >= context.config.limits.max_creates_per_take
    if spent or not take.wanted or here not in providers or context.seller is None:
        return None
    fallbacks = {name: one.fallback for name, one in providers.items()}
    for name in moving.next_ones(take, here, fallbacks):
        change = _to(context, take, providers[name], why, creates)
        if change is not None:
            logger.warning(
                _("take {id} goes on at {name}: {problem}"), id=take.id, name=name, problem=str(why)
            )
            return change
    return None


def _to(
    context: StepContext, take: Take, config: ProviderConfig, why: Problem, creates: int
) -> Optional[Change]:
    """The change to one; ``None``: that one does not offer it, or cannot be asked."""
    asked = translated(take.request, config)
    if asked.problems or context.seller is None:
        return None
    there, here = context.seller(config.title), context.accounts.current
    try:
        _account = there.account
    except SoradError:  # no key
        return None
    dearer = moving.is_dearer(
        (here.price(take.effective_request), here.currency), (there.price(asked.request), there.currency)
    )
    return moving.fallback(
        take,
        context.config.provider.title,
        config.title,
        asked.moved_as,
        why,
        context.clock.time(),
        dearer=dearer,
        creates=creates,
    )
