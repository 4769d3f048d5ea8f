"""What can come of a delivery, beside a fault of the provider: data, and a table from errno to sentences."""

from __future__ import annotations

import enum
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.receipts.place import another_file


@dataclass(frozen=True)
class Received:
    """The verified file is there under its own name, and synced."""

    size: int  # bytes; 0 where the file is in the cloud and no receipt tells
    sha256: str  # hex; "" likewise
    request_id: str = ""  # of the download; "" where the file was there already
    placed: bool = True  # not yet: about to get its name


class Obstacle(str, enum.Enum):
    """What on this machine stands in the way; the engine decides by it."""

    FULL = "full"  # no room: buying stops, the download waits
    GONE = "gone"  # the folder or its disk is not there: it may come back
    DENIED = "denied"  # read-only, no permission, locked by another program, a broken disk
    IN_THE_WAY = "in_the_way"  # another file has the name: only the user can tell which one counts


@dataclass(frozen=True)
class Blocked:
    """The provider has the video, but it cannot be put in its place yet. Nothing is lost; try later."""

    obstacle: Obstacle
    problem: Problem


@dataclass(frozen=True)
class Stopped:
    """Told to stop: ``got`` bytes wait in the partial file."""

    got: int


_LATER = N_("Nothing is lost; once that is over, {then}.")
_FULL = (
    Obstacle.FULL,
    "delivery.disk_full",
    N_("the disk under {folder} is full."),
    N_("Make room on it: nothing is bought meanwhile; {then}."),
)
_QUOTA = (
    Obstacle.FULL,
    "delivery.quota",
    N_("the disk quota under {folder} is used up."),
    N_("Delete something or have the quota raised; {then}."),
)
_TOO_LARGE = (
    Obstacle.DENIED,
    "delivery.too_large",
    N_("the file system under {folder} cannot hold a file of this size."),
    N_("Move the storyboard to another disk (FAT32 ends at 4 GB)."),
)
_GONE = (
    Obstacle.GONE,
    "delivery.folder_gone",
    N_("the folder {folder} is not there."),
    N_("Bring it back (mount the disk, undo the move); {then}."),
)
_NO_FOLDER = (
    Obstacle.IN_THE_WAY,
    "delivery.no_folder",
    N_("the folder {folder} cannot be made: a file has the name of one of its folders ({file})."),
    N_("Move or rename that file, or rename the storyboard; {then}."),
)
_OFFLINE = (
    Obstacle.GONE,
    "delivery.disk_offline",
    N_("the disk under {folder} does not answer: {error}."),
    _LATER,
)
_READ_ONLY = (
    Obstacle.DENIED,
    "delivery.read_only",
    N_("the disk under {folder} is read-only."),
    N_("Mount it writable; {then}."),
)
_PERMISSION = (
    Obstacle.DENIED,
    "delivery.permission",
    N_("sorad may not write in {folder}: {error}."),
    N_("Give the user that runs sorad the right to write there, or close the program that holds the file."),
)
_BROKEN = (
    Obstacle.DENIED,
    "delivery.disk_error",
    N_("the disk under {folder} reports an error: {error}."),
    N_("Check the disk, it may be failing; {then}."),
)
_NAME = (
    Obstacle.DENIED,
    "delivery.name_too_long",
    N_("the path is too long for the disk under {folder}."),
    N_("Give the storyboard or its folders shorter names."),
)
_OTHER = (Obstacle.DENIED, "delivery.local", N_("{folder} cannot be written: {error}."), _LATER)

# By name: not every system has them all. Windows' own codes come as these (a full disk is ENOSPC there, too).
_BY_NAME = {
    "ENOSPC": _FULL,
    "EDQUOT": _QUOTA,
    "EFBIG": _TOO_LARGE,
    "ENOENT": _GONE,
    "ENOTDIR": _NO_FOLDER,
    "ESTALE": _OFFLINE,
    "ENODEV": _OFFLINE,
    "ENXIO": _OFFLINE,
    "ENOTCONN": _OFFLINE,  # a fuse file system whose program died
    "EHOSTDOWN": _OFFLINE,
    "EHOSTUNREACH": _OFFLINE,
    "ETIMEDOUT": _OFFLINE,
    "EROFS": _READ_ONLY,
    "EACCES": _PERMISSION,
    "EPERM": _PERMISSION,
    "EBUSY": _PERMISSION,
    "ETXTBSY": _PERMISSION,
    "EIO": _BROKEN,
    "ENAMETOOLONG": _NAME,
}
_TABLE = {getattr(errno, name): entry for name, entry in _BY_NAME.items() if hasattr(errno, name)}


# Which obstacle a problem's code tells of.
OBSTACLES = {entry[1]: entry[0] for entry in (*_BY_NAME.values(), _OTHER)}
OBSTACLES["delivery.disk_away"] = Obstacle.GONE
OBSTACLES["delivery.in_the_way"] = Obstacle.IN_THE_WAY


def blocked(error: OSError, folder: Path) -> Blocked:
    """What an error of the file system under ``folder`` means."""
    obstacle, code, message, fix = _TABLE.get(error.errno or 0, _OTHER)
    text = error.strerror or str(error)
    params: dict[str, Param] = {"folder": str(folder), "error": text}
    if code == _NO_FOLDER[1]:
        params["file"] = str(_first_file(folder))
    return Blocked(obstacle, Problem(code, message, fix, params))


def _first_file(folder: Path) -> Path:
    """What stands where ``folder`` or one above it should be."""
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one)), folder)


def no_room(folder: Path, free: int, keep_free: int) -> Blocked:
    """The disk is not full yet, but the room that must stay free would be used. Sizes in bytes."""
    problem = Problem(
        "delivery.disk_full",
        N_("the disk under {folder} has {free_mb} MB left, and {keep_mb} MB are to stay free."),
        _FULL[3],
        {"folder": str(folder), "free_mb": free // 1_000_000, "keep_mb": keep_free // 1_000_000},
    )
    return Blocked(Obstacle.FULL, problem)


def disk_away(mount: str) -> Blocked:
    """Nothing is mounted where its disk belongs, or another one."""
    problem = Problem(
        "delivery.disk_away",
        N_("the disk that belongs at {folder} is not there."),
        N_("Mount it again; {then}."),
        {"folder": mount},
    )
    return Blocked(Obstacle.GONE, problem)


def in_the_way(video: Path) -> Blocked:
    """Another whole video, a folder or a link has the name."""
    return Blocked(Obstacle.IN_THE_WAY, another_file(video))
