"""The part of the daemon that tells people: looks, decides by the rules, sends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Callable, Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.hours import is_quiet, parse_hours
from sorad.config.model import Notify
from sorad.health.facts import Facts
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import N_, _
from sorad.notify import rules
from sorad.notify.conditions import conditions, finished
from sorad.notify.memory import Line, Memory
from sorad.notify.rules import Rules, Seen
from sorad.notify.sender import Send, missing
from sorad.notify.targets import Target, readable_by_others, targets
from sorad.notify.text import message
from sorad.notify.view import View, Viewer
from sorad.problems import Problem, SoradError

MEMORY = "told"  # the key in the ledger
SLICE = 1.0  # seconds between heartbeats
# How often it is looked: a few times while a trouble settles, but no more than this costs (a huge ledger).
LONGEST, SHARE = 10.0, 0.002
# Messages that nobody could be sent for so long make sorad unhealthy: its operator is not told.
PATIENCE = 900.0

Complain = Callable[[str, Optional[Problem]], None]


class Notifier:
    """Tells what is worth telling. ``run`` it in a thread of its own."""

    def __init__(
        self,
        config: Notify,
        ledger: Ledger,
        look: Viewer,
        clock: Clock,
        send: Send,
        complain: Complain,
        host: str,
        lacks: Callable[[], Optional[Problem]] = missing,
    ) -> None:
        """``lacks`` tells what must be installed before anything can be sent."""
        self._config = config
        self._ledger = ledger
        self._look = look
        self._clock = clock
        self._send = send
        self._complain = complain
        self._host = host
        self._lacks = lacks
        self._hours = parse_hours(config.quiet_hours)
        self._memory: Optional[Memory] = None
        self._kept: Any = None  # what the ledger holds of it
        self._lock = threading.Lock()
        self._worked_on: dict[int, float] = {}  # storyboards, since the last look; from when on (epoch)
        self._stop = threading.Event()
        self._beat: Callable[[], None] = lambda: None
        self.notes: tuple[Problem, ...] = ()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until ``stop``."""
        self._stop, self._beat = stop, beat
        wait = 0.0
        while not stop.wait(min(wait, SLICE)):
            beat()
            wait -= SLICE
            if wait <= 0:
                wait = self._turn()

    def worked_on(self, storyboard: int) -> None:
        """A take of it was moved: it may begin and end between two looks. From any thread."""
        with self._lock:
            self._worked_on.setdefault(storyboard, self._clock.time())

    def _turn(self) -> float:
        """Look, tell; seconds until the next look."""
        usual = min(max(self._config.settle_seconds / 4, SLICE), LONGEST)
        lacking, found = self._targets()
        if lacking is not None:
            self._complain("notify", lacking)
            return LONGEST
        try:
            view = self._look()
            memory = self._with_worked_on(self._recalled())
            wanted = self._rules(found)
            now, at = self._clock.monotonic(), self._clock.time()
            memory = rules.step(memory, self._seen(view, memory), wanted, now, at)
        except LedgerUnavailable as error:
            logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
            return usual
        memory, lost = rules.expire(memory, now)
        for item in lost:
            logger.warning(
                _("this could not be told to anybody for a day and is dropped: {text}"),
                text=str(item.problem),
            )
        self._keep(memory)
        for target in found:
            self._tell(target, wanted)
        self._judge(found)
        return max(usual, view.took / SHARE)

    def _targets(self) -> tuple[Optional[Problem], list[Target]]:
        lacking = self._lacks()
        if lacking is not None:
            return lacking, []
        try:
            return None, targets(self._config)
        except SoradError as error:
            return error.problem, []

    def _rules(self, found: list[Target]) -> Rules:
        return Rules(
            frozenset(self._config.kinds),
            tuple(target.id for target in found),
            self._config.settle_seconds,
            self._config.max_per_hour,
        )

    # --- looking -----------------------------------------------------------------------------------

    def _with_worked_on(self, memory: Memory) -> Memory:
        with self._lock:
            fresh, self._worked_on = self._worked_on, {}
        self._memory = replace(memory, open={**fresh, **memory.open}) if fresh else memory
        return self._memory

    def _seen(self, view: View, memory: Memory) -> Seen:
        found = conditions(view.facts, view.complaints)
        if view.facts.ledger is not None:
            return Seen(found, whole=False)
        working = frozenset(self._ledger.working())
        ended = [board for board in memory.open if board not in working]
        return Seen(found, True, working, self._outcomes(ended, memory, view.facts) if ended else {})

    def _outcomes(self, boards: list[int], memory: Memory, facts: Facts) -> Mapping[int, Optional[Problem]]:
        paths = {board.id: board.path for board in self._ledger.storyboards()}
        told: dict[int, Optional[Problem]] = {}
        for board in boards:
            # by path, as the ledger is asked; another storyboard may have had the same one
            takes = self._ledger.takes(storyboard=paths.get(board, ""))
            own = [take for take in takes if take.storyboard_id == board]
            since = memory.open[board] - LONGEST
            told[board] = finished(own, since, facts.currency)
        return told

    # --- telling -----------------------------------------------------------------------------------

    def _tell(self, target: Target, wanted: Rules) -> None:
        memory = self._memory
        assert memory is not None
        quiet = is_quiet(self._hours, self._clock.time())
        items = rules.due(memory, wanted, self._clock.monotonic(), quiet).get(target.id)
        if not items:
            return
        error = self._send(target, message(items, self._host), self._go_on)
        if self._stop.is_set() and error:
            return  # ended by us: tried again at the next start
        failures = memory.lines.get(target.id, Line()).failures
        if error and not failures:
            logger.warning(_("messages to {name} cannot be sent: {reason}"), name=target.name, reason=error)
        elif failures and not error:
            logger.info(_("messages to {name} can be sent again"), name=target.name)
        self._keep(rules.sent(memory, target.id, items, error, self._clock.monotonic()))

    def _go_on(self) -> bool:
        self._beat()
        return not self._stop.is_set()

    def _judge(self, found: list[Target]) -> None:
        """How telling itself goes."""
        memory = self._memory
        assert memory is not None
        notes = [readable_by_others(self._config)]
        late: Optional[Problem] = None
        for target in found:
            line = memory.lines.get(target.id, Line())
            if not line.failures:
                continue
            waiting = [item for item in memory.outbox if target.id in item.to]
            problem = _unsent(target, line, len(waiting))
            if any(self._clock.monotonic() - item.queued >= PATIENCE for item in waiting):
                late = problem
            elif waiting:
                notes.append(problem)
        self._complain("notify", late)
        self.notes = tuple(note for note in notes if note is not None)

    # --- remembering -------------------------------------------------------------------------------

    def _recalled(self) -> Memory:
        if self._memory is None:
            self._kept = self._ledger.recall(MEMORY)
            self._memory = Memory.from_json(self._kept, self._clock.monotonic())
        return self._memory

    def _keep(self, memory: Memory) -> None:
        """Written only where it has changed; before it is sent, so that nothing is forgotten."""
        self._memory = memory
        kept = memory.to_json()
        if kept == self._kept or (self._kept is None and _is_empty(memory)):
            return
        try:
            self._ledger.remember(MEMORY, kept)
            self._kept = kept
        except LedgerUnavailable as error:
            logger.debug(_("the ledger cannot be written just now: {error}"), error=str(error))


def _is_empty(memory: Memory) -> bool:
    return not (memory.open or memory.told or memory.outbox)


def _unsent(target: Target, line: Line, count: int) -> Problem:
    return Problem(
        "notify.unsent",
        N_("Messages to {name} that cannot be sent and wait: {count}. {reason}"),
        N_("They are tried again by themselves. `sorad notify --test` tries all addresses."),
        {"count": count, "name": target.name, "reason": line.error},
    )
