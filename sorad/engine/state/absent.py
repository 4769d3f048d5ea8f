"""Videos that were delivered elsewhere, of which only the receipts are here: a sync leaves ``*.mp4`` out, a backup.

They are fetched by themselves while the provider has them, where this machine buys. Which tasks are asked after is
written down in the ledger, as for failed ones (:mod:`sorad.engine.steps.recheck_failed`): a restart begins nothing
again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Callable, Optional

from sorad.ledger.interface import Ledger
from sorad.model import State, Take
from sorad.receipts.folder import may_be_had

# That the provider has no such task is believed when it still says so after so many seconds.
BELIEVED = 120.0
# So many are asked after at a time at each provider, less those that wait for their downloads.
AT_ONCE = 10


def is_absent(take: Take) -> bool:
    """Whether a take is to be fetched by itself: only its receipt came."""
    return take.state is State.DONE and take.remote_id != "" and may_be_had(take.error)


@dataclass
class Absent:
    """Has them asked after, a few at a time. Belongs to one thread."""

    ledger: Ledger
    may_buy: Callable[[str], bool]  # whether this machine buys in a root
    is_ours: Callable[
        [Take], bool
    ]  # whether a provider can be asked for a take: the key goes to no other address
    _others: set[int] = field(default_factory=set)  # takes that are missed for another reason
    _places: dict[int, tuple[str, str]] = field(default_factory=dict)  # of the others: where their tasks are

    def seek(self, missing: Collection[int], now: float) -> bool:
        """``missing``: takes (by id) whose videos are not there. Whether some are asked after now."""
        self._others.intersection_update(missing)
        self._places = {number: self._places[number] for number in self._places.keys() & set(missing)}
        room = AT_ONCE - self.ledger.counts()[State.DOWNLOADING] if missing else 0
        begun, asked = False, Counter[tuple[str, str]]()
        for number in missing:
            # Each provider has its own share: one that is away would keep it from the others.
            known = self._places.get(number)
            take = self._candidate(number) if known is None or asked[known] < room else None
            if take is None or asked[take.place] >= room:
                continue
            asked[take.place] += 1
            if not self.ledger.rechecks(number):
                self.ledger.recheck(take, now)
                begun = True
        return begun

    def _candidate(self, number: int) -> Optional[Take]:
        take = None if number in self._others else self.ledger.take(number)
        if take is None or not is_absent(take):
            self._others.add(number)
            return None
        self._places[number] = take.place
        return take if self.may_buy(take.root) and self.is_ours(take) else None
