"""SHA-256 of a download as it comes in, beside the transfer where that pays; and of a file that is there."""

from __future__ import annotations

import hashlib
import io
import os
import queue
import threading
from pathlib import Path
from typing import Callable

from sorad.files.untrusted import open_file
from sorad.heartbeat import beat

# From here on a thread of its own hashes while the next pieces are received and written: one core hashes
# about 1.7 GB/s and receives 1.5, so that doing one after the other would halve the speed. Smaller files
# end before a thread would pay, and many at once should not bring a thread each.
_LARGE = 16_000_000
# Pieces on the way to that thread, so that memory stays bounded where it is the slower one.
_WAITING = 2
PIECE = 1 << 20

Stop = Callable[[], bool]


class Interrupted(Exception):
    """Told to stop while reading what is there."""


class Digest:
    """Feed it bytes, ask it once, close it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._size = 0
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def update(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._size += len(piece)
        if self._size < _LARGE:
            self._hash.update(piece)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="hash", daemon=True)
            self._thread.start()
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """The digest of all that came in."""
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread, once it has hashed what it was given."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while True:
            piece = self._pieces.get()
            if piece is None:
                return
            self._hash.update(piece)


def sha256_of(path: Path, stop: Stop = lambda: False) -> str:
    """SHA-256 of a file, in hex. Raises :class:`Interrupted`, ``OSError``."""
    digest = Digest()
    try:
        with open_file(path) as file:
            hash_into(digest, file, os.fstat(file.fileno()).st_size, stop)
        return digest.hexdigest()
    finally:
        digest.close()


def hash_into(digest: Digest, file: io.FileIO, size: int, stop: Stop) -> None:
    """Hash the next ``size`` bytes. Raises :class:`Interrupted`; ``OSError`` where there are fewer."""
    while size:
        beat()
        if stop():
            raise Interrupted
        piece = file.read(min(size, PIECE))
        if not piece:
            raise OSError(None, "the file became shorter while it was read")
        digest.update(piece)
        size -= len(piece)
