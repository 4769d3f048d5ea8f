"""What a ledger raises. In each case nothing was written."""

from __future__ import annotations


class ClaimLost(Exception):
    """The claim is no longer ours: what we were about to write must not be written."""


class IllegalMove(Exception):
    """That move between states does not exist."""


class IdOwned(Exception):
    """Another take has that remote id, or had it: nothing was written."""


class LedgerUnavailable(Exception):
    """The database cannot be used just now (locked, disk full, I/O error). Nothing was written; try again."""


class LedgerDamaged(Exception):
    """The database is corrupt. It must be kept aside, never silently replaced."""
