"""`sorad schema`: the JSON Schema of storyboards, for editors."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from sorad.cli.shared.common import say
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

NAME, LARGEST = "sorad.schema.json", 1_000_000


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "schema",
        parents=common,
        help=_("print the JSON Schema of storyboards"),
        description=_(
            "Prints JSON Schema 2020-12. Saved to a file and named in an editor's settings, or in a storyboard as "
            '"$schema": "./sorad.schema.json", it completes and checks storyboards while they are written.'
        ),
    )
    parser.add_argument(
        "--write",
        metavar=_("FOLDER"),
        nargs="*",
        help=_(
            "write it as sorad.schema.json beside the storyboards of these folders, or of all watched ones"
        ),
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Print it, or write it."""
    from sorad.storyboard.schema import json_schema

    text = json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
    if args.write is None:
        sys.stdout.write(text)
        return 0
    folders = _folders(args)
    if not folders:
        raise SoradError(
            Problem("schema.none", N_("There are no storyboards here."), N_("Name a folder that has some.")),
            exit_code=2,
        )
    return max(_written(folder / NAME, text.encode()) for folder in folders)


def _folders(args: argparse.Namespace) -> list[Path]:
    """Where storyboards lie."""
    from sorad.cli.shared.settings import file_config
    from sorad.cli.shared.storyboard_paths import boards
    from sorad.config.model import Config

    found = boards(file_config(args) or Config(), args.write)
    return sorted({path.parent for path, _watch in found.files})


def _written(path: Path, data: bytes) -> int:
    """Write the file, unless another one has its name; the exit code."""
    from sorad.files.durable import write_whole
    from sorad.files.untrusted import Unfit, read_small

    try:
        before = read_small(path, LARGEST)
        if before is not None and not _is_ours(before):
            raise Unfit(path.name)
        if before != data:
            write_whole(path, data, time.sleep)
    except Unfit:
        say(_("{path}: not written, for a file of another make has this name").format(path=path))
        return 1
    except OSError as error:
        say(_("{path}: not written: {reason}").format(path=path, reason=error.strerror or error))
        return 1
    say(str(path))
    return 0


def _is_ours(data: bytes) -> bool:
    from sorad.storyboard.schema import ID_OF_SCHEMA

    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("$id") == ID_OF_SCHEMA
