"""What goes into a ledger and comes out of it, as values. Times are epoch seconds, money is micro-units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Optional

from sorad.elapsed import Moment
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.slotted import slotted

LOOKED_AT = 300  # takes, among which the latest ones are looked for
Unseen = Literal["poster", "checks", "left"]  # what is to be done about a video
Place = tuple[str, str]  # kind and base URL: within it an id is that of one task


class Party(NamedTuple):
    """Where takes are sent: whose they are, once they are. Two accounts may be at one address."""

    provider: str  # its kind
    base_url: str
    account: str


@dataclass(frozen=True)
class Storyboard:
    """A storyboard file as last read."""

    id: int
    root: str
    path: str  # absolute
    size: int
    mtime_ns: int
    content: str  # hash of its meaning: every (segment, takes, fingerprint); "" while invalid
    state: str  # "ok", "invalid", "copy" (of another with the same content), "gone"
    problems: tuple[Problem, ...] = ()
    segments: int = 0
    updated_at: float = 0.0
    copy_of: str = ""  # path of the storyboard that this one repeats, or repeated once
    rules: str = ""  # hash of the settings it was read under: other settings, read again
    mount: str = ""  # where the disk it lies on is mounted below the root; "": it is the root's own
    disk: str = ""  # identity of what was mounted there


@slotted
@dataclass(frozen=True)
class Want:
    """A take that a storyboard asks for. ``found`` tells what its output folder already holds."""

    segment: int
    take: int
    request: Request
    fingerprint: str
    output: str
    # DONE where the verified file is there (or was: ``error``); GENERATING where a receipt is; FAILED where it
    # says so; UNKNOWN where only the intent of a create is; HELD where it waits for the user
    state: State = State.QUEUED
    remote_id: str = ""  # from the receipt
    reused: str = ""  # the task whose video serves it, bought for another storyboard
    provider: str = ""
    base_url: str = ""
    account: str = ""
    request_id: str = ""
    cost: Optional[int] = None
    repeats: int = 0
    intent_at: Optional[float] = None
    accepted_at: Optional[float] = None
    finished_at: Optional[float] = None
    due_at: Optional[float] = None  # None: now
    error: Optional[Problem] = None  # with HELD: what it waits for; with FAILED, DONE: what is wrong
    wanted: bool = True  # False: the folder alone tells of it (an earlier text, a further take)
    earlier: tuple[
        Request, ...
    ] = ()  # what an earlier version of sorad would have sent for it, where that differs
    newer: Optional[Request] = None  # with a text that an earlier version has bought: what it asks for now
    target: str = ""  # the provider that it is wanted from, by name; "": the first
    currency: str = ""  # of the cost
    own_id: str = ""  # that its create went by
    sent: str = ""  # what that said, as JSON
    chosen_at: float = 0.0  # from the receipt
    follows: Optional[int] = None  # the segment before it
    frame: str = ""  # what it was bought with, from the receipt; see Take
    frame_of: str = ""
    attempts: str = ""  # from the receipt
    moved_by: str = ""  # of a new text, where the user moved the one before; see Take
    moved_from: str = ""
    moved_as: str = ""

    @property
    def place(self) -> Place:
        """Where its task is."""
        return self.provider, self.base_url

    @property
    def fingerprints(self) -> set[str]:
        """The fingerprints under which it may have been bought."""
        return {self.fingerprint, *(one.fingerprint() for one in self.earlier)}


@dataclass(frozen=True)
class Moved:
    """A known take that goes by another number, or whose file is or will be elsewhere."""

    take_id: int
    segment: int
    take: int
    output: str
    done: bool  # as it was seen: a take that ended meanwhile keeps its output, because there its file lies


@dataclass(frozen=True)
class Applied:
    """What a storyboard changed in the ledger."""

    storyboard_id: int
    added: int = 0  # takes queued
    skipped: int = 0  # takes whose file is already there, or known already
    cancelled: int = 0  # unsent takes that are no longer wanted
    kept: int = 0  # takes in flight or done of an earlier text


@dataclass(frozen=True)
class Change:
    """What a step writes about its take. Members left ``None`` stay as they are."""

    to: State
    note: str  # short, machine-readable: "accepted", "poll", "refused"… goes into the history
    due_at: Optional[float] = None
    attempt: Optional[int] = None
    error: Optional[Problem] = None
    clear_error: bool = False
    provider: Optional[str] = None
    base_url: Optional[str] = None
    account: Optional[str] = None
    remote_id: Optional[str] = None
    sole: bool = False  # the remote id must be one that no other take has or had there, or nothing is written
    request_id: Optional[str] = None
    validator: Optional[str] = None
    cost: Optional[int] = None
    told: Optional[bool] = None
    currency: Optional[str] = None
    own_id: Optional[str] = None
    sent: Optional[str] = None
    output: Optional[str] = None
    intent: bool = False  # counts a create and stamps ``intent_at``, with now where that is not told
    intent_at: Optional[float] = None
    ahead: Optional[float] = (
        None  # of an intent: seconds that our clock is ahead of the provider's, where known
    )
    refused: bool = False  # takes that count, and the purchase, back: proved to be refused, or never sent
    accepted_at: Optional[float] = None
    finished_at: Optional[float] = None
    parked: Optional[bool] = None
    watched: Optional[float] = None
    rebuy: Optional[bool] = None
    reused: Optional[str] = None
    repeats: Optional[int] = None  # so often a gateway sent the create again by itself; they count as creates
    fresh: bool = (
        False  # the user asked for it, whatever the storyboard says: the count of creates starts again
    )
    approved: bool = False  # the user approved its price: it is not held for that again
    chosen_at: Optional[float] = None  # 0: chosen no longer
    frame: Optional[str] = None
    frame_path: Optional[str] = None
    frame_of: Optional[str] = None
    target: Optional[str] = None
    moved_by: Optional[str] = None
    moved_from: Optional[str] = None
    moved_as: Optional[str] = None
    attempts: Optional[str] = None
    reprice: bool = False  # its price is another one: what the user approved does not hold any more
    checks: Optional[str] = None  # what a look at its video found
    poster: Optional[int] = None
    keep_claim: bool = False  # the step goes on (the intent, then the outcome)


@dataclass(frozen=True)
class Event:
    """A line of a take's history."""

    take_id: int
    at: float
    state: State
    note: str
    request_id: str = ""
    problem: Optional[Problem] = None
    moment: Optional[Moment] = None  # the time ``at`` by a clock that nobody can set; None: not known


