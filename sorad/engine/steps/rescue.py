"""Rescue: put a paid video into ``state_dir/rescued`` when its own place is gone for good.

Whether it is time is decided in :mod:`sorad.engine.decide.rescue`. Nothing there is ever written over: a receipt is
laid down first, and a shelf with the receipt or the video of another task is left to that task.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Union

from loguru import logger

from sorad.delivery.outcome import Blocked, Received, Stopped
from sorad.delivery.receive import receive
from sorad.engine.decide import backoff
from sorad.engine.decide.missing_key import keyless
from sorad.engine.decide.rescue import Place, away, due, rescue_places
from sorad.engine.state.disk import free_bytes
from sorad.engine.steps.context import StepContext, record, release
from sorad.engine.steps.poll import poll
from sorad.engine.steps.receipts import lay_receipt
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import Download, Fault, Provider, Trouble, Video
from sorad.receipts.place import look
from sorad.receipts.receipt import write_receipt
from sorad.receipts.rescued import note, remember
from sorad.receipts.writing import receipt_of

# Pauses between tries, in seconds: the first and the longest.
AGAIN_FIRST, AGAIN_LONGEST = 30.0, 600.0

_reserving = threading.Lock()


def rescue_at(context: StepContext, take: Take, outcome: Blocked) -> float:
    """When a take whose place is blocked is to be rescued (epoch seconds)."""
    now = context.clock.time()
    try:
        history = context.ledger.history(take.id)
    except LedgerUnavailable:
        history = []
    root = _is_folder(Path(take.root)) and not context.folders.is_away(take.mount)
    place = Place(root, _is_folder(Path(take.storyboard).parent))
    return due(history, outcome.obstacle, place, context.patience, now)


def rescue_away(context: StepContext, take: Take) -> None:
    """One take, claimed as ``downloading`` because it is overdue: its root has been away for too long.

    What is written down stays overdue as long as the root is away; once it is back, it is due at once.
    """
    if context.process.stopping():
        release(context, take)
        return
    ago = context.patience.place
    video = context.deliveries.videos.get(take.id)
    if video is None:
        poll(context, take, ago)
        return
    reasons = {row.path: row.reason for row in context.ledger.roots()}
    why = reasons.get(take.root) or away(take.root)
    provider = context.accounts.of(take)
    if isinstance(provider, Problem):
        record(context, take, keyless(take, provider, context.clock.time() - ago))
        return
    rescue(context, take, provider, video, why, ago)


def rescue(
    context: StepContext, take: Take, provider: Provider, video: Video, why: Problem, ago: float = 0.0
) -> None:
    """Bring the video to safety, or write down that it is tried again. ``why``: what is the matter."""
    try:
        place = _reserve(context, take, provider.currency)
    except OSError as error:
        _failed(context, take, why, ago, error.strerror or str(error))
        return

    def open_at(offset: int, validator: str) -> Union[Download, Fault]:
        return provider.open_video(take.remote_id, video, offset, validator)

    def brought(size: int, sha256: str) -> None:
        fetched = Received(size, sha256, placed=False)
        receipt = receipt_of(take, provider.currency, fetched, context.claims.payer(take.root))
        write_receipt(place, receipt, base=context.config.state_dir)

    try:
        # Begun again each time: the validator in the ledger speaks of the partial file at the video's own place.
        outcome = receive(
            open_at,
            place,
            validator="",
            keep_free=context.config.disk.min_free,
            stop=context.process.stopping,
            started=_forget,
            progress=lambda got, total: context.deliveries.progress.fetched(take.id, str(place), got, total),
            free=free_bytes,
            task=take.remote_id,
            brought=brought,
            base=context.config.state_dir,
            sleep=context.process.pause,
        )
    finally:
        context.deliveries.progress.ended(take.id)
    if isinstance(outcome, Received):
        _rescued(context, take, place, outcome, provider.currency, why)
    elif isinstance(outcome, Stopped):
        release(context, take)
    else:
        if isinstance(outcome, Fault) and outcome.trouble is not Trouble.TRANSPORT:
            context.deliveries.videos.pop(take.id, None)  # a new URL is asked for
        _failed(context, take, why, ago, str(outcome.problem))


def _reserve(context: StepContext, take: Take, currency: str) -> Path:
    """A place for the video that no other task has, with the take's receipt in it. ``OSError``."""
    with _reserving:
        for place in rescue_places(context.config.state_dir / "rescued", take):
            there = look(place)
            own = there.receipt is not None and there.receipt.remote_id == take.remote_id
            if own or (there.size is None and there.receipt is None):
                if not own:
                    receipt = receipt_of(take, currency, payer=context.claims.payer(take.root))
                    write_receipt(place, receipt, base=context.config.state_dir)
                return place
    raise AssertionError("shelves never end")


def _rescued(
    context: StepContext, take: Take, place: Path, received: Received, currency: str, why: Problem
) -> None:
    _remember(context, take)
    change = Change(
        State.DONE,
        "rescued",
        attempt=0,
        error=note(Path(take.output), place, why),
        output=str(place),
        finished_at=context.clock.time(),
        validator="",
        request_id=received.request_id or None,
    )
    written = record(context, take, change)
    context.partials(take).forget(Path(take.output), context.task(take))
    context.deliveries.videos.pop(take.id, None)
    context.folders.delivered(received.size)
    if written is not None:
        lay_receipt(context, written, currency, received)
    logger.bind(request_id=received.request_id).warning(
        _("take {id}: its place {output} is gone; its video lies in {shelf}"),
        id=take.id,
        output=take.output,
        place=str(place),
    )


def _remember(context: StepContext, take: Take) -> None:
    """For `sorad status`: before the take says so, because a take that does not say so is not shown."""
    try:
        remember(context.ledger, [take.id])
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))


def _failed(context: StepContext, take: Take, why: Problem, ago: float, error: str) -> None:
    wait = backoff.delay(take.attempt + 1, AGAIN_FIRST, AGAIN_LONGEST, context.rng)
    change = Change(
        State.DOWNLOADING,
        "rescue failed",
        due_at=context.clock.time() + wait - ago,
        attempt=take.attempt + 1,
        error=why,
    )
    record(context, take, change)
    logger.warning(_("take {id}: its video could not be brought to safety: {error}"), id=take.id, error=error)


def _is_folder(path: Path) -> bool:
    """Whether it is there; true where it cannot be told just now."""
    try:
        return path.is_dir()
    except OSError:
        return True


def _forget(_validator: str) -> None:
    """Nothing is kept of a rescue that did not come to its end."""
