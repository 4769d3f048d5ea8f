"""One more take of what is there: `sorad redo` and `--force`."""

from __future__ import annotations

from pathlib import Path

from sorad.layout import video_path
from sorad.ledger.interface import Ledger
from sorad.model import Take


def another_take(ledger: Ledger, take: Take, now: float) -> int:
    """Queue one more take of the same segment and request, beside what is there: 1, or 0 if one is open.

    One that has the text of an earlier version of sorad is bought with what its storyboard asks for now.
    """
    queued = ledger.queue_another(take.id, lambda number: str(sibling(Path(take.output), take, number)), now)
    return 0 if queued is None else 1


def sibling(video: Path, take: Take, number: int) -> Path:
    """Where take ``number`` of the same segment goes; see :func:`another_take`."""
    request = (take.newer or take.request).of_take(1 + number - take.take)
    return video_path(video.parent.parent, take.segment, number, request.fingerprint())
