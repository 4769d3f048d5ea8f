"""When a contact sheet is drawn: once all takes of its storyboard have ended and were looked at."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Config
from sorad.inspection.ours import is_anothers
from sorad.inspection.sheet import cells, sheet_path, signature
from sorad.ledger.interface import Ledger
from sorad.ledger.states import OPEN
from sorad.ledger.values import Storyboard
from sorad.media.questions import Answer, PictureSaved, Question, Sheet
from sorad.messages import _
from sorad.model import State, Take

GAP = 60.0  # seconds between two sheets of one storyboard: sync services carry each
SOON = 5.0  # seconds until a folder that is away, or not yet known to be there, is looked for again


@dataclass
class Sheets:
    """What is due belongs to one thread; :meth:`touched` may be called from any."""

    config: Config
    ledger: Ledger
    clock: Clock
    ask: Callable[[Question], Answer]

    _due: Optional[dict[int, float]] = None  # by storyboard: not before then (monotonic); None: all are
    _heard: deque[int] = field(default_factory=deque)

    def touched(self, boards: Collection[int]) -> None:
        """Something has changed about these storyboards."""
        self._heard.extend(boards)

    def turn(self, roots: Collection[str]) -> bool:
        """Look at one storyboard that may need a sheet, below one of these roots; whether one was drawn."""
        now = self.clock.monotonic()
        due = self._next(now)
        board = None if due is None else self._board(due)
        if due is None or board is None:
            return False
        if board.root not in roots:
            self._pending()[due] = now + SOON
            return False
        drawn = self._draw(board)
        if drawn is not False:  # for what changed meanwhile; one that did not change is not drawn again
            self._pending()[due] = now + GAP
        return drawn is True

    def _next(self, now: float) -> Optional[int]:
        """The next storyboard that is due, from now on no longer."""
        pending = self._pending()
        while self._heard:
            pending.setdefault(self._heard.popleft(), now)
        due = next((one for one, at in pending.items() if at <= now), None)
        if due is not None:
            del pending[due]
        return due

    def _pending(self) -> dict[int, float]:
        """At the start all may have changed."""
        if self._due is None:
            self._due = {one.id: 0.0 for one in self.ledger.storyboards()}
        return self._due

    def _board(self, number: int) -> Optional[Storyboard]:
        there = (one for one in self.ledger.storyboards() if one.state in ("ok", "invalid"))
        return next((one for one in there if one.id == number), None)

    def _draw(self, board: Storyboard) -> Optional[bool]:
        """Whether it was drawn; ``None``: it may be drawn later."""
        takes = [one for one in self.ledger.takes(storyboard=board.path) if one.storyboard_id == board.id]
        if not any(one.state is State.DONE for one in takes) or not all(map(self._is_over, takes)):
            return False  # each change of a take has it looked at again
        out, found = sheet_path(board.path, takes), cells(takes)
        mark = [out.name, signature(found)]
        try:
            if not self._is_wanted(board, out, mark):
                return False
        except OSError:
            return None
        answer = self.ask(Sheet(str(out), Path(board.path).name, found))
        if not isinstance(answer, PictureSaved):
            logger.debug("{}: {}", out, answer)
            return None
        self.ledger.remember(_key(board), mark)
        logger.info(_("sheet {path} drawn"), path=str(out))
        return True

    def _is_wanted(self, board: Storyboard, out: Path, mark: Sequence[str]) -> bool:
        """Whether it would look otherwise; not where somebody deleted it, or put another file there. ``OSError``."""
        before = self.ledger.recall(_key(board))
        if before and before[0] == out.name and not os.path.lexists(out):
            return False
        return bool(before != mark and not is_anothers(out))

    def _is_over(self, take: Take) -> bool:
        """Whether nothing more comes of a take by itself."""
        if take.state in OPEN:
            return False
        media = self.config.media
        if take.state is not State.DONE or take.error is not None:
            return True
        return bool((take.poster or not media.posters) and (take.checks or not media.checks))


def _key(board: Storyboard) -> str:
    """Under which the last sheet is remembered: its name, and what tells how it looked."""
    return f"sheet:{board.id}"
