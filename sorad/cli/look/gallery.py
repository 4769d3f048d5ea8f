"""`sorad gallery`: one page that shows storyboards with their takes side by side."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.common import open_ledger, say, state_dir, storyboard_path
from sorad.cli.shared.out import out_file
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.ledger.interface import Ledger
    from sorad.ledger.values import Storyboard
    from sorad.model import Take
    from sorad.notes.view import View

NAME = "sorad-gallery.html"


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "gallery",
        parents=common,
        help=_("a page that shows the takes"),
        description=_(
            "Writes one page that shows storyboards with their takes side by side. It needs no network, and works from "
            "the disk and on a phone; the videos stay where they are."
        ),
    )
    parser.add_argument(
        "path", metavar=_("PATH"), nargs="?", help=_("a storyboard, or a folder above some; else all")
    )
    parser.add_argument("--out", metavar=_("FILE"), help=_("where the page goes"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Write it, and say where it is."""
    from sorad.notes.gallery import page

    path = storyboard_path(args.path) if args.path else None
    ledger = open_ledger(state_dir(args))
    try:
        found = _found(ledger, path)
        if not found:
            raise _nothing(path)
        out = out_file(args.out, (".html", ".htm")) if args.out else _place(found, path)
        currency = str(ledger.recall("currency") or "")
        views = [_view(board, takes, out, currency) for board, takes in found]
    finally:
        ledger.close()
    content = page(views, time.strftime("%Y-%m-%d %H:%M"))
    try:
        out.write_text(content, encoding="utf-8", errors="replace")
    except OSError as error:
        raise _not_written(out, error) from error
    say(_("The page is {path}").format(path=out))
    return 0


def _found(ledger: Ledger, path: Optional[str]) -> list[tuple[Storyboard, list[Take]]]:
    """The storyboards that are meant and there, by path, each with its takes."""
    found = []
    for board in sorted(ledger.storyboards(), key=lambda one: one.path):
        meant = path is None or board.path == path or Path(path) in Path(board.path).parents
        if meant and board.state in ("ok", "invalid"):
            takes = [one for one in ledger.takes(storyboard=board.path) if one.storyboard_id == board.id]
            found += [(board, takes)] if takes else []
    return found


def _place(found: list[tuple[Storyboard, list[Take]]], path: Optional[str]) -> Path:
    """Beside the note of one storyboard; else in the folder that is meant, or the watched one."""
    board, takes = found[0]
    if board.path == path:
        from sorad.layout import clean

        assets = Path(takes[0].output).parents[1]
        return (
            assets if assets.is_dir() else Path(path).parent
        ) / f"{clean(Path(path).stem, 150)}_gallery.html"
    return Path(path or board.root) / NAME


def _view(board: Storyboard, takes: list[Take], out: Path, currency: str) -> View:
    from sorad.notes.posters import with_posters
    from sorad.notes.view import view_of

    return view_of(board, with_posters(takes), out, currency, {}, {})


def _nothing(path: Optional[str]) -> SoradError:
    return SoradError(
        Problem(
            "gallery.nothing",
            N_("there are no takes to show{where}."),
            N_("`sorad list` shows those that sorad knows."),
            {"where": f": {path}" if path else ""},
        ),
        exit_code=2,
    )


def _not_written(out: Path, error: OSError) -> SoradError:
    return SoradError(
        Problem(
            "gallery.not_written",
            N_("{path} cannot be written: {reason}."),
            N_("Name another place with --out."),
            {"path": str(out), "reason": error.strerror or str(error)},
        )
    )
