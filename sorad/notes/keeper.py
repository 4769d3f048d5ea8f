"""Which note is written when, and what is done about boxes. Belongs to one thread of the daemon."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.budget import day_began
from sorad.clock import Clock
from sorad.config.model import Config, Watch
from sorad.heartbeat import beat
from sorad.layout import assets_folder, clean
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard
from sorad.media.questions import missing
from sorad.messages import N_, _
from sorad.model import STATE_NAMES, State, Take
from sorad.notes import render
from sorad.notes.boxes import by_segment, mark_of, ticked
from sorad.notes.memory import Memo, keep, memo_of, secret_of
from sorad.notes.merge import BEGIN, block_of, merged
from sorad.notes.posters import with_posters
from sorad.notes.view import View, relative, view_of
from sorad.notes.writing import STILL, Merge, Note, Odd, Seen
from sorad.problems import Problem
from sorad.storyboard.tables.properties import role_of

TURN = 2.0  # seconds between two looks
# Seconds between two writes of one note, for sync services count them; and so many times the CPU that its text took,
# for that of a storyboard of thousands.
GAP, REST = 10.0, 40.0
ENDING = "_takes.md"
_TOLD = N_("Two boxes of this segment were ticked at once: none was chosen. Tick one.")


@dataclass
class _NoteState:
    """What is known of one note. Times are monotonic."""

    stamp: Optional[tuple[int, int, int]] = None
    since: float = 0.0  # it has been so
    written: float = -GAP
    gap: float = GAP
    due: bool = True
    told: dict[int, str] = field(default_factory=dict)  # by segment
    path: Optional[Path] = None


@dataclass
class Keeper:
    """``may_write``: this machine sees to a root, and that is there; ``choose`` makes a take the chosen one."""

    config: Config
    ledger: Ledger
    clock: Clock
    may_write: Callable[[str], bool]
    choose: Callable[[Take], object]
    rest: Optional[Callable[[float], object]] = (
        None  # waits so many seconds; None: or until the thread is to end
    )
    touched: Callable[[set[int]], object] = lambda boards: None  # told which storyboards have changed
    cpu: Callable[[], float] = time.thread_time  # seconds that this thread has computed

    def __post_init__(self) -> None:
        self._watches = {str(watch.path): watch for watch in self.config.watch}
        self._boards: dict[int, Storyboard] = {}
        self._states: dict[str, _NoteState] = {}
        self._views: dict[int, View] = {}
        self._problems: dict[str, Problem] = {}
        self._asked: set[str] = set()
        self._stop = threading.Event()

    # --- from any thread ---------------------------------------------------------------------------

    def ask(self, path: str) -> int:
        """`sorad note PATH`: a note that was deleted is made again; how many storyboards that means."""
        boards = [one for one in self.ledger.storyboards() if one.state != "gone" and _is_meant(one, path)]
        for key in [*(str(one.id) for one in boards), *(root for root in self._watches if root == path)]:
            memo = memo_of(self.ledger, key)
            keep(self.ledger, key, Memo(memo.name, made=False, spent=memo.spent))
            self._asked.add(key)
        return len(boards)

    def problems(self) -> list[Problem]:
        """Of notes that are left alone."""
        return list(self._problems.copy().values())

    # --- the thread --------------------------------------------------------------------------------

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Look again and again until ``stop``; then once more, so that the last news are told."""
        self._stop = stop
        while True:
            ended = stop.wait(TURN)
            alive()
            try:
                self.turn(last=ended)
            except LedgerUnavailable as error:
                logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
            if ended:
                return

    def turn(self, *, last: bool = False) -> None:
        """One look. ``last``: what is due is written without the gap. :class:`LedgerUnavailable`."""
        self._take_note()
        roots = {root for root in self._watches if self.may_write(root)}
        for board in list(self._boards.values()):
            beat()
            if board.root in roots:
                self._guarded(str(board.id), partial(self._board, board, last=last))
        for root in sorted(roots):
            if self.config.notes.vault_note:
                self._guarded(root, partial(self._vault, root, last=last))

    def _take_note(self) -> None:
        """What has changed since the last look, and what was asked for, is due."""
        touched = self.ledger.touched()
        self.touched(touched)
        asked, self._asked = self._asked, set()
        whole = bool(asked) or not self._boards
        boards = self.ledger.storyboards() if whole else self.ledger.storyboards_of(touched)
        shown = {one.id: one for one in boards if one.state in ("ok", "invalid")}
        for gone in set(self._boards if whole else touched).difference(shown):
            self._boards.pop(gone, None)
            self._views.pop(gone, None)
        self._boards.update(shown)
        for key in (*map(str, touched), *asked):
            self._states.setdefault(key, _NoteState()).due = True

    def _guarded(self, key: str, look: Callable[[], None]) -> None:
        """One note must not keep the others out."""
        try:
            look()
        except Odd as odd:
            if self._problems.get(key) != odd.problem:
                logger.warning("{}", odd.problem)
            self._problems[key] = odd.problem
            self._states.setdefault(key, _NoteState()).due = False
        except OSError as error:
            logger.debug(_("the note of {key} cannot be written: {error}"), key=key, error=str(error))

    # --- one storyboard ----------------------------------------------------------------------------

    def _board(self, board: Storyboard, *, last: bool) -> None:
        key = str(board.id)
        state = self._states.setdefault(key, _NoteState())
        if not state.due and state.path is None:
            return  # nothing to show yet
        if state.due or state.path is None:
            state.path = self._path_of(board)
        if state.path is not None and self._is_due(key, state, state.path, last=last):
            memo = memo_of(self.ledger, key)
            self._look(key, state, memo, state.path, partial(self._of_board, board, memo, state, state.path))

    def _path_of(self, board: Storyboard) -> Optional[Path]:
        """Where its note lies or is to lie; ``None``: it has no folder for one yet."""
        assets = _assets(board, self._watches[board.root])
        if not assets.is_dir():
            return None
        default = assets / f"{clean(Path(board.path).stem, 150)}{ENDING}"
        name = memo_of(self.ledger, str(board.id)).name
        return assets / name if name else _found(assets, default)

    def _of_board(self, board: Storyboard, memo: Memo, state: _NoteState, path: Path, text: str) -> Merge:
        """What is to be made of the note's text, boxes obeyed."""
        takes = self._takes(board)
        secret = secret_of(self.ledger)
        marks = {mark_of(secret, take, memo.spent.get(str(take.segment), 0)): take for take in takes}
        if self._obey(board, by_segment(ticked(block_of(text)), marks), memo, state):
            takes = self._takes(board)
        done = Counter(take.segment for take in takes if take.state is State.DONE)
        boxes = {
            take.id: mark_of(secret, take, memo.spent.get(str(take.segment), 0))
            for take in takes
            if done[take.segment] > 1
        }
        currency = str(self.ledger.recall("currency") or "")
        view = view_of(board, takes, path, currency, boxes, state.told)
        self._views[board.id] = replace(view, segments=())  # the list of all storyboards shows no more
        self._due_vault(board.root)
        lines = render.block(view, markdown_links=self.config.notes.markdown_links, advice=self._advice(view))
        return partial(_with, partial(render.properties_of, view), lines, self._now())

    def _advice(self, view: View) -> str:
        """How to get pictures, where there could be some."""
        media = self.config.media
        lacking = missing() if (media.posters or media.checks) and view.counts.get(State.DONE) else None
        return "" if lacking is None else render.advice(lacking.text(), str(lacking.params["command"]))

    def _takes(self, board: Storyboard) -> list[Take]:
        found = self.ledger.takes(storyboard=board.path)
        return with_posters(one for one in found if one.storyboard_id == board.id)

    def _obey(
        self, board: Storyboard, chosen: Mapping[int, list[Take]], memo: Memo, state: _NoteState
    ) -> bool:
        """Boxes that were ticked anew: one of a segment is a choice, several are told. Whether there were any."""
        for segment, takes in chosen.items():
            memo.spent[str(segment)] = memo.spent.get(str(segment), 0) + 1
            state.told.pop(segment, None)
            if len(takes) > 1:
                state.told[segment] = _(_TOLD)
                logger.warning(
                    _("{path}: two boxes of segment {segment} were ticked"), path=board.path, segment=segment
                )
                continue
            self.choose(takes[0])
            logger.info(_("take {id}: chosen in the note of {path}"), id=takes[0].id, path=board.path)
        if chosen:
            keep(self.ledger, str(board.id), memo)
        return bool(chosen)

    # --- a watched folder --------------------------------------------------------------------------

    def _due_vault(self, root: str) -> None:
        self._states.setdefault(root, _NoteState()).due = True

    def _vault(self, root: str, *, last: bool) -> None:
        state = self._states.setdefault(root, _NoteState(due=False))
        boards = [one for one in self._boards.values() if one.root == root and one.id in self._views]
        path = Path(root) / self.config.notes.vault_note
        if boards and self._is_due(root, state, path, last=last):
            self._look(root, state, memo_of(self.ledger, root), path, partial(self._of_vault, boards, path))

    def _of_vault(self, boards: Iterable[Storyboard], path: Path, text: str) -> Merge:
        if block_of(text) == [] and role_of(text.encode()) is not None:
            raise Odd(_users_own(path))
        views = []
        for board in sorted(boards, key=lambda one: one.path):
            memo = memo_of(self.ledger, str(board.id))
            note = _assets(board, self._watches[board.root]) / memo.name
            views.append((self._views[board.id], relative(note, path) if memo.made and memo.name else ""))
        now = self.clock.time()
        today = self.ledger.spend_by_currency(day_began(now))
        lines = render.vault_block(
            views, today, list(self._waits()), markdown_links=self.config.notes.markdown_links
        )
        return partial(_with, lambda updated: {"sorad_updated": updated}, lines, self._now())

    def _waits(self) -> Iterable[str]:
        counts = self.ledger.counts()
        for one in (State.HELD, State.UNKNOWN, State.FAILED):
            if counts[one]:
                yield f"{_(STATE_NAMES[one])}: {counts[one]} · sorad list --state {one}"

    # --- both --------------------------------------------------------------------------------------

    def _is_due(self, key: str, state: _NoteState, path: Path, *, last: bool) -> bool:
        """Whether a note is to be looked at: there is news, or somebody changed it; and nobody writes it just now."""
        now = self.clock.monotonic()
        try:
            stamp = Note(path, self._sleep).stamp()
        except Odd:
            state.stamp = (0, 0, 0)
            raise
        if stamp != state.stamp:
            state.stamp, state.since, state.due = stamp, now, True
            self._problems.pop(key, None)
        still = stamp is None or now - state.since >= STILL
        return state.due and still and (last or now - state.written >= state.gap)

    def _look(
        self, key: str, state: _NoteState, memo: Memo, path: Path, make: Callable[[str], Merge]
    ) -> None:
        """Read a note and write it where it differs; a deleted one stays away."""
        note = Note(path, self._sleep, ending=self._stop.is_set)
        if (
            note.is_untidy()
        ):  # a process ended, or somebody wrote into the old file for longer than was waited
            note.tidy(make(""))
        if state.stamp is None:
            state.due = False
            merge = make("")
            if not memo.made and note.make(merge("")):
                self._made(key, memo, path)
                state.stamp, state.written = note.stamp(), self.clock.monotonic()
                logger.info(_("note {path} written"), path=str(path))
            return
        seen = note.read()
        if seen is None or not seen.text or seen.stamp != state.stamp:
            return  # another look tells more
        self._made(key, memo, path)
        began = self.cpu()
        merge = make(seen.text)
        state.due, state.gap = False, max(GAP, REST * (self.cpu() - began))
        if merge(seen.text) != seen.text:
            self._write(state, note, seen, merge)

    def _made(self, key: str, memo: Memo, path: Path) -> None:
        """The note is there, and remembered from now on."""
        if not memo.made or memo.name != path.name:
            memo.made, memo.name = True, path.name
            keep(self.ledger, key, memo)

    def _write(self, state: _NoteState, note: Note, seen: Seen, merge: Merge) -> None:
        if not note.write(seen, merge):
            state.due = True
        else:
            state.written = self.clock.monotonic()
            state.stamp, state.since = note.stamp(), state.written - STILL

    def _sleep(self, seconds: float) -> None:
        beat(seconds)
        (self.rest or self._stop.wait)(seconds)

    def _now(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(self.clock.time()))


