"""What a purchase is going to cost, for the question before it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from sorad.messages import _
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.model import Take


Price = tuple[Optional[int], str]  # in micro-units of a currency; None: not known


def price_of(args: argparse.Namespace, takes: Sequence[Take]) -> str:
    """The price of buying them all, as their providers tell it now; else that it is not known."""
    try:
        return in_words(_prices(args, takes))
    except SoradError:
        return _("price not known")


def in_words(prices: Sequence[Price]) -> str:
    """The sum of prices in each currency, and how many of them are not known."""
    from sorad.model import units

    known: dict[str, int] = {}
    for price, currency in prices:
        if price is not None:
            known[currency] = known.get(currency, 0) + price
    if not known:
        return _("price not known")
    told = " + ".join(f"{units(amount):.2f} {currency}" for currency, amount in known.items())
    unknown = sum(price is None for price, _currency in prices)
    if unknown:
        return _("{price}, and {count} without a known price").format(price=told, count=unknown)
    return told


def _prices(args: argparse.Namespace, takes: Sequence[Take]) -> list[Price]:
    from sorad.cli.shared.settings import file_config
    from sorad.config.model import Config
    from sorad.providers.sellers import Sellers

    sellers = Sellers(file_config(args) or Config())
    found: list[Price] = []
    for take in takes:
        seller = sellers(take.target)
        known = sellers.no_key(take.target) is None
        found.append(
            (
                seller.price(replace(take, request=take.newer or take.request).effective_request)
                if known
                else None,
                seller.currency,
            )
        )
    return found
