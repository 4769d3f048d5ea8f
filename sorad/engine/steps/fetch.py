"""Fetch: download, verify, deliver. Never leads back to a create."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional, Union

import psutil
from loguru import logger

from sorad.delivery.outcome import Blocked, Obstacle, Received, Stopped, disk_away, no_room
from sorad.delivery.receive import Outcome, receive
from sorad.engine.decide import backoff
from sorad.engine.decide.missing_key import keyless
from sorad.engine.decide.not_found import NO_ADDRESS
from sorad.engine.decide.rescue import NOTE
from sorad.engine.decide.transitions import is_given_up
from sorad.engine.state.disk import free_bytes
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.foreign import left_to_its_buyer
from sorad.engine.steps.last_frame import keep_last_frame
from sorad.engine.steps.pictures import compare
from sorad.engine.steps.poll import poll
from sorad.engine.steps.receipts import lay_receipt
from sorad.engine.steps.rescue import rescue, rescue_at
from sorad.layout import video_at
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Download, Fault, Provider, Trouble, Video
from sorad.receipts.folder import gone
from sorad.receipts.place import look, vouched
from sorad.receipts.writing import base_of, lies_below, write_receipt_for

# Pauses between tries, in seconds: the first and the longest.
AGAIN_FIRST, AGAIN_LONGEST = 2.0, 600.0
# A full disk and a folder that is away are looked at at this pace.
LOOK_AGAIN = 30.0
# A task whose video is not to be found is asked after no less often.
ASK_AGAIN = 60.0
# One that crawled goes on so much later.
PUT_OFF = 60.0


def fetch(context: StepContext, take: Take) -> None:
    """One take, claimed as ``downloading``. Without its URL (a restart, an expiry) it is polled for first."""
    if context.process.stopping():
        release(context, take)
        return
    if left_to_its_buyer(context, take):
        return
    video = context.deliveries.videos.get(take.id)
    if video is None:
        if not _is_there(take):
            poll(context, take)
            return
        # sorad ended between the rename and the commit: the provider need not be asked any more.
        video = Video("")
    provider = context.accounts.of(take)
    if isinstance(provider, Problem):
        record(context, take, keyless(take, provider, context.clock.time()))
        return

    def open_at(offset: int, validator: str) -> Download | Fault:
        found = provider.open_video(take.remote_id, video, offset, validator)
        if isinstance(found, Download):
            resumable = found.ranges and bool(found.validator)
            context.deliveries.downloads.opened(take.id, found.offset, found.total, resumable=resumable)
        return found

    context.deliveries.downloads.began(take.id)
    try:
        outcome = _away(context, take) or _receive(context, take, open_at, provider.currency)
        put_off = context.deliveries.downloads.is_cut(take.id)
    finally:
        context.deliveries.progress.ended(take.id)
        context.deliveries.downloads.ended(take.id)
    if isinstance(outcome, Received):
        keep_last_frame(context, take, provider, video)
        _delivered(context, take, outcome, provider.currency)
    elif isinstance(outcome, Stopped):
        release(context, take, context.clock.time() + PUT_OFF if put_off else None)
    elif isinstance(outcome, Blocked):
        _blocked(context, take, provider, video, outcome)
    else:
        _again(context, take, outcome, video)


def _is_there(take: Take) -> bool:
    video = video_at(take.output)
    try:
        return vouched(video, look(video), take.remote_id) is not None
    except OSError:
        return False


def _away(context: StepContext, take: Take) -> Optional[Blocked]:
    """Its disk is not there, though a folder may stand in its place: nothing is put into that."""
    if not lies_below(take.output, take.mount) or not context.folders.is_away(take.mount):
        return None
    return disk_away(take.mount)


def _receive(
    context: StepContext, take: Take, open_at: Callable[[int, str], Union[Download, Fault]], currency: str
) -> Outcome:
    def started(validator: str) -> None:
        # Kept, so that a restart can resume what is there.
        record(context, take, Change(take.state, "download", validator=validator, keep_claim=True))

    def brought(size: int, sha256: str) -> None:
        fetched = Received(size, sha256, placed=False)
        error = write_receipt_for(take, currency, fetched, context.claims.payer(take.root))
        if error is not None:
            raise error

    def progress(got: int, total: Optional[int]) -> None:
        context.deliveries.progress.fetched(take.id, take.output, got, total)
        context.deliveries.downloads.came(take.id, got, total)

    return receive(
        open_at,
        video_at(take.output),
        validator=take.validator,
        keep_free=context.config.disk.min_free,
        stop=lambda: context.process.stopping() or context.deliveries.downloads.is_cut(take.id),
        started=started,
        progress=progress,
        free=free_bytes,
        task=take.remote_id,
        brought=brought,
        base=base_of(take),
        booted_at=psutil.boot_time(),
        partial=context.partials(take).path(video_at(take.output), context.task(take)),
        sleep=context.process.pause,
    )


def _delivered(context: StepContext, take: Take, received: Received, currency: str) -> None:
    now = context.clock.time()
    done = Change(
        State.DONE,
        "delivered",
        attempt=0,
        clear_error=True,
        output=take.output,  # where it lies now: the storyboard may have been renamed meanwhile
        finished_at=now,
        validator="",
        request_id=received.request_id or None,
    )
    # The receipt first: nobody comes back to a take that is done, and a death between the two would leave a
    # receipt that still speaks of a generation.
    delivered = replace(take, finished_at=now, request_id=received.request_id or take.request_id)
    untold = lay_receipt(context, delivered, currency, received)
    if untold is not None:
        # The receipt comes as soon as the disk takes it; until then it is not done.
        folder = video_at(take.output).parent
        free = free_bytes(folder)
        if free < context.config.disk.min_free:  # the video took the last room
            untold = no_room(folder, free, context.config.disk.min_free)
        later = Change(State.DOWNLOADING, "download", due_at=now + LOOK_AGAIN, error=untold.problem)
        record(context, take, later)
        return
    compare(context, take, currency)
    record(context, take, done)
    context.partials(take).forget(video_at(take.output), context.task(take))
    context.deliveries.videos.pop(take.id, None)
    context.folders.delivered(received.size)
    context.deliveries.progress.delivered(take.output)
    logger.bind(request_id=received.request_id).info(
        _("take {id}: delivered {output}"), id=take.id, output=take.output
    )


def _blocked(context: StepContext, take: Take, provider: Provider, video: Video, outcome: Blocked) -> None:
    """This machine does not take it: it is tried again, and rescued when that has lasted too long."""
    now = context.clock.time()
    at = rescue_at(context, take, outcome)
    if now >= at:
        rescue(context, take, provider, video, outcome.problem)
        return
    wait = LOOK_AGAIN
    if outcome.obstacle not in (Obstacle.FULL, Obstacle.GONE):
        wait = max(wait, _pause(context, take))
    _try_later(context, take, outcome.problem, min(now + wait, at))


def _again(context: StepContext, take: Take, fault: Fault, video: Video) -> None:
    """It did not come whole: when to try again, and whether the URL is still good."""
    other = video.next() if fault.trouble in (Trouble.BAD_FILE, Trouble.EXPIRED) else None
    if other is not None:
        context.deliveries.videos[take.id] = other
        change = Change(State.DOWNLOADING, NOTE, due_at=context.clock.time(), error=fault.problem)
        record(context, take, change)
        logger.info(
            _("take {id}: no video at one address, the next is tried: {problem}"),
            id=take.id,
            problem=str(fault.problem),
        )
        return
    if is_given_up(take, fault):
        why = gone(video_at(take.output))
        record(context, take, Change(State.DONE, NOTE, attempt=0, error=why))
        logger.warning(_("take {id}: download: {problem}"), id=take.id, problem=str(fault.problem))
        return
    pause = _pause(context, take)
    if fault.problem.code == NO_ADDRESS:
        pause = min(pause, ASK_AGAIN)  # the config is being mended, maybe, and asking is cheap
    wait = max(pause, min(fault.retry_after or 0.0, AGAIN_LONGEST))
    if fault.trouble is Trouble.EXPIRED and not take.attempt:
        wait = 0.0
    if fault.trouble is not Trouble.TRANSPORT:
        context.deliveries.videos.pop(take.id, None)  # a new URL is asked for
    _try_later(context, take, fault.problem, context.clock.time() + wait, fault.request_id)


def _pause(context: StepContext, take: Take) -> float:
    return backoff.delay(take.attempt + 1, AGAIN_FIRST, AGAIN_LONGEST, context.rng)


def _try_later(
    context: StepContext, take: Take, problem: Problem, due_at: float, request_id: str = ""
) -> None:
    change = Change(
        State.DOWNLOADING,
        NOTE,
        due_at=due_at,
        attempt=take.attempt + 1,
        error=problem,
        request_id=request_id or None,
    )
    record(context, take, change)
    logger.bind(request_id=request_id).warning(
        _("take {id}: download: {problem}"), id=take.id, problem=str(problem)
    )
