"""A new config on disk: whole or not at all, for its owner alone, and only one that can be read."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from sorad.config.errors import ConfigError
from sorad.config.load import load
from sorad.messages import N_
from sorad.problems import Param, Problem, SoradError

OLD = ".bak"  # behind the name of what was there before


def write_config(target: Path, text: str, key_file: Path | None = None, key: str = "") -> None:
    """Put ``text`` at ``target`` after it was read back without complaint, and the key into its file.

    What was there before is kept with ``.bak`` behind its name. Raises :class:`ConfigError`, which names
    ``target``, and :class:`SoradError` where nothing can be written.
    """
    fresh = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write_private(fresh, text)
            load(fresh)
            _keep(target)
            if key and key_file is not None:
                _put_key(key_file, f"{key}\n")
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
    except ConfigError as error:  # it names a file that is gone by now
        raise ConfigError(
            [
                replace(
                    found,
                    params={name: _without(value, fresh, target) for name, value in found.params.items()},
                )
                for found in error.problems
            ]
        ) from None
    except OSError as error:
        raise SoradError(
            Problem(
                "init.unwritable",
                N_("{path} cannot be written: {reason}."),
                N_("Choose another place with --config FILE."),
                {"path": error.filename or str(target), "reason": error.strerror or str(error)},
            ),
            exit_code=2,
        ) from None


def _without(value: Param, fresh: Path, target: Path) -> Param:
    """A place of the file as it is to be: its lines are those of the text, which nobody will see."""
    return str(target) if isinstance(value, str) and value.startswith(str(fresh)) else value


def _put_key(path: Path, text: str) -> None:
    try:
        if path.read_text("utf-8") == text and not path.stat().st_mode & 0o077:
            return
    except (OSError, ValueError):
        pass
    _keep(path)
    path.unlink(missing_ok=True)  # the mode counts only for a new file
    _write_private(path, text)


def _keep(path: Path) -> None:
    """A key is shown once by most providers: it is not thrown away either."""
    if path.exists():
        shutil.copy2(path, path.with_name(path.name + OLD))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
