"""What was told, and what still has to be: kept over restarts, so that a restart tells nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sorad.problems import Problem

DONE, WAITING, TROUBLE, OVER = "done", "waiting", "trouble", "over"


@dataclass(frozen=True)
class Item:
    """Something to tell. ``to``: the targets that have not got it yet; ``at``: since when it is so, epoch."""

    kind: str
    key: str
    at: float
    problem: Problem
    to: tuple[str, ...]
    queued: float = 0.0  # monotonic seconds; not kept


@dataclass(frozen=True)
class Alert:
    """A trouble or something that waits, of which was told, since ``at`` (epoch seconds)."""

    kind: str
    at: float
    problem: Problem


@dataclass(frozen=True)
class Line:
    """How sending to one target goes. Times are monotonic seconds."""

    sent: tuple[float, ...] = ()  # within the last hour
    failures: int = 0  # in a row
    again: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Memory:
    """``open``, ``told`` and ``outbox`` are kept; the others begin again at each start."""

    open: Mapping[int, float] = field(default_factory=dict)  # storyboards with work, seen since (epoch)
    told: Mapping[str, Alert] = field(default_factory=dict)
    outbox: tuple[Item, ...] = ()
    fresh: Mapping[str, float] = field(default_factory=dict)  # not told yet: seen since (monotonic)
    calm: Mapping[str, float] = field(default_factory=dict)  # told, and no longer seen: since (monotonic)
    lines: Mapping[str, Line] = field(default_factory=dict)  # by target

    def to_json(self) -> dict[str, Any]:
        """What is kept."""
        return {
            "open": {str(board): since for board, since in self.open.items()},
            "told": {
                key: {"kind": one.kind, "at": one.at, "problem": one.problem.to_json()}
                for key, one in self.told.items()
            },
            "outbox": [
                {
                    "kind": item.kind,
                    "key": item.key,
                    "at": item.at,
                    "problem": item.problem.to_json(),
                    "to": list(item.to),
                }
                for item in self.outbox
            ],
        }

    @classmethod
    def from_json(cls, raw: Any, now: float) -> Memory:
        """The reverse; ``None`` is an empty one. ``now``: monotonic seconds."""
        if not raw:
            return cls()
        return cls(
            open={int(board): since for board, since in raw["open"].items()},
            told={
                key: Alert(one["kind"], one["at"], Problem.from_json(one["problem"]))
                for key, one in raw["told"].items()
            },
            outbox=tuple(
                Item(
                    one["kind"],
                    one["key"],
                    one["at"],
                    Problem.from_json(one["problem"]),
                    tuple(one["to"]),
                    now,
                )
                for one in raw["outbox"]
            ),
        )
