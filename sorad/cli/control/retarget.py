"""`sorad retarget`: have takes made by another provider, or by another model there."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.control.orders import Desk, declare, nothing, yes_option
from sorad.cli.shared.common import OK, PROBLEMS, USAGE, complain, confirm, say, storyboard_path
from sorad.cli.shared.price import Price, in_words
from sorad.messages import N_, _, ngettext
from sorad.plaintext import printable
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.config.model import ProviderConfig
    from sorad.model import Take
    from sorad.problems import Problem
    from sorad.providers.capabilities.translate import Translated
    from sorad.providers.sellers import Sellers

SHOWN = 5  # so many takes that cannot go are told one by one
# What a create says, as its provider names it, and what people call it.
_NAMES = {
    "model": N_("model"),
    "resolution": N_("resolution"),
    "ratio": N_("aspect ratio"),
    "seconds": N_("seconds"),
    "audio": N_("sound"),
    "seed": N_("seed"),
}


@dataclass(frozen=True)
class Move:
    """A take that can go. ``differs``: what is asked for otherwise there: name, here, there."""

    take: Take
    here: Price
    there: Price
    differs: tuple[tuple[str, str, str], ...]


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = declare(
        subparsers,
        common,
        "retarget",
        _("have takes made by another provider"),
        _(
            "Has the takes of a storyboard that are not bought yet, or single takes, made by another provider or "
            "model. Shows what differs, and the price, and asks. Of a delivered take it buys one more; one that is "
            "bought, or may be, stays where it is."
        ),
        handler,
    )
    parser.add_argument(
        "which",
        metavar=_("TAKE_OR_STORYBOARD"),
        nargs="+",
        help=_("takes by their numbers, or storyboards and folders by their paths"),
    )
    parser.add_argument(
        "--provider", metavar=_("NAME"), required=True, help=_("who is to make them: a name from the config")
    )
    parser.add_argument("--model", metavar=_("NAME"), default="", help=_("by which of its models"))
    yes_option(parser)


def handler(args: argparse.Namespace) -> int:
    """Show what would be otherwise, ask, and leave it for the daemon."""
    from sorad.cli.shared.settings import daemon_config
    from sorad.providers.sellers import Sellers

    config = daemon_config(args)
    provider = next((one for one in config.providers if one.title == args.provider), None)
    if provider is None:
        from sorad.engine.decide.pictures import no_provider

        known = [one.title for one in config.providers]
        raise SoradError(no_provider(args.provider, known), exit_code=USAGE)
    with Desk(args) as desk:
        takes, stay = _meant(desk, args.which)
        moves, refused = _movable(takes, provider, args.model, Sellers(config))
        _tell_refused(refused, stay)
        if not moves:
            return PROBLEMS if refused else nothing(_("There is nothing that could go there."))
        _tell_moves(moves, provider.title)
        question = ngettext(
            "Have {count} take made by {name}, for {price}?",
            "Have {count} takes made by {name}, for {price}?",
            len(moves),
        )
        price = in_words([one.there for one in moves])
        said = question.format(count=len(moves), name=printable(provider.title), price=price)
        if not confirm(said, yes=args.yes):
            return OK
        order = {
            "ids": [one.take.id for one in moves],
            "provider": provider.title,
            "model": args.model,
        }
        done = desk.post("retarget", order, _retargeted)
        return PROBLEMS if refused else done


def _meant(desk: Desk, which: Sequence[str]) -> tuple[list[Take], int]:
    """The takes that are meant; and how many of the storyboards' takes stay, because they are bought, or may be."""
    from sorad.model import State

    numbers = [int(word) for word in which if word.isdecimal()]
    takes, stay = desk.named(numbers), 0
    for word in which:
        if word.isdecimal():
            continue
        for take in desk.ledger.takes(storyboard=storyboard_path(word)):
            if take.state in (State.QUEUED, State.HELD) or (take.state is State.FAILED and take.wanted):
                takes.append(take)
            else:
                stay += take.state is not State.CANCELLED and take.wanted
    return list({take.id: take for take in takes}.values()), stay


def _movable(
    takes: Sequence[Take], provider: ProviderConfig, model: str, sellers: Sellers
) -> tuple[list[Move], list[Problem]]:
    """The takes that can go, each with what differs; and why others cannot."""
    from sorad.engine.steps.retarget import not_offered, refusal
    from sorad.model import State
    from sorad.providers.capabilities.translate import translated

    moves, refused = [], []
    for take in takes:
        asked = translated(
            (take.newer or take.request) if take.state is State.DONE else take.request, provider, model
        )
        why = refusal(take)
        if why is None and asked.problems:
            why = not_offered(take, provider, asked.problems[0])
        if why is None:
            moves.append(_move(take, provider, asked, sellers))
        else:
            refused.append(why)
    return moves, refused


def _move(take: Take, provider: ProviderConfig, asked: Translated, sellers: Sellers) -> Move:
    here, there = sellers(take.target), sellers(provider.title)
    before, after = here.sent(take.effective_request), there.sent(asked.request)
    names = [name for name in _NAMES if name in before or name in after]
    told = ((name, _shown(before.get(name)), _shown(after.get(name))) for name in names)
    prices = (
        _price(sellers, take.target, take.effective_request),
        _price(sellers, provider.title, asked.request),
    )
    return Move(take, *prices, tuple(one for one in told if one[1] != one[2]))


def _price(sellers: Sellers, target: str, request: Any) -> Price:
    seller = sellers(target)
    known = sellers.no_key(target) is None
    return (seller.price(request) if known else None, seller.currency)


def _shown(value: Optional[object]) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return "–" if value is None else str(value)


def _tell_moves(moves: Sequence[Move], name: str) -> None:
    """What is asked for otherwise there, of how many takes; the price of now beside the one there."""
    from sorad.model import State

    counts = Counter(differs for move in moves for differs in move.differs)
    for (what, here, there), count in counts.items():
        told = f"{_(_NAMES[what])}: {printable(here)} -> {printable(there)}"
        say(told if count == len(moves) else _("{told} ({count} of them)").format(told=told, count=count))
    text = _("price: {here} -> {there}")
    here, there = (in_words(prices) for prices in ([one.here for one in moves], [one.there for one in moves]))
    say(text.format(here=here, there=there))
    more = sum(one.take.state is State.DONE for one in moves)
    if more:
        told = ngettext(
            "{count} of them is delivered: one more is bought beside it.",
            "{count} of them are delivered: one more of each is bought.",
            more,
        )
        say(told.format(count=more))


def _tell_refused(refused: Sequence[Problem], stay: int) -> None:
    for line in _lines(refused):
        complain(line)
    if stay:
        told = ngettext(
            "{count} take is bought already, or may be, and stays where it is.",
            "{count} takes are bought already, or may be, and stay where they are.",
            stay,
        )
        say(told.format(count=stay))


def _lines(refused: Sequence[Problem]) -> Iterator[str]:
    yield from map(str, refused[:SHOWN])
    if len(refused) > SHOWN:
        yield _("and {count} more").format(count=len(refused) - SHOWN)


def _retargeted(count: int) -> str:
    return ngettext("{count} take is to be made there.", "{count} takes are to be made there.", count).format(
        count=count
    )
