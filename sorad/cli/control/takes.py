"""`sorad retry`, `cancel`, `redo` and `approve`: what is to become of takes."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sorad.cli.control.orders import (
    Args,
    Desk,
    agreed,
    declare,
    nothing,
    takes_arguments,
    usage,
    yes_option,
)
from sorad.cli.shared.arguments import number_ranges, whole_number
from sorad.cli.shared.common import (
    OK,
    confirm,
    say,
    storyboard_path,
)
from sorad.messages import N_, _, ngettext

if TYPE_CHECKING:
    from sorad.model import Take


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the commands."""

    parser = declare(
        subparsers,
        common,
        "retry",
        _("try failed takes again"),
        _(
            "Tries failed takes again. The provider is asked first, which costs nothing: only what it still says to "
            "have failed is bought anew."
        ),
        retry,
    )
    takes_arguments(parser)
    parser.add_argument(
        "--all", action="store_true", help=_("all failed takes (also what no argument means)")
    )
    yes_option(parser)

    parser = declare(
        subparsers,
        common,
        "cancel",
        _("drop takes that are not bought yet, or that failed"),
        _("Drops takes that are queued, held or failed. What is bought cannot be taken back."),
        cancel,
    )
    takes_arguments(parser)

    parser = declare(
        subparsers,
        common,
        "redo",
        _("buy one more take of a segment"),
        _("Buys one more take, with the same prompt, beside the videos that are there."),
        redo,
    )
    takes_arguments(parser)
    parser.add_argument(
        "--segment", metavar=_("N"), type=whole_number, help=_("only this segment of the storyboard")
    )
    yes_option(parser)

    parser = declare(
        subparsers,
        common,
        "approve",
        _("release takes that wait for your approval"),
        _(
            "Releases held takes, of some storyboards or all of them, whatever they cost. What a copy of a "
            "storyboard would buy once more is released only by its name."
        ),
        approve,
    )
    parser.add_argument(
        "which",
        metavar=_("TAKE_OR_STORYBOARD"),
        nargs="*",
        help=_("only these, or those of these storyboards"),
    )
    parser.add_argument("--all", action="store_true", help=_("all of them (also what no argument means)"))
    parser.add_argument(
        "--segments",
        metavar=_("1-5,8"),
        type=number_ranges,
        help=_("only those of these segments"),
    )
    yes_option(parser)


def retry(args: argparse.Namespace) -> int:
    """Failed takes, named or all."""
    from sorad.model import State

    order: Args = {"state": "failed"}
    with Desk(args) as desk:
        if args.takes:
            takes = desk.named(
                args.takes, _may_be_retried, N_("take {take} is {state}: there is nothing to try again.")
            )
            order = {"ids": [take.id for take in takes]}
        else:
            board = storyboard_path(args.storyboard) if args.storyboard else None
            order = {"storyboard": board} if board else order
            takes = list(desk.ledger.takes(states=[State.FAILED], storyboard=board))
        if not takes:
            return nothing(_("No failed takes here."))
        say(_anew(takes, str(desk.ledger.recall("currency") or "USD")))
        question = ngettext("Try {count} take again?", "Try {count} takes again?", len(takes))
        if not confirm(question.format(count=len(takes)), yes=args.yes or args.all or bool(args.takes)):
            return OK
        return desk.post("retry", order, _retried)


def cancel(args: argparse.Namespace) -> int:
    """Takes that are not bought, named or of a storyboard."""
    from sorad.model import State

    allowed = (State.QUEUED, State.HELD, State.FAILED)
    with Desk(args) as desk:
        if args.takes:
            takes = desk.named(
                args.takes,
                lambda take: take.state in allowed,
                N_("take {take} is {state}: it cannot be cancelled."),
            )
            return desk.post("cancel", {"ids": [take.id for take in takes]}, _cancelled)
        if not args.storyboard:
            raise usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
        return desk.post("cancel", {"storyboard": storyboard_path(args.storyboard)}, _cancelled)


def redo(args: argparse.Namespace) -> int:
    """One more take of some takes' segments, or of each segment of a storyboard."""
    with Desk(args) as desk:
        if args.takes:
            takes = desk.named(args.takes)
        elif args.storyboard:
            takes = desk.latest(storyboard_path(args.storyboard), args.segment)
            if not takes:
                return nothing(_("No takes here."))
        else:
            raise usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
        question = ngettext(
            "Buy {count} more take, for about {price}?",
            "Buy {count} more takes, for about {price}?",
            len(takes),
        )
        if not agreed(args, question, takes, yes=args.yes):
            return OK
        return desk.post("redo", {"ids": [take.id for take in takes]}, _queued)


