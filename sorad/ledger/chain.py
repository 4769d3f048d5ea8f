"""The shots of a storyboard in their order, as far as the ledger tells it."""

from __future__ import annotations

from sorad.ledger.interface import Ledger
from sorad.model import State, Take

# Held until the segment before has ended; held because that one has no frame to give.
WAITS, NO_FRAME = "take.waits", "take.no_frame"


def is_waiting(take: Take) -> bool:
    """Whether a take is held for the segment before it. No approval and no budget releases it."""
    return take.state is State.HELD and take.error is not None and take.error.code in (WAITS, NO_FRAME)


def segment_before(ledger: Ledger, take: Take) -> list[Take]:
    """The takes of the segment before a take's own in its storyboard."""
    if take.follows is None:
        return []
    found = ledger.takes(storyboard=take.storyboard, segment=take.follows)
    return [one for one in found if one.storyboard_id == take.storyboard_id]
