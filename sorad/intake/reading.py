"""Intake: what a settled storyboard file means for the ledger.

The folder side hands over files; this reads them, finds out which known storyboard each of them is, looks at
what its output folder holds, and tells the ledger what is wanted. What was bought once is not bought again:

- A file that is known under another path, which is gone, is followed: renamed, moved, with its folder or a
  whole root, edited at the same time or not (see :mod:`sorad.intake.origin`). Its takes keep what they have.
- A copy buys nothing as long as the original is there, or may be there on a disk that is away; and nothing
  that the original has, once one of the two was edited (see :mod:`sorad.intake.copied`).
- Segments under new numbers take along what was bought (see :mod:`sorad.intake.renumber`).
- Receipts in the output folder tell of takes that the ledger does not know: it was lost, or is an old copy.

The output folder follows its storyboard: where the JSON alone was renamed or moved, the folder is renamed
along, whole and at once. So the folder alone still tells what was bought, should the ledger be lost, and
nothing is left behind under a name that another storyboard may get. Nothing is written over: where something
has the new name already, the wanted videos are moved into it one by one; what cannot be moved (another disk,
no permission) stays, and the ledger remembers where.

Where another machine buys, the folders are that one's to keep in order: nothing is moved, and what it bought
is only taken note of once its video is there.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.budget import NEVER, PRICE_AGAIN, needs_approval
from sorad.claim.memory import STOOD_BY
from sorad.clock import Clock
from sorad.config.model import Config, Watch
from sorad.files.durable import make_folders
from sorad.intake.audit import Audit
from sorad.intake.copied import copy_of, held_back
from sorad.intake.forgotten import Forgotten
from sorad.intake.notices import learned, notices
from sorad.intake.older import as_bought, texts_of
from sorad.intake.origin import is_there, nearest, offline, same_content
from sorad.intake.renumber import Key
from sorad.intake.rules import Validate, digest, rules_of
from sorad.intake.sorting import Move, Sorted, key_of, sort_out
from sorad.intake.wants import assets_of, bare_wants
from sorad.layout import assets_folder, video_path
from sorad.ledger.interface import Ledger, Storyboard, Want
from sorad.ledger.wants import UNSENT
from sorad.messages import N_, _
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.folder import Evidence, Foreign, creates_in, intents_in, receipts_in
from sorad.receipts.former import former
from sorad.receipts.moving import is_occupied, move_folder, move_video
from sorad.receipts.orphaned import OrphanedFolder, OrphanedFolders, create
from sorad.receipts.receipt import Payer
from sorad.receipts.rescued import (
    Rescued,
    bring_home,
    is_rescued,
    is_where_rescued,
    left_where_rescued,
    remember,
)
from sorad.storyboard.read import Reading, read_file
from sorad.vault.mounted import mounted
from sorad.vault.scan import Seen

# By this full scan since the start, what the first one saw has been read.
READ_BY = 2


@dataclass
class Intake:
    """Reads storyboards into the ledger. ``wake`` tells the engine that there is work.

    ``stands_by`` and ``is_us`` are those of :class:`sorad.claim.claims.Claims`.
    """

    config: Config
    validate: Validate
    ledger: Ledger
    clock: Clock
    wake: Callable[[], None]
    price: Callable[[Request], Optional[int]]
    currency: str
    price_trouble: Callable[[], Optional[Problem]] = lambda: None
    stands_by: Callable[[str], bool] = lambda root: False
    is_us: Callable[[Payer], bool] = lambda payer: True

    def __post_init__(self) -> None:
        self.rules = digest(self.config)
        self._watched = {str(watch.path) for watch in self.config.watch}
        watches = [*self.config.watch, *former(self.config.state_dir, self.config.watch)]
        self._orphaned = OrphanedFolders(watches, self.ledger, self.clock)
        self._audit = Audit(self.ledger, self.clock)
        self._forgotten = Forgotten(self.ledger, self.clock)
        self._rescued = Rescued(self.config.state_dir / "rescued", self.ledger, self.clock)
        # Storyboards whose folder lacks videos, or holds receipts that the ledger lacks; since when.
        self._audits: Counter[str] = Counter()  # since the start, by root
        self._doubtful: dict[str, float] = {}

    def read(self, watch: Watch, seen: Seen, known: Optional[Storyboard]) -> None:
        """One settled file. ``OSError`` where it cannot be read just now."""
        path = Path(seen.path)
        reading = read_file(path, rules_of(self.config, watch, self.validate))
        now = self.clock.time()
        board = Storyboard(
            id=known.id if known is not None else 0,
            root=str(watch.path),
            path=seen.path,
            size=seen.size,
            mtime_ns=seen.mtime_ns,
            content=reading.content,
            state="invalid" if reading.problems else "ok",
            problems=reading.problems,
            segments=len(reading.segments),
            updated_at=now,
            copy_of=known.copy_of if known is not None else "",
            rules=self.rules,
            mount=seen.mount,
            disk=seen.disk,
        )
        if reading.problems:
            self._invalid(board, now)
            return
        same = same_content(self.ledger, board.path, reading.contents, self._watched)
        if same is not None and is_there(same, self._watched, offline(self.ledger), board.path):
            if not self._outranks(path, watch, reading, same):
                self._copy(board, same, now)
                return
            self._copy(same, board, now)
            same = None
        if known is not None and known.state == "ok" and known.content in reading.contents:
            same = None  # it is what it was: a copy of it that is gone was not renamed to it
        self._follow(board, known, same, reading, watch)

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
            learned(self.ledger, wants, self.clock.time())
            self.wake()

    def problems(self) -> list[Problem]:
        """What is worth knowing and needs nobody at once, for `sorad status`."""
        return notices(self.ledger, self._audit, self._rescued, self.clock.time())

    def _invalid(self, board: Storyboard, now: float) -> None:
        applied = self.ledger.apply(board, None, now)
        # What an earlier version had queued is no longer what the user wants, or not known to be.
        self.ledger.withdraw(applied.storyboard_id, "invalid", now)
        for problem in board.problems[:3]:
            logger.warning(_("{path}: {problem}"), path=board.path, problem=str(problem))

    def _copy(self, board: Storyboard, original: Storyboard, now: float) -> None:
        problem = _is_copy(original.path)
        copy = replace(board, state="copy", copy_of=original.path, problems=(problem,))
        applied = self.ledger.apply(copy, None, now)
        self.ledger.withdraw(applied.storyboard_id, "copy", now)
        self._audit.forget(applied.storyboard_id)
        logger.warning(_("{path}: {problem}"), path=board.path, problem=str(problem))

    def _let_go(self, paths: set[str], content: str) -> None:
        """What was a copy of these, and no longer has their content: read again, it is one of its own."""
        for copy in self.ledger.storyboards():
            if copy.state == "copy" and copy.copy_of in paths and copy.content != content:
                self.ledger.apply(replace(copy, rules=""), None, self.clock.time())

    def _outranks(self, path: Path, watch: Watch, reading: Reading, same: Storyboard) -> bool:
        """Whether of two storyboards with the same content this is the one that was bought for.

        With the ledger lost, the copy may be read first.
        """
        assets = assets_of(path, watch)
        fingerprints = texts_of(bare_wants(reading, assets))
        there = receipts_in(assets)
        if not any(evidence.receipt.fingerprint in fingerprints for evidence in there):
            return False
        return all(take.state in UNSENT or take.state is State.CANCELLED for take in self._takes_of(same))

    def _follow(
        self,
        board: Storyboard,
        known: Optional[Storyboard],
        same: Optional[Storyboard],
        reading: Reading,
        watch: Watch,
    ) -> None:
        """A storyboard of its own: which one it is, what it has, what it lacks."""
        assets = assets_of(Path(board.path), watch)
        wants: Sequence[Want] = bare_wants(reading, assets)
        is_foreign = self._theirs(board.root)
        takes = self._takes_of(known)
        new = not takes or known is None or known.state == "gone"
        # Without rules: somebody saw that its folder tells more than the ledger knows.
        closer = new or board.path in self._doubtful or (known is not None and not known.rules)
        there = receipts_in(assets) if closer else []
        origin = same or (self._nearest(board, wants, there) if new else None) or known
        if origin is not None and origin.id != board.id:
            takes = self._takes_of(origin)
        renamed = origin is not None and origin.path != board.path
        if origin is not None and renamed:
            logger.info(_("{old} is now {new}"), old=origin.path, new=board.path)
            if same is not None or _mostly(wants, {take.fingerprint for take in takes}):
                there = self._bring_along(origin, watch, assets) or there
        doubted = self._doubtful.get(board.path)
        doubt = renamed or doubted is not None
        if (doubt and _lacks(takes, there, assets)) or (not takes and not there):
            # The folder may bear a name that was never seen here, or the ledger is lost, or an old copy.
            there = [*there, *self._stray(board.path, wants, takes, assets, watch)]
        if doubt or not takes or _buys(wants, takes, there):
            there = [*there, *self._orphaned.unknown_creates(board.path, wants, takes, there, doubted)]
        rescued = self._rescued_of(takes, wants, there, assets)
        newcomers = self._come_over(takes, there)
        lost = intents_in(assets) if closer else []
        if is_foreign is None and (takes or newcomers or there or lost):
            _make_room(assets, watch)
        move: Move = move_video if is_foreign is None else self._from_shelf
        wants = as_bought(wants, [*takes, *newcomers], [*there, *rescued, *lost], assets)
        todo = sort_out(takes, newcomers, wants, [*there, *rescued, *lost], assets, is_foreign, move)
        if rescued:
            self._rescued.forget()
            todo = replace(
                todo,
                wants=[left_where_rescued(want, rescued, assets) for want in todo.wants],
                beside=[left_where_rescued(want, rescued, assets) for want in todo.beside],
            )
        # Known under a storyboard that is gone: nothing of that is rebuilt.
        told = () if takes else [want.remote_id for want in (*todo.wants, *todo.beside)]
        heard = self.ledger.owned(told)
        rows = (same,) if same is not None else (known, origin)
        copied = copy_of(self.ledger, reading.contents, *rows)
        self._apply(replace(board, id=board.id if origin is None else origin.id, copy_of=copied), todo)
        self._doubtful.pop(board.path, None)
        if origin is not None and origin.content != board.content:
            self._let_go({board.path, origin.path}, board.content)
        if origin is None:
            self._forgotten.met(board, wants)
        if not takes and learned(self.ledger, (*todo.wants, *todo.beside), self.clock.time(), heard):
            self._forgotten.learned = True

    def _theirs(self, root: str) -> Foreign:
        """What is left to another machine that buys for a root. Once it no longer does, all is read again."""
        if not self.stands_by(root):
            return None
        if not self.ledger.recall(STOOD_BY + root):
            self.ledger.remember(STOOD_BY + root, True)
        return lambda payer: not self.is_us(payer)

    def _from_shelf(self, old: Path, new: Path, segment: int, take: int) -> bool:
        """Nothing is moved but what this machine has bought and brought to safety; see :func:`move_video`."""
        if self.config.state_dir in old.parents:
            return move_video(old, new, segment, take)
        return os.path.lexists(new)

    def _takes_of(self, board: Optional[Storyboard]) -> list[Take]:
        if board is None:
            return []
        return [take for take in self.ledger.takes(storyboard=board.path) if take.storyboard_id == board.id]

    def _come_over(self, takes: Sequence[Take], there: Sequence[Evidence]) -> list[Take]:
        """Takes of other storyboards whose files lie here and no longer there: they are this one's now.

        So it is where the process ended after a folder was renamed along, and the storyboards are told apart
        in another way now; or where another storyboard had this path before. Without this the take would be
        missing there, or be known a second time here.
        """
        own, keys = {take.remote_id for take in takes}, {key_of(take) for take in takes}
        places = {
            evidence.receipt.remote_id: evidence
            for evidence in there
            if evidence.receipt.remote_id not in own
        }
        places.pop("", None)
        away = offline(self.ledger) if places else set()
        gone = {board.id for board in self.ledger.storyboards() if board.state == "gone"} if places else set()
        come = []
        for take in self.ledger.with_tasks(places):
            evidence = places.pop(take.remote_id, None)
            if evidence is None or take.root in away or (take.mount and not mounted(take.mount)):
                continue
            place = Path(take.output)
            if take.storyboard_id not in gone if place == evidence.video else is_occupied(place):
                continue
            here = replace(take, segment=evidence.segment, take=evidence.take)
            if key_of(here) not in keys:
                keys.add(key_of(here))
                come.append(here)
        return come

    def _rescued_of(
        self, takes: Sequence[Take], wants: Sequence[Want], there: Sequence[Evidence], assets: Path
    ) -> list[Evidence]:
        """What lies in ``rescued`` of a storyboard and must be looked at, since its own folder does not tell."""
        texts = {*texts_of(wants), *(take.fingerprint for take in takes)}
        rescued = self._rescued.of(takes, texts)
        return bring_home(rescued, there or receipts_in(assets)) if rescued else []

    def _nearest(
        self, board: Storyboard, wants: Sequence[Want], there: Sequence[Evidence]
    ) -> Optional[Storyboard]:
        return nearest(
            self.ledger,
            board.path,
            texts_of(wants),
            {evidence.receipt.remote_id for evidence in there},
            self._watched,
        )

    def _bring_along(self, origin: Storyboard, watch: Watch, assets: Path) -> list[Evidence]:
        """Rename the output folder of a storyboard that was renamed; the receipts in it, if that was done."""
        if self._stands_by_any(Path(origin.root), watch.path):
            return []
        of = next((one for one in self.config.watch if str(one.path) == origin.root), watch)
        try:
            old = assets_folder(Path(origin.path), Path(origin.root), of.output_mode, of.output_dir)
        except ValueError:
            return []
        return (
            [] if self._is_anothers(old, origin) or not _brought(old, assets, watch) else receipts_in(assets)
        )

    def _is_anothers(self, assets: Path, origin: Storyboard) -> bool:
        """Whether another storyboard, one that is there, has that output folder, too."""
        watches = {str(watch.path): watch for watch in self.config.watch}
        return any(
            board.id != origin.id
            and board.state != "gone"
            and board.root in watches
            and assets_of(Path(board.path), watches[board.root]) == assets
            for board in self.ledger.storyboards()
        )

    def _stray(
        self, path: str, wants: Sequence[Want], takes: Sequence[Take], assets: Path, watch: Watch
    ) -> list[Evidence]:
        """What an output folder without a storyboard has of what is wanted or known. It goes along if most is."""
        fingerprints = texts_of(wants)
        folders = {
            folder: len(orphan.texts & fingerprints)
            for folder, orphan in self._orphaned.folders(self._doubtful.get(path)).items()
            if orphan.may_be_of(path)
        }
        best = max(folders, key=lambda folder: folders[folder], default=None)
        if best is None or not folders[best]:
            return []
        left = self._stands_by_any(assets, best)
        if (
            not left
            and 2 * folders[best] >= len({want.fingerprint for want in wants})
            and _brought(best, assets, watch)
        ):
            del self._orphaned.folders()[best]
            return receipts_in(assets)
        own = set(map(create, takes))
        return [
            evidence
            for evidence in creates_in(best)
            if evidence.receipt.fingerprint in fingerprints or evidence.create in own
        ]

    def _stands_by_any(self, *places: Path) -> bool:
        """Whether one of these is or lies in a root where another machine buys."""
        return any(
            self.stands_by(str(watch.path))
            for watch in self.config.watch
            if any(watch.path in (place, *place.parents) for place in places)
        )

    def _apply(self, board: Storyboard, todo: Sorted) -> None:
        wants = todo.wants
        if board.copy_of:
            wants = held_back(self.ledger, board.id, wants, todo.known)
        wants = [*self._held(board, wants, todo.known), *todo.beside]
        applied = self.ledger.apply(board, wants, self.clock.time(), todo.moved)
        if any(map(is_where_rescued, wants)):
            takes = self.ledger.takes(states=[State.DONE], storyboard=board.path)
            remember(self.ledger, [take.id for take in takes if is_rescued(take)])
        logger.info(
            _("{path}: takes queued: {added}, there already: {skipped}, no longer wanted: {cancelled}"),
            path=board.path,
            added=applied.added,
            skipped=applied.skipped,
            cancelled=applied.cancelled,
        )
        self.wake()

    def _held(self, board: Storyboard, wants: Sequence[Want], known: dict[Key, Take]) -> Sequence[Want]:
        """The wants, those that would be bought ``held`` where together they are too dear without approval."""
        if self.config.budget.approve_above is None:
            return wants

        def new(want: Want) -> bool:
            take = known.get(key_of(want))
            unsent = take is None or (take.state in (State.HELD, State.CANCELLED) and not take.approved)
            return want.state is State.QUEUED and unsent

        prices = [self.price(want.request) for want in wants if new(want)]
        problem = needs_approval(self.config.budget, prices, self.currency)
        if problem is None:
            return wants
        due = NEVER
        trouble = self.price_trouble() if problem.code == "budget.price" else None
        if trouble is not None:
            problem, due = trouble, self.clock.time() + PRICE_AGAIN
        logger.warning(_("{path}: {problem}"), path=board.path, problem=str(problem))
        return [
            replace(want, state=State.HELD, due_at=due, error=problem) if new(want) else want
            for want in wants
        ]


def _lacks(takes: Sequence[Take], there: Sequence[Evidence], assets: Path) -> bool:
    """Whether a delivered video is neither where it was, nor where it would be now, nor told by a receipt."""
    told = {evidence.receipt.remote_id for evidence in there}
    return any(
        take.state is State.DONE
        and take.remote_id not in told
        and not os.path.lexists(take.output)
        and not os.path.lexists(video_path(assets, take.segment, take.take, take.fingerprint))
        for take in takes
    )


def _buys(wants: Sequence[Want], takes: Sequence[Take], there: Sequence[Evidence]) -> bool:
    """Whether something is wanted that neither the ledger nor a receipt tells of."""
    unsent = (*UNSENT, State.CANCELLED)
    texts = Counter(take.fingerprint for take in takes if take.state not in unsent)
    tasks = {take.remote_id for take in takes}
    texts.update(
        evidence.receipt.fingerprint for evidence in there if evidence.receipt.remote_id not in tasks
    )
    return any(count > texts[text] for text, count in Counter(want.fingerprint for want in wants).items())


def _brought(old: Path, new: Path, watch: Watch) -> bool:
    """Whether an output folder bears the new name now, and not the old one."""
    _make_room(new, watch)
    if not move_folder(old, new):
        return False
    logger.info(_("{old} is now {new}"), old=str(old), new=str(new))
    return True


def _make_room(assets: Path, watch: Watch) -> None:
    """Make the folders in which an output folder stands, where those are sorad's own."""
    if watch.output_mode == "centralized" and watch.output_dir is not None:
        with contextlib.suppress(OSError):
            make_folders(assets, watch.output_dir)


def _mostly(wants: Sequence[Want], known: set[str]) -> bool:
    """Whether at least half of the texts that are wanted are known."""
    asked = {want.fingerprint: want.texts for want in wants}
    return 2 * sum(not texts.isdisjoint(known) for texts in asked.values()) >= len(asked)


def _board_of(orphan: OrphanedFolder) -> Storyboard:
    """The storyboard that an output folder without one is named after, as one that is gone."""
    path, root = str(orphan.storyboard), str(orphan.root)
    return Storyboard(id=0, root=root, path=path, size=0, mtime_ns=0, content="", state="gone")


def _is_copy(original: str) -> Problem:
    return Problem(
        "storyboard.copy",
        N_("it has the same content as {original}, so nothing is bought for it."),
        N_("Change its content, or use `sorad redo` on the other one if you want more takes."),
        {"original": original},
    )
