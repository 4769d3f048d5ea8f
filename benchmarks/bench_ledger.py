"""The ledger's speed: `python benchmarks/bench_ledger.py [--rounds 5]`.

Enqueues takes, claims and records steps with ``synchronous=FULL`` at two sizes, and asks what `status` asks.
Prints medians and the spread (lowest to highest) over the rounds. Takes about a minute.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Change, Storyboard, Want
from sorad.model import Request, State

PROMPT = "A slow dolly shot through a rain-soaked market at night, neon signs reflected in puddles. " * 6
SEGMENTS = 1_000  # of a storyboard
STEPS = 1_000
LIMIT = 20


def enqueue(ledger: SqliteLedger, count: int) -> float:
    """Enqueue that many takes, a thousand to a storyboard; takes per second."""
    boards = []
    for n in range(0, count, SEGMENTS):
        path = f"/vault/folder{n}/storyboard.json"
        board = Storyboard(0, "/vault", path, 1000, n, f"content{n}", "ok", segments=SEGMENTS)
        wants = []
        for segment in range(min(SEGMENTS, count - n)):
            request = Request(f"{PROMPT}{n}.{segment}")
            fingerprint = request.fingerprint()
            output = (
                f"/vault/folder{n}/storyboard_assets/Segment_{segment}/{segment}_v1_{fingerprint[:8]}.mp4"
            )
            wants.append(Want(segment, 1, request, fingerprint, output))
        boards.append((board, wants))
    begun = time.perf_counter()
    for board, wants in boards:
        ledger.apply(board, wants, 1_000.0)
    return count / (time.perf_counter() - begun)


def submitted(ledger: SqliteLedger, at: float) -> float:
    """Claim, intent, acceptance of some takes, so that they can be polled; steps per second."""
    done = 0
    begun = time.perf_counter()
    while done < STEPS:
        for take in ledger.claim(State.QUEUED, at, LIMIT):
            sent = ledger.record(take, Change(State.SUBMITTING, "intent", intent=True, keep_claim=True), at)
            accepted = Change(
                State.GENERATING, "accepted", remote_id=f"task{take.id}", accepted_at=at, due_at=at
            )
            ledger.record(sent, accepted, at)
            done += 1
    return done / (time.perf_counter() - begun)


def polled(ledger: SqliteLedger, at: float, limit: int) -> float:
    """Claim a step and record its outcome, each in its own commit; steps per second.

    The outcome names the remote id, so that its commit waits for the disk (``synchronous=FULL``).
    """
    done = 0
    begun = time.perf_counter()
    while done < STEPS:
        for take in ledger.claim(State.GENERATING, at, limit):
            outcome = Change(State.GENERATING, "poll", due_at=at, remote_id=take.remote_id)
            ledger.record(take, outcome, at)
            done += 1
    return done / (time.perf_counter() - begun)


def micros(ask: Callable[[], object], times: int = 200) -> float:
    """Microseconds that a question takes."""
    begun = time.perf_counter()
    for _ in range(times):
        ask()
    return (time.perf_counter() - begun) / times * 1e6


def status(ledger: SqliteLedger) -> None:
    """What `sorad status` asks."""
    ledger.counts()
    ledger.in_flight()
    ledger.undelivered()
    ledger.spend()
    ledger.spend(900.0)
    ledger.roots()
    ledger.storyboards()
    list(ledger.takes(states=[State.FAILED, State.UNKNOWN], limit=20))
    ledger.recall("breaker")


def bare_commits(folder: Path) -> float:
    """The machine's own measure: commits of one small update by sqlite3 alone, per second."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value)")
    db.execute("INSERT INTO t VALUES (1, 0)")
    begun = time.perf_counter()
    for n in range(STEPS):
        db.execute("UPDATE t SET value = ? WHERE id = 1", (n + 1,))
    rate = STEPS / (time.perf_counter() - begun)
    db.close()
    return rate


def one_round(size: int) -> dict[str, float]:
    """All figures at one size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = SqliteLedger.open(path)
        ledger.recover("bench", 1_000.0)
        figures = {
            "bare sqlite3 commits/s, for comparison": bare_commits(Path(folder)),
            "enqueue, takes/s": enqueue(ledger, size),
            "claim 20 + intent + acceptance, takes/s": submitted(ledger, 2_000.0),
            "claim 1 + record, steps/s": polled(ledger, 2_000.0, 1),
            f"claim {LIMIT} + record, steps/s": polled(ledger, 2_000.0, LIMIT),
            "empty claim, µs": micros(lambda: ledger.claim(State.QUEUED, 0.0, LIMIT)),
            "counts, µs": micros(ledger.counts),
            "status questions, µs": micros(lambda: status(ledger)),
        }
        begun = time.perf_counter()
        other = SqliteLedger.attach(path)
        status(other)
        other.close()
        figures["attach, status questions, close, µs"] = (time.perf_counter() - begun) * 1e6
        ledger.close()
    return figures


def show(size: int, rounds: Sequence[dict[str, float]]) -> None:
    """A line a figure."""
    print(f"\n{size:,} takes, {len(rounds)} rounds")
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        print(f"  {name:<45}{statistics.median(values):>10,.0f}   ({min(values):,.0f} to {max(values):,.0f})")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    sizes = (1_000, 100_000)
    figures: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for _ in range(rounds):  # in turn, so that what else the machine does hits both alike
        for size in sizes:
            figures[size].append(one_round(size))
    for size in sizes:
        show(size, figures[size])


if __name__ == "__main__":
    main()
