"""The daemon's cuts (``[media] cut = true``): which is written when. Belongs to one thread.

A cut is written once nothing of its storyboard is under way any more and the choice was still for a while, and again
where the choice or a video is another one since. What it was made of is remembered in the ledger.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Config
from sorad.export import cutting
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard
from sorad.media.questions import Answer, Question, missing
from sorad.messages import N_, _, language
from sorad.model import State, Take
from sorad.problems import Problem, SoradError

TURN = 5.0  # seconds between two looks
STILL = 20.0  # seconds that nothing has changed: who chooses among takes does not choose one alone
AGAIN = 600.0  # seconds after one that could not be written
_MOVING = (State.QUEUED, State.SUBMITTING, State.GENERATING, State.DOWNLOADING)
_FORM = 1  # of the cuts that are written; another one writes them all again


@dataclass
class _Waiting:
    """A storyboard whose cut may be due. ``since``: it has been so (monotonic); ``until``: not before."""

    of: str = ""
    since: float = 0.0
    until: float = 0.0


@dataclass
class Cutter:
    """``may_write``: this machine sees to a root, and that is there; ``ask``: of a decoder with time enough.

    ``guard`` raises where a folder's disk has no room for so many bytes more.
    """

    config: Config
    ledger: Ledger
    clock: Clock
    may_write: Callable[[str], bool]
    ask: Callable[[Question], Answer]
    guard: Callable[[Path, int], None]
    sleep: Callable[[float], None] = time.sleep
    rest: Callable[[], object] = lambda: None  # lets the decoder's process go
    lacking: Callable[[], Optional[Problem]] = missing

    _touched: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waiting: dict[int, _Waiting] = field(default_factory=dict)
    _problems: dict[int, Problem] = field(default_factory=dict)
    _began: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def changed(self, boards: Collection[int]) -> None:
        """Something of these storyboards has changed. From any thread."""
        with self._lock:
            self._touched.update(boards)

    def problems(self) -> list[Problem]:
        """Why cuts cannot be written."""
        return list(self._problems.copy().values())

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Look again and again until ``stop``."""
        self._stop = stop
        while not stop.wait(TURN):
            alive()
            try:
                self.turn()
            except LedgerUnavailable as error:
                logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))

    def turn(self) -> None:
        """One look: at most one cut is written. :class:`LedgerUnavailable`."""
        if not self.config.media.cut or not self._is_due():
            return
        lacking = self.lacking()
        if lacking is not None:  # the same for all
            self._problems = {0: lacking}
            return
        self._problems.pop(0, None)
        boards = {one.id: one for one in self.ledger.storyboards() if one.state in ("ok", "invalid")}
        if not self._began:  # what was chosen while nobody looked
            self._began = True
            self._waiting = {board_id: _Waiting() for board_id in boards}
        for board_id, waiting in list(self._waiting.items()):
            board = boards.get(board_id)
            if board is None:
                self._forget(board_id)
            elif self._look(board, waiting):
                return

    def _is_due(self) -> bool:
        """Whether there is something to look at."""
        with self._lock:
            touched, self._touched = self._touched, set()
        for board_id in touched:  # most of what changes is no matter of the cut
            self._waiting.setdefault(board_id, _Waiting())
        return bool(self._waiting) or not self._began

    def _look(self, board: Storyboard, waiting: _Waiting) -> bool:
        """Whether its cut was written, or tried."""
        now = self.clock.monotonic()
        if now < waiting.until or not self.may_write(board.root):
            return False
        takes = [one for one in self.ledger.takes(storyboard=board.path) if one.storyboard_id == board.id]
        shots = cutting.shots_of(takes)
        if _is_moving(takes) or not any(shot.take for shot in shots):
            self._forget(board.id)  # what becomes of it is told, too
            return False
        of, out = made_of(shots), cutting.default_place(takes, Path(board.path))
        if self.ledger.recall(_key(board.id)) == of and out.exists():
            self._forget(board.id)
            return False
        if waiting.of != of:
            waiting.of, waiting.since = of, now
        if now - waiting.since < STILL:
            return False
        self._write(board, takes, out, waiting)
        return True

    def _write(self, board: Storyboard, takes: Sequence[Take], out: Path, waiting: _Waiting) -> None:
        try:
            made = cutting.make(
                Path(board.path), takes, out, self.ask, guard=self.guard, sleep=self.sleep, label=None
            )
        except SoradError as error:
            if self._stop.is_set():
                return  # the decoder was ended
            problem = Problem(
                "cut.not_made",
                N_("the cut of {path} cannot be written: {reason}"),
                "{reason_fix}",
                {"path": board.path, "reason": error.problem},
            )
            if self._problems.get(board.id) != problem:
                logger.warning("{}", problem)
            self._problems[board.id] = problem
            waiting.until = self.clock.monotonic() + AGAIN
            return
        finally:
            self.rest()
        self.ledger.remember(_key(board.id), waiting.of)
        logger.info(_("cut {path} written"), path=str(made.path))
        self._forget(board.id)

    def _forget(self, board_id: int) -> None:
        self._waiting.pop(board_id, None)
        self._problems.pop(board_id, None)


def _is_moving(takes: Iterable[Take]) -> bool:
    return any(one.wanted and one.state in _MOVING for one in takes)


def _key(board_id: int) -> str:
    return f"cut:{board_id}"


def made_of(shots: Iterable[cutting.Shot]) -> str:
    """What a cut of these is made of, as a hash: another one where the choice or a video is another."""
    parts = [f"{_FORM} {language()}"]
    for shot in shots:
        parts.append(f"{shot.segment} {shot.seconds if shot.take is None else _file(shot.take)}")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _file(take: Take) -> str:
    try:
        found = Path(take.output).stat()
    except OSError:
        return f"{take.output} ?"
    return f"{take.output} {found.st_size} {found.st_mtime_ns}"
