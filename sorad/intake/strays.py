"""Output folders that no storyboard stands beside: it was renamed or moved alone, or deleted.

Whoever has the ledger knows whose they are. With the ledger lost, or an old copy in its place, such a folder
may be all that tells of a purchase; so it is looked at before anything is bought anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from sorad.clock import Clock
from sorad.delivery.receipt import GENERATING, SUBMITTING
from sorad.intake.holdings import Paper, create_of, creates, strays, unasked
from sorad.ledger.interface import Ledger, Want
from sorad.model import State, Take

# A walk through all roots holds for so many times what it took, so that many storyboards that are read one
# after the other cost little more than one; and for so many seconds at most.
HOLDS, AT_MOST = 20.0, 60.0


@dataclass
class Strays:
    """Belongs to the folder side's thread."""

    roots: Sequence[Path]
    ledger: Ledger
    clock: Clock
    _found: dict[Path, set[str]] = field(default_factory=dict)
    _began: Optional[float] = None
    _until: float = 0.0

    def folders(self, since: Optional[float] = None) -> dict[Path, set[str]]:
        """The folders, with the fingerprints of their receipts; as they were after ``since`` (monotonic)."""
        now = self.clock.monotonic()
        if self._began is None or now > self._until or (since is not None and self._began < since):
            self._began, self._found = now, {}
            for root in self.roots:
                self._found.update(strays(root))
            ended = self.clock.monotonic()
            self._until = ended + min(AT_MOST, HOLDS * (ended - now))
        return self._found

    def unheard(
        self, wants: Sequence[Want], takes: Sequence[Take], there: Sequence[Paper], since: Optional[float]
    ) -> list[Paper]:
        """Receipts and intents of creates that the ledger never heard of, for a storyboard that they may tell of.

        It is where the text is wanted; and where the folder holds a receipt of a task of that storyboard, too:
        it was its folder once, whatever else it tells of. ``there`` is what is known without this.
        """
        ours = {*map(create, takes), *(paper.create for paper in there)}
        wanted = {want.fingerprint for want in wants}
        texts = wanted.union((take.fingerprint for take in takes), (one.receipt.fingerprint for one in there))
        result: list[Paper] = []
        for folder, holds in self.folders(since).items():
            if holds.isdisjoint(texts):
                continue
            found = creates(folder)
            its_own = any(paper.create in ours for paper in found)
            known = self._known(found) | ours
            for paper in found:
                if paper.create not in known and (its_own or paper.receipt.fingerprint in wanted):
                    result.append(paper)
        return result

    def left_over(self, since: float) -> dict[Path, list[Want]]:
        """What was bought and is not there yet, by folder, of which neither the ledger nor a storyboard tells.

        Its storyboard is gone, and the ledger was lost since: nobody else would fetch it. ``since`` as above.
        """
        result = {}
        for folder in self.folders(since):
            found = [paper for paper in creates(folder) if paper.receipt.state in (GENERATING, SUBMITTING)]
            known = self._known(found) if found else set()
            wants = unasked([paper for paper in found if paper.create not in known], ())
            if wants:
                result[folder] = wants
        return result

    def _known(self, found: Sequence[Paper]) -> set[str]:
        """The creates of which the ledger knows: by their tasks, or as open ones."""
        known = self.ledger.owned([paper.receipt.remote_id for paper in found])
        if any(not paper.receipt.remote_id for paper in found):
            known.update(map(create, self.ledger.takes(states=[State.SUBMITTING, State.UNKNOWN])))
        return known


def create(take: Take) -> str:
    """Which create a take stands for: see :func:`create_of`."""
    return create_of(take.remote_id, take.fingerprint, take.intent_at)
