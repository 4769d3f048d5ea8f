"""Work that is killed again and again while the provider lives on: the play behind the crash tests and proofs."""

from __future__ import annotations

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "daemon"))
from daemon_stage import Stage, wait_for
from power_disk import Disk

from sorad.files.mp4 import check_mp4
from sorad.ledger.states import OPEN
from sorad.model import State

# What goes wrong beside the kills. Every kind of lost answer is among them; all of them end.
FAULTS = (
    "reset_after=0.15,target=create",
    "reset_before=0.05,target=create",
    "no_id=0.05",
    "server=0.05,status=502,accepted=true",
    "slow=0.2,seconds=0.5",
    "rate=0.05,retry_after=0.1",
    "server=0.03,status=503,target=poll",
    "cut=0.2",
    "html_download=0.05",
    "expired=0.05",
    "no_moov=0.03",
)

# Mistakes that sorad must not make. With one of them in it, the play must find that a promise is broken.
SEEDED = {
    # the intent is forgotten with the process: what a kill leaves in `submitting` is queued as if never sent
    "no_intent": """
from sorad.ledger.sqlite import SqliteLedger
recover = SqliteLedger.recover
def forget(self, owner, now, *more):
    for take in recover(self, owner, now, *more):
        from sorad.ledger.values import Change
        from sorad.model import State
        self.record(take, Change(State.QUEUED, "forgotten", due_at=now, clear_error=True), now)
    return []
SqliteLedger.recover = forget
""",
    # an unknown create is sent again without a look at the provider's list
    "resend": """
from sorad.engine.run import loop
from sorad.engine.steps.context import record
from sorad.ledger.values import Change
from sorad.model import State
def reconcile(context, take):
    record(context, take, Change(State.QUEUED, "blind", due_at=context.clock.time(), clear_error=True))
loop.reconcile = reconcile
""",
    # videos and receipts get their names without being synced
    "no_fsync": """
import os
os.fsync = lambda handle: None
""",
    # the commits around a create are not synced, and no intent is laid down in the folder, either of which suffices
    "lax_ledger": """
import threading
from sorad.engine.steps import write_intent
write_intent.write_intent_for = lambda *told, **more: None
from sorad.ledger.connection import Connection
transaction = Connection.transaction
def lax(self, *, durable=True):
    return transaction(self, durable=durable and not threading.current_thread().name.startswith("submit"))
Connection.transaction = lax
""",
}


@dataclass
class CrashRun:
    """What a play came to."""

    kills: int
    takes: int
    accepted: int
    seconds: float
    struck: Counter[State]  # how often a kill met a take in each state

    def __str__(self) -> str:
        struck = ", ".join(f"{state} {self.struck[state]}" for state in OPEN if self.struck[state])
        return (
            f"{self.kills} kills, {self.takes} takes, {self.accepted} accepted creates, {self.seconds:.0f} s\n"
            f"takes that a kill met, by state: {struck}"
        )


def crash_stage(folder: Path, faults: Iterable[str], seed: int, disk: Optional[Disk] = None) -> Stage:
    """A stage whose provider is of the troublesome kind; vault and ledger lie on ``disk``, if one is given."""
    stage = Stage(
        folder,
        seed=seed,
        faults=faults,
        task_seconds=(0.1, 0.8),
        file_size=300_000,
        persist=folder / "simulator.jsonl",
    )
    if disk is not None:
        stage.vault, stage.state = disk.path / "vault", disk.path / "state"
        stage.vault.mkdir()
        disk.sync()
    stage.configure(
        limits={"concurrency": 8, "cooldown_seconds": 0.3, "max_creates_per_take": 50},
        reconcile={"look_every": 0.2, "window": 0.8},
    )
    return stage


def play(
    stage: Stage,
    *,
    takes: int,
    kills: int,
    seed: int,
    seeded: str = "",
    patience: float = 60.0,
    moment: Optional[Callable[[], object]] = None,
    disk: Optional[Disk] = None,
) -> CrashRun:
    """Drop storyboards, kill the daemon ``kills`` times, let it finish, check everything.

    Takes come in bit by bit, so that every kill finds some work: in creates, polls, downloads, renames.
    ``moment`` waits for the time of a kill; without it that is random. The faults end with the kills.
    With a ``disk`` its power goes at the same time, and what was not synced is gone.
    """
    dice = random.Random(seed)
    began = time.monotonic()
    struck: Counter[State] = Counter()
    dropped = 0
    for number in range(kills):
        due = max(dropped, min(takes, math.ceil((number + 1) * takes / kills)))
        if due > dropped:
            prompts = [f"shot {n}" for n in range(dropped, due)]
            stage.drop(f"ep{number}/storyboard_{number}.json", *prompts)
            dropped = due
            if disk is not None:
                disk.sync()  # what the user wrote is not what this is about
        daemon = stage.run(SEEDED[seeded] if seeded else "")
        if moment is not None:
            moment()
        else:
            time.sleep(dice.uniform(0.0, 1.2) ** 2)  # short lives above all
        if disk is not None:
            disk.cut()
        daemon.kill()
        stage.processes.remove(daemon)
        if disk is not None:
            stage.forget_ledger()
            disk.back()
        check_at_any_moment(stage)
        struck.update(stage.states())
    stage.simulator.faults.clear()
    stage.run(SEEDED[seeded] if seeded else "")

    def all_done() -> bool:
        check_at_any_moment(stage)
        return stage.states() == {State.DONE: dropped}

    wait_for(all_done, stage.told, patience)
    stage.processes[-1].stop()
    stage.check_delivered(dropped)
    return CrashRun(kills, dropped, len(stage.simulator.accepted), time.monotonic() - began, struck)


def check_at_any_moment(stage: Stage) -> None:
    """Nothing was paid for twice, and what the ledger calls done is whole on the disk."""
    bought = Counter(task.order.prompt for task in stage.simulator.accepted)
    twice = {prompt: count for prompt, count in bought.items() if count > 1}
    assert not twice, f"accepted creates: {twice}"
    for take in stage.takes(State.DONE):
        fault = check_mp4(Path(take.output)) if Path(take.output).exists() else "missing"
        assert fault is None, f"done in the ledger, and on the disk: {take.output}: {fault}"
