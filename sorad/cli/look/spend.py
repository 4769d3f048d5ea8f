"""`sorad spend`: what was spent, by day, storyboard or state; the estimate beside what it cost."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.columns import pad, width
from sorad.cli.shared.common import open_ledger, say, state_dir, to_json
from sorad.messages import N_, _
from sorad.plaintext import printable

if TYPE_CHECKING:
    from sorad.claim.doubles import Double
    from sorad.ledger.values import Purchase

DAY, STORYBOARD, STATE = "day", "storyboard", "state"
_TITLES = {DAY: N_("Day"), STORYBOARD: N_("Storyboard"), STATE: N_("State")}


@dataclass
class Sum:
    """Purchases of one kind; amounts in micro-units. A purchase without a known price counts as 0 in both."""

    purchases: int = 0
    estimated: int = 0  # prices when they were sent; of one that was not sent from here, what it cost
    actual: int = 0  # as the provider told; where it told nothing, the estimate
    unpriced: int = 0
    doubtful: int = 0  # of the purchases: those that may not have been accepted
    possible: int = 0  # of ``actual``: what they count
    repeated: int = (
        0  # of ``actual``: what a gateway may have spent besides, by sending creates again by itself
    )

    def add(self, one: Purchase) -> None:
        """Count one in."""
        self.purchases += 1
        self.actual += (one.cost or 0) + one.possible
        self.repeated += one.possible
        self.estimated += (one.cost or 0) if one.estimate is None else one.estimate
        self.unpriced += one.cost is None
        if not one.remote_id:
            self.doubtful += 1
            self.possible += one.cost or 0


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "spend",
        parents=common,
        help=_("what was spent, by day, storyboard or state"),
        description=_(
            "Sums what was bought: the price when it was sent, beside what the provider said it cost. Each create "
            "that may have been accepted counts, whatever became of its take since."
        ),
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--by", choices=(DAY, STORYBOARD, STATE), default=DAY, help=_("default: day"))
    which.add_argument(
        "--compare", action="store_true", help=_("each purchase: the estimate beside what was charged")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show the sums."""
    from sorad.claim.doubles import remembered

    if args.compare:
        from sorad.cli.look.compare import compare

        return compare(args)
    ledger = open_ledger(state_dir(args))
    try:
        currency = str(ledger.recall("currency") or "USD")
        each, doubles = sums_by_currency(ledger.purchases(), args.by, currency), remembered(ledger)
    finally:
        ledger.close()
    if args.json:
        say(
            to_json(
                {
                    **_as_json(each[currency], args.by, currency),
                    "by_currency": [_as_json(found, args.by, money) for money, found in each.items()],
                    "by_others": _by_others(doubles, currency),
                },
                indent=2,
            )
        )
    else:
        for money, found in each.items():
            if found or len(each) == 1:
                _show(found, args.by, money)
        for money, amount in _by_others(doubles, currency).items():
            text = _(
                "Another computer paid for the same takes besides: {amount} {currency}, not in these sums."
            )
            say(text.format(amount=f"{amount:.2f}", currency=money))
    return 0


def _by_others(doubles: Iterable[Double], currency: str) -> dict[str, float]:
    """What other machines paid for takes that this one paid for, too, by currency; an unknown price counts as 0."""
    from sorad.model import units

    found: dict[str, int] = {}
    for one in doubles:
        found[one.currency or currency] = found.get(one.currency or currency, 0) + (one.other_cost or 0)
    return {money: units(amount) for money, amount in found.items()}


def sums_by_currency(purchases: Iterable[Purchase], by: str, first: str) -> dict[str, dict[str, Sum]]:
    """The sums in each currency, which are never added up; ``first``: that of what tells of none."""
    apart: dict[str, list[Purchase]] = {first: []}
    for one in purchases:
        apart.setdefault(one.currency or first, []).append(one)
    return {currency: sums(each, by) for currency, each in apart.items()}


def sums(purchases: Iterable[Purchase], by: str) -> dict[str, Sum]:
    """The sums by local day (``2026-11-23``), path of the storyboard, or state of the take, in order."""
    keys: dict[str, Callable[[Purchase], str]] = {
        DAY: lambda one: time.strftime("%Y-%m-%d", time.localtime(one.charged_at)),
        STORYBOARD: lambda one: one.storyboard,
        STATE: lambda one: one.state.value,
    }
    key = keys[by]
    found: dict[str, Sum] = {}
    for one in purchases:
        found.setdefault(key(one), Sum()).add(one)
    return dict(sorted(found.items()))


def _total(found: dict[str, Sum]) -> Sum:
    total = Sum()
    for one in found.values():
        total.purchases += one.purchases
        total.estimated += one.estimated
        total.actual += one.actual
        total.unpriced += one.unpriced
        total.doubtful += one.doubtful
        total.possible += one.possible
        total.repeated += one.repeated
    return total


def _as_json(found: dict[str, Sum], by: str, currency: str) -> dict[str, Any]:
    def members(one: Sum) -> dict[str, Any]:
        from sorad.model import units

        return {
            "purchases": one.purchases,
            "estimated": units(one.estimated),
            "actual": units(one.actual),
            "unpriced": one.unpriced,
            "possible": units(one.possible),
            "repeated": units(one.repeated),
        }

    return {
        "currency": currency,
        "by": by,
        "rows": [{by: key, **members(one)} for key, one in found.items()],
        "total": members(_total(found)),
    }


def _rows(found: dict[str, Sum], total: Sum, by: str, currency: str) -> list[tuple[str, ...]]:
    """The cells of the table, its head first and the total last."""
    from sorad.model import STATE_NAMES, State

    names = {key: _(STATE_NAMES[State(key)]) if by == STATE else printable(key) for key in found}
    return [
        (_(_TITLES[by]), _("takes"), _("estimated"), _("actual")),
        *((names[key], *_amounts(one)) for key, one in found.items()),
        (_("total ({currency})").format(currency=currency), *_amounts(total)),
    ]


def _say_table(rows: list[tuple[str, ...]]) -> None:
    first, *widest = [max(map(width, column)) for column in zip(*rows)]
    for row in rows:
        cells = (" " * (most - width(cell)) + cell for cell, most in zip(row[1:], widest))
        say("  ".join((pad(row[0], first), *cells)))


def _show(found: dict[str, Sum], by: str, currency: str) -> None:
    from sorad.model import units

    if not found:
        say(_("Nothing was bought yet."))
        return
    total = _total(found)
    _say_table(_rows(found, total, by, currency))
    if total.doubtful:
        text = _(
            "{count} of them, for {price} {currency}, may not have been accepted: no task is known of them."
        )
        say(text.format(count=total.doubtful, price=f"{units(total.possible):.2f}", currency=currency))
    if total.repeated:
        say(
            _("{amount} of it may have been spent by a gateway that sent creates again by itself.").format(
                amount=f"{units(total.repeated):.2f} {currency}"
            )
        )
    if total.unpriced:
        say(_("{count} of them without a known price count as 0.").format(count=total.unpriced))


def _amounts(one: Sum) -> tuple[str, str, str]:
    from sorad.model import units

    return str(one.purchases), f"{units(one.estimated):.2f}", f"{units(one.actual):.2f}"
