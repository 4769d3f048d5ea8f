"""Receipts from takes: written beside the video as soon as the remote id is known, again when it is there."""

from __future__ import annotations

import errno
import functools
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Protocol, Union

from loguru import logger

from sorad.files.labels import NO_LABELS, Labels, labels_of
from sorad.layout import receipt_path, video_at
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.intents import ForeignIntent, create_intent, remove_own_intent
from sorad.receipts.receipt import (
    DONE,
    FAILED,
    GENERATING,
    SUBMITTING,
    Payer,
    Receipt,
    read_receipt,
    write_checks,
    write_choice,
    write_receipt,
)
from sorad.vault.mount_table import mounted


class Delivered(Protocol):
    """A video that was fetched and verified."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    @property
    def sha256(self) -> str:
        """Its hash, in hex."""
        ...

    @property
    def placed(self) -> bool:
        """Whether it has its name; else it is about to get it."""
        ...


_NOBODY = Payer()
# Two steps may write one receipt at once: a take that was just adopted or accepted is due to be polled
# while the step that did it still writes. Without turns the one renames the other's file away, and
# "generating" could be written over "done". Several locks, so that takes do not wait for each other's disk.
_TURNS = tuple(threading.Lock() for _number in range(32))


def receipt_of(
    take: Take,
    currency: str,
    received: Optional[Delivered] = None,
    payer: Payer = _NOBODY,
) -> Receipt:
    """The receipt of a take that was bought; ``received`` once its video was fetched.

    That the provider failed it is told, too: a ledger built again then neither asks after it nor buys it again.
    """
    assets = video_at(take.output).parent.parent
    return Receipt(
        request=take.request,
        fingerprint=take.fingerprint,
        segment=take.segment,
        take=take.take,
        state=_state(take, received),
        remote_id=take.remote_id,
        request_id=take.request_id,
        provider=take.provider,
        base_url=take.base_url,
        account=take.account,
        cost_micros=take.cost,
        repeats=take.repeats,
        currency=currency,
        submitted_at=take.intent_at,
        accepted_at=take.accepted_at,
        finished_at=take.finished_at,
        chosen_at=take.chosen_at,
        frame=take.frame,
        frame_of=take.frame_of,
        size=None if received is None else received.size,
        sha256="" if received is None else received.sha256,
        source=_relative(take.storyboard, assets),
        payer=payer,
        sent=take.sent,
        own_id=take.own_id,
        attempts=take.attempts,
    )


def write_intent_for(
    take: Take, currency: str, payer: Payer = _NOBODY
) -> Union[OSError, ForeignIntent, None]:
    """Tell the folder that a create is about to leave; why it cannot be told, or whose intent is there instead.

    So a ledger that is lost while the answer is, too, can be built again without buying twice; and of several sorads
    that see the folder one buys. ``payer``: who we are.
    """
    with _TURNS[take.id % len(_TURNS)]:
        try:
            _check_disk(take)
            intent = replace(receipt_of(take, currency, payer=payer), process=os.getpid())
            return create_intent(video_at(take.output), intent, base_of(take))
        except OSError as error:
            return error


def drop_intent(payer: Payer, *takes: Take) -> None:
    """What came of the create is known; the places are those of the take before and after, if it has moved.

    One that cannot be removed now tells nothing that the ledger does not know better. Another's stays. ``payer``: who
    we are.
    """
    for output in {take.output for take in takes}:
        remove_own_intent(Path(output), payer, {take.intent_at for take in takes} - {None})


def write_receipt_for(
    take: Take,
    currency: str,
    received: Optional[Delivered] = None,
    payer: Payer = _NOBODY,
) -> Optional[OSError]:
    """Write it; why it is not there, where it is not. It is tried again at each poll."""
    with _TURNS[take.id % len(_TURNS)]:
        return _write(take, receipt_of(take, currency, received, payer), payer, first=received is None)


def write_choice_of(take: Take, payer: Payer = _NOBODY) -> Optional[OSError]:
    """Tell in its receipt whether the take is chosen for its segment; why that cannot be told."""
    with _TURNS[take.id % len(_TURNS)]:
        try:
            _check_disk(take)
            write_choice(video_at(take.output), take.remote_id or take.reused, take.chosen_at, payer.id)
        except OSError as error:
            return error
    return None


def write_checks_of(take: Take, checks: Mapping[str, Any], payer: Payer = _NOBODY) -> Optional[OSError]:
    """Tell in its receipt what a look at its video found; why that cannot be told."""
    with _TURNS[take.id % len(_TURNS)]:
        try:
            _check_disk(take)
            write_checks(video_at(take.output), take.remote_id or take.reused, checks, payer.id)
        except OSError as error:
            return error
    return None


def _write(take: Take, receipt: Receipt, payer: Payer, *, first: bool) -> Optional[OSError]:
    """``first``: its video was not fetched yet."""
    video = video_at(take.output)
    try:
        _check_disk(take)
        there = read_receipt(receipt_path(video)) if first else None
        told = there is not None and there.remote_id == take.remote_id
        if there is not None and told and there.state in (DONE, receipt.state):
            drop_intent(payer, take)
            return None
        if _is_anothers_video(there, take, payer):
            return None  # our intent stays beside it, and the ledger tells of both
        if receipt.state == DONE:
            receipt = replace(receipt, labels=labels_at(video))
        write_receipt(video, receipt, base=base_of(take))
    except OSError as error:
        logger.warning(
            _("take {id}: its receipt cannot be written yet: {error}"),
            id=take.id,
            error=error.strerror or error,
        )
        return error
    drop_intent(payer, take)
    return None


def labels_at(video: Path) -> Labels:
    """What a video says of how it was made; nothing where it cannot be read: a receipt does not wait for that."""
    try:
        return labels_of(video)
    except OSError:
        return NO_LABELS


def _is_anothers_video(there: Optional[Receipt], take: Take, payer: Payer) -> bool:
    """Whether another machine's receipt tells of a video that is there: what is less never takes its place."""
    if there is None or there.state != DONE or there.fingerprint != take.fingerprint:
        return False
    return there.payer.id not in ("", payer.id) and there.remote_id != take.remote_id


