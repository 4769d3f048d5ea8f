"""`sorad sheet`: a contact sheet of a storyboard's takes."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.common import say
from sorad.cli.shared.out import out_file
from sorad.cli.shared.storyboard_takes import storyboard_takes
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.media.decoder import Decoder
    from sorad.media.questions import Cell
    from sorad.model import Take

_WIDTH = 240  # pixels of a picture that is made for this sheet alone


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "sheet",
        parents=common,
        help=_("a picture with all takes"),
        description=_(
            "Draws a contact sheet of a storyboard: all takes with their numbers, what is wrong with them, and the "
            "choice marked."
        ),
    )
    parser.add_argument("path", metavar=_("STORYBOARD"))
    parser.add_argument("--out", metavar=_("FILE"), help=_("where the picture goes"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Draw it, and say where it is."""
    from sorad.inspection.sheet import MOST, cells, sheet_path
    from sorad.media.decoder import Decoder
    from sorad.media.questions import PictureSaved, Sheet, Unanswered, missing

    lacking = missing()
    if lacking is not None:
        raise SoradError(lacking)
    path, takes = storyboard_takes(args)
    if not takes:
        raise _nothing(str(path))
    out = out_file(args.out, (".jpg", ".jpeg")) if args.out else sheet_path(str(path), takes)
    if _is_anothers(out):
        raise _not_written(out, _("it is another file"))
    if not args.out:
        _make_room(out)
    decoder = Decoder()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = [_with_picture(one, takes, Path(folder), decoder) for one in cells(takes)]
            answer = decoder.ask(Sheet(str(out), path.name, found))
    finally:
        decoder.close()
    if not isinstance(answer, PictureSaved):
        raise _not_written(out, answer.text if isinstance(answer, Unanswered) else str(answer))
    say(_("The sheet is {path}").format(path=out))
    if len(found) >= MOST:
        say(_("It has the first {count} takes.").format(count=MOST))
    return 0


def _make_room(out: Path) -> None:
    """The output folder, where nothing was delivered yet."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_written(out, error.strerror or str(error)) from error


def _is_anothers(out: Path) -> bool:
    from sorad.inspection.ours import is_anothers

    try:
        return is_anothers(out)
    except OSError as error:
        raise _not_written(out, error.strerror or str(error)) from error


def _with_picture(cell: Cell, takes: list[Take], folder: Path, decoder: Decoder) -> Cell:
    """With a picture of its own where the daemon has made no poster yet."""
    from sorad.media.questions import Frame, PictureSaved

    take = next(one for one in takes if one.id == cell.number)
    if Path(cell.picture).is_file() or take.state != "done" or take.error is not None:
        return cell
    out = folder / f"{cell.number}.jpg"
    found = decoder.ask(Frame(take.output, str(out), "poster", _WIDTH))
    return replace(cell, picture=str(out)) if isinstance(found, PictureSaved) else cell


def _nothing(path: str) -> SoradError:
    return SoradError(
        Problem(
            "sheet.nothing",
            N_("there are no takes of {path}."),
            N_("`sorad list` shows those that sorad knows."),
            {"path": path},
        ),
        exit_code=2,
    )


def _not_written(out: Path, reason: str) -> SoradError:
    return SoradError(
        Problem(
            "gallery.not_written",
            N_("{path} cannot be written: {reason}."),
            N_("Name another place with --out."),
            {"path": str(out), "reason": reason},
        )
    )
