"""The simulated account: tasks, times, money. What was accepted is never forgotten.

How a task stands is worked out from its times whenever it is asked for; nothing runs in the background.
"""

from __future__ import annotations

import hashlib
import heapq
import math
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sorad.clock import Clock
from sorad.model import Request
from sorad.simulator.faults import Faults
from sorad.simulator.journal import Journal

MODERATION = "此内容可能违反关于裸露、性内容或色情内容的相关规定。"
FAILED_AT = 97  # the progress that a failed task shows

# Believable task times in seconds: log-normal around a median, within 3 to 30 minutes, pro the longest.
_MEDIAN, _MEDIAN_PRO, _SPREAD = 420.0, 840.0, 0.55
_SHORTEST, _LONGEST = 180.0, 1800.0
_PENDING_SHARE = 0.1  # of a task's time, before it is being worked on


class NoMoney(Exception):
    """The balance does not pay for the task."""


class NoRoom(Exception):
    """The account has as many tasks running as the provider allows."""


@dataclass(frozen=True)
class Order:
    """What a create asked for, whatever the format; ``details`` are the format's own parameters."""

    prompt: str
    image: str = ""  # a URL, or "sha256:<hex>" of an upload
    seconds: int = 10
    orientation: str = "horizontal"
    pro: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """The fingerprint that sorad gives to the same request."""
        return Request(self.prompt, self.image, self.seconds, self.orientation, self.pro).fingerprint()


@dataclass(frozen=True)
class Task:
    """An accepted create. Times are epoch seconds; ``cost`` is in cents."""

    id: str
    wire: str  # the format it was ordered in, by the name of its kind
    order: Order
    created_at: float
    ready_at: float  # infinite for a task that is stuck
    cost: int
    error: str = ""  # why it will fail
    fails_for: float = math.inf  # seconds for which it is said to have failed; then it is a video after all
    unseen: bool = False  # its video begins with another picture than the one that it was given
    flaw: str = ""  # what is wrong with its video
    labels: str = ""  # which ones are in its video


@dataclass(frozen=True)
class Stage:
    """How a task stands: ``status`` is "pending", "processing", "completed" or "failed"."""

    status: str
    progress: int  # 0..100


def stage(task: Task, now: float) -> Stage:
    """How a task stands at ``now``. A stuck one looks as if it were half done."""
    if now >= task.ready_at:
        failed = task.error and now < task.ready_at + task.fails_for
        return Stage("failed", FAILED_AT) if failed else Stage("completed", 100)
    if math.isinf(task.ready_at):
        return Stage("processing", 50)
    share = max(0.0, (now - task.created_at) / (task.ready_at - task.created_at))
    if share < _PENDING_SHARE:
        return Stage("pending", 0)
    return Stage("processing", min(int(share * 100), 99))


@dataclass(frozen=True)
class Pace:
    """How long tasks take: ``between`` these seconds, or else believably, ``speed`` times as fast."""

    between: tuple[float, float] | None = None
    speed: float = 1.0

    def seconds(self, name: str, pro: bool) -> float:
        """How long the task called ``name`` takes; the same whenever it is asked."""
        dice = random.Random(name)
        if self.between is not None:
            return dice.uniform(*self.between)
        usual = dice.lognormvariate(math.log(_MEDIAN_PRO if pro else _MEDIAN), _SPREAD)
        return min(max(usual, _SHORTEST), _LONGEST) / self.speed


