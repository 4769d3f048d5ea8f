"""A world in which the real engine, ledger, intake and delivery run on a simulated clock, driven by a seed.

What is simulated: time, the provider with its task list and its faults, the network between, the folder's
user, which of several steps moves next, and the death of the process at any commit and between any request and
its answer. What is real: all of
sorad that decides or writes. A history is replayed exactly by its seed.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Optional, Union

import finding_lists
import fresh_ledger
from finding_lists import FindingList, refused_id, shape_of
from odd_answers import AFTER_ACCEPTANCE, WITHOUT_ID, outcome
from odd_lists import OddList
from turns import Alone, Died, Turns

from sorad.claim.arrivals import Arrivals
from sorad.claim.claims import Claims
from sorad.claim.machine import Machine
from sorad.config.model import Config
from sorad.daemon.parts import HOUSEKEEPING, SWEEP
from sorad.engine.decide.ambiguous import waits_for_user
from sorad.engine.decide.transitions import MISSES_TO_PARK
from sorad.engine.run.commands import Commands
from sorad.engine.run.loop import Engine
from sorad.engine.state.absent import Absent
from sorad.engine.state.accounts import Accounts
from sorad.engine.state.control import Control
from sorad.engine.state.destinations import Destinations
from sorad.engine.state.list_history import Sightings
from sorad.engine.state.progress import Progress
from sorad.engine.state.reachability import Reachability
from sorad.engine.state.wall_clock import WallClock
from sorad.engine.steps.context import ClaimChecks, Deliveries, Folders, Locks, Process, StepContext
from sorad.intake.reading import Intake
from sorad.layout import INTENT, receipt_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.states import OPEN
from sorad.model import Request, State, Take
from sorad.problems import Problem
from sorad.providers.base import (
    Accepted,
    Balance,
    Capabilities,
    Created,
    Download,
    DownloadCut,
    Fault,
    Finished,
    Listed,
    Missing,
    NotSent,
    Polled,
    Refused,
    RemoteTask,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
    Video,
)
from sorad.providers.openai_videos.api import repeated
from sorad.receipts.receipt import DONE, read_receipt
from sorad.vault.root import Root
from sorad.vault.service import Vault

START = 1_800_000_000.0
SAID = Problem("sim", "simulated")
MISSED = Problem("sim.missing", "simulated")
PRICE = 30_000
NEVER = float("inf")
# Seconds between two scans, and how many are left out at most where nothing happens.
SCANS, MOST_QUIET = 300.0, 11.0


class Clock:
    """Simulated time; only the world moves it. The machine's clock may be wrong, and stand still in sleep."""

    def __init__(self) -> None:
        self.now = START  # the true time, which the provider keeps
        self.wrong = 0.0  # the machine's wall clock is so far ahead
        self.slept = 0.0
        self.boots = 1
        self.booted = START  # when the machine was last started

    def time(self) -> float:
        return self.now + self.wrong

    def monotonic(self) -> float:
        return self.now - self.booted - self.slept

    def sleep(self, seconds: float) -> None:
        """The machine sleeps."""
        self.now += seconds
        self.slept += seconds

    def boot(self, off: float) -> None:
        """The machine is off for so long, and is started again."""
        self.now += off
        self.booted, self.slept = self.now, 0.0
        self.boots += 1


@dataclass
class Task:
    """A task at the provider: what it truly is, whatever was answered."""

    remote_id: str
    request: Request
    created_at: float
    ready_at: float  # inf: stuck
    fails: bool
    listed_at: float
    mends_after: float = NEVER  # so many seconds after it was ready (and failed) it is a video after all
    own_id: str = ""  # that its create brought
    repeat: bool = False  # a gateway sent its create besides, and answered with another one's id

    @property
    def mends(self) -> bool:
        """Whether it is said to have failed for less than a day."""
        return self.fails and self.mends_after < 86_000


def mp4(text: str) -> bytes:
    """The smallest file that passes for a video: ``ftyp``, ``moov`` with a track, ``mdat``."""

    def box(kind: bytes, payload: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(payload), kind) + payload

    header = struct.pack(">IIIII", 0, 0, 0, 1000, 10_000) + bytes(80)
    track = struct.pack(">IIIIII", 0, 0, 0, 1, 0, 10_000) + bytes(60)
    moov = box(b"mvhd", header) + box(b"trak", box(b"tkhd", track))
    return box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + box(b"moov", moov) + box(b"mdat", text.encode() * 3)


