"""Which other storyboards a file may be or repeat, and whether theirs are there: what the ledger and the disk say."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path

from sorad.intake.facts import Relative, SameContent
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard
from sorad.vault.mount_table import mounted
from sorad.vault.notes import is_there as is_there_still
from sorad.vault.scan import is_listed

_GONE = (errno.ENOENT, errno.ENOTDIR)


def of_same_content(
    ledger: Ledger, path: str, contents: Sequence[str], watched: Collection[str], rules: str
) -> list[SameContent]:
    """The other storyboards whose content is ``contents[0]``.

    The others of ``contents`` are what earlier versions made of the same file: they count only for storyboards that
    were not read under the ``rules`` of today.
    """
    others = [
        other
        for content in contents
        for other in ledger.with_content(content)
        if other.path != path
        and other.state in ("ok", "gone")
        and (content == contents[0] or other.rules != rules)
    ]
    away = offline(ledger) if others else set()
    return [SameContent(other, is_there(other, watched, away, path)) for other in others]


def relatives(
    ledger: Ledger,
    path: str,
    fingerprints: Collection[str],
    remote_ids: Collection[str],
    watched: Collection[str],
) -> list[Relative]:
    """The storyboards whose files are gone, and the one of ``path``, with some of these fingerprints or tasks."""
    kin = ledger.related_storyboards(fingerprints, remote_ids)
    if not kin:
        return []
    away = offline(ledger)
    return [
        Relative(board, kin[board.id])
        for board in ledger.storyboards()
        if board.id in kin and (board.path == path or not is_there(board, watched, away, path))
    ]


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
    return is_there_still(Path(path))


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
