"""The plan: what would be bought for the storyboards that are there, what is skipped and why. Buys nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Optional, Union

from sorad.config.model import Config, Watch
from sorad.intake.assign import known_of
from sorad.intake.candidates import lookalikes, relatives
from sorad.intake.conflicted import conflict_of, known_hosts
from sorad.intake.copied import copy_of, held_as_conflict, held_back
from sorad.intake.facts import Key, key_of
from sorad.intake.identity import closest, first_of_content
from sorad.intake.older_versions import as_bought, texts_of, texts_said
from sorad.intake.places import closed, out_of_place
from sorad.intake.renumber import renumbered
from sorad.intake.reusable import reusable
from sorad.intake.rules import Sellers, digest, rules_of
from sorad.intake.wants import Moves, assets_of, bare_wants
from sorad.layout import video_path
from sorad.ledger.interface import Ledger
from sorad.ledger.reused import served
from sorad.ledger.values import Storyboard, Want
from sorad.messages import N_
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.folder import missing, observed, receipts_in
from sorad.storyboard.read import Reading, read_file
from sorad.vault.problems import not_read

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

    @property
    def bought(self) -> list[Item]:
        """What would be bought."""
        return [item for item in self.items if item.action == BUY]


def plan_storyboard(
    path: Path,
    watch: Watch,
    config: Config,
    sellers: Sellers,
    ledger: Optional[Ledger],
    *,
    force: bool = False,
) -> Planned:
    """What a storyboard would buy; nothing where it, or the place of its outputs, cannot be used."""
    read = _read(path, watch, config, sellers, ledger)
    if isinstance(read, Planned):
        return read
    reading, wants = read
    assets = assets_of(path, watch)
    known: dict[Key, Take] = {}
    free: dict[str, int] = {}
    if ledger is not None:
        watched = {str(one.path) for one in config.watch}
        same = first_of_content(lookalikes(ledger, str(path), reading.contents, watched, digest(config)))
        if same is not None and same.is_there:
            original = {"original": same.board.path}
            problem = Problem("storyboard.copy", N_("it has the same content as {original}."), "", original)
            return Planned(str(path), problems=(problem,))
        board = None if same is None else same.board
        wants, known, free = _compared(
            str(path), reading.contents, wants, board, ledger, watch, watched, assets
        )
    conflict = conflict_of(path, wants, rules_of(config, watch, sellers), known_hosts(ledger))
    if conflict:
        wants = held_as_conflict(conflict, wants, known)
    moves = Moves(known)
    items = [_item(want, known.get(key_of(want)), sellers, moves, force=force) for want in wants]
    plan = Planned(str(path), tuple(items if force else _with_reused(items, wants, known, free)))
    shut = closed(assets) if plan.bought else None
    return plan if shut is None else Planned(str(path), problems=(shut,))


def _read(
    path: Path, watch: Watch, config: Config, sellers: Sellers, ledger: Optional[Ledger]
) -> Union[Planned, tuple[Reading, Sequence[Want]]]:
    """What a storyboard asks for, each with what its place holds; or why it buys nothing."""
    assets = assets_of(path, watch)
    try:
        reading = read_file(path, rules_of(config, watch, sellers))
        trouble = None if reading.problems else out_of_place(path, assets)
        if reading.problems or trouble is not None:
            return Planned(str(path), problems=(trouble,) if trouble is not None else reading.problems)
        takes = ledger.takes(storyboard=str(path)) if ledger is not None else ()
        row = _row(str(path), ledger) if ledger is not None else None
        edited = row is not None and row.rules == digest(config)
        there = receipts_in(assets)
        video = partial(video_path, assets, name=watch.name)
        wants = as_bought(bare_wants(reading, assets, watch), takes, there, video, observed, edited=edited)
        return reading, [observed(want) for want in wants]
    except OSError as error:
        return Planned(str(path), problems=(not_read(str(path), error),))


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


def _compared(
    path: str,
    contents: Sequence[str],
    wants: Sequence[Want],
    original: Optional[Storyboard],
    ledger: Ledger,
    watch: Watch,
    watched: Collection[str],
    assets: Path,
) -> tuple[Sequence[Want], dict[Key, Take], dict[str, int]]:
    """The wants, held where the storyboard was a copy; the takes that it has, by their new numbers; what is reused."""
    origin, takes = _takes(ledger, path, original, wants, watched)
    wants = as_bought(wants, takes, (), partial(video_path, assets, name=watch.name), observed)
    known = _known(takes, wants)
    itself = {take.storyboard_id for take in (*takes, *ledger.takes(storyboard=path))}
    free = reusable(ledger, path, watch, (want.fingerprint for want in wants), itself)
    row = _row(path, ledger)
    if copy_of(ledger, contents, *((original,) if original is not None else (row, origin))):
        mine = origin or row
        elsewhere = ledger.texts_elsewhere(texts_said(wants), 0 if mine is None else mine.id)
        queued = [key_of(want) for want in wants if want.state is State.QUEUED]
        wants = held_back(elsewhere, wants, known, served(queued, free))
    return wants, known, free


def _row(path: str, ledger: Ledger) -> Optional[Storyboard]:
    return next((board for board in reversed(ledger.storyboards()) if board.path == path), None)


def _takes(
    ledger: Ledger, path: str, same: Optional[Storyboard], wants: Sequence[Want], watched: Collection[str]
) -> tuple[Optional[Storyboard], list[Take]]:
    """Which one the storyboard was, and its takes."""
    takes = list(ledger.takes(storyboard=path))
    origin = same
    if origin is None and not takes:
        fingerprints = texts_of(wants)
        remote_ids = {want.remote_id for want in wants}
        origin = closest(relatives(ledger, path, fingerprints, remote_ids, watched), path)
    if origin is not None:
        takes = [take for take in ledger.takes(storyboard=origin.path) if take.storyboard_id == origin.id]
    return origin, takes


def _known(takes: Sequence[Take], wants: Sequence[Want]) -> dict[Key, Take]:
    """The takes, renumbered as they may be, by their new numbers."""
    numbers = renumbered([known_of(take) for take in takes], {key_of(want) for want in wants})
    return {
        (*numbers.get(index, (take.segment, take.take)), take.fingerprint): take
        for index, take in enumerate(takes)
    }


def _item(
    want: Want,
    take: Optional[Take],
    sellers: Sellers,
    moves: Moves,
    *,
    force: bool,
) -> Item:
    state = want.state if want.state is not State.QUEUED or take is None else take.state
    older = want.newer is not None
    problem = _told(want, take, state)
    if problem is not None and not (force and state is State.DONE):
        return Item(
            want.segment, want.take, SKIP, "", want.request, want.output, problem=problem, older=older
        )
    if _waits(state, take) or (force and state is State.DONE):
        target, request = moves.of(replace(want, request=want.newer or want.request))
        approved = take is not None and _was_weighed(take)
        seller = sellers(target)
        return Item(
            want.segment,
            want.take,
            BUY,
            "",
            request,
            want.output,
            seller.price(request),
            approved=approved,
            currency=seller.currency,
            target=target,
        )
    return Item(want.segment, want.take, SKIP, _REASONS[state], want.request, want.output, older=older)


def _was_weighed(take: Take) -> bool:
    """Whether no approval is needed any more; what was moved to another provider is weighed again before it is sent."""
    return take.approved or (take.state is State.QUEUED and not take.moved_by)


def _with_reused(
    items: Sequence[Item], wants: Sequence[Want], known: Mapping[Key, Take], free: Mapping[str, int]
) -> list[Item]:
    """The items; those that a video of another storyboard nearby serves are not bought."""

    def is_extra(want: Want) -> bool:
        take = known.get(key_of(want))
        return take is not None and take.extra

    bought = [key_of(want) for item, want in zip(items, wants) if item.action == BUY and not is_extra(want)]
    reused = served(bought, free)
    return [
        replace(item, action=SKIP, reason=REUSED, price=None) if key_of(want) in reused else item
        for item, want in zip(items, wants)
    ]


def _waits(state: State, take: Optional[Take]) -> bool:
    """Whether it will be bought; what was cancelled by the folder side alone is wanted again."""
    if state is State.CANCELLED:
        return take is not None and take.error is None
    return state in (State.QUEUED, State.HELD)


def _told(want: Want, take: Optional[Take], state: State) -> Optional[Problem]:
    """Why the user has something to do: its receipt is damaged, it would be a copy, its video is gone."""
    told = _told_of(want, take, state)
    return told if told is None or take is None else told.of_take(take.id)


def _told_of(want: Want, take: Optional[Take], state: State) -> Optional[Problem]:
    if want.state is State.HELD and want.error is not None:
        return None if take is not None and take.approved else want.error
    if state is not State.DONE:
        return None
    if want.state is State.DONE:
        return want.error
    return None if take is None or os.path.lexists(take.output) else missing(Path(take.output))
