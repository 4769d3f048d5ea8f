"""`sorad convert`: a note, a table or CSV as the JSON form of a storyboard."""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.cli.shared.common import complain
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.storyboard.tables.shots import Converted

LARGEST = 5_000_000


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "convert",
        parents=common,
        help=_("a note, a table or CSV as a storyboard"),
        description=_(
            "Prints the JSON form of a note in Markdown (a ```json fence, or all its tables with a column of prompts), "
            "of a CSV file, or of JSON. Buys nothing. Exit code 0: all of it; 1: something is wrong with it."
        ),
    )
    parser.add_argument("file", metavar=_("FILE"), help=_("a file that ends in .md, .csv or .json"))
    parser.add_argument(
        "--out", metavar=_("PATH"), help=_("write it there; a file that is there is left alone")
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Convert the file."""
    from sorad.plaintext import json_escaped
    from sorad.storyboard.tables.source import written

    path = Path(args.file).expanduser().absolute()
    out = Path(args.out).expanduser().absolute() if args.out else None
    found = _converted(path, path.parent if out is None else out.parent)
    for problem in found.problems:
        complain(_placed(path, problem))
    if found.problems:
        return 1
    if found.left_out:
        complain(_("note: not known here, and left out: {names}").format(names=_(", ").join(found.left_out)))
    text = json_escaped(written(found.document))
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text.encode())
    return 0


def _converted(path: Path, base: Path) -> Converted:
    """``base``: the folder from which paths of pictures are to be seen."""
    from sorad.claim.sync_signs import vault_of
    from sorad.files.untrusted import open_file
    from sorad.storyboard.tables.links import Links
    from sorad.storyboard.tables.source import read_source

    try:
        with io.BufferedReader(open_file(path)) as file:
            data = file.read(LARGEST + 1)
    except OSError:
        data = None
    if data is None or len(data) > LARGEST:
        raise SoradError(
            Problem(
                "convert.unreadable",
                N_("{path} cannot be read: it is not there, no file, or too large."),
                N_("Look at the spelling of the name."),
                {"path": str(path)},
            ),
            exit_code=2,
        )
    vault = vault_of(path.parent)
    return read_source(data, path, Links(path, vault, base).meant_by)


def _placed(path: Path, problem: Problem) -> str:
    place = f"{path}:{problem.line}" if problem.line else str(path)
    return f"{place}: {replace(problem, line=0)}"


def _write(path: Path, data: bytes) -> None:
    """Never over another file. The path is printed."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise SoradError(
            Problem(
                "convert.unwritten",
                N_("{path} was not written: {reason}."),
                N_("Name another file; one that is there is never written over."),
                {"path": str(path), "reason": error.strerror or str(error)},
            )
        ) from None
    sys.stdout.write(f"{path}\n")
