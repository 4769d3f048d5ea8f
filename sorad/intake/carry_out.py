"""Does what a plan says: files first, then the ledger. Safe to be ended between any two steps.

What was moved before the end is found where it is by the next reading, which decides again; what the ledger was not
told, it is told then. Each step may be repeated.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from loguru import logger

from sorad.claim.memory import STOOD_BY
from sorad.clock import Clock
from sorad.config.model import Watch
from sorad.files.durable import make_folders
from sorad.intake.facts import Action, Demote, MoveFolder, MoveVideo, Plan, Progress
from sorad.intake.notices import learned
from sorad.intake.wants import assets_of
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Applied, Storyboard
from sorad.messages import _
from sorad.model import State
from sorad.receipts.moving import move_folder, move_video
from sorad.receipts.orphaned import OrphanedFolders
from sorad.receipts.rescued import Rescued, is_rescued, is_where_rescued, remember


@dataclass
class CarryOut:
    """Belongs to the folder side's thread. ``step`` is called before each step, with its name."""

    ledger: Ledger
    clock: Clock
    orphaned: OrphanedFolders
    rescued: Rescued
    step: Callable[[str], None] = lambda name: None

    def files(self, plan: Plan, watch: Watch, done: Progress) -> Progress:
        """Move what is to be moved; what was done in this reading. Where that differs, all is to be looked at again."""
        if plan.renamed_from and done == Progress():
            logger.info(_("{old} is now {new}"), old=plan.renamed_from, new=plan.board.path)
        if plan.standing_by:
            self._remember_standby(plan.board.root)
        for action in plan.first:
            done = self._first(action, watch, done)
        if plan.make_room:
            make_room_for(assets_of(Path(plan.board.path), watch), watch)
        for move in plan.moves:
            if not self._video(move):
                done = replace(done, stuck=done.stuck | {(move.old, move.new)})
        return done

    def write(self, plan: Plan) -> Applied:
        """Tell the ledger. :class:`LedgerUnavailable`."""
        if plan.withdraw:
            return self._withdraw(plan.board, plan.withdraw)
        for copy in plan.reread:
            self.step("reread")
            self.ledger.apply(replace(copy, rules=""), None, self.clock.time())
        if plan.held_for is not None:
            logger.warning(_("{path}: {problem}"), path=plan.board.path, problem=str(plan.held_for))
        self.step("write")
        applied = self.ledger.apply(plan.board, plan.wants, self.clock.time(), plan.moved)
        if any(map(is_where_rescued, plan.wants or ())):
            self.step("rescued")
            takes = self.ledger.takes(states=[State.DONE], storyboard=plan.board.path)
            remember(self.ledger, [take.id for take in takes if is_rescued(take)])
        if plan.learned:
            self.step("learned")
            learned(self.ledger, plan.learned, self.clock.time())
        logger.info(
            _("{path}: takes queued: {added}, there already: {skipped}, no longer wanted: {cancelled}"),
            path=plan.board.path,
            added=applied.added,
            skipped=applied.skipped,
            cancelled=applied.cancelled,
        )
        return applied

    def _withdraw(self, board: Storyboard, state: str) -> Applied:
        self.step("write")
        applied = self.ledger.apply(board, None, self.clock.time())
        self.step("withdraw")
        self.ledger.withdraw(applied.storyboard_id, state, self.clock.time())
        for problem in board.problems[:3]:
            logger.warning(_("{path}: {problem}"), path=board.path, problem=str(problem))
        return applied

    def _first(self, action: Action, watch: Watch, done: Progress) -> Progress:
        if isinstance(action, Demote):
            self._withdraw(action.copy, "copy")
            return replace(done, demoted=True)
        if isinstance(action, MoveFolder):
            if not self._folder(action, watch):
                return replace(done, stuck=done.stuck | {(action.old, action.new)})
            return replace(done, adopted=True) if action.orphaned else replace(done, followed=True)
        if not self._video(action):
            return replace(done, stuck=done.stuck | {(action.old, action.new)})
        return replace(done, returned=done.returned | {action.old})

    def _folder(self, move: MoveFolder, watch: Watch) -> bool:
        self.step("folder")
        make_room_for(move.new, watch)
        if not move_folder(move.old, move.new):
            return False
        self.orphaned.moved(move.old)
        logger.info(_("{old} is now {new}"), old=str(move.old), new=str(move.new))
        return True

    def _video(self, move: MoveVideo) -> bool:
        self.step("video")
        moved = move_video(move.old, move.new, move.segment, move.take)
        if self.rescued.folder in move.old.parents:
            self.rescued.forget()
        return moved

    def _remember_standby(self, root: str) -> None:
        """Once the other machine no longer buys, all is read again."""
        if not self.ledger.recall(STOOD_BY + root):
            self.step("standby")
            self.ledger.remember(STOOD_BY + root, True)


def make_room_for(assets: Path, watch: Watch) -> None:
    """Make the folders in which an output folder stands, where those are sorad's own."""
    if watch.output_mode == "centralized" and watch.output_dir is not None:
        with contextlib.suppress(OSError):
            make_folders(assets, watch.output_dir)
