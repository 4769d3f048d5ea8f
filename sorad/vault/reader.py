"""The seam to what reads the files that the folder side found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from sorad.config.model import Watch
from sorad.ledger.values import Storyboard
from sorad.vault.scan import Seen


class StillWritten(Exception):
    """Something that a storyboard uses is still being written: it is to be read a little later."""


class Intake(Protocol):
    """What a settled file means for the ledger."""

    rules: str  # hash of the settings that storyboards are read under

    def read(self, watch: Watch, seen: Seen, known: Storyboard | None) -> None:
        """Read, check and write to the ledger. ``OSError``: it vanished or is locked; it is tried again.

        :class:`StillWritten`: so are its pictures; it is tried again a little later.
        """
        ...

    def gone(self, board: Storyboard) -> None:
        """A storyboard is no longer there."""
        ...

    def read_through(self, root: str) -> bool:
        """All that was in a root when it was first looked at, or came back, was read; false: ask again."""
        ...

    def audit(self, watch: Watch, boards: Iterable[Storyboard], tick: Callable[[], bool]) -> set[str]:
        """Look at the outputs of storyboards that are there; the paths of those to be read again."""
        ...
