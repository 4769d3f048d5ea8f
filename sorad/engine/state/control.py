"""The engine's standing with the provider: pause, breaker, gate, halt and stops, kept over restarts.

There is one for each account. Threads of its lanes report here; the loop asks here. What changes is written to the
ledger under the keys that `sorad status` reads: ``paused`` (for all), ``breaker``, ``gate``, ``halt``, ``stops``;
behind those of any account but the first provider's stands which one it is. ``lost`` is for the next start.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Limits
from sorad.engine.decide import breaker as breakers
from sorad.engine.decide import gate as gates
from sorad.engine.decide.admission import Admitted, Facts, admit
from sorad.engine.decide.breaker import Breaker
from sorad.engine.decide.doubtful import LOST_IN_A_ROW, lost_in_a_row
from sorad.engine.decide.gate import Gate
from sorad.engine.decide.halt import Halt
from sorad.engine.decide.moving import REFUSES
from sorad.engine.decide.parties import memory_key
from sorad.engine.decide.stops import Settings, Stop, added, is_settled, standing
from sorad.engine.decide.transitions import AfterCreate, Verdict
from sorad.engine.state.first_create import FirstCreates
from sorad.engine.state.pictures import PictureTrials
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import N_, _
from sorad.model import Take
from sorad.problems import Problem
from sorad.providers.base import Fault

_MODES = {breakers.NORMAL: N_("normal"), breakers.SAFE: N_("safe"), breakers.RECOVERING: N_("recovering")}


class Control:
    """May creates leave? Thread-safe."""

    def __init__(self, ledger: Ledger, limits: Limits, clock: Clock, key: str = "") -> None:
        """``key`` names the account in the ledger; ``""``: the first provider's."""
        self._ledger = ledger
        self.key = key
        self._limits = limits
        self._clock = clock
        self._lock = threading.RLock()
        self._breaker = Breaker.from_json(ledger.recall(memory_key("breaker", key)))
        self._gate = Gate.from_json(ledger.recall(memory_key("gate", key)))
        self._halt = Halt.from_json(ledger.recall(memory_key("halt", key)))
        self._proved = False  # that what halts is so still: what an earlier run met may be mended
        self._sure = False  # and that it was a refusal
        self._stops = tuple(map(Stop.from_json, ledger.recall(memory_key("stops", key)) or ()))
        # Takes whose creates were lost since the last acceptance and cannot be looked up.
        self._lost: tuple[int, ...] = tuple(ledger.recall(memory_key("lost", key)) or ())
        self._settings: Optional[Settings] = None  # of [provider], once they were told
        self.first = FirstCreates(ledger, key)
        self.pictures = PictureTrials(ledger, key)
        self._paused = bool(ledger.recall("paused"))
        self._mode = self._breaker.mode
        self.look_now()

    # --- questions ---------------------------------------------------------------------------------

    def admit(self, in_flight: int, trying: int) -> Admitted:
        """How many creates may start now."""
        now = self._clock.time()
        with self._lock:
            self._breaker = breakers.as_of(self._breaker, self._limits, now)
            self._gate = gates.as_of(self._gate, now)
            if self._halt is not None:
                self._halt = self._halt.as_of(now, self._limits.probe_seconds)
            self._review_stops()
            stopped = bool(self._stops) or self.first.busy
            facts = Facts(
                now, self._paused, self._breaker, self._gate, self._halt, in_flight, trying, stopped
            )
            if self._breaker.mode != self._mode:
                self._keep_breaker()
            return admit(facts)

    def may_leave(self) -> bool:
        """Asked once more right before a create: whether nothing has come up since it was admitted."""
        now = self._clock.time()
        with self._lock:
            halted = self._halt is not None and not self._halt.probing
            braked = self._paused or bool(self._stops) or halted
            return not braked and now >= gates.as_of(self._gate, now).until

    @property
    def halt(self) -> Optional[Halt]:
        """Why buying stopped, if it did."""
        return self._halt

    @property
    def halted(self) -> Optional[Halt]:
        """The halt, once this run has met it, and while no create is let through to find out."""
        halt = self._halt
        return halt if halt is not None and self._proved and not halt.probing else None

    @property
    def refuses_all(self) -> Optional[Halt]:
        """The halt, where this run has met that the account refuses whatever is asked of it."""
        halt = self.halted
        return halt if halt is not None and self._sure and halt.trouble in REFUSES else None

    @property
    def stops(self) -> tuple[Stop, ...]:
        """What stops buying until the user acts, or it is known what became of the takes concerned."""
        return self._stops

    @property
    def paused(self) -> bool:
        """Whether the user paused buying."""
        return self._paused

    # --- what happened -----------------------------------------------------------------------------

    def created(self, result: AfterCreate) -> None:
        """A create was answered."""
        now = self._clock.time()
        with self._lock:
            if result.verdict is Verdict.GOOD:
                self._good(now)
            elif result.verdict is Verdict.HALT and result.fault is not None:
                self.stop_buying(result.fault, sure=result.refused)
            elif result.verdict in (Verdict.REFUSED, Verdict.ERROR):
                self._breaker = breakers.after_error(self._breaker, self._limits, now)
                self._keep_breaker()
                if result.verdict is Verdict.REFUSED and result.fault is not None:
                    self._gate = gates.after_refusal(self._gate, now, result.fault.retry_after)
                    self._keep("gate", self._gate.to_json())
            if self._halt is not None and result.verdict is not Verdict.HALT:
                self._probed(now, good=result.verdict in (Verdict.GOOD, Verdict.NEUTRAL))

    def lost(self, take: Take, base_url: str) -> None:
        """It is not known whether a take's create was accepted, and it cannot be looked up: not too many in a row.

        To be called before that is committed, as :meth:`stop_for_user`.
        """
        with self._lock:
            if take.id in self._lost:
                return
            self._keep_lost((*filter(self._is_open, self._lost), take.id))
            if len(self._lost) >= LOST_IN_A_ROW:
                self.stop_for_user(lost_in_a_row(len(self._lost), base_url), self._lost)

    def _is_open(self, number: int) -> bool:
        return not is_settled(self._ledger.take(number))

    def _keep_lost(self, takes: tuple[int, ...]) -> None:
        if takes != self._lost:
            self._lost = takes
            self._keep("lost", list(takes))

    def _good(self, now: float) -> None:
        self._keep_lost(())
        if self._breaker.errors:
            self._breaker = breakers.after_success(self._breaker)
            self._keep_breaker()
        if self._gate != Gate():
            self._gate = gates.after_acceptance(self._gate, now)
            self._keep("gate", self._gate.to_json())

    def stop_buying(self, fault: Fault, *, probed: bool = False, sure: bool = True) -> None:
        """No create can succeed: stop, and probe gently. ``probed``: a probe found that it still is so; ``sure``: it is
        proved that the provider refuses."""
        now = self._clock.time()
        with self._lock:
            known = self._halt
            if known is not None and not known.probing and not probed:
                return  # the polls of every take say so too; the next probe stays when it is
            if known is None:
                logger.bind(request_id=fault.request_id).error(
                    _("buying stopped: {problem}"), problem=str(fault.problem)
                )
            since = known.since if known is not None else now
            self._halt = Halt(fault.trouble, fault.problem, since, now + self._limits.probe_seconds)
            self._proved, self._sure = True, sure
            self._keep("halt", self._halt.to_json())

    def unproved(self) -> None:
        """A probe came to no answer: the halt stays, and is probed again."""
        with self._lock:
            if self._halt is not None:
                self._halt = replace(self._halt, until=self._clock.time() + self._limits.probe_seconds)

    def look_now(self) -> None:
        """What halts may just have been mended: the probe is due now."""
        with self._lock:
            if self._halt is not None and not self._halt.probing:
                self._halt, self._proved = replace(self._halt, until=self._clock.time()), False

    def well_again(self, *, sure: bool) -> None:
        """A probe's free calls look good. ``sure``: they prove it; otherwise the next create is the proof."""
        with self._lock:
            if self._halt is None:
                return
            if sure:
                self._gate = Gate(gates.FIRST)  # open, but the first creates go singly
                self._keep("gate", self._gate.to_json())
                self._probed(self._clock.time(), good=True)
            else:
                self._halt = replace(self._halt, probing=True)

    def _probed(self, now: float, *, good: bool) -> None:
        if self._halt is None:
            return
        if good:
            logger.info(_("buying goes on"))
            self._halt = None
        else:
            self._halt = replace(self._halt, probing=False, until=now + self._limits.probe_seconds)
        self._keep("halt", self._halt.to_json() if self._halt else None)

    def stop_for_user(
        self, problem: Problem, takes: Collection[int] = (), under: Optional[Settings] = None
    ) -> None:
        """No create is to leave by itself any more: until `sorad resume`, until it is known what became of all of
        ``takes`` (ids; none: only the user ends it), or until ``[provider]`` is no longer as ``under`` says.

        To be called before the outcome that it is about is committed: a process that ends between the two then
        buys no more, and not once more. Of one ``problem.code`` there is one stop, to which takes are added.
        """
        with self._lock:
            stop = Stop(problem, self._clock.time(), tuple(takes), under or {})
            if not standing([stop], lambda number: self._ledger.take(number), self._settings):
                return  # it is about a config that is no longer in force
            if all(known.code != stop.code for known in self._stops):
                logger.error(_("buying stopped: {problem}"), problem=str(stop.as_problem()))
            self._keep_stops(added(self._stops, stop))

    def _review_stops(self) -> None:
        left = standing(self._stops, lambda number: self._ledger.take(number), self._settings)
        if left != self._stops:
            self._keep_stops(left)
            if not left:
                logger.info(_("buying goes on"))

    def _keep_stops(self, stops: tuple[Stop, ...]) -> None:
        self._stops = stops
        self._keep("stops", [stop.to_json() for stop in stops])

    def pause(self, *, paused: bool) -> None:
        """The user's own brake: nothing is bought; what is paid for goes on."""
        with self._lock:
            self._paused = paused
            self._ledger.remember("paused", {"since": self._clock.time()} if paused else None)

    def resume(self) -> None:
        """The user wants it to go on: ends the pause, and whatever waits for the user."""
        with self._lock:
            self._ledger.remember(memory_key("stops", self.key), [])
            self._keep_lost(())
            self._stops = ()
            self.pause(paused=False)

    def under(self, settings: Settings) -> None:
        """The ``[provider]`` in force, as JSON values: stops that held under another one end."""
        with self._lock:
            self._settings = settings
            self._review_stops()

    def follow(self, limits: Limits, *, elsewhere: bool) -> None:
        """The config is another one. ``elsewhere``: the account, too; then what the old one refused is past.

        What stopped the buying may be mended by the new config: that is looked at now.
        """
        now = self._clock.time()
        with self._lock:
            self._limits = limits
            self._breaker = breakers.as_of(self._breaker, limits, now)
            self._keep_breaker()
            if elsewhere and self._gate != Gate():
                self._gate = Gate()
                self._keep("gate", self._gate.to_json())
            self.look_now()

    @contextmanager
    def moved(self, key: str) -> Iterator[dict[str, object]]:
        """The account goes by another name in the ledger: it became the first provider's, or no longer is.

        The value is all that it keeps, by its new names; to be written inside the block, in which nothing changes.
        Where that raises, the old names stay.
        """
        with self._lock, self.first.moved(key) as answered, self.pictures.moved(key) as pictures:
            kept = {
                "breaker": self._breaker.to_json(),
                "gate": self._gate.to_json(),
                "halt": self._halt.to_json() if self._halt else None,
                "stops": [stop.to_json() for stop in self._stops],
                "lost": list(self._lost),
            }
            yield {**answered, **pictures, **{memory_key(name, key): value for name, value in kept.items()}}
            self.key = key

    def clock_set(self, by: float) -> None:
        """The clock was set ``by`` so many seconds: all waits keep their length."""
        with self._lock:
            if self._breaker.until is not None:
                self._breaker = replace(self._breaker, until=self._breaker.until + by)
                self._keep("breaker", self._breaker.to_json())
            if self._gate != Gate():
                self._gate = replace(self._gate, until=self._gate.until + by)
                self._keep("gate", self._gate.to_json())
            if self._halt is not None:
                self._halt = replace(self._halt, until=self._halt.until + by)
                self._keep("halt", self._halt.to_json())

    def _keep_breaker(self) -> None:
        if self._breaker.mode != self._mode:
            self._mode = self._breaker.mode
            logger.warning(
                _("breaker: {mode}, {count} in flight at most"),
                mode=_(_MODES[self._mode]),
                count=self._breaker.effective,
            )
        self._keep("breaker", self._breaker.to_json())

    def _keep(self, name: str, value: object) -> None:
        try:
            self._ledger.remember(memory_key(name, self.key), value)
        except LedgerUnavailable as error:  # it holds in memory; only a restart just now would forget it
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))
