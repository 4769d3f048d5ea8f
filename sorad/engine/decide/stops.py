"""Stops: buying has stopped until the user acts, or until what stopped it is known. Pure.

A halt (:mod:`sorad.engine.decide.halt`) is probed away, as it costs nothing to find out whether it is mended. Here the
next create may cost money for nothing, so none leaves by itself. Several stops may stand at once, one of a code,
beside a halt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Optional

from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

Settings = Mapping[str, Any]  # members of [provider], as JSON values


@dataclass(frozen=True)
class Stop:
    """Why buying stopped, and since when (epoch seconds).

    ``takes``: those concerned, by id; it ends when all of them are settled. Without any, only the user ends it.
    ``under``: the settings of ``[provider]`` that it holds under; others end it.
    """

    problem: Problem
    since: float
    takes: tuple[int, ...] = ()
    under: Settings = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Its name: dotted and stable."""
        return self.problem.code

    def as_problem(self) -> Problem:
        """For the user, with the way out that each stop has."""
        fix = N_("{reason_fix} `sorad resume` buys on all the same.")
        return Problem(self.code, "{reason}", fix, {"reason": self.problem})

    def to_json(self) -> dict[str, Any]:
        """For the ledger and `sorad status`."""
        return {
            "since": self.since,
            "problem": self.problem.to_json(),
            "takes": list(self.takes),
            "under": dict(self.under),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Stop:
        """The reverse of :meth:`to_json`."""
        problem = Problem.from_json(raw["problem"])
        return cls(problem, raw["since"], tuple(raw["takes"]), raw["under"])


def added(stops: Sequence[Stop], stop: Stop) -> tuple[Stop, ...]:
    """With one more: of a code that stands already, the takes come together and the first date stays."""
    known = next((one for one in stops if one.code == stop.code), None)
    if known is not None:
        takes = tuple(dict.fromkeys((*known.takes, *stop.takes)))
        stop = replace(stop, since=known.since, takes=takes)
    return (*(one for one in stops if one.code != stop.code), stop)


def standing(
    stops: Sequence[Stop], take: Callable[[int], Optional[Take]], settings: Optional[Settings] = None
) -> tuple[Stop, ...]:
    """Those that still stand. ``settings``: of the config in force; ``None``: as they were."""
    return tuple(
        stop
        for stop in stops
        if (settings is None or _holds(stop, settings))
        and (not stop.takes or not all(is_settled(take(number)) for number in stop.takes))
    )


def is_settled(take: Optional[Take]) -> bool:
    """Whether it is known what became of a take's create: it was found, or the user said so.

    One that went back to the queue because a list did not show it is not settled (``creates`` still counts what
    left; the user's word begins the count again): what stopped the buying may happen to it again.
    """
    if take is None:
        return True
    if take.state is State.QUEUED:
        return take.creates == 0
    return take.state not in (State.SUBMITTING, State.UNKNOWN)


def _holds(stop: Stop, settings: Settings) -> bool:
    return all(settings.get(name) == value for name, value in stop.under.items())
