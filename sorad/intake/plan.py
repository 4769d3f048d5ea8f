"""The plan: what would be bought for the storyboards that are there, what is skipped and why. Buys nothing.

What is gathered and decided for it is what the daemon would gather and decide (:mod:`sorad.intake.reading`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Union

from sorad.budget import awaits_price
from sorad.claim.machine import known_machine
from sorad.clock import SystemClock
from sorad.config.model import Budget, Config, Watch
from sorad.intake.decide import decide
from sorad.intake.facts import Demote, Facts, Key, Plan, Progress, key_of
from sorad.intake.forgotten import Forgotten
from sorad.intake.gather import Gather
from sorad.intake.places import closed, out_of_place
from sorad.intake.reusable import reusable
from sorad.intake.rules import Sellers
from sorad.intake.wants import assets_of
from sorad.ledger.chain import WAITS
from sorad.ledger.reused import served
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Applied, Storyboard, Want
from sorad.ledger.wants import MOVABLE
from sorad.messages import N_
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.folder import missing
from sorad.receipts.former_folders import former
from sorad.receipts.intents import CODE as FOREIGN
from sorad.receipts.orphaned import OrphanedFolders
from sorad.receipts.receipt import Payer
from sorad.receipts.rescued import Rescued
from sorad.vault.compare import differs
from sorad.vault.problems import not_read
from sorad.vault.scan import Seen

BUY, SKIP = "buy", "skip"

# Why a take is skipped, by the state in which the ledger knows it.
_REASONS = {
    State.DONE: N_("the video is there"),
    State.GENERATING: N_("bought already, being generated"),
    State.DOWNLOADING: N_("bought already, being fetched"),
    State.SUBMITTING: N_("being bought"),
    State.UNKNOWN: N_("perhaps bought already: being looked up"),
    State.FAILED: N_("failed earlier: `sorad retry` asks again, and buys it if it still failed"),
    State.CANCELLED: N_("cancelled by you"),
}


REUSED = N_("reused: another storyboard nearby has bought it")
_ELSEWHERE = N_("another storyboard's take has its place")


@dataclass(frozen=True)
class Item:
    """One take of a plan. ``price`` in micro-units, ``None`` where it is not known."""

    segment: int
    take: int
    action: str  # "buy" or "skip"
    reason: str  # a message id; "" for what is bought
    request: Request
    output: str
    price: Optional[int] = None
    problem: Optional[Problem] = None  # in place of ``reason``: why it is held until somebody does something
    approved: bool = False  # by the user, or queued before: no approval is needed any more
    older: bool = False  # bought by an earlier version of sorad, with another text than today's
    currency: str = ""  # of the price
    target: str = ""  # the provider that it is wanted from


@dataclass(frozen=True)
class Planned:
    """One storyboard of a plan: items, or the problems for which it buys nothing."""

    path: str
    items: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    pictures: tuple[Problem, ...] = ()  # which one goes where by its name

    @property
    def bought(self) -> list[Item]:
        """What would be bought."""
        return [item for item in self.items if item.action == BUY]


class Planner:
    """Foresees what would be done about storyboards, one after the other, as the daemon does it: what is decided is
    written into a copy of the ledger, in memory. No file is moved: what would be, counts where it lies.
    """

    def __init__(self, config: Config, sellers: Sellers, ledger: Optional[SqliteLedger]) -> None:
        """``ledger`` is only read; ``None``: there is none yet."""
        # What is too dear without approval is told with the whole plan, and not taken out of it.
        self._config = config.model_copy(update={"budget": Budget()})
        self._sellers, self._ledger = sellers, ledger
        self._scratch = SqliteLedger.scratch(ledger)
        self._clock = SystemClock()
        self._began = self._clock.monotonic()
        self._gathers: dict[Path, Gather] = {}
        self._forgotten = Forgotten(self._scratch, self._clock)
        self._pictures: dict[Path, tuple[Problem, ...]] = {}  # by storyboard, as far as it has any by name

    def close(self) -> None:
        """Drop the copy."""
        self._scratch.close()

    def plan(self, files: Sequence[tuple[Path, Watch]], *, force: bool = False) -> list[Planned]:
        """What storyboards would buy, in the order in which they are read; each with its watched folder."""
        # A later one may be what an earlier one copies, or buy what that one reuses.
        read = [self._read(path, watch) for path, watch in files]
        for root in {str(watch.path) for _path, watch in files}:
            self._forgotten.read_through(root)
        return [
            one if isinstance(one, Planned) else self._come_to(path, watch, one, force=force)
            for (path, watch), one in zip(files, read)
        ]

    def _read(self, path: Path, watch: Watch) -> Union[Planned, Sequence[Want]]:
        """What a storyboard asks for, which the copy of the ledger knows from now on; or why it buys nothing."""
        shut = out_of_place(path, assets_of(path, watch))
        try:
            facts, decided = self._decide(path, watch)
        except OSError as error:
            return Planned(str(path), problems=(shut or not_read(str(path), error),))
        if facts.board.problems or shut is not None:
            return Planned(str(path), problems=facts.board.problems or ((shut,) if shut is not None else ()))
        self._pictures[path] = facts.pictures
        if not _stands(facts, decided):
            self._apply(decided)
        if decided.is_new and decided.wants is not None:
            self._forgotten.met(decided.board, facts.disk.wants)
        self._forgotten.learned |= bool(decided.learned)
        return decided.wants or ()

    def _come_to(self, path: Path, watch: Watch, wants: Sequence[Want], *, force: bool) -> Planned:
        """What it comes to, once all were read."""
        board = self._scratch.storyboard_at(str(path))
        if board is None:
            return Planned(str(path))
        found = list(self._items(board, wants, force=force))
        reused = set() if force else self._reused(board, watch, found)
        items = [
            replace(item, action=SKIP, reason=REUSED, price=None)
            if take is not None and item.action == BUY and key_of(take) in reused
            else item
            for item, take in found
        ]
        # Of a copy, `redo` may have queued some.
        problems = board.problems if board.state == "copy" else ()
        plan = Planned(str(path), tuple(items), problems, pictures=self._pictures.get(path, ()))
        barred = closed(assets_of(path, watch)) if plan.bought else None
        return plan if barred is None else Planned(str(path), problems=(barred,))

    # --- as the daemon does it ------------------------------------------------------------------------

    def _decide(self, path: Path, watch: Watch) -> tuple[Facts, Plan]:
        """The facts, and what is to be done once all is done that comes first. ``OSError``."""
        gather, found = self._gather_for(watch), path.stat()
        seen = Seen(str(path), found.st_size, found.st_mtime_ns)
        # As after a start, the folder may tell more than the ledger.
        facts = gather.first(watch, seen, self._scratch.storyboard_at(seen.path), self._began)
        decided = decide(facts)
        while (done := self._as_if_done(decided, facts.done)) != facts.done:
            facts = gather.again(facts, done)
            decided = decide(facts)
        return facts, decided

    def _as_if_done(self, decided: Plan, done: Progress) -> Progress:
        """What would be moved first counts as what cannot be moved."""
        for action in decided.first:
            if isinstance(action, Demote):
                self._withdraw(action.copy, "copy")
                done = replace(done, demoted=True)
            else:
                done = replace(done, stuck=done.stuck | {(action.old, action.new)})
        return done

    def _apply(self, decided: Plan) -> Applied:
        if decided.withdraw:
            return self._withdraw(decided.board, decided.withdraw)
        now = self._clock.time()
        for copy in decided.reread:
            self._scratch.apply(replace(copy, rules=""), None, now)
        return self._scratch.apply(decided.board, decided.wants, now, decided.moved)

    def _withdraw(self, board: Storyboard, state: str) -> Applied:
        now = self._clock.time()
        applied = self._scratch.apply(board, None, now)
        self._scratch.withdraw(applied.storyboard_id, state, now)
        return applied

    def _gather_for(self, watch: Watch) -> Gather:
        if watch.path not in self._gathers:
            self._gathers[watch.path] = self._new_gather(watch)
        return self._gathers[watch.path]

    def _new_gather(self, watch: Watch) -> Gather:
        config = self._config
        if watch not in config.watch:
            config = config.model_copy(update={"watch": (*config.watch, watch)})
        ledger, clock, me = self._scratch, self._clock, known_machine(config.state_dir)
        payer = Payer() if me is None else Payer(me.id, me.name, me.home, 0, me.system)
        watches = [*config.watch, *former(config.state_dir, config.watch, remember=False)]
        standing_by = _standing_by(ledger)
        return Gather(
            config,
            self._sellers,
            ledger,
            clock,
            OrphanedFolders(watches, ledger, clock),
            Rescued(config.state_dir / "rescued", ledger, clock),
            standing_by.__contains__,
            lambda other: other.id in ("", payer.id) or bool(other.home and other.home == payer.home),
            lambda root: payer,
            is_patient=False,
        )

    # --- what it comes to -----------------------------------------------------------------------------

    def _items(
        self, board: Storyboard, wants: Sequence[Want], *, force: bool
    ) -> Iterator[tuple[Item, Optional[Take]]]:
        """Each take that is wanted, and what becomes of it."""
        told = {key_of(want): want for want in wants if want.wanted}
        takes = (
            take for take in self._scratch.takes(storyboard=board.path) if take.storyboard_id == board.id
        )
        for take in sorted(takes, key=lambda one: (one.segment, one.take, one.id)):
            want = told.pop(key_of(take), None)
            if take.wanted:
                yield self._item(take, want, force=force), take
        for want in told.values():
            yield Item(want.segment, want.take, SKIP, _ELSEWHERE, want.request, want.output), None

    def _item(self, take: Take, want: Optional[Want], *, force: bool) -> Item:
        was = None if self._ledger is None else self._ledger.take(take.id)
        again = force and take.state is State.DONE
        item = Item(
            take.segment,
            take.take,
            SKIP,
            _REASONS.get(take.state, ""),
            take.request,
            take.output,
            older=take.newer is not None,
            target=take.target,
        )
        problem = None if again else _why_not(take, want, was)
        if problem is not None:
            return replace(item, reason="", problem=problem)
        if not again and take.state not in (State.QUEUED, State.HELD):
            return item
        request = replace(take, request=take.newer or take.request).effective_request
        seller = self._sellers(take.target)
        return replace(
            item,
            action=BUY,
            reason="",
            request=request,
            price=seller.price(request),
            approved=take.approved or _was_priced(was),
            currency=seller.currency,
        )

    def _reused(
        self, board: Storyboard, watch: Watch, found: Sequence[tuple[Item, Optional[Take]]]
    ) -> set[Key]:
        """The takes that a video of another storyboard nearby serves; what is bought once more is not among them."""
        asking = [
            take
            for item, take in found
            if item.action == BUY and take is not None and not (take.extra or take.remote_id)
        ]
        itself = {one.id for one in self._scratch.storyboards() if one.path == board.path}
        fingerprints = (take.fingerprint for take in asking)
        free = reusable(self._scratch, board.path, watch, fingerprints, itself)
        return served(map(key_of, asking), free)


def plan_storyboard(
    path: Path,
    watch: Watch,
    config: Config,
    sellers: Sellers,
    ledger: Optional[SqliteLedger],
    *,
    force: bool = False,
) -> Planned:
    """What one storyboard would buy; see :class:`Planner`."""
    planner = Planner(config, sellers, ledger)
    try:
        return planner.plan([(path, watch)], force=force)[0]
    finally:
        planner.close()


def _stands(facts: Facts, decided: Plan) -> bool:
    """Whether it stands as it was read last, and its folder tells no more than the ledger knows: it is not read again,
    and what `redo` queued of a text that it no longer has is bought."""
    board, known = facts.board, facts.rows.known
    seen = Seen(board.path, board.size, board.mtime_ns, mount=board.mount, disk=board.disk)
    if known is None or differs(seen, known, board.root, board.rules):
        return False
    states = {key_of(take): take.state for take in facts.rows.takes}
    told = [want for want in decided.wants or () if want.state not in (State.QUEUED, State.HELD)]
    return not decided.moved and all(states.get(key_of(want), State.QUEUED) not in MOVABLE for want in told)


def _standing_by(ledger: SqliteLedger) -> set[str]:
    """The roots where another machine buys, as the daemon last knew."""
    told = ledger.recall("claims") or []
    return {str(one["path"]) for one in told if one["state"] in ("other", "conflict")}


def _why_not(take: Take, want: Optional[Want], was: Optional[Take]) -> Optional[Problem]:
    """Why a take waits for the user, or lacks its video; ``None``: neither. ``was``: as the ledger knows it."""
    if take.state is State.QUEUED:
        return want.error if want is not None and _is_blocked(take, want) else None
    if take.state is State.HELD:
        return None if _goes_on(take) else _numbered(take.error, was)
    if take.state is not State.DONE:
        return None
    told = take.error
    if told is None and not os.path.lexists(take.output):
        told = missing(Path(take.output))
    return _numbered(told, was)


def _numbered(problem: Optional[Problem], was: Optional[Take]) -> Optional[Problem]:
    """With the number of its take, if it has one in the ledger itself."""
    if problem is None or was is not None:
        return problem if was is None or problem is None else problem.of_take(was.id)
    return replace(problem, params={name: value for name, value in problem.params.items() if name != "take"})


def _is_blocked(take: Take, want: Want) -> bool:
    """Whether what lies at a queued take's place keeps it back in the last look before its create."""
    found = want.state is State.HELD and want.error is not None
    return found and (not take.approved or (want.error is not None and want.error.code == FOREIGN))


def _was_priced(was: Optional[Take]) -> bool:
    """Whether a take was weighed when it was queued; what was moved to another provider is weighed once more."""
    return was is not None and was.state is State.QUEUED and not was.moved_by


def _goes_on(take: Take) -> bool:
    """Whether a held take is bought once there is a price, a budget, an approval of its sum, or the shot before."""
    code = "" if take.error is None else take.error.code
    return code.startswith("budget.") or code == WAITS or awaits_price(take)


@dataclass(frozen=True)
class Total:
    """What plans would buy. Prices are micro-units by currency, which are never added up."""

    count: int
    prices: Mapping[str, int]
    sure: bool  # whether every price is known


def total(plans: Iterable[Planned]) -> Total:
    """How many takes would be bought, for how much, and whether every price is known."""
    items = [item for planned in plans for item in planned.bought]
    prices: dict[str, int] = {}
    for item in items:
        prices[item.currency] = prices.get(item.currency, 0) + (item.price or 0)
    return Total(len(items), prices, all(item.price is not None for item in items))
