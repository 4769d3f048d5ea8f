"""`sorad note`: the note of a storyboard that was deleted is written again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sorad.cli.control.orders import Desk, declare
from sorad.cli.shared.common import storyboard_path
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem, SoradError


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = declare(
        subparsers,
        common,
        "note",
        _("write the note of a storyboard again"),
        _(
            "Writes the notes that show what came of storyboards again, where they were deleted: a deleted note stays "
            "away until then."
        ),
        handler,
    )
    parser.add_argument("path", metavar=_("PATH"), help=_("a storyboard, or a folder above some"))


def handler(args: argparse.Namespace) -> int:
    """Leave the wish for the daemon."""
    path = storyboard_path(args.path)
    with Desk(args) as desk:
        if not any(Path(one.path).is_relative_to(path) for one in desk.ledger.storyboards()):
            raise SoradError(
                Problem("note.none", N_("There are no storyboards here."), N_("Name a folder that has some."))
            )
        return desk.post("note", {"path": path}, _summary)


def _summary(count: int) -> str:
    return ngettext("{count} note is written.", "{count} notes are written.", count).format(count=count)
