"""The way from a control command to the daemon: a row in the ledger, and the answer to it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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
)
from sorad.messages import N_, _
from sorad.problems import Param, Problem, SoradError

if TYPE_CHECKING:
    from pathlib import Path

    from sorad.ledger.interface import Ledger
    from sorad.model import Take


# How long a running daemon is given to answer, and how often the answer is looked for, in seconds.
PATIENCE, LOOK_EVERY = 3.0, 0.05


def answer_of(ledger: Ledger, number: int, patience: float = PATIENCE) -> Mapping[str, Any] | None:
    """What the daemon answered to a command; ``None``: nothing within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while (result := ledger.result(number)) is None and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
    return result


Args = dict[str, Any]
Handler = Callable[[argparse.Namespace], int]


def declare(
    subparsers: Any,
    common: list[argparse.ArgumentParser],
    name: str,
    help: str,
    description: str,
    handler: Handler,
) -> argparse.ArgumentParser:
    """Declare a command; its parser, for further arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name, parents=common, help=help, description=description
    )
    parser.set_defaults(handler=handler)
    return parser


def takes_arguments(parser: argparse.ArgumentParser) -> None:
    """Takes by their numbers, or those of a storyboard."""
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


def yes_option(parser: argparse.ArgumentParser) -> None:
    """``--yes``: no question before money goes out."""
    parser.add_argument("--yes", "-y", action="store_true", help=_("do not ask"))


def agreed(args: argparse.Namespace, question: str, takes: list[Take], *, yes: bool) -> bool:
    """Ask before money goes out, with the price, which is looked up only where somebody is asked."""
    from sorad.cli.shared.price import price_of

    price = "" if yes or not asks() else price_of(args, takes)
    return confirm(question.format(count=len(takes), price=price), yes=yes)


def nothing(text: str) -> int:
    """Say that there is nothing to do; the exit code."""
    say(text)
    return OK


def usage(message: str) -> SoradError:
    """A command line that asks for nothing that could be done."""
    return SoradError(Problem("command.usage", message), exit_code=2)


class Desk:
    """The open ledger, and the post to the daemon."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._folder: Path = state_dir(args)
        self.ledger: Ledger = open_ledger(self._folder)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *error: object) -> None:
        self.ledger.close()

    def named(
        self, numbers: list[int], may: Callable[[Take], bool] | None = None, refusal: str = ""
    ) -> list[Take]:
        """The takes of those numbers. :class:`SoradError` for one that is not there, or that may not."""
        from sorad.model import STATE_NAMES

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
        from sorad.health.takes import FOR_THE_USER
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
        result = answer_of(self.ledger, number)
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
