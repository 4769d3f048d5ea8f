"""The life of a take, written down once. The ledger refuses any move that is not here.

queued ──► submitting ──► generating ──► downloading ──► done
   ▲            │              │               │
held            ▼              ▼               ▼
             unknown        failed        (again, until verified)

A task that was said to have failed is asked after for a day more (:mod:`sorad.ledger.failed_tasks`). Where it goes on
after all, its take moves on with it, also one that was queued again meanwhile and not sent yet.
"""

from __future__ import annotations

from sorad.model import State

Q, H, S, U, G, D = (
    State.QUEUED,
    State.HELD,
    State.SUBMITTING,
    State.UNKNOWN,
    State.GENERATING,
    State.DOWNLOADING,
)
DONE, FAILED, CANCELLED = State.DONE, State.FAILED, State.CANCELLED

MOVES: dict[State, frozenset[State]] = {
    # DONE: its file turned up; FAILED: too many creates; G, D: its failed task goes on after all
    Q: frozenset({Q, H, S, G, D, CANCELLED, DONE, FAILED}),
    H: frozenset({H, Q, G, D, CANCELLED}),  # H: weighed, and still too dear; G, D: as above
    S: frozenset({Q, U, G, FAILED, CANCELLED}),  # CANCELLED: refused, and no longer wanted
    U: frozenset({U, Q, G, FAILED, CANCELLED}),  # out of it only by reconciling or by the user
    G: frozenset({G, D, FAILED}),
    D: frozenset({D, DONE, FAILED}),  # FAILED: the provider no longer has it
    # G, D: by `retry` or by itself, where the file is missing and the provider may still have it
    DONE: frozenset({DONE, G, D}),
    FAILED: frozenset({Q, G, D, CANCELLED}),  # G and D: its task is looked at again, by `retry` or by itself
    CANCELLED: frozenset(
        {Q, G, D}
    ),  # Q: wanted again; G and D: put aside after it failed, and not failed after all
}

PAID = frozenset({S, U, G, D})  # money is or may be out: never cancelled by the folder side
OPEN = frozenset({Q, H}) | PAID  # not ended
ENDED = frozenset({DONE, FAILED, CANCELLED})
DUE = frozenset({Q, U, G, D})  # states whose rows carry a step


def may(old: State, new: State) -> bool:
    """Whether a take may move from ``old`` to ``new``."""
    return new in MOVES[old]
