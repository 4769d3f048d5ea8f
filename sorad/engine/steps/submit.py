"""Submit: buy a take. The intent is committed before the request leaves."""

from __future__ import annotations

from loguru import logger

from sorad.engine import decide
from sorad.engine.decide import Verdict
from sorad.engine.receipts import write_receipt_for
from sorad.engine.steps.kit import Kit, record, release
from sorad.engine.steps.reconcile import blocked_by_twin
from sorad.ledger.interface import Change, ClaimLost, LedgerUnavailable
from sorad.messages import N_, _
from sorad.model import State, Take
from sorad.problems import Problem


def submit(kit: Kit, take: Take) -> None:
    """One take, claimed as ``queued``: one intent, one create, one outcome."""
    if kit.stopping() or not kit.control.may_leave():
        release(kit, take)
        return
    if take.creates >= kit.config.limits.max_creates_per_take:
        record(kit, take, Change(State.FAILED, "too many creates", error=_too_many(take)))
        return
    if blocked_by_twin(kit, take):
        release(kit, take, kit.clock.time() + kit.config.reconcile.look_every)
        return
    provider = kit.accounts.current
    price = provider.price(take.request)
    try:
        intent = kit.ledger.record(
            take,
            Change(
                State.SUBMITTING,
                "intent",
                intent=True,
                keep_claim=True,
                provider=provider.kind,
                base_url=provider.base_url,
                account=provider.account,
                cost=price,
            ),
            kit.clock.time(),
        )
    except (LedgerUnavailable, ClaimLost) as error:
        # Without the intent nothing leaves.
        logger.warning(_("take {id}: not bought, the ledger cannot be written: {error}"), id=take.id, error=error)
        release(kit, take)
        return
    outcome = provider.create(intent.request)
    result = decide.after_create(intent, outcome, price, kit.config.polling, kit.clock.time())
    written = record(kit, intent, result.change)
    kit.control.created(result)
    _tell(intent, result)
    if written is not None and written.state is State.GENERATING:
        write_receipt_for(written, provider.currency)


def _tell(take: Take, result: decide.AfterCreate) -> None:
    log = logger.bind(request_id=result.change.request_id or "")
    if result.verdict is Verdict.GOOD:
        log.info(
            _("take {id} ({storyboard}, segment {segment}): bought as {remote}"),
            id=take.id,
            storyboard=take.storyboard,
            segment=take.segment,
            remote=result.change.remote_id,
        )
    else:
        log.warning(
            _("take {id}: create {note}: {problem}"),
            id=take.id,
            note=result.change.note,
            problem=str(result.change.error),
        )


def _too_many(take: Take) -> Problem:
    return Problem(
        "take.creates",
        N_("{count} creates have left for it already; no other is sent by itself."),
        N_("Look at `sorad show {take}`; `sorad redo {take}` buys it anew."),
        {"count": take.creates, "take": take.id},
    )
