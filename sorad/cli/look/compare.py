"""`sorad spend --compare`: each purchase, what was estimated for it beside what its provider charged."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.columns import pad, width
from sorad.cli.shared.common import OK, open_ledger, say, state_dir, to_json
from sorad.messages import N_, _
from sorad.plaintext import printable

if TYPE_CHECKING:
    from sorad.cli.look.list import Names
    from sorad.ledger.values import Purchase

# What is known of a charge.
TOLD, ESTIMATED, UNKNOWN, FREE, DOUBTFUL = "told", "estimated", "unknown", "free", "doubtful"
_WORDS = {
    TOLD: N_("as the provider says"),
    ESTIMATED: N_("not told: the estimate counts"),
    UNKNOWN: N_("failed; whether it is refunded is not told"),
    FREE: N_("failed, and not charged"),
    DOUBTFUL: N_("may not have been accepted"),
}


@dataclass(frozen=True)
class Line:
    """A purchase. Amounts are micro-units of the currency; ``None``: not known."""

    at: float
    take: int
    provider: str
    currency: str
    estimated: Optional[int]
    charged: Optional[int]  # as the provider says; None: it says nothing
    known: str


def compare(args: argparse.Namespace) -> int:
    """Show them all, and their sums by currency, which are never added up."""
    from sorad.cli.look.list import Names

    ledger = open_ledger(state_dir(args))
    try:
        first = str(ledger.recall("currency") or "USD")
        found = list(lines(ledger.purchases(), Names(ledger), first))
    finally:
        ledger.close()
    if args.json:
        say(
            to_json({"purchases": [_as_json(one) for one in found], "totals": list(_totals(found))}, indent=2)
        )
    elif not found:
        say(_("Nothing was bought yet."))
    else:
        _show(found)
    return OK


def lines(purchases: Iterable[Purchase], names: Names, first: str) -> Iterator[Line]:
    """What is told of each; ``first``: the currency of what tells of none."""
    for one in purchases:
        name = names.at(one.provider, one.base_url, one.account)
        charged = one.cost if one.told else None
        estimated = one.estimate if one.estimate is not None or one.told else one.cost
        yield Line(one.charged_at, one.take_id, name, one.currency or first, estimated, charged, known(one))


def known(one: Purchase) -> str:
    """What is known of the charge of a purchase."""
    from sorad.model import State

    failed = one.past or one.state is State.FAILED
    if not one.remote_id:
        return DOUBTFUL
    if one.told:
        return FREE if failed and not one.cost else TOLD
    return UNKNOWN if failed else ESTIMATED


def _totals(found: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """By currency: all estimates; of what was told a charge, that charge beside its own estimate; and charges of what
    had none."""
    for currency in dict.fromkeys(one.currency for one in found):
        yield {"currency": currency, **_total([one for one in found if one.currency == currency])}


def _total(found: Sequence[Line]) -> dict[str, Any]:
    priced = [one for one in found if one.estimated is not None]
    both = [one for one in priced if one.charged is not None]
    alone = [one for one in found if one.estimated is None and one.charged is not None]
    return {
        "purchases": len(found),
        "priced": len(priced),
        "estimated": _sum(one.estimated for one in priced),
        "told": len(both),
        "estimated_of_told": _sum(one.estimated for one in both),
        "charged": _sum(one.charged for one in both),
        "told_alone": len(alone),
        "charged_alone": _sum(one.charged for one in alone),
    }


def _sum(amounts: Iterable[Optional[int]]) -> float:
    from sorad.model import units

    return units(sum(filter(None, amounts)))


def _as_json(one: Line) -> dict[str, Any]:
    from sorad.clock import iso
    from sorad.model import units

    return {
        "at": iso(one.at),
        "take": one.take,
        "provider": one.provider,
        "currency": one.currency,
        "estimated": None if one.estimated is None else units(one.estimated),
        "charged": None if one.charged is None else units(one.charged),
        "known": one.known,
    }


def _show(found: Sequence[Line]) -> None:
    head = (_("Day"), _("take"), _("provider"), _("estimated"), _("charged"), "", "")
    rows = [head, *map(_cells, found)]
    widest = [max(map(width, column)) for column in zip(*rows)]
    for day, take, provider, estimated, charged, currency, words in rows:
        cells = [
            pad(day, widest[0]),
            take.rjust(widest[1]),
            pad(provider, widest[2]),
            " " * (widest[3] - width(estimated)) + estimated,
            " " * (widest[4] - width(charged)) + charged,
            pad(currency, widest[5]),
            words,
        ]
        say("  ".join(cells).rstrip())
    text = _(
        "{currency}: estimated {estimated:.2f} for {priced}; of {told} the charge is told: {charged:.2f}, where "
        "{estimated_of_told:.2f} were estimated."
    )
    for total in _totals(found):
        say(text.format(**total))
        if total["told_alone"]:
            alone = _("{currency}: {told_alone} without an estimate were charged {charged_alone:.2f}.")
            say(alone.format(**total))


def _cells(one: Line) -> tuple[str, ...]:
    day = time.strftime("%Y-%m-%d", time.localtime(one.at))
    amounts = _amount(one.estimated), _amount(one.charged)
    return (day, str(one.take), printable(one.provider) or "-", *amounts, one.currency, _(_WORDS[one.known]))


def _amount(micros: Optional[int]) -> str:
    from sorad.model import units

    return "–" if micros is None else f"{units(micros):.2f}"
