"""Locks of the system on small files in a folder that all users of a machine share.

The kernel gives a lock back however its process ends. The files hold nothing but a note of who has the lock. Only
who has one alone removes its file; a lock on a file that was removed keeps nobody out, so whoever gets one looks
whether the file is still the one under its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Optional

# Where the files lie, for tests and for machines where none of the usual folders is shared.
ENV = "SORAD_LOCK_DIR"
# /dev/shm first: a service in a sandbox may write there, and has a /tmp of its own.
_SHARED = ("/dev/shm", "/run/lock", "/private/tmp", "/tmp")
# Anybody may make a file there, and nobody may remove another one's.
_OPEN_TO_ALL = stat.S_ISVTX | stat.S_IWOTH
_LARGEST = 16_384  # bytes of a note
_TRIES = 5
# A file that nobody has locked is removed after so many seconds; so many of them are looked at in one go.
_LEFT, _MANY = 3_600.0, 5_000
# Windows keeps others from reading what is locked, so the lock is on a byte behind the note.
_BEHIND = 1 << 20


def shared_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The same folder for every user of the machine. Chosen by its rights, never by who asks."""
    if environ.get(ENV):
        return Path(environ[ENV])
    for name in _SHARED:
        try:
            mode = os.lstat(name).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode) and mode & _OPEN_TO_ALL == _OPEN_TO_ALL:
            return Path(name)
    return Path(tempfile.gettempdir())


class Locked:
    """A file that this process has locked, until :meth:`close`."""

    def __init__(self, path: Path, handle: int, *, exclusive: bool, writable: bool) -> None:
        self.path = path
        self.exclusive = exclusive
        self._handle = handle
        self._writable = writable

    def stands(self) -> bool:
        """Whether the file is still the one under its name: a cleaner of old files may have removed it."""
        return _is_at(self._handle, self.path)

    def relock(self, *, exclusive: bool) -> bool:
        """Change the kind of the lock; where that cannot be, it may be lost: :meth:`close` it then."""
        if not _lock(self._handle, exclusive=exclusive):
            return False
        self.exclusive = exclusive
        return True

    def write(self, note: bytes) -> None:
        """Tell who holds it; another user's file may be one that we can only lock."""
        if self._writable:
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, note)
            os.utime(self.path)  # what is old is removed from such folders

    def close(self) -> None:
        """Give the lock back; the file goes with it, where nobody else has locked it."""
        try:
            if (self.exclusive or _lock(self._handle, exclusive=True)) and self.stands():
                with contextlib.suppress(OSError):  # another user's
                    self.path.unlink()
        finally:
            os.close(self._handle)


def lock(path: Path, *, exclusive: bool) -> Optional[Locked]:
    """Lock the file, which is made where it is not there; ``None`` where others hold it. ``OSError``."""
    for _try in range(_TRIES):
        handle, writable = _open(path)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            if not _lock(handle, exclusive=exclusive):
                os.close(handle)
                return None
            if _is_at(handle, path):
                return Locked(path, handle, exclusive=exclusive, writable=writable)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # it was removed just now: others would lock another file
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def read_note(path: Path) -> bytes:
    """What the file says; nothing where it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | _CAREFUL)
    except OSError:
        return b""
    try:
        return os.read(handle, _LARGEST) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(handle)


def notes_in(folder: Path, prefix: str) -> Iterator[bytes]:
    """What the files say whose names begin so."""
    for name in _names(folder, prefix):
        yield read_note(folder / name)


def sweep(folder: Path, prefix: str, now: float) -> None:
    """Remove what processes that were killed have left; that it stays is no harm. ``now``: epoch seconds."""
    for name in _names(folder, prefix)[:_MANY]:
        path = folder / name
        with contextlib.suppress(OSError):
            old = now - path.lstat().st_mtime > _LEFT
            left = lock(path, exclusive=True) if old else None
            if left is not None:
                left.close()  # which removes it


def _names(folder: Path, prefix: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.startswith(prefix)]  # noqa: PTH208
    except OSError:
        return []


# A link, or a pipe that somebody laid there, is neither followed nor waited for.
_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def _open(path: Path) -> tuple[int, bool]:
    """The file, and whether it can be written. Another user's is never opened with ``O_CREAT``: Linux forbids it."""
    for _try in range(_TRIES):
        try:
            return os.open(path, os.O_RDWR | _CAREFUL), True
        except FileNotFoundError:
            pass
        except PermissionError:
            return os.open(path, os.O_RDONLY | _CAREFUL), False
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _CAREFUL, 0o666)
        except FileExistsError:
            continue
        if sys.platform != "win32":
            os.fchmod(handle, 0o666)  # whatever the umask: other users lock it, too
        return handle, True
    raise FileNotFoundError(str(path))


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    SHARES = False

    def _lock(handle: int, *, exclusive: bool) -> bool:
        os.lseek(handle, _BEHIND, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return exclusive

else:
    import fcntl

    SHARES = True  # several processes may hold a lock that is not exclusive

    def _lock(handle: int, *, exclusive: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
