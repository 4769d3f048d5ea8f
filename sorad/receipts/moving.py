"""Bringing an output folder, or one video with its receipt, to a new name. Nothing is ever written over."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from sorad.files.durable import make_folders, sync_folder
from sorad.layout import intent_path, last_frame_path, poster_path, receipt_path
from sorad.receipts.folder import create_of
from sorad.receipts.receipt import DONE, GENERATING, Receipt, read_intent, read_receipt, write_receipt


def move_folder(old: Path, new: Path) -> bool:
    """Rename an output folder, whole or not at all; whether it has the new name now.

    Not where something has that name already, nor to another disk.
    """
    if not old.is_dir() or os.path.lexists(new) or not new.parent.is_dir():
        return False
    try:
        old.rename(new)
    except OSError:
        return False
    for folder in {old.parent, new.parent}:
        with contextlib.suppress(OSError):
            sync_folder(folder)
    return True


def move_video(old: Path, new: Path, segment: int, take: int) -> bool:
    """Bring a video, what there is of it, and its receipt to a new name; false where something could not be done.

    The video goes first: ended between the two, the process leaves a whole video that counts under its new name,
    and a receipt under the old one that comes with the next call. Nothing is ever written over, but for a receipt
    of the same task that knows less; what cannot be moved stays. What is being downloaded begins again where it lies
    beside the video.
    """
    parts = [(part(old), part(new)) for part in (Path, receipt_path, intent_path)]
    if not any(os.path.lexists(source) for source, _target in parts):
        return True
    try:
        make_folders(new)
        for source, target in parts:
            if os.path.lexists(source) and (not os.path.lexists(target) or _knows_more(source, target)):
                source.replace(target)
        move_pictures(old, new)
        receipt = read_receipt(receipt_path(new))
        _drop_double(old, receipt)
        if receipt is not None and (receipt.segment, receipt.take) != (segment, take):
            write_receipt(new, replace(receipt, segment=segment, take=take))
        sync_folder(new.parent)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        old.parent.rmdir()  # where it is empty now
    return True


def move_pictures(old: Path, new: Path) -> None:
    """What was made of a video, which lies elsewhere now, goes with it; where it cannot, it can be made again."""
    if os.path.lexists(old):
        return
    for part in (poster_path, last_frame_path):
        with contextlib.suppress(OSError):
            if not os.path.lexists(part(new)):
                part(old).replace(part(new))


def _drop_double(old: Path, receipt: Receipt | None) -> None:
    """Remove a receipt that stayed behind alone, where the one at the new name tells of the same task.

    It was laid down after the folder had moved and before the ledger knew; a storyboard that gets the old
    name later would take it for its own.
    """
    if receipt is None or os.path.lexists(old):
        return
    left = read_receipt(receipt_path(old))
    if left is not None and left.remote_id and left.remote_id == receipt.remote_id:
        receipt_path(old).unlink()


@dataclass(frozen=True)
class Spot:
    """What lies at the place of a video. Receipt and intent: the create each tells of; "": it cannot be read."""

    video: bool = False
    receipt: Optional[str] = None
    intent: Optional[str] = None

    @property
    def occupied(self) -> bool:
        """Whether the video, its receipt or its intent lies there."""
        return self.video or self.receipt is not None or self.intent is not None

    @property
    def create(self) -> str:
        """The create that is told of there; "": none."""
        return self.receipt or self.intent or ""


def spot_of(video: Path) -> Spot:
    """Look at the place of a video. ``OSError`` where a receipt is there and cannot be read just now."""
    receipt = intent = None
    if os.path.lexists(receipt_path(video)):
        receipt = _create(read_receipt(receipt_path(video)))
    if os.path.lexists(intent_path(video)):
        intent = _create(read_intent(video))
    return Spot(os.path.lexists(video), receipt, intent)


def _create(told: Receipt | None) -> str:
    return "" if told is None else create_of(told.remote_id, told.fingerprint, told.submitted_at)


def _knows_more(source: Path, target: Path) -> bool:
    """Whether both are receipts of one task, and only the first knows that its video came."""
    if source.suffix != ".json":
        return False
    one, other = read_receipt(source), read_receipt(target)
    return (
        one is not None
        and other is not None
        and one.remote_id == other.remote_id
        and (one.state, other.state) == (DONE, GENERATING)
    )
