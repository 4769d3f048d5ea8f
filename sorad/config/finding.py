"""What does not fit in a config, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sorad.config.lines import Loc
from sorad.problems import Param


@dataclass(frozen=True)
class Finding:
    """Something that does not fit; ``loc`` is where to look first, ``also`` what else takes part."""

    loc: Loc
    code: str
    message: str
    fix: str
    also: tuple[Loc, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)
