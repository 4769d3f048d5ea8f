"""The notes on disk: read when they changed, conflict copies with them; written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.claim import note
from sorad.claim.note import NAME, Claim, Reading
from sorad.files.durable import Sleep, write_whole
from sorad.files.untrusted import Unfit, read_small
from sorad.messages import _
from sorad.vault.names import fold
from sorad.vault.placeholder import is_placeholder

_LARGEST = 1_000_000  # bytes that are read of a note: one has 600 and what people add
_MOST_COPIES = 1_000  # claims in copies that are read: anybody can make more
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
        except Unfit as error:
            raise NoteUnreadable(_why(error)) from error
        return self._reading

    def write(self, claim: Claim) -> None:
        """Make ``claim`` the note's only one; what people wrote in it stays. ``OSError``."""
        try:
            text = _text(self._path) or ""
        except Unfit as error:  # it is left as it is: whoever made it must take it away
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path)) from error
        fresh = note.write(text, claim)
        if fresh != text:
            write_whole(self._path, fresh.encode("utf-8", "surrogateescape"), self._sleep, claim.machine)
        self._seen = None

    def _stamp(self) -> Stamp:
        """What is another after any change: of the note itself, or of the names beside it."""
        folder = os.stat(self.folder)  # noqa: PTH116
        try:
            found = self._path.lstat()
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
            if fold(name) == NAME:
                reading = _claims_in(self.folder / name)
            elif len(copies) < _MOST_COPIES:
                copies += _copied(self.folder / name)
        return replace(reading, copies=tuple(dict.fromkeys(copies)))


def _claims_in(path: Path) -> Reading:
    """What a note says. ``OSError``; :class:`Unfit`; :class:`NoteUnreadable` where its text is in the cloud."""
    with contextlib.suppress(FileNotFoundError):
        if is_placeholder(path.lstat()):
            raise NoteUnreadable("cloud")
    return note.read(_text(path) or "")


def _copied(path: Path) -> tuple[Claim, ...]:
    """The claims in a copy. It outlives its cause: what is damaged in it, or is no file, troubles nobody."""
    try:
        return _claims_in(path).claims
    except Unfit:
        return ()


def _why(error: Unfit) -> str:
    cause = error.__cause__
    if isinstance(cause, PermissionError):
        return os.strerror(cause.errno or 0)
    return _("it is no file, or far too large for a note")


def _text(path: Path) -> Optional[str]:
    """The text of a file; ``None`` where there is none. ``OSError``; :class:`Unfit`."""
    data = read_small(path, _LARGEST)
    return None if data is None else data.decode("utf-8", "surrogateescape")
