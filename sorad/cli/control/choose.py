"""`sorad choose`: which take of a segment is the one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sorad.cli.control.orders import Desk, declare
from sorad.cli.shared.arguments import whole_number
from sorad.messages import N_, _, ngettext

if TYPE_CHECKING:
    from sorad.model import Take


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = declare(
        subparsers,
        common,
        "choose",
        _("choose a take for its segment"),
        _(
            "Chooses takes, each for its segment, in place of what was chosen there. Until you choose, the delivered "
            "take with the lowest number that decodes counts. It costs nothing."
        ),
        handler,
    )
    parser.add_argument(
        "takes",
        metavar=_("TAKE"),
        type=whole_number,
        nargs="+",
        help=_("their numbers, as `sorad list` shows them"),
    )
    parser.add_argument(
        "--none", action="store_true", help=_("take the choice back for the segments of these takes")
    )


def handler(args: argparse.Namespace) -> int:
    """Leave the choice for the daemon."""
    with Desk(args) as desk:
        if args.none:
            takes = desk.named(args.takes)
            return desk.post("choose", {"ids": [take.id for take in takes], "none": True}, _taken_back)
        takes = desk.named(
            args.takes, _is_delivered, N_("take {take} is {state}: only a delivered video can be chosen.")
        )
        return desk.post("choose", {"ids": [take.id for take in takes]}, _chosen)


def _is_delivered(take: Take) -> bool:
    return take.state == "done"


def _chosen(count: int) -> str:
    return ngettext("{count} take is chosen.", "{count} takes are chosen.", count).format(count=count)


def _taken_back(count: int) -> str:
    return ngettext("{count} choice is taken back.", "{count} choices are taken back.", count).format(
        count=count
    )
