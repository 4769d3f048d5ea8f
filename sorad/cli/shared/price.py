"""What a purchase is going to cost, for the question before it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from sorad.messages import _
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.model import Request


def price_of(args: argparse.Namespace, requests: Sequence[Request]) -> str:
    """The price of them all, as the provider tells it now; else that it is not known."""
    try:
        prices, currency = _asked(args, requests)
    except SoradError:
        prices, currency = [None], ""
    return in_words(prices, currency)


def in_words(prices: Sequence[Optional[int]], currency: str) -> str:
    """The sum of prices in micro-units, and how many of them are not known."""
    from sorad.model import units

    known = [price for price in prices if price is not None]
    if not known:
        return _("price not known")
    told = f"{units(sum(known)):.2f} {currency}"
    unknown = len(prices) - len(known)
    if unknown:
        return _("{price}, and {count} without a known price").format(price=told, count=unknown)
    return told


def _asked(args: argparse.Namespace, requests: Sequence[Request]) -> tuple[list[Optional[int]], str]:
    from sorad import providers
    from sorad.cli.shared.settings import file_config
    from sorad.config.key import KeySource
    from sorad.config.model import Config

    config = file_config(args) or Config()
    key = KeySource(config.provider)
    key()
    provider = providers.make(config.provider, key)
    return [provider.price(request) for request in requests], provider.currency
