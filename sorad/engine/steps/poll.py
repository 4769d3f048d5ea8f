"""Poll: ask how a task stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from loguru import logger

from sorad.engine.decide import transitions
from sorad.engine.decide.missing_key import NO_KEY, keyless, other_account
from sorad.engine.state.accounts import is_sure
from sorad.engine.steps.context import StepContext, record
from sorad.engine.steps.follow import goes_on
from sorad.engine.steps.foreign import left_to_its_buyer
from sorad.engine.steps.prove_list import prove_list
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.recheck_resent import look_for_first
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Finished, Missing, Polled, Provider, Running, TaskFailed, Trouble
from sorad.providers.errors import faults


def poll(context: StepContext, take: Take, ago: float = 0.0) -> None:
    """One take, claimed as ``generating``, or as ``downloading`` with its URL forgotten.

    ``ago``: the next step is dated back by so many seconds; what is overdue stays so (see ``rescue_away``).
    """
    if left_to_its_buyer(context, take):
        return
    provider = context.accounts.of(take)
    now = context.clock.time()
    if isinstance(provider, Problem):
        _keyless(context, take, provider, now - ago)
        return
    sure = is_sure(take, provider)
    began = context.clock.monotonic()
    found = ask_after(context, take, provider)
    refused = _is_refused(context, take, provider, found)
    if not sure and (refused or isinstance(found, Missing)):
        _unknown_to_account(context, take, ago)
        return
    take = _unparked_by_key(take)
    if sure and isinstance(found, (Finished, TaskFailed)):
        looked = look_for_first(context, take, provider)
        if looked is None:
            return
        take = looked
    change = transitions.after_poll(take, found, context.config.polling, context.clock.time(), context.rng)
    if not sure and not isinstance(found, Fault):
        change = replace(change, account=provider.account)  # the key was rotated
    _remember(context, take, found)
    onward = _onward(context, take, found, sure=sure)
    written = record(context, take, _dated_back(_keep_for_next(take, change, onward), ago))
    if isinstance(found, Fault):
        _report(context, provider, found, began)
    _log(take, found)
    _lay_down(context, take, written, found, provider.currency)
    _buy_anew(context, take, written, onward)
    prove_list(context, take, provider, found)


def ask_after(context: StepContext, take: Take, provider: Provider) -> Polled:
    """How the take's task stands. What is told of another take's task is no word about this one."""
    found = provider.poll(take.remote_id)
    named = found.names if isinstance(found, (Finished, TaskFailed)) else ""
    if named and context.ledger.owned([named], (provider.kind, provider.base_url)):
        return Fault(Trouble.SERVER, faults.other_task(named, take.remote_id), found.request_id)
    return found


def _unknown_to_account(context: StepContext, take: Take, ago: float) -> None:
    """At another account nobody knows it, or may ask after it: that is no word about the task."""
    why = other_account(take)
    _keyless(context, take, why, context.clock.time() - ago)
    logger.warning(_("take {id}: asked after: {problem}"), id=take.id, problem=str(why))


def _unparked_by_key(take: Take) -> Take:
    """One that was parked for want of a key alone: from here on its own time counts again."""
    no_key = take.error is not None and take.error.code == NO_KEY
    return replace(take, parked=False) if no_key else take


def _onward(context: StepContext, take: Take, found: Polled, *, sure: bool) -> Optional[Change]:
    """Where a task that has just failed for good goes on; ``None``: nowhere. ``sure``: its own account says so."""
    return goes_on(context, take, found) if sure else None


def _keep_for_next(take: Take, change: Change, onward: Optional[Change]) -> Change:
    """Between "failed" and "bought again" nobody else is to take it up."""
    return replace(change, keep_claim=(take.rebuy or onward is not None) and change.to is State.FAILED)


def _dated_back(change: Change, ago: float) -> Change:
    return change if change.due_at is None else replace(change, due_at=change.due_at - ago)


def _remember(context: StepContext, take: Take, found: Polled) -> None:
    """What lives in memory alone: where the video is, and how far it has come."""
    if isinstance(found, Finished):
        context.deliveries.videos[take.id] = found.video
    context.deliveries.progress.percent(take.id, found.progress if isinstance(found, Running) else None)


def _lay_down(
    context: StepContext, take: Take, written: Optional[Take], found: Polled, currency: str
) -> None:
    """Write the receipt of what goes on, or has failed.

    A failed one, too: with the ledger lost, its receipt alone says that it need not be asked after.
    """
    if written is not None and (written.state is State.GENERATING or isinstance(found, TaskFailed)):
        lay_receipt(context, written, currency)
    else:
        context.deliveries.unwritten.pop(take.id, None)


def _buy_anew(context: StepContext, take: Take, written: Optional[Take], onward: Optional[Change]) -> None:
    """`retry` asked after a failed one first; now it is known to have failed. Or it goes on at another provider."""
    if written is None or written.state is not State.FAILED:
        return
    if take.rebuy:
        record(context, written, transitions.buy_anew(context.clock.time()))
    elif onward is not None:
        record(context, written, onward)


def _is_refused(context: StepContext, take: Take, provider: Provider, found: Polled) -> bool:
    """Whether the key is refused; if so, that is remembered."""
    if not isinstance(found, Fault) or found.trouble is not Trouble.KEY:
        return False
    if provider is context.accounts.current:
        context.accounts.met_refusal()
    else:
        context.accounts.refused(take.account)
    return True


def _report(context: StepContext, provider: Provider, fault: Fault, began: float) -> None:
    """What a fault tells of the provider as such. ``began``: of the exchange, monotonic."""
    if fault.trouble is Trouble.TRANSPORT:
        context.reach.failed(began)
    if fault.trouble in (Trouble.KEY, Trouble.SETUP) and provider is context.accounts.current:
        context.control.stop_buying(fault)


def _log(take: Take, found: Polled) -> None:
    log = logger.bind(request_id=found.request_id)
    if isinstance(found, (Fault, Missing, TaskFailed)):
        log.warning(_("take {id}: asked after: {problem}"), id=take.id, problem=str(found.problem))
    elif isinstance(found, Running):
        log.debug(_("take {id}: asked after: still generating"), id=take.id)
    else:
        log.debug(_("take {id}: asked after: finished"), id=take.id)


def _keyless(context: StepContext, take: Take, why: Problem, due_from: float) -> None:
    """It cannot be asked after. What `retry` wanted to know of a failed one is not known: it stays failed."""
    if take.rebuy:
        record(context, take, Change(State.FAILED, "no key", error=why, rebuy=False))
    else:
        record(context, take, keyless(take, why, due_from))
