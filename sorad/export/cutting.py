"""The cut: the chosen takes of a storyboard in one video, with numbered slates for those that are missing.

It appears whole or not at all: written under a temporary name, read again, synced, renamed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sorad.export.gather import Ask
from sorad.export.problems import delivered, not_joined, not_written, nothing
from sorad.files.durable import Sleep, clear, remove, rename, sync_folder, tidy
from sorad.files.labels import KEY, Labels, labels_of
from sorad.files.mp4 import check_mp4
from sorad.layout import clean, partial_path, receipt_path
from sorad.ledger.chosen import choices
from sorad.media.questions import Join, Joined, Probe, Probed, Unanswered
from sorad.messages import _
from sorad.model import Take
from sorad.problems import SoradError
from sorad.receipts.receipt import read_receipt

ENDING = "_cut.mp4"
_SLATE = 4.0  # seconds of one whose length nobody said
_ROOM = 1.5  # times the bytes of its videos, at most, that it is expected to have
_ROOM_OF_SLATE = 500_000  # bytes a second

Guard = Callable[[Path, int], None]  # raises where a folder's disk has no room for so many bytes more


@dataclass(frozen=True)
class Label:
    """What is drawn over the first ``seconds``; see :class:`sorad.media.questions.Join`."""

    text: str
    size: float = 5.0
    place: str = "bottom-right"
    seconds: float = 4.0


@dataclass(frozen=True)
class Shot:
    """One part: a take, or a slate of so many seconds where there is none."""

    segment: int
    take: Take | None
    seconds: float = _SLATE


@dataclass(frozen=True)
class Carried:
    """What became of labels in the videos. ``how``: of their AIGC metadata: "" there is none, "same": it stands in the
    cut as it was, "each": they differ, and stand in it one by one, "lost". ``c2pa``: so many had a manifest.
    """

    how: str = ""
    c2pa: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A cut. ``slates``: the segments that a slate stands for."""

    path: Path
    joined: Joined
    slates: tuple[int, ...]
    carried: Carried


def default_place(takes: Sequence[Take], storyboard: Path) -> Path:
    """Beside the note of its storyboard."""
    return Path(takes[0].output).parents[1] / f"{clean(storyboard.stem, 150)}{ENDING}"


def shots_of(takes: Sequence[Take]) -> list[Shot]:
    """All segments that are wanted or have a chosen take, in order."""
    chosen = choices(takes)
    lengths = {
        take.segment: float(take.request.seconds)
        for take in takes
        if take.wanted and take.request.seconds > 0
    }
    return [
        Shot(segment, chosen.get(segment), lengths.get(segment, _SLATE))
        for segment in sorted({*lengths, *chosen})
    ]


def carried(labels: Sequence[tuple[str, Labels]]) -> Carried:
    """What goes into the cut of videos with these labels, by the names of the videos. Nothing is made up."""
    c2pa = sum(one.c2pa for _name, one in labels)
    texts = {one.aigc for _name, one in labels}
    if texts in ({()}, set()):
        return Carried("", c2pa)
    if len(texts) == 1 and len(labels[0][1].aigc) == 1:
        return Carried("same", c2pa, {KEY: labels[0][1].aigc[0]})
    each = {
        f"{KEY}_{name}" + (f"_{number}" if number > 1 else ""): text
        for name, one in labels
        for number, text in enumerate(one.aigc, 1)
    }
    return Carried("each", c2pa, each)


def make(
    storyboard: Path,
    takes: Sequence[Take],
    out: Path,
    ask: Ask,
    *,
    guard: Guard,
    sleep: Sleep,
    label: Label | None,
) -> Made:
    """Make the cut of a storyboard. :class:`SoradError`; an earlier one then stays as it was.

    ``ask``: of a decoder that has time for all of it (:func:`patience`).
    """
    shots = [_readable(shot, ask) for shot in shots_of(takes)]
    videos = [shot.take for shot in shots if shot.take is not None]
    if not videos:
        raise nothing(storyboard)
    _check_place(out, videos)
    try:
        keeps = carried([(f"S{one.segment:03}_T{one.take}", labels_of(Path(one.output))) for one in videos])
        slates = tuple(shot for shot in shots if shot.take is None)
        size = sum(Path(one.output).stat().st_size for one in videos)
        guard(out.parent, int(size * _ROOM + _ROOM_OF_SLATE * sum(one.seconds for one in slates)))
        out.parent.mkdir(parents=True, exist_ok=True)
        joined = _join(out, shots, keeps, ask, label, sleep)
        keeps = _seen(keeps, out)
    except OSError as error:
        raise not_written(out, error) from error
    return Made(out, joined, tuple(one.segment for one in slates), keeps)


def patience(takes: Sequence[Take]) -> float:
    """Seconds that a decoder may need for the cut of these takes."""
    return 300.0 + 30.0 * sum(max(shot.seconds, 1.0) for shot in shots_of(takes))


def _readable(shot: Shot, ask: Ask) -> Shot:
    """A slate in place of a video that cannot be read."""
    if shot.take is None:
        return shot
    if not os.path.lexists(shot.take.output):
        return Shot(shot.segment, None, shot.seconds)
    told = ask(Probe(shot.take.output))
    if isinstance(told, Probed) and told.seconds:
        return shot
    if isinstance(told, Unanswered) and told.why in ("missing", "disk", "died"):
        raise not_joined(told)  # the video may be well
    return Shot(shot.segment, None, shot.seconds)


def _check_place(out: Path, videos: Sequence[Take]) -> None:
    """Never over a video that was delivered."""
    try:
        told = read_receipt(receipt_path(out))
    except OSError as error:
        raise not_written(out, error) from error
    if told is not None or any(os.path.abspath(one.output) == os.path.abspath(out) for one in videos):  # noqa: PTH100
        raise delivered(out)


def _join(
    out: Path, shots: Sequence[Shot], keeps: Carried, ask: Ask, label: Label | None, sleep: Sleep
) -> Joined:
    # the daemon and a command may write it at once
    tidy(out.parent, out.name, time.time())
    partial = partial_path(out, f"{os.getpid():x}")
    clear(partial)
    question = Join(str(partial), [_part(shot) for shot in shots], metadata=keeps.metadata)
    if label is not None:
        question = replace(
            question,
            label=label.text,
            label_size=label.size,
            label_place=label.place,
            label_seconds=label.seconds,
        )
    try:
        answer = ask(question)
        if not isinstance(answer, Joined):
            raise not_joined(answer)
        problem = check_mp4(partial)
        if problem is not None:
            raise SoradError(problem)
        _sync(partial)
        rename(partial, out, sleep)
    finally:
        remove(partial)  # also where the user interrupts it
    sync_folder(out.parent)
    return answer


def _part(shot: Shot) -> tuple[str, float, Sequence[str]]:
    if shot.take is not None:
        return shot.take.output, 0.0, ()
    return "", shot.seconds, (f"S{shot.segment:03}", _("no video yet"))


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _seen(keeps: Carried, out: Path) -> Carried:
    """Whether the label of the whole can be read in it."""
    if keeps.how == "same" and labels_of(out).aigc != tuple(keeps.metadata.values()):
        return Carried("lost", keeps.c2pa, keeps.metadata)
    return keeps
