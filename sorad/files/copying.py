"""The bytes of a video at a second place. A reflink shares blocks until either file is written, and takes no room."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable

from sorad.files.durable import Sleep, clear, remove, rename
from sorad.files.untrusted import open_file
from sorad.heartbeat import beat
from sorad.layout import partial_path

_PIECE = 1 << 20
_FICLONE = 0x40049409  # of Linux (btrfs, xfs)


def copy_apart(source: Path, target: Path, sleep: Sleep) -> None:
    """Copy a file so that nothing can be changed through the copy: no hard link. Whole and synced. ``OSError``."""
    partial = partial_path(target)
    clear(partial)
    remove(partial)
    try:
        if not reflink(source, partial):
            copy(source, partial, beat)
        rename(partial, target, sleep)
    finally:
        remove(partial)


def reflink(source: Path, target: Path) -> bool:
    """Whether the disk could do that; ``target`` is new, and then synced."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        with open_file(source) as old, target.open("xb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
            os.fsync(new.fileno())
        return True
    except OSError:
        remove(target)
        return False


def copy(source: Path, target: Path, beat: Callable[[], object]) -> None:
    """Byte for byte; ``target`` is new, and synced. ``OSError``, also where the source changes meanwhile."""
    with open_file(source) as old, target.open("xb") as new:
        size = os.fstat(old.fileno()).st_size
        while piece := old.read(_PIECE):
            new.write(piece)
            beat()
        new.flush()
        os.fsync(new.fileno())
        if os.fstat(new.fileno()).st_size != size:
            raise OSError(None, "the file changed while it was copied", str(source))
