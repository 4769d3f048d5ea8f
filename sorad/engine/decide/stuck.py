"""What cannot go on by itself, as only the user can mend it. Pure; `sorad once` ends where nothing else is left."""

from __future__ import annotations

from typing import Optional

from sorad.delivery.outcome import OBSTACLES, Obstacle
from sorad.engine.decide.missing_key import NO_KEY
from sorad.model import State, Take
from sorad.problems import Problem

# Of the exchange with the provider, beside all that is wrong with a key itself ("key.…").
_OF_EXCHANGE = frozenset(
    {
        "provider.account",
        "provider.challenge",
        "provider.balance",
        "provider.key",
        "provider.page",
        "provider.retired",
        "proxy.address",
        "proxy.login",
        "proxy.socks",
        "tls.bundle",
        "tls.untrusted",
    }
)
# So long it must last before it counts, in seconds: somebody may be at it. A folder that is moved, and one that is
# away, look the same for as long as a step looks again.
LASTS, GONE_LASTS = 8.0, 40.0


def needs_user(problem: Problem) -> bool:
    """Whether waiting alone brings nothing."""
    code = problem.code
    return code in _OF_EXCHANGE or code in OBSTACLES or code == NO_KEY or code.startswith("key.")


def lasts(problem: Problem) -> float:
    """How many seconds it must stand before it is believed."""
    return GONE_LASTS if OBSTACLES.get(problem.code) is Obstacle.GONE else LASTS


def why_stuck(take: Take, halted: Optional[Problem], root: Optional[Problem]) -> Optional[Problem]:
    """Why a take that is still open cannot go on; ``None``: it may.

    ``halted``: why nothing is bought, where that was seen in this run. ``root``: why nothing goes into its folder.
    What a take last met with the provider may be mended since, unless buying is halted by it still.
    """
    error = take.error if take.error is not None and needs_user(take.error) else None
    local = error if error is not None and _is_local(error) else None
    if take.state is State.QUEUED:
        return root or halted or local
    if take.state is State.DOWNLOADING:
        return root or error
    if take.state in (State.GENERATING, State.UNKNOWN):
        return local if halted is None else error
    return None


def _is_local(problem: Problem) -> bool:
    """Whether it lies at this machine, not at the provider."""
    return problem.code in OBSTACLES or problem.code == NO_KEY
