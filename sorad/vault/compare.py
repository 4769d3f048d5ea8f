"""What a look at the folders means against what the ledger knows. Pure."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sorad.ledger.values import Storyboard
from sorad.messages import N_
from sorad.problems import Problem
from sorad.storyboard import source
from sorad.vault.scan import Scan, Seen


@dataclass
class Changes:
    """What is to be done about the files of a root."""

    read: list[Seen] = field(default_factory=list)  # new, changed, or last read under other settings
    waiting: list[Seen] = field(default_factory=list)  # known or not: their content is in the cloud
    same: list[Seen] = field(default_factory=list)
    missing: list[Storyboard] = field(default_factory=list)


def differs(seen: Seen, known: Storyboard | None, root: str, rules: str) -> bool:
    """Whether a file must be read (again)."""
    return (
        known is None
        or known.state == "gone"
        or (known.size, known.mtime_ns) != (seen.size, seen.mtime_ns)
        or (known.mount, known.disk) != (seen.mount, seen.disk)
        or known.rules != rules
        or known.root != root
    )


def is_edit(seen: Seen, known: Storyboard | None) -> bool:
    """Whether the content of a storyboard that was read as valid changed."""
    return (
        known is not None
        and known.state in ("ok", "copy")
        and (known.size, known.mtime_ns) != (seen.size, seen.mtime_ns)
    )


def is_typed(seen: Seen, known: Storyboard | None, boards: Iterable[Storyboard]) -> bool:
    """Whether something in a note or a table is new. Not where another one of these was just so: it was renamed."""
    if not source.is_typed(seen.path):
        return False
    others = boards if known is None else (known,)
    return not any((one.size, one.mtime_ns) == (seen.size, seen.mtime_ns) for one in others)


def compare(
    found: Scan, boards: Iterable[Storyboard], root: str, rules: str, below: str | None = None
) -> Changes:
    """Sort what a scan of ``root`` (or of the folder ``below`` it) found against the storyboards known.

    ``boards`` are those whose path belongs to this root. One below a folder that could not be read is not
    missing: nobody knows.
    """
    known = {board.path: board for board in boards}
    changes = Changes()
    for seen in found.files:
        if seen.placeholder:
            changes.waiting.append(seen)
        elif differs(seen, known.get(seen.path), root, rules):
            changes.read.append(seen)
        else:
            changes.same.append(seen)
    there = {seen.path for seen in found.files}
    dark = [path for path, _reason in found.errors]

    def is_missing(board: Storyboard) -> bool:
        looked_at = (below is None or is_below(board.path, (below,))) and not is_below(board.path, dark)
        return board.state != "gone" and board.path not in there and looked_at

    changes.missing = [board for board in known.values() if is_missing(board)]
    return changes


def is_below(path: str, folders: Collection[str]) -> bool:
    """Whether a path is one of ``folders`` or lies in one."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def not_ours(found: Scan, root: str, *, known: bool, familiar: bool) -> Problem | None:
    """Why what lies at the root's path is not taken for the root; ``None`` where it is.

    ``known`` tells whether the ledger knows storyboards of it, ``familiar`` whether it is the folder that lay
    there at the last look. An empty folder is a mount point without its disk. Another folder that holds
    storyboards is accepted: a disk gets another number at each plug, a vault is cloned again.
    """
    if not known:
        return None
    if found.empty:
        return Problem(
            "root.empty",
            N_("The watched folder {path} is empty, though it held storyboards: is its disk not mounted?"),
            N_("Mount it, or put the storyboards back. Nothing is cancelled; {then}."),
            {"path": root},
        )
    if not familiar and not found.files:
        return Problem(
            "root.replaced",
            N_("Another folder lies at {path}, without any of its storyboards."),
            N_("Bring the right one back, or put a storyboard into this one. Nothing is cancelled."),
            {"path": root},
        )
    return None
