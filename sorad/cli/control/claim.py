"""`sorad claim`: let this computer be the one that buys in a synced folder, or no longer."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sorad.cli.control.orders import answer_of
from sorad.cli.shared.common import OK, PROBLEMS, complain, open_ledger, say, state_dir, storyboard_path
from sorad.ledger.place import ledger_path
from sorad.messages import _
from sorad.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from sorad.claim.doubles import Double

# How long a running daemon is given to answer, and how often the answer is looked for, in seconds.
PATIENCE = 5.0


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "claim",
        parents=common,
        help=_("buy on this computer in a folder that several computers sync"),
        description=_(
            "Of several computers that sync a folder, only one buys. This makes it this computer, from whichever "
            "it was; that one stops as soon as the sync brings the news. With --release it is this one no longer."
        ),
    )
    parser.add_argument("path", metavar=_("PATH"), help=_("a watched folder, or something in it"))
    parser.add_argument("--release", action="store_true", help=_("give it up; the next computer takes over"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Ask the daemon to do it, or do it here where none runs."""
    from sorad.lock import holder

    folder = state_dir(args)
    doubles, currency = _doubles(folder)
    verb, path = "release" if args.release else "claim", storyboard_path(args.path)
    if holder(folder) is None:
        problem = _do(args, verb, path)
    else:
        result = _ask(folder, verb, path)
        if result is None:
            say(_("sorad has not answered yet; it will do this as soon as it can."))
            return OK
        raw = result.get("problem")
        problem = Problem.from_json(raw) if raw else None
    if problem is not None:
        complain(problem)
        return PROBLEMS
    if args.release:
        say(
            _("This computer no longer buys in {path}; the next one that runs sorad there does.").format(
                path=path
            )
        )
    else:
        said = _("This computer buys in {path} from now on. It begins in a minute, once the others know.")
        say(said.format(path=path))
        _show(doubles, path, currency)
    return OK


def _show(doubles: Sequence[Double], path: str, currency: str) -> None:
    from sorad.claim.doubles import line

    for one in doubles:
        if is_below(path, one.root) or is_below(one.root, path):
            say(_("Paid for by two computers: {take}").format(take=line(one, currency)))


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder, or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _doubles(folder: Path) -> tuple[list[Double], str]:
    """What two computers paid for, as the claim will have been told of it; and the currency here."""
    from sorad.claim.doubles import unseen

    if not ledger_path(folder).exists():
        return [], ""
    ledger = open_ledger(folder)
    try:
        return unseen(ledger), str(ledger.recall("currency") or "USD")
    finally:
        ledger.close()


def _ask(folder: Path, verb: str, path: str) -> Mapping[str, Any] | None:
    """Leave the command for the daemon, and wait a while for its answer."""
    ledger = open_ledger(folder)
    try:
        number = ledger.post(verb, {"path": path}, time.time())
        return answer_of(ledger, number, PATIENCE)
    finally:
        ledger.close()


def _do(args: argparse.Namespace, verb: str, path: str) -> Problem | None:
    """Do it here, as the one process that may: why it cannot be, or ``None``."""
    from sorad.claim.claims import Claims
    from sorad.claim.machine import machine_of
    from sorad.cli.shared.settings import daemon_config
    from sorad.clock import SystemClock
    from sorad.engine.steps.takeover import take_over_below
    from sorad.ledger.sqlite import SqliteLedger
    from sorad.lock import acquire

    config = daemon_config(args)
    with acquire(config.state_dir, "claim"):
        ledger = SqliteLedger.open(ledger_path(config.state_dir))
        try:
            claims = Claims(config.watch, ledger, SystemClock(), machine_of(config.state_dir))
            if verb == "release":
                return claims.release(path)
            problem = claims.take(path)
            if problem is None:
                currency = ledger.recall("currency") or "USD"
                take_over_below(ledger, path, claims.payer, currency, time.time())
            return problem
        finally:
            ledger.close()
