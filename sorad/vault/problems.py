"""What the folder side has to tell people, as problems."""

from __future__ import annotations

import errno
import os
import time

from sorad.messages import N_
from sorad.problems import Problem

# What may happen to the watcher beside that a part of it breaks: so many events that some may be lost; one that
# could not be handled.
OVERFLOW, HANDLER = "overflow", "handler"


WHAT_THEY_ARE = N_(
    "Storyboards are files named storyboard*.json or storyboard*.csv, and notes whose properties say sorad: storyboard."
)


def polled(path: str) -> Problem:
    """The config asks for polling."""
    return Problem("root.polling", N_("{path} is polled, as the config asks."), "", {"path": path})


def no_events(path: str, kind: str) -> Problem:
    """The file system gives no events."""
    return Problem(
        "root.no_events",
        N_("{path} lies on a file system ({kind}) that does not report changes; it is polled."),
        "",
        {"path": path, "kind": kind},
    )


def conflict(path: str) -> Problem:
    """A conflict copy is left alone."""
    return Problem(
        "vault.conflict",
        N_("{path} is a conflict copy that a sync service made; it is not run."),
        N_("Merge it into the storyboard and delete it, or give it a name of its own."),
        {"path": path},
    )


def edited(path: str, seconds: float) -> Problem:
    """A storyboard whose content changes; it is read once it was still for so many seconds."""
    return Problem(
        "vault.edited",
        N_("{path} is being edited: nothing is bought for it until it was still for {seconds:g} s."),
        N_("`sorad scan {path}` reads it at once."),
        {"path": path, "seconds": seconds},
    )


def being_typed(path: str, seconds: float) -> Problem:
    """A note or a table is being written for the first time."""
    return Problem(
        "vault.typed",
        N_("{path} is being written: it is read once it was still for {seconds:g} s."),
        N_("`sorad scan {path}` reads it at once."),
        {"path": path, "seconds": seconds},
    )


def never_read(paths: list[str]) -> Problem:
    """Files that were meant as storyboards, most likely, and are passed over for their names."""
    listed = ", ".join(paths[:5]) + (f" … (+{len(paths) - 5})" if len(paths) > 5 else "")
    return Problem(
        "vault.never_read",
        N_("Passed over for their names: {paths}"),
        N_(
            "Name what is meant as a storyboard like storyboard_1.json or storyboard_1.csv: others are not read."
        ),
        {"paths": listed},
    )


def in_the_cloud(path: str) -> Problem:
    """A placeholder waits."""
    return Problem(
        "vault.placeholder",
        N_("The content of {path} is still in the cloud."),
        N_("Choose “Keep Downloaded” or “Always keep on this device” for its folder."),
        {"path": path},
    )


# Codes of files that are not taken up for what they are: nothing is bought for them until somebody acts.
NOT_TAKEN_UP = frozenset(
    {"vault.file", "vault.name", "vault.link", "vault.long", "vault.disk", "vault.mistake"}
)


def unreadable(path: str, reason: str) -> Problem:
    """A folder or file is dark to us. ``reason`` as the system words it."""
    if reason == os.strerror(errno.EILSEQ):
        return Problem(
            "vault.name",
            N_("{path} is not taken up: its name, or that of a folder above it, is no UTF-8 text."),
            N_("Rename it: names that came from another system or an archive may have to be typed anew."),
            {"path": path},
        )
    if reason in (os.strerror(errno.ENOENT), os.strerror(errno.ELOOP)):
        return Problem(
            "vault.link",
            N_("{path} is not taken up: it is a link that leads nowhere."),
            N_("Mend the link, or remove it."),
            {"path": path},
        )
    return Problem(
        "vault.unreadable",
        N_("{path} cannot be looked into: {reason}."),
        N_("Give the user that runs sorad the right to read it."),
        {"path": path, "reason": reason},
    )


def not_read(path: str, error: OSError) -> Problem:
    """A storyboard, or its output folder, that cannot be read."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else path
    params = {"path": path, "place": place, "reason": error.strerror or str(error)}
    if error.errno == errno.ENAMETOOLONG:
        return Problem(
            "vault.long",
            N_(
                "{path} is not taken up: its output folder is called after it, and that name would be too long."
            ),
            N_("Give the storyboard a shorter name."),
            params,
        )
    if error.errno == errno.EIO:
        return Problem(
            "vault.disk",
            N_("{path} cannot be read, for the disk reports an error ({reason})."),
            N_("Check the disk, it may be failing; {then}."),
            params,
        )
    if place != path:
        return Problem(
            "vault.file",
            N_(
                "{path} is not taken up, for {place}, where its videos belong, cannot be looked into: {reason}."
            ),
            N_("Give the user that runs sorad the right to read and write there, or rename what lies there."),
            params,
        )
    return Problem(
        "vault.file",
        N_("{path} cannot be read: {reason}."),
        N_("Give the user that runs sorad the right to read it; {then}."),
        params,
    )


def mistake(path: str, error: BaseException) -> Problem:
    """A file that sorad stumbles over."""
    return Problem(
        "vault.mistake",
        N_("{path} could not be read, by a mistake in sorad itself: {error}."),
        N_(
            "The others go on. `sorad log` has the details for a report; another name or content may help meanwhile."
        ),
        {"path": path, "error": f"{type(error).__name__}: {error}"},
    )


def happened(path: str, what: str, at: float) -> Problem:
    """What the watcher met and is mended: see :class:`sorad.vault.watch.Trouble`. ``at``: epoch seconds."""
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
    params = {"path": path, "cause": what, "since": since}
    if what == OVERFLOW:
        return Problem(
            "watcher.overflow",
            N_(
                "{path}: so much changed at once ({since}) that some of it may have gone unseen; it was scanned."
            ),
            "",
            params,
        )
    if what == HANDLER:
        return Problem(
            "watcher.handler",
            N_(
                "{path}: a change could not be handled ({since}), by a mistake in sorad itself; it was scanned."
            ),
            N_("Nothing is missed. `sorad log` has the details for a report."),
            params,
        )
    return Problem(
        "watcher.mended",
        N_("{path}: the watcher failed ({cause}, {since}); it was started again, and the folder scanned."),
        "",
        params,
    )
