"""Refused: a create that was answered with 429 is looked for on the list before the next try.

Some gateways take a task on, and answer 429 for a limit that they meet behind it. A refusal is no doubt, and costs
nothing; but a look at the list is free.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Union

from loguru import logger

from sorad.engine.decide import backoff
from sorad.engine.decide.absence import View, kind
from sorad.engine.decide.ambiguous import adopt, for_the_user, indistinguishable, several
from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.matching import alike, match, resembles, same
from sorad.engine.decide.paid_twice import creates_that_left
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.reconcile import FEW, LONGEST_PAUSE, not_ours, record_adoption
from sorad.engine.steps.task_list import as_dated, as_of_first, look
from sorad.ledger.errors import ClaimLost, LedgerUnavailable
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Provider, RemoteTask

_OF_MONEY = ("provider.balance", "provider.quota")
# Seconds until another create is answered.
SOON = 1.0
# A list that cannot be read so often in a row is none: a refusal is proof enough by itself.
UNREADABLE = 5


def accepted_after_all(context: StepContext, take: Take) -> bool:
    """Whether a take, claimed as ``queued``, is not to be sent just now, as its refused create may have been taken on.

    Then its task is adopted, or the user decides, or the list is read again later.
    """
    if not _was_refused(take):
        return False
    provider = context.accounts.of(take)
    if isinstance(provider, Problem) or not provider.capabilities.lists_tasks:
        return False
    # The task of an earlier create may be on the list only now.
    first = as_of_first(context, take, creates_that_left(context.ledger.history(take.id)))
    behind = context.lookups.list_history.of(context.ledger, provider.account).behind
    looked = look(context, first, provider, -behind)  # a list may be dated by another zone
    if isinstance(looked, Fault):
        return _unread(context, take, looked)
    context.lookups.unread = 0
    if looked.view.verbatim is not True and any(one.state is State.SUBMITTING for one in looked.view.others):
        release(
            context, take, context.clock.time() + SOON
        )  # its answer may own a task that no text tells from ours
        return True
    found = _found(context, looked.view)
    if isinstance(found, RemoteTask):
        _adopt(context, take, provider, found)
    elif found is not None and not _waits_for_texts(context, take, looked.view):
        _open(context, take, provider, found)
    return found is not None


def _waits_for_texts(context: StepContext, take: Take, view: View) -> bool:
    """Put it off for a while where the list has shown none of ours yet: another take may teach how it shows texts."""
    if view.verbatim is not None or not view.finding.how.by_text:
        return False
    key = (take.id, take.intent_at, "refused")
    count = context.lookups.in_vain[key] = context.lookups.in_vain.get(key, 0) + 1
    if count >= FEW:
        return False
    wait = backoff.delay(count, context.config.reconcile.look_every, LONGEST_PAUSE, context.rng)
    release(context, take, context.clock.time() + wait)
    return True


def _found(context: StepContext, view: View) -> Union[RemoteTask, Problem, None]:
    """Its task; why that cannot be told; or ``None``: nothing on the list looks like one.

    A refusal is no doubt: only a task that looks like this one is a reason for another. Where the list is not known to
    show texts as they were sent, any of its time, length and model does.
    """
    first, tasks, finding = view.take, view.listed.tasks, view.finding
    refused = [as_dated(context, one) for one in _refused_too(context, first)]
    mine = [task for task in tasks if same(first, task, finding)]
    alike_too = [one for one in (*view.others, *refused) if alike(one, first, finding)]
    matched = match([first, *alike_too], mine, not_ours(view, alike_too), view.now, view.ahead, finding)
    if matched is None:
        return several(first, mine)
    if first.id in matched:
        return matched[first.id]
    return _much_like_it(replace(view, others=[*view.others, *refused]))


def _much_like_it(view: View) -> Optional[Problem]:
    """Why the user is asked: a task that may be its own, by its text, or by all else where texts may be changed."""
    for task in view.listed.tasks:
        like_it = view.verbatim is not True or resembles(view.take.request, task)
        if like_it and kind(view, task) is not Kind.NOT_OURS:
            return indistinguishable(view.take, task)
    return None


def _refused_too(context: StepContext, take: Take) -> list[Take]:
    """Others that a task on the list may belong to."""
    queued = context.ledger.takes(states=[State.QUEUED])
    return [one for one in queued if _was_refused(one) and one.id != take.id]


def _was_refused(take: Take) -> bool:
    """Whether its last create was refused for now; for want of money, too, which gateways may notice late."""
    of_money = take.error is not None and take.error.code in _OF_MONEY
    return take.intent_at is not None and (take.attempt > 0 or of_money)


def _unread(context: StepContext, take: Take, fault: Fault) -> bool:
    context.lookups.unread += 1
    if context.lookups.unread >= UNREADABLE:
        return False
    release(
        context,
        take,
        context.clock.time() + max(fault.retry_after or 0.0, context.config.reconcile.look_every),
    )
    return True


def _adopt(context: StepContext, take: Take, provider: Provider, task: RemoteTask) -> None:
    intent = _intent(context, take, provider)
    if intent is None:
        return
    logger.warning(
        _("take {id}: its create was refused and accepted all the same, as {remote}"),
        id=take.id,
        remote=task.remote_id,
    )
    change = adopt(intent, task.remote_id, context.clock.time(), task.created_at, provider.account)
    adopted = record_adoption(context, intent, change)
    if adopted is not None:
        lay_receipt(context, adopted, provider.currency)


def _open(context: StepContext, take: Take, provider: Provider, why: Problem) -> None:
    """The user has to say whether the create was accepted; until then it counts."""
    intent = _intent(context, take, provider)
    if intent is not None:
        logger.warning(_("take {id} is not sent again: {problem}"), id=take.id, problem=str(why))
        record(
            context,
            intent,
            for_the_user(
                as_dated(context, intent), "several", why, context.config.polling, context.clock.time()
            ),
        )


def _intent(context: StepContext, take: Take, provider: Provider) -> Optional[Take]:
    """Take the refusal back: the create is open again, and its money may be out."""
    change = Change(
        State.SUBMITTING,
        "maybe accepted",
        intent=True,
        intent_at=take.intent_at,
        keep_claim=True,
        cost=provider.price(take.effective_request),
        currency=provider.currency,
    )
    try:
        return context.ledger.record(take, change, context.clock.time())
    except ClaimLost:
        return None  # no longer wanted: its storyboard changed just now
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
        release(context, take)
        return None
