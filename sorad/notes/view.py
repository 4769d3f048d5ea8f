"""What a note shows, as values made of ledger rows. Pure."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

from sorad.layout import poster_path
from sorad.ledger.chosen import choices
from sorad.ledger.values import Storyboard
from sorad.media.flaws import flaws_of
from sorad.model import State, Take

_HIGHEST = 3  # folders that a link goes up
_OVER = (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class TakeView:
    """One take. ``box``: the mark of its box, "" where it cannot be chosen, or is chosen."""

    take: Take
    video: str  # its path from the note, with "/"
    chosen: bool = False  # by the user
    shown: bool = False  # chosen, or the one that counts until somebody chooses
    older: bool = False  # of an earlier text
    box: str = ""
    poster: str = ""  # its path from the note; "": there is none
    flaws: tuple[str, ...] = ()  # in words


@dataclass(frozen=True)
class SegmentView:
    """One segment: its takes by their numbers, and what is told of it."""

    number: int
    prompt: str
    takes: tuple[TakeView, ...]
    told: str = ""


@dataclass(frozen=True)
class View:
    """One storyboard. ``spent``: micro-units by currency."""

    name: str  # of the storyboard's file
    link: str  # the path of the storyboard from the note
    state: str  # "done", "working", "waiting", "failed", "invalid"
    segments: tuple[SegmentView, ...]
    counts: Mapping[State, int]
    spent: Mapping[str, int] = field(default_factory=dict)

    @property
    def poster(self) -> str:
        """The poster that stands for the storyboard: the first one that is shown; "": there is none yet."""
        shown = (take for segment in self.segments for take in segment.takes if take.shown and take.poster)
        return next((take.poster for take in shown), "")

    @property
    def total(self) -> int:
        """How many takes are wanted, or were delivered."""
        return sum(count for state, count in self.counts.items() if state is not State.CANCELLED)


def view_of(
    board: Storyboard,
    takes: Sequence[Take],
    note: Path,
    currency: str,
    boxes: Mapping[int, str],
    told: Mapping[int, str],
) -> View:
    """What the note of a storyboard shows.

    ``takes`` are its own; ``boxes``: the marks of boxes by take; ``told``: sentences by segment; ``currency``: of a
    cost whose currency is not known.
    """
    shown = {take.id for take in choices(takes).values()}
    there = [take for take in takes if take.wanted or take.state is State.DONE]
    segments: dict[int, list[Take]] = {}
    for take in sorted(there, key=lambda one: (one.segment, one.take, one.id)):
        segments.setdefault(take.segment, []).append(take)
    counts = Counter(take.state for take in there)

    def segment(number: int, of: Sequence[Take]) -> SegmentView:
        views = tuple(_take_view(take, note, shown, boxes, older=board.state == "ok") for take in of)
        return SegmentView(number, _prompt(of), views, told.get(number, ""))

    return View(
        Path(board.path).name,
        relative(Path(board.path), note),
        _state(board, counts),
        tuple(segment(number, of) for number, of in segments.items()),
        counts,
        _spent(takes, currency),
    )


def _spent(takes: Iterable[Take], currency: str) -> dict[str, int]:
    """Micro-units by currency of what was accepted."""
    spent: Counter[str] = Counter()
    for take in takes:
        if take.accepted_at is not None and take.cost:
            spent[take.currency or currency] += take.cost
    return dict(sorted(spent.items()))


def relative(path: Union[Path, str], note: Path) -> str:
    """A path as seen from the note's folder, with "/"; as it is where it lies apart from it."""
    whole, folder = os.fspath(path), os.fspath(note.parent)
    for up in range(_HIGHEST + 1):
        start = os.path.join(folder, "")  # noqa: PTH118
        if whole.startswith(start):
            return "../" * up + whole[len(start) :].replace(os.sep, "/")
        folder = os.path.dirname(folder)  # noqa: PTH120
    return Path(whole).as_posix()


def _take_view(
    take: Take, note: Path, shown: Iterable[int], boxes: Mapping[int, str], *, older: bool
) -> TakeView:
    """``older``: what is not wanted is of an earlier text, for those of now are known."""
    chosen = bool(take.chosen_at)
    return TakeView(
        take,
        relative(take.output, note),
        chosen=chosen,
        shown=take.id in shown,
        older=older and not take.wanted,
        box=boxes.get(take.id, "") if take.state is State.DONE and not chosen else "",
        poster=relative(poster_path(Path(take.output)), note) if has_poster(take) else "",
        flaws=tuple(one.text() for one in flaws_of(take)),
    )


def has_poster(take: Take) -> bool:
    """Whether its poster is there."""
    return take.poster == 1 and take.state is State.DONE and take.error is None


def _prompt(takes: Sequence[Take]) -> str:
    wanted = [take for take in takes if take.wanted]
    return (wanted or takes)[-1].request.prompt


def _state(board: Storyboard, counts: Mapping[State, int]) -> str:
    if board.state == "invalid":
        return "invalid"
    if counts.get(State.HELD) or counts.get(State.UNKNOWN):
        return "waiting"
    if any(count for state, count in counts.items() if state not in _OVER):
        return "working"
    return "failed" if counts.get(State.FAILED) else "done"
