"""Give a verified partial file its name, without ever taking the name from another whole video."""

from __future__ import annotations

import stat
from itertools import count
from pathlib import Path
from typing import Callable

from sorad.delivery.outcome import Blocked, Received, in_the_way
from sorad.delivery.partial import Partial
from sorad.delivery.partials import bring
from sorad.files.digest import sha256_of
from sorad.files.durable import Sleep, remove, rename, sync_folder
from sorad.files.mp4 import check_mp4

# Told size and SHA-256 of a file that is about to get its name. ``OSError``: it does not get it.
Brought = Callable[[int, str], None]


def place(
    partial: Partial, video: Path, request_id: str, sleep: Sleep, brought: Brought
) -> Received | Blocked:
    """Rename, and sync the folder. ``OSError`` where that cannot be; the partial file then stays.

    Where the name is taken: by the same bytes, those count; by an empty file, it is replaced; by what is no
    whole video (damaged, half synced), it is moved aside to ``….mp4.damaged``; by anything else, everything
    stays as it is.

    ``brought`` keeps what the file is known by before it has its name: if the process ends right after the
    rename, that tells it from a file of somebody else.
    """
    received = Received(partial.size, partial.sha256, request_id)
    try:
        taken = video.lstat()
    except FileNotFoundError:
        taken = None
    if taken is not None and not stat.S_ISREG(taken.st_mode):
        return in_the_way(video)
    if taken is not None and taken.st_size == partial.size and sha256_of(video) == partial.sha256:
        remove(partial.path)
        return received
    if taken is not None and taken.st_size:
        if check_mp4(video) is None:
            return in_the_way(video)
        rename(video, _aside(video), sleep)
    brought(partial.size, partial.sha256)
    bring(partial.path, video, sleep)
    sync_folder(video.parent)
    return received


def _aside(video: Path) -> Path:
    names = (video.with_name(f"{video.name}.damaged{number or ''}") for number in count())
    return next(name for name in names if not name.exists())
