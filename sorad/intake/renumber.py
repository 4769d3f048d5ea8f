"""Segments that were inserted, removed or reordered: what was bought goes on under the new numbers. Pure.

A take is known by its segment, its number and its fingerprint. Insert a segment at the top, and every later
one is wanted under another number, though its video is there. The rule: a wanted take that is not known is
the known take of the same fingerprint and storyboard whose own number nobody wants any more, if there is
one: the delivered first, then those in flight, then the failed, then the unsent; among equals the one of the
same take number, then the nearest segment. It keeps everything but its numbers. A prompt that stands in two
segments is wanted twice, and bought twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sorad.intake.facts import Key
from sorad.ledger.states import PAID
from sorad.model import State

_RANK = {State.DONE: 0, **dict.fromkeys(PAID, 1), State.FAILED: 2}


@dataclass(frozen=True)
class Known:
    """What is looked at of a take."""

    segment: int
    take: int
    fingerprint: str
    state: State
    extra: bool = False
    by_user: bool = False  # cancelled by the user

    @property
    def key(self) -> Key:
        """What it is known by within its storyboard."""
        return self.segment, self.take, self.fingerprint


def renumbered(known: Sequence[Known], wanted: Iterable[Key]) -> dict[int, tuple[int, int]]:
    """The new ``(segment, take)`` of those of the known takes that get one, by their index."""
    keys = set(wanted)
    at = {one.key: index for index, one in enumerate(known)}
    spare = _spare(known, keys)
    result: dict[int, tuple[int, int]] = {}
    for key in sorted(keys):
        there = at.get(key)
        if there is not None and not _dropped(known[there]):
            continue
        best = _best(known, spare.get(key[2], []), key)
        if best is None:
            continue
        spare[key[2]].remove(best)
        result[best] = key[:2]
        if there is not None:
            result[there] = (known[best].segment, known[best].take)  # they change places
    _further(known, spare, result, set(at))
    return result


def _spare(known: Sequence[Known], keys: set[Key]) -> dict[str, list[int]]:
    """By text, those whose own number nobody wants."""
    texts = {(segment, fingerprint) for segment, _take, fingerprint in keys}
    spare: dict[str, list[int]] = {}
    for index, one in enumerate(known):
        stays = one.key in keys or (one.extra and (one.segment, one.fingerprint) in texts)
        if not stays and not _dropped(one):
            spare.setdefault(one.fingerprint, []).append(index)
    return spare


def _dropped(one: Known) -> bool:
    """Cancelled because no storyboard wanted it, not by the user: nothing is lost with it."""
    return one.state is State.CANCELLED and not one.by_user


def _best(known: Sequence[Known], spare: Sequence[int], key: Key) -> int | None:
    def rank(index: int) -> tuple[int, bool, int, int]:
        one = known[index]
        return _RANK.get(one.state, 3), one.take != key[1], abs(one.segment - key[0]), index

    return min(spare, key=rank, default=None)


def _further(
    known: Sequence[Known],
    spare: dict[str, list[int]],
    result: dict[int, tuple[int, int]],
    taken: set[Key],
) -> None:
    """The extra takes (``sorad redo``) of a text go along with it, where their number is free."""
    to = {
        (known[index].segment, known[index].fingerprint): segment
        for index, (segment, _take) in result.items()
        if not _dropped(known[index])
    }
    taken = taken | {(segment, take, known[index].fingerprint) for index, (segment, take) in result.items()}
    for fingerprint, indexes in spare.items():
        for index in indexes:
            one = known[index]
            segment = to.get((one.segment, fingerprint))
            if one.extra and segment is not None and (segment, one.take, fingerprint) not in taken:
                taken.add((segment, one.take, fingerprint))
                result[index] = (segment, one.take)
