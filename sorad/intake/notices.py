"""What the folder side tells `sorad status`, and needs nobody at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sorad.intake.audit import Audit
from sorad.ledger.interface import Ledger
from sorad.ledger.quarantine import REBUILT
from sorad.messages import N_
from sorad.model import State
from sorad.problems import Problem
from sorad.receipts.rescued import Rescued

# What the ledger learned from receipts is told for so long, in seconds.
TOLD_FOR = 86_400.0
# So many takes are named by their numbers; of more, the command that lists them.
NAMED = 5


def notices(ledger: Ledger, audit: Audit, rescued: Rescued, now: float) -> list[Problem]:
    """What is missing, what lies unclaimed, what was rebuilt."""
    told = ledger.recall(REBUILT)
    missing = audit.missed()
    found = [_missing(missing)] if missing else []
    unclaimed = rescued.unclaimed()
    found += [unclaimed] if unclaimed is not None else []
    if told is not None:
        kept = Path(told["kept"]).exists() if told["kept"] else False
        if kept or now - told["at"] < TOLD_FOR:
            found.append(_rebuilt(told))
    return found


def learned(ledger: Ledger, states: Iterable[State], now: float) -> None:
    """Remember how much the ledger learned from receipts: the states of those takes."""
    told = ledger.recall(REBUILT) or {"kept": ""}
    counts = Counter("in_flight" if state is State.GENERATING else "takes" for state in states)
    for name in ("takes", "in_flight"):
        told[name] = told.get(name, 0) + counts[name]
    ledger.remember(REBUILT, {**told, "at": now})


def _missing(takes: Sequence[int]) -> Problem:
    return Problem(
        "take.missing",
        N_(
            "Videos that were delivered and are no longer there: {count}. They are not bought again by themselves."
        ),
        N_(
            "`sorad list --missing` shows them. Put them back; or `sorad retry {ids}` fetches them again while the "
            "provider has them, `sorad redo {ids}` buys them anew."
        )
        if len(takes) <= NAMED
        else N_(
            "`sorad list --missing` shows them with their numbers. Put them back; or `sorad retry` with a number "
            "fetches one again while the provider has it, `sorad redo` with a number buys it anew."
        ),
        {"count": len(takes), "ids": " ".join(map(str, takes[:NAMED]))},
    )


def _rebuilt(told: Mapping[str, Any]) -> Problem:
    params = {"takes": told["takes"], "in_flight": told["in_flight"], "kept": told["kept"]}
    if told["kept"]:
        return Problem(
            "ledger.rebuilt",
            N_(
                "The ledger was damaged. A new one was built from the receipts in the folders: {takes} delivered "
                "takes and {in_flight} on their way, none of them bought again. The old one is kept as {kept}."
            ),
            N_(
                "See whether `sorad list` shows what you expect; then delete the damaged file, and this goes."
            ),
            params,
        )
    return Problem(
        "ledger.rebuilt",
        N_(
            "By their receipts, {takes} delivered takes and {in_flight} on their way were taken over into the "
            "ledger; none of them was bought again."
        ),
        "",
        params,
    )
