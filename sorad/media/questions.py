"""What can be asked about a video or picture, and what comes back: plain data, which goes through a pipe as JSON.

A further question is a further dataclass here, one in ``QUESTIONS``, and a function in ``child.ANSWERED_BY``.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from sorad.messages import N_
from sorad.problems import Problem

OURS = b"made by sorad"  # the comment in each JPEG, by which one is told from the user's pictures
Stretches = Sequence[Sequence[float]]
REQUIREMENTS = ("av>=14.4", "Pillow>=11.3")  # as in pyproject.toml


@dataclass(frozen=True)
class Probe:
    """What kind of video is it? Reads the index alone. Answer: :class:`Probed`."""

    path: str


@dataclass(frozen=True)
class Frame:
    """Keep one picture of a video. Answer: :class:`PictureSaved`."""

    path: str
    out: str  # where to; its suffix says the form: .png, .jpg. An existing file is replaced
    # "first", "last", "poster" (early, and not black), or seconds from the start: the first one at or after it
    at: Union[float, str] = "first"
    width: int = 0  # at most so many pixels wide; 0: as it is


@dataclass(frozen=True)
class Compare:
    """Does a video begin with a picture, however that was cut, padded or scaled? Answer: :class:`Compared`."""

    path: str
    picture: str  # path of a PNG, JPEG, WebP, BMP or GIF


@dataclass(frozen=True)
class Inspect:
    """Decode a video to its end, pictures and sound, and tell what is seen. Answer: :class:`Inspected`."""

    path: str


@dataclass(frozen=True)
class Cell:
    """A take on a contact sheet."""

    number: int  # as `sorad list` has it
    picture: str  # the path of its poster; "": it has none
    lines: Sequence[str]  # what is said of it
    flaws: Sequence[str] = ()
    mark: str = ""  # "chosen", "counts" (until somebody chooses), ""


@dataclass(frozen=True)
class Sheet:
    """Draw a contact sheet, as a JPEG. Answer: :class:`PictureSaved`."""

    out: str
    title: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Join:
    """Make one video of several, and of slates for those that are missing. Answer: :class:`Joined`.

    Each part is its path, seconds and lines; a slate's path is "", and nothing but that has the other two. ``label``
    is drawn over the first ``label_seconds``, its letters ``label_size`` percent of the shorter side high, at
    ``label_place`` (see :data:`sorad.media.lettering.PLACES`). ``metadata`` is written as it is.
    """

    out: str  # an existing file is replaced
    parts: Sequence[tuple[str, float, Sequence[str]]]
    label: str = ""
    label_size: float = 5.0
    label_place: str = "bottom-right"
    label_seconds: float = 4.0
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Probed:
    """A video, by its index. 0 and ``""`` where it does not say; of the first track of each kind."""

    width: int
    height: int
    seconds: float
    rate: float  # pictures a second
    frames: int
    codec: str  # "h264", "hevc", "av1"…
    pixels: str  # "yuv420p", "yuv420p10le"…
    sound: str  # codec of the sound track; "": there is none


@dataclass(frozen=True)
class PictureSaved:
    """The picture is there under its name."""

    width: int
    height: int
    at: float  # seconds from the start


@dataclass(frozen=True)
class Compared:
    """How alike they are: structural similarity of the best alignment, 1 the same, around 0 or less nothing alike."""

    likeness: float


@dataclass(frozen=True)
class Inspected:
    """A video as it was decoded, of the first track of each kind. Times are seconds from its start.

    Stretches are ``[from, to]``; a doubled one is ``[from, to, again]``: what is seen from there on again.
    """

    width: int  # as it is shown, turned where it says so
    height: int
    seconds: float  # that could be decoded
    told: float  # its length by its index; 0: not told
    rate: float
    frames: int  # that could be decoded
    damaged: int  # pictures and pieces that could not, or not whole
    codec: str
    pixels: str
    sound: str  # codec of the sound track; "": there is none
    peak: float  # the loudest moment, 1: as loud as can be; 0 without a sound
    black: Stretches = ()
    frozen: Stretches = ()
    doubled: Stretches = ()


@dataclass(frozen=True)
class Joined:
    """The whole is there, and was read again."""

    seconds: float
    width: int
    height: int
    copied: bool  # the pictures are as they were; else encoded anew
    sound: str  # "copied", "encoded"; "": there is none
    size: int  # bytes
    unwritten: str = ""  # what no font on this machine could write on a slate


@dataclass(frozen=True)
class Unanswered:
    """No answer. ``why``: ``missing`` (the extra is not installed), ``unreadable`` (no such video or picture, or a
    broken one), ``disk`` (it cannot be read or written just now), ``time``, ``memory``, ``died`` (the child process),
    ``font`` (none on this machine has the characters of a label).
    """

    why: str
    text: str = ""  # in the words of what failed, for the log


Question = Union[Probe, Frame, Compare, Inspect, Sheet, Join]
Answer = Union[Probed, PictureSaved, Compared, Inspected, Joined, Unanswered]
QUESTIONS: tuple[type[Any], ...] = (Probe, Frame, Compare, Inspect, Sheet, Join)
ANSWERS: tuple[type[Any], ...] = (Probed, PictureSaved, Compared, Inspected, Joined, Unanswered)
_KINDS = {kind.__name__: kind for kind in (*QUESTIONS, *ANSWERS)}


def to_line(value: object) -> bytes:
    """A question or an answer as one line of JSON."""
    members = {"kind": type(value).__name__, **dataclasses.asdict(value)}  # type: ignore[call-overload]
    return json.dumps(members).encode("ascii") + b"\n"


def from_line(line: bytes) -> Any:
    """The reverse of :func:`to_line`."""
    members = json.loads(line)
    return _KINDS[members.pop("kind")](**members)


def is_there() -> bool:
    """Whether the extra is installed."""
    return missing() is None


def missing() -> Optional[Problem]:
    """What to install before anything can be decoded; ``None`` where it is there."""
    lacking = [name for name in ("av", "PIL") if importlib.util.find_spec(name) is None]
    if not lacking:
        return None
    wanted = " ".join(f'"{one}"' for one in REQUIREMENTS)
    return Problem(
        "media.extra",
        N_("the packages av and Pillow (`sorad[media]`) are not installed here."),
        N_("Run: {command}"),
        {"command": f"{sys.executable} -m pip install {wanted}"},
    )
