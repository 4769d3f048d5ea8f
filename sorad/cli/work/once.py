"""`sorad once`: do what is there, show progress, end when all is done."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.arguments import number_ranges
from sorad.cli.shared.common import asks, confirm
from sorad.messages import _, ngettext

if TYPE_CHECKING:
    from sorad.config.model import Config

# Exit codes (design: Commands).
ALL_DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "once",
        parents=common,
        help=_("do what is there, show progress, end when all is done"),
        description=_(
            "Queues every storyboard under the folder, buys what is missing and ends when all videos are there. "
            "Needs no config file: the key comes from the environment or a .env file in the working folder."
        ),
    )
    parser.add_argument(
        "--input-dir",
        metavar=_("FOLDER"),
        help=_("the folder to look in (default: as the config says, or ./input)"),
    )
    parser.add_argument(
        "--output-mode",
        choices=["in_place", "centralized"],
        help=_("beside the storyboard, or all below one folder"),
    )
    parser.add_argument(
        "--output-dir", metavar=_("FOLDER"), help=_("where centralized output goes (default: ./output)")
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help=_("buy one more take of every segment, even where a video exists"),
    )
    parser.add_argument(
        "--segments", metavar=_("1-5,8"), type=number_ranges, default=(), help=_("buy only these segments")
    )
    parser.add_argument(
        "--dry-run", action="store_true", help=_("only show what would be bought, and its price")
    )
    parser.add_argument("--yes", "-y", action="store_true", help=_("with --force: do not ask"))
    parser.add_argument("--verbose", "-v", action="store_true", help=_("show every step"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Run it."""
    from sorad.cli.shared.settings import once_config

    config = once_config(args)
    if args.dry_run:
        from sorad.cli.work.plan import show_plan

        return show_plan(config, [], force=args.force, segments=args.segments)
    from sorad.cli.work.until_done import work

    if args.force and not args.yes and asks() and not _agreed(config, args.segments):
        return ALL_DONE
    return work(config, "once", force=args.force, verbose=args.verbose, segments=args.segments)


def _agreed(config: Config, segments: Sequence[range]) -> bool:
    """Whether somebody wants to buy one more take of everything, having heard the price."""
    from sorad.cli.work.plan import force_costs

    count, price = force_costs(config, segments)
    question = ngettext("Buy {count} take, for {price}?", "Buy {count} takes, for {price}?", count)
    return not count or confirm(question.format(count=count, price=price), yes=False)
