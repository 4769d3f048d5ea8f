"""Which known storyboard a file is: the one of its path, one that was renamed or moved, or one that it copies.

A path says little: files are renamed, moved, copied and edited, all at once, with sorad running or not. What
says more: the content (every segment, number of takes and fingerprint); the receipts that came along in the
output folder, whose tasks belong to somebody; the fingerprints, some of which outlive an edit.
"""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path

from sorad.ledger.interface import Ledger, Storyboard
from sorad.vault.mounted import mounted
from sorad.vault.scan import is_listed

_GONE = (errno.ENOENT, errno.ENOTDIR)


def same_content(
    ledger: Ledger, path: str, contents: Sequence[str], watched: Collection[str]
) -> Storyboard | None:
    """Another storyboard with the same content (one of these): one that is there first. See :func:`is_there`."""
    others = [
        other
        for content in contents
        for other in ledger.with_content(content)
        if other.path != path and other.state in ("ok", "gone")
    ]
    away = offline(ledger)

    def rank(other: Storyboard) -> tuple[bool, bool, int]:
        return not is_there(other, watched, away, path), bool(other.copy_of), other.id

    return min(others, key=rank, default=None)


def nearest(
    ledger: Ledger,
    path: str,
    fingerprints: Collection[str],
    remote_ids: Collection[str],
    watched: Collection[str],
) -> Storyboard | None:
    """The storyboard whose file is gone and that has most of these fingerprints and tasks.

    Among equals the one of the same folder, then the one that was last seen.
    """
    kin = ledger.kin(fingerprints, remote_ids)
    if not kin:
        return None
    away = offline(ledger)
    folder = str(Path(path).parent)
    gone = [
        board
        for board in ledger.storyboards()
        if board.id in kin and (board.path == path or not is_there(board, watched, away, path))
    ]

    def rank(board: Storyboard) -> tuple[int, bool, float]:
        return kin[board.id], str(Path(board.path).parent) == folder, board.updated_at

    return max(gone, key=rank, default=None)


def offline(ledger: Ledger) -> set[str]:
    """The roots that were away when they were last looked at."""
    return {row.path for row in ledger.roots() if row.state == "offline"}


def is_there(board: Storyboard, watched: Collection[str], away: Collection[str], path: str) -> bool:
    """Whether its file is there beside the one at ``path``, or cannot be called gone because its disk is away.

    That may be its root's, or one mounted below it.

    A root that is no longer in the config is not waited for: its folder was renamed, most likely.
    """
    if _exists(board.path):
        # Renamed to other letters of the same kind, it is found by the old name, too, on many disks.
        renamed = board.path != path and _folded(board.path) == _folded(path)
        return not renamed or is_listed(board.path, board.root)
    if _exists(_stub(board.path)):
        return True
    if board.mount and board.state != "gone" and board.root in watched and not mounted(board.mount):
        return True
    return board.root in watched and (board.root in away or _is_bare(board.root))


def _folded(path: str) -> str:
    """What such a disk makes of a path: neither case nor the spelling of accents counts."""
    return unicodedata.normalize("NFC", path).casefold()


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno not in _GONE
    return True


def _stub(path: str) -> str:
    """What older versions of iCloud leave in place of an evicted file."""
    return str(Path(path).with_name(f".{Path(path).name}.icloud"))


def _is_bare(root: str) -> bool:
    """Whether a root is missing or holds nothing: a mount point without its disk."""
    try:
        names: Sequence[str] = os.listdir(root)  # noqa: PTH208
    except OSError:
        return True
    return all(name.startswith(".") for name in names)
