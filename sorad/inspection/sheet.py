"""The contact sheet of a storyboard: which takes are on it, in which order, and what is said of each. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from sorad.layout import clean, poster_path
from sorad.ledger.chosen import choices
from sorad.media.flaws import flaws_of
from sorad.media.questions import Cell
from sorad.messages import _
from sorad.model import STATE_NAMES, State, Take
from sorad.plaintext import one_line

MOST = 1_000  # takes on a sheet


def sheet_path(storyboard: str, takes: Sequence[Take]) -> Path:
    """Where it lies: beside the note."""
    return Path(takes[0].output).parents[1] / f"{clean(Path(storyboard).stem, 150)}_sheet.jpg"


def cells(takes: Iterable[Take]) -> list[Cell]:
    """All takes that are wanted or were delivered, by segment and number; those of one storyboard."""
    known = list(takes)
    shown = {take.id for take in choices(known).values()}
    there = [take for take in known if take.wanted or take.state is State.DONE]
    return [
        _cell(take, shown) for take in sorted(there, key=lambda one: (one.segment, one.take, one.id))[:MOST]
    ]


def signature(found: Sequence[Cell]) -> str:
    """Differs where the sheet would look otherwise."""
    told = json.dumps([asdict(one) for one in found], sort_keys=True)
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:16]


def _cell(take: Take, shown: Iterable[int]) -> Cell:
    mark = "chosen" if take.chosen_at else "counts" if take.id in shown else ""
    marks = {"chosen": _("chosen"), "counts": _("counts until you choose")}
    first = f"{take.id} · {take.segment}_v{take.take}"
    told = [_(STATE_NAMES[take.state])] if take.state is not State.DONE else []
    told += [marks[mark]] if mark else []
    told += [_("of an earlier text")] if not take.wanted else []
    told += [one_line(take.error.text())] if take.error is not None else []
    has_poster = take.poster == 1 and take.state is State.DONE and take.error is None
    return Cell(
        take.id,
        str(poster_path(Path(take.output))) if has_poster else "",
        (first, *([" · ".join(told)] if told else [])),
        tuple(one_line(one.text()) for one in flaws_of(take)),
        mark,
    )
