"""What may go wrong where the chosen takes of a storyboard are written for others. Pure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sorad.media.questions import Answer, Unanswered
from sorad.messages import N_
from sorad.model import Take
from sorad.problems import Problem, SoradError
from sorad.units import format_size


def nothing(path: Path) -> SoradError:
    """None of its takes has a video."""
    return SoradError(
        Problem(
            "export.nothing",
            N_("there is no delivered video of {path}."),
            N_("`sorad list --storyboard {path}` shows how its takes stand."),
            {"path": str(path)},
        )
    )


def unreadable(take: Take) -> SoradError:
    """A video is not there, or is none."""
    return SoradError(
        Problem(
            "export.unreadable",
            N_("the video {path} of take {take} cannot be read."),
            N_("Choose another take of its segment, or `sorad retry {take}` fetches it again."),
            {"path": take.output, "take": take.id},
        )
    )


def no_room(folder: Path, free: int, needed: int, keep: int) -> SoradError:
    """A disk has too little room. Sizes in bytes; ``keep``: what is to stay free (``min_free``)."""
    told = {"free": format_size(free), "needed": format_size(needed), "keep": format_size(keep)}
    return SoradError(
        Problem(
            "export.no_room",
            N_("the disk under {folder} has {free} free; {needed} are needed there, and {keep} stay free."),
            N_("Make room there, or name another place with --out."),
            {"folder": str(folder), **told},
        )
    )


def check_room(folder: Path, more: int, *, free: Callable[[Path], int], keep: int) -> None:
    """Raise where ``more`` bytes would use what is to stay free on the disk of a folder. ``free`` tells what is."""
    there = free(folder)
    if there - more < keep:
        raise no_room(folder, there, more, keep)


def not_written(out: Path, error: OSError) -> SoradError:
    """The disk does not take it."""
    return SoradError(
        Problem(
            "export.not_written",
            N_("{path} cannot be written: {reason}."),
            N_("Name another place with --out."),
            {"path": str(out), "reason": error.strerror or str(error)},
        )
    )


def delivered(out: Path) -> SoradError:
    """A delivered video has the name that a cut is to have."""
    return SoradError(
        Problem(
            "cut.delivered",
            N_("{path} is a video that was delivered, and stays as it is."),
            N_("Name another place with --out."),
            {"path": str(out)},
        ),
        exit_code=2,
    )


def not_joined(answer: Answer) -> SoradError:
    """The child process could not do it, and why."""
    why, text = (answer.why, answer.text) if isinstance(answer, Unanswered) else ("", "")
    if why == "font":
        return SoradError(
            Problem(
                "cut.no_font",
                N_("no font on this machine has the characters of “{text}”."),
                N_("Install one (on Debian: `apt install fonts-noto-cjk`), or use `--lang en`."),
                {"text": text},
            )
        )
    return SoradError(
        Problem(
            "cut.failed",
            N_("the videos could not be joined ({why}: {reason})."),
            N_("`sorad show TAKE` tells of each; choose others where one is broken."),
            {"why": why, "reason": text},
        )
    )