@dataclass
class Odds:
    """How likely each trouble is, per occasion. All of them can be switched off for a calm world."""

    lost_answer: float = 0.06  # accepted, and nobody told us
    lost_request: float = 0.04  # not accepted, and nobody told us
    not_sent: float = 0.03
    rate: float = 0.05
    refused: float = 0.01
    die_at_commit: float = 0.004
    die_in_create: float = 0.03  # before or after the server took it
    poll_fault: float = 0.03
    poll_missing: float = 0.01
    stuck: float = 0.02
    fails: float = 0.03
    mends: float = 0.5  # of those that fail
    repeats: float = 0.02  # a gateway sends the create twice or three times
    cut: float = 0.1
    expired: float = 0.05
    bad_file: float = 0.05
    list_fault: float = 0.1
    # Of gateways between; rolled for only where they are above 0, so that the histories of before stay what they were:
    rate_accepted: float = 0.0  # accepted, and answered with 429; the list shows it at once
    same_id: float = 0.0  # answered with the id of an earlier task, merged with it or not
    odd_answer: float = 0.0  # accepted, and answered as if not
    no_id: float = 0.0  # accepted, and the answer names no task


class SimProvider:
    """The provider and the network to it. Outlives the process."""

    kind, base_url, account, currency = "sora_hk", "https://sim.invalid/v1", "acc0", "USD"

    def __init__(self, clock: Clock, rng: random.Random, odds: Odds, lists: bool = True) -> None:
        self.clock, self.rng, self.odds = clock, rng, odds
        self.capabilities = Capabilities((10, 15), (10, 15, 25), 5000, False, lists, True)
        self.tasks: dict[str, Task] = {}
        self.skew = rng.uniform(-240, 240)
        self.refusing_until = 0.0
        self.creates = 0  # that were asked for
        self.lasts = (100.0, 1500.0)  # how long generations take, in seconds
        self.creates_refused: list[float] = []
        self.most_at_once = 0
        self.times: Optional[WallClock] = None  # of the process that asks
        self.reach: Optional[Reachability] = None
        self.tells_date = rng.random() < 0.7
        self.away_until, self.tries_away = 0.0, 0
        self.pause: Callable[[], None] = lambda: None  # where others may come between
        self.answered: list[str] = []  # ids, as creates were answered
        self.keeps_prices: Optional[Problem] = None  # why it tells none
        self.list = OddList()
        self.foreign: list[Task] = []  # of neighbours on the same account
        self.unreadable = False
        self.date_skew = 0.0  # how far its answers' dates are off
        self.finding: Optional[FindingList] = (
            None  # how its list lets lost creates be found; None: by text at once
        )

    # --- what a provider is asked ----------------------------------------------------------------
    def validate(self, request: Request) -> list[Problem]:
        return []

    def price(self, request: Request) -> Optional[int]:
        self.pause()
        return None if self.keeps_prices is not None else PRICE

    def sent(self, request: Request) -> dict[str, Any]:
        """What a create says."""
        return {"duration": request.seconds} if self.finding is None else shape_of(request)

    def price_trouble(self) -> Optional[Problem]:
        return self.keeps_prices

    def check(self) -> Optional[Fault]:
        return Fault(Trouble.TRANSPORT, SAID) if self.clock.now < self.away_until else None

    def balance(self) -> Union[Balance, Fault]:
        return Balance(1_000_000_000)

    def create(self, request: Request, own_id: str = "") -> Created:
        odds, dice = self.odds, self.rng.random
        self.creates += 1
        if dice() < odds.not_sent:
            return NotSent(Fault(Trouble.TRANSPORT, SAID))
        if dice() < odds.die_in_create:
            raise Died
        if self.clock.now < self.away_until:
            self.tries_away += 1
            return NotSent(Fault(Trouble.TRANSPORT, SAID))
        if self.clock.now < self.refusing_until or dice() < odds.rate:
            self.creates_refused.append(self.clock.now)
            return Refused(Fault(Trouble.RATE, SAID, "", self.rng.choice([None, 5.0])))
        if dice() < odds.refused:
            return Refused(Fault(Trouble.REQUEST, SAID))
        if dice() < odds.lost_request:
            return Unknown(Fault(Trouble.SERVER, SAID))
        refused = refused_id(self, own_id)
        if refused is not None:
            return refused
        self.pause()
        merged = self._merged()
        if merged is not None and dice() < 0.5:
            return Accepted(merged, "req", PRICE)
        repeats = self.rng.randrange(1, 3) if odds.repeats and dice() < odds.repeats else 0
        for _time in range(repeats):
            self._accept(request).repeat = True
        task = self._accept(request)
        task.own_id = own_id
        if odds.rate_accepted and dice() < odds.rate_accepted:
            task.listed_at = self.clock.now
            return Refused(Fault(Trouble.RATE, SAID, "", self.rng.choice([None, 5.0])))
        self.pause()
        if dice() < odds.die_in_create:
            raise Died
        if merged is not None:
            return Accepted(merged, "req", PRICE)
        if dice() < odds.lost_answer:
            return Unknown(Fault(Trouble.TRANSPORT, SAID))
        for chance, answers in ((odds.odd_answer, AFTER_ACCEPTANCE), (odds.no_id, WITHOUT_ID)):
            if chance and dice() < chance:
                return repeated(outcome(*self.rng.choice(answers), native=dice() < 0.5), repeats)
        self.answered.append(task.remote_id)
        return Accepted(task.remote_id, "req", PRICE, repeats)

    def _merged(self) -> Optional[str]:
        """The id of a task that was answered before, where this create is answered with it."""
        if not self.odds.same_id or not self.answered or self.rng.random() >= self.odds.same_id:
            return None
        return self.rng.choice(self.answered)

    def _accept(self, request: Request) -> Task:
        now, odds, dice = self.clock.now, self.odds, self.rng.random
        ready = float("inf") if dice() < odds.stuck else now + self.rng.uniform(*self.lasts)
        listed = now + self.rng.choice([0.0, 0.0, 20.0]) + self.list.lag * self.rng.random()
        task = Task(f"t{len(self.tasks)}", request, now, ready, dice() < odds.fails, listed)
        if task.fails and dice() < odds.mends:
            task.mends_after = self.rng.choice([200.0, 400.0, 3000.0, 20_000.0, 80_000.0])
        self.tasks[task.remote_id] = task
        running = sum(1 for other in self.tasks.values() if other.ready_at > now)
        self.most_at_once = max(self.most_at_once, running)
        return task

    def poll(self, remote_id: str) -> Polled:
        odds, dice, task = self.odds, self.rng.random, self.tasks[remote_id]
        self.pause()
        if self.clock.now < self.away_until:
            self.tries_away += 1
            return Fault(Trouble.TRANSPORT, SAID)
        if self.reach is not None:
            self.reach.answered()
        if dice() < odds.poll_fault:
            return Fault(self.rng.choice([Trouble.TRANSPORT, Trouble.SERVER, Trouble.RATE]), SAID)
        if dice() < odds.poll_missing:
            return Missing(MISSED)
        if self.clock.now < task.ready_at:
            return Running(50.0)
        failed = task.fails and self.clock.now < task.ready_at + task.mends_after
        return TaskFailed(SAID) if failed else Finished(Video(f"https://cdn.invalid/{remote_id}"))

    def open_video(self, remote_id: str, video: Video, offset: int, validator: str) -> Union[Download, Fault]:
        odds, dice = self.odds, self.rng.random
        if dice() < odds.expired:
            return Fault(Trouble.EXPIRED, SAID)
        body = self.film(self.tasks[remote_id])
        if dice() < odds.bad_file:
            body = b"<html>sorry</html>"
            offset = 0
        cut = self.rng.randrange(len(body)) if dice() < odds.cut else None
        return Download(offset, len(body), '"e"', "video/mp4", "req", self._pieces(body, offset, cut))

    def film(self, task: Task) -> bytes:
        """The video of a task."""
        return mp4(task.request.prompt)

    def _pieces(self, body: bytes, offset: int, cut: Optional[int]) -> Iterator[bytes]:
        for at in range(offset, len(body), 64):
            if cut is not None and at >= cut:
                raise DownloadCut
            yield body[at : at + 64]

    def recent(self, since: float, own_id: str = "") -> Union[Listed, Fault]:
        if self.times is not None and self.tells_date:
            self.times.heard(self.clock.now + self.date_skew, 0.0)
        if self.rng.random() < self.odds.list_fault or self.unreadable:
            return Fault(Trouble.SERVER, SAID)
        if self.finding is not None:
            return finding_lists.recent(self, since, own_id)
        self.pause()
        found = [task for task in self.all_tasks() if task.listed_at <= self.clock.now]
        self.pause()
        rows = [
            RemoteTask(
                task.remote_id,
                task.request.prompt,
                task.created_at + self.skew,
                task.request.seconds,
                task.request.orientation,
                task.request.pro,
            )
            for task in reversed(found)
        ]
        return self.list.read(rows, since)

    def all_tasks(self) -> list[Task]:
        """Ours and the neighbours', as they were created."""
        return sorted([*self.tasks.values(), *self.foreign], key=lambda task: task.created_at)

    def neighbour(self, request: Request) -> None:
        """Another program buys something on the same account."""
        now = self.clock.now
        listed = now + self.list.lag * self.rng.random()
        self.foreign.append(Task(f"n{len(self.foreign)}", request, now, now + 300.0, False, listed))


