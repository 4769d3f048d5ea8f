"""Reconcile: a create whose answer was lost. Look at the provider's list; never resend blindly."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.delivery.receipt import Receipt, read_receipt
from sorad.engine import backoff
from sorad.engine.matching import SKEW, match
from sorad.engine.receipts import write_receipt_for
from sorad.engine.steps.kit import Kit, record, release
from sorad.layout import receipt_path
from sorad.ledger.interface import Change
from sorad.messages import N_, _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Fault, Provider, RemoteTask

# A take that waits for the user is looked at again once a day, for its provider may list by then.
WAIT = 86_400.0
# A take whose twin waits for the user is looked at again at this pace.
USER_WAIT = 60.0
# "Nothing there" counts only when it was seen this often, the last time after the window.
LOOKS = 2


def reconcile(kit: Kit, take: Take) -> None:
    """One take, claimed as ``unknown``: one look at the list."""
    now = kit.clock.time()
    told = _receipt(kit, take)
    if told is not None:
        logger.info(_("take {id}: its receipt tells its task {remote}"), id=take.id, remote=told.remote_id)
        record(kit, take, adopt(told.remote_id, now, told.accepted_at))
        return
    provider = kit.accounts.of(take)
    if isinstance(provider, Problem):
        record(kit, take, Change(State.UNKNOWN, "no key", due_at=now + WAIT, error=provider))
        return
    rules = kit.config.reconcile
    if rules.on_unknown == "hold" or not provider.capabilities.lists_tasks:
        record(kit, take, Change(State.UNKNOWN, "waits", due_at=now + WAIT, error=waits(take)))
        return
    twins = _twins(kit, take)
    if any(twin.state is State.SUBMITTING for twin in twins):
        release(kit, take, now + 1.0)  # its answer may own a task that looks like ours
        return
    listed = provider.recent((take.intent_at or now) - SKEW)
    if isinstance(listed, Fault):
        wait = max(
            listed.retry_after or 0.0, backoff.delay(take.attempt + 1, rules.look_every, 300.0, kit.rng)
        )
        record(kit, take, Change(State.UNKNOWN, "look failed", due_at=now + wait, error=listed.problem))
        return
    owned = kit.ledger.owned([task.remote_id for task in listed])
    unknown = [twin for twin in twins if twin.state is State.UNKNOWN]
    matched = match([take, *unknown], listed, owned, now)
    if matched is None:
        record(kit, take, Change(State.UNKNOWN, "several", due_at=now + WAIT, error=several(take)))
        return
    _conclude(kit, take, provider, matched.get(take.id))


def _receipt(kit: Kit, take: Take) -> Optional[Receipt]:
    """The receipt of the lost create, where it could be laid down though the ledger could not be written."""
    try:
        receipt = read_receipt(receipt_path(Path(take.output)))
    except OSError:
        return None
    if receipt is None or not receipt.remote_id or receipt.fingerprint != take.fingerprint:
        return None
    if receipt.payer.id != kit.payer(take.root).id or kit.ledger.owned([receipt.remote_id]):
        return None  # another machine's, or that of an earlier create
    return receipt


def _conclude(kit: Kit, take: Take, provider: Provider, task: Optional[RemoteTask]) -> None:
    rules, now = kit.config.reconcile, kit.clock.time()
    if task is not None:
        logger.info(_("take {id}: its lost create was found as {remote}"), id=take.id, remote=task.remote_id)
        adopted = record(kit, take, adopt(task.remote_id, now, task.created_at))
        if adopted is not None:
            write_receipt_for(adopted, provider.currency, payer=kit.payer(take.root))
        return
    looks = take.attempt + 1
    end = (take.intent_at or now) + rules.window
    if now < end or looks < LOOKS:
        later = Change(State.UNKNOWN, "look", due_at=now + rules.look_every, attempt=looks)
        record(kit, take, later)
    elif take.creates >= kit.config.limits.max_creates_per_take:
        record(kit, take, Change(State.UNKNOWN, "waits", due_at=now + WAIT, error=waits(take)))
    else:
        logger.info(_("take {id}: its create was not accepted; it is sent again"), id=take.id)
        record(kit, take, Change(State.QUEUED, "not accepted", due_at=now, attempt=0, clear_error=True))


def adopt(remote_id: str, now: float, created_at: Optional[float] = None) -> Change:
    """The change that makes a task of the provider's list ours."""
    return Change(
        State.GENERATING,
        "adopted",
        due_at=now,
        attempt=0,
        clear_error=True,
        remote_id=remote_id,
        accepted_at=min(created_at, now) if created_at is not None else now,
    )


def _twins(kit: Kit, take: Take) -> list[Take]:
    """Other takes with the same request whose create is open."""
    open_creates = kit.ledger.takes(states=[State.SUBMITTING, State.UNKNOWN])
    return [twin for twin in open_creates if twin.id != take.id and twin.fingerprint == take.fingerprint]


def wait_for_twin(kit: Kit, take: Take) -> Optional[float]:
    """How long a take must wait because one of the same request is unknown, in seconds; ``None``: it need not.

    Sent now, the two could not be told apart at the provider.
    """
    unknown = [twin for twin in _twins(kit, take) if twin.state is State.UNKNOWN]
    if not unknown:
        return None
    if all(waits_for_user(twin) for twin in unknown):
        return USER_WAIT
    return kit.config.reconcile.look_every


def waits_for_user(take: Take) -> bool:
    """Whether an unknown take is past what sorad can find out by itself."""
    return take.error is not None and take.error.code in ("take.unknown", "take.several", "account.key")


def waits(take: Take) -> Problem:
    """The user has to say what became of a create."""
    return Problem(
        "take.unknown",
        N_("it is not known whether the provider accepted it, and its list of tasks cannot tell."),
        N_(
            "Look at your account there, then `sorad resolve {take} --adopt TASK_ID` if it is there, "
            "`--resend` if it is not, or `--drop`."
        ),
        {"take": take.id},
    )


def several(take: Take) -> Problem:
    """More tasks look like ours than we have lost."""
    return Problem(
        "take.several",
        N_("several tasks at the provider could be this one."),
        N_(
            "Look at your account there, then `sorad resolve {take} --adopt TASK_ID`, `--resend` or `--drop`."
        ),
        {"take": take.id},
    )
