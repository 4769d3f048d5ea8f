"""Is this file finished? Pure: the caller brings the time.

Nothing in a file system tells that a writer is done, so stillness must: size and mtime did not change for
a while. The situations this serves:

- ``cp`` of a large file, a browser or a sync client that writes in pieces: it settles after the last piece.
- An editor that saves while somebody types: what was read as valid once, and changes, waits longer
  (``edit_seconds``), so that one version is read, the last one, and no half sentence before.
- A note or a table that is being written, row by row, from the first one on: whatever is new in it waits for
  ``note_seconds``.
- An editor that writes a new file and renames it over the old: the new size or mtime starts the wait again.
- ``cp -p``, ``mv`` and ``git`` that bring old or future mtimes: only change counts, not the age, and the wait
  runs on the monotonic clock, so that a clock that is set back stalls nothing.
- A file that is there at the start may still be under a writer's pen: it waits like any other.
- A file that is locked for reading by its writer (Windows, some network drives): ``postpone`` and try again.

A writer that rests for longer than the window looks finished. Its next write makes a new version, and a
half-written JSON does not parse: the reader says so and buys nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sorad.vault.scan import Seen


@dataclass
class _Wait:
    seen: Seen
    since: float  # when it was first seen so; monotonic seconds
    due: float
    edit: bool
    typed: bool


class Settle:
    """The files of one root that are being waited for."""

    def __init__(self, settle_seconds: float, edit_seconds: float = 0.0, note_seconds: float = 0.0) -> None:
        """``edit_seconds``: for edits, where it is longer; likewise ``note_seconds`` for what is typed live."""
        self._window = settle_seconds
        self._edit_seconds = edit_seconds
        self._note_seconds = note_seconds
        self._waits: dict[str, _Wait] = {}

    def __len__(self) -> int:
        return len(self._waits)

    def __contains__(self, path: str) -> bool:
        return path in self._waits

    def see(self, seen: Seen, now: float, *, edit: bool = False, typed: bool = False) -> None:
        """Note how a file looks at ``now``; a look that differs from the one before starts the wait again.

        ``edit``: it was read as valid, and its content changes. ``typed``: a note or a table with something new in it.
        """
        wait = self._waits.get(seen.path)
        if wait is None or (wait.seen, wait.edit, wait.typed) != (seen, edit, typed):
            window = self.window(edit=edit, typed=typed)
            self._waits[seen.path] = _Wait(seen, now, now + window, edit, typed)

    def window(self, *, edit: bool, typed: bool) -> float:
        """For how many seconds such a file is to be still."""
        return max(self._window, self._edit_seconds if edit else 0.0, self._note_seconds if typed else 0.0)

    def edits(self) -> set[str]:
        """The files that are being edited. From any thread."""
        return {path for path, wait in list(self._waits.items()) if wait.edit}

    def typed(self) -> set[str]:
        """New notes and tables that are being written."""
        return {path for path, wait in list(self._waits.items()) if wait.typed and not wait.edit}

    def hurry(self) -> None:
        """Nothing waits longer than any new file, until its next change: somebody asked for a look."""
        for wait in self._waits.values():
            if wait.edit or wait.typed:
                wait.due = min(wait.due, wait.since + self._window)

    def settled(self, now: float) -> list[Seen]:
        """The files that were still for the whole window, longest first.

        They stay until forgotten. The caller looks at each once more before it believes it.
        """
        due = [wait for wait in self._waits.values() if wait.due <= now]
        return [wait.seen for wait in sorted(due, key=lambda wait: wait.due)]

    def next_at(self) -> float | None:
        """When the next file will be settled if nothing changes; ``None`` where none is waited for."""
        return min((wait.due for wait in self._waits.values()), default=None)

    def postpone(self, path: str, until: float) -> None:
        """Try a file that could not be read again, not before ``until``."""
        if path in self._waits:
            self._waits[path].due = max(until, self._waits[path].due)

    def forget(self, path: str) -> None:
        """Stop waiting for a file: it was read, or is gone."""
        self._waits.pop(path, None)