class Mortal:
    """A ledger whose process may die before or after any commit."""

    _WRITES = frozenset(
        {"apply", "withdraw", "claim", "release", "record", "remember", "answer", "queue_another"}
    )

    # Others may come before these; not while a thread holds a lock, as `Control` does where it remembers.
    _PAUSES = frozenset({"record", "release", "takes", "owned"})

    def __init__(
        self, ledger: SqliteLedger, rng: random.Random, odds: Odds, pause: Callable[[], None]
    ) -> None:
        self._ledger, self._rng, self._odds, self._pause = ledger, rng, odds, pause

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._ledger, name)
        if name in self._PAUSES:
            self._pause()
        if name not in self._WRITES:
            return verb

        def mortal(*args: Any, **kwargs: Any) -> Any:
            if self._rng.random() < self._odds.die_at_commit:
                raise Died
            result = verb(*args, **kwargs)
            if self._rng.random() < self._odds.die_at_commit:
                raise Died
            return result

        return mortal


class Inline:
    """A lane without threads: jobs wait for the world to run them, one after the other."""

    def __init__(self, jobs: list[Callable[[], None]], size: int) -> None:
        self._jobs, self.size = jobs, size
        self.busy = 0

    @property
    def free(self) -> int:
        return self.size - self.busy

    def run(self, job: Callable[[], None], key: Optional[int] = None) -> None:
        self.busy += 1

        def counted() -> None:
            try:
                job()
            finally:
                self.busy -= 1

        self._jobs.append(counted)

    def go_aside(self, key: int) -> None:
        """Jobs run one after the other here: none keeps others waiting."""


