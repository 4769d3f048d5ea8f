"""The plan: what would be bought for the storyboards that are there, what is skipped and why. Buys nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional, Union

from sorad.config.model import Config, Watch
from sorad.intake.copied import copy_of, held_back
from sorad.intake.older import as_bought, texts_of
from sorad.intake.origin import is_there, nearest, offline, same_content
from sorad.intake.places import closed, out_of_place
from sorad.intake.renumber import Key, renumbered
from sorad.intake.rules import Validate, rules_of
from sorad.intake.sorting import key_of, known_of
from sorad.intake.wants import assets_of, bare_wants
from sorad.ledger.interface import Ledger, Storyboard, Want
from sorad.messages import N_
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.receipts.folder import missing, observed, receipts_in
from sorad.storyboard.read import Reading, read_file
from sorad.vault.reports import not_read

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
    validate: Validate,
    price: Callable[[Request], Optional[int]],
    ledger: Optional[Ledger],
    *,
    force: bool = False,
) -> Planned:
    """What a storyboard would buy; nothing where it, or the place of its outputs, cannot be used."""
    read = _read(path, watch, config, validate)
    if isinstance(read, Planned):
        return read
    reading, wants = read
    assets = assets_of(path, watch)
    watched = {str(one.path) for one in config.watch}
    same = same_content(ledger, str(path), reading.contents, watched) if ledger is not None else None
    if ledger is not None and same is not None and is_there(same, watched, offline(ledger), str(path)):
        problem = Problem(
            "storyboard.copy", N_("it has the same content as {original}."), "", {"original": same.path}
        )
        return Planned(str(path), problems=(problem,))
    known: dict[Key, Take] = {}
    if ledger is not None:
        origin, takes = _takes(ledger, str(path), same, wants, watched)
        wants = [*as_bought(wants, takes, (), assets)]
        known = _known(takes, wants)
        row = next((board for board in reversed(ledger.storyboards()) if board.path == str(path)), None)
        if copy_of(ledger, reading.contents, *((same,) if same is not None else (row, origin))):
            mine = origin or row
            wants = held_back(ledger, mine.id if mine is not None else 0, wants, known)
    plan = Planned(str(path), tuple(_item(want, known, price, force=force) for want in wants))
    shut = closed(assets) if plan.bought else None
    return plan if shut is None else Planned(str(path), problems=(shut,))


def _read(
    path: Path, watch: Watch, config: Config, validate: Validate
) -> Union[Planned, tuple[Reading, list[Want]]]:
    """What a storyboard asks for, each with what its place holds; or why it buys nothing."""
    assets = assets_of(path, watch)
    try:
        reading = read_file(path, rules_of(config, watch, validate))
        trouble = None if reading.problems else out_of_place(path, assets)
        if reading.problems or trouble is not None:
            return Planned(str(path), problems=(trouble,) if trouble is not None else reading.problems)
        return reading, [
            observed(want) for want in as_bought(bare_wants(reading, assets), (), receipts_in(assets), assets)
        ]
    except OSError as error:
        return Planned(str(path), problems=(not_read(str(path), error),))


def total(plans: Iterable[Planned]) -> tuple[int, int, bool]:
    """How many takes would be bought, for how much (micro-units), and whether every price is known."""
    items = [item for planned in plans for item in planned.bought]
    return len(items), sum(item.price or 0 for item in items), all(item.price is not None for item in items)


def _takes(
    ledger: Ledger, path: str, same: Optional[Storyboard], wants: Sequence[Want], watched: Collection[str]
) -> tuple[Optional[Storyboard], list[Take]]:
    """Which one the storyboard was, and its takes."""
    takes = list(ledger.takes(storyboard=path))
    origin = same
    if origin is None and not takes:
        fingerprints = texts_of(wants)
        remote_ids = {want.remote_id for want in wants}
        origin = nearest(ledger, path, fingerprints, remote_ids, watched)
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
    known: dict[Key, Take],
    price: Callable[[Request], Optional[int]],
    *,
    force: bool,
) -> Item:
    take = known.get(key_of(want))
    state = want.state if want.state is not State.QUEUED or take is None else take.state
    older = want.newer is not None
    problem = _told(want, take, state)
    if problem is not None and not (force and state is State.DONE):
        return Item(
            want.segment, want.take, SKIP, "", want.request, want.output, problem=problem, older=older
        )
    waits = state in (State.QUEUED, State.HELD) or (
        state is State.CANCELLED and take is not None and take.error is None
    )
    if waits or (force and state is State.DONE):
        request = want.newer or want.request
        approved = take is not None and (take.approved or take.state is State.QUEUED)
        return Item(want.segment, want.take, BUY, "", request, want.output, price(request), approved=approved)
    return Item(want.segment, want.take, SKIP, _REASONS[state], want.request, want.output, older=older)


def _told(want: Want, take: Optional[Take], state: State) -> Optional[Problem]:
    """Why the user has something to do: its receipt is damaged, it would be a copy, its video is gone."""
    if want.state is State.HELD and want.error is not None:
        return None if take is not None and take.approved else want.error
    if state is not State.DONE:
        return None
    if want.state is State.DONE:
        return want.error
    return None if take is None or os.path.lexists(take.output) else missing(Path(take.output))
