"""Which of the accounts of now sees to what was sent to an earlier one, and how the ledger keeps them apart. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Optional

from sorad.ledger.values import Party


def whose(party: Party, parties: Collection[Party]) -> Optional[Party]:
    """Which of ``parties`` sees to what was sent to a party; ``None``: none of them.

    The account itself; or, where its key was changed since, one at the same address.
    """
    if party in parties:
        return party
    return next((one for one in parties if one[:2] == party[:2]), None)


def memory_key(name: str, key: str) -> str:
    """Under which name the ledger keeps something of an account; ``""``: of the first provider's."""
    return f"{name}:{key}" if key else name
