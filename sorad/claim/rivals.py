"""What receipts of other machines tell: who else buys in a vault. Pure."""

from __future__ import annotations

from dataclasses import replace

from sorad.claim.decide import Mine, Rival
from sorad.receipts.receipt import Payer, Receipt


def with_rival(mine: Mine, payer: Payer) -> Mine:
    """What is known once a receipt of ``payer``, another machine, was seen: its newest claim."""
    known = mine.rivals.get(payer.id)
    if known is not None and known.generation >= payer.generation:
        return mine
    rival = Rival(payer.name or payer.id, payer.generation)
    return replace(mine, rivals={**mine.rivals, payer.id: rival})


def is_second(mine: Mine, receipt: Receipt, settle: float, *, doubled: bool) -> bool:
    """Whether a receipt of another machine, under no newer claim than ours, shows a second payer.

    That its time lies well after our claim counts only where it bought under no claim at all: such a machine
    would never see ours. Clocks differ, so this only adds to what is known without them.
    """
    if not mine.holds or receipt.payer.generation >= mine.generation:
        return False
    if receipt.remote_id in (*mine.twice, *mine.known):
        return False
    at = receipt.accepted_at
    without = receipt.payer.generation == 0 and mine.since > 0 and at is not None
    return doubled or (without and at is not None and at > mine.since + settle)
