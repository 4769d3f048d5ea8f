"""Whether a place (a base URL with a model) uses the pictures that takes are bought with. Pure.

Gateways drop a picture in a field that they do not read, without a word, and bill a video of the text alone. So the
first frames of what comes back are compared with the pictures; until one was met again, little is bought at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from sorad.messages import N_
from sorad.model import Take
from sorad.problems import Problem

# Structural similarity from which on the first frame is the picture, and below which it is another one. Pressed, cut,
# padded and slightly zoomed pictures stay above 0.6, other ones below 0.35 (tests/media); between them nothing is told.
SAME, FAR = 0.5, 0.35
# Takes with pictures in flight until one has passed; so many far off in a row stop buying with pictures there.
IN_FLIGHT, IN_A_ROW = 2, 2
IGNORED = "provider.picture_ignored"


@dataclass(frozen=True)
class Trial:
    """What is known of a place. ``far``: the last takes (ids) in a row that began with another picture."""

    passed: bool = False  # a picture was met again
    far: tuple[int, ...] = ()
    vouched: bool = False  # the user says that it goes on, whatever comes
    stopped: Optional[Problem] = None

    def to_json(self) -> dict[str, Any]:
        """For the ledger and `sorad status`."""
        problem = None if self.stopped is None else self.stopped.to_json()
        return {"passed": self.passed, "far": list(self.far), "vouched": self.vouched, "stopped": problem}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Trial:
        """The reverse of :meth:`to_json`."""
        stopped = raw["stopped"] and Problem.from_json(raw["stopped"])
        return cls(raw["passed"], tuple(raw["far"]), raw["vouched"], stopped or None)


def compared(trial: Trial, take: int, likeness: float) -> Trial:
    """With one more take whose first frame was compared; one that is fetched again counts once."""
    if likeness >= SAME:
        return replace(trial, passed=True, far=())
    if likeness >= FAR:
        return replace(trial, far=())
    return replace(trial, far=(*(one for one in trial.far if one != take), take)[-IN_A_ROW:])


def is_ignored(trial: Trial) -> bool:
    """Whether buying with pictures is to stop now."""
    return len(trial.far) >= IN_A_ROW and not trial.vouched and trial.stopped is None


def is_compared(take: Take) -> bool:
    """Whether the picture of a take lies here, so that it can be compared; addresses are the provider's to fetch."""
    request = take.to_send
    return request.image.startswith("sha256:") and bool(request.image_path)


def ignored(takes: str, cost: str, likeness: float, place: str, field: str, name: str) -> Problem:
    """Why buying with pictures stops. ``takes``: their numbers; ``cost``: with its currency; ``field``: the member
    that the picture is sent in, as the config says it, "" where the config says none."""
    fix = N_(
        "Look at the videos. If the picture is not in them, ask the provider; `sorad resume --pictures {name}` buys "
        "with pictures there again."
    )
    if field:
        fix = N_(
            "Look at the videos. If the picture is not in them, it went in a field that the gateway does not read: "
            'picture_field = "{field}" in the config. Its documentation names the right one. `sorad resume --pictures '
            "{name}` buys with pictures there again."
        )
    return Problem(
        IGNORED,
        N_(
            "videos that were bought with a first frame begin with another picture, {count} in a row (takes {takes}, "
            "{cost}; likeness {likeness} of 1): {place} seems to ignore pictures."
        ),
        fix,
        {
            "count": IN_A_ROW,
            "takes": takes,
            "cost": cost,
            "likeness": round(likeness, 2),
            "place": place,
            "field": field,
            "name": name,
        },
    )


def no_provider(name: str, known: Iterable[str]) -> Problem:
    """What is said to somebody who names a provider that there is not. ``known``: those that there are."""
    return Problem(
        "command.provider",
        N_("no provider is called {name}."),
        N_("The config has: {known}."),
        {"name": name, "known": ", ".join(sorted(known))},
    )
