"""What the folder side has to tell people, as problems."""

from __future__ import annotations

from sorad.messages import N_
from sorad.problems import Problem


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


def in_the_cloud(path: str) -> Problem:
    """A placeholder waits."""
    return Problem(
        "vault.placeholder",
        N_("The content of {path} is still in the cloud."),
        N_("Choose “Keep Downloaded” or “Always keep on this device” for its folder."),
        {"path": path},
    )


def unreadable(path: str, reason: str) -> Problem:
    """A folder or file is dark to us."""
    return Problem(
        "vault.unreadable",
        N_("{path} cannot be looked into: {reason}."),
        N_("Give the user that runs sorad the right to read it."),
        {"path": path, "reason": reason},
    )
