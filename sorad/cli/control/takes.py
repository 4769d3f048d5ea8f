"""The control commands. Each leaves a row for the daemon in the ledger and shows what came of it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sorad.cli.control.adopt import Known, known_as
from sorad.cli.shared.arguments import whole_number
from sorad.cli.shared.common import (
    OK,
    PROBLEMS,
    asks,
    complain,
    confirm,
    no_take,
    open_ledger,
    say,
    start_command,
    state_dir,
    storyboard_path,
)
from sorad.messages import N_, _, ngettext
from sorad.problems import Param, Problem, SoradError

if TYPE_CHECKING:
    from pathlib import Path

    from sorad.ledger.interface import Ledger
    from sorad.model import Request, Take

# How long a running daemon is given to answer, and how often the answer is looked for, in seconds.
PATIENCE, LOOK_EVERY = 3.0, 0.05

Args = dict[str, Any]
Handler = Callable[[argparse.Namespace], int]


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the commands."""

    def command(name: str, help: str, description: str, handler: Handler) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = subparsers.add_parser(
            name, parents=common, help=help, description=description
        )
        parser.set_defaults(handler=handler)
        return parser

    parser = command(
        "retry",
        _("try failed takes again"),
        _(
            "Tries failed takes again. The provider is asked first, which costs nothing: only what it still says to "
            "have failed is bought anew."
        ),
        retry,
    )
    _takes_arguments(parser)
    parser.add_argument(
        "--all", action="store_true", help=_("all failed takes (also what no argument means)")
    )
    _yes(parser)

    parser = command(
        "cancel",
        _("drop takes that are not bought yet, or that failed"),
        _("Drops takes that are queued, held or failed. What is bought cannot be taken back."),
        cancel,
    )
    _takes_arguments(parser)

    parser = command(
        "redo",
        _("buy one more take of a segment"),
        _("Buys one more take, with the same prompt, beside the videos that are there."),
        redo,
    )
    _takes_arguments(parser)
    parser.add_argument(
        "--segment", metavar=_("N"), type=whole_number, help=_("only this segment of the storyboard")
    )
    _yes(parser)

    parser = command(
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
    _yes(parser)

    parser = command(
        "resolve",
        _("say what became of takes that may have been bought"),
        _(
            "Ends the wait of `unknown` takes, after a look at your account at the provider. With --adopt it brings "
            "back a failed one, too."
        ),
        resolve,
    )
    _takes_arguments(parser)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--adopt", metavar=_("TASK_ID"), help=_("it was accepted, as this task"))
    how.add_argument("--resend", action="store_true", help=_("it was not accepted: buy it"))
    how.add_argument("--drop", action="store_true", help=_("it is not wanted any more"))
    how.add_argument(
        "--seen", action="store_true", help=_("two computers paid for it: show that, and end the notice")
    )
    _yes(parser)

    command(
        "pause",
        _("buy nothing for now; what is paid for goes on"),
        _("Stops buying until `sorad resume`, also over restarts. What is paid for is still delivered."),
        pause,
    )
    command(
        "resume",
        _("buy again after a pause or a stop"),
        _("Ends `sorad pause`, and whatever has stopped buying until you act."),
        resume,
    )
    parser = command(
        "scan",
        _("look through the watched folders now"),
        _("Looks through the watched folders now, and again at storyboards with mistakes."),
        scan,
    )
    parser.add_argument("path", metavar=_("PATH"), nargs="?", help=_("only here"))


def _takes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "takes",
        metavar=_("TAKE"),
        type=whole_number,
        nargs="*",
        help=_("their numbers, as `sorad list` shows them"),
    )
    parser.add_argument(
        "--storyboard", metavar=_("PATH"), help=_("the takes of a storyboard, or of all below a folder")
    )


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help=_("do not ask"))


# --- the commands -----------------------------------------------------------------------------------------


def retry(args: argparse.Namespace) -> int:
    """Failed takes, named or all."""
    from sorad.model import State

    order: Args = {"state": "failed"}
    with _Desk(args) as desk:
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
            return _nothing(_("No failed takes here."))
        say(_anew(takes, str(desk.ledger.recall("currency") or "USD")))
        question = ngettext("Try {count} take again?", "Try {count} takes again?", len(takes))
        if not confirm(question.format(count=len(takes)), yes=args.yes or args.all or bool(args.takes)):
            return OK
        return desk.post("retry", order, _retried)


def cancel(args: argparse.Namespace) -> int:
    """Takes that are not bought, named or of a storyboard."""
    from sorad.model import State

    allowed = (State.QUEUED, State.HELD, State.FAILED)
    with _Desk(args) as desk:
        if args.takes:
            takes = desk.named(
                args.takes,
                lambda take: take.state in allowed,
                N_("take {take} is {state}: it cannot be cancelled."),
            )
            return desk.post("cancel", {"ids": [take.id for take in takes]}, _cancelled)
        if not args.storyboard:
            raise _usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
        return desk.post("cancel", {"storyboard": storyboard_path(args.storyboard)}, _cancelled)


