"""The file that a download grows in (:mod:`sorad.delivery.partials` tells where), hashed as it grows."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Callable

from sorad.files.digest import Digest, Stop, hash_into
from sorad.files.durable import clear, remove
from sorad.heartbeat import beat

# Bringing a large file to a slow disk or share may well take that long, in seconds.
_SYNC = 120.0
# Fewer bytes than this are fetched again after a sudden end, sooner than that the ledger is written for each file.
WORTH_KEEPING = 1_000_000
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Partial:
    """One partial file. Its methods raise ``OSError`` for what the disk does.

    ``validator`` names the server's version of the file that its bytes belong to; "" where they cannot be
    resumed. ``keep`` puts that where the next call finds it: before the first byte is written where another version
    was kept, so that the file never holds bytes of another one than that; else once there is something worth going
    on with, or the call ends without the whole (:meth:`leave`).
    """

    def __init__(self, path: Path, validator: str, keep: Callable[[str], None]) -> None:
        self.path = path
        self.validator = validator
        self.size = 0  # bytes in the file, all of them hashed
        self.whole = False  # verified and synced
        self._keep = keep
        self._kept = validator
        self._digest = Digest()
        self._file: io.FileIO | None = None

    @property
    def file(self) -> io.FileIO:
        """The open file; between :meth:`begin` and :meth:`close`."""
        assert self._file is not None
        return self._file

    @property
    def sha256(self) -> str:
        """Of the ``size`` bytes, in hex."""
        return self._digest.hexdigest()

    def resumable(self, booted_at: float) -> int:
        """How many bytes an earlier call left to go on from."""
        try:
            left = self.path.lstat()
        except FileNotFoundError:
            return 0
        is_ours = stat.S_ISREG(left.st_mode) and bool(self.validator)
        return left.st_size if is_ours and left.st_mtime >= booted_at else 0

    def begin(self, offset: int, validator: str, stop: Stop) -> None:
        """Open the file and keep its first ``offset`` bytes; what is written then belongs to ``validator``.

        Raises :class:`Interrupted`; the file is then as it was.
        """
        clear(self.path)
        self._file = io.FileIO(os.open(self.path, _OPEN, 0o666), "r+b")
        if offset:
            hash_into(self._digest, self._file, offset, stop)
        self._file.truncate(offset)
        self._file.seek(offset)
        self.size = offset
        if offset == 0:
            self.validator = validator
            if self._kept:
                self._tell()

    def write(self, piece: bytes) -> None:
        """Append a piece. After an ``OSError`` the file may hold the first part of it, which is good."""
        rest = memoryview(piece)
        while rest:
            beat()
            rest = rest[self.file.write(rest) :]
        self._digest.update(piece)
        self.size += len(piece)
        if self.size >= WORTH_KEEPING:
            self._tell()

    def leave(self) -> None:
        """The call ends without the whole: the next one may go on with what is there."""
        self._tell()

    def _tell(self) -> None:
        if self._kept != self.validator:
            self._kept = self.validator
            self._keep(self.validator)

    def sync(self) -> None:
        """The last step: bring it to the disk, and close it."""
        beat(_SYNC)
        try:
            os.fsync(self.file.fileno())
        except OSError:
            self.forget()  # the kernel may have dropped what it could not write: no byte of it is sure
            raise
        beat()
        self.whole = True
        self.close()

    def forget(self) -> None:
        """Throw it away: the next call begins again, even where the file cannot be removed."""
        self.close()
        self.validator = ""
        self._tell()
        remove(self.path)

    def close(self) -> None:
        """Close the file, if it is open."""
        self._digest.close()
        if self._file is not None:
            self._file.close()
            self._file = None
