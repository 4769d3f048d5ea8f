# ruff: noqa: PTH116, PTH118, PTH119, PTH120
"""What lies in a watched folder: the truth that events only hint at.

An own walk over ``os.scandir`` that stats nothing but storyboard names and notes: 100,000 files in 2,000 folders
take a fraction of a second, where a polling observer takes an eighth of a core. It reads nothing but the first
bytes of notes that changed (:mod:`sorad.vault.notes`), so an evicted cloud file is not fetched by looking at it. Paths
are strings in here: a ``Path`` for each of so many entries would cost more than the walk.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from sorad.messages import N_
from sorad.problems import Problem
from sorad.vault import mount_table
from sorad.vault.names import (
    PREFIX,
    conflict_copy,
    is_ignored_folder,
    is_never_read,
    is_note,
    is_storyboard,
    stub_target,
)
from sorad.vault.notes import Notes, is_there
from sorad.vault.placeholder import is_placeholder

_VANISHED = (errno.ENOENT, errno.ENOTDIR)
_BEAT = 500  # notes between two signs of life: on a slow disk each takes its time


@dataclass(frozen=True)
class Seen:
    """A storyboard file as the file system shows it."""

    path: str  # absolute, below the root as it is written in the config
    size: int  # bytes
    mtime_ns: int
    placeholder: bool = False  # its content is in the cloud; reading would fetch it
    mount: str = ""  # where the disk it lies on is mounted below the root; "": it is the root's own
    disk: str = ""  # identity of what is mounted there


@dataclass
class Scan:
    """What one walk found. Lists are in no particular order."""

    files: list[Seen] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    never_read: list[str] = field(default_factory=list)  # meant as storyboards, most likely, by their names
    identity: str = ""  # device and inode of the root
    device: int = 0  # of the root
    walked: list[str] = field(default_factory=list)  # the folders looked into
    errors: list[tuple[str, str]] = field(default_factory=list)  # (path, why it could not be read)
    empty: bool = False  # the root holds nothing, dot-files aside
    mounts: dict[str, tuple[str, str]] = field(default_factory=dict)  # of the folders that hold storyboards

    @property
    def folders(self) -> int:
        """How many folders were looked into."""
        return len(self.walked)


class RootOffline(Exception):
    """The root is missing, no folder, or cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def identity_of(path: str) -> str:
    """``"device:inode"`` of what lies at the path. Raises ``OSError``."""
    found = os.stat(path)
    return f"{found.st_dev}:{found.st_ino}"


def is_hidden(root: str, folder: str) -> bool:
    """Whether a folder below ``root`` is an ignored one or lies inside one."""
    relative = os.path.relpath(folder, root)
    at = root
    for name in [] if relative == os.curdir else Path(relative).parts:
        if is_ignored_folder(name, _has(at)):
            return True
        at = os.path.join(at, name)
    return False


def look(path: str, roots: Collection[str], top: str = "", notes: Notes | None = None) -> Seen | None:
    """One storyboard file, or ``None`` where none is; ``roots`` are the real paths of all roots.

    With its root as ``top``, it is seen with the disk it lies on. A note is one by what ``notes`` say.

    Raises ``OSError`` where it cannot be told (no permission, I/O error).
    """
    try:
        found = os.lstat(path)
        seen = _linked(path, roots) if stat.S_ISLNK(found.st_mode) else _seen(path, found)
        seen = _if_storyboard(seen, notes)
        if seen is None or not top:
            return seen
        mount, disk = mount_table.mount_of(os.path.dirname(path), top)
        return replace(seen, mount=mount, disk=disk)
    except OSError as error:
        if error.errno not in _VANISHED:
            raise
        folder, name = os.path.split(path)
        if not os.path.lexists(os.path.join(folder, f".{name}.icloud")):
            return None
        return _if_storyboard(Seen(path, 0, 0, placeholder=True), notes)


def _if_storyboard(seen: Seen | None, notes: Notes | None) -> Seen | None:
    """What was seen, unless it is a note that is no storyboard."""
    if seen is None or not is_note(os.path.basename(seen.path)):
        return seen
    return seen if (notes or Notes()).is_storyboard(seen) else None


def is_listed(path: str, root: str) -> bool:
    """Whether a path that leads somewhere is spelled as the file system lists it, below ``root``.

    Disks that see no difference between capital and small letters (macOS, Windows) find a file by its former
    name, too. Where a folder cannot be listed, it is.
    """
    folder = root
    for name in Path(path).relative_to(root).parts:
        try:
            if name not in os.listdir(folder):  # noqa: PTH208
                return False
        except OSError:
            return True
        folder = os.path.join(folder, name)
    return True


