"""What the ledger remembers of notes: their names, which were deleted, and how often boxes were obeyed."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field

from sorad.ledger.interface import Ledger

_SECRET = "notes"


@dataclass
class Memo:
    """Of one note. ``made``: it was there once; then it is not made again. ``spent``: by segment, boxes obeyed."""

    name: str = ""
    made: bool = False
    spent: dict[str, int] = field(default_factory=dict)


def memo_of(ledger: Ledger, key: str) -> Memo:
    """What is remembered of a note; ``key``: the id of its storyboard, or its folder."""
    return Memo(**(ledger.recall(f"note:{key}") or {}))


def keep(ledger: Ledger, key: str, memo: Memo) -> None:
    """Remember it. :class:`LedgerUnavailable`."""
    ledger.remember(f"note:{key}", asdict(memo))


def secret_of(ledger: Ledger) -> str:
    """What marks of boxes are made with: another ledger has another one. :class:`LedgerUnavailable`."""
    found = ledger.recall(_SECRET)
    if not found:
        found = secrets.token_hex(16)
        ledger.remember(_SECRET, found)
    return str(found)
