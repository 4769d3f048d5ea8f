"""What is remembered of a claim from one start to the next, as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sorad.claim.decide import Mine, Rival

# Under this key and the root's path the ledger remembers that a root was read while another machine bought there.
STOOD_BY = "stood by: "


def to_json(mine: Mine) -> dict[str, Any]:
    """All but the monotonic times, and that it had settled: it settles again after a restart."""
    return {
        "generation": mine.generation,
        "holds": mine.holds,
        "released": mine.released,
        "since": mine.since,
        "highest": mine.highest,
        "owner": mine.owner,
        "rivals": {machine: [rival.name, rival.generation] for machine, rival in mine.rivals.items()},
        "twice": list(mine.twice),
        "known": list(mine.known),
    }


def from_json(raw: Mapping[str, Any]) -> Mine:
    """The reverse of :func:`to_json`."""
    return Mine(
        generation=raw["generation"],
        holds=raw["holds"],
        released=raw["released"],
        since=raw["since"],
        highest=raw["highest"],
        owner=raw["owner"],
        rivals={machine: Rival(name, generation) for machine, (name, generation) in raw["rivals"].items()},
        twice=tuple(raw["twice"]),
        known=tuple(raw["known"]),
    )
