"""The plan: what would be bought for the storyboards that are there, what is skipped and why. Buys nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from sorad.config.model import Config, Watch
from sorad.intake import Validate, rules_of, wants_of
from sorad.ledger.interface import Ledger, Want
from sorad.messages import N_
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.storyboard.read import read_file

BUY, SKIP = "buy", "skip"

# Why a take is skipped, by the state in which the ledger knows it.
_REASONS = {
    State.DONE: N_("the video is there"),
    State.GENERATING: N_("bought already, being generated"),
    State.DOWNLOADING: N_("bought already, being fetched"),
    State.SUBMITTING: N_("being bought"),
    State.UNKNOWN: N_("perhaps bought already: being looked up"),
    State.FAILED: N_("failed earlier: `sorad retry` buys it again"),
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
    """What a storyboard would buy. ``OSError`` where the file cannot be read."""
    reading = read_file(path, rules_of(config, watch, validate))
    if reading.problems:
        return Planned(str(path), problems=reading.problems)
    known, copy_of = _known(ledger, str(path), reading.content)
    if copy_of is not None:
        problem = Problem(
            "storyboard.copy", N_("it has the same content as {original}."), "", {"original": copy_of}
        )
        return Planned(str(path), problems=(problem,))
    wants = wants_of(reading, path, watch)
    return Planned(str(path), tuple(_item(want, known, price, force=force) for want in wants))


def total(plans: Iterable[Planned]) -> tuple[int, int, bool]:
    """How many takes would be bought, for how much (micro-units), and whether every price is known."""
    items = [item for planned in plans for item in planned.bought]
    return len(items), sum(item.price or 0 for item in items), all(item.price is not None for item in items)


def _known(
    ledger: Optional[Ledger], path: str, content: str
) -> tuple[dict[tuple[int, int, str], Take], Optional[str]]:
    """The takes the ledger knows for a storyboard, and the path of the one that it repeats, if it is a copy."""
    if ledger is None:
        return {}, None
    takes: Sequence[Take] = list(ledger.takes(storyboard=path))
    if not takes:
        for other in ledger.with_content(content):
            if other.path == path or other.state not in ("ok", "gone"):
                continue
            if Path(other.path).exists():
                return {}, other.path
            takes = list(ledger.takes(storyboard=other.path))
    return {(take.segment, take.take, take.fingerprint): take for take in takes}, None


def _item(
    want: Want,
    known: dict[tuple[int, int, str], Take],
    price: Callable[[Request], Optional[int]],
    *,
    force: bool,
) -> Item:
    take = known.get((want.segment, want.take, want.fingerprint))
    state = want.state if want.state is not State.QUEUED or take is None else take.state
    waits = state in (State.QUEUED, State.HELD) or (
        state is State.CANCELLED and take is not None and take.error is None
    )
    if waits or (force and state is State.DONE):
        return Item(want.segment, want.take, BUY, "", want.request, want.output, price(want.request))
    return Item(want.segment, want.take, SKIP, _REASONS[state], want.request, want.output)
