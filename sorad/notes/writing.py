"""A note on the disk: read once it is still, written so that what somebody writes at the same moment is kept.

The old file is linked to a dot-name, the new one renamed over it. Whoever had the old one open writes into what the
dot-name holds: it is read again at once, and after two seconds. What came there is merged, and written again; where the
new one was changed meanwhile, too, what came there is kept beside the note, under a name that people see.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from sorad.files.durable import remove, sync_folder
from sorad.files.exclusive import write_spare
from sorad.files.untrusted import Unfit, read_small
from sorad.messages import N_
from sorad.problems import Problem

LARGEST = 2_000_000  # bytes of a note that is written into
STILL, AGAIN = 3.0, 2.0  # seconds: before a note is written, and before what was there is read a second time
# Times AGAIN: how long at most who writes into the old file is waited for, and how long he must be still.
_TRIES, _CALM = 30, 3

Merge = Callable[[str], str]
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Seen:
    """A note as it was read: its text, and what tells whether it is another one by now."""

    text: str
    stamp: Stamp


@dataclass
class Note:
    """One note. ``sleep`` waits so many seconds; ``step`` is called between any two steps."""

    path: Path
    sleep: Callable[[float], None]
    step: Callable[[str], None] = lambda name: None
    ending: Callable[[], bool] = lambda: (
        False
    )  # the process is to end: what is left is looked after at the next start

    @property
    def old(self) -> Path:
        """The dot-name of what was there before."""
        return self.path.with_name(f".{self.path.stem}.sorad-old.tmp")

    @property
    def _spare_path(self) -> Path:
        """The dot-name of what is about to be there."""
        return self.path.with_name(f".{self.path.stem}.sorad-new.tmp")

    def stamp(self) -> Optional[Stamp]:
        """What tells whether the note is another one by now; ``None``: there is none. ``OSError``."""
        return _stamp(self.path)

    def read(self) -> Optional[Seen]:
        """The note; ``None``: there is none. :class:`Odd` where it cannot be written into; ``OSError``."""
        stamp = self.stamp()
        if stamp is None:
            return None
        return Seen(_text(self.path), stamp)

    def make(self, content: str) -> bool:
        """Make it, where there is none; whether it was made. ``OSError``."""
        spare = self._spare(content)
        try:
            self.step("make")
            return _linked(spare, self.path)
        finally:
            remove(spare)

    def write(self, seen: Seen, merge: Merge) -> bool:
        """Write what ``merge`` makes of it; false where it is another one by now. ``OSError``.

        ``merge`` is called anew with what somebody wrote meanwhile.
        """
        content = merge(seen.text)
        if content == seen.text:
            return True
        if not seen.text:
            return False  # somebody is about to write it
        ours = self._replaced(content, seen.stamp)
        if ours is None:
            return False
        self._keep_what_came(seen.text, ours, merge)
        return True

    def is_untidy(self) -> bool:
        """Whether a process that ended between two steps left something."""
        return os.path.lexists(self.old) or os.path.lexists(self._spare_path)

    def tidy(self, merge: Merge) -> None:
        """Look after what a process left that ended between two steps. ``OSError``.

        What somebody wrote is kept aside where the note lacks it; also where the note was deleted since.
        """
        with contextlib.suppress(Odd):
            if _stamp(self.old) is not None:
                before, now = _text(self.old), self.read()
                if merge(before) != merge("" if now is None else now.text):
                    self._keep_aside(before)
        remove(self.old)
        remove(self._spare_path)

    def _replaced(self, content: str, stamp: Stamp) -> Optional[Stamp]:
        """The new file in place of the old one, which keeps the dot-name; its stamp. ``None``: it is another one."""
        spare = self._spare(content)
        ours = _stamp(spare)
        try:
            remove(self.old)
            self.step("link")
            linked = _link(self.path, self.old)
            self.step("linked")
            if _stamp(self.path) != stamp or (linked and _stamp(self.old) != stamp):
                remove(self.old)
                return None
            self.step("checked")
            os.replace(spare, self.path)  # noqa: PTH105
        finally:
            remove(spare)
        sync_folder(self.path.parent)
        self.step("renamed")
        return ours

    def _keep_what_came(self, before: str, stamp: Optional[Stamp], merge: Merge) -> None:
        """What somebody wrote into the old file after it was read: taken once it is still."""
        told, last, calm = before, self._read_old(before), 0
        self.step("read")
        for _try in range(_TRIES):
            if self.ending():
                break
            self.sleep(AGAIN)
            self.step("again")
            came = self._read_old(last)
            calm, last = calm + 1 if came == last else 0, came
            if calm and came not in ("", told):
                stamp, told = self._bring(came, stamp, merge), came
            if calm >= (1 if came == before else _CALM):
                break
        if last == told:  # else the next start looks after it
            remove(self.old)

    def _bring(self, came: str, stamp: Optional[Stamp], merge: Merge) -> Optional[Stamp]:
        """What came into the note; beside it, where the note was changed meanwhile. The stamp of ours."""
        if stamp is not None and _stamp(self.path) == stamp:
            spare = self._spare(merge(came))
            ours = _stamp(spare)
            self.step("bring")
            if _stamp(self.path) == stamp:
                os.replace(spare, self.path)  # noqa: PTH105
                return ours
            remove(spare)
        self._keep_aside(came)
        return None

    def _keep_aside(self, text: str) -> None:
        for number in range(1, 1_000):
            aside = self.path.with_name(f"{self.path.stem} (kept {number}).md")
            spare = self._spare(text)
            try:
                if _linked(spare, aside):
                    return
            finally:
                remove(spare)

    def _read_old(self, otherwise: str) -> str:
        """What the dot-name holds by now; what cannot be read counts as unchanged."""
        try:
            return _text(self.old)
        except (Odd, OSError):
            return otherwise

    def _spare(self, content: str) -> Path:
        write_spare(self._spare_path, content.encode("utf-8", "surrogatepass"))
        return self._spare_path


class Odd(Exception):
    """A note that is left alone, and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _text(path: Path) -> str:
    try:
        data = read_small(path, LARGEST)
    except Unfit:
        raise Odd(_odd(path)) from None
    if data is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Odd(_odd(path)) from None


def _odd(path: Path) -> Problem:
    return Problem(
        "note.odd",
        N_("the note {path} is left as it is: it is no text in UTF-8 of at most {most} MB, or no file."),
        N_("Move it away, and `sorad note PATH` writes a new one."),
        {"path": str(path), "most": LARGEST // 1_000_000},
    )


def _stamp(path: Path) -> Optional[Stamp]:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise Odd(_odd(path))
    return found.st_ino, found.st_size, found.st_mtime_ns


def _link(source: Path, target: Path) -> bool:
    """Whether a link was made: not every disk has links."""
    try:
        os.link(source, target)
    except FileExistsError:
        return False
    except (OSError, NotImplementedError):
        return False
    return True


def _linked(spare: Path, path: Path) -> bool:
    """Give a file its name where nothing has it; by a rename where there are no links."""
    try:
        os.link(spare, path)
    except FileExistsError:
        return False
    except (OSError, NotImplementedError):
        if os.path.lexists(path):
            return False
        os.replace(spare, path)  # noqa: PTH105
    sync_folder(path.parent)
    return True
