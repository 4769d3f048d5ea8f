"""Takes that two machines paid for, of one vault: told on both of them until somebody has seen it.

Kept in the ledger as rows of :class:`Double`, seen ones too, so that none is told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Callable, Optional

from sorad.ledger.interface import Ledger
from sorad.messages import N_
from sorad.model import units
from sorad.problems import Problem

_KEY = "doubles"
# So many are remembered, and so many told one by one.
REMEMBERED, NAMED = 1_000, 10


@dataclass(frozen=True)
class Double:
    """One take, bought here as ``remote_id`` and by another machine as ``other``; "?": that is a task which neither
    knows, for one of the two creates was taken to be the other one's. Amounts in micro-units."""

    take: int
    root: str
    remote_id: str
    cost: Optional[int]
    other: str
    machine: str  # its name, or id
    other_cost: Optional[int]
    currency: str  # of ``other_cost``; "": not told
    seen: bool = False


def remembered(ledger: Ledger) -> list[Double]:
    """All of them, seen or not."""
    return [Double(**row) for row in ledger.recall(_KEY) or ()]


def tell(ledger: Ledger, double: Double) -> bool:
    """Remember one; whether it is news. :class:`LedgerUnavailable`."""
    known = remembered(ledger)
    if any((one.remote_id, one.other) == (double.remote_id, double.other) for one in known):
        return False
    _keep(ledger, [*known, double])
    return True


def unseen(ledger: Ledger) -> list[Double]:
    """Those that nobody has seen yet."""
    return [one for one in remembered(ledger) if not one.seen]


def see(ledger: Ledger, which: Callable[[Double], bool]) -> int:
    """Somebody has seen these; how many were news."""
    known = remembered(ledger)
    met = [one for one in known if not one.seen and which(one)]
    if met:
        _keep(ledger, [replace(one, seen=one.seen or one in met) for one in known])
    return len(met)


def _keep(ledger: Ledger, doubles: Sequence[Double]) -> None:
    ledger.remember(_KEY, [asdict(one) for one in doubles[-REMEMBERED:]])


def problem(doubles: Sequence[Double], currency: str) -> Problem:
    """What `status` and `sorad claim` say of them; ``currency`` of what was paid here. At least one."""
    named = [line(one, currency) for one in doubles[:NAMED]]
    more = ["…"] if len(doubles) > NAMED else []
    return Problem(
        "claim.paid_twice",
        N_("{count} takes were paid for twice, by this computer and by {machines}: {takes}."),
        N_(
            "Both videos can be had from the provider. `sorad resolve {take} --seen` (or `sorad claim PATH` on the "
            "computer that is to buy) ends this notice."
        ),
        {
            "count": len(doubles),
            "machines": ", ".join(sorted({one.machine for one in doubles})),
            "takes": "; ".join([*named, *more]),
            "take": doubles[0].take,
        },
    )


def line(one: Double, currency: str) -> str:
    """``#7: task_a 0.48 USD + task_b (studio) 0.48 USD``: numbers and names alone."""
    theirs = money(one.other_cost, one.currency or currency)
    return f"#{one.take}: {one.remote_id} {money(one.cost, currency)} + {one.other} ({one.machine}) {theirs}"


def money(amount: Optional[int], currency: str) -> str:
    """``0.48 USD``; a question mark where it is not known."""
    return f"{'?' if amount is None else f'{units(amount):.2f}'} {currency}"