def _state(take: Take, received: Optional[Delivered]) -> str:
    if received is not None and received.placed:
        return DONE
    if take.state is State.SUBMITTING:
        return SUBMITTING
    return FAILED if take.state is State.FAILED else GENERATING


def _check_disk(take: Take) -> None:
    """Nothing is written into a folder in place of the disk that belongs there: ``OSError``."""
    if lies_below(take.output, take.mount) and not mounted(take.mount):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def lies_below(output: str, mount: str) -> bool:
    """Whether a video's place is on the disk that is mounted there (``""``: on none)."""
    return mount != "" and output.startswith(mount.rstrip(os.sep) + os.sep)


def base_of(take: Take) -> Path:
    """The folder that must be there before anything is made below it.

    In place: the storyboard's own, for one that is away must not be made again. Centralized: the one above
    ``output_dir``, which is as many folders up from the assets as the storyboard lies below its root.
    """
    beside = os.path.dirname(take.storyboard)  # noqa: PTH120
    if lies_below(take.output, beside):
        return Path(beside)
    storyboard, output = Path(take.storyboard), video_at(take.output)
    try:
        depth = len(storyboard.parent.relative_to(take.root).parts)
    except ValueError:
        depth = 0
    above = list(output.parents)[2:]  # (parents cannot be sliced before Python 3.10)
    return above[min(depth + 1, len(above) - 1)]


@functools.lru_cache(maxsize=64)
def _relative(storyboard: str, assets: Path) -> str:
    try:
        return Path(os.path.relpath(storyboard, assets)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(storyboard).name
