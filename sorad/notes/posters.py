"""Which posters are there: somebody may have deleted some."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sorad.layout import poster_path
from sorad.model import Take


def with_posters(takes: Iterable[Take]) -> list[Take]:
    """The takes; those whose poster is gone as if it had never been made."""
    return [replace(one, poster=0) if one.poster == 1 and not _is_there(one) else one for one in takes]


def _is_there(take: Take) -> bool:
    return os.path.lexists(poster_path(Path(take.output)))
