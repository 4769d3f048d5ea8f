"""What a storyboard comes to: what it wants, what was bought for it, under which number and name. Pure.

Files of what goes by another number move along. They are moved before the ledger is written: if the process ends
between the two, the next reading finds the files where they are now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Union

from sorad.intake.facts import Facts, Key, RescuedVideo, key_of
from sorad.intake.older_versions import Video
from sorad.intake.planned_moves import Disk
from sorad.intake.renumber import Known, renumbered
from sorad.ledger.states import PAID
from sorad.ledger.values import Moved, Want
from sorad.model import State, Take
from sorad.receipts.folder import Evidence, create_of
from sorad.receipts.rescued import apart, note

_BOUGHT = PAID | {State.DONE}
Numbers = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Assigned:
    """What a storyboard comes to."""

    wants: tuple[Want, ...]
    beside: tuple[Want, ...]  # bought, though not wanted (any more)
    moved: tuple[Moved, ...]
    known: Mapping[Key, Take]  # the takes of the ledger, by what each will be known by


def assign(facts: Facts, newcomers: Sequence[Take], disk: Disk) -> Assigned:
    """Compare the ledger's takes, the wants and the receipts; the moves are played on ``disk``.

    ``newcomers`` are takes that the ledger has under other storyboards.
    """
    takes = [*facts.rows.takes, *newcomers]
    wants, keys = facts.disk.wants, {key_of(want) for want in facts.disk.wants}
    beside, told = _unrecorded(takes, wants, facts.disk.surplus)
    numbers = dict(renumbered([*map(known_of, takes), *map(_known_want, (*beside, *told))], keys))
    for index, want in enumerate(beside, start=len(takes)):
        if key_of(want) in keys:  # under its number, but in another folder
            numbers.setdefault(index, (want.segment, want.take))
    moved, known = _moves(takes, numbers, keys, facts, {take.id for take in newcomers}, disk)
    adopted, further, at_place = {}, [], {key_of(want): want for want in wants}
    for index, want in enumerate(beside, start=len(takes)):
        if index in numbers:
            want = _adopted(want, *numbers[index], facts.video, disk)
            adopted[key_of(want)] = _with_its_video(want, at_place)
        else:
            further.append(want)
    rescued = {one.evidence.receipt.remote_id: one for one in facts.disk.rescued}
    return Assigned(
        tuple(_at_rescue(adopted.get(key_of(want), want), rescued, facts.video, disk) for want in wants),
        tuple(_at_rescue(want, rescued, facts.video, disk) for want in further),
        tuple(moved),
        known,
    )


def is_settled(take: Optional[Take]) -> bool:
    """Whether the ledger knows all about it: a look at its place would tell nothing new."""
    return take is not None and take.state in _BOUGHT


def known_of(take: Take) -> Known:
    """What the numbering looks at."""
    by_user = take.state is State.CANCELLED and take.error is not None
    return Known(take.segment, take.take, take.fingerprint, take.state, take.extra, by_user)


def create(one: Union[Want, Take]) -> str:
    """The create of a take; see :func:`create_of`."""
    return create_of(one.remote_id, one.fingerprint, one.intent_at)


def creates(one: Union[Want, Take]) -> set[str]:
    """Under what its create is known: an intent may still lie there though its task is known by now."""
    return {create(one), create_of("", one.fingerprint, one.intent_at)}


def places_in_question(
    takes: Iterable[Take],
    wants: Iterable[Want],
    surplus: Iterable[Want],
    there: Iterable[Evidence],
    rescued: Iterable[Evidence],
    video: Video,
) -> set[Path]:
    """The places of videos at which :func:`assign` may look: of what does not simply stay where it is."""
    asked = _Wanted(wants)
    videos = {evidence.create: evidence.video for evidence in there}
    result: set[Path] = set()

    def add(fingerprint: str, number: Optional[int], *places: Path) -> None:
        result.update(places)
        for want in asked.by_text.get(fingerprint, ()):
            result.add(Path(want.output))
            if number is not None:
                result.add(video(want.segment, number, fingerprint))

    for take in takes:
        places = _places(take, video, videos)
        at_home = len(set(places)) == 1 and asked.keeps_number(take)
        if take.state in _BOUGHT and not at_home:
            add(take.fingerprint, take.take if take.extra else None, *places)
    for want in surplus:
        add(want.fingerprint, None, Path(want.output), _home(want, video))
    for evidence in rescued:
        add(evidence.receipt.fingerprint, evidence.take, evidence.video)
    return result


class _Wanted:
    """What is wanted, by text."""

    def __init__(self, wants: Iterable[Want]) -> None:
        self.by_text: dict[str, list[Want]] = {}
        self._keys: set[Key] = set()
        for want in wants:
            self.by_text.setdefault(want.fingerprint, []).append(want)
            self._keys.add(key_of(want))

    def keeps_number(self, take: Take) -> bool:
        """Whether a take keeps its number, whatever becomes of the others."""
        same_text = self.by_text.get(take.fingerprint, ())
        if not same_text or key_of(take) in self._keys:
            return True
        return take.extra and any(want.segment == take.segment for want in same_text)


def _unrecorded(
    takes: Sequence[Take], wants: Sequence[Want], surplus: Sequence[Want]
) -> tuple[list[Want], list[Want]]:
    """What the ledger does not tell: of what is not wanted, and of what is wanted under that number.

    The latter was bought by somebody else: another machine, or under a ledger that was lost.
    """
    own = {key_of(take): take for take in takes}
    known: set[str] = set().union(*map(creates, takes))
    beside = [want for want in surplus if not is_settled(own.get(key_of(want))) and create(want) not in known]
    told = [
        want
        for want in wants
        if (want.remote_id or want.state is State.UNKNOWN)
        and create(want) not in known
        and key_of(want) not in own
    ]
    return beside, told


def _known_want(want: Want) -> Known:
    return Known(want.segment, want.take, want.fingerprint, want.state)


def _home(one: Union[Want, Take], video: Video) -> Path:
    return video(one.segment, one.take, one.fingerprint)


def _places(take: Take, video: Video, videos: Mapping[str, Path]) -> list[Path]:
    """Where the file of a take may be: its folder may have gone along, under its old number or one given since."""
    told = videos.get(create(take))
    return [Path(take.output), _home(take, video), *([] if told is None else [told])]


def _moves(
    takes: Sequence[Take],
    numbers: Numbers,
    keys: Collection[Key],
    facts: Facts,
    newcomers: Collection[int],
    disk: Disk,
) -> tuple[list[Moved], dict[Key, Take]]:
    videos = {evidence.create: evidence.video for evidence in all_evidence(facts)}
    moved, after = [], {}
    for index, take in enumerate(takes):
        segment, number = numbers.get(index, (take.segment, take.take))
        key = (segment, number, take.fingerprint)
        after[key] = take
        new = facts.video(*key)
        places = _places(take, facts.video, videos)
        output = _destination(take, places, new, (segment, number), disk, wanted=key in keys)
        if take.id in newcomers or (segment, number, output) != (take.segment, take.take, take.output):
            moved.append(Moved(take.id, segment, number, output, take.state is State.DONE))
    return moved, after


def all_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Every receipt and intent that was found for the storyboard."""
    rescued = (one.evidence for one in facts.disk.rescued)
    return (*facts.disk.evidence, *rescued, *facts.disk.intents)


