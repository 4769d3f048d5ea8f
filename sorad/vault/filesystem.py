"""Does the file system under a path report changes?

inotify sees what this machine's kernel does. On network and pass-through file systems the changes are made
elsewhere, and no event comes: such a root is polled.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "ncpfs")
_PASSED_THROUGH = ("9p", "drvfs", "virtiofs", "vboxsf", "prl_fs", "vmhgfs", "fuse", "fuseblk")
_DEAF = frozenset((*_NETWORK, *_PASSED_THROUGH))
_ESCAPE = re.compile(r"\\([0-7]{3})")


def events_work(path: str) -> tuple[bool, str]:
    """Whether changes below ``path`` are reported, and the kind of its file system (``""`` unknown).

    Other systems than Linux always report: FSEvents and ReadDirectoryChanges cover what they mount.
    """
    if sys.platform != "linux":
        return True, ""
    try:
        kind = kind_under(os.path.realpath(path), MOUNTS.read_text(errors="surrogateescape"))
    except OSError:
        kind = None  # no /proc: believe in events, the rescan is there in any case
    if kind is None:
        return True, ""
    return not (kind in _DEAF or kind.startswith("fuse.")), kind


def is_mount_point(path: str) -> bool | None:
    """Whether something is mounted at a folder; ``None`` where this system has no list of that."""
    try:
        lines = MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    return any(_point_of(line.partition(" - ")[0].split(" ")) == real for line in lines)


@functools.lru_cache(maxsize=8)  # asked before each create, of a list that hardly ever changes
def kind_under(path: str, mountinfo: str) -> str | None:
    """The file system of the longest mount point above a real path, after proc(5)'s ``mountinfo``.

    Where several are mounted over one another, the last one is on top.
    """
    best, kind = "", None
    for line in mountinfo.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = _point_of(fields)
        above = path == point or path.startswith(point.rstrip("/") + "/")
        if above and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind


def _point_of(fields: list[str]) -> str:
    """The mount point in the fields of a line, unescaped."""
    return _ESCAPE.sub(lambda code: chr(int(code.group(1), 8)), fields[4]) if len(fields) > 4 else ""
