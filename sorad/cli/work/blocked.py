"""Whether `once` waits in vain: all that is left cannot go on until the user mends something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Optional

from sorad.cli.work.remaining import is_meant
from sorad.engine.decide.ambiguous import waits_for_user
from sorad.engine.decide.stuck import lasts, why_stuck
from sorad.health.buying import full_disk, no_provider
from sorad.ledger.errors import LedgerUnavailable
from sorad.model import State, Take
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.cli.work.remaining import Standing
    from sorad.daemon.assembly import Daemon

# In this order: what may still move is found soonest.
_OPEN = (State.GENERATING, State.DOWNLOADING, State.UNKNOWN, State.QUEUED)
_SHOWN = 5  # reasons


class Deadlock:
    """Asked now and then. ``ends``: why nothing goes on, once that has lasted; empty: something may."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._before: object = None
        self._since: Optional[float] = None
        self.ends: list[Problem] = []

    def look(self, standing: Standing, now: float) -> None:
        """``now`` is monotonic."""
        self.ends = []
        seen = (standing.counts, self._daemon.progress.bytes)
        moved, self._before = seen != self._before, seen
        try:
            reasons = None if moved or not standing.moving else self._reasons()
        except LedgerUnavailable:
            reasons = None  # another trouble, which is shown
        if not reasons:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= max(map(lasts, reasons)):
            self.ends = reasons[:_SHOWN]

    def _reasons(self) -> Optional[list[Problem]]:
        """Why each take that is left is stuck; ``None`` where one is not."""
        found: list[Problem] = []
        for root in (str(watch.path) for watch in self._daemon.config.watch):
            blocked = self._blocked(root)
            for take in self._left(root):
                why = why_stuck(take, self._halted(take), blocked)
                if why is None:
                    return None
                if why not in found:
                    found.append(why)
        return found

    def _halted(self, take: Take) -> Optional[Problem]:
        """Why nothing is bought where a take is wanted from."""
        if take.state is State.QUEUED and self._daemon.parts.has_no_provider(take):
            return no_provider(take.target, self._daemon.ledger.targets().get(take.target, 1))
        return next(iter(self._daemon.parts.seller_of(take).stopped()), None)

    def _left(self, root: str) -> Iterator[Take]:
        """The takes that are neither over nor known to wait for the user."""
        ledger = self._daemon.ledger
        if ledger.counts(root)[State.SUBMITTING]:
            yield from ledger.takes(states=[State.SUBMITTING], root=root, limit=1)
        asking: set[str] = set()
        for state in _OPEN:
            if state is State.QUEUED and self._daemon.claims.waits(root) is not None:
                continue
            for take in self._meant(state, root):
                if state is State.UNKNOWN and waits_for_user(take):
                    asking.add(take.fingerprint)
                elif not take.parked and not (state is State.QUEUED and take.fingerprint in asking):
                    yield take

    def _meant(self, state: State, root: str) -> Iterator[Take]:
        """The takes in a state; of the queued ones, those of the segments that are to be bought."""
        takes = self._daemon.ledger.takes(states=[state], root=root)
        return (take for take in takes if state is not State.QUEUED or is_meant(self._daemon, take))

    def _blocked(self, root: str) -> Optional[Problem]:
        """Why nothing can be put below a root: it is away, or its disk has no room for another take."""
        row = next((row for row in self._daemon.vault.states() if row.path == root), None)
        if row is not None and row.state == "offline":
            return row.reason
        if self._daemon.engine.room(root) > 0:
            return None
        return next(
            (full_disk(one) for one in self._daemon.ledger.recall("disk") or () if not one["ok"]), None
        )
