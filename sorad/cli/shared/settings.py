"""The config that a command works with: from the file, or, for `once`, from flags alone."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Optional

from sorad.config.load import find_config, load, without_file
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
    found = find_config(args.config, os.environ)
    config = load(found, need_watch=False) if found is not None else Config()
    config = (
        _with_flags(config, args) if args.input_dir is None and config.watch else _of_folder(config, args)
    )
    for watch in config.watch:
        if not watch.path.is_dir():
            raise SoradError(_no_folder(watch.path), exit_code=USAGE)
    return _with_vaults(_at_once(config))


def _at_once(config: Config) -> Config:
    """Who calls `once` wants what is there now."""
    watches = [watch.model_copy(update={"edit_seconds": 0.0, "note_seconds": 0.0}) for watch in config.watch]
    return config.model_copy(update={"watch": tuple(watches)})


def _with_vaults(config: Config) -> Config:
    """Pictures may lie anywhere in the vault that a folder is a part of: who starts `once` has named the folder."""
    from sorad.intake.rules import vault_around

    vaults = [vault_around(watch.path) for watch in config.watch]
    known = {watch.path for watch in config.watch}
    folders = dict.fromkeys(
        [*config.storyboards.picture_folders, *(one for one in vaults if one not in known)]
    )
    storyboards = config.storyboards.model_copy(update={"picture_folders": tuple(folders)})
    return config.model_copy(update={"storyboards": storyboards})


def _of_folder(config: Config, args: argparse.Namespace) -> Config:
    """The config for the one folder that the flags name."""
    output = args.output_dir or ("output" if args.output_mode == "centralized" else None)
    mode = args.output_mode or ("centralized" if args.output_dir else "in_place")
    return without_file(Path(args.input_dir or "input"), mode, Path(output) if output else None, base=config)


def _with_flags(config: Config, args: argparse.Namespace) -> Config:
    """The config with what the flags say of its watched folders."""
    changes: dict[str, object] = {}
    if args.output_mode is not None:
        changes["output_mode"] = args.output_mode
    if args.output_dir is not None:
        changes["output_dir"] = Path(args.output_dir).expanduser().absolute()
    watches = [_with_output(watch.model_copy(update=changes)) for watch in config.watch]
    return config.model_copy(update={"watch": tuple(watches)})


def _with_output(watch: Watch) -> Watch:
    """A watch that is centralized by a flag alone gets the default folder."""
    if watch.output_mode == "in_place" or watch.output_dir is not None:
        return watch
    return watch.model_copy(update={"output_dir": Path("output").absolute()})


def _no_folder(path: Path) -> Problem:
    return Problem(
        "once.folder",
        N_("there is no folder {path}."),
        N_("Name the folder with the storyboards: `sorad once --input-dir FOLDER`."),
        {"path": str(path)},
    )
