"""`sorad providers`: each configured provider: key, balance, models, price, in flight, how a lost create is found."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.columns import pad, width
from sorad.cli.shared.common import OK, PROBLEMS, say, to_json
from sorad.messages import N_, _
from sorad.plaintext import printable

if TYPE_CHECKING:
    from sorad.config.model import Config, ProviderConfig
    from sorad.health.vendors import Vendor
    from sorad.problems import Problem
    from sorad.providers.base import Provider

WANTED = 5  # seconds of the take whose price is told, or the nearest length on offer
# How the task of a create whose answer was lost is found there.
_FOUND = {
    "own_id": N_("by an id of its own, at once"),
    "tag": N_("by a tag, in the list"),
    "text": N_("by its text, in the list"),
    "text_later": N_("by its text, once it has ended"),
    "elimination": N_("by elimination, in the list"),
    "none": N_("not at all: you decide"),
}


@dataclass(frozen=True)
class Row:
    """One provider. Amounts are in units of the currency; ``None``: not known."""

    name: str
    kind: str
    host: str
    key: str  # where it is, "" where there is none
    models: tuple[str, ...]
    find: str
    currency: str
    seconds: int
    in_flight: int = 0
    halt: Optional[str] = None  # the code of what stops buying there
    balance: Optional[float] = None
    price: Optional[float] = None
    fault: Optional[Problem] = None  # why it cannot be asked, or what it answered


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "providers",
        parents=common,
        help=_("the providers: key, balance, models, price"),
        description=_(
            "Shows each provider of the config: where its key is, what the daemon last saw of it, its models, the "
            "price of a short take, and how a create whose answer was lost is found there. Asks nobody without --check."
        ),
    )
    parser.add_argument(
        "--check", action="store_true", help=_("ask each one, by calls that cost nothing; 1 if one fails")
    )
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show them."""
    from sorad.cli.shared.settings import file_config
    from sorad.config.model import Config

    rows = list(_rows(file_config(args) or Config(), check=args.check))
    if args.json:
        say(to_json([_as_json(row) for row in rows], indent=2))
    else:
        _show(rows)
    failed = args.check and any(row.fault is not None or not row.key for row in rows)
    return PROBLEMS if failed else OK


def _rows(config: Config, *, check: bool) -> list[Row]:
    from sorad.providers.sellers import Sellers

    sellers, seen = Sellers(config), {vendor.name: vendor for vendor in _seen(config)}
    found = []
    for one in config.providers:
        row = _row(one, sellers(one.title), seen.get(one.title))
        why = sellers.no_key(one.title)
        if why is not None:
            row = replace(row, key="", fault=why)
        found.append(_checked(row, sellers(one.title)) if check and why is None else row)
    return found


def _seen(config: Config) -> list[Vendor]:
    """What the daemon last saw, where there is a ledger that can be read."""
    from sorad.budget import day_began
    from sorad.health.vendors import vendors_of
    from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
    from sorad.ledger.place import ledger_path
    from sorad.ledger.sqlite import SqliteLedger
    from sorad.problems import SoradError

    there = ledger_path(config.state_dir)
    if not there.exists():
        return []
    try:
        ledger = SqliteLedger.attach(there)
        try:
            return list(vendors_of(ledger, day_began(time.time())))
        finally:
            ledger.close()
    except (SoradError, LedgerDamaged, LedgerUnavailable):
        return []  # `sorad status` tells


def _row(config: ProviderConfig, provider: Provider, seen: Optional[Vendor]) -> Row:
    """What is known without asking."""
    from sorad.config.vendors import vendor_of
    from sorad.model import Request, units
    from sorad.providers.capabilities.offers import offers_of
    from sorad.providers.wire.addresses import host_of

    seconds = min(provider.capabilities.seconds, key=lambda one: abs(one - WANTED))
    free = (
        config.kind == "openai_videos" or vendor_of(config.kind) is not None
    )  # its price is no question to anybody
    told = provider.price(Request("-", seconds=seconds)) if free else None
    stopped = seen is not None and seen.stands_still
    return Row(
        name=config.title,
        kind=config.kind,
        host=host_of(provider.base_url),
        key=_key_place(config),
        models=tuple(one.name for one in offers_of(config).all() if one.name),
        find=how_found(provider),
        currency=provider.currency,
        seconds=seconds,
        in_flight=seen.in_flight if seen is not None else 0,
        halt=seen.why if seen is not None and stopped else None,
        price=None if told is None else units(told),
    )


def how_found(provider: Provider) -> str:
    """How a create whose answer was lost is found there: the word for programs."""
    from sorad.providers.finding import Find

    told = provider.capabilities
    return str(told.finding.how if told.lists_tasks else Find.NONE)


def found_in_words(how: str) -> str:
    """The same for people."""
    return _(_FOUND[how])


def _key_place(config: ProviderConfig) -> str:
    """Where its key is looked for, as the config says."""
    if config.api_key_file is not None:
        return str(config.api_key_file)
    if config.api_key_keyring:
        return _("keyring {name}").format(name=config.api_key_keyring)
    return f"${config.api_key_env}" if config.kind != "simulator" else _("none needed")


def _checked(row: Row, provider: Provider) -> Row:
    """With what the provider answers to free calls."""
    from sorad.model import Request, units
    from sorad.providers.base import Fault

    left = provider.balance() if provider.capabilities.has_balance else provider.check()
    if isinstance(left, Fault):
        return replace(row, fault=left.problem)
    price = provider.price(Request("-", seconds=row.seconds))
    return replace(
        row,
        balance=None if left is None else units(left.amount),
        price=None if price is None else units(price),
    )


def _as_json(row: Row) -> dict[str, Any]:
    why = None if row.fault is None else {"code": row.fault.code, "message": row.fault.text()}
    return {
        "name": row.name,
        "kind": row.kind,
        "host": row.host,
        "key": row.key,
        "balance": row.balance,
        "models": list(row.models),
        "price": row.price,
        "seconds": row.seconds,
        "currency": row.currency,
        "in_flight": row.in_flight,
        "halt": row.halt,
        "find": row.find,
        "problem": why,
    }


def _show(rows: list[Row]) -> None:
    head = [
        _("provider"), _("kind"), _("key"), _("balance"), _("price"), _("in flight"), _("a lost create is found"),
    ]  # fmt: skip
    table = [head, *map(_cells, rows)]
    columns = [max(map(width, column)) for column in zip(*table)]
    for cells in table:
        say("  ".join(pad(cell, most) for cell, most in zip(cells, columns)).rstrip())
    for row in rows:
        if row.models:
            say(
                _("models of {name}: {models}").format(name=printable(row.name), models=", ".join(row.models))
            )
        if row.fault is not None:
            say(f"! {printable(row.name)}: {row.fault}")


def _cells(row: Row) -> list[str]:
    price = _("{price} for {seconds} s").format(price=_money(row.price, row.currency), seconds=row.seconds)
    return [
        printable(row.name),
        row.kind,
        printable(row.key) or _("missing"),
        _money(row.balance, row.currency),
        price if row.price is not None else "–",
        f"{row.in_flight}" if row.halt is None else _("{count}, stopped").format(count=row.in_flight),
        found_in_words(row.find),
    ]


def _money(amount: Optional[float], currency: str) -> str:
    return "–" if amount is None else f"{amount:.2f} {currency}"