class Account:
    """One customer's account. Safe to use from several threads."""

    def __init__(
        self,
        *,
        clock: Clock,
        faults: Faults,
        pace: Pace,
        balance: int,
        prices: tuple[int, int],
        capacity: int | None = None,
        seed: int = 0,
        persist: Path | None = None,
    ) -> None:
        """``balance`` and ``prices`` (of a normal and a pro task) are in cents."""
        self.prices = prices
        self.capacity = capacity  # tasks at once; None: no limit
        self.peak = 0  # the most tasks that ever ran at once
        self.accepted: list[Task] = []  # every create, in order, deleted ones too
        self._clock = clock
        self._faults = faults
        self._pace = pace
        self._seed = seed
        self._lock = threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._ordered: Counter[tuple[str, str]] = Counter()  # by format and prompt
        self._running: list[float] = []  # heap of ready times
        self._balance = balance
        self._journal = Journal(persist) if persist is not None else None
        if self._journal is not None:
            for line in self._journal.read():
                self._replay(line)

    def create(self, wire: str, order: Order) -> Task:
        """Accept a task and take its price. Raises :class:`NoMoney` or :class:`NoRoom`."""
        with self._lock:
            now = self._clock.time()
            if self.capacity is not None and self._count_running(now) >= self.capacity:
                raise NoRoom
            if self._price(order) > self._balance:
                raise NoMoney
            return self.accept(wire, order)

    def accept(self, wire: str, order: Order, task_id: str = "") -> Task:
        """Accept a task and take its price, whatever room and money there are; ``task_id``: its id, if given."""
        with self._lock:
            now, cost = self._clock.time(), self._price(order)
            task = self._plan(wire, order, now, cost, task_id)
            self._enter(task)
            self._balance -= cost
            self.peak = max(self.peak, self._count_running(now))
            if self._journal is not None:
                self._journal.write("create", {**vars(task), "order": vars(order)})
            return task

    def _price(self, order: Order) -> int:
        return self.prices[1] if order.pro else self.prices[0]

    def _plan(self, wire: str, order: Order, now: float, cost: int, task_id: str) -> Task:
        number = self._ordered[(wire, order.prompt)] + 1
        name = f"{self._seed}/{wire}/{order.prompt}/{number}"
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        task_id = task_id or _task_id(wire, digest)
        fate = self._faults.pick("task", name, order.prompt)
        kind = fate.kind if fate is not None else ""
        ready_at = math.inf if kind == "stuck" else now + self._pace.seconds(name, order.pro)
        unseen = bool(order.image) and self._faults.pick("picture", name, order.prompt) is not None
        spoilt = self._faults.pick("video", name, order.prompt)
        marked = self._faults.pick("label", name, order.prompt)
        planned = Task(
            task_id,
            wire,
            order,
            now,
            ready_at,
            cost,
            unseen=unseen,
            flaw="" if spoilt is None else str(spoilt.setting("how")),
            labels="" if marked is None else str(marked.setting("how")),
        )
        if fate is None or kind != "fail":
            return planned
        return replace(planned, error=MODERATION, fails_for=fate.setting("seconds") or math.inf)

    def _enter(self, task: Task) -> None:
        self._ordered[(task.wire, task.order.prompt)] += 1
        self._tasks[task.id] = task
        self.accepted.append(task)
        heapq.heappush(self._running, task.ready_at)

    def _count_running(self, now: float) -> int:
        while self._running and self._running[0] <= now:
            heapq.heappop(self._running)
        return len(self._running)

    def running(self) -> int:
        """How many tasks are not finished."""
        with self._lock:
            return self._count_running(self._clock.time())

    def get(self, wire: str, task_id: str) -> Task | None:
        """A task of a format, unless it was deleted."""
        with self._lock:
            task = self._tasks.get(task_id)
        return task if task is not None and task.wire == wire else None

    def find(self, task_id: str) -> Task | None:
        """A task of any format, unless it was deleted."""
        with self._lock:
            return self._tasks.get(task_id)

    def tasks(self) -> list[Task]:
        """All that were accepted and not deleted, of any format, in order."""
        with self._lock:
            return list(self._tasks.values())

    def newest(self, wire: str) -> list[Task]:
        """The tasks of a format, newest first."""
        with self._lock:
            return [task for task in reversed(self._tasks.values()) if task.wire == wire]

    def delete(self, task: Task) -> None:
        """Forget a task in answers; :attr:`accepted` keeps it."""
        with self._lock:
            self._tasks.pop(task.id, None)
            if self._journal is not None:
                self._journal.write("delete", {"id": task.id})

    @property
    def balance(self) -> int:
        """Cents left."""
        with self._lock:
            return self._balance

    @balance.setter
    def balance(self, cents: int) -> None:
        with self._lock:
            self._balance = cents
            if self._journal is not None:
                self._journal.write("balance", {"cents": cents})

    def close(self) -> None:
        """Close the state file."""
        if self._journal is not None:
            self._journal.close()

    def _replay(self, line: dict[str, Any]) -> None:
        if line["op"] == "create":
            fields = {name: value for name, value in line.items() if name != "op"}
            task = Task(**{**fields, "order": Order(**line["order"])})
            self._enter(task)
            self._balance -= task.cost
        elif line["op"] == "delete":
            self._tasks.pop(line["id"], None)
        elif line["op"] == "balance":
            self._balance = line["cents"]


def _task_id(wire: str, digest: str) -> str:
    """An id in the manner of the format. That of a video has a colon, as some gateways' ids do."""
    if wire == "openai_videos":
        return f"video_{digest[:24]}:{digest[24:32]}"
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
