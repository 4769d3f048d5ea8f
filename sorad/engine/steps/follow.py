"""Follow: a take goes on at the next provider of `fallback`, where what came of it here proves that it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from loguru import logger

from sorad.config.model import ProviderConfig
from sorad.engine.decide import moving
from sorad.engine.decide.transitions import AfterCreate
from sorad.engine.steps.kit import Kit, record, release
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import Take
from sorad.problems import Problem, SoradError
from sorad.providers.base import Polled, TaskFailed
from sorad.providers.capabilities.translate import translated


def after_refusal(kit: Kit, intent: Take, result: AfterCreate) -> AfterCreate:
    """What becomes of a create that was answered: where it was refused for good, the take goes on elsewhere."""
    fault = result.fault
    if fault is None or not result.refused or fault.trouble not in moving.FOLLOWED:
        return result
    creates = max(intent.creates - 1, 0)  # this one is none
    if not moving.one_create(intent, creates):
        return result
    change = _next(kit, intent, fault.problem, creates)
    if change is None:
        return result
    # Refused for now before, it may have been taken on: its `attempt` has the list there looked at before it is sent.
    change = replace(change, attempt=intent.attempt, refused=True, request_id=fault.request_id)
    return replace(result, change=change)


def goes_on(kit: Kit, take: Take, found: Polled) -> Optional[Change]:
    """The change for a take whose task has just failed, and that goes on elsewhere at once; ``None``: it does not.

    For any other failure that is looked at again first: see :func:`after_looks`.
    """
    at_once = isinstance(found, TaskFailed) and found.final and not take.rebuy
    if not at_once or not moving.one_create(take, max(take.creates - 1, 0)):
        return None
    assert isinstance(found, TaskFailed)
    cost = take.cost if found.cost is None else found.cost
    return _next(kit, replace(take, cost=cost), found.problem, take.creates)


def after_looks(kit: Kit, take: Take, found: TaskFailed) -> Optional[Change]:
    """The change for a take whose task is said to have failed at the last of the later looks, too."""
    return _next(kit, take, found.problem, take.creates)


def follow(kit: Kit, take: Take) -> None:
    """One take, claimed as ``queued``, whose account refuses whatever is asked of it."""
    halt = kit.control.refuses_all
    change = None if halt is None else _next(kit, take, halt.problem, take.creates)
    if change is None:
        release(kit, take, kit.clock.time() + kit.config.limits.probe_seconds)
    else:
        record(kit, take, replace(change, attempt=take.attempt))


def _next(kit: Kit, take: Take, why: Problem, creates: int) -> Optional[Change]:
    """The change to the first provider that offers what is asked for, and has a key."""
    providers = {one.title: one for one in kit.providers}
    here = kit.config.provider.title
    spent = creates >= kit.config.limits.max_creates_per_take
    if spent or not take.wanted or here not in providers or kit.seller is None:
        return None
    fallbacks = {name: one.fallback for name, one in providers.items()}
    for name in moving.next_ones(take, here, fallbacks):
        change = _to(kit, take, providers[name], why, creates)
        if change is not None:
            logger.warning(
                _("take {id} goes on at {name}: {problem}"), id=take.id, name=name, problem=str(why)
            )
            return change
    return None


def _to(kit: Kit, take: Take, config: ProviderConfig, why: Problem, creates: int) -> Optional[Change]:
    """The change to one; ``None``: that one does not offer it, or cannot be asked."""
    asked = translated(take.request, config)
    if asked.problems or kit.seller is None:
        return None
    there, here = kit.seller(config.title), kit.accounts.current
    try:
        _account = there.account
    except SoradError:  # no key
        return None
    dearer = moving.is_dearer(
        (here.price(take.asked), here.currency), (there.price(asked.request), there.currency)
    )
    return moving.fallback(
        take,
        kit.config.provider.title,
        config.title,
        asked.moved_as,
        why,
        kit.clock.time(),
        dearer=dearer,
        creates=creates,
    )
