"""Of which storyboards the ledger may have forgotten that they were copies: it was lost, or is an old copy.

What a copy does not buy is held, and leaves no receipt (see :mod:`sorad.intake.copied`); what was bought has
one. So, once all is read: where a storyboard that is new to the ledger asks for a text of which its folder
tells nothing, while another one has bought it, it is held as if it had been copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sorad.budget import NEVER
from sorad.clock import Clock
from sorad.intake.copied import may_be_copied
from sorad.ledger.copied import is_unsent
from sorad.ledger.errors import ClaimLost
from sorad.ledger.interface import Ledger
from sorad.ledger.states import PAID
from sorad.ledger.values import Change, Storyboard, Want
from sorad.model import State, Take


@dataclass
class Forgotten:
    """Belongs to the folder side's thread. Looks at each root once, when it is first read through."""

    ledger: Ledger
    clock: Clock
    learned: bool = False  # since the start, from receipts: only then something was forgotten
    _new: set[str] = field(default_factory=set)  # storyboards
    _earlier: dict[str, set[str]] = field(
        default_factory=dict
    )  # fingerprints, with those of earlier versions
    _through: set[str] = field(default_factory=set)  # roots

    def met(self, board: Storyboard, wants: Iterable[Want]) -> None:
        """A storyboard of which the ledger knew nothing was read."""
        if board.root not in self._through:
            self._new.add(board.path)
            self._earlier.update((want.fingerprint, want.fingerprints) for want in wants if want.earlier)

    def read_through(self, root: str) -> bool:
        """All that is in a root was read; false: a take is being looked at just now, ask again."""
        there = (board for board in self.ledger.storyboards() if board.state == "ok")
        boards = [board for board in there if board.path in self._new] if self.learned else []
        asked = [self._about_to_buy(board) for board in boards]
        bought = self._bought({text for takes in asked for take in takes for text in self._texts(take)})
        if not all(self._hold(board, takes, bought) for board, takes in zip(boards, asked)):
            return False
        self._through.add(root)
        return True

    def _about_to_buy(self, board: Storyboard) -> list[Take]:
        """What would be bought of fingerprints of which nothing was bought for this storyboard."""
        takes = [one for one in self.ledger.takes(storyboard=board.path) if one.storyboard_id == board.id]
        own = {take.fingerprint for take in takes if not is_unsent(take)}
        return [
            take
            for take in takes
            if take.state is State.QUEUED and not (take.approved or take.extra or take.fingerprint in own)
        ]

    def _texts(self, take: Take) -> set[str]:
        return self._earlier.get(take.fingerprint, {take.fingerprint})

    def _bought(self, fingerprints: set[str]) -> dict[str, set[str]]:
        """By text, the storyboards that have bought it."""
        found: dict[str, set[str]] = {}
        for take in self.ledger.takes(states=[*PAID, State.DONE]) if fingerprints else ():
            if take.fingerprint in fingerprints:
                found.setdefault(take.fingerprint, set()).add(take.storyboard)
        return found

    def _hold(self, board: Storyboard, asked: list[Take], bought: Mapping[str, set[str]]) -> bool:
        copied, now = "", self.clock.time()
        for take in asked:
            boards = set[str]().union(*(bought.get(text, ()) for text in self._texts(take)))
            other = min(boards - {board.path}, default="")
            if not other:
                continue
            change = Change(State.HELD, "copied", due_at=NEVER, error=may_be_copied(other))
            try:
                self.ledger.record(take, change, now)
            except ClaimLost:
                return False
            copied = copied or other
        if copied:
            self.ledger.apply(replace(board, copy_of=copied), None, now)
        return True