def _with(properties: Callable[[str], Mapping[str, str]], lines: list[str], now: str, text: str) -> str:
    """The note's text; as it was where nothing but the time of writing would differ."""
    before = next((line[15:] for line in text.split("\n") if line.startswith("sorad_updated: ")), "")
    same = merged(text, properties(before), lines)
    return text if before and same == text else merged(text, properties(now), lines)


def _users_own(path: Path) -> Problem:
    return Problem(
        "note.storyboard",
        N_("{path} is a storyboard of yours: sorad writes no list of storyboards into it."),
        N_("Give it another name, or the list: vault_note under [notes] in the config."),
        {"path": str(path)},
    )


def _assets(board: Storyboard, watch: Watch) -> Path:
    return assets_folder(Path(board.path), watch.path, watch.output_mode, watch.output_dir)


def _is_meant(board: Storyboard, path: str) -> bool:
    return board.path == path or path in map(str, Path(board.path).parents)


def _found(assets: Path, default: Path) -> Path:
    """With the ledger lost: a note that lies there under the name that the storyboard had."""
    if not os.path.lexists(default):
        for path in sorted(assets.glob(f"*{ENDING}")):
            with contextlib.suppress(OSError, Odd):
                seen = Note(path, lambda seconds: None).read()
                if seen is not None and BEGIN in seen.text:
                    return path
    return default
