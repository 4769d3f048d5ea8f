"""How often a watched root is scanned, and why oftener where its events cannot be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sorad.config.model import Watch
from sorad.problems import Problem
from sorad.vault.filesystem import events_work
from sorad.vault.problems import no_events, polled

if TYPE_CHECKING:
    from sorad.vault.watch import Watcher

POLL = 2.0  # seconds between two scans of a root without events
POLL_COST = 100  # times the duration of a scan: at most 1 % of a core


class Pace:
    """Of one root. Belongs to the folder side's thread."""

    def __init__(self, path: str, watch: Watch, watcher: Watcher) -> None:
        self._path = path
        self._watch = watch
        self._watcher = watcher
        self._kind = ""  # of a file system without events
        self._scan_cost = 0.0

    def scan_took(self, seconds: float) -> None:
        """A full scan took so long."""
        self._scan_cost = seconds

    def wants_events(self) -> bool:
        """Whether the root is to be watched; looks at its file system."""
        if self._watch.polling != "auto":
            return self._watch.polling == "never"
        works, kind = events_work(self._path)
        self._kind = "" if works else kind
        return works

    def why_polled(self) -> Problem | None:
        """Why it is scanned on a short period; ``None``: it need not be."""
        if self._watch.polling == "always":
            return polled(self._path)
        if self._kind:
            return no_events(self._path, self._kind)
        return self._watcher.problem(self._path)

    def period(self) -> float:
        """Seconds between two scans."""
        if self._watch.polling == "never" or self.why_polled() is None:
            return self._watch.rescan_seconds
        return min(self._watch.rescan_seconds, max(POLL, POLL_COST * self._scan_cost))
