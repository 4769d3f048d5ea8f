"""Submit: buy a take. The intent is committed, and told in the folder, before the request leaves."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import Callable, Optional

from loguru import logger

from sorad.budget import NEVER
from sorad.engine.decide import transitions
from sorad.engine.decide.ambiguous import for_the_user
from sorad.engine.decide.doubtful import one_id_for_all, same_id
from sorad.engine.decide.own_ids import own_id_of, refusal_of_id
from sorad.engine.decide.shapes import with_id
from sorad.engine.decide.transitions import AfterCreate, Verdict
from sorad.engine.state.first_create import place_of
from sorad.engine.state.gateways import notice
from sorad.engine.steps.afford import Over, Prices, bill, over_budget
from sorad.engine.steps.chain import with_frame
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.dedupe import EDIT_AGAIN, LOOK_AGAIN, already_bought
from sorad.engine.steps.follow import after_refusal
from sorad.engine.steps.pictures import awaits_trial, picture_stop
from sorad.engine.steps.prove_list import look_before
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.recheck_refused import accepted_after_all
from sorad.engine.steps.reconcile import can_look_up, wait_for_lookalike
from sorad.engine.steps.reuse import is_beside, reuse
from sorad.engine.steps.write_intent import announced
from sorad.ledger.change import changed
from sorad.ledger.errors import ClaimLost, IdOwned, LedgerUnavailable
from sorad.ledger.values import Change
from sorad.messages import N_, _
from sorad.model import State, Take, sent_as_json
from sorad.problems import Problem
from sorad.providers.answers import litellm
from sorad.providers.base import Provider, Trouble
from sorad.receipts.writing import drop_intent


def submit(context: StepContext, take: Take) -> None:
    """One take, claimed as ``queued``: one intent, one create, one outcome."""
    if _is_deferred(context, take) or already_bought(context, take):
        return
    framed = with_frame(context, take)
    if framed is None or reuse(context, framed) or accepted_after_all(context, framed):
        return
    take = framed
    provider = context.accounts.current
    look_before(context, take, provider)
    price = provider.price(take.effective_request)
    place = place_of(provider.base_url, context.config.provider, take.effective_request)
    with context.control.first.alone(place) as may:
        # Asked again: the first one there may have been answered meanwhile, and not been understood.
        if may and context.control.may_leave():
            _purchase(context, take, provider, price, place)
        else:
            release(context, take)


def _purchase(context: StepContext, take: Take, provider: Provider, price: Optional[int], place: str) -> None:
    """The intent, where it may be bought now, and all that follows from it."""
    try:
        intent = _intend(context, take, provider, price, bill(context, take, provider, price))
    except ClaimLost:
        return  # no longer wanted: its storyboard changed just now
    except LedgerUnavailable as error:
        # Without the intent nothing leaves.
        logger.warning(
            _("take {id}: not bought, the ledger cannot be written: {error}"), id=take.id, error=error
        )
        release(context, take)
        return
    if intent is not None:
        _buy(context, take, intent, provider, price, place)


def _buy(
    context: StepContext, take: Take, intent: Take, provider: Provider, price: Optional[int], place: str
) -> None:
    """The create of a committed intent, and its outcome. ``take``: as it was before."""
    if not announced(context, intent, provider.currency):
        return
    began = context.clock.monotonic()
    outcome = provider.create(intent.to_send, intent.own_id)
    known = context.control.first.knows(place)
    result = transitions.after_create(
        intent, outcome, price, context.config.polling, context.clock.time(), known
    )
    of_id = refusal_of_id(take, intent, outcome, provider.capabilities.finding)
    if of_id is not None:
        result = transitions.refused_again(of_id, context.clock.time())
    result = after_refusal(context, intent, result)
    if result.stop is not None:
        settings = context.config.provider.model_dump(mode="json", include={"base_url", "id_paths"})
        context.control.stop_for_user(result.stop, [intent.id], settings)
    meanwhile = partial(_lay_down_alone, context, intent, result.change, provider)
    written, result = _written(context, intent, provider, result, meanwhile)
    _report(context, provider, result, began, place)
    _tell(intent, result)
    if written is not None and written.state is State.GENERATING:
        lay_receipt(context, written, provider.currency)
    elif written is not None and written.state is not State.UNKNOWN:
        drop_intent(context.claims.payer(intent.root), intent, written)


def _lay_down_alone(context: StepContext, intent: Take, change: Change, provider: Provider) -> None:
    """Where the ledger cannot be written, the folder tells the id even if the process ends."""
    bought = changed(intent, change, context.clock.time())
    with contextlib.suppress(LedgerUnavailable):
        if context.ledger.owned([bought.remote_id], bought.place):
            return
    if bought.state is State.GENERATING:
        lay_receipt(context, bought, provider.currency)


def _report(context: StepContext, provider: Provider, result: AfterCreate, began: float, place: str) -> None:
    """What a create tells of the way, the key and its address. ``began``: of the exchange, monotonic."""
    if result.fault is not None and result.fault.trouble is Trouble.TRANSPORT:
        context.reach.failed(began)
    if result.fault is not None and result.fault.trouble is Trouble.KEY:
        context.accounts.met_refusal()
    if result.verdict is Verdict.GOOD:
        context.control.first.answered(place)
    context.control.created(result)
    if (result.change.remote_id or "").startswith(litellm.PREFIX) and "" in context.targets:
        with contextlib.suppress(LedgerUnavailable):  # the next one tells it again
            notice(context.ledger, provider.base_url, "")


def _written(
    context: StepContext,
    intent: Take,
    provider: Provider,
    result: AfterCreate,
    meanwhile: Callable[[], object],
) -> tuple[Optional[Take], AfterCreate]:
    """The outcome, written down; what stops buying is kept before it. Another one where the task is not this take's."""
    if result.change.to is State.UNKNOWN and not can_look_up(context, provider):
        context.control.lost(intent, provider.base_url)
    try:
        return record(context, intent, result.change, meanwhile), result
    except IdOwned:
        remote_id = result.change.remote_id or ""
    owner = next(iter(context.ledger.with_tasks([remote_id], intent.place)), None)
    why = same_id(intent, remote_id, owner)
    context.control.stop_for_user(one_id_for_all(why), [intent.id])
    change = for_the_user(intent, "same id", why, context.config.polling, context.clock.time())
    result = AfterCreate(replace(change, request_id=result.change.request_id), Verdict.ERROR)
    return record(context, intent, result.change), result


