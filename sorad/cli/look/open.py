"""`sorad open`: a video in the file manager."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sorad.cli.shared.common import no_take, open_ledger, say, state_dir
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "open",
        parents=common,
        help=_("show a video in the file manager"),
        description=_("Shows a take's video, or a file or folder, in the file manager; and prints its path."),
    )
    parser.add_argument("what", metavar=_("TAKE_OR_PATH"), help=_("a take's number, or a path"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Show it."""
    path = _path(args)
    if not path.exists():
        raise SoradError(
            Problem(
                "open.missing",
                N_("there is no {path}."),
                N_("`sorad list --missing` shows videos that are no longer where they were delivered."),
                {"path": str(path)},
            ),
            exit_code=1,
        )
    say(str(path))
    words = opener(path, sys.platform)
    try:
        subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise SoradError(
            Problem(
                "open.no_manager",
                N_("no file manager could be started ({program}: {reason})."),
                N_("The path is printed above."),
                {"program": words[0], "reason": error.strerror or str(error)},
            ),
            exit_code=1,
        ) from error
    return 0


def opener(path: Path, platform: str) -> list[str]:
    """The program that shows a file in its folder, with its arguments."""
    if platform == "darwin":
        return ["open", "-R", str(path)]
    if platform == "win32":
        return ["explorer", f"/select,{path}"]
    return ["xdg-open", str(path if path.is_dir() else path.parent)]


def _path(args: argparse.Namespace) -> Path:
    if not args.what.isdecimal() or os.path.lexists(args.what):
        return Path(args.what).expanduser().absolute()
    ledger = open_ledger(state_dir(args))
    try:
        take = ledger.take(int(args.what))
    finally:
        ledger.close()
    if take is None:
        raise no_take(int(args.what))
    return Path(take.output)
