"""A log file that rotates by size, is readable by its owner alone, and outlives trouble on the disk."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class RotatingFile:
    """Appends lines to ``path``; ``path.1`` is the newest of up to ``keep`` full ones.

    The file is opened with the first line and again when it was deleted or replaced, so that neither
    a cleaning user nor a second process (which rotates the same file) leaves this one writing into
    nothing. Calls must not overlap.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._fd: int | None = None
        self._torn = False  # the last line was cut off by a full disk

    def write(self, text: str) -> None:
        """Append ``text``. ``OSError`` when the disk does not take it; the next call tries again."""
        data = text.encode("utf-8", "backslashreplace")  # a file name on Linux may be no Unicode
        fd, size = self._current()
        if size and size + len(data) > self._max_bytes:
            fd = self._rotate()
        if self._torn:
            data = b"\n" + data
        done = 0
        try:
            while done < len(data):
                done += os.write(fd, data[done:])
        finally:
            if done:
                self._torn = done < len(data)

    def close(self) -> None:
        """Close the file; a later :meth:`write` opens it again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _current(self) -> tuple[int, int]:
        """The descriptor of the file that has the name now, and its size."""
        if self._fd is not None:
            with suppress(FileNotFoundError):
                named, mine = self.path.stat(), os.fstat(self._fd)
                if (named.st_dev, named.st_ino) == (mine.st_dev, mine.st_ino):
                    return self._fd, mine.st_size
            self.close()
        fd = self._open()
        return fd, os.fstat(fd).st_size

    def _open(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return self._fd

    def _rotate(self) -> int:
        self.close()  # Windows renames no open file
        with suppress(OSError):  # then the file grows on: better long than lost
            for number in range(self._keep - 1, 0, -1):
                with suppress(FileNotFoundError):
                    _numbered(self.path, number).replace(_numbered(self.path, number + 1))
            self.path.replace(_numbered(self.path, 1))
        return self._open()


def existing(path: Path, keep: int) -> list[Path]:
    """The files that :class:`RotatingFile` has left, the oldest first."""
    wanted = [_numbered(path, number) for number in range(keep, 0, -1)]
    return [file for file in [*wanted, path] if file.is_file()]


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
