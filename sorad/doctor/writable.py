"""Whether a folder takes files, tried without leaving a trace.

Permission bits do not tell it all (read-only mounts, quotas, shares that map users, macOS's privacy), so a file
is really written. Where the file system can, it never gets a name (``O_TMPFILE``), so no watcher and no sync
service meets it. Elsewhere it lives for a moment under a name that sync services leave alone: Dropbox, Nextcloud
and OneDrive skip ``~….tmp``, and so does sorad itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

# What file systems and old kernels answer that know no nameless files.
_NOT_KNOWN = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.ENOSYS, errno.EIO)


def obstacle(folder: Path) -> str:
    """Why nothing can be written into an existing folder, in the system's words; ``""`` where it can."""
    try:
        _write(folder)
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    return ""


def nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that exists: what is missing is made when needed."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), folder)


def _write(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        code = errno.EROFS if is_read_only(folder) else errno.EACCES
        raise OSError(code, os.strerror(code))
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is not None:
        try:
            _fill(os.open(folder, nameless | os.O_WRONLY, 0o600))
            return
        except OSError as error:
            if error.errno not in _NOT_KNOWN:
                raise
    name = folder / f"~sorad-{secrets.token_hex(4)}.tmp"
    try:
        _fill(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    finally:
        with contextlib.suppress(FileNotFoundError):
            name.unlink()


def _fill(descriptor: int) -> None:
    try:
        os.write(descriptor, b"sorad")
    finally:
        os.close(descriptor)


def is_read_only(folder: Path) -> bool:
    """Whether its file system is mounted read-only."""
    read_only = getattr(os, "ST_RDONLY", None)
    if read_only is None:
        return False
    try:
        return bool(os.statvfs(folder).f_flag & read_only)
    except OSError:
        return False
