"""The places that files may move from and to, as they will be: moves are played on them before they are made. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

from sorad.intake.facts import MoveVideo
from sorad.receipts.moving import Spot

_EMPTY = Spot()
_PARTS = ("intent", "receipt", "video")


class Disk:
    """Places by the path of their video. ``stuck``: what is known not to move; ``may_move``: what may, by its path.

    ``moves`` are those that were played, in their order.
    """

    def __init__(
        self,
        spots: Mapping[Path, Spot],
        stuck: Collection[tuple[Path, Path]] = (),
        may_move: Callable[[Path], bool] = lambda old: True,
    ) -> None:
        self._spots = dict(spots)
        self._stuck = stuck
        self._may_move = may_move
        self.moves: list[MoveVideo] = []

    def at(self, video: Path) -> Spot:
        """What lies there by now."""
        return self._spots.get(video, _EMPTY)

    def has_other_create(self, video: Path, creates: Collection[str]) -> bool:
        """Whether the place is that of a create that is not one of these, which may still be under way."""
        create = self.at(video).create
        return create != "" and create not in creates

    def move(self, old: Path, new: Path, segment: int, take: int) -> bool:
        """Play a move as :func:`sorad.receipts.moving.move_video` makes it; whether the video is there then."""
        source, target = self.at(old), self.at(new)
        can = self._may_move(old) and (old, new) not in self._stuck
        if old != new and source != _EMPTY and can:
            self.moves.append(MoveVideo(old, new, segment, take))
            self._spots[old], self._spots[new] = after_move(source, target)
        return self.at(new).video


def after_move(source: Spot, target: Spot) -> tuple[Spot, Spot]:
    """Both places after all that is at the first was moved to the second. Nothing is written over."""
    gone: dict[str, Any] = {}
    came: dict[str, Any] = {}
    for part in _PARTS:
        if getattr(source, part) not in (None, False) and getattr(target, part) in (None, False):
            gone[part], came[part] = getattr(_EMPTY, part), getattr(source, part)
    source, target = replace(source, **gone), replace(target, **came)
    doubled = bool(source.receipt) and source.receipt == target.receipt
    if doubled and not source.video:
        source = replace(source, receipt=None)  # the one at the new name tells of the same task
    return source, target
