"""What the output folder of a storyboard holds: the takes that were bought, as their videos and receipts tell.

The folder alone is enough: with the ledger lost, a look at it tells every take that was bought. Only names,
receipts and a few dozen bytes of each video are read.

===========================  ====================  ====================================================
receipt                      video                 the take is
===========================  ====================  ====================================================
none, another program's      none                  not bought
none                         whole                 done
none, but an intent          none                  unknown: its create may have been accepted
generating                   none, half            generating: it is asked after at its provider
generating, done             whole                 done
done                         whole, other size     done: the user changed it
done                         none                  done, and ``take.missing``: the user removed it
done                         half                  generating: it is fetched again
failed                       none                  failed at the provider: not asked after, not bought again
damaged                      none                  held: it may have been bought; the user decides
===========================  ====================  ====================================================

Where another machine buys (see :mod:`sorad.claim`), what that one bought is not asked after here: until its video has
come, whole, the take is as one that nobody bought, and waits.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from sorad.budget import NEVER
from sorad.delivery.folder import make_folders, sync_folder
from sorad.delivery.found import Found, look
from sorad.delivery.receipt import (
    DONE,
    FAILED,
    GENERATING,
    Payer,
    Receipt,
    is_damaged,
    read_intent,
    read_receipt,
    write_receipt,
)
from sorad.layout import INTENT, intent_path, parse_video_name, partial_path, receipt_path, video_path
from sorad.ledger.interface import Want
from sorad.messages import N_
from sorad.model import State
from sorad.problems import Problem
from sorad.storyboard.read import Reading

ASSETS = "_assets"
SEGMENT = "Segment_"

# Tells what is left to its payer; ``None``: nothing is, for this machine may buy.
Theirs = Optional[Callable[[Payer], bool]]


@dataclass(frozen=True)
class Paper:
    """A receipt, or an intent, where sorad puts one. The name tells the numbers: a folder may have been sorted anew."""

    video: Path
    segment: int
    take: int
    receipt: Receipt

    @property
    def create(self) -> str:
        """Which create it tells of; see :func:`create_of`."""
        return create_of(self.receipt.remote_id, self.receipt.fingerprint, self.receipt.submitted_at)


def create_of(remote_id: str, fingerprint: str, intent_at: float | None) -> str:
    """What tells one create from all others: its task, or, while that is not known, its text and moment."""
    return remote_id or f"{fingerprint}@{intent_at}"


def asked(reading: Reading, assets: Path) -> list[Want]:
    """The takes that a storyboard asks for, with their places; nothing is looked at."""
    wants = []
    for segment in reading.segments:
        fingerprint = segment.request.fingerprint()
        for number in range(1, segment.takes + 1):
            video = video_path(assets, segment.index, number, fingerprint)
            wants.append(Want(segment.index, number, segment.request, fingerprint, str(video)))
    return wants


def found(want: Want, theirs: Theirs = None) -> Want:
    """The want with what its place holds. ``OSError`` where that cannot be looked at just now."""
    video = Path(want.output)
    there = look(video)
    receipt = there.receipt
    if receipt is not None and receipt.fingerprint != want.fingerprint:
        receipt = None
    intent = None if _whole(there) else read_intent(video)
    if intent is not None and intent.fingerprint != want.fingerprint:
        intent = None
    if theirs is not None and not _whole(there):
        told = intent or receipt
        if told is None or theirs(told.payer):
            return want
    if intent is not None:
        return replace(
            want,
            state=State.UNKNOWN,
            provider=intent.provider,
            base_url=intent.base_url,
            account=intent.account,
            cost=intent.cost_micros,
            intent_at=intent.submitted_at,
        )
    if receipt is None or not receipt.remote_id:
        if _whole(there):
            return replace(want, state=State.DONE)
        for path in (receipt_path(video), intent_path(video)):
            if (receipt is not None and path == receipt_path(video)) or is_damaged(path):
                return replace(want, state=State.HELD, due_at=NEVER, error=damaged(path))
        return want
    state, error = _told(there, receipt, video)
    return replace(
        want,
        state=state,
        error=error,
        remote_id=receipt.remote_id,
        provider=receipt.provider,
        base_url=receipt.base_url,
        account=receipt.account,
        request_id=receipt.request_id,
        cost=receipt.cost_micros,
        accepted_at=receipt.accepted_at,
        finished_at=receipt.finished_at,
    )


def _told(there: Found, receipt: Receipt, video: Path) -> tuple[State, Problem | None]:
    if _whole(there):
        return State.DONE, None
    if receipt.state == DONE and there.size is None:
        return State.DONE, missing(video)
    if receipt.state == FAILED:
        return State.FAILED, failed_before()
    return State.GENERATING, None


def _whole(there: Found) -> bool:
    return there.verified or (there.problem is not None and there.problem.code == "delivery.other_size")


def papers(assets: Path) -> list[Paper]:
    """All receipts below an output folder that can be understood: one ``scandir`` a folder.

    ``OSError`` where a folder is there and cannot be read.
    """
    result = []
    for segment, folder in segment_folders(assets):
        for name in sorted(_names(folder)):
            parsed = parse_video_name(f"{name[:-5]}.mp4") if name.endswith(".json") else None
            if parsed is None or parsed[0] != segment:
                continue
            video = folder / f"{name[:-5]}.mp4"
            receipt = read_receipt(receipt_path(video))
            if receipt is not None and _genuine(receipt, parsed[2]):
                result.append(Paper(video, segment, parsed[1], receipt))
    return result


def intents(assets: Path) -> list[Paper]:
    """The creates below an output folder of which only the intent tells. ``OSError`` as above."""
    result = []
    for segment, folder in segment_folders(assets):
        for name in sorted(_names(folder)):
            parsed = parse_video_name(f"{name[: -len(INTENT)]}.mp4") if name.endswith(INTENT) else None
            if parsed is None or parsed[0] != segment:
                continue
            video = folder / f"{name[: -len(INTENT)]}.mp4"
            intent = read_intent(video)
            if intent is not None and _agrees(intent, parsed[2]):
                result.append(Paper(video, segment, parsed[1], intent))
    return result


def creates(assets: Path) -> list[Paper]:
    """Receipts and intents below an output folder. ``OSError`` as above."""
    return [*papers(assets), *intents(assets)]


def segment_folders(assets: Path) -> Iterator[tuple[int, Path]]:
    """The folders of the segments, with their numbers."""
    for name in sorted(_names(assets)):
        number = name[len(SEGMENT) :]
        if name.startswith(SEGMENT) and number.isascii() and number.isdigit():
            yield int(number), assets / name


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  (names are wanted, not paths)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _genuine(receipt: Receipt, digits: str) -> bool:
    """Whether its parts agree: a receipt that was edited by hand tells of no purchase that could be used."""
    return bool(receipt.remote_id) and _agrees(receipt, digits)


def _agrees(receipt: Receipt, digits: str) -> bool:
    return receipt.fingerprint.startswith(digits) and receipt.request.fingerprint() == receipt.fingerprint


def unasked(there: Iterable[Paper], wants: Iterable[Want], theirs: Theirs = None) -> list[Want]:
    """What was bought beside the wants: earlier texts, further takes. No create is counted twice."""
    listed = list(wants)
    places = {want.output for want in listed}
    creates = {create_of(want.remote_id, want.fingerprint, want.intent_at) for want in listed}
    result = []
    for paper in there:
        receipt = paper.receipt
        if str(paper.video) in places or paper.create in creates:
            continue
        creates.add(paper.create)
        want = Want(
            paper.segment,
            paper.take,
            receipt.request,
            receipt.fingerprint,
            str(paper.video),
            wanted=False,
        )
        want = found(want, theirs)
        if want.state is not State.QUEUED:
            result.append(want)
    return result


# --- moving ---------------------------------------------------------------------------------------------------


def bring_along(old: Path, new: Path) -> bool:
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


def relocate(old: Path, new: Path, segment: int, take: int) -> bool:
    """Bring a video, what there is of it, and its receipt to a new name; whether the video is there then.

    The receipt goes first: with the power cut between the two, it tells of a video that is missed, and the
    next call brings it. Nothing is ever written over, but for a receipt of the same task that knows less; what
    cannot be moved stays.
    """
    parts = [(part(old), part(new)) for part in (intent_path, receipt_path, partial_path, Path)]
    if not any(os.path.lexists(source) for source, _target in parts):
        return os.path.lexists(new)
    with contextlib.suppress(OSError):
        make_folders(new)
        for source, target in parts:
            if os.path.lexists(source) and (not os.path.lexists(target) or _knows_more(source, target)):
                source.replace(target)
        receipt = read_receipt(receipt_path(new))
        _drop_double(old, receipt)
        if receipt is not None and (receipt.segment, receipt.take) != (segment, take):
            write_receipt(new, replace(receipt, segment=segment, take=take))
        sync_folder(new.parent)
        old.parent.rmdir()  # where it is empty now
    return os.path.lexists(new)


def _drop_double(old: Path, receipt: Receipt | None) -> None:
    """Remove a receipt that stayed behind alone, where the one at the new name tells of the same task.

    It was laid down after the folder had moved and before the ledger knew; a storyboard that gets the old
    name later would take it for its own.
    """
    if receipt is None or os.path.lexists(old) or os.path.lexists(partial_path(old)):
        return
    left = read_receipt(receipt_path(old))
    if left is not None and left.remote_id and left.remote_id == receipt.remote_id:
        receipt_path(old).unlink()


def is_used(video: Path) -> bool:
    """Whether the place of a video holds it, or its receipt or intent."""
    return any(os.path.lexists(path) for path in (video, receipt_path(video), intent_path(video)))


def is_anothers(video: Path, creates: Collection[str]) -> bool:
    """Whether the place of a video is that of a create that is not one of these, which may still be under way."""
    receipt = read_receipt(receipt_path(video)) or read_intent(video)
    if receipt is None:
        return False
    return create_of(receipt.remote_id, receipt.fingerprint, receipt.submitted_at) not in creates


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


# --- what there is to say -------------------------------------------------------------------------------------


def missing(video: Path) -> Problem:
    """A video that was delivered is not there."""
    return Problem(
        "take.missing",
        N_("its video {path} was delivered and is no longer there."),
        N_(
            "Put it back, or `sorad retry ID` to fetch it again while the provider has it, or `sorad redo ID` "
            "to buy it anew. Nothing is bought by itself."
        ),
        {"path": str(video)},
    )


def failed_before() -> Problem:
    """The receipt tells that the provider failed it."""
    return Problem(
        "take.failed_before",
        N_("it failed at the provider, as its receipt tells."),
        N_("`sorad retry` asks the provider once more, and buys it anew only if it still says so."),
    )


def damaged(receipt: Path) -> Problem:
    """A receipt that cannot be read."""
    return Problem(
        "receipt.damaged",
        N_("its receipt {path} cannot be read: it may have been bought already."),
        N_("Put the receipt back from a backup; or delete it, or `sorad approve ID`, to buy the take anew."),
        {"path": str(receipt)},
    )
