"""Small files that anybody may have put there: opened without waiting, no link is followed, read within bounds.

In a shared folder a pipe, a device, a socket, a folder or a link may have the name of a file that sorad reads. To
open a pipe as a file waits for ever; a link leads out of the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
# What opening says of a link, a socket, a device without a driver; of a file that is not ours to read. (Windows
# says the last of a file that another program holds for a moment.)
_NO_FILE = (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP)
_NOT_OURS = () if os.name == "nt" else (errno.EACCES, errno.EPERM)


class Unfit(Exception):
    """Something has the name that cannot be read as a small file, now or later."""


def read_small(path: Path, most: int) -> bytes | None:
    """The content of a file of at most ``most`` bytes; ``None`` where nothing has the name.

    :class:`Unfit` for what is no file, larger, or not readable for this user; ``OSError`` where it cannot be read
    just now.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Unfit  # a device is not even opened
        handle = os.open(path, _OPEN | _NO_LINK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno in _NO_FILE or error.errno in _NOT_OURS:
            raise Unfit from error
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unfit
        data = file.read(most + 1)
    if len(data) > most:
        raise Unfit
    return data


def open_file(path: Path) -> FileIO:
    """A file, open for reading; links are followed. ``OSError``, ``EINVAL`` where it is none: nothing is waited for."""
    handle = os.open(path, _OPEN)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)  # FileIO would refuse a folder, and leave this open
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return FileIO(handle, "rb")