def redo(args: argparse.Namespace) -> int:
    """One more take of some takes' segments, or of each segment of a storyboard."""
    with _Desk(args) as desk:
        if args.takes:
            takes = desk.named(args.takes)
        elif args.storyboard:
            takes = desk.latest(storyboard_path(args.storyboard), args.segment)
            if not takes:
                return _nothing(_("No takes here."))
        else:
            raise _usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
        question = ngettext(
            "Buy {count} more take, for about {price}?",
            "Buy {count} more takes, for about {price}?",
            len(takes),
        )
        if not _agreed(args, question, [take.newer or take.request for take in takes], yes=args.yes):
            return OK
        return desk.post("redo", {"ids": [take.id for take in takes]}, _queued)


def approve(args: argparse.Namespace) -> int:
    """Held takes: named by number, of some storyboards, or all but those that a copy would buy once more."""
    with _Desk(args) as desk:
        takes, orders = _waiting_for_approval(desk, args.which)
        if not takes:
            return _nothing(_("Nothing waits for approval here."))
        question = ngettext("Buy {count} take, for {price}?", "Buy {count} takes, for {price}?", len(takes))
        if not _agreed(args, question, [take.request for take in takes], yes=args.yes or args.all):
            return OK
        return max(desk.post("approve", order, _approved) for order in orders)


def _waiting_for_approval(desk: _Desk, which: list[str]) -> tuple[list[Take], list[Args]]:
    """The held takes that are meant, and the orders that release them. :class:`SoradError` for any other take."""
    from sorad.ledger.copied import is_copied
    from sorad.model import State

    if not which:
        held = desk.ledger.takes(states=[State.HELD])
        return [take for take in held if not is_copied(take)], [{"all": True}]
    numbers = [int(word) for word in which if word.isdecimal()]
    orders: list[Args] = [{"storyboard": storyboard_path(word)} for word in which if not word.isdecimal()]
    takes = desk.named(
        numbers,
        lambda take: take.state is State.HELD,
        N_("take {take} is {state}: it does not wait for approval."),
    )
    for order in orders:
        takes += desk.ledger.takes(states=[State.HELD], storyboard=order["storyboard"])
    if numbers:
        orders.append({"ids": numbers})
    return list({take.id: take for take in takes}.values()), orders


def resolve(args: argparse.Namespace) -> int:
    """Unknown takes: one adopted, some sent again or dropped."""
    with _Desk(args) as desk:
        if args.seen:
            return _seen(args, desk)
        takes = _waiting_to_be_resolved(args, desk)
        if not takes:
            return _nothing(_("Nothing waits to be resolved here."))
        if args.adopt is not None:
            return _adopt(args, desk, takes)
        question, asked = _question(takes, desk.currency(), drop=args.drop)
        if not confirm(question, yes=args.yes or not asked):
            return OK
        which: Args = {"id": takes[0].id} if len(takes) == 1 else {"ids": [take.id for take in takes]}
        return desk.post("resolve", {**which, "how": "drop" if args.drop else "resend"}, _resolved)


def _seen(args: argparse.Namespace, desk: _Desk) -> int:
    """What two computers paid for is shown, and told no more."""
    from sorad.claim.doubles import line, unseen

    if args.storyboard or not args.takes:
        raise _usage(N_("Which ones? Name takes: `sorad status` shows them."))
    found = [one for one in unseen(desk.ledger) if one.take in args.takes]
    if not found:
        return _nothing(_("Nothing waits to be resolved here."))
    for one in found:
        say(line(one, desk.currency()))
    return desk.post("resolve", {"ids": [one.take for one in found], "how": "seen"}, _resolved)


def _waiting_to_be_resolved(args: argparse.Namespace, desk: _Desk) -> list[Take]:
    """The takes that are meant; empty: the storyboard has none. :class:`SoradError` for a wrong one, or none at all."""
    from sorad.model import State
    from sorad.receipts.intents import is_theirs

    takes = desk.named(
        args.takes,
        lambda take: (
            take.state is State.UNKNOWN
            or is_theirs(take)
            or (args.adopt is not None and take.state is State.FAILED)
        ),
        N_("take {take} is {state}: it does not wait to be resolved."),
    )
    if args.storyboard:
        named = {take.id for take in takes}
        takes += [one for one in desk.waiting(storyboard_path(args.storyboard)) if one.id not in named]
    elif not takes:
        raise _usage(N_("Which ones? Name takes, or a storyboard with --storyboard PATH."))
    return takes


