"""Everything that a decision needs about one storyboard, as one value. The only part that reads.

What is looked at depends on what was seen before: a storyboard that stands as it did costs little, and orphaned
folders are looked through only where something would be bought, or a video is missing. Which look is needed is
asked of the rules (:mod:`sorad.intake.decide`), so that they stand in one place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Optional

from sorad.budget import Cost, is_dearer
from sorad.clock import Clock
from sorad.config.model import Config, Watch
from sorad.intake.assign import all_evidence, create, is_settled, places_in_question
from sorad.intake.candidates import of_same_content, offline, relatives
from sorad.intake.conflicted import conflict_of, known_hosts
from sorad.intake.copied import copy_of
from sorad.intake.decide import (
    folder_to_adopt,
    folder_to_follow,
    follows,
    in_doubt,
    needs_orphan,
    needs_unknown_creates,
    newcomers,
    repeats_another,
    videos_to_return,
)
from sorad.intake.facts import (
    Candidate,
    DiskState,
    Facts,
    Key,
    Ledgered,
    Orphan,
    Outside,
    Prices,
    Progress,
    Relative,
    RescuedVideo,
    SameContent,
    key_of,
)
from sorad.intake.identity import first_of_content, is_new, is_unchanged, origin_of
from sorad.intake.older_tables import why_held
from sorad.intake.older_versions import as_bought, fingerprints_of, fingerprints_said
from sorad.intake.repeated import repeated
from sorad.intake.reusable import reusable
from sorad.intake.rules import Sellers, digest, rules_of
from sorad.intake.same_stem import as_second, first_of_stem
from sorad.intake.wants import Moves, assets_of, bare_wants
from sorad.layout import assets_folder
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Storyboard, Want
from sorad.model import State, Take
from sorad.problems import SoradError
from sorad.receipts.folder import (
    Evidence,
    Foreign,
    creates_in,
    intents_in,
    observed,
    paired,
    receipts_in,
    surplus,
)
from sorad.receipts.moving import spot_of
from sorad.receipts.orphaned import OrphanedFolders
from sorad.receipts.place import look
from sorad.receipts.places import Places, is_occupied, names_in
from sorad.receipts.receipt import Payer
from sorad.receipts.rescued import Rescued
from sorad.storyboard.by_name import Stamps, stamps
from sorad.storyboard.read import Reading, Rules, read_file
from sorad.storyboard.tables.properties import DRAFT_CODE as DRAFT
from sorad.vault.mount_table import mounted
from sorad.vault.reader import StillWritten
from sorad.vault.scan import Seen


@dataclass
class Gather:
    """Belongs to the folder side's thread. ``foreign``: what is left to its buyer in a root (None: nothing)."""

    config: Config
    sellers: Sellers
    ledger: Ledger
    clock: Clock
    orphaned: OrphanedFolders
    rescued: Rescued
    stands_by: Callable[[str], bool]
    is_us: Callable[[Payer], bool]
    payer: Callable[[str], Payer]
    is_patient: bool = True  # until the pictures of a storyboard are no longer written to

    def __post_init__(self) -> None:
        self._rules = digest(self.config)
        self._watches = {str(watch.path): watch for watch in self.config.watch}
        self._pictures: dict[
            Path, tuple[Stamps, float]
        ] = {}  # by storyboard, as last seen, and since when so

    def first(
        self, watch: Watch, seen: Seen, known: Optional[Storyboard], doubted: Optional[float] = None
    ) -> Facts:
        """The facts of a settled file. ``OSError`` where it or its folder cannot be read just now.

        ``known`` is the row of its path; ``doubted``: since when (monotonic) its folder is known to tell more.
        """
        path = Path(seen.path)
        rules = rules_of(self.config, watch, self.sellers)
        reading = self._settled(path, rules, watch.settle_seconds)
        now = self.clock.time()
        board = _row_of(reading, seen, known)
        board = replace(board, root=str(watch.path), updated_at=now, rules=self._rules)
        assets = assets_of(path, watch)
        if reading.problems or reading.is_draft:
            return Facts(board, (), (), assets, now)
        asked = tuple(bare_wants(reading, assets, watch))
        first = first_of_stem(path, asked, assets, rules, self.ledger)
        if first is not None:
            return Facts(as_second(board, first), (), (), assets, now)
        facts = Facts(
            board,
            tuple(reading.contents),
            asked,
            assets,
            now,
            conflict_of=conflict_of(path, asked, rules, known_hosts(self.ledger)),
            pictures=reading.pictures,
            doubled=repeated(asked) if reading.by_hand else frozenset(),
            older_table=why_held(path, self.ledger, self.orphaned.folders),
            standing_by=self.stands_by(board.root),
            standby_roots=tuple(Path(root) for root in self._watches if self.stands_by(root)),
            doubted_since=doubted,
            state_dir=self.config.state_dir,
            name=watch.name,
        )
        return self._hold(self._identify(facts, known))

    def _settled(self, path: Path, rules: Rules, seconds: float) -> Reading:
        """The storyboard. :class:`StillWritten` until its pictures by name were still for so many seconds."""
        reading = read_file(path, rules)
        if reading.assets is None or not self.is_patient:
            self._pictures.pop(path, None)
            return reading
        now, there = self.clock.monotonic(), stamps(reading.assets, path.stem)
        before, since = self._pictures.get(path, (None, now))
        if before != there:
            self._pictures[path] = there, now
            since = now
        if there and now - since < seconds:
            raise StillWritten
        del self._pictures[path]
        return reading

    def again(self, facts: Facts, done: Progress) -> Facts:
        """The facts after something was moved, or could not be; which storyboard it is stays decided."""
        if done.demoted and not facts.done.demoted:
            return self._hold(self._identify(replace(facts, done=done), facts.rows.known))
        return self._hold(replace(facts, done=done, disk=DiskState(), outside=Outside()))

    # --- the ledger ---------------------------------------------------------------------------------

    def _identify(self, facts: Facts, known: Optional[Storyboard]) -> Facts:
        """Which storyboard it is, with what its own folder holds as far as that is needed to tell."""
        board, contents = facts.board, facts.contents
        found = [] if facts.done.demoted else self._of_same_content(board, contents)
        rows = Ledgered(known=known, same=first_of_content(found))
        if rows.same is not None and rows.same.is_there:
            rows = replace(rows, same_takes=self._takes_of(rows.same.board))
            return replace(facts, rows=rows, disk=DiskState(evidence=tuple(receipts_in(facts.assets))))
        return self._own(facts, rows if not is_unchanged(known, contents) else replace(rows, same=None))

    def _of_same_content(self, board: Storyboard, contents: Sequence[str]) -> list[SameContent]:
        return of_same_content(self.ledger, board.path, contents, self._watches, self._rules)

    def _own(self, facts: Facts, rows: Ledgered) -> Facts:
        """Which row a storyboard of its own is."""
        board, known = facts.board, rows.known
        takes = self._takes_of(known)
        new = is_new(known, takes)
        # Without rules: somebody saw that its folder tells more than the ledger knows.
        closer = new or facts.doubted_since is not None or (known is not None and not known.rules)
        evidence = tuple(receipts_in(facts.assets)) if closer else ()
        if new and rows.same is None:
            rows = replace(rows, relatives=self._relatives(facts, evidence))
        origin = origin_of(rows, board.path)
        if origin is not None and (known is None or origin.id != known.id):
            takes = self._takes_of(origin)
        itself = (known, origin) if rows.same is None else (rows.same.board,)
        copied_from = copy_of(self.ledger, facts.contents, *itself)
        copies = self._copies(origin, board)
        rows = replace(rows, origin=origin, takes=takes, copies=copies, copied_from=copied_from)
        return replace(facts, rows=rows, disk=DiskState(evidence=evidence), closer=closer)

    def _relatives(self, facts: Facts, evidence: Sequence[Evidence]) -> tuple[Relative, ...]:
        fingerprints = fingerprints_of(facts.requested)
        tasks = {one.receipt.remote_id for one in evidence}
        return tuple(relatives(self.ledger, facts.board.path, fingerprints, tasks, self._watches))

    def _copies(self, origin: Optional[Storyboard], board: Storyboard) -> tuple[Storyboard, ...]:
        """What was a copy of it, and no longer has its content: read again, each is one of its own."""
        if origin is None or origin.content == board.content:
            return ()
        paths = {board.path, origin.path}
        return tuple(
            one
            for one in self.ledger.storyboards()
            if one.state == "copy" and one.copy_of in paths and one.content != board.content
        )

    def _takes_of(self, board: Optional[Storyboard]) -> tuple[Take, ...]:
        if board is None:
            return ()
        takes = self.ledger.takes(storyboard=board.path)
        return tuple(take for take in takes if take.storyboard_id == board.id)

    # --- the disk -----------------------------------------------------------------------------------

    def _hold(self, facts: Facts) -> Facts:
        """What the disk holds, up to the first thing that is to be moved before the rest is looked at."""
        if repeats_another(facts):
            return facts
        own = facts.disk.evidence
        looked = facts.closer or facts.done.followed or facts.done.adopted
        if looked and facts.done != Progress():
            own = tuple(receipts_in(facts.assets))  # something moved since
        facts = replace(facts, disk=DiskState(evidence=own, folder=self._folder_it_had(facts)))
        if folder_to_follow(facts) is not None:
            return facts
        facts = self._with_orphaned(facts)
        if folder_to_adopt(facts) is not None:
            return facts
        facts = self._with_rescued(facts)
        if videos_to_return(facts):
            return facts
        return self._with_places(self._with_candidates(facts))

    def _folder_it_had(self, facts: Facts) -> Optional[Path]:
        """The output folder that it had under its earlier path, if it can follow and is no other one's, too."""
        origin = facts.rows.origin
        if origin is None or facts.done.followed or not follows(facts):
            return None
        of = self._watches.get(origin.root) or self._watches[facts.board.root]
        try:
            old = assets_folder(Path(origin.path), Path(origin.root), of.output_mode, of.output_dir)
        except ValueError:
            return None
        if not old.is_dir() or os.path.lexists(facts.assets):
            return None
        return None if self._is_shared(old, origin) else old

    def _is_shared(self, assets: Path, origin: Storyboard) -> bool:
        """Whether another storyboard, one that is there, has that output folder, too."""
        return any(
            assets_of(Path(one.path), self._watches[one.root]) == assets
            for one in self.ledger.storyboards()
            if one.id != origin.id and one.state != "gone" and one.root in self._watches
        )

    def _with_orphaned(self, facts: Facts) -> Facts:
        """What orphaned folders tell of it."""
        evidence, orphan = facts.disk.evidence, None
        own = {create(take) for take in facts.rows.takes}
        fingerprints = fingerprints_of(facts.requested)
        if needs_orphan(facts, evidence, lost=self._lost(facts)):
            orphan = self._orphan(facts, fingerprints)
        if orphan is not None:
            facts = replace(facts, disk=replace(facts.disk, orphan=orphan))
            if folder_to_adopt(facts) is not None:
                return facts
            evidence += tuple(
                one
                for one in creates_in(orphan.folder)
                if one.receipt.fingerprint in fingerprints or one.create in own
            )
        if needs_unknown_creates(facts, evidence):
            evidence += tuple(
                self.orphaned.unknown_creates(
                    facts.board.path, facts.requested, facts.rows.takes, evidence, facts.doubted_since
                )
            )
        return replace(facts, disk=replace(facts.disk, evidence=evidence))

    def _orphan(self, facts: Facts, fingerprints: set[str]) -> Optional[Orphan]:
        """The orphaned folder that has most of the fingerprints."""
        found = self.orphaned.folders(facts.doubted_since)
        shared = [
            Orphan(folder, len(one.fingerprints & fingerprints))
            for folder, one in found.items()
            if one.may_be_of(facts.board.path)
        ]
        best = max(shared, key=lambda one: one.shared, default=None)
        return best if best is not None and best.shared else None

    def _lost(self, facts: Facts) -> bool:
        """Whether a delivered video is neither where it was, nor where it would be now, nor told by a receipt."""
        if not in_doubt(facts):
            return False
        told = {one.receipt.remote_id for one in facts.disk.evidence}
        return any(
            take.state is State.DONE
            and take.remote_id not in told
            and not os.path.lexists(take.output)
            and not os.path.lexists(facts.video(take.segment, take.take, take.fingerprint))
            for take in facts.rows.takes
        )

    def _with_rescued(self, facts: Facts) -> Facts:
        """What was rescued of it, and where that belongs."""
        takes, evidence = facts.rows.takes, facts.disk.evidence
        fingerprints = {*fingerprints_of(facts.requested), *(take.fingerprint for take in takes)}
        found = [one for one in self.rescued.of(takes, fingerprints) if one.video not in facts.done.returned]
        if not found:
            return facts
        home = {one.receipt.remote_id: one for one in evidence or receipts_in(facts.assets)}
        rescued = tuple(RescuedVideo(one, look(one.video).verified) for one in found)
        return replace(facts, disk=replace(facts.disk, rescued=rescued, home=home))

    def _with_candidates(self, facts: Facts) -> Facts:
        """Takes of other storyboards whose receipts lie here; and the intents that lie here."""
        own = facts.rows.takes
        foreign = [
            one
            for one in facts.disk.evidence
            if one.receipt.remote_id and not any(one.tells_of(take) for take in own)
        ]
        intents = tuple(intents_in(facts.assets)) if facts.closer else ()
        return replace(
            facts, disk=replace(facts.disk, candidates=tuple(self._candidates(foreign)), intents=intents)
        )

    def _candidates(self, foreign: Sequence[Evidence]) -> Iterable[Candidate]:
        takes = self.ledger.with_tasks({one.receipt.remote_id for one in foreign}) if foreign else []
        if not takes:
            return
        away = offline(self.ledger)
        boards = {board.id: board for board in self.ledger.storyboards()}
        for take, evidence in paired(takes, foreign):
            is_away = take.root in away or bool(take.mount and not mounted(take.mount))
            occupied = is_occupied(Path(take.output))
            board = boards.get(take.storyboard_id)
            gone = board is not None and board.state == "gone"
            kept = take.wanted and board is not None and _is_as_read(board)
            yield Candidate(take, evidence, is_away, gone, kept, occupied)

    def _with_places(self, facts: Facts) -> Facts:
        """What the places of all takes hold that the ledger does not tell, or that may move."""
        takes = (*facts.rows.takes, *newcomers(facts))
        foreign = self._foreign(facts)
        there = all_evidence(facts)
        wants = self._observed(facts, takes, there, foreign)
        settled = replace(facts, disk=replace(facts.disk, wants=wants))
        beside = tuple(surplus(there, wants, foreign, self.payer(facts.board.root)))
        rescued = [one.evidence for one in facts.disk.rescued]
        places = places_in_question(takes, wants, beside, there, rescued, settled.video)
        told = () if facts.rows.takes else [want for want in (*wants, *beside) if want.remote_id]
        disk = replace(
            facts.disk,
            wants=wants,
            surplus=beside,
            spots={place: spot_of(place) for place in sorted(places)},
        )
        outside = Outside(
            frozenset(want.remote_id for want in told if self.ledger.owned([want.remote_id], want.place)),
            self._elsewhere(facts),
            self._reusable(facts, wants),
            self._prices(wants, takes),
        )
        return replace(facts, disk=disk, outside=outside)

    def _foreign(self, facts: Facts) -> Foreign:
        return (lambda payer: not self.is_us(payer)) if facts.standing_by else None

    def _observed(
        self, facts: Facts, takes: Sequence[Take], there: Iterable[Evidence], foreign: Foreign
    ) -> tuple[Want, ...]:
        own = {key_of(take): take for take in takes}
        me = self.payer(facts.board.root)
        places, holds = Places(), dict[Path, bool]()

        def look_at(want: Want, foreign: Foreign = None) -> Want:
            if not _may_hold(Path(want.output).parent, holds):
                return want
            return observed(want, foreign, me, places=places)

        known = facts.rows.known
        edited = known is not None and known.rules == self._rules
        asked = [_lying_at(want, facts.video(*key_of(want))) for want in facts.requested]
        wants = as_bought(asked, takes, there, facts.video, look_at, edited=edited)
        return tuple(want if is_settled(own.get(key_of(want))) else look_at(want, foreign) for want in wants)

    def _elsewhere(self, facts: Facts) -> Mapping[str, str]:
        if not facts.rows.copied_from:
            return {}
        origin = facts.rows.origin
        board_id = facts.board.id if origin is None else origin.id
        return self.ledger.texts_elsewhere(fingerprints_said(facts.requested), board_id)

    def _reusable(self, facts: Facts, wants: Iterable[Want]) -> Mapping[str, int]:
        if not facts.rows.copied_from and self.config.budget.approve_above is None:
            return {}
        board, rows = facts.board, (facts.rows.known, facts.rows.origin)
        fingerprints = [want.fingerprint for want in wants if want.state is State.QUEUED]
        itself = {one.id for one in rows if one is not None}
        return reusable(self.ledger, board.path, self._watches[board.root], fingerprints, itself)

    def _prices(self, wants: Iterable[Want], takes: Iterable[Take]) -> Optional[Prices]:
        budget = self.config.sums
        if budget.approve_above is None:
            return None
        of, trouble, moves = (
            dict[Key, tuple[Optional[int], str]](),
            None,
            Moves({key_of(take): take for take in takes}),
        )
        for want in wants:
            target, request = moves.of(want)
            seller = self.sellers(target)
            price = seller.price(request)
            of[key_of(want)] = price, seller.currency
            trouble = (seller.price_trouble() if price is None else None) or trouble
        targets = {key_of(want): moves.of(want)[0] for want in wants}
        return Prices(budget, of, trouble, self._dearer(takes, targets, of))

    def _dearer(
        self, takes: Iterable[Take], targets: Mapping[Key, str], of: Mapping[Key, Cost]
    ) -> frozenset[Key]:
        """The unsent takes that are wanted from a dearer provider by now."""
        unsent = {key_of(take): take for take in takes if take.state in (State.QUEUED, State.HELD)}
        moved = (key for key, take in unsent.items() if key in of and take.target != targets[key])
        return frozenset(key for key in moved if self._is_dearer(unsent[key], of[key]))

    def _is_dearer(self, take: Take, there: Cost) -> bool:
        """Whether a take costs more ``there`` than where it was wanted from, and was perhaps approved."""
        try:
            here = self.sellers(take.target)
        except SoradError:
            return True  # the config has it no more
        return is_dearer((here.price(take.effective_request), here.currency), there)


