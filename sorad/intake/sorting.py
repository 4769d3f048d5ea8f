"""What a storyboard comes to: what it wants, what was bought for it, and under which number and name.

Looks at the places of what is not known to be bought, and moves the files of what goes by another number.
That is done before the ledger is written: should the process end between the two, the next reading finds the
files where they are now.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Union

from sorad.intake.renumber import Key, Known, renumbered
from sorad.layout import video_path
from sorad.ledger.interface import Moved, Want
from sorad.ledger.states import PAID
from sorad.model import State, Take
from sorad.receipts.folder import Evidence, Foreign, create_of, observed, surplus
from sorad.receipts.moving import holds_other_create, is_occupied, move_video

_BOUGHT = PAID | {State.DONE}
Numbers = dict[int, tuple[int, int]]
# Brings a video to a new name with all that is of it, for a segment and take; whether it is there then.
Move = Callable[[Path, Path, int, int], bool]


@dataclass(frozen=True)
class Sorted:
    """What a storyboard comes to."""

    wants: Sequence[Want]
    beside: Sequence[Want]  # bought, though not wanted (any more)
    moved: Sequence[Moved]
    known: dict[Key, Take]  # the takes of the ledger, by what each will be known by


def sort_out(
    takes: Sequence[Take],
    newcomers: Sequence[Take],
    wants: Sequence[Want],
    there: Sequence[Evidence],
    assets: Path,
    is_foreign: Foreign = None,
    move: Move = move_video,
) -> Sorted:
    """Compare the ledger's takes, the wants and the receipts. ``OSError`` where a place cannot be looked at.

    ``newcomers`` are takes that the ledger has under other storyboards.
    """
    takes = [*takes, *newcomers]
    own = {key_of(take): take for take in takes}
    creates = set().union(*map(_creates, takes))
    wants = [want if _settled(own.get(key_of(want))) else observed(want, is_foreign) for want in wants]
    beside = [
        want
        for want in surplus(there, wants, is_foreign)
        if not _settled(own.get(key_of(want))) and _create(want) not in creates
    ]
    # Bought by somebody else (another machine, a lost ledger) under the number that is wanted.
    told = [
        want
        for want in wants
        if (want.remote_id or want.state is State.UNKNOWN)
        and _create(want) not in creates
        and key_of(want) not in own
    ]
    known = [
        *map(known_of, takes),
        *(Known(want.segment, want.take, want.fingerprint, want.state) for want in (*beside, *told)),
    ]
    keys = {key_of(want) for want in wants}
    numbers = renumbered(known, keys)
    videos = {evidence.create: evidence.video for evidence in there}
    moved, after = _moves(takes, numbers, keys, assets, videos, {take.id for take in newcomers}, move)
    first = len(takes)
    for index, want in enumerate(beside, start=first):
        if key_of(want) in keys:  # under its number, but in another folder
            numbers.setdefault(index, (want.segment, want.take))
    adopted = [
        _adopted(want, *numbers[index], assets, move)
        for index, want in enumerate(beside, start=first)
        if index in numbers
    ]
    by_key = {key_of(want): want for want in adopted}
    return Sorted(
        [by_key.get(key_of(want), want) for want in wants],
        [want for index, want in enumerate(beside, start=first) if index not in numbers],
        moved,
        after,
    )


def key_of(one: Union[Want, Take]) -> Key:
    """What a take is known by within its storyboard."""
    return one.segment, one.take, one.fingerprint


def _create(one: Union[Want, Take]) -> str:
    return create_of(one.remote_id, one.fingerprint, one.intent_at)


def _creates(one: Union[Want, Take]) -> set[str]:
    """Under what its create is known: an intent may still lie there though its task is known by now."""
    return {_create(one), create_of("", one.fingerprint, one.intent_at)}


def _settled(take: Take | None) -> bool:
    """Whether the ledger knows all about it: a look at its place would tell nothing new."""
    return take is not None and take.state in _BOUGHT


def known_of(take: Take) -> Known:
    """What the numbering looks at."""
    by_user = take.state is State.CANCELLED and take.error is not None
    return Known(take.segment, take.take, take.fingerprint, take.state, take.extra, by_user)


def _moves(
    takes: Sequence[Take],
    numbers: Numbers,
    keys: Collection[Key],
    assets: Path,
    videos: Mapping[str, Path],
    newcomers: Collection[int],
    move: Move,
) -> tuple[list[Moved], dict[Key, Take]]:
    moved, after = [], {}
    for index, take in enumerate(takes):
        segment, number = numbers.get(index, (take.segment, take.take))
        key = (segment, number, take.fingerprint)
        after[key] = take
        new = video_path(assets, segment, number, take.fingerprint)
        # Where its file is: its folder may have been moved along, under its old number or one given since.
        places = [Path(take.output), video_path(assets, take.segment, take.take, take.fingerprint)]
        places += [videos[_create(take)]] if _create(take) in videos else []
        output = _place(take, places, new, (segment, number), move, wanted=key in keys)
        if take.id in newcomers or (segment, number, output) != (take.segment, take.take, take.output):
            moved.append(Moved(take.id, segment, number, output, take.state is State.DONE))
    return moved, after


def _place(
    take: Take, places: Sequence[Path], new: Path, number: tuple[int, int], move: Move, *, wanted: bool
) -> str:
    """Where the file of a take is to be.

    What is under way needs a folder that is there, so it follows the storyboard at once. What is delivered
    counts where it lies; it is moved along where it is still wanted. Nothing takes the place of another one
    of the same text, whose video may still come.
    """
    old = next((place for place in places if is_occupied(place)), Path(take.output))
    if old != new and take.state in _BOUGHT and holds_other_create(new, _creates(take)):
        return str(old)
    if take.state in PAID or (take.state is State.DONE and wanted):
        for place in places:  # the video at one, half of it at another
            if place != new:
                move(place, new, *number)
    return str(old) if take.state is State.DONE and not os.path.lexists(new) else str(new)


def _adopted(want: Want, segment: int, number: int, assets: Path, move: Move) -> Want:
    """A take that the folder alone tells of, under the number by which it is wanted now."""
    old, new = Path(want.output), video_path(assets, segment, number, want.fingerprint)
    stays = old != new and holds_other_create(new, _creates(want))
    if not stays:
        # A delivered video that cannot be moved (to another disk) counts where it lies.
        stays = not move(old, new, segment, number) and want.state is State.DONE and os.path.lexists(old)
    return replace(want, segment=segment, take=number, output=str(old if stays else new), wanted=True)
