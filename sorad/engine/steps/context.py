"""What the steps work with, by subject, and the one way to write down what a step found."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

from loguru import logger

from sorad import heartbeat
from sorad.clock import Clock
from sorad.config.model import Config, ProviderConfig
from sorad.delivery.partials import Partials, partials_in
from sorad.engine.decide import backoff
from sorad.engine.decide.rescue import Patience
from sorad.engine.state.accounts import Accounts
from sorad.engine.state.control import Control
from sorad.engine.state.downloads import Downloads
from sorad.engine.state.list_history import ListHistory
from sorad.engine.state.progress import Progress
from sorad.engine.state.reachability import Reachability
from sorad.engine.state.wall_clock import WallClock
from sorad.ledger.errors import ClaimLost, LedgerDamaged, LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change
from sorad.media.questions import Answer, Question, Unanswered
from sorad.messages import _
from sorad.model import Take
from sorad.problems import Problem
from sorad.providers.base import Provider, Video
from sorad.receipts.receipt import Payer

# An unknown create at an account: its take, the time of its intent, and the account whose list was looked at.
LookedFor = tuple[int, Optional[float], str]


@dataclass(frozen=True)
class Process:
    """What a step is told by the process it runs in, and tells it."""

    stopping: Callable[[], bool]  # no new step is to begin, under this config
    pause: Callable[[float], None]  # waits that many seconds, less when the process ends
    crashed: Callable[[Problem], None]  # told of mistakes in sorad itself
    # The process ends; only then may an outcome that cannot be written be left to the next start.
    ending: Callable[[], bool] = lambda: False
    # Whether the ledger is still the file that was opened; in one that was deleted, nothing outlives the process.
    has_ledger: Callable[[], bool] = lambda: True
    # Told of each step, and how many seconds it took.
    stepped: Callable[[Take, str, float], None] = lambda take, step, seconds: None


@dataclass(frozen=True)
class Folders:
    """What a step asks about the folders of takes."""

    delivered: Callable[[int], None]  # told the size of each file that was delivered, in bytes
    # Whether what lies in a root was read since the start; until then nothing is bought there.
    ready: Callable[[str], bool] = lambda root: True
    # Whether the disk that belongs at a folder below a root is away (`Take.mount`).
    is_away: Callable[[str], bool] = lambda mount: False
    # Whether a storyboard (its path) is being edited: what it asks for may not be what is wanted.
    is_edited: Callable[[str], bool] = lambda path: False


@dataclass(frozen=True)
class ClaimChecks:
    """Which machine buys and has bought, in folders that several share."""

    # Asked right before an intent: when to try again (epoch seconds), where another machine buys, or has bought.
    guard: Callable[[Take], Optional[float]] = lambda take: None
    # Whether a take under way was bought by another machine, which sees to it.
    is_foreign: Callable[[Take], bool] = lambda take: False
    payer: Callable[[str], Payer] = lambda root: Payer()  # who this machine is, in receipts below a root


@dataclass
class Lookups:
    """What is remembered of looks at the provider's list."""

    # Since when (monotonic) the list was seen to lack an unknown take's task.
    missed: dict[LookedFor, float] = field(default_factory=dict)
    # How often in a row the list could not be read, or proved nothing.
    in_vain: dict[LookedFor, int] = field(default_factory=dict)
    list_history: ListHistory = field(default_factory=ListHistory)  # what earlier looks at lists have shown
    # When to look (monotonic) at a list that has not shown a create of ours, and how often that was done; by account.
    proving: dict[str, tuple[float, int]] = field(default_factory=dict)
    # When (monotonic) a list was last looked at for what is on it before a create leaves; by account.
    before_creates: dict[str, float] = field(default_factory=dict)
    unread: int = 0  # how often in a row the list could not be read before a refused create was tried again


@dataclass(frozen=True)
class Deliveries:
    """What is on its way to the folders."""

    progress: Progress
    # What is being fetched, and how quickly it comes.
    downloads: Downloads = field(default_factory=lambda: Downloads(time.monotonic))
    # Signed URLs are secrets and age: they live here, not in the ledger. Lost, they are polled for again.
    videos: dict[int, Video] = field(default_factory=dict)
    # Receipts that cannot be written just now: by take, why.
    unwritten: dict[int, Problem] = field(default_factory=dict)


class Few:
    """Lets so many steps in at once; the others beat while they wait."""

    def __init__(self, most: int, beats: float = 1.0) -> None:
        """``beats``: seconds between two."""
        self._free, self._beats = threading.BoundedSemaphore(most), beats

    def __enter__(self) -> None:
        while not self._free.acquire(timeout=self._beats):
            heartbeat.beat()

    def __exit__(self, *_error: object) -> None:
        self._free.release()


