"""What an earlier version of sorad has bought for a segment, with the text that its rules made. Pure.

How a prompt is built may change, and with it the fingerprint; what was bought stays bought. A take that is wanted
counts as the one that an earlier version bought for it, under that one's text, and is marked so; `redo` buys the
text of today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Callable

from sorad.intake.facts import Key
from sorad.layout import video_path
from sorad.ledger.values import Want
from sorad.model import Request, State, Take
from sorad.receipts.folder import Evidence


def texts_of(wants: Iterable[Want]) -> set[str]:
    """The fingerprints under which wants may have been bought, by this or an earlier version."""
    return set[str]().union(*(want.texts for want in wants))


def as_bought(
    wants: Sequence[Want],
    takes: Iterable[Take],
    there: Iterable[Evidence],
    assets: Path,
    look: Callable[[Want], Want],
) -> Sequence[Want]:
    """The wants, under the text of an earlier version where that one has bought it. No purchase counts twice.

    ``takes`` are those of the storyboard, ``there`` are receipts and intents; ``look`` tells a want with what its
    place holds, and raises what it may.
    """
    if not any(want.earlier for want in wants):
        return wants
    bought = {(take.segment, take.take, take.fingerprint) for take in takes if _counts(take)}
    bought.update((one.segment, one.take, one.receipt.fingerprint) for one in there)
    result = [_at_its_place(want, bought, assets, look) for want in wants]
    taken = {_key(want) for want in (*wants, *result)}
    spare = Counter(fingerprint for segment, take, fingerprint in bought - taken)
    return [_renumbered(want, bought, spare, assets) for want in result]


def _at_its_place(want: Want, bought: set[Key], assets: Path, look: Callable[[Want], Want]) -> Want:
    if _key(want) in bought:
        return want
    for request in want.earlier:
        older = _under(want, request, assets)
        if _key(older) in bought or look(older).state is not State.QUEUED:
            return older
    return want


def _renumbered(want: Want, bought: set[Key], spare: Counter[str], assets: Path) -> Want:
    """Bought under another number: segments were inserted, or change places."""
    for request in want.earlier if _key(want) not in bought else ():
        fingerprint = request.fingerprint()
        if spare[fingerprint]:
            spare[fingerprint] -= 1
            return _under(want, request, assets)
    return want


def _under(want: Want, request: Request, assets: Path) -> Want:
    fingerprint = request.fingerprint()
    video = video_path(assets, want.segment, want.take, fingerprint)
    return replace(
        want, request=request, fingerprint=fingerprint, output=str(video), newer=want.request, earlier=()
    )


def _counts(take: Take) -> bool:
    """Whether it was bought, or waits for the user, or was given up by him; not what merely waits to be bought."""
    if take.creates or take.state not in (State.QUEUED, State.HELD, State.CANCELLED):
        return True
    if take.state is State.HELD:
        return take.error is not None and not take.error.code.startswith("budget.")
    return take.state is State.CANCELLED and take.error is not None


def _key(want: Want) -> Key:
    return want.segment, want.take, want.fingerprint
