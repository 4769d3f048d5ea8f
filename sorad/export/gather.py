"""The cut of a storyboard, from what the ledger says of its takes and what their videos say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from pydantic import ValidationError

from sorad.export.problems import nothing, unreadable
from sorad.export.timeline import Clip, Cut, rate_of
from sorad.ledger.chosen import choices
from sorad.ledger.interface import Ledger
from sorad.media.questions import Answer, Probe, Probed, Question
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.storyboard.json_text import decode, parse
from sorad.storyboard.schema import SegmentPart
from sorad.storyboard.source import is_typed, source_of

Ask = Callable[[Question], Answer]


def takes_of(ledger: Ledger, path: str) -> list[Take]:
    """The takes of the storyboard at a path, as it is today."""
    board = ledger.storyboard_at(path)
    if board is None:
        return []
    return [one for one in ledger.takes(storyboard=path) if one.storyboard_id == board.id]


def lacking(takes: Sequence[Take]) -> list[int]:
    """The segments that are wanted and have no video to show."""
    return sorted({take.segment for take in takes if take.wanted} - choices(takes).keys())


def cut_of(path: Path, takes: Sequence[Take], ask: Ask, *, others: bool = False) -> Cut:
    """The chosen takes in order; ``others``: each with the other delivered takes of its segment.

    ``ask`` answers questions about videos. :class:`SoradError` where there is no video, or one cannot be read; of the
    others what cannot be read is left out.
    """
    chosen = choices(takes)
    if not chosen:
        raise nothing(path)
    said = said_in(path, Path(takes[0].root))
    clips = []
    for segment, take in sorted(chosen.items()):
        clip = _clip(take, said, ask)
        if clip is None:
            raise unreadable(take)
        beside = [one for one in takes if others and one.segment == segment and one.id != take.id]
        found = [_clip(one, said, ask) for one in beside if one.state is State.DONE]
        clips.append(replace(clip, others=tuple(one for one in found if one is not None)))
    return Cut(path.stem, clips)


def _clip(take: Take, said: Mapping[int, tuple[str, ...]], ask: Ask) -> Optional[Clip]:
    """``None`` where its video cannot be read."""
    video = Path(take.output)
    told = ask(Probe(str(video)))
    if not isinstance(told, Probed) or not told.width or not told.seconds:
        return None
    return Clip(
        f"S{take.segment:03} T{take.take}",
        video.absolute(),
        told.seconds,
        told.width,
        told.height,
        rate_of(told.rate),
        bool(told.sound),
        said.get(take.segment) or (take.request.prompt,),
        take.segment,
        take.take,
    )


def said_in(path: Path, root: Path) -> dict[int, tuple[str, ...]]:
    """What is said in each segment, as the storyboard has it; nothing where it cannot be read any more.

    ``root``: its watched folder.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    document = _document(data, path, root)
    raws = document.get("segments") if isinstance(document, dict) else None
    return dict(_lines(raws)) if isinstance(raws, list) else {}


def _document(data: bytes, path: Path, root: Path) -> object:
    """Its JSON form, or a problem."""
    if is_typed(path.name):
        source = source_of(data, path, root)
        return source if isinstance(source, Problem) else source.document
    text = decode(data)
    return text if isinstance(text, Problem) else parse(text)


def _lines(raws: Sequence[object]) -> Iterator[tuple[int, tuple[str, ...]]]:
    for raw in raws:
        try:
            part = SegmentPart.model_validate(raw)
        except ValidationError:
            continue
        lines = tuple(line.text for line in part.dialogue or () if line.text)
        if lines:
            yield part.segment_index, lines