def _destination(
    take: Take, places: Sequence[Path], new: Path, number: tuple[int, int], disk: Disk, *, wanted: bool
) -> str:
    """Where the file of a take is to be.

    What is under way needs a folder that is there, so it follows the storyboard at once. What is delivered
    counts where it lies; it is moved along where it is still wanted. Nothing takes the place of another one
    of the same text, whose video may still come.
    """
    delivered = take.state is State.DONE
    if take.state not in _BOUGHT or set(places) == {new}:
        return str(new)
    old = next((place for place in places if disk.at(place).occupied), Path(take.output))
    if old != new and disk.has_other_create(new, creates(take)):
        return str(old)
    if not delivered or wanted:
        for place in places:  # the video at one, half of it at another
            disk.move(place, new, *number)
    return str(old) if delivered and not disk.at(new).video else str(new)


def _adopted(want: Want, segment: int, number: int, video: Video, disk: Disk) -> Want:
    """A take that the folder alone tells of, under the number by which it is wanted now."""
    old, new = Path(want.output), video(segment, number, want.fingerprint)
    stays = old != new and disk.has_other_create(new, creates(want))
    if not stays:
        # A delivered video that cannot be moved (to another disk) counts where it lies.
        there = disk.move(old, new, segment, number)
        stays = not there and want.state is State.DONE and disk.at(old).video
    return replace(want, segment=segment, take=number, output=str(old if stays else new), wanted=True)


def _with_its_video(want: Want, at_place: Mapping[Key, Want]) -> Want:
    """A video that was missed by its receipt, and lies at its new place already: only the receipt was left behind."""
    there = at_place.get(key_of(want))
    code = there.error.code if there is not None and there.error is not None else ""
    is_there = there is not None and (code == "take.unvouched" or (there.state is State.DONE and not code))
    return replace(want, error=None) if is_there and want.state is State.DONE else want


def _at_rescue(want: Want, rescued: Mapping[str, RescuedVideo], video: Video, disk: Disk) -> Want:
    """The want, delivered to where its video was rescued, if that could not be moved back."""
    one, home = rescued.get(want.remote_id), _home(want, video)
    if one is None or not one.verified or disk.at(home).video:
        return want
    return replace(
        want,
        state=State.DONE,
        output=str(one.evidence.video),
        finished_at=one.evidence.receipt.finished_at,
        error=note(home, one.evidence.video, apart()),
    )