def approve(args: argparse.Namespace) -> int:
    """Held takes: named by number, of some storyboards, or all but those that a copy would buy once more."""
    with Desk(args) as desk:
        takes, orders = _waiting_for_approval(desk, args.which)
        if args.segments is not None:
            takes = [take for take in takes if any(take.segment in one for one in args.segments)]
            orders = [{"ids": [take.id for take in takes]}]
        if not takes:
            return nothing(_("Nothing waits for approval here."))
        if not _may_be_bought(args, desk, takes):
            return OK
        return max(desk.post("approve", order, _approved) for order in orders)


def _may_be_bought(args: argparse.Namespace, desk: Desk, takes: list[Take]) -> bool:
    """Whether they are to be released: asked about what is bought; what is reused is told, and costs nothing."""
    reused = _reused(args, desk, takes)
    if reused:
        text = ngettext(
            "{count} take is reused from another storyboard, for nothing.",
            "{count} takes are reused from another storyboard, for nothing.",
            len(reused),
        )
        say(text.format(count=len(reused)))
    bought = [take for take in takes if take.id not in reused]
    question = ngettext("Buy {count} take, for {price}?", "Buy {count} takes, for {price}?", len(bought))
    return not bought or agreed(args, question, bought, yes=args.yes or args.all)


def _reused(args: argparse.Namespace, desk: Desk, takes: list[Take]) -> set[int]:
    """Those that get a video which was bought for another storyboard, once they are released; by number."""
    from dataclasses import replace

    from sorad.cli.shared.settings import file_config
    from sorad.ledger.reused import NO_REUSE, source_for
    from sorad.model import State

    config = file_config(args)
    reuse = {str(watch.path): watch.reuse for watch in config.watch} if config else {}
    released = {take.id: replace(take, state=State.QUEUED) for take in takes}
    found = set()
    for number, take in released.items():
        alike = [released.get(one.id, one) for one in desk.ledger.with_text(take.fingerprint)]
        source = source_for(take, alike, reuse.get(take.root, NO_REUSE))
        # What is not known to be accepted, or still to be bought, may yet have to be bought for this one.
        if source is not None and source.state in (State.DONE, State.DOWNLOADING, State.GENERATING):
            found.add(number)
    return found


def _waiting_for_approval(desk: Desk, which: list[str]) -> tuple[list[Take], list[Args]]:
    """The held takes that are meant, and the orders that release them. :class:`SoradError` for any other take."""
    from sorad.ledger.copied import is_copied
    from sorad.model import State

    if not which:
        held = desk.ledger.takes(states=[State.HELD])
        return [take for take in held if not is_copied(take) and _may(take)], [{"all": True}]
    numbers = [int(word) for word in which if word.isdecimal()]
    orders: list[Args] = [{"storyboard": storyboard_path(word)} for word in which if not word.isdecimal()]
    takes = desk.named(
        numbers,
        _may,
        N_("take {take} is {state}: it does not wait for approval."),
    )
    for order in orders:
        held = desk.ledger.takes(states=[State.HELD], storyboard=order["storyboard"])
        takes += filter(_may, held)
    if numbers:
        orders.append({"ids": numbers})
    return list({take.id: take for take in takes}.values()), orders


def _may(take: Take) -> bool:
    """Whether an approval releases it: not what waits for the shot before."""
    from sorad.ledger.chain import is_waiting
    from sorad.model import State

    return take.state is State.HELD and not is_waiting(take)


def _anew(takes: list[Take], currency: str) -> str:
    """What it may cost, by what was paid the last time."""
    from sorad.model import units

    prices = [take.cost for take in takes if take.cost is not None]
    if any(take.remote_id for take in takes):
        said = _(
            "The provider is asked first. What it still says to have failed is bought anew: {price} at most."
        )
    else:
        said = _("What failed is bought anew: {price}.")
    if not prices:
        return said.format(price=_("price not known"))
    price = f"{units(sum(prices)):.2f} {currency}"
    if len(prices) < len(takes):
        price = _("{price}, and {count} without a known price").format(
            price=price, count=len(takes) - len(prices)
        )
    return said.format(price=price)


def _may_be_retried(take: Take) -> bool:
    from sorad.model import State

    # a video that was delivered and is missing can be fetched again
    lost = take.state is State.DONE and take.error is not None
    return lost or take.state in (State.FAILED, State.CANCELLED)


def _retried(count: int) -> str:
    return ngettext("{count} take is tried again.", "{count} takes are tried again.", count).format(
        count=count
    )


def _cancelled(count: int) -> str:
    return ngettext("{count} take is cancelled.", "{count} takes are cancelled.", count).format(count=count)


def _queued(count: int) -> str:
    if not count:
        return _(
            "Nothing is queued: one take of that segment is still under way. Try again when it is there."
        )
    return ngettext("{count} more take is queued.", "{count} more takes are queued.", count).format(
        count=count
    )


def _approved(count: int) -> str:
    return ngettext("{count} take is released.", "{count} takes are released.", count).format(count=count)