def _is_deferred(context: StepContext, take: Take) -> bool:
    """Whether a take is not to be sent just now, by what is known here; then it is given back, or fails."""
    if context.process.stopping() or not context.control.may_leave():
        release(context, take)
        return True
    if not context.process.has_ledger():
        release(context, take, context.clock.time() + LOOK_AGAIN)
        return True
    if take.creates >= context.config.limits.max_creates_per_take:
        record(context, take, Change(State.FAILED, "too many creates", error=_too_many(take)))
        return True
    if take.moved_by and take.target not in context.targets:  # the config has but another one now
        release(context, take, context.clock.time() + LOOK_AGAIN)
        return True
    wait = wait_for_lookalike(context, take)
    again = context.claims.guard(take) if wait is None else context.clock.time() + wait
    if again is not None:
        release(context, take, again)
    return again is not None


def _intend(
    context: StepContext, take: Take, provider: Provider, price: Optional[int], prices: Prices
) -> Optional[Take]:
    """Commit the intent, if the budget has room for it; ``None``: it is held, or waits, instead.

    One at a time: the intent counts as spent from its commit on, so no two can share the last of a budget.
    """
    account = provider.account
    context.accounts.remember(account)
    with context.locks.buying:
        now = context.clock.time()
        again = _again(context, take, provider, now)
        if again is not None:
            release(context, take, again)
            return None
        over = _held(context, take, provider, price, prices)
        if over is not None:
            record(context, take, Change(State.HELD, over.note, due_at=over.until, error=over.problem))
            logger.warning(_("take {id} is held: {problem}"), id=take.id, problem=str(over.problem))
            return None
        change = Change(
            State.SUBMITTING,
            "intent",
            intent=True,
            ahead=context.times.ahead if context.times.proven else None,
            keep_claim=True,
            provider=provider.kind,
            base_url=provider.base_url,
            account=account,
            cost=price,
            currency=provider.currency,
            frame=take.frame or None,
            frame_path=take.frame_path or None,
            frame_of=take.frame_of or None,
            own_id=own_id_of(take, (provider.kind, provider.base_url)),
            sent=sent_as_json(with_id(provider.sent(take.effective_request), provider.capabilities.finding)),
        )
        return context.ledger.record(take, change, now)


def _again(context: StepContext, take: Take, provider: Provider, now: float) -> Optional[float]:
    """When a take that waits for others is tried again (epoch seconds); asked once more, right before its intent."""
    wait = wait_for_lookalike(context, take)  # the last one may have become unknown since
    if wait is not None:
        return now + wait
    if is_beside(context, take):  # another storyboard may have begun to buy it
        return now + EDIT_AGAIN
    if context.folders.is_edited(take.storyboard):  # the first create and the prices may have taken long
        return now + EDIT_AGAIN
    return now + context.config.polling.every if awaits_trial(context, take, provider.base_url) else None


def _held(
    context: StepContext, take: Take, provider: Provider, price: Optional[int], prices: Prices
) -> Optional[Over]:
    """Why a take may not be bought now, though nothing else stands in its way."""
    ignored = picture_stop(context, take, provider.base_url)
    if ignored is not None:
        return Over(ignored, NEVER, "pictures")
    return over_budget(context, take, provider, price, prices)


def _tell(take: Take, result: AfterCreate) -> None:
    log = logger.bind(request_id=result.change.request_id or "")
    if result.verdict is Verdict.GOOD:
        log.info(
            _("take {id} ({storyboard}, segment {segment}): bought as {remote}"),
            id=take.id,
            storyboard=take.storyboard,
            segment=take.segment,
            remote=result.change.remote_id,
        )
    elif result.change.to is State.UNKNOWN:
        log.warning(
            _("take {id}: it is not known whether it was bought: {problem}"),
            id=take.id,
            problem=str(result.change.error),
        )
    else:
        log.warning(_("take {id}: not bought: {problem}"), id=take.id, problem=str(result.change.error))


def _too_many(take: Take) -> Problem:
    return Problem(
        "take.creates",
        N_("{count} creates have left for it already; no other is sent by itself."),
        N_("Look at `sorad show {take}`; `sorad redo {take}` buys it anew."),
        {"count": take.creates, "take": take.id},
    )
