"""One video at a second place: by reflink, else as a hard link, else as a copy. Never written in place.

It is made ready under its temporary name, then its receipt is laid down, then it gets its name: ended in between, the
receipt tells what is missing, and it is taken again.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.files.copying import copy, reflink
from sorad.files.durable import make_folders, remove, sync_folder
from sorad.heartbeat import beat
from sorad.layout import partial_path, receipt_path
from sorad.ledger.values import Change
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.place import look
from sorad.receipts.receipt import DONE, Receipt, Source, read_receipt, write_receipt
from sorad.receipts.writing import base_of, labels_at, receipt_of


def take_over(
    take: Take,
    source: Take,
    now: float,
    room: Callable[[int], None],
    beat: Callable[[], object] = lambda: None,
    owner: str = "",
) -> None:
    """Bring the source's video to the take's place, with a receipt that tells of it. ``OSError``; see :func:`share`."""
    told = read_receipt(receipt_path(Path(source.output)))
    bare = replace(take, remote_id="", cost=0, repeats=0, finished_at=now)
    receipt = replace(
        receipt_of(bare, "" if told is None else told.currency),
        state=DONE,
        size=None if told is None else told.size,
        sha256="" if told is None else told.sha256,
        reused_from=Source(_from(source.output, take.output), source.remote_id, source.fingerprint),
        labels=labels_at(Path(source.output)),
    )
    share(
        Path(source.output), Path(take.output), receipt, base=base_of(take), room=room, beat=beat, owner=owner
    )


def is_whole(source: Take) -> bool:
    """Whether the video of a take that was bought is there, whole, with its receipt. ``OSError``."""
    video = Path(source.output)
    found = look(video)
    receipt = found.receipt
    if found.in_cloud and found.size is None:  # it is there, and comes back: not to be bought meanwhile
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(video))
    return (
        found.verified
        and receipt is not None
        and receipt.state == DONE
        and receipt.remote_id == source.remote_id
    )


def take_over_again(
    take: Take, sources: Iterable[Take], now: float, keep_free: int, owner: str
) -> Optional[Change]:
    """Bring a reused video that is missing back from the first of ``sources`` that is whole.

    The change to record; ``None``: it cannot be had now. ``keep_free``: bytes; ``owner``: :func:`partial_path`.
    """
    for source in sources:
        try:
            if is_whole(source):
                take_over(take, source, now, room_at(Path(take.output), keep_free), beat, owner)
                return Change(State.DONE, "reused again", clear_error=True)
        except OSError as error:
            logger.warning(_("take {id}: not reused yet: {problem}"), id=take.id, problem=str(error))
    return None


def _from(source: str, output: str) -> str:
    """The path of the source from the assets folder of the take."""
    try:
        return Path(os.path.relpath(source, Path(output).parent.parent)).as_posix()
    except ValueError:  # another drive on Windows
        return source


def room_at(video: Path, keep_free: int) -> Callable[[int], None]:
    """The disk guard of :func:`share` for the place of a video; ``keep_free``: bytes that stay free."""

    def room(size: int) -> None:
        if shutil.disk_usage(video.parent).free - size < keep_free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return room


def share(
    source: Path,
    video: Path,
    receipt: Receipt,
    *,
    base: Path,
    room: Callable[[int], None],
    beat: Callable[[], object] = lambda: None,
    owner: str = "",
) -> None:
    """Bring the video at ``source`` to the place ``video``, with that receipt. ``OSError`` where that cannot be.

    ``room(size)`` raises ``OSError`` where a copy of so many bytes would use the room that must stay free.
    ``base``: see :func:`make_folders`; ``owner``: :func:`partial_path`. What has the name already stays:
    ``FileExistsError``.
    """
    make_folders(video, base)
    if os.path.lexists(video):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(video))
    ready = partial_path(video, owner)
    remove(ready)
    try:
        if not reflink(source, ready) and not _link(source, ready):
            room(source.stat().st_size)
            copy(source, ready, beat)
        write_receipt(video, receipt, base=base)
        _give_name(ready, video)
    finally:
        remove(ready)
    sync_folder(video.parent)


def _give_name(ready: Path, video: Path) -> None:
    """Never over another file: by a link where the disk has links, else by a rename."""
    if not _link(ready, video):
        if os.path.lexists(video):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(video))
        ready.rename(video)


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)  # Path.hardlink_to came with Python 3.10
        return True
    except (FileNotFoundError, FileExistsError):
        raise
    except (OSError, NotImplementedError):
        return False
