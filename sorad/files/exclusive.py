"""A small file that only one of all programs that see a folder can make, also on other machines over a share."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from sorad.files.durable import remove, sync_folder

# There are no hard links: FAT and its kin, many FUSE file systems and shares.
_NO_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EMLINK}
)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def write_spare(spare: Path, content: bytes) -> None:
    """Write it whole and synced, in place of one that was left. ``OSError``."""
    with contextlib.suppress(FileNotFoundError):
        spare.unlink()
    _write_new(spare, content)


def make(spare: Path, path: Path, content: bytes) -> bool:
    """Make ``path`` of what :func:`write_spare` wrote; false where there is one already. ``OSError``.

    Linked, so that its name never shows half of it. Where there are no links it is made and written under its name:
    cut off meanwhile, it stays, empty or half, and keeps everybody out.
    """
    try:
        os.link(spare, path)
    except FileExistsError:
        if not _is_same(spare, path):  # NFS may say so of a link that it has just made
            return False
    except (OSError, AttributeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LINKS:
            raise
        try:
            _write_new(path, content)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


def _write_new(path: Path, content: bytes) -> None:
    handle = os.open(path, _NEW, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        remove(path)
        raise


def _is_same(spare: Path, path: Path) -> bool:
    try:
        return spare.samefile(path)
    except OSError:
        return False
