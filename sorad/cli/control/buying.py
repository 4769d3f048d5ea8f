"""`sorad pause`, `sorad resume` and `sorad scan`: whether anything is bought, and a look at the folders."""

from __future__ import annotations

import argparse
from typing import Any

from sorad.cli.control.orders import Desk, declare
from sorad.cli.shared.common import provider_names, storyboard_path
from sorad.messages import _
from sorad.problems import SoradError


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the commands."""
    declare(
        subparsers,
        common,
        "pause",
        _("buy nothing for now; what is paid for goes on"),
        _("Stops buying until `sorad resume`, also over restarts. What is paid for is still delivered."),
        pause,
    )
    parser = declare(
        subparsers,
        common,
        "resume",
        _("buy again after a pause or a stop"),
        _("Ends `sorad pause`, and whatever has stopped buying until you act."),
        resume,
    )
    parser.add_argument(
        "--pictures",
        metavar=_("NAME"),
        help=_("buy with pictures again at this provider, though its videos did not begin with them"),
    )
    parser = declare(
        subparsers,
        common,
        "scan",
        _("look through the watched folders now"),
        _("Looks through the watched folders now, and again at storyboards with mistakes."),
        scan,
    )
    parser.add_argument("path", metavar=_("PATH"), nargs="?", help=_("only here"))


def pause(args: argparse.Namespace) -> int:
    """No more buying."""
    with Desk(args) as desk:
        return desk.post("pause", {}, lambda count: _("Paused: nothing is bought. What is paid for goes on."))


def resume(args: argparse.Namespace) -> int:
    """Buying again."""
    if args.pictures is None:
        order = {}
    else:
        order = {"pictures": args.pictures}
        _check_provider(args)
    with Desk(args) as desk:
        return desk.post("resume", order, lambda count: _("Buying goes on."))


def _check_provider(args: argparse.Namespace) -> None:
    """:class:`SoradError` where the config has no provider of that name; a config that cannot be read tells nothing."""
    from sorad.engine.decide.pictures import no_provider

    known = provider_names(args)
    if known and args.pictures not in known:
        raise SoradError(no_provider(args.pictures, known), exit_code=2)


def scan(args: argparse.Namespace) -> int:
    """Look now."""
    order = {"path": storyboard_path(args.path)} if args.path else {}
    with Desk(args) as desk:
        return desk.post("scan", order, lambda count: _("The folders are being looked through."))
