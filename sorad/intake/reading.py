"""Intake: what a settled storyboard file means for the ledger.

The folder side hands over files. Everything that a decision needs is gathered (:mod:`sorad.intake.gather`), what is
to be done is decided (:mod:`sorad.intake.decide`, pure), and carried out (:mod:`sorad.intake.carry_out`). What was
bought once is not bought again:

- A file that is known under another path, which is gone, is followed: renamed, moved, with its folder or a
  whole root, edited at the same time or not (:mod:`sorad.intake.identity`). Its takes keep what they have.
- A copy buys nothing as long as the original is there, or may be there on a disk that is away; and nothing
  that the original has, once one of the two was edited (:mod:`sorad.intake.copied`).
- Segments under new numbers take along what was bought (:mod:`sorad.intake.renumber`).
- Receipts in the output folder tell of takes that the ledger does not know: it was lost, or is an old copy.

The output folder follows its storyboard: where the JSON alone was renamed or moved, the folder is renamed
along, whole and at once. So the folder alone still tells what was bought, if the ledger is lost, and
nothing is left behind under a name that another storyboard may get. Nothing is written over: where something
has the new name already, the wanted videos are moved into it one by one; what cannot be moved (another disk,
no permission) stays, and the ledger remembers where.

Where another machine buys, the folders are that one's to keep in order: nothing is moved, and what it bought
is only taken note of once its video is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Config, Watch
from sorad.intake.audit import Audit
from sorad.intake.carry_out import CarryOut
from sorad.intake.decide import decide
from sorad.intake.facts import Demote, Facts, Plan
from sorad.intake.forgotten import Forgotten
from sorad.intake.gather import Gather
from sorad.intake.notices import learned, notices
from sorad.intake.rules import Sellers, digest
from sorad.intake.same_stem import is_second
from sorad.intake.wants import assets_of
from sorad.layout import ENDINGS
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard
from sorad.messages import _
from sorad.problems import Problem
from sorad.receipts.former_folders import former
from sorad.receipts.orphaned import OrphanedFolder, OrphanedFolders
from sorad.receipts.receipt import Payer
from sorad.receipts.rescued import Rescued
from sorad.vault.scan import Seen

# By this full scan since the start, what the first one saw has been read.
READ_BY = 2


@dataclass
class Intake:
    """Reads storyboards into the ledger. ``wake`` tells the engine that there is work.

    ``stands_by``, ``is_us`` and ``payer`` are those of :class:`sorad.claim.claims.Claims`.
    """

    config: Config
    sellers: Sellers
    ledger: Ledger
    clock: Clock
    wake: Callable[[], None]
    stands_by: Callable[[str], bool] = lambda root: False
    is_us: Callable[[Payer], bool] = lambda payer: True
    payer: Callable[[str], Payer] = lambda root: Payer()

    def __post_init__(self) -> None:
        self.rules = digest(self.config)
        watches = [*self.config.watch, *former(self.config.state_dir, self.config.watch)]
        self._orphaned = OrphanedFolders(watches, self.ledger, self.clock)
        free = self.config.disk.min_free
        self._audit = Audit(self.ledger, self.clock, lambda root: self.payer(root), free)
        self._forgotten = Forgotten(self.ledger, self.clock)
        self._rescued = Rescued(self.config.state_dir / "rescued", self.ledger, self.clock)
        self._gather = Gather(
            self.config,
            self.sellers,
            self.ledger,
            self.clock,
            self._orphaned,
            self._rescued,
            lambda root: self.stands_by(root),
            lambda payer: self.is_us(payer),
            lambda root: self.payer(root),
        )
        self.carry_out = CarryOut(self.ledger, self.clock, self._orphaned, self._rescued)
        self._audits: Counter[str] = Counter()  # since the start, by root
        # Storyboards whose folder lacks videos, or holds receipts that the ledger lacks; since when (monotonic).
        self._doubtful: dict[str, float] = {}

    def read(self, watch: Watch, seen: Seen, known: Optional[Storyboard]) -> None:
        """One settled file; ``known`` is the row of its path. ``OSError`` where it cannot be read just now."""
        facts = self._gather.first(watch, seen, known, self._doubtful.get(seen.path))
        plan = decide(facts)
        # What moved, or could not be moved, changes what can be seen. Each round moves something, or rules one out.
        while (done := self.carry_out.files(plan, watch, facts.done)) != facts.done:
            self._demoted(plan)
            facts = self._gather.again(facts, done)
            plan = decide(facts)
        applied = self.carry_out.write(plan)
        if plan.withdraw in ("copy", "draft"):
            self._audit.forget(applied.storyboard_id)
        if plan.renamed_from or plan.withdraw == "draft":
            self._free(Path(plan.renamed_from or plan.board.path))
        if plan.wants is not None:
            self._settled(plan, facts)
            self._audit.met(applied.storyboard_id, plan.board.path, plan.wants)

    def _settled(self, plan: Plan, facts: Facts) -> None:
        """A storyboard of its own was written."""
        self._doubtful.pop(plan.board.path, None)
        if plan.is_new:
            self._forgotten.met(plan.board, facts.disk.wants)
        if plan.learned:
            self._forgotten.learned = True
        self.wake()

    def _demoted(self, plan: Plan) -> None:
        for action in plan.first:
            if isinstance(action, Demote):
                self._audit.forget(action.copy.id)

    def gone(self, board: Storyboard) -> None:
        """A storyboard is no longer there: what is not bought yet is not wanted any more."""
        now = self.clock.time()
        cancelled = self.ledger.withdraw(board.id, "gone", now)
        self._audit.forget(board.id)
        logger.info(_("{path} is gone; {count} unsent takes cancelled"), path=board.path, count=cancelled)
        for copy in self.ledger.with_content(board.content):
            if copy.state == "copy":
                # It takes the place of the one that is gone: read again, it will be followed.
                self.ledger.apply(replace(copy, rules=""), None, now)
        self._free(Path(board.path))

    def _free(self, path: Path) -> None:
        """The output folder of a path is free: one of the same stem that waited for that is read again."""
        for ending in ENDINGS:
            other = self.ledger.storyboard_at(str(path.with_suffix(ending)))
            if other is not None and other.path != str(path) and is_second(other):
                self.ledger.apply(replace(other, rules=""), None, self.clock.time())

    def read_through(self, root: str) -> bool:
        """All that was in a root when it was first looked at, or came back, was read; false: ask again."""
        return self._forgotten.read_through(root)

    def audit(self, watch: Watch, boards: Iterable[Storyboard], tick: Callable[[], bool]) -> set[str]:
        """Look whether the videos are where they were delivered; the storyboards that must be read again.

        For a root that is there, after each full scan of it. ``tick`` tells whether to go on.
        """
        if watch.output_dir is not None and not watch.output_dir.is_dir():
            return set()  # its disk is away: nothing is missing
        doubtful = set()
        for board in boards:
            if not tick():
                break
            if board.state in ("ok", "invalid") and self._audit.look(
                board, assets_of(Path(board.path), watch), tidy=not self.stands_by(str(watch.path))
            ):
                doubtful.add(board.path)
        self._doubtful.update(dict.fromkeys(doubtful, self.clock.monotonic()))
        self._audits[str(watch.path)] += 1
        if self._audits[str(watch.path)] == READ_BY and not self.stands_by(str(watch.path)):
            self._take_in(watch)
        return doubtful

    def _take_in(self, watch: Watch) -> None:
        """Have fetched what was bought for storyboards that are gone, where the ledger does not know of it."""
        for orphan, wants in self._orphaned.unfetched(watch.path, self.clock.monotonic()).items():
            board = _board_of(orphan)
            there = [one for one in self.ledger.storyboards(board.root) if one.path == board.path]
            if any(one.state != "gone" for one in there):
                continue
            self.ledger.apply(replace(board, updated_at=self.clock.time()), wants, self.clock.time())
            logger.info(
                _("{path}: videos that were paid for and are fetched: {count}"),
                path=board.path,
                count=len(wants),
            )
            states = [want.state for want in wants if want.remote_id]
            if states:
                learned(self.ledger, states, self.clock.time())
            self.wake()

    def missing(self) -> list[int]:
        """The takes (by id) whose videos were delivered and are not there. From any thread."""
        return self._audit.missed()

    def problems(self) -> list[Problem]:
        """What is worth knowing and needs nobody at once, for `sorad status`."""
        return notices(self.ledger, self._audit, self._rescued, self.clock.time())


def _board_of(orphan: OrphanedFolder) -> Storyboard:
    """The storyboard that an output folder without one is named after, as one that is gone."""
    path, root = str(orphan.storyboard), str(orphan.root)
    return Storyboard(id=0, root=root, path=path, size=0, mtime_ns=0, content="", state="gone")
