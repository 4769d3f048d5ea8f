"""What lies in ``state_dir/rescued``: videos whose own folders were gone, each with its receipt.

The ledger knows whose they are. One that was lost does not; then the receipts tell it here, as they do in the
storyboards' own folders, and a storyboard that comes back is given what is its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from sorad.clock import Clock
from sorad.delivery.found import look
from sorad.delivery.receipt import DONE
from sorad.engine.rescue import CODE, REMEMBERED, RESCUED, note
from sorad.intake.holdings import SEGMENT, Paper, papers, relocate
from sorad.layout import video_path
from sorad.ledger.interface import Ledger, Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

# What was found lying there holds for so long, in seconds.
FOR = 60.0

_remembering = threading.Lock()


@dataclass
class Rescued:
    """The folder. Used by the folder side's thread; ``unclaimed`` by any."""

    folder: Path
    ledger: Ledger
    clock: Clock
    _seen: Optional[tuple[float, list[Paper]]] = field(default=None, repr=False)

    def of(self, takes: Iterable[Take], fingerprints: Collection[str]) -> list[Paper]:
        """What lies there of these texts and is nobody's by the ledger, or belongs to one of ``takes``."""
        there = [paper for paper in self._papers() if paper.receipt.fingerprint in fingerprints]
        if not there:
            return []
        known = self.ledger.owned([paper.receipt.remote_id for paper in there])
        # What is being brought to safety just now is left alone.
        own = {take.remote_id for take in takes if take.state is not State.DONE}
        return [
            paper
            for paper in there
            if paper.receipt.remote_id not in known
            or (paper.receipt.remote_id in own and paper.receipt.state == DONE)
        ]

    def forget(self) -> None:
        """Something was moved out of it."""
        self._seen = None

    def unclaimed(self) -> Optional[Problem]:
        """What is said where paid videos lie there that the ledger knows nothing of."""
        there = self._papers()
        known = self.ledger.owned([paper.receipt.remote_id for paper in there]) if there else set()
        count = sum(1 for paper in there if paper.receipt.remote_id not in known and paper.video.exists())
        if not count:
            return None
        return Problem(
            "rescued.unclaimed",
            N_("Videos that were paid for lie in {path}, and no storyboard here asks for them: {count}."),
            N_("Move them to where you want them; or put their storyboard back, and it gets them by itself."),
            {"count": count, "path": str(self.folder)},
        )

    def _papers(self) -> list[Paper]:
        now = self.clock.monotonic()
        seen = self._seen
        if seen is None or not 0 <= now - seen[0] < FOR:
            seen = self._seen = now, _walk(self.folder)
        return seen[1]


def _walk(folder: Path) -> list[Paper]:
    found = []
    for place, folders, _files in os.walk(folder):
        if any(name.startswith(SEGMENT) for name in folders):
            found += papers(Path(place))
    return found


def bring_home(rescued: Iterable[Paper], there: Iterable[Paper]) -> list[Paper]:
    """Move what has its receipt at home to it; the papers that stay, since their receipt is all there is."""
    home = {paper.receipt.remote_id: paper for paper in there}
    left = []
    for paper in rescued:
        place = home.get(paper.receipt.remote_id)
        if place is None or not relocate(paper.video, place.video, place.segment, place.take):
            left.append(paper)
    return left


def where_it_lies(want: Want, rescued: Iterable[Paper], assets: Path) -> Want:
    """The want, delivered to where its video was brought to safety, if that could not be moved home."""
    paper = next((paper for paper in rescued if paper.receipt.remote_id == want.remote_id), None)
    home = video_path(assets, want.segment, want.take, want.fingerprint)
    if paper is None or os.path.lexists(home) or not look(paper.video).verified:
        return want
    return replace(
        want,
        state=State.DONE,
        output=str(paper.video),
        finished_at=paper.receipt.finished_at,
        error=note(home, paper.video, _apart()),
    )


def remember(ledger: Ledger, ids: Collection[int]) -> None:
    """Keep the ids of rescued takes for `sorad status`. :class:`LedgerUnavailable`."""
    with _remembering:
        before = ledger.recall(RESCUED) or []
        ledger.remember(RESCUED, [*(one for one in before if one not in ids), *ids][-REMEMBERED:])


def is_at_shelf(want: Want) -> bool:
    """Whether it was found where it was brought to safety."""
    return want.error is not None and want.error.code == CODE


def _apart() -> Problem:
    """Why a rescued video cannot be moved."""
    return Problem("rescued.apart", N_("it cannot be moved there: another disk, or no right to write"))
