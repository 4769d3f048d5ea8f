"""Which takes are held because somebody else asks for the same: their storyboard was copied (see
:mod:`sorad.intake.copied`), or their line doubled (:mod:`sorad.intake.repeated`). Pure."""

from __future__ import annotations

from sorad.model import State, Take

CODE = "take.copied"  # of the problem that such a take carries
REPEATED = "take.repeated"  # likewise, of one whose text stands twice in a note
TABLE = "take.table"  # likewise, of a table that lay there before an upgrade


def is_unsent(take: Take) -> bool:
    """Whether no create ever left for it."""
    return take.state in (State.QUEUED, State.HELD, State.CANCELLED) and not take.creates


def is_copied(take: Take) -> bool:
    """Whether a take is held for this. Who approves all that waits does not mean it."""
    return take.state is State.HELD and take.error is not None and take.error.code in (CODE, REPEATED, TABLE)