def _is_as_read(board: Storyboard) -> bool:
    """Whether the file of a storyboard lies at its path as it was when it was read."""
    if board.state != "ok":
        return False
    try:
        found = Path(board.path).stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (board.size, board.mtime_ns)


def _row_of(reading: Reading, seen: Seen, known: Optional[Storyboard]) -> Storyboard:
    """A storyboard as it was read, without a root and a time."""
    told = tuple(one for one in reading.notes if one.code == DRAFT) if reading.is_draft else ()
    return Storyboard(
        id=known.id if known is not None else 0,
        root="",
        path=seen.path,
        size=seen.size,
        mtime_ns=seen.mtime_ns,
        content=reading.content,
        state="invalid" if reading.problems else "draft" if reading.is_draft else "ok",
        problems=reading.problems or told,
        segments=len(reading.segments),
        copy_of=known.copy_of if known is not None else "",
        mount=seen.mount,
        disk=seen.disk,
    )


def _lying_at(want: Want, video: Path) -> Want:
    """The want with its place; itself where that is so, for there may be a hundred thousand."""
    return want if want.output == str(video) else replace(want, output=str(video))


def _may_hold(folder: Path, holds: dict[Path, bool]) -> bool:
    """Whether a segment's folder may hold anything. ``OSError`` where that cannot be told just now."""
    if folder not in holds:
        holds[folder] = _may_list(folder)
    return holds[folder]


def _may_list(folder: Path) -> bool:
    try:
        return bool(names_in(folder))
    except PermissionError:
        return True  # it may be looked into, but not listed