@dataclass(frozen=True)
class Purchase:
    """A create that was accepted or may have been: money that is out. Amounts are micro-units."""

    take_id: int
    root: str
    storyboard: str
    segment: int
    take: int
    state: State  # of the take, now
    output: str
    remote_id: str
    estimate: Optional[int]  # the price when it was sent; None: not known, or not sent from here
    cost: Optional[int]  # what counts as spent: as the provider told, or else the estimate
    charged_at: float
    repeats: int = 0  # so often a gateway sent it again by itself: each may have cost as much
    provider: str = ""  # where it was bought: its kind; "": not known
    base_url: str = ""
    account: str = ""
    currency: str = ""  # of the amounts; "": not known, as the first provider's
    told: bool = False  # the cost is what the provider says, and not the estimate
    past: bool = False  # its take has another task by now, or none: this one failed

    @property
    def possible(self) -> int:
        """What may be out beside the cost, in micro-units."""
        return (self.cost or 0) * self.repeats


@dataclass(frozen=True)
class Recheck:
    """A task that was said to have failed, and is to be asked after once more."""

    take: Take  # as it is now, except for the task's own id, address and account
    waited: float  # seconds that passed since it was said, at least
    asked: Moment  # when it was handed out to be asked after
    newest: int = 0  # the newest take (id) when it was said


@dataclass(frozen=True)
class Generation:
    """A generation that ended well.

    ``took``: seconds from its acceptance until it was seen to be ready, at ``ended_at`` (epoch seconds).
    """

    provider: str
    base_url: str
    seconds: int  # of video
    pro: bool
    took: float
    ended_at: float


@dataclass(frozen=True)
class Command:
    """A control command that another process left for the daemon."""

    id: int
    at: float
    verb: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RootRow:
    """A watched folder as last seen."""

    path: str
    state: str  # "watching", "polling", "offline"; "starting": shown by `status` before there is a ledger
    device: str  # identity of what was mounted there, "" unknown
    reason: Optional[Problem] = None  # why it polls or is offline
    scanned_at: Optional[float] = None
    active: bool = True  # in the config of the last run
