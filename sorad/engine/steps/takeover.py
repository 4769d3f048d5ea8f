"""What another sorad announced and never ended is taken over, on the user's word: its create counts as lost.

It is looked up like any other lost create, and never simply sent.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.ledger.errors import ClaimLost, IllegalMove
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change, Want
from sorad.ledger.wants import changes_found
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.intents import foreign_intent, replace_intent, waits_for_foreign
from sorad.receipts.receipt import SUBMITTING, Payer
from sorad.receipts.writing import receipt_of


def take_over_below(
    ledger: Ledger, path: str, payer: Callable[[str], Payer], currency: str, now: float
) -> int:
    """All that is held for it in the roots of a path; how many. ``payer``: who we are, in a root."""
    place, count = Path(path), 0
    for take in list(ledger.takes(states=[State.HELD])):
        root = Path(take.root)
        if waits_for_foreign(take) and (root == place or root in place.parents or place in root.parents):
            count += take_create_over(ledger, take, payer(take.root), currency, now) is not None
    return count


def take_create_over(ledger: Ledger, take: Take, payer: Payer, currency: str, now: float) -> Optional[Take]:
    """One take that is held for it: unknown from now on, under an intent of our own.

    ``None``: there is none any more, or the folder cannot be written; the take then stays held, or is queued again.
    """
    video = Path(take.output)
    try:
        other = foreign_intent(video, payer)
        if other is None:
            change = Change(State.QUEUED, "seen again", due_at=now, clear_error=True)
            ledger.record(take, change, now)
            return None
        told = other.receipt if other.receipt and other.receipt.fingerprint == take.fingerprint else None
        mine = told or receipt_of(take, currency)
        ours = replace(mine, payer=payer, process=os.getpid(), submitted_at=other.at, state=SUBMITTING)
        replace_intent(video, ours)
        want = Want(take.segment, take.take, take.request, take.fingerprint, take.output, State.UNKNOWN)
        want = replace(want, intent_at=other.at, cost=mine.cost_micros)
        want = replace(want, provider=mine.provider, base_url=mine.base_url, account=mine.account)
        want = replace(want, own_id=mine.own_id, sent=mine.sent)
        for change in changes_found(take.state, want, now):
            take = ledger.record(take, change, now)
    except (OSError, ClaimLost, IllegalMove) as error:
        logger.warning(_("take {id} cannot be taken over now: {error}"), id=take.id, error=str(error))
        return None
    return take
