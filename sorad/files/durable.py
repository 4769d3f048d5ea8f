"""Folders, and the two steps that make a file appear whole or not at all: rename, and sync of the folder.

Without the folder's fsync a power cut right after the rename leaves the file under its temporary name;
without the file's fsync it leaves the name with 0 bytes (both seen on ext4).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Callable

from sorad.layout import partial_path

# Virus scanners and sync programs hold a new file for a moment, on Windows above all.
_TRIES, _FIRST_WAIT = 5, 0.05
# A folder cannot be synced: no such call there (EINVAL, ENOTSUP: some network and fuse file systems), or
# it may be written but not read.
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM)

_LEFT = 86_400.0  # seconds after which a temporary file is nobody's any more

Sleep = Callable[[float], None]


def make_folders(video: Path, base: Path | None = None) -> None:
    """Make the folders between ``base`` and the video, each synced into the one above.

    ``base`` itself is never made: where it is missing, somebody moved it or its disk is away, and a copy of
    it would hide that. Without one it is the folder that the storyboard's outputs stand in (``in_place``:
    the storyboard's own). ``OSError`` where that cannot be; ``FileNotFoundError`` where ``base`` is missing.
    """
    base = base or video.parents[2]
    if f"{video.parent}".startswith(f"{base}{os.sep}") and video.parent.is_dir():
        return
    above = list(video.parents)
    missing = above[: above.index(base)] if base in above else []
    if not stat.S_ISDIR(base.stat().st_mode):  # is_dir would call a disk that does not answer missing
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(base))
    for folder in reversed(missing):
        try:
            folder.mkdir()
        except FileExistsError:
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
            continue
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut. Windows has no such call, and journals them."""
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def rename(source: Path, target: Path, sleep: Sleep) -> None:
    """Give a file its name, in place of what had it; patient with programs that hold either for a moment."""
    for attempt in range(_TRIES):
        try:
            os.replace(source, target)  # noqa: PTH105
            return
        except PermissionError:
            if attempt == _TRIES - 1:
                raise
            sleep(_FIRST_WAIT * 2**attempt)


def remove(path: Path) -> None:
    """Remove a file that nobody needs; that it stays is no harm."""
    with contextlib.suppress(OSError):
        path.unlink()


def tidy(folder: Path, name: str, now: float) -> None:
    """Remove what is left of writing ``name`` (:func:`partial_path`) under whatever owner, a day ago or more.

    ``now``: epoch seconds. Where several may write one file at once, each under an owner of its own.
    """
    with contextlib.suppress(OSError):
        for entry in folder.iterdir():
            ours = entry.name.startswith(f".{name}.") and entry.name.endswith(".tmp")
            if ours and now - entry.lstat().st_mtime > _LEFT:
                remove_all(entry)


def remove_all(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; that it stays is no harm."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def clear(partial: Path) -> None:
    """Remove what is no file of its own from the name of a temporary one: a link would be written through, a pipe
    would be waited for. A folder stays. ``OSError``."""
    with contextlib.suppress(FileNotFoundError):
        found = partial.lstat()
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            partial.unlink()


def _open_new(partial: Path) -> int:
    """A temporary file in place of one that was left, open for writing."""
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(partial, flags, 0o666)


def write_whole(path: Path, content: bytes, sleep: Sleep, owner: str = "") -> None:
    """Write a small file so that its name never shows half of it. ``OSError`` where that cannot be.

    ``owner``: see :func:`partial_path`; in a folder that others may write into, too.
    """
    partial = partial_path(path, owner)
    try:
        with os.fdopen(_open_new(partial), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        rename(partial, path, sleep)
    except OSError:
        remove(partial)
        raise
    sync_folder(path.parent)
