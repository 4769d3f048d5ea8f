"""What an earlier version of sorad has bought for a segment, with the text that its rules made. Pure.

How a prompt is built may change, and with it the fingerprint; what was bought stays bought. A take that is wanted
counts as the one that an earlier version bought for it, under that one's text, and is marked so; `redo` buys the
text of today.

An earlier version left out what it did not know: a ``seed``, a ``last_frame``. Where such a word stood in a file then,
it was bought without. Where it is written today, into a file that this version has read before, it is an edit, and
bought; but for takes that are marked already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable

from sorad.intake.facts import Key
from sorad.ledger.values import Want
from sorad.model import Request, State, Take
from sorad.receipts.folder import Evidence
from sorad.storyboard.prompt import LEFT_OUT, RULES

# The place of a video, by segment, number and fingerprint.
Video = Callable[[int, int, str], Path]


def fingerprints_of(wants: Iterable[Want]) -> set[str]:
    """The fingerprints under which wants may have been bought, by this or an earlier version."""
    return set[str]().union(*(want.fingerprints for want in wants))


def as_bought(
    wants: Sequence[Want],
    takes: Iterable[Take],
    there: Iterable[Evidence],
    video: Video,
    look: Callable[[Want], Want],
    *,
    edited: bool = False,
) -> Sequence[Want]:
    """The wants, under the text of an earlier version where that one has bought it. No purchase counts twice.

    ``takes`` are those of the storyboard, ``there`` are receipts and intents; ``video`` tells the place of a take by
    segment, number and text; ``look`` tells a want with what its
    place holds, and raises what it may. ``edited``: this version has read the storyboard before, under these settings.
    """
    if not any(want.earlier for want in wants):
        return wants
    counted = [take for take in takes if _counts(take)]
    wants = _without_edits(wants, counted) if edited else wants
    rules = _bought_by(counted, there)
    before = _of_earlier(rules)
    result = [_at_its_place(want, rules, before, video, look) for want in wants]
    taken = {_key(want) for want in (*wants, *result)}
    spare = Counter(fingerprint for segment, take, fingerprint in before - taken)
    return [_renumbered(want, rules, spare, video) for want in result]


def _bought_by(takes: Iterable[Take], there: Iterable[Evidence]) -> dict[Key, int]:
    """All that was bought, each with the rules by which its storyboard had been read."""
    rules = {(take.segment, take.take, take.fingerprint): take.request.rules for take in takes}
    rules.update(
        {(one.segment, one.take, one.receipt.fingerprint): one.receipt.request.rules for one in there}
    )
    return rules


def _of_earlier(rules: Mapping[Key, int]) -> set[Key]:
    return {key for key, by in rules.items() if by < RULES}


def fingerprints_said(wants: Iterable[Want]) -> set[str]:
    """As :func:`fingerprints_of`, without those under which an earlier version left words out."""
    earlier = {one.fingerprint() for want in wants for one in want.earlier if one.rules != LEFT_OUT}
    return earlier.union(want.fingerprint for want in wants)


def _without_edits(wants: Iterable[Want], takes: Iterable[Take]) -> list[Want]:
    """Without what they asked for when words were left out, except for takes that are marked so."""
    marks = {(take.fingerprint, take.newer.fingerprint()) for take in takes if take.newer is not None}

    def counts(want: Want, older: Request) -> bool:
        return older.rules != LEFT_OUT or (older.fingerprint(), want.fingerprint) in marks

    return [replace(want, earlier=tuple(one for one in want.earlier if counts(want, one))) for want in wants]


def _at_its_place(
    want: Want,
    bought: Collection[Key],
    before: Collection[Key],
    video: Video,
    look: Callable[[Want], Want],
) -> Want:
    """``before``: what of the ``bought`` an earlier version has bought."""
    if _key(want) in bought:
        return want
    for request in want.earlier:
        older = _under(want, request, video)
        key = _key(older)
        if key in before or (key not in bought and look(older).state is not State.QUEUED):
            return older
    return want


def _renumbered(want: Want, bought: Collection[Key], spare: Counter[str], video: Video) -> Want:
    """Bought under another number: segments were inserted, or change places."""
    for request in want.earlier if _key(want) not in bought else ():
        fingerprint = request.fingerprint()
        if spare[fingerprint]:
            spare[fingerprint] -= 1
            return _under(want, request, video)
    return want


def _under(want: Want, request: Request, video: Video) -> Want:
    fingerprint = request.fingerprint()
    output = str(video(want.segment, want.take, fingerprint))
    return replace(
        want, request=request, fingerprint=fingerprint, output=output, newer=want.request, earlier=()
    )


def _counts(take: Take) -> bool:
    """Whether it was bought, or waits for the user, or was given up by them; not what merely waits to be bought."""
    if take.creates or take.state not in (State.QUEUED, State.HELD, State.CANCELLED):
        return True
    if take.state is State.HELD:
        return take.error is not None and not take.error.code.startswith("budget.")
    return take.state is State.CANCELLED and take.error is not None


def _key(want: Want) -> Key:
    return want.segment, want.take, want.fingerprint
