"""One more take of what is there: `sorad redo` and `--force`."""

from __future__ import annotations

from pathlib import Path

from sorad.config.model import Config
from sorad.layout import video_path
from sorad.ledger.interface import Ledger
from sorad.model import Take


def another_take(ledger: Ledger, take: Take, now: float, config: Config) -> int:
    """Queue one more take of the same segment and request, beside what is there: 1, or 0 if one is open.

    One that has the text of an earlier version of sorad is bought with what its storyboard asks for now.
    """
    queued = ledger.queue_another(take.id, lambda number: str(sibling(take, number, config)), now)
    return 0 if queued is None else 1


def sibling(take: Take, number: int, config: Config) -> Path:
    """Where take ``number`` of the same segment goes; see :func:`another_take`."""
    request = (take.newer or take.request).of_take(1 + number - take.take)
    return place_of(take, number, request.fingerprint(), config)


def place_of(take: Take, number: int, fingerprint: str, config: Config) -> Path:
    """The place of a new take of the same segment, beside those that it has."""
    assets = Path(take.output).parent.parent
    names = [watch.name for watch in config.watch if str(watch.path) == take.root]
    return video_path(assets, take.segment, number, fingerprint, *names[:1])
