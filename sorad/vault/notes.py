"""Which notes are storyboards: their properties say so. The only part of a scan that reads, and it reads little.

Of a note the first 4 KB are read, once per change, and never those of one whose content is in the cloud: a vault has
ten thousand notes, and few of them are storyboards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sorad.files.untrusted import open_file
from sorad.storyboard.tables.properties import HEAD, LONGEST, may_have_one, role_of
from sorad.vault.names import conflict_copy, is_note, is_storyboard, may_be_one
from sorad.vault.placeholder import is_placeholder

_MOST = 200_000  # notes that are remembered


class Seen(Protocol):
    """A note as the file system shows it: see :class:`sorad.vault.scan.Seen`."""

    @property
    def path(self) -> str:
        """Absolute."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def mtime_ns(self) -> int:
        """When it changed."""
        ...

    @property
    def placeholder(self) -> bool:
        """Its content is in the cloud."""
        ...


class Notes:
    """What was seen of the notes of one root. ``known``: whether a note at a path was a storyboard when last read."""

    def __init__(self, known: Callable[[str], bool] = lambda path: False) -> None:
        self._known = known
        self._seen: dict[str, tuple[int, int, bool]] = {}

    def is_storyboard(self, seen: Seen) -> bool:
        """Whether a note says that it is one, by the property ``sorad``, whatever stands there.

        One that cannot be read just now, or only by fetching it from a cloud, is what it was.
        """
        before = self._seen.get(seen.path)
        if before is not None and before[:2] == (seen.size, seen.mtime_ns):
            return before[2]
        if seen.placeholder:
            return self._known(seen.path)
        try:
            said = says_so(seen.path)
        except OSError:
            return self._known(seen.path)
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[seen.path] = (seen.size, seen.mtime_ns, said)
        return said


def says_so(path: str | Path) -> bool:
    """Whether the note at a path has the property. ``OSError``."""
    with open_file(Path(path)) as file:
        head = file.read(HEAD)
        if not may_have_one(head):
            return False
        return role_of(head + file.read(LONGEST)) is not None


def storyboards_in(folder: Path) -> int:
    """How many storyboards lie in a folder itself. 0 where it cannot be looked into."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return 0
    named = [name for name in names if may_be_one(name) and not conflict_copy(name)]
    return sum(is_storyboard(name) or is_there(folder / name, if_away=False) for name in named)


def is_there(path: Path, *, if_away: bool = True) -> bool:
    """Whether something at a path, which leads somewhere, is a storyboard as far as that can be told: a note by what it
    says. One that cannot be read is; one in the cloud is not read, and is one as ``if_away`` says."""
    if not is_note(path.name):
        return True
    try:
        return if_away if is_placeholder(path.stat()) else says_so(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
