"""Which known storyboard a file is: the one of its path, one that was renamed or moved, or one that it copies. Pure.

A path says little: files are renamed, moved, copied and edited, all at once, with sorad running or not. What
says more: the content (every segment, number of takes and fingerprint); the receipts that came along in the
output folder, whose tasks belong to somebody; the fingerprints, some of which outlive an edit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Optional

from sorad.intake.facts import Ledgered, Relative, SameContent
from sorad.ledger.values import Storyboard
from sorad.ledger.wants import UNSENT
from sorad.model import State, Take
from sorad.receipts.folder import Evidence


def first_of_content(others: Iterable[SameContent]) -> Optional[SameContent]:
    """Of the other storyboards with the same content: one that is there, an original, the oldest."""

    def rank(one: SameContent) -> tuple[bool, bool, int]:
        return not one.is_there, bool(one.board.copy_of), one.board.id

    return min(others, key=rank, default=None)


def closest(relatives: Iterable[Relative], path: str) -> Optional[Storyboard]:
    """The one that shares most; among equals the one of the same folder, then the one that was last seen."""
    folder = Path(path).parent

    def rank(one: Relative) -> tuple[int, bool, float]:
        return one.shared, Path(one.board.path).parent == folder, one.board.updated_at

    best = max(relatives, key=rank, default=None)
    return None if best is None else best.board


def is_unchanged(known: Optional[Storyboard], contents: Collection[str]) -> bool:
    """Whether the storyboard of a path is what it was. Then a copy that vanished was not renamed to it."""
    return known is not None and known.state == "ok" and known.content in contents


def is_new(known: Optional[Storyboard], takes: Sequence[Take]) -> bool:
    """Whether the row of a path has no purchases. Then the storyboard may be any other one, renamed."""
    return not takes or known is None or known.state == "gone"


def origin_of(rows: Ledgered, path: str) -> Optional[Storyboard]:
    """Which row a storyboard of its own is: that of its content, of its fingerprints and tasks, or of its path."""
    same = None if rows.same is None else rows.same.board
    return same or closest(rows.relatives, path) or rows.known


def outranks(fingerprints: Iterable[str], evidence: Iterable[Evidence], same_takes: Iterable[Take]) -> bool:
    """Whether of two storyboards with the same content this is the one that was bought for.

    ``evidence`` is of its own folder, ``same_takes`` are those of the other one. With the ledger lost, the copy may
    be read first.
    """
    wanted = set(fingerprints)
    if not any(one.receipt.fingerprint in wanted for one in evidence):
        return False
    return all(take.state in UNSENT or take.state is State.CANCELLED for take in same_takes)
