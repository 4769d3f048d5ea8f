"""`sorad resolve`: what became of takes that may have been bought."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sorad.cli.control.adopt import Known, known_as
from sorad.cli.control.orders import Args, Desk, declare, nothing, takes_arguments, usage, yes_option
from sorad.cli.shared.common import (
    OK,
    asks,
    confirm,
    say,
    storyboard_path,
)
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.model import Take


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = declare(
        subparsers,
        common,
        "resolve",
        _("say what became of takes that may have been bought"),
        _(
            "Ends the wait of `unknown` takes, after a look at your account at the provider. With --adopt it brings "
            "back a failed one, too."
        ),
        resolve,
    )
    takes_arguments(parser)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--adopt", metavar=_("TASK_ID"), help=_("it was accepted, as this task"))
    how.add_argument("--resend", action="store_true", help=_("it was not accepted: buy it"))
    how.add_argument("--drop", action="store_true", help=_("it is not wanted any more"))
    how.add_argument(
        "--seen", action="store_true", help=_("two computers paid for it: show that, and end the notice")
    )
    yes_option(parser)


def resolve(args: argparse.Namespace) -> int:
    """Unknown takes: one adopted, some sent again or dropped."""
    with Desk(args) as desk:
        if args.seen:
            return _seen(args, desk)
        takes = _waiting_to_be_resolved(args, desk)
        if not takes:
            return nothing(_("Nothing waits to be resolved here."))
        if args.adopt is not None:
            return _adopt(args, desk, takes)
        question, asked = _question(takes, desk.currency(), drop=args.drop)
        if not confirm(question, yes=args.yes or not asked):
            return OK
        which: Args = {"id": takes[0].id} if len(takes) == 1 else {"ids": [take.id for take in takes]}
        return desk.post("resolve", {**which, "how": "drop" if args.drop else "resend"}, _resolved)


def _seen(args: argparse.Namespace, desk: Desk) -> int:
    """What two computers paid for is shown, and told no more."""
    from sorad.claim.doubles import line, unseen

    if args.storyboard or not args.takes:
        raise usage(N_("Which ones? Name takes: `sorad status` shows them."))
    found = [one for one in unseen(desk.ledger) if one.take in args.takes]
    if not found:
        return nothing(_("Nothing waits to be resolved here."))
    for one in found:
        say(line(one, desk.currency()))
    return desk.post("resolve", {"ids": [one.take for one in found], "how": "seen"}, _resolved)


def _waiting_to_be_resolved(args: argparse.Namespace, desk: Desk) -> list[Take]:
    """The takes that are meant; empty: the storyboard has none. :class:`SoradError` for a wrong one, or none at all."""
    from sorad.model import State
    from sorad.receipts.intents import waits_for_foreign

    takes = desk.named(
        args.takes,
        lambda take: (
            take.state is State.UNKNOWN
            or waits_for_foreign(take)
            or (args.adopt is not None and take.state is State.FAILED)
        ),
        N_("take {take} is {state}: it does not wait to be resolved."),
    )
    if args.storyboard:
        named = {take.id for take in takes}
        takes += [one for one in desk.waiting(storyboard_path(args.storyboard)) if one.id not in named]
    elif not takes:
        raise usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
    return takes


def _adopt(args: argparse.Namespace, desk: Desk, takes: list[Take]) -> int:
    """One take, with the task of the id that was given, under the name that the provider has for it."""
    if len(takes) != 1:
        raise usage(N_("A task belongs to one take: name one with --adopt."))
    found = known_as(args, takes[0], args.adopt, [one.remote_id for one in desk.ledger.purchases()])
    if isinstance(found, Problem):
        if not args.yes:
            raise SoradError(found)
        found = Known(args.adopt)
    if found.remote_id != args.adopt:
        say(_("The provider knows that task as {remote_id}.").format(remote_id=found.remote_id))
    order = {"id": takes[0].id, "how": "adopt", "remote_id": found.remote_id}
    code = desk.post("resolve", order, _resolved)
    if code == OK and found.why is not None:
        say(_("Whether the provider knows that task could not be asked: {problem}").format(problem=found.why))
    return code


def _question(takes: list[Take], currency: str, *, drop: bool) -> tuple[str, bool]:
    """What is asked before takes are sent again or given up, with the price; and whether it must be answered.

    To give up spends nothing: only somebody who sits there is asked.
    """
    from sorad.model import units

    known = [take.cost for take in takes if take.cost is not None]
    price = f"{units(sum(known)):.2f} {currency}"
    if len(known) < len(takes):
        price = _("{price} and more (not all prices are known)").format(price=price)
    if drop:
        text = ngettext(
            "{price} may have been spent for it, and stays counted. Give {count} take up?",
            "{price} may have been spent for them, and stays counted. Give {count} takes up?",
            len(takes),
        )
        return text.format(price=price, count=len(takes)), asks()
    text = ngettext(
        "If the provider has it after all, it is paid for twice. Send {count} take again, for {price}?",
        "What the provider has after all is paid for twice. Send {count} takes again, for {price}?",
        len(takes),
    )
    return text.format(count=len(takes), price=price), True


def _resolved(count: int) -> str:
    return _("Resolved.") if count else _("Nothing was changed.")
