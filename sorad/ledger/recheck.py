"""When a task that was said to have failed is asked after again: some come to an end after all. Pure."""

from __future__ import annotations

from typing import Optional

from sorad.model import State, Take

# Seconds after it was said.
LOOKS = (60.0, 600.0, 3_600.0, 21_600.0, 86_400.0)
# A look that met no answer is made again so much later: within the first day, and after it, until this is over.
SOON, AT_TIMES, UNTIL = 300.0, 3_600.0, 7 * 86_400.0
# A look is not missed for so many seconds: the wall clock, by which it was due, runs a little otherwise.
NEARLY = 2.0


def has_failed(before: Optional[Take], after: Take) -> bool:
    """Whether a write says of a task that it failed, or that it was given up."""
    failed = after.state is State.FAILED and after.remote_id != ""
    return failed and (before is None or before.state is not State.FAILED)


def after_answer(waited: float, now: float) -> Optional[float]:
    """When it is asked after again, once it was; ``None``: not any more. Looks that were missed are one.

    ``waited``: seconds that really passed since it was said (:mod:`sorad.elapsed`): no clock that is set uses them up.
    """
    return next((now + wait - waited for wait in LOOKS if wait - waited > NEARLY), None)


def after_trouble(waited: float, now: float) -> Optional[float]:
    """The same, where nobody answered."""
    if waited >= UNTIL:
        return None
    return now + (SOON if waited < LOOKS[-1] else AT_TIMES)
