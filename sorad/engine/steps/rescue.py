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
from sorad.engine.steps.kit import Kit, record, release
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


def rescue_at(kit: Kit, take: Take, outcome: Blocked) -> float:
    """When a take whose place is blocked is to be rescued (epoch seconds)."""
    now = kit.clock.time()
    try:
        history = kit.ledger.history(take.id)
    except LedgerUnavailable:
        history = []
    root = _is_folder(Path(take.root)) and not kit.folders.is_away(take.mount)
    place = Place(root, _is_folder(Path(take.storyboard).parent))
    return due(history, outcome.obstacle, place, kit.patience, now)


def rescue_away(kit: Kit, take: Take) -> None:
    """One take, claimed as ``downloading`` because it is overdue: its root has been away for too long.

    What is written down stays overdue as long as the root is away; once it is back, it is due at once.
    """
    if kit.process.stopping():
        release(kit, take)
        return
    ago = kit.patience.place
    video = kit.deliveries.videos.get(take.id)
    if video is None:
        poll(kit, take, ago)
        return
    reasons = {row.path: row.reason for row in kit.ledger.roots()}
    why = reasons.get(take.root) or away(take.root)
    provider = kit.accounts.of(take)
    if isinstance(provider, Problem):
        record(kit, take, keyless(take, provider, kit.clock.time() - ago))
        return
    rescue(kit, take, provider, video, why, ago)


def rescue(kit: Kit, take: Take, provider: Provider, video: Video, why: Problem, ago: float = 0.0) -> None:
    """Bring the video to safety, or write down that it is tried again. ``why``: what is the matter."""
    try:
        place = _reserve(kit, take, provider.currency)
    except OSError as error:
        _failed(kit, take, why, ago, error.strerror or str(error))
        return

    def open_at(offset: int, validator: str) -> Union[Download, Fault]:
        return provider.open_video(take.remote_id, video, offset, validator)

    def brought(size: int, sha256: str) -> None:
        fetched = Received(size, sha256, placed=False)
        receipt = receipt_of(take, provider.currency, fetched, kit.claims.payer(take.root))
        write_receipt(place, receipt, base=kit.config.state_dir)

    try:
        # Begun again each time: the validator in the ledger speaks of the partial file at the video's own place.
        outcome = receive(
            open_at,
            place,
            validator="",
            keep_free=kit.config.disk.min_free,
            stop=kit.process.stopping,
            started=_forget,
            progress=lambda got, total: kit.deliveries.progress.fetched(take.id, str(place), got, total),
            free=free_bytes,
            task=take.remote_id,
            brought=brought,
            base=kit.config.state_dir,
            sleep=kit.process.pause,
        )
    finally:
        kit.deliveries.progress.ended(take.id)
    if isinstance(outcome, Received):
        _rescued(kit, take, place, outcome, provider.currency, why)
    elif isinstance(outcome, Stopped):
        release(kit, take)
    else:
        if isinstance(outcome, Fault) and outcome.trouble is not Trouble.TRANSPORT:
            kit.deliveries.videos.pop(take.id, None)  # a new URL is asked for
        _failed(kit, take, why, ago, str(outcome.problem))


def _reserve(kit: Kit, take: Take, currency: str) -> Path:
    """A place for the video that no other task has, with the take's receipt in it. ``OSError``."""
    with _reserving:
        for place in rescue_places(kit.config.state_dir / "rescued", take):
            there = look(place)
            own = there.receipt is not None and there.receipt.remote_id == take.remote_id
            if own or (there.size is None and there.receipt is None):
                if not own:
                    receipt = receipt_of(take, currency, payer=kit.claims.payer(take.root))
                    write_receipt(place, receipt, base=kit.config.state_dir)
                return place
    raise AssertionError("shelves never end")


def _rescued(kit: Kit, take: Take, place: Path, received: Received, currency: str, why: Problem) -> None:
    _remember(kit, take)
    change = Change(
        State.DONE,
        "rescued",
        attempt=0,
        error=note(Path(take.output), place, why),
        output=str(place),
        finished_at=kit.clock.time(),
        validator="",
        request_id=received.request_id or None,
    )
    written = record(kit, take, change)
    kit.partials(take).forget(Path(take.output), kit.task(take))
    kit.deliveries.videos.pop(take.id, None)
    kit.folders.delivered(received.size)
    if written is not None:
        lay_receipt(kit, written, currency, received)
    logger.bind(request_id=received.request_id).warning(
        _("take {id}: its place {output} is gone; its video lies in {shelf}"),
        id=take.id,
        output=take.output,
        place=str(place),
    )


def _remember(kit: Kit, take: Take) -> None:
    """For `sorad status`: before the take says so, because a take that does not say so is not shown."""
    try:
        remember(kit.ledger, [take.id])
    except LedgerUnavailable as error:
        logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))


def _failed(kit: Kit, take: Take, why: Problem, ago: float, error: str) -> None:
    wait = backoff.delay(take.attempt + 1, AGAIN_FIRST, AGAIN_LONGEST, kit.rng)
    change = Change(
        State.DOWNLOADING,
        "rescue failed",
        due_at=kit.clock.time() + wait - ago,
        attempt=take.attempt + 1,
        error=why,
    )
    record(kit, take, change)
    logger.warning(_("take {id}: its video could not be brought to safety: {error}"), id=take.id, error=error)


def _is_folder(path: Path) -> bool:
    """Whether it is there; true where it cannot be told just now."""
    try:
        return path.is_dir()
    except OSError:
        return True


def _forget(_validator: str) -> None:
    """Nothing is kept of a rescue that did not come to its end."""
