"""How many videos of other storyboards nearby serve a storyboard in place of a purchase, by text."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from sorad.config.model import Watch
from sorad.ledger.interface import Ledger
from sorad.ledger.reused import NO_REUSE, left, sources
from sorad.model import State


def reusable(
    ledger: Ledger, path: str, watch: Watch, fingerprints: Iterable[str], itself: Collection[int]
) -> dict[str, int]:
    """``itself``: the ids of the storyboards that the one at ``path`` is or was. Costs a question for each text."""
    found = {}
    for text in set(fingerprints) if watch.reuse != NO_REUSE else ():
        takes = ledger.with_text(text)
        mine = [take for take in takes if take.storyboard_id in itself]
        # whether one begins with the frame that is wanted is known once that frame is
        others = [one for one in takes if one.storyboard_id not in itself and not one.request.continues]
        free = left(sources(path, str(watch.path), others, watch.reuse), mine)
        found[text] = sum(take.state is not State.DONE or os.path.lexists(take.output) for take in free)
    return found
