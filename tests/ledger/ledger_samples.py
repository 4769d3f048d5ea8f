"""Builders for the ledger's tests, and the ledgers that must pass the conformance suite."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sorad.ledger.interface import Ledger
from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.states import MOVES
from sorad.ledger.values import Applied, Change, Storyboard, Want
from sorad.model import Request, State, Take
from sorad.problems import Problem

# Another ledger is added by one line here: a name, and what opens it in a folder of the test's own.
FACTORIES: dict[str, Callable[[Path], Ledger]] = {
    "sqlite": lambda folder: SqliteLedger.open(folder / "ledger.db"),
}

NOW = 1_700_000_000.0
ROOT = "/vault"
PATH = "/vault/film/storyboard.json"
TROUBLE = Problem("provider.server", "The server said {status}.", "Wait.", {"status": 502})


def board(path: str = PATH, root: str = ROOT, **members: Any) -> Storyboard:
    return replace(Storyboard(0, root, path, 10, 20, "content", "ok"), **members)


def want(segment: int = 1, take: int = 1, prompt: str = "a cat", **members: Any) -> Want:
    request = Request(f"{prompt} {segment}")
    fingerprint = request.fingerprint()
    output = f"/vault/film/storyboard_assets/{segment}_v{take}_{fingerprint[:8]}.mp4"
    return replace(Want(segment, take, request, fingerprint, output), **members)


def apply(ledger: Ledger, *wants: Want, now: float = NOW, **members: Any) -> Applied:
    return ledger.apply(board(**members), wants, now)


def only(ledger: Ledger, **question: Any) -> Take:
    (take,) = ledger.takes(**question)
    return take


def states_of(ledger: Ledger) -> list[State]:
    return [take.state for take in ledger.takes()]


def drive(ledger: Ledger, take: Take, to: State, now: float = NOW, **members: Any) -> Take:
    """Move an unclaimed take to a state by legal moves; ``members`` go with the last one."""
    for state in _route(take.state, to):
        extra: dict[str, Any] = {"intent": True} if state is State.SUBMITTING else {}
        if state is State.GENERATING:
            extra.update(remote_id=f"task-{take.id}-{take.creates}", accepted_at=now)
        extra.update(members if state is to else {})
        take = ledger.record(take, Change(state, "drive", **extra), now)
    return take


_BOUGHT = (State.GENERATING, State.DOWNLOADING, State.DONE, State.FAILED)


def _route(start: State, end: State) -> list[State]:
    """The shortest way by legal moves that passes a create, as a take in real life does."""
    ways: deque[list[State]] = deque([[start]])
    while ways:
        way = ways.popleft()
        if way[-1] is end:
            return way[1:]
        for state in sorted(MOVES[way[-1]] - set(way), key=str):
            unsent = way[-1] in (State.QUEUED, State.HELD, State.CANCELLED)
            if not (unsent and state in _BOUGHT):
                ways.append([*way, state])
    raise LookupError(f"{start} -> {end}")
