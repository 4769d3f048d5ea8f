"""The config that a command works with: from the file, or, for `once`, from flags alone."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Optional

from sorad.config.load import find_config, load
from sorad.config.model import Config, Watch
from sorad.messages import N_
from sorad.problems import Problem, SoradError

USAGE, CONFIG = 2, 78


def daemon_config(args: argparse.Namespace) -> Config:
    """The config file, or a :class:`SoradError` that says how to make one."""
    config = file_config(args)
    if config is None:
        raise SoradError(
            Problem(
                "config.none",
                N_("there is no config file yet."),
                N_("`sorad init` writes one; `sorad once --input-dir FOLDER` works without."),
            ),
            exit_code=CONFIG,
        )
    return config


def file_config(args: argparse.Namespace) -> Optional[Config]:
    """The config of the file that is found, if any."""
    found = find_config(args.config, os.environ)
    return load(found) if found is not None else None


def once_config(args: argparse.Namespace) -> Config:
    """For `once`: the config file if there is one, with the flags over it."""
    config = file_config(args) or Config(watch=(Watch(path=Path("input").absolute()),))
    watches = config.watch
    if args.input_dir is not None:
        folder = Path(args.input_dir).expanduser().absolute()
        known = [watch for watch in watches if watch.path == folder]
        watches = tuple(known) or (Watch(path=folder),)
    changes: dict[str, object] = {}
    if args.output_mode is not None:
        changes["output_mode"] = args.output_mode
    if args.output_mode == "centralized" or args.output_dir is not None:
        output = args.output_dir or next((str(w.output_dir) for w in watches if w.output_dir), "output")
        changes["output_dir"] = Path(output).expanduser().absolute()
    watches = tuple(watch.model_copy(update=changes) for watch in watches)
    for watch in watches:
        if not watch.path.is_dir():
            raise SoradError(_no_folder(watch.path), exit_code=USAGE)
    return config.model_copy(update={"watch": watches})


def _no_folder(path: Path) -> Problem:
    return Problem(
        "once.folder",
        N_("there is no folder {path}."),
        N_("Name the folder with the storyboards: `sorad once --input-dir FOLDER`."),
        {"path": str(path)},
    )