@dataclass(frozen=True)
class Locks:
    """What only one step may do at a time."""

    buying: threading.Lock = field(default_factory=threading.Lock)  # an intent is weighed and committed
    reusing: threading.Lock = field(default_factory=threading.Lock)  # a video is chosen and taken
    # A list is laid beside the creates of a day: many at once would need the memory for all of them at once.
    judging: threading.Lock = field(default_factory=threading.Lock)
    listing: Few = field(default_factory=lambda: Few(2))  # likewise: a list may have thousands of rows


@dataclass
class StepContext:
    """What the engine's steps work with, under one config."""

    config: Config
    ledger: Ledger
    accounts: Accounts  # of one provider; its control, reach, times and limits are its own, too
    control: Control
    clock: Clock
    rng: random.Random
    times: WallClock  # how far the clock can be believed
    reach: Reachability  # whether the provider can be reached
    process: Process
    folders: Folders
    deliveries: Deliveries
    claims: ClaimChecks = field(default_factory=ClaimChecks)
    lookups: Lookups = field(default_factory=Lookups)
    locks: Locks = field(default_factory=Locks)
    name: str = ""  # of the provider
    targets: Collection[str] = ("",)  # what takes call it that are wanted from it; the first is "", too
    # The provider that takes of a target are wanted from; None: it is this one, whatever they say.
    seller: Optional[Callable[[str], Provider]] = None
    providers: Sequence[ProviderConfig] = ()  # all that the config has
    patience: Patience = field(default_factory=Patience)  # with folders that do not take their videos
    # Asks the process that decodes; whether it can be asked at all.
    ask_media: Callable[[Question], Answer] = lambda question: Unanswered("missing")
    decodes: Callable[[], bool] = lambda: False

    def partials(self, take: Take) -> Partials:
        """Where a take's download grows."""
        return partials_in(self.config.state_dir, self.claims.payer(take.root).id)

    @staticmethod
    def task(take: Take) -> str:
        """The name of a take's task among those of all providers: two may give one id."""
        return "\n".join((*take.place, take.remote_id))


def seller_of(context: StepContext, take: Take) -> Provider:
    """The provider that a take is to be bought from."""
    return context.accounts.current if context.seller is None else context.seller(take.target)


def record(
    context: StepContext, take: Take, change: Change, meanwhile: Callable[[], object] = lambda: None
) -> Optional[Take]:
    """Write an outcome down, however long the ledger cannot be written.

    What a provider answered is known here and nowhere else, so giving up is no option while the process
    lives. ``meanwhile`` is called once where the first try fails. ``None``: somebody else has the take now, or the
    ledger is damaged, and nothing was written. :class:`IdOwned` where ``change.sole`` forbids it.
    """
    attempt = 0
    while True:
        heartbeat.beat()
        try:
            return context.ledger.record(take, change, context.clock.time())
        except ClaimLost:
            logger.error(
                _(
                    "take {id}: it was changed meanwhile; what a step found ({note} {remote_id}) was not written"
                ),
                id=take.id,
                note=change.note,
                remote_id=change.remote_id or "",
            )
            if attempt == 0:
                meanwhile()
            return None
        except (LedgerUnavailable, LedgerDamaged) as error:
            attempt += 1
            logger.error(
                _(
                    "take {id}: what a step found ({note} {remote_id}) cannot be written to the ledger yet: {error}"
                ),
                id=take.id,
                note=change.note,
                remote_id=change.remote_id or "",
                error=str(error),
            )
            if attempt == 1:
                meanwhile()
            if attempt > 3 and (context.process.ending() or isinstance(error, LedgerDamaged)):
                return None  # the folder tells it to the ledger that is built again
            context.process.pause(backoff.delay(attempt, 0.1, 10.0, context.rng))


def release(context: StepContext, take: Take, due_at: Optional[float] = None) -> None:
    """Give a take back untouched, however long the ledger cannot be written: a claim outlives its step.

    At the end of the process that is left to the next start.
    """
    attempt = 0
    while True:
        heartbeat.beat()
        try:
            context.ledger.release(take, due_at)
            return
        except ClaimLost:
            return  # cancelled meanwhile
        except LedgerUnavailable as error:
            attempt += 1
            if attempt == 1:
                logger.warning(_("take {id} could not be given back: {error}"), id=take.id, error=str(error))
            if context.process.ending():
                return
            context.process.pause(backoff.delay(attempt, 0.1, 10.0, context.rng))