def _adopt(args: argparse.Namespace, desk: _Desk, takes: list[Take]) -> int:
    """One take, with the task of the id that was given, under the name that the provider has for it."""
    if len(takes) != 1:
        raise _usage(N_("A task belongs to one take: name one with --adopt."))
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


def pause(args: argparse.Namespace) -> int:
    """No more buying."""
    with _Desk(args) as desk:
        return desk.post("pause", {}, lambda count: _("Paused: nothing is bought. What is paid for goes on."))


def resume(args: argparse.Namespace) -> int:
    """Buying again."""
    with _Desk(args) as desk:
        return desk.post("resume", {}, lambda count: _("Buying goes on."))


def scan(args: argparse.Namespace) -> int:
    """Look now."""
    order = {"path": storyboard_path(args.path)} if args.path else {}
    with _Desk(args) as desk:
        return desk.post("scan", order, lambda count: _("The folders are being looked through."))


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


def _agreed(args: argparse.Namespace, question: str, requests: list[Request], *, yes: bool) -> bool:
    """Ask before money goes out, with the price, which is looked up only where somebody is asked."""
    from sorad.cli.shared.price import price_of

    price = "" if yes or not asks() else price_of(args, requests)
    return confirm(question.format(count=len(requests), price=price), yes=yes)


def _may_be_retried(take: Take) -> bool:
    from sorad.model import State

    # a video that was delivered and is missing can be fetched again
    lost = take.state is State.DONE and take.error is not None
    return lost or take.state in (State.FAILED, State.CANCELLED)


# --- what they did, in words ------------------------------------------------------------------------------


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


def _resolved(count: int) -> str:
    return _("Resolved.") if count else _("Nothing was changed.")


def _nothing(text: str) -> int:
    say(text)
    return OK


def _usage(message: str) -> SoradError:
    return SoradError(Problem("command.usage", message), exit_code=2)


# --- the ledger's side ------------------------------------------------------------------------------------


class _Desk:
    """The open ledger, and the post to the daemon."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._folder: Path = state_dir(args)
        self.ledger: Ledger = open_ledger(self._folder)

    def __enter__(self) -> _Desk:
        return self

    def __exit__(self, *error: object) -> None:
        self.ledger.close()

    def named(
        self, numbers: list[int], may: Callable[[Take], bool] | None = None, refusal: str = ""
    ) -> list[Take]:
        """The takes of those numbers. :class:`SoradError` for one that is not there, or that may not."""
        from sorad.cli.shared.screen import STATE_NAMES

        takes = []
        for number in dict.fromkeys(numbers):
            take = self.ledger.take(number)
            if take is None:
                raise no_take(number)
            if may is not None and not may(take):
                params: dict[str, Param] = {"take": number, "state": _(STATE_NAMES[take.state])}
                raise SoradError(
                    Problem("command.state", refusal, N_("`sorad show {take}` tells more."), params)
                )
            takes.append(take)
        return takes

    def latest(self, storyboard: str, segment: int | None) -> list[Take]:
        """The last take of each segment of a storyboard that still stands there, or of one segment."""
        from sorad.model import State

        takes = self.ledger.takes(storyboard=storyboard, segment=segment)
        last = {(take.storyboard, take.segment): take for take in takes if take.state is not State.CANCELLED}
        return list(last.values())

    def waiting(self, storyboard: str) -> list[Take]:
        """The takes of a storyboard that wait for the user to say what became of their creates."""
        from sorad.health.complaints import FOR_THE_USER
        from sorad.model import State

        takes = self.ledger.takes(states=[State.UNKNOWN], storyboard=storyboard)
        return [take for take in takes if take.error is not None and take.error.code in FOR_THE_USER]

    def currency(self) -> str:
        """In which the provider is paid."""
        return str(self.ledger.recall("currency") or "USD")

    def count(self, state: Any, storyboard: str) -> int:
        """How many takes of a storyboard are in a state."""
        return sum(1 for _take in self.ledger.takes(states=[state], storyboard=storyboard))

    def post(self, verb: str, order: Args, told: Callable[[int], str]) -> int:
        """Leave the command, wait a while, and say what came of it."""
        from sorad.lock import holder

        number = self.ledger.post(verb, order, time.time())
        if holder(self._folder) is None:
            start = start_command(self._args) or "sorad run"
            say(_("sorad is not running: this is done at its next start (`{start}`).").format(start=start))
            return OK
        result = self._result(number)
        if result is None:
            say(_("sorad has not answered yet; it will do this as soon as it can."))
            return OK
        problem = result.get("problem")
        count = int(result.get("count", 0))
        if problem:
            complain(Problem.from_json(problem))
        if count or not problem:
            say(told(count))
        return OK if result.get("ok") else PROBLEMS

    def _result(self, number: int) -> Mapping[str, Any] | None:
        deadline = time.monotonic() + PATIENCE
        while (result := self.ledger.result(number)) is None and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        return result