class NoWatcher:
    """Hints never come: the scan alone must do."""

    def __init__(self, hint: Callable[[str], None], wake: Callable[[], None]) -> None:
        pass

    def add(self, root: str, now: float) -> None: ...

    def remove(self, root: str) -> None: ...

    def close(self) -> None: ...

    def problem(self, root: str) -> Optional[Problem]:
        return None

    def next_at(self) -> Optional[float]:
        return None

    def renew(self, root: str, now: float) -> None: ...

    def compare(self, root: str, walked: Any, now: float) -> None: ...

    def check(self, now: float) -> list[Any]:
        return []


def _only_scans(work: Root, due: float) -> bool:
    """Whether nothing but the next scan of a root is due, and no disk below it may come or go."""
    return work._scan_at == due and not work._mounts._disks


@dataclass
class World:
    """One history."""

    seed: int
    folder: Path
    odds: Odds = field(default_factory=Odds)
    lists: bool = True
    settings: dict[str, Any] = field(default_factory=dict)
    reuse: str = "folder"
    takes_each: int = 1
    centralized: bool = False
    proved: bool = True  # the provider's list has shown creates of ours before
    # Of one machine of several, which share clock and provider (see `pair.py`):
    machine: Optional[Machine] = None
    watch: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    shared: Optional[SimProvider] = None
    place: Optional[Path] = None  # of its vault
    together: Optional[Turns] = None  # in which all their steps take their turns

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.odds = replace(self.odds)  # `calm` changes them
        self.random = self.machine is None and any(vars(self.odds).values())
        self.vault_dir = self.place or self.folder / "vault"
        self.vault_dir.mkdir(parents=True, exist_ok=True)
        self.out_dir = self.folder / "out" if self.centralized else None
        if self.out_dir is not None:
            self.out_dir.mkdir()
        self.provider = self.shared or SimProvider(self.clock, self.rng, self.odds, self.lists)
        self.free = 10**12
        kind = random.Random(f"machine {self.seed}")
        self.names_boots, self.tells_sleep = kind.random() < 0.8, kind.random() < 0.8
        self.deaths = 0
        self.story = 0
        self.log: list[str] = []
        self.again: Counter[str] = Counter()  # what the user asked for once more
        self.live(self.start)
        if self.proved:
            self.list_is_proved()

    # --- the process -----------------------------------------------------------------------------
    @property
    def config(self) -> Config:
        return Config.model_validate(
            {
                "state_dir": self.folder / "state",
                "watch": [
                    {
                        "path": self.vault_dir,
                        "rescan_seconds": SCANS,
                        "polling": "never",
                        "takes": self.takes_each,
                        "output_mode": "centralized" if self.centralized else "in_place",
                        "output_dir": self.out_dir,
                        "reuse": self.reuse,
                        "claim": "never" if self.machine is None else "auto",
                        **self.watch,
                    }
                ],
                "limits": {"concurrency": 4, "safe_concurrency": 2, "jitter_seconds": [0.5, 3.0]},
                "polling": {"first_after": 120, "every": 120, "give_up_after": 2100},
                **self.settings,
            }
        )

    def start(self) -> None:
        """Start the process; it may die doing so."""
        config = self.config
        tells = self.rng.random() < 0.7
        tells = tells and self.tells_sleep  # its uptime counts no more of sleep than it tells otherwise
        self.times = WallClock(self.clock, lambda: self.clock.slept if tells else None)
        self.reach = Reachability(self.clock)
        fresh_ledger.lay(self.folder / "state" / "ledger.sqlite3")
        self.ledger = SqliteLedger.open(self.folder / "state" / "ledger.sqlite3")
        self.raw = self.ledger
        self.turns = self.together or Turns(self.rng)
        self.speak()
        ledger: Any = Mortal(self.ledger, self.rng, self.odds, self.turns.pause)
        boot = f"boot{self.clock.boots}" if self.names_boots else ""
        uptime = (
            (lambda: self.clock.monotonic() + self.clock.slept) if self.tells_sleep else self.clock.monotonic
        )
        self.ledger.recover(f"sim{self.deaths}", self.clock.time(), boot, uptime)
        self.jobs: list[Callable[[], None]] = []
        self.control = Control(ledger, config.limits, self.clock)
        accounts = Accounts(self.provider, {}, self.ledger, lambda settings: None)
        provider = self.provider
        nobody = OSError("not told apart")
        self.claims = Claims(
            config.watch, ledger, self.clock, self.machine or nobody, sleep=lambda seconds: None
        )
        intake = Intake(
            config,
            self.seller,
            ledger,
            self.clock,
            lambda: None,
            self.claims.stands_by,
            self.claims.is_us,
            self.claims.payer,
        )
        self.intake = intake
        self.vault = Vault(config.watch, ledger, intake, self.clock, None, NoWatcher)  # type: ignore[arg-type]
        vault = self.vault
        self.arrivals = Arrivals(ledger, self.claims, self.clock, vault.rescan)
        rooms = Destinations(
            config.watch,
            config.disk,
            ledger,
            vault.states,
            lambda path: self.free,
            self.claims.may_buy,
            away=vault.away,
            edits=vault.edits,
        )
        self.context = StepContext(
            config=config,
            ledger=ledger,
            accounts=accounts,
            control=self.control,
            clock=self.clock,
            rng=self.rng,
            times=self.times,
            reach=self.reach,
            process=Process(stopping=lambda: False, pause=lambda seconds: None, crashed=self._crashed),
            folders=Folders(rooms.delivered, vault.ready, vault.is_away, vault.is_edited),
            deliveries=Deliveries(Progress()),
            claims=ClaimChecks(
                self.arrivals.guard if self.machine else lambda take: None,
                self.arrivals.is_foreign,
                self.claims.payer,
            ),
            locks=Locks(*(Alone(self.turns) for _lock in range(3)), nullcontext()),  # type: ignore[arg-type]
        )
        self.commands = Commands(self.context, self.vault.rescan, self.claims if self.machine else None)
        self.absent = Absent(ledger, self.claims.may_buy, lambda take: accounts.of(take) is provider)
        self.house_at = self.sweep_at = 0.0
        self.engine = Engine(
            self.contexts(), rooms, self.commands.run, lambda name, size, done: Inline(self.jobs, size)
        )  # type: ignore[arg-type,return-value]
        self.look = True

    def seller(self, target: str) -> SimProvider:
        """Whom takes of a target are wanted from."""
        return self.provider

    def contexts(self) -> list[StepContext]:
        """One for each provider."""
        return [self.context]

    def seen(self) -> Sightings:
        """What the list has shown, as is remembered."""
        return Sightings.from_json(self.raw.recall(f"list:{self.provider.account}"))

    def list_is_proved(self, **seen: Any) -> None:
        """The list has shown creates of ours before."""
        proof = Sightings(**{"shown": 0.0, "verbatim": True, **seen})
        self.raw.remember(f"list:{self.provider.account}", proof.to_json())

    def speak(self) -> None:
        """This process speaks to the provider from now on."""
        self.provider.times, self.provider.reach = self.times, self.reach
        self.provider.pause = self.turns.pause

    def restart(self, takes: int = 1, **settings: Any) -> None:
        """End the process in good order and start it with another config."""
        self.most = max(self.most, self.raw.in_flight())
        self.settings = settings
        self.takes_each = takes
        self.ledger.close()
        self.live(self.start)

    def reboot(self, off: float, wrong: float) -> None:
        """The machine is off for so long, however it ended; then its clock is so many seconds ahead."""
        self.ledger.close()
        self.clock.boot(off)
        self.clock.wrong, self.vault_due = wrong, 0.0
        self.live(self.start)

    def _crashed(self, problem: Problem) -> None:
        raise AssertionError(f"seed {self.seed}: {problem}")

    def live(self, doing: Callable[[], Any]) -> Any:
        """Do something in the process; if it dies of it, start it again."""
        try:
            return doing()
        except Died:
            while True:
                self.deaths += 1
                self.log.append(f"{self.clock.monotonic():.0f} died")
                self.ledger.close()
                try:
                    self.start()
                    return None
                except Died:
                    continue

    # --- time ------------------------------------------------------------------------------------
    def run(self, seconds: float) -> None:
        """Let time pass, with all that is due on the way."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            step = self.live(self._turn)
            self.clock.now = min(end, self.clock.now + max(0.001, step if step is not None else 0.0))

    def _turn(self) -> float:
        now = self.clock.monotonic()
        vault_at = self.vault_due
        if self.look or self.vault_due <= now:
            self.quiet_scans = 0 if self.look else self.quiet_scans + 1
            vault_at = self.vault.turn()
        self.vault_due = self._next_look(vault_at)
        self.look = False
        self._keep_house()
        self._hear()
        wait = self.engine.turn()
        if self.jobs:
            self._work()
            wait = 0.0
        self.check_limits()
        return min(wait, max(0.0, self.vault_due - self.clock.monotonic()))

    def _next_look(self, vault_at: float) -> float:
        """When the vault has something to do. It looks at its watcher every few seconds; there is none here, so only
        its own dues count. In random histories scans of a folder in which nobody did anything come less and less
        often: there are thousands, and what is left out is nothing but waiting."""
        works = self.vault._work.values()
        due = min((work.next_at() for work in works), default=vault_at)
        if self.random and self.vault.quiet() and all(_only_scans(work, due) for work in works):
            due += min(2.0**self.quiet_scans - 1.0, MOST_QUIET) * SCANS
        return due

    def _keep_house(self) -> None:
        """What the daemon's own thread does, at its pace."""
        now = self.clock.monotonic()
        if now < self.house_at:
            return
        self.house_at = now + HOUSEKEEPING
        root = str(self.vault_dir)
        if self.machine is not None and self.claims.may_buy(root):
            self.arrivals.look_again([root])
        if now >= self.sweep_at:
            self.sweep_at = now + SWEEP
            there = [row.path for row in self.vault.states() if row.state != "offline"]
            self.arrivals.sweep(there if self.machine is not None else [])
            self.absent.seek(self.intake.missing(), self.clock.time())

    def _work(self) -> None:
        """The steps that were handed to the lanes: one after the other, or at once."""
        while self.jobs and self.together is None:
            if len(self.jobs) > 1 and self.rng.random() < 0.5:
                self.turns.run(self._handed_over(), self._meanwhile)
            else:
                self.jobs.pop(self.rng.randrange(len(self.jobs)))()

    def _handed_over(self) -> list[Callable[[], None]]:
        jobs = self.jobs[:]
        self.jobs.clear()
        return jobs

    def _meanwhile(self) -> list[Callable[[], None]]:
        """While steps wait for their answers: time passes, and the other threads look."""
        self.clock.now += self.rng.choice([0.01, 0.5, 5.0])
        if self.rng.random() < 0.3:
            self.vault.turn()
        self._hear()
        self.engine.turn()
        return self._handed_over()

    def _hear(self) -> None:
        """Commands come by another connection in life, which the engine notices; here they come by its own."""
        if self.commanded:
            self.commanded = False
            self.commands.run()

    vault_due = 0.0
    quiet_scans = 0  # in a row
    most = 0  # in flight, left over from a config that allowed more, or told by receipts
    commanded = False
    lost = False  # whether a ledger was lost
    _creates = 0

    # --- the user --------------------------------------------------------------------------------
    def write(self, name: str, prompts: list[str], takes: int = 1) -> Path:
        """Write a storyboard."""
        segments = [
            {"segment_index": number, "prompt_text": prompt, "takes": takes}
            for number, prompt in enumerate(prompts, start=1)
        ]
        path = self.vault_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"segments": segments}), encoding="utf-8")
        self.look = True
        self.vault.rescan()
        return path

    def save(self, path: Path, prompts: list[str], how: str) -> None:
        """An editor saves a storyboard: "over" (a new file is renamed over it), or "empty" or "remove" it first."""
        segments = [{"segment_index": number, "prompt_text": text} for number, text in enumerate(prompts, 1)]
        if how == "over":
            fresh = path.with_name(".fresh.tmp")
            fresh.write_text(json.dumps({"segments": segments}), encoding="utf-8")
            fresh.replace(path)
        else:
            path.write_text("", encoding="utf-8") if how == "empty" else path.unlink()
            self.hinted(path)
            self.run(self.rng.choice([0.01, 1.0]))
            path.write_text(json.dumps({"segments": segments}), encoding="utf-8")
        self.hinted(path)

    def hinted(self, path: Path) -> None:
        """The watcher tells of a change."""
        self.look = True
        self.vault.hint(str(path))

    def changed(self) -> None:
        """The user did something in the folder."""
        self.look = True
        self.vault.rescan()

    def command(self, verb: str) -> None:
        """The user says something of some take; the engine hears it whenever it looks."""
        takes = self.takes()
        if verb == "resolve":
            takes = [take for take in takes if take.state is State.UNKNOWN and waits_for_user(take)]
        args: dict[str, Any] = {}
        if verb in ("cancel", "retry", "resolve"):
            if not takes:
                return
            take = self.rng.choice(takes)
            args = {"ids": [take.id]}
        if verb == "retry":
            self.again[take.request.prompt] += 1
        if verb == "resolve":
            # as somebody would who looked at the account: nothing is sent again that is there
            mine = [task.remote_id for task in self._orphans(take)]
            args = {"id": take.id, "how": "adopt" if mine else "resend"}
            args.update({"remote_id": mine[0]} if mine else {})
        self.log.append(f"{verb} {args}")
        self.raw.post(verb, args, self.clock.time())
        self.commanded = True

    def _orphans(self, take: Take) -> list[Task]:
        owned = self.raw.owned(list(self.provider.tasks))
        tasks = self.provider.tasks.values()
        return [one for one in tasks if one.request == take.request and one.remote_id not in owned]

    def storyboards(self) -> list[Path]:
        """The storyboards that are there."""
        found = self.vault_dir.rglob("storyboard*.json")
        return sorted(path for path in found if not re.search(r"_S\d+_T\d+_", path.name))  # no receipts

    def calm(self) -> None:
        """All trouble ends: what can still come to an end does."""
        for name in vars(self.odds):
            setattr(self.odds, name, 0.0)
        self.provider.refusing_until = 0.0
        self.provider.list, self.provider.unreadable = OddList(), False
        self.free = 10**12
        for task in self.provider.tasks.values():
            task.ready_at = min(task.ready_at, self.clock.now)

    def settle(self, days: float = 2.0) -> None:
        """Run until nothing is open or asked after any more, or for so many days."""
        end, wait = self.clock.now + days * 86_400, 600.0
        while self.clock.now < end:
            self.run(wait)
            open_takes = [take for take in self.takes() if take.state in OPEN and not self.stuck(take)]
            look = self.raw.next_recheck()
            if not open_takes and look is None:
                return
            wait = (
                600.0 if open_takes or look is None else max(600.0, min(look - self.clock.time(), 21_600.0))
            )
        raise AssertionError(f"seed {self.seed}: these never end: {open_takes}")

    # --- what must hold --------------------------------------------------------------------------
    def takes(self) -> list[Take]:
        """All takes of the ledger."""
        return list(self.raw.takes())

    def stuck(self, take: Take) -> bool:
        """Whether it waits for the user, or for one that does."""
        if self.vault.states()[0].state == "offline":
            return True  # the user deleted all there was: for all sorad can tell, the disk is away
        if take.state is State.QUEUED and self.control.stops:
            return True
        if take.state is State.QUEUED:
            twins = self.raw.takes(states=[State.UNKNOWN])
            return any(twin.fingerprint == take.fingerprint and self.stuck(twin) for twin in twins)
        return take.state is State.HELD or (take.state is State.UNKNOWN and waits_for_user(take))

    def bought(self) -> Counter[str]:
        """Accepted creates per prompt: the truth about money."""
        return Counter(task.request.prompt for task in self.provider.tasks.values() if not task.repeat)

    def check_limits(self) -> None:
        """At every moment: never more in flight than allowed, but for what was bought under another limit.

        Receipts tell a new ledger of all that is in flight, also of what was given up waiting for and held no
        slot any more: that may be more than allowed. Nothing is sent then, or the next look finds it. So it is
        with a task that the provider did not know for a while.
        """
        now = self.raw.in_flight()
        if self.lost and self.provider.creates == self._creates:
            self.most = max(self.most, now)
        self._creates = self.provider.creates
        limit = max(self.context.config.limits.concurrency, self.most)
        if now > limit:
            back = [take for take in self.raw.takes(states=[State.GENERATING]) if self._was_missed(take)]
            self.most = limit = limit + len(back)
        assert now <= limit, f"seed {self.seed}: {now} in flight"
        self.most = min(self.most, max(now, self.context.config.limits.concurrency))

    def _was_missed(self, take: Take) -> bool:
        """Whether it gave its slot up once, because the provider did not know it."""
        misses = sum(event.problem == MISSED for event in self.raw.history(take.id))
        return not take.parked and misses >= MISSES_TO_PARK

    def _is_one_of_several(self, task: Task, ours: Mapping[str, Take]) -> bool:
        """Whether a take has a task of the same request that a gateway bought besides: one serves as well."""
        same = [one for one in self.provider.tasks.values() if one.request == task.request]
        unowned = sum(not one.repeat and one.remote_id not in ours for one in same)
        return unowned <= sum(one.repeat and one.remote_id in ours for one in same)

    def check(self, allowed: Optional[Counter[str]] = None) -> None:
        """At the end: nothing was bought twice, nothing bought is lost, ledger and folder agree."""
        takes = self.takes()
        wanted: Counter[str] = (
            allowed if allowed is not None else self.again + Counter(take.request.prompt for take in takes)
        )
        for prompt, count in self.bought().items():
            assert count <= wanted[prompt], f"seed {self.seed}: {prompt!r} was bought {count} times"
        ours = {take.remote_id: take for take in takes if take.remote_id}
        assert len(ours) == sum(1 for take in takes if take.remote_id), (
            f"seed {self.seed}: a task has two takes"
        )
        for remote_id, task in self.provider.tasks.items():
            take = ours.get(remote_id)
            forgotten = not task.mends or self.lost
            if take is None and (task.repeat or self._is_one_of_several(task, ours)):
                continue  # that a gateway may have bought it is told with the money
            if take is None and task.fails and forgotten and self.raw.owned([remote_id]):
                continue  # it failed, as the purchases tell, and its take was bought anew
            if take is None:
                waiting = [t for t in takes if t.request.prompt == task.request.prompt and self.stuck(t)]
                assert waiting, f"seed {self.seed}: task {remote_id} was paid for and nobody knows of it"
            elif take.state is State.DONE:
                video = Path(take.output)
                assert video.read_bytes() == mp4(task.request.prompt), f"seed {self.seed}: {video} is wrong"
                receipt = read_receipt(receipt_path(video))
                assert receipt is not None, f"seed {self.seed}: no receipt for {video}"
                assert (receipt.state, receipt.remote_id) == (DONE, remote_id), f"seed {self.seed}: {receipt}"
            else:
                assert take.state in OPEN or forgotten, (
                    f"seed {self.seed}: {task} was given up too early: {take}"
                )
                assert take.state in OPEN or take.error is not None, f"seed {self.seed}: {take} says nothing"
        outputs = self.out_dir or self.vault_dir
        for note in outputs.rglob(f"*{INTENT}"):
            video = note.with_name(f"{note.name[: -len(INTENT)]}.mp4")
            assert any(t.output == str(video) and t.state is State.UNKNOWN for t in takes), (
                f"seed {self.seed}: {note} stayed behind"
            )
        assert not list(outputs.rglob(".*.tmp")) or any(t.state in OPEN for t in takes)

    def close(self) -> None:
        """Tidy up."""
        self.ledger.close()
        shutil.rmtree(self.folder)
