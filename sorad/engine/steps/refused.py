"""Refused: a create that was answered with 429 is looked for on the list before the next try.

Some gateways take a task on, and answer 429 for a limit that they meet behind it. A refusal is no doubt, and costs
nothing; but a look at the list is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional, Union

from loguru import logger

from sorad.engine.late import creates_that_left
from sorad.engine.matching import alike, began, lookalike, match, same
from sorad.engine.steps.kit import Kit, record, release
from sorad.engine.steps.reconcile import DOUBT, adopt, changed_text, for_the_user, open_creates, several
from sorad.ledger.interface import Change, ClaimLost, LedgerUnavailable
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Provider, RemoteTask
from sorad.receipts.writing import write_receipt_for

# A list that cannot be read so often in a row is none: a refusal is proof enough by itself.
UNREADABLE = 5


def accepted_after_all(kit: Kit, take: Take) -> bool:
    """Whether a take, claimed as ``queued``, is not to be sent just now, for its refused create may have been taken on.

    Then its task is adopted, or the user decides, or the list is read again later.
    """
    if not take.attempt or take.intent_at is None:
        return False
    provider = kit.accounts.of(take)
    if isinstance(provider, Problem) or not provider.capabilities.lists_tasks:
        return False
    first = _since_the_first(kit, take)
    listed = provider.recent(began(first, kit.clock.time(), kit.times.ahead))
    if isinstance(listed, Fault):
        return _unread(kit, take, listed)
    kit.unread = 0
    found = _found(kit, first, provider, listed)
    if isinstance(found, RemoteTask):
        _adopt(kit, take, provider, found)
    elif found is not None:
        _open(kit, take, found)
    return found is not None


def _found(
    kit: Kit, first: Take, provider: Provider, listed: Sequence[RemoteTask]
) -> Union[RemoteTask, Problem, None]:
    """Its task; why that cannot be told; or ``None``: nothing on the list may be one."""
    now = kit.clock.time()
    owned = kit.ledger.owned([task.remote_id for task in listed])
    refused = _refused_too(kit, first)
    mine = [task for task in listed if same(first.request, task)]
    alike_too = [one for one in refused if alike(one.request, first.request)]
    matched = match([first, *alike_too], mine, owned, now, kit.times.ahead)
    if matched is None:
        return several(first)
    if first.id in matched:
        return matched[first.id]
    others = [*open_creates(kit, first, provider.account), *refused]
    like_it = lookalike(first, listed, owned, others, now, kit.times.ahead)
    return None if like_it is None else changed_text(first, like_it)


def _since_the_first(kit: Kit, take: Take) -> Take:
    """The take as of its first create of late: the task of an earlier one may be on the list only now."""
    recent = kit.clock.time() - DOUBT
    left = [at for at in creates_that_left(kit.ledger.history(take.id)) if at > recent]
    return replace(take, intent_at=min([*left, take.intent_at or recent]))


def _refused_too(kit: Kit, take: Take) -> list[Take]:
    """Others that a task on the list may belong to."""
    queued = kit.ledger.takes(states=[State.QUEUED])
    return [one for one in queued if one.attempt and one.intent_at is not None and one.id != take.id]


def _unread(kit: Kit, take: Take, fault: Fault) -> bool:
    kit.unread += 1
    if kit.unread >= UNREADABLE:
        return False
    release(kit, take, kit.clock.time() + max(fault.retry_after or 0.0, kit.config.reconcile.look_every))
    return True


def _adopt(kit: Kit, take: Take, provider: Provider, task: RemoteTask) -> None:
    intent = _intent(kit, take)
    if intent is None:
        return
    logger.warning(
        _("take {id}: its create was refused and accepted all the same, as {remote}"),
        id=take.id,
        remote=task.remote_id,
    )
    change = adopt(intent, task.remote_id, kit.clock.time(), task.created_at, provider.account)
    adopted = record(kit, intent, change)
    if adopted is not None:
        write_receipt_for(adopted, provider.currency, payer=kit.payer(take.root))


def _open(kit: Kit, take: Take, why: Problem) -> None:
    """The user has to say whether the create was accepted; until then it counts."""
    intent = _intent(kit, take)
    if intent is not None:
        logger.warning(_("take {id} is not sent again: {problem}"), id=take.id, problem=str(why))
        record(kit, intent, for_the_user(intent, "several", why, kit.config.polling, kit.clock.time()))


def _intent(kit: Kit, take: Take) -> Optional[Take]:
    """Take the refusal back: the create is open again, and its money may be out."""
    change = Change(
        State.SUBMITTING,
        "maybe accepted",
        intent=True,
        intent_at=take.intent_at,
        keep_claim=True,
        cost=kit.accounts.current.price(take.request),
    )
    try:
        return kit.ledger.record(take, change, kit.clock.time())
    except ClaimLost:
        return None  # no longer wanted: its storyboard changed just now
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be used just now: {error}"), error=str(error))
        release(kit, take)
        return None
