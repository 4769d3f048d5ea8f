"""Reuse: a take whose text another storyboard nearby has bought gets that video, in place of a purchase.

Asked right before a create, and again under the lock of the budget, so that two storyboards that come at once do not
both buy. Nothing is remembered of a wait: if the source fails or is cancelled, the next look finds none, and buys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.delivery.outcome import blocked
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.dedupe import LOOK_AGAIN
from sorad.heartbeat import beat
from sorad.ledger.reused import NO_REUSE, bought_as, source_for
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.sharing import is_whole, room_at, take_over, take_over_again


def source_of(context: StepContext, take: Take) -> Optional[Take]:
    """The take whose video serves this one, or will; ``None``: it is to be bought. ``OSError``."""
    reuse = next((watch.reuse for watch in context.config.watch if str(watch.path) == take.root), NO_REUSE)
    if reuse == NO_REUSE or take.extra:
        return None
    takes = list(_alike(take, context.ledger.with_text(take.fingerprint)))
    while len(takes) > 1:
        source = source_for(take, takes, reuse)
        if source is None or source.state is not State.DONE or context.folders.is_away(source.mount):
            return source
        if is_whole(source):
            return source
        takes = [one for one in takes if one.id != source.id]
    return None


def _alike(take: Take, takes: Iterable[Take]) -> Iterator[Take]:
    """Those whose video would do, and its own storyboard's: of a shot that continues another, what begins with its
    frame."""
    for one in takes:
        if not take.request.continues or one.frame == take.frame or one.storyboard_id == take.storyboard_id:
            yield one


def is_beside(context: StepContext, take: Take) -> bool:
    """Whether there is a video for it, or will be, or that cannot be told just now."""
    try:
        return source_of(context, take) is not None
    except OSError:
        return True


def is_reused_and_missing(take: Take) -> bool:
    """Whether it was done with another one's video, and its own file is gone."""
    return take.state is State.DONE and take.reused != "" and take.error is not None


def take_again(context: StepContext, take: Take) -> bool:
    """Take a reused video that is missing from its source once more; whether it is there now."""
    with context.locks.reusing:
        sources = bought_as(take, context.ledger.with_text(take.fingerprint))
        machine, now = context.claims.payer(take.root).id, context.clock.time()
        again = take_over_again(take, sources, now, context.config.disk.min_free, machine)
        return again is not None and record(context, take, again) is not None


def _bring(context: StepContext, take: Take, source: Take) -> None:
    room = room_at(Path(take.output), context.config.disk.min_free)
    take_over(take, source, context.clock.time(), room, beat, context.claims.payer(take.root).id)


def reuse(context: StepContext, take: Take) -> bool:
    """Whether a take, claimed as ``queued``, is not to be bought: it has its video now, or waits for one."""
    with context.locks.reusing:
        try:
            source = source_of(context, take)
            if source is None:
                return False
            if source.state is not State.DONE or context.folders.is_away(source.mount):
                release(context, take, context.clock.time() + context.config.polling.every)
                return True
            _bring(context, take, source)
        except OSError as error:
            why = blocked(error, Path(take.output).parent).problem
            logger.warning(_("take {id}: not reused yet: {problem}"), id=take.id, problem=str(why))
            record(
                context,
                take,
                Change(State.QUEUED, "reuse", due_at=context.clock.time() + LOOK_AGAIN, error=why),
            )
            return True
        now = context.clock.time()
        done = Change(
            State.DONE,
            "reused",
            reused=source.remote_id,
            cost=0,
            attempt=0,
            clear_error=True,
            finished_at=now,
            frame=take.frame or None,
            frame_path=take.frame_path or None,
            frame_of=take.frame_of or None,
        )
        record(context, take, done)
    logger.info(
        _("take {id} ({storyboard}, segment {segment}): reused from {source}, nothing was bought"),
        id=take.id,
        storyboard=take.storyboard,
        segment=take.segment,
        source=source.output,
    )
    return True
