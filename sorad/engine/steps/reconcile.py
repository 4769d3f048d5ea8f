"""Reconcile: a create whose answer was lost. Look at the provider's list; never resend blindly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.elapsed import Moment
from sorad.engine.decide import backoff
from sorad.engine.decide.absence import View, blocking_tasks, kind, may_show_more, not_whole, was_before
from sorad.engine.decide.ambiguous import (
    WAIT,
    adopt,
    for_the_user,
    indistinguishable,
    not_looked_up,
    several,
    unfinished,
    unproven,
    unread,
    waits,
    waits_for_user,
)
from sorad.engine.decide.doubtful import is_same_id
from sorad.engine.decide.elimination import Eliminated, eliminated
from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.matching import alike, match, same
from sorad.engine.decide.missing_key import NO_KEY_EVERY, other_account
from sorad.engine.decide.own_ids import refused_again, refused_for_itself
from sorad.engine.decide.transitions import lost_create
from sorad.engine.state.accounts import is_sure
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.foreign import left_to_its_buyer
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.task_list import DOUBT, Look, as_dated, look, open_creates
from sorad.layout import receipt_path
from sorad.ledger.errors import IdOwned
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take, sent_as_json
from sorad.problems import Problem
from sorad.providers.base import Fault, Provider, RemoteTask, Trouble
from sorad.providers.finding import Find
from sorad.receipts.receipt import Receipt, read_receipt
from sorad.receipts.writing import drop_intent

# A take whose lookalike waits for the user is looked at again at this pace.
USER_WAIT = 60.0
# One whose lookalike is being answered, at this.
AFTER_LOOKALIKE = 1.0
# After so many looks that told nothing, the user decides; they are this far apart at most, in seconds, then and later.
FEW, LONGEST_PAUSE = 5, 300.0
# What is kept back by a task is looked at again at this pace: the task may be found to be another take's.
KEPT_BACK_EVERY = 3_600.0
# What is kept back until others have ended, and show their texts, at this.
UNFINISHED_EVERY = 60.0
# "Nothing there" counts only when it was seen this often, the last time after the window.
LOOKS = 2
# A list that shows a task only after an hour is not read every few seconds until then.
MOST_LOOKS = 40

# What a look tells of a take: its task, if there is one; and after how many seconds it must be on the list.
Told = tuple[Optional[RemoteTask], float]


def reconcile(context: StepContext, take: Take) -> None:
    """One take, claimed as ``unknown``: one look at the list."""
    if left_to_its_buyer(context, take):
        return
    now = context.clock.time()
    if _adopt_by_receipt(context, take, now):
        return
    provider = _who_lists(context, take)
    if provider is None or _waits_for_lookalikes(context, take, provider, now):
        return
    told = _look_up(context, take, provider, now)
    if told is not None:  # the list itself, which may be long, is let go: it may be read once more
        _conclude(context, take, provider, *told)


def _adopt_by_receipt(context: StepContext, take: Take, now: float) -> bool:
    """Adopt the task that its receipt tells of; whether there is one."""
    told = _receipt(context, take)
    if told is None:
        return False
    logger.info(_("take {id}: its receipt tells its task {remote}"), id=take.id, remote=told.remote_id)
    record_adoption(context, take, adopt(take, told.remote_id, now, told.accepted_at))
    return True


def _who_lists(context: StepContext, take: Take) -> Optional[Provider]:
    """The provider whose list can tell; ``None``: there is none, and it was given to the user."""
    if is_same_id(take):
        _give_to_the_user(
            context, take, "waits", take.error or waits(take)
        )  # no list tells what became of it
        return None
    provider = context.accounts.of(take)
    if isinstance(provider, Problem):
        _give_to_the_user(context, take, "no key", provider, NO_KEY_EVERY)
        return None
    if not can_look_up(context, provider):
        if not waits_for_user(take):
            context.control.lost(take, take.base_url)
        why = not_looked_up(take, has_list=provider.capabilities.lists_tasks)
        _give_to_the_user(context, take, "waits", why)
        return None
    return provider


def _waits_for_lookalikes(context: StepContext, take: Take, provider: Provider, now: float) -> bool:
    """Put it off where a look could not tell it from a lookalike; whether that was so."""
    lookalikes = _lookalikes(context, take, take.account or provider.account)
    if any(one.state is State.SUBMITTING for one in lookalikes):
        release(context, take, now + 1.0)  # its answer may own a task that looks like ours
        return True
    if not is_sure(take, provider) and _lookalikes(context, take, provider.account):
        # What is on that account's list is theirs first.
        _give_to_the_user(context, take, "no key", other_account(take), NO_KEY_EVERY)
        return True
    return False


def _look_up(context: StepContext, take: Take, provider: Provider, now: float) -> Optional[Told]:
    """Look at the list once, and match takes and tasks."""
    asked = context.clock.monotonic()
    found = look(context, take, provider)
    if isinstance(found, Fault):
        _unread(context, take, provider, found, asked)
        return None
    context.lookups.in_vain.pop((take.id, take.intent_at, "unread"), None)
    view = found.view
    lookalikes = [other for other in view.others if alike(other, take, view.finding)]
    if any(one.state is State.SUBMITTING for one in lookalikes):
        release(context, take, now + 1.0)  # it left, or was answered, while the list was on its way
        return None
    if view.finding.how is Find.ELIMINATION:
        return _eliminate(context, take, provider, found)
    return _match(context, take, found, [one for one in lookalikes if one.state is State.UNKNOWN])


def _match(context: StepContext, take: Take, found: Look, unknown: Sequence[Take]) -> Optional[Told]:
    """Where ids or texts tell. ``unknown``: its lookalikes."""
    view = found.view
    mine = [task for task in view.listed.tasks if same(take, task, view.finding)]
    matched = match([view.take, *unknown], mine, not_ours(view, unknown), view.now, view.ahead, view.finding)
    if matched is None:
        _give_to_the_user(context, take, "several", several(take, mine), KEPT_BACK_EVERY)
        return None
    if take.id in matched and may_show_more(view):
        _await_end(context, take, view)
        return None
    return matched.get(take.id), found.window


def _eliminate(context: StepContext, take: Take, provider: Provider, found: Look) -> Optional[Told]:
    """Where nothing but shapes can tell, nothing is told before the list must show the task, if there is one."""
    waited = _missed_for(context, take, provider) >= found.window and take.attempt + 1 >= LOOKS
    left = eliminated(found.view) if waited else Eliminated()
    if left.doubtful:
        why = several(take, left.doubtful)
        if len(left.doubtful) == 1:
            why = indistinguishable(take, left.doubtful[0])
        _give_to_the_user(context, take, "several", why, KEPT_BACK_EVERY)
        return None
    return left.task, found.window


def not_ours(view: View, lookalikes: Sequence[Take]) -> set[str]:
    """Tasks that somebody owns, or that were on a list before the first of the open creates left."""
    takes = [view.take, *lookalikes]
    before = (one for one, seen in view.seen.items() if all(was_before(seen, take) for take in takes))
    return {*view.owned, *before}


def _unread(context: StepContext, take: Take, provider: Provider, fault: Fault, asked: float) -> None:
    """The list could not be read. A network that is away tells nothing of the list; the next answer ends the wait."""
    if fault.trouble is Trouble.KEY and provider is not context.accounts.current:
        context.accounts.refused(take.account)
    if fault.trouble is Trouble.TRANSPORT:
        context.reach.failed(asked)
    # A key may be good for creates and not for the list; whether it is, the creates tell by themselves.
    of_the_list = fault.trouble is Trouble.KEY and fault.problem.params.get("status") == 403
    if (
        fault.trouble in (Trouble.KEY, Trouble.SETUP)
        and provider is context.accounts.current
        and not of_the_list
    ):
        context.control.stop_buying(fault)
    if fault.trouble is Trouble.TRANSPORT and context.reach.problem() is not None:
        wait = backoff.delay(
            take.attempt + 1, context.config.reconcile.look_every, LONGEST_PAUSE, context.rng
        )
        record(
            context,
            take,
            Change(
                State.UNKNOWN, "look failed", due_at=context.clock.time() + wait, error=lost_create(fault)
            ),
        )
        return
    _in_vain(context, take, "unread", lost_create(fault), fault.retry_after or 0.0)


def _in_vain(context: StepContext, take: Take, what: str, why: Problem, at_least: float = 0.0) -> None:
    """A look told nothing: again after growing pauses, in seconds; after a few, the user decides."""
    key = (take.id, take.intent_at, what)
    count = context.lookups.in_vain[key] = context.lookups.in_vain.get(key, 0) + 1
    if count >= FEW:
        if what == "unread" and not waits_for_user(take):
            context.control.lost(take, take.base_url)  # a list that cannot be read is none
        problem = unread(take, why) if what == "unread" else unproven(take, why)
        _give_to_the_user(context, take, "look failed", problem, LONGEST_PAUSE)
        return
    # A provider that names a day for its list would keep a take that may be paid for from being found.
    wait = max(
        min(at_least, LONGEST_PAUSE),
        backoff.delay(count, context.config.reconcile.look_every, LONGEST_PAUSE, context.rng),
    )
    record(context, take, Change(State.UNKNOWN, "look failed", due_at=context.clock.time() + wait, error=why))


def _give_to_the_user(context: StepContext, take: Take, note: str, why: Problem, again: float = WAIT) -> None:
    change = for_the_user(
        as_dated(context, take), note, why, context.config.polling, context.clock.time(), again
    )
    record(context, take, replace(change, attempt=0))


def _receipt(context: StepContext, take: Take) -> Optional[Receipt]:
    """The receipt of the lost create, where it could be laid down though the ledger could not be written."""
    try:
        receipt = read_receipt(receipt_path(Path(take.output)))
    except OSError:
        return None
    if receipt is None or not receipt.remote_id or receipt.fingerprint != take.fingerprint:
        return None
    if receipt.payer.id != context.claims.payer(take.root).id or context.ledger.owned(
        [receipt.remote_id], receipt.place
    ):
        return None  # another machine's, or that of an earlier create
    return receipt


def _conclude(
    context: StepContext, take: Take, provider: Provider, task: Optional[RemoteTask], window: float
) -> None:
    rules, now = context.config.reconcile, context.clock.time()
    if task is not None:
        logger.info(_("take {id}: its lost create was found as {remote}"), id=take.id, remote=task.remote_id)
        change = adopt(take, task.remote_id, now, task.created_at, provider.account)
        adopted = record_adoption(context, take, change)
        if adopted is not None:
            lay_receipt(context, adopted, provider.currency)
        return
    history = context.ledger.history(take.id)
    looks, again, refusal = take.attempt + 1, refused_again(take, history), refused_for_itself(history)
    if _missed_for(context, take, provider) < window or looks < LOOKS:
        pause = max(rules.look_every, window / MOST_LOOKS)
        later = Change(State.UNKNOWN, "look", due_at=now + pause, attempt=looks)
        record(context, take, later)
    elif not is_sure(take, provider):
        # Its looks count again when the key is back.
        _give_to_the_user(context, take, "no key", other_account(take), NO_KEY_EVERY)
    elif refusal is not None:
        _conclude_absent(context, take, provider, refusal)
    elif take.creates >= context.config.limits.max_creates_per_take or again is not None:
        _give_to_the_user(
            context, take, "waits", again or waits(take), WAIT if again is None else KEPT_BACK_EVERY
        )
    else:
        _conclude_absent(context, take, provider)


def _missed_for(context: StepContext, take: Take, provider: Provider) -> float:
    """For how long that account's list was seen to lack it, in seconds by the clock that never jumps.

    By the intent, not by the number of creates: that begins again where the user has it sent again.
    """
    now = context.clock.monotonic()
    return now - context.lookups.missed.setdefault((take.id, take.intent_at, provider.account), now)


def _conclude_absent(
    context: StepContext, take: Take, provider: Provider, refusal: Optional[Problem] = None
) -> None:
    """It was not accepted, if the list is whole, and no task is left over that may be its own: it is sent again; or it
    fails, where its last create was refused for what it is (``refusal``)."""
    now, asked, moment = context.clock.time(), context.clock.monotonic(), context.ledger.moment()
    if _was_deferred(context, take):
        _give_to_the_user(context, take, "several", take.error or waits(take), KEPT_BACK_EVERY)
        return
    # Where no server tells its time, ours may be wrong by any length: then the whole list is read.
    found = look(context, take, provider, DOUBT if context.times.proven else math.inf)
    if isinstance(found, Fault):
        _unread(context, take, provider, found, asked)
        return
    if _defer(context, take, found.view, moment):
        return
    half = not_whole(found.view)
    if half is not None:
        _in_vain(context, take, "half", half)
        return
    context.lookups.missed.pop((take.id, take.intent_at, provider.account), None)
    if refusal is None:
        _queue_again(context, take, now)
        return
    logger.warning(_("take {id}: not bought: {problem}"), id=take.id, problem=str(refusal))
    after = record(context, take, Change(State.FAILED, "refused", error=refusal, refused=True))
    if after is not None:
        drop_intent(context.claims.payer(take.root), take, after)


def _defer(context: StepContext, take: Take, view: View, began: Moment) -> bool:
    """Keep it back where a task is left over that may be its own; whether one is. ``began``: the look."""
    left = list(blocking_tasks(view))
    if not left:
        return False
    if view.finding.how is Find.TEXT_LATER and all(task.running for task in left):
        _await_end(context, take, view)
    elif _is_passing(view, left, began):
        due_at = context.clock.time() + context.config.reconcile.look_every
        record(context, take, Change(State.UNKNOWN, "look", due_at=due_at, attempt=take.attempt))
    else:
        _give_to_the_user(context, take, "several", indistinguishable(take, left[0]), KEPT_BACK_EVERY)
    return True


def _await_end(context: StepContext, take: Take, view: View) -> None:
    """Tasks that may be its own still run, and show their texts with the end: the next looks tell. One that runs for
    longer than tasks do may never end: then the user is asked, and the looks go on."""
    until = view.intent_at + max(context.config.polling.give_up_after, view.finding.seen_after)
    running = [task for task in blocking_tasks(view) if task.running]
    asks = view.now >= until
    why = unfinished(take, running, until, asks=asks)
    if asks:
        _give_to_the_user(context, take, "unfinished", why, LONGEST_PAUSE)
        return
    due_at = view.now + max(context.config.reconcile.look_every, UNFINISHED_EVERY)
    record(context, take, Change(State.UNKNOWN, "look", due_at=due_at, attempt=take.attempt, error=why))


def _is_passing(view: View, left: Sequence[RemoteTask], began: Moment) -> bool:
    """Whether the next look may tell whose tasks these are.

    So it is with one of a create that is being answered, one of a lookalike that has not adopted it yet, and where all
    have come on the list just now.
    """
    news = all(task.remote_id in view.seen and view.seen[task.remote_id].at >= began for task in left)
    return news or any(kind(view, task) is Kind.OURS for task in left)


def _queue_again(context: StepContext, take: Take, now: float) -> None:
    after = record(
        context, take, Change(State.QUEUED, "not accepted", due_at=now, attempt=0, clear_error=True)
    )
    if after is None:
        return
    if after.state is State.QUEUED:
        logger.info(_("take {id}: its create was not accepted; it is sent again"), id=take.id)
    else:
        logger.info(_("take {id}: its create was not accepted, and it is no longer wanted"), id=take.id)
    drop_intent(context.claims.payer(take.root), take, after)


def _was_deferred(context: StepContext, take: Take) -> bool:
    """Whether it waits for the user because of a task that still nobody owns, even if lists show it no more."""
    if take.error is None or take.error.code != "take.several":
        return False
    named = str(take.error.params.get("remote_id", ""))
    return not named or not context.ledger.owned([named], take.place)


def _lookalikes(context: StepContext, take: Take, account: str) -> list[Take]:
    """Those of the open creates that look alike."""
    finding = context.accounts.current.capabilities.finding
    return [one for one in open_creates(context, take, account) if alike(one, take, finding)]


def wait_for_lookalike(context: StepContext, take: Take) -> Optional[float]:
    """How long a take must wait because of one that looks alike, in seconds; ``None``: it need not.

    While one of the same request is unknown, the two could not be told apart at the provider. Others that look
    alike leave one after the other, as long as each can be looked up: where both answers were lost, only the
    user could tell which is which. One that waits for the user already holds up no other request.
    """
    provider, look_every = context.accounts.current, context.config.reconcile.look_every
    finding = provider.capabilities.finding
    if finding.exact:
        take = replace(take, sent=sent_as_json(provider.sent(take.effective_request)))
    lookalikes = _lookalikes(context, take, provider.account)
    unknown = [
        one for one in lookalikes if one.state is State.UNKNOWN and one.fingerprint == take.fingerprint
    ]
    if unknown:
        return USER_WAIT if all(map(waits_for_user, unknown)) else look_every
    if not can_look_up(context, provider) or (finding.how is Find.ELIMINATION and not finding.exact):
        return None
    return _wait_for_others([one for one in lookalikes if one.fingerprint != take.fingerprint], look_every)


def _wait_for_others(lookalikes: Sequence[Take], look_every: float) -> Optional[float]:
    """The same for those of another request. Pure."""
    states = {one.state for one in lookalikes if not waits_for_user(one)}
    if State.UNKNOWN in states:
        return look_every
    return AFTER_LOOKALIKE if states else None


def record_adoption(context: StepContext, take: Take, change: Change) -> Optional[Take]:
    """Write an adoption down; ``None`` also where another take has got that task just now: then it is looked again."""
    try:
        return record(context, take, change)
    except IdOwned:
        later = context.clock.time() + context.config.reconcile.look_every
        record(context, take, Change(State.UNKNOWN, "look", due_at=later))
        return None


def can_look_up(context: StepContext, provider: Provider) -> bool:
    """Whether a lost create is looked up by itself."""
    return provider.capabilities.lists_tasks and context.config.reconcile.on_unknown != "hold"
