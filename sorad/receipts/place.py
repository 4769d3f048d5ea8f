"""What the folder already holds for a take: its video, its receipt. Cheap: nothing large is read."""

from __future__ import annotations

import errno
import stat
from dataclasses import dataclass
from pathlib import Path

from sorad.files.digest import Stop, sha256_of
from sorad.files.mp4 import check_mp4
from sorad.layout import receipt_path
from sorad.messages import N_
from sorad.problems import Problem
from sorad.receipts.receipt import DONE, Receipt, read_receipt
from sorad.vault.placeholder import is_placeholder


@dataclass(frozen=True)
class Found:
    """The state of a take's place. ``problem`` tells why a file that is there is not verified.

    Verified is no proof that it is the take's: see :func:`vouched`.
    """

    verified: bool
    size: int | None = None  # bytes; None where there is no file
    receipt: Receipt | None = None
    problem: Problem | None = None
    in_cloud: bool = False  # reading it would fetch it


def look(video: Path) -> Found:
    """Look at the place of a video.

    It is verified where its boxes are whole and its size is the one in its receipt, if that has one. A file whose
    content a sync service keeps in the cloud is taken at its word, since reading would fetch it.
    ``OSError`` where the place cannot be looked at just now: that must not pass for "not there".
    """
    receipt = read_receipt(receipt_path(video))
    try:
        found = video.stat()
    except (FileNotFoundError, NotADirectoryError):
        # What older versions of iCloud leave in place of an evicted file.
        stub = video.with_name(f".{video.name}.icloud").exists()
        return Found(stub, receipt=receipt, in_cloud=stub)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return Found(False, receipt=receipt, problem=_no_file())
    if not stat.S_ISREG(found.st_mode):
        return Found(False, receipt=receipt, problem=_no_file())
    size, in_cloud = found.st_size, is_placeholder(found)
    problem = None if in_cloud else check_mp4(video)
    if problem is None and receipt is not None:
        problem = _other_size(size, receipt.size) if receipt.size and receipt.size != size else None
    return Found(problem is None, size, receipt, problem, in_cloud)


def vouched(video: Path, found: Found, task: str = "", stop: Stop = lambda: False) -> Receipt | None:
    """The receipt that vouches for the file at a take's place; ``None``: it may be anybody's.

    The receipt knows the file by its hash: it says "done", or sorad was about to give the file its name. Older
    receipts that say "done" have no hash; their word counts. ``task``: the remote id that the receipt must have,
    "" for any. Reads the whole file. Raises :class:`sorad.files.digest.Interrupted`; ``OSError``.
    """
    told = found.receipt
    if told is None or not found.verified or (task and told.remote_id != task):
        return None
    if not told.sha256 or found.in_cloud:
        return told if told.state == DONE else None
    return told if sha256_of(video, stop) == told.sha256 else None


def another_file(video: Path) -> Problem:
    """Another whole video, a folder or a link has the name."""
    return Problem(
        "delivery.in_the_way",
        N_("{name} in {folder} is another file than the one that was bought; it is left as it is."),
        N_("Move it or rename it; {then}."),
        {"name": video.name, "folder": str(video.parent)},
    )


def _no_file() -> Problem:
    return Problem(
        "delivery.no_file",
        N_("a folder, a device or a link that leads nowhere has the video's name."),
        N_("Rename it."),
    )


def _other_size(size: int, receipt: int) -> Problem:
    return Problem(
        "delivery.other_size",
        N_("the video has {size} bytes, its receipt says {receipt}."),
        N_("If you changed it on purpose, keep it under another name."),
        {"size": size, "receipt": receipt},
    )
