"""What `sorad status` goes by: gathered from the ledger and the note of its holder, daemon alive or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from sorad.budget import day_began
from sorad.claim.doubles import Double, unseen
from sorad.engine.decide.paid_twice import double_payments
from sorad.engine.state.gateways import GATEWAY
from sorad.health.pulse import Pulse, read_pulse
from sorad.health.vendors import Vendor, ignored_pictures, vendors_of, without_provider
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.turns import UPCOMING
from sorad.ledger.values import Generation, RootRow, Storyboard
from sorad.lock import Holder, holder
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem, SoradError
from sorad.receipts.rescued import RESCUED, is_rescued

# So many takes of a kind are read to say what is the matter with them; the counts are of all.
SAMPLE = 200
# So many of the latest finished takes are looked at, to learn how long a generation takes.
LEARNT_FROM = 300
DELIVERED = 5
# How long a look waits for a ledger that is locked, in seconds: somebody sits before the screen.
PATIENCE = 2.0

_MOVING = (State.QUEUED, State.SUBMITTING, State.GENERATING)


@dataclass(frozen=True)
class Facts:
    """Everything as it stands at ``now`` (epoch seconds); money in micro-units.

    ``paused``, ``breaker``, ``gate``, ``halt``, ``stops``, ``disk``, ``claims`` and ``troubles`` are what the daemon
    remembered in the ledger (see :mod:`sorad.engine.state.control`, :mod:`sorad.claim.claims`), or ``None``.
    """

    now: float
    holder: Optional[Holder] = None
    ledger: Optional[Problem] = None  # why it could not be read
    config: Optional[Problem] = None  # why it could not be read
    start: str = "sorad run"  # the command that starts it; "" where there is no config to start it with
    counts: Mapping[State, int] = field(default_factory=lambda: dict.fromkeys(State, 0))
    roots: tuple[RootRow, ...] = ()
    storyboards: tuple[Storyboard, ...] = ()
    unknown: tuple[Take, ...] = ()  # up to SAMPLE of each
    failed: tuple[Take, ...] = ()
    held: tuple[Take, ...] = ()
    queued: tuple[Take, ...] = ()
    next_up: tuple[Take, ...] = ()  # the queued takes that are next in turn, up to UPCOMING
    in_flight: tuple[Take, ...] = ()
    downloading: tuple[Take, ...] = ()
    rescued: tuple[Take, ...] = ()  # delivered, but not to their own place
    finished: tuple[Generation, ...] = ()  # the latest, latest first
    delivered: tuple[Take, ...] = ()  # the last ones, the latest first, up to DELIVERED
    waiting_commands: int = 0
    spent_today: int = 0
    unpriced_today: int = 0  # purchases whose cost is not known
    spent: int = 0
    currency: str = "USD"
    concurrency: int = 0  # 0: no daemon has told yet
    vendors: tuple[Vendor, ...] = ()  # the providers, as the daemon told
    # Queued takes that are wanted from none of them, by the name that they give.
    without_provider: Mapping[str, int] = field(default_factory=dict)
    spent_by_currency: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # today, in all
    per_day: Optional[float] = None  # what may be spent in a day; None: no limit, or no daemon has told yet
    paused: Optional[Mapping[str, Any]] = None
    breaker: Optional[Mapping[str, Any]] = None
    gate: Optional[Mapping[str, Any]] = None
    halt: Optional[Mapping[str, Any]] = None
    stops: tuple[Mapping[str, Any], ...] = ()  # see sorad.engine.decide.stops
    pictures: tuple[Problem, ...] = ()  # see sorad.engine.decide.pictures
    disk: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()  # see sorad.claim.claims
    troubles: tuple[Mapping[str, Any], ...] = ()  # of a daemon without a pulse
    pulse: Optional[Pulse] = None
    paid_too: tuple[str, ...] = ()  # problems as JSON: creates that turned up after they were sent again
    doubles: tuple[Double, ...] = ()  # paid for by two machines, and seen by nobody yet
    gateway: Optional[Mapping[str, Any]] = None  # see sorad.engine.state.gateways
    service: tuple[Problem, ...] = ()  # what the service that is installed for it lacks
    notices: tuple[str, ...] = ()  # problems as JSON: what the folder side has to tell

    @property
    def each_vendor(self) -> Sequence[Vendor]:
        """The providers; a single one, or that of a daemon that tells of none, bears no name."""
        if len(self.vendors) > 1:
            return self.vendors
        return [
            Vendor(
                "",
                concurrency=self.concurrency,
                breaker=self.breaker,
                gate=self.gate,
                halt=self.halt,
                stops=self.stops,
                pictures=self.pictures,
            )
        ]


def gather(ledger_path: Path, now: float) -> Facts:
    """The facts; a ledger that cannot be read is one of them. Raises nothing."""
    working = holder(ledger_path.parent)
    try:
        ledger = SqliteLedger.attach(ledger_path, wait=PATIENCE)
        try:
            return from_ledger(ledger, working, now)
        finally:
            ledger.close()
    except (SoradError, LedgerUnavailable, LedgerDamaged) as error:
        return Facts(now, working, ledger_problem(error), pulse=read_pulse(working))


def from_ledger(ledger: Ledger, working: Optional[Holder], now: float) -> Facts:
    """The facts, from an open ledger."""
    counts = ledger.counts()

    def some(*states: State) -> tuple[Take, ...]:
        # asking for none costs nothing: an empty state is not looked for
        present = [state for state in states if counts[state]]
        return tuple(ledger.takes(states=present, limit=SAMPLE)) if present else ()

    def listed(key: str) -> tuple[Any, ...]:
        return tuple(ledger.recall(key) or ())

    midnight = day_began(now)
    limits = ledger.recall("limits") or {}
    return Facts(
        now=now,
        holder=working,
        counts=counts,
        roots=tuple(row for row in ledger.roots() if row.active),
        storyboards=tuple(board for board in ledger.storyboards() if board.state != "gone"),
        unknown=some(State.UNKNOWN),
        failed=some(State.FAILED),
        held=some(State.HELD),
        queued=some(State.QUEUED),
        next_up=tuple(ledger.next_up(UPCOMING)) if counts[State.QUEUED] else (),
        in_flight=some(State.SUBMITTING, State.GENERATING, State.DOWNLOADING),
        downloading=some(State.DOWNLOADING),
        rescued=tuple(_rescued(ledger)),
        # learnt for what is under way: where nothing is, nobody asks
        finished=tuple(ledger.generations(LEARNT_FROM)) if any(counts[state] for state in _MOVING) else (),
        delivered=tuple(ledger.latest(DELIVERED)) if counts[State.DONE] else (),
        waiting_commands=len(ledger.commands()),
        spent_today=ledger.spend(midnight),
        unpriced_today=ledger.unpriced(midnight),
        spent=ledger.spend(),
        vendors=tuple(vendors_of(ledger, midnight)),
        without_provider=dict(without_provider(ledger)) if counts[State.QUEUED] else {},
        spent_by_currency=_by_currency(ledger, midnight),
        currency=ledger.recall("currency") or "USD",
        concurrency=limits.get("concurrency", 0),
        per_day=limits.get("per_day"),
        paused=ledger.recall("paused"),
        breaker=ledger.recall("breaker"),
        gate=ledger.recall("gate"),
        halt=ledger.recall("halt"),
        stops=listed("stops"),
        pictures=ignored_pictures(ledger, ""),
        disk=listed("disk"),
        claims=listed("claims"),
        notices=listed("notices"),
        troubles=listed("troubles"),
        paid_too=tuple(double_payments(ledger, now)),
        doubles=tuple(unseen(ledger)),
        gateway=ledger.recall(GATEWAY),
        pulse=read_pulse(working),
    )


def _by_currency(ledger: Ledger, midnight: float) -> dict[str, tuple[int, int]]:
    """What was spent in each currency, today and in all."""
    today = ledger.spend_by_currency(midnight)
    return {currency: (today[currency], spent) for currency, spent in ledger.spend_by_currency().items()}


def _rescued(ledger: Ledger) -> Iterator[Take]:
    """Those that lie where they were rescued, the latest first."""
    for take_id in (ledger.recall(RESCUED) or [])[: -SAMPLE - 1 : -1]:
        take = ledger.take(take_id)
        if take is not None and is_rescued(take):
            yield take


def ledger_problem(error: Exception) -> Optional[Problem]:
    """An error of the ledger in words; ``None`` for any other."""
    if isinstance(error, SoradError):
        return error.problem
    params = {"reason": str(error)}
    if isinstance(error, LedgerUnavailable):
        return Problem(
            "ledger.unavailable",
            N_("The ledger cannot be used just now ({reason})."),
            N_("Try again in a moment. If it stays so: check the disk and the rights of state_dir."),
            params,
        )
    if isinstance(error, LedgerDamaged):
        return Problem(
            "ledger.damaged",
            N_("The ledger is damaged ({reason})."),
            N_(
                "Stop sorad, move the ledger file aside and keep it: the receipts beside the videos "
                "rebuild it."
            ),
            params,
        )
    return None
