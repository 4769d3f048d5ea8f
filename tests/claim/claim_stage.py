"""Machines with a vault each, and a sync between them: the tests' stage."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

from sorad.claim.claims import Claims
from sorad.claim.machine import Machine
from sorad.claim.note import NAME, read
from sorad.config.model import Watch
from sorad.model import Request
from sorad.receipts.receipt import GENERATING, Receipt

SETTLE = 60.0
ZERO = 1_800_000_000.0


class SimClock:
    """One monotonic time for all; each machine's wall clock is off by something else."""

    def __init__(self, shared: Optional[SimClock] = None, off: float = 0.0) -> None:
        self._shared, self.off, self.now = shared, off, 0.0

    def monotonic(self) -> float:
        return self._shared.monotonic() if self._shared is not None else self.now

    def time(self) -> float:
        return ZERO + self.monotonic() + self.off


class Memory:
    """As much of a ledger as claims use."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.writes = 0

    def recall(self, key: str) -> Any:
        return self.values.get(key)

    def remember(self, key: str, value: Any) -> None:
        if self.values.get(key) != value:
            self.writes += 1
        self.values[key] = value


def receipt_by(machine: Machine, generation: int, remote_id: str, at: Optional[float] = None) -> Receipt:
    """What that machine leaves beside a video that it bought."""
    from sorad.receipts.receipt import Payer

    request = Request("a cat")
    payer = Payer(machine.id, machine.name, machine.home, generation)
    return Receipt(request, request.fingerprint(), 1, 1, GENERATING, remote_id, accepted_at=at, payer=payer)


@dataclass
class Replica:
    """One machine: its copy of the vault, its sorad, what it remembers."""

    number: int
    folder: Path
    clock: SimClock
    claim: str = "always"
    settle: float = SETTLE
    memory: Memory = field(default_factory=Memory)
    versions: dict[int, int] = field(default_factory=dict)  # the vector of the copy that lies here
    written: int = 0  # when that was written, in writes of all machines
    seen: Optional[str] = None  # the text that the sync knows of
    copies: frozenset[str] = frozenset()  # texts of the conflict copies there, and those the sync knows of
    seen_copies: frozenset[str] = frozenset()
    receipts: dict[str, Receipt] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.machine = Machine(f"{self.number:016x}", f"pc{self.number}", f"{self.number + 100:016x}")
        self.start()

    def start(self) -> None:
        """(Re)start sorad there."""
        watch = Watch(path=self.folder, claim=self.claim)  # type: ignore[arg-type]
        self.claims = Claims(
            [watch],
            self.memory,  # type: ignore[arg-type]
            self.clock,
            self.machine,
            settle=self.settle,
            away=math.inf,  # it looks all the time, though the clock leaps
            sleep=lambda seconds: None,
        )

    @property
    def root(self) -> str:
        return str(self.folder)

    @property
    def note(self) -> Path:
        return self.folder / NAME

    def text(self) -> Optional[str]:
        return self.note.read_text("utf-8") if self.note.exists() else None

    def put(self, text: Optional[str]) -> None:
        """What the user, or the sync, does to the note."""
        if text is None:
            self.note.unlink(missing_ok=True)
        else:
            fresh = self.folder / ".fresh"
            fresh.write_text(text, "utf-8")
            fresh.replace(self.note)

    def keep(self, copies: frozenset[str]) -> None:
        """Put conflict copies beside the note: files like any other, which are synced, too."""
        for text in copies - self.copies:
            name = f"sorad-claim.sync-conflict-20261123-{len(self.copies):06d}-ABCDEFG.md"
            (self.folder / name).write_text(text, "utf-8")
            self.copies |= {text}

    def buys(self) -> bool:
        """Whether it may buy now; then it does, and leaves a receipt."""
        buys = self.claims.may_buy(self.root)
        if buys:
            generation = self.claims.payer(self.root).generation
            remote_id = f"m{self.number}g{generation}"
            receipt = receipt_by(self.machine, generation, remote_id, self.clock.time())
            self.receipts.setdefault(remote_id, receipt)
        return buys

    def state(self) -> str:
        return self.claims.standing(self.root).value

    def code(self) -> Optional[str]:
        """What is shown to be wrong."""
        self.claims.may_buy(self.root)
        decision = self.claims._vaults[self.root].decision
        assert decision is not None
        return decision.problem.code if decision.problem is not None else None

    def lose_identity(self) -> None:
        """Its state folder is deleted."""
        fresh = f"{int(self.machine.id, 16) + 0x1000:016x}"
        self.machine = replace(self.machine, id=fresh)
        self.memory = Memory()
        self.start()


class Sync:
    """Carries notes and receipts between replicas, as ``kind`` does: lww, copies or merge."""

    def __init__(self, replicas: list[Replica], kind: str) -> None:
        self.replicas, self.kind = replicas, kind
        self._writes = itertools.count(1)

    def notice(self, replica: Replica) -> bool:
        """Whether the note was changed there since the sync last looked; a version of its own then."""
        news = replica.copies != replica.seen_copies
        replica.seen_copies = replica.copies
        text = replica.text()
        if text == replica.seen:
            return news
        replica.seen = text
        replica.versions = {
            **replica.versions,
            replica.number: replica.versions.get(replica.number, 0) + 1,
        }
        replica.written = next(self._writes)
        return True

    def deliver(self, source: Replica, target: Replica) -> None:
        """What ``source`` has reaches ``target``."""
        self.notice(source)
        self.notice(target)
        if source.versions != target.versions:
            self._note(source, target)
        target.keep(source.copies)
        target.seen_copies |= source.copies
        for remote_id, receipt in source.receipts.items():
            target.receipts.setdefault(remote_id, receipt)
            target.claims.heard(target.root, receipt)

    def _note(self, source: Replica, target: Replica) -> None:
        keys = source.versions.keys() | target.versions.keys()
        newer = all(source.versions.get(key, 0) >= target.versions.get(key, 0) for key in keys)
        older = all(source.versions.get(key, 0) <= target.versions.get(key, 0) for key in keys)
        both = {key: max(source.versions.get(key, 0), target.versions.get(key, 0)) for key in keys}
        if older:
            return
        if not newer and self.kind == "merge":
            texts = {text for text in (source.seen, target.seen) if text is not None}
            self._put(target, "\n".join(sorted(texts)) if texts else None, both, next(self._writes))
            return
        wins = newer or source.written > target.written
        if not newer and self.kind == "copies":
            loser = target.seen if wins else source.seen
            if loser is not None:
                target.keep(frozenset({loser}))
        if wins:
            self._put(target, source.seen, both, source.written)
        else:
            target.versions = both

    def _put(self, target: Replica, text: Optional[str], versions: dict[int, int], written: int) -> None:
        if text != target.seen:
            target.put(text)
        target.seen, target.versions, target.written = text, versions, written

    def exchange(self) -> None:
        """Everything reaches everybody."""
        for _ in range(len(self.replicas)):
            for source, target in itertools.permutations(self.replicas, 2):
                self.deliver(source, target)


def sees_only_itself(replica: Replica) -> bool:
    """Whether the newest claim of all in its copy is its own, and stands in the note itself."""
    mine = {claim for claim in read(replica.text() or "").claims if claim.machine == replica.machine.id}
    others = [
        claim.generation
        for path in replica.folder.glob("sorad-claim*.md")
        for claim in read(path.read_text("utf-8")).claims
        if claim.machine != replica.machine.id
    ]
    return max((claim.generation for claim in mine), default=0) > max(others, default=0)