def scan(
    root: Path,
    others: Collection[Path],
    *,
    below: str | None = None,
    tick: Callable[[], object] | None = None,
    notes: Notes | None = None,
) -> Scan:
    """Walk a root, or only the folder ``below`` it, and return the storyboards in it.

    Folders that are ``others`` (watched roots, too) are left out: they are scanned on their own. Links to
    folders are not followed; a link to a file counts where its target lies outside every root. A folder
    that cannot be read is recorded in ``errors``, and the walk goes on. ``tick`` is called per folder; ``notes`` tell
    which notes are storyboards. Raises :class:`RootOffline`.
    """
    top = str(root)
    found = Scan(identity=_online(top))
    try:
        found.device = mount_table.device(top)
    except OSError as error:
        raise RootOffline(_offline(top, error)) from error
    roots = [os.path.realpath(one) for one in (root, *others)]
    walk = _Walk(top, found, roots, _nested(roots, top), notes or Notes(), [below or top], tick)
    while walk.stack:
        folder = walk.stack.pop()
        if tick is not None:
            tick()
        try:
            _walk(folder, walk)
        except OSError as error:
            if folder == top:
                raise RootOffline(_offline(top, error)) from error
            if error.errno not in _VANISHED:
                found.errors.append((folder, os.strerror(error.errno or 0)))
    if _online(top) != found.identity:
        raise RootOffline(_offline(top, OSError(errno.ESTALE, os.strerror(errno.ESTALE))))
    return found


@dataclass
class _Walk:
    """What one walk knows and finds."""

    top: str
    found: Scan
    roots: list[str]  # the real paths of all roots
    nested: set[str]
    notes: Notes
    stack: list[str]  # folders that are still to be walked
    tick: Callable[[], object] | None
    looked: int = 0  # notes


def _nested(roots: list[str], top: str) -> set[str]:
    """The other roots that lie in the first one, by their paths below it."""
    return {_below(real, roots[0], top) for real in roots[1:] if _inside(real, roots[0])}


def _walk(folder: str, walk: _Walk) -> None:
    """Look into one folder. ``OSError`` where it cannot be read."""
    found = walk.found
    with os.scandir(folder) as entries:
        found.walked.append(folder)
        if folder == walk.top:
            found.empty = True
        for entry in entries:
            if found.empty and not entry.name.startswith("."):
                found.empty = False
            _enter(entry, folder, walk)


def _enter(entry: os.DirEntry[str], folder: str, walk: _Walk) -> None:
    """Sort one entry of a folder into what was found, or into what is still to be walked."""
    name, found = entry.name, walk.found
    try:
        if entry.is_dir(follow_symlinks=False):
            walk.stack += [] if _is_left_out(entry, folder, walk.nested) else [entry.path]
        elif is_note(name):
            _enter_note(entry, folder, walk)
        elif name[: len(PREFIX)].lower() == PREFIX:
            _enter_file(entry, folder, walk)
        elif name.endswith(".json"):
            found.never_read += [entry.path] if is_never_read(name) else []
        elif name.endswith(".icloud"):
            _enter_stub(name, folder, walk)
    except UnicodeEncodeError:
        found.errors.append((os.fsencode(entry.path).decode("utf-8", "replace"), os.strerror(errno.EILSEQ)))
    except OSError as error:
        found.errors += _unreadable(entry.path, error)


def _unreadable(path: str, error: OSError) -> list[tuple[str, str]]:
    """What is told of an entry that cannot be looked at: nothing where it vanished."""
    if error.errno in _VANISHED and not os.path.islink(path):  # noqa: PTH114
        return []
    return [(path, os.strerror(error.errno or 0))]


def _is_left_out(entry: os.DirEntry[str], folder: str, nested: set[str]) -> bool:
    """Whether a folder is not walked into: another root, a junction, or one of a name that is passed over."""
    return entry.path in nested or _is_junction(entry) or is_ignored_folder(entry.name, _has(folder))


