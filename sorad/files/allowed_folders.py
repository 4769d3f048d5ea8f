"""Files that leave this machine: only such as lie in folders that the user has named, all links resolved.

A storyboard in a shared folder can name any path, and a link can lead anywhere. It is judged on the opened file, so
that a link that is swapped meanwhile changes nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Optional

from sorad.files.untrusted import open_file


class Outside(Exception):
    """The file lies in none of the folders. Its text is the folder that it really lies in."""


def open_inside(path: Path, folders: Sequence[Path]) -> FileIO:
    """A file, open for reading. :class:`Outside`; ``OSError``, ``ValueError`` for what no system opens."""
    file = open_file(path)
    try:
        real = _real(file, path)
        if real is None or not _lies_in(real, folders):
            raise Outside(str((real or Path(os.path.realpath(path))).parent))
    except BaseException:
        file.close()
        raise
    return file


def line_for(folder: str, folders: Sequence[Path]) -> str:
    """The line of the config that allows ``folder``, beside those that it has."""
    told = dict.fromkeys([*map(str, folders), folder])
    return f"picture_folders = {json.dumps(list(told), ensure_ascii=False)}"


def _real(file: FileIO, path: Path) -> Optional[Path]:
    """Where an open file lies, without links; ``None`` where that cannot be told."""
    try:
        if sys.platform == "darwin":
            import fcntl

            told = fcntl.fcntl(file.fileno(), fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")
            return Path(os.fsdecode(told))
        return Path(os.readlink(f"/proc/self/fd/{file.fileno()}"))  # noqa: PTH115
    except (OSError, AttributeError):
        pass  # no such thing here
    real = os.path.realpath(path)
    same = os.path.samestat(os.lstat(real), os.fstat(file.fileno()))
    return Path(real) if same and os.path.realpath(path) == real else None


def _lies_in(real: Path, folders: Sequence[Path]) -> bool:
    """By names, and by what the folders are: a name may differ in letter case, a disk be mounted twice."""
    if any(Path(os.path.realpath(folder)) in real.parents for folder in folders):
        return True
    marks = {_mark(folder) for folder in folders} - {None}
    return any(_mark(parent) in marks for parent in real.parents)


def _mark(folder: Path) -> Optional[tuple[int, int]]:
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None
