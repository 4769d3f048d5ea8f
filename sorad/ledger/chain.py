"""The shots of a storyboard in their order, as far as the ledger tells it."""

from __future__ import annotations

from sorad.ledger.interface import Ledger
from sorad.model import Take


def segment_before(ledger: Ledger, take: Take) -> list[Take]:
    """The takes of the segment before a take's own in its storyboard."""
    if take.follows is None:
        return []
    found = ledger.takes(storyboard=take.storyboard, segment=take.follows)
    return [one for one in found if one.storyboard_id == take.storyboard_id]
