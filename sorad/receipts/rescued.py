"""What lies in ``state_dir/rescued``: videos whose own folders were gone, each with its receipt.

The ledger knows whose they are. One that was lost does not; then the receipts tell it here, as they do in the
storyboards' own folders, and a storyboard that comes back is given what is its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from sorad.clock import Clock
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Want
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.receipts.folder import SEGMENT, Evidence, receipts_in
from sorad.receipts.receipt import DONE, Receipt

# The problem that a rescued take carries.
CODE = "take.rescued"
# Under this key the ledger remembers the ids of the latest ones, for `sorad status`.
RESCUED, REMEMBERED = "rescued", 1_000
# What was found lying there holds for so long, in seconds.
FOR = 60.0

_remembering = threading.Lock()


@dataclass
class Rescued:
    """The folder. Used by the folder side's thread; ``unclaimed`` by any."""

    folder: Path
    ledger: Ledger
    clock: Clock
    _seen: Optional[tuple[float, list[Evidence]]] = field(default=None, repr=False)

    def of(self, takes: Iterable[Take], fingerprints: Collection[str]) -> list[Evidence]:
        """What lies there of these fingerprints and is nobody's by the ledger, or belongs to one of ``takes``."""
        there = [evidence for evidence in self._receipts() if evidence.receipt.fingerprint in fingerprints]
        if not there:
            return []
        # What is being brought to safety just now is left alone.
        own = {take.remote_id for take in takes if take.state is not State.DONE}
        return [
            evidence
            for evidence in there
            if not self._is_known(evidence.receipt)
            or (evidence.receipt.remote_id in own and evidence.receipt.state == DONE)
        ]

    def _is_known(self, receipt: Receipt) -> bool:
        return bool(self.ledger.owned([receipt.remote_id], receipt.place))

    def forget(self) -> None:
        """Something was moved out of it."""
        self._seen = None

    def unclaimed(self) -> Optional[Problem]:
        """What is said where paid videos lie there that the ledger knows nothing of."""
        there = self._receipts()
        count = sum(not self._is_known(one.receipt) and one.video.exists() for one in there)
        if not count:
            return None
        return Problem(
            "rescued.unclaimed",
            N_("Videos that were paid for lie in {path}, and no storyboard here asks for them: {count}."),
            N_("Move them to where you want them; or put their storyboard back, and it gets them by itself."),
            {"count": count, "path": str(self.folder)},
        )

    def _receipts(self) -> list[Evidence]:
        now = self.clock.monotonic()
        seen = self._seen
        if seen is None or not 0 <= now - seen[0] < FOR:
            seen = self._seen = now, _walk(self.folder)
        return seen[1]


def _walk(folder: Path) -> list[Evidence]:
    found = []
    for place, folders, _files in os.walk(folder):
        if any(name.startswith(SEGMENT) for name in folders):
            found += receipts_in(Path(place))
    return found


def remember(ledger: Ledger, ids: Collection[int]) -> None:
    """Keep the ids of rescued takes for `sorad status`. :class:`LedgerUnavailable`."""
    with _remembering:
        before = ledger.recall(RESCUED) or []
        ledger.remember(RESCUED, [*(one for one in before if one not in ids), *ids][-REMEMBERED:])


def note(home: Path, place: Path, why: Problem) -> Problem:
    """What a rescued take carries. ``home``: its own place. ``why``: what is the matter with that."""
    return Problem(
        CODE,
        N_("its video lies in {path}: {folder} could not take it ({reason})"),
        N_(
            "Move it to where you want it. If its folder comes back, sorad puts it there when it next reads "
            "the storyboard, as far as both are on one disk."
        ),
        {"path": str(place), "folder": str(home.parent), "reason": why},
    )


def is_rescued(take: Take) -> bool:
    """Whether its video lies where it was rescued."""
    return take.error is not None and take.error.code == CODE


def is_where_rescued(want: Want) -> bool:
    """Whether it was found where it was rescued."""
    return want.error is not None and want.error.code == CODE


def apart() -> Problem:
    """Why a rescued video cannot be moved."""
    return Problem("rescued.apart", N_("it cannot be moved there: another disk, or no right to write"))
