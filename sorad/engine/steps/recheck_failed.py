"""Again: a task that was said to have failed is asked after for a day more. It costs nothing, and some end well."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Callable, Optional, Union

from loguru import logger

from sorad.engine.decide.paid_twice import bought_anew, remember
from sorad.engine.decide.transitions import goes_on
from sorad.engine.state.absent import BELIEVED, is_absent
from sorad.engine.state.accounts import is_sure
from sorad.engine.steps.context import StepContext
from sorad.engine.steps.follow import after_looks
from sorad.engine.steps.poll import ask_after
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.redo import place_of
from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.recheck import NEARLY, after_answer, after_trouble
from sorad.ledger.values import Change, Recheck
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Finished, Polled, Provider, Running, TaskFailed, Trouble
from sorad.receipts.folder import gone

# Its take is being worked on just then: looked at again after so many seconds.
BUSY = 5.0
# A task of one of these is not on its way, and one whose take is in one of these has a free place.
_PUT_ASIDE = (State.FAILED, State.CANCELLED)
_UNSENT = (State.QUEUED, State.HELD)


def asking(recheck: Recheck) -> Callable[[StepContext, Take], None]:
    """The step for a look that was claimed."""

    def ask_again(context: StepContext, _take: Take) -> None:
        _ask(context, recheck)

    return ask_again


def _ask(context: StepContext, recheck: Recheck) -> None:
    owners = context.ledger.with_tasks([recheck.take.remote_id], recheck.take.place)
    absent = next((owner for owner in owners if is_absent(owner)), None)
    if absent is not None:
        _fetch_absent(context, recheck, absent)
    elif any(owner.state not in _PUT_ASIDE for owner in owners):
        context.ledger.rechecked(recheck, None)  # on its way already, or here
    else:
        _ask_failed(context, recheck)


def _ask_failed(context: StepContext, recheck: Recheck) -> None:
    take, now = recheck.take, context.clock.time()
    provider = context.accounts.of(take)
    if isinstance(provider, Problem) or context.claims.is_foreign(take):
        context.ledger.rechecked(recheck, after_trouble(recheck.waited, now))
        return
    found = _poll(context, take, provider)
    if isinstance(found, Fault):
        context.ledger.rechecked(recheck, after_trouble(recheck.waited, now))
    elif not isinstance(found, (Running, Finished)):
        due = after_answer(recheck.waited, now)
        if isinstance(found, TaskFailed) and due is None:
            _go_on_elsewhere(context, recheck, found)
        context.ledger.rechecked(recheck, due)
    else:
        _tell(context, recheck, found, provider.currency)
        back = _bring_back(context, take, found, provider.currency)
        if back is not None:
            lay_receipt(context, back, provider.currency)
        context.ledger.rechecked(recheck, None if back is not None else context.clock.time() + BUSY)


def _go_on_elsewhere(context: StepContext, recheck: Recheck, found: TaskFailed) -> None:
    """It failed for good: it goes on where its take still stands as that task left it, and nobody bought it anew."""
    take = recheck.take
    present = context.ledger.take(take.id)
    if present is None or present.state is not State.FAILED or present.claim or not is_of(present, take):
        return
    if context.ledger.bought_since(recheck):
        return
    change = after_looks(context, present, found)
    if change is not None:
        _record(context, present, change)


def is_of(present: Take, take: Take) -> bool:
    """Whether a take still has the task that another view of it has."""
    return (present.place, present.remote_id) == (take.place, take.remote_id)


def _fetch_absent(context: StepContext, recheck: Recheck, take: Take) -> None:
    """It was delivered elsewhere, and only its receipt came: it is fetched while the provider has it, never bought."""
    provider = context.accounts.of(take)
    if context.claims.is_foreign(take) or context.folders.is_away(take.mount):
        context.ledger.rechecked(recheck, None)  # asked for again when that has changed
        return
    now = context.clock.time()
    if isinstance(provider, Problem):
        context.ledger.rechecked(recheck, after_trouble(recheck.waited, now))
        return
    found = _poll(context, take, provider)
    now = context.clock.time()
    if isinstance(found, (Running, Finished)):
        back = _record(context, take, goes_on(take, found, context.config.polling, now))
        if back is not None and isinstance(found, Finished):
            context.deliveries.videos[back.id] = found.video
        context.ledger.rechecked(recheck, None)
    elif isinstance(found, Fault):
        context.ledger.rechecked(recheck, after_trouble(recheck.waited, now))
    elif recheck.waited < BELIEVED - NEARLY:
        context.ledger.rechecked(recheck, now + BELIEVED - recheck.waited)
    else:
        why = gone(Path(take.output))
        _record(context, take, Change(State.DONE, "gone", error=why))
        context.ledger.rechecked(recheck, None)
        logger.warning(_("take {id}: {problem}"), id=take.id, problem=why.text())


def _record(context: StepContext, take: Take, change: Change) -> Optional[Take]:
    """The change; ``None`` where the take changed meanwhile."""
    try:
        return context.ledger.record(take, change, context.clock.time())
    except (ClaimLost, IllegalMove):
        return None


def _poll(context: StepContext, take: Take, provider: Provider) -> Polled:
    began = context.clock.monotonic()
    found = ask_after(context, take, provider)
    if isinstance(found, Fault):
        if found.trouble is Trouble.TRANSPORT:
            context.reach.failed(began)
        if found.trouble is Trouble.KEY and not is_sure(take, context.accounts.current):
            context.accounts.refused(take.account)
    return found


def _bring_back(
    context: StepContext, take: Take, found: Union[Running, Finished], currency: str
) -> Optional[Take]:
    """Its take as it is now, or one beside it where its own has another task; ``None``: that is just changing."""
    now = context.clock.time()
    change = goes_on(take, found, context.config.polling, now)
    change = replace(change, cost=_settled(context, take, found), currency=currency)
    present = context.ledger.take(take.id)
    if present is None:
        return None
    try:
        if present.state in (*_PUT_ASIDE, *_UNSENT):
            if present.claim:
                return None
            back = context.ledger.record(present, change, now)
        else:
            back = context.ledger.deliver_beside(take, change, partial(_place, context, take), now)
    except (ClaimLost, IllegalMove):
        return None
    if isinstance(found, Finished):
        context.deliveries.videos[back.id] = found.video
    return back


def _settled(context: StepContext, take: Take, found: Union[Running, Finished]) -> Optional[int]:
    """What it costs, now that it did not fail: as it says, or else as was estimated; that counts as spent again."""
    paid = [one for one in context.ledger.bought(take.id) if one.remote_id == take.remote_id]
    told = found.cost if isinstance(found, Finished) else None
    cost = told if told is not None else next((one.estimate for one in paid), None)
    if cost is not None and any(one.cost != cost for one in paid):
        context.ledger.settle(take, cost, told=told is not None)
    return cost


def _place(context: StepContext, take: Take, number: int) -> str:
    return str(place_of(take, number, take.fingerprint, context.config))


def _tell(context: StepContext, recheck: Recheck, found: Union[Running, Finished], currency: str) -> None:
    """Before its take moves: what is told twice is told once, what is not told at all is lost."""
    take = recheck.take
    logger.warning(
        _("take {id}: its task {remote} was said to have failed, and goes on after all"),
        id=take.id,
        remote=take.remote_id,
    )
    others = context.ledger.bought_since(recheck)
    if others:
        why = bought_anew(take, others, _settled(context, take, found), currency)
        remember(context.ledger, why, context.clock.time())
        logger.warning("{}", why.text())
