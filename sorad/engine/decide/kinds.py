"""What a row of a provider's list of tasks is to a create whose answer was lost."""

from __future__ import annotations

import enum


class Kind(enum.Enum):
    """Adopting needs *ours*; sending again needs that no row is ours, and that none cannot be told."""

    OURS = "ours"
    NOT_OURS = "not ours"
    CANNOT_TELL = "cannot tell"
