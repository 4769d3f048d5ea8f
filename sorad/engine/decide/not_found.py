"""Paid takes whose task or video the provider does not show. Pure."""

from __future__ import annotations

from sorad.model import State, Take

# The codes of their problems. (`sorad.providers` has them, too; what `status` goes by does without it.)
MISSING, NO_ADDRESS = "provider.missing", "provider.no_address"
ADDRESS = "provider.address"
# Said once it may be a lagging replica, or a task that was called finished a little early.
TOLD_AT = 2
# So many answers in a row without an address, and it takes a change of the config to find it.
STUCK_AT = 3
# Looks and downloads that failed so often in a row, for a few minutes, are told whatever the reason,
FAILING_AT = 6
# except looks that meet what is told by itself: no way there, and a key that is refused.
TOLD_BY_ITSELF = frozenset({"provider.network", "provider.key", "provider.account"})


def is_told(take: Take) -> bool:
    """Whether the user is to know: the task is not known, or its video not to be found, twice in a row; or asking
    after it, or its download, fails again and again."""
    if take.error is None:
        return False
    if take.error.code in (MISSING, NO_ADDRESS, ADDRESS):
        return take.attempt >= TOLD_AT
    asked = take.state is State.GENERATING and take.error.code not in TOLD_BY_ITSELF
    return (asked or take.state is State.DOWNLOADING) and take.attempt >= FAILING_AT


def is_stuck(take: Take) -> bool:
    """Whether waiting alone brings nothing: its video is finished, and where it lies is not to be found."""
    return take.error is not None and take.error.code == NO_ADDRESS and take.attempt >= STUCK_AT
