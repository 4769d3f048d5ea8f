# ruff: noqa: PTH116, PTH118, PTH120
"""What is mounted below a watched folder.

A device number is no name for a disk: it is another after each plug and each start. It tells that two folders
lie on different disks, and within one run that a disk is still the same.
"""

from __future__ import annotations

import os

from sorad.vault import filesystem


def device(path: str) -> int:
    """The number of the file system at a path. ``OSError`` where that cannot be told."""
    # "/." is what makes automounters mount.
    return os.stat(os.path.join(path, ".")).st_dev


def mount_of(folder: str, root: str) -> tuple[str, str]:
    """Where the disk under ``folder`` is mounted below ``root``, and its identity; two ``""`` on the root's own.

    Raises ``OSError`` where the folder or the root is not there.
    """
    own, at = device(root), folder
    while at != root and len(at) > len(root):
        number = device(at)
        if number == own:
            break
        while len(at) > len(root) and device(os.path.dirname(at)) == number:
            at = os.path.dirname(at)
        if at == root:
            break
        # A subvolume has a number of its own, too, and does not go away by itself.
        if filesystem.is_mount_point(at) is not False:
            return at, _identity(at)
        at = os.path.dirname(at)
    return "", ""


def mounted(mount: str) -> str:
    """The identity of what is mounted at a folder; ``""`` where nothing is, or it does not answer."""
    try:
        if device(mount) == device(os.path.dirname(mount)):
            return ""
        return _identity(mount)
    except OSError:
        return ""


def _identity(path: str) -> str:
    found = os.stat(os.path.join(path, "."))
    return f"{found.st_dev}:{found.st_ino}"
