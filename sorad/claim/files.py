"""The notes on disk: read when they changed, conflict copies with them; written whole or not at all."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.claim import note
from sorad.claim.note import NAME, Claim, Reading
from sorad.files.durable import Sleep, write_whole
from sorad.vault.names import fold
from sorad.vault.scan import is_placeholder

_LARGEST = 1_000_000  # bytes that are read of a note: one has 600 and what people add
_STEM, _SUFFIX = NAME[: -len(".md")], ".md"

Stamp = tuple[object, ...]


class NoteUnreadable(Exception):
    """The note is there and cannot be read; its text is the reason."""


class Notes:
    """The note in a folder, and the copies that sync services made of it. Looking costs two stats."""

    def __init__(self, folder: Path, sleep: Sleep = time.sleep) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._sleep = sleep
        self._seen: Optional[Stamp] = None
        self._reading = Reading()

    def look(self, *, afresh: bool = False) -> Reading:
        """What they say; read again where something changed, or ``afresh``. :class:`NoteUnreadable`."""
        try:
            stamp = self._stamp()
            if afresh or stamp != self._seen:
                self._seen = None
                self._reading = self._read()
                self._seen = stamp
        except OSError as error:
            raise NoteUnreadable(os.strerror(error.errno or 0)) from error
        return self._reading

    def write(self, claim: Claim) -> None:
        """Make ``claim`` the note's only one; what people wrote in it stays. ``OSError``."""
        text = _text(self._path) or ""
        fresh = note.write(text, claim)
        if fresh != text:
            write_whole(self._path, fresh.encode("utf-8", "surrogateescape"), self._sleep)
        self._seen = None

    def _stamp(self) -> Stamp:
        """What is another after any change: of the note itself, or of the names beside it."""
        folder = os.stat(self.folder)  # noqa: PTH116
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return (folder.st_mtime_ns,)
        return (folder.st_mtime_ns, found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> Reading:
        reading, copies = Reading(), list[Claim]()
        with os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries if fold(entry.name.lstrip(".")).startswith(_STEM)]
        for name in names:
            if fold(name) == f".{NAME}.icloud":
                raise NoteUnreadable("icloud")
            if not fold(name).endswith(_SUFFIX) or name.startswith("."):
                continue
            path = self.folder / name
            if is_placeholder(path.stat()):
                raise NoteUnreadable("cloud")
            found = note.read(_text(path) or "")
            if fold(name) == NAME:
                reading = found
            else:
                copies += found.claims  # a copy outlives its cause: what is damaged in it troubles nobody
        return replace(reading, copies=tuple(dict.fromkeys(copies)))


def _text(path: Path) -> Optional[str]:
    """The text of a file; ``None`` where there is none. ``OSError``."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise
