"""When a paid video is put into ``state_dir`` because its own folder does not take it. Pure.

The video must not be lost because a folder or a disk was away for too long: its signed URL lasts about two
days. What is waited for, and for how long, is decided here; nothing is counted or kept for it. Since when a
folder has not taken its video stands in the take's history, which a restart does not touch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sorad.delivery.outcome import OBSTACLES, Obstacle
from sorad.ledger.values import Event
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

# The note of a download that did not come to its end, in the history.
NOTE = "download failed"


@dataclass(frozen=True)
class Patience:
    """How long a video waits for its own place, in seconds.

    ``folder``: for a storyboard's folder that was deleted or moved away, while the watched folder itself is
    there. ``place``: for everything that may be mended: a disk that is away, read-only or full, a file of
    another program under the name.
    """

    folder: float = 3_600.0
    place: float = 86_400.0


@dataclass(frozen=True)
class Place:
    """What is there of a take's place. Where that cannot be told, both are true: it is waited for longer."""

    root: bool  # the watched folder, and the disk below it that it lies on
    folder: bool  # the storyboard's own


def due(history: Sequence[Event], obstacle: Obstacle, place: Place, patience: Patience, now: float) -> float:
    """When a take whose place met ``obstacle`` just now is to be rescued; may lie in the past."""
    at = blocked_since(history, frozenset(Obstacle), now) + patience.place
    if obstacle is Obstacle.GONE and place.root and not place.folder:
        at = min(at, blocked_since(history, frozenset({Obstacle.GONE}), now) + patience.folder)
    return at


def blocked_since(history: Sequence[Event], obstacles: Collection[Obstacle], now: float) -> float:
    """Since when nothing but these obstacles was met; ``now`` where the history tells of none.

    Trouble with the provider counts against it where a download had begun, because then the folder was there;
    polls say nothing about the folder.
    """
    since = now
    for event in reversed(history):
        if event.state is not State.DOWNLOADING:
            break
        if event.note != NOTE:
            continue
        if event.problem is None or OBSTACLES.get(event.problem.code) not in obstacles:
            break
        since = event.at
    return since


def rescue_places(rescued: Path, take: Take) -> Iterator[Path]:
    """Where the video may lie below the folder ``rescued``, best first: as below its root, which is named.

    Two roots may have one name: the second gets a number.
    """
    root, assets = Path(take.root), Path(take.output).parts[-3:]
    try:
        folder = Path(take.storyboard).parent.relative_to(root)
    except ValueError:
        folder = Path()
    name = root.name or "root"
    yield rescued.joinpath(name, folder, *assets)
    number = 2
    while True:
        yield rescued.joinpath(f"{name} {number}", folder, *assets)
        number += 1


def away(root: str) -> Problem:
    """The reason where the whole root was away."""
    return Problem("root.away", N_("the watched folder {path} was away for too long."), "", {"path": root})