def _enter_note(entry: os.DirEntry[str], folder: str, walk: _Walk) -> None:
    """What is wrong with a note that is no storyboard is no matter of sorad's."""
    walk.looked += 1
    if walk.tick is not None and walk.looked % _BEAT == 0:
        walk.tick()
    try:
        seen = _linked(entry.path, walk.roots) if entry.is_symlink() else _of_entry(entry)
        if seen is None or not walk.notes.is_storyboard(seen):
            return
    except OSError:
        return
    if conflict_copy(entry.name):
        walk.found.conflicts.append(entry.path)
        return
    entry.path.encode()
    walk.found.files.append(_on_its_disk(seen, folder, walk.found, walk.top))


def _enter_file(entry: os.DirEntry[str], folder: str, walk: _Walk) -> None:
    found = walk.found
    if not is_storyboard(entry.name):
        found.never_read += [entry.path] if is_never_read(entry.name) else []
        return
    if conflict_copy(entry.name):
        found.conflicts.append(entry.path)
        return
    entry.path.encode()  # the ledger holds text: a name that is no UTF-8 cannot be kept
    seen = _linked(entry.path, walk.roots) if entry.is_symlink() else _of_entry(entry)
    if seen is not None:
        found.files.append(_on_its_disk(seen, folder, found, walk.top))


def _enter_stub(name: str, folder: str, walk: _Walk) -> None:
    """What older versions of iCloud leave in place of an evicted file."""
    target = stub_target(name)
    if target is None or conflict_copy(target):
        return
    seen = Seen(os.path.join(folder, target), 0, 0, placeholder=True)
    if is_storyboard(target) or (is_note(target) and walk.notes.is_storyboard(seen)):
        walk.found.files.append(seen)


def _of_entry(entry: os.DirEntry[str]) -> Seen | None:
    return _seen(entry.path, entry.stat(follow_symlinks=False))


def _seen(path: str, found: os.stat_result) -> Seen | None:
    if not stat.S_ISREG(found.st_mode):
        return None
    return Seen(path, found.st_size, found.st_mtime_ns, is_placeholder(found))


def _on_its_disk(seen: Seen, folder: str, found: Scan, top: str) -> Seen:
    if folder not in found.mounts:
        elsewhere = mount_table.device(folder) != found.device
        found.mounts[folder] = mount_table.mount_of(folder, top) if elsewhere else ("", "")
    mount, disk = found.mounts[folder]
    return replace(seen, mount=mount, disk=disk) if mount else seen


def _linked(path: str, roots: Collection[str]) -> Seen | None:
    """A link to a file outside of every root; inside of one, the file itself is found there."""
    target = os.path.realpath(path)
    if any(_inside(target, root) for root in roots):
        os.stat(path)  # where it leads nowhere, nothing is found there
        return None
    return _seen(path, os.stat(path))


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Whether it is a Windows junction, a link in the coat of a folder (known from Python 3.12 on)."""
    asked: Callable[[], bool] | None = getattr(entry, "is_junction", None)
    return sys.platform == "win32" and asked is not None and asked()


def _has(folder: str) -> Callable[[str], bool]:
    """Whether a folder holds a file of a name: of a note, whether that is a storyboard."""

    def has(name: str) -> bool:
        path = os.path.join(folder, name)
        return os.path.lexists(path) and is_there(Path(path), if_away=False)

    return has


def _inside(path: str, root: str) -> bool:
    """Whether a real path is ``root`` or lies below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _below(real: str, real_root: str, root: str) -> str:
    """A real path inside a root, as a path below the root as it is written."""
    return os.path.join(root, os.path.relpath(real, real_root))


def _online(root: str) -> str:
    try:
        if not stat.S_ISDIR(os.stat(root).st_mode):
            raise RootOffline(_offline(root, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))))
        return identity_of(root)
    except OSError as error:
        raise RootOffline(_offline(root, error)) from error


def _offline(root: str, error: OSError) -> Problem:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ESTALE):
        return Problem(
            "root.missing",
            N_("The watched folder {path} is not there."),
            N_("Connect its disk, or create the folder. Nothing is cancelled; {then}."),
            {"path": root},
        )
    if error.errno == errno.ENOTDIR:
        return Problem(
            "root.not_folder",
            N_("The watched path {path} is not a folder."),
            N_("Put a folder there, or correct the path under [[watch]] in the config."),
            {"path": root},
        )
    return Problem(
        "root.unreadable",
        N_("The watched folder {path} cannot be read: {reason}."),
        N_("Give the user that runs sorad the right to read it; {then}."),
        {"path": root, "reason": os.strerror(error.errno or 0)},
    )
