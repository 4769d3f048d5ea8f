"""The dates of creates by our clock as it is now, to be compared with now and with what a provider's list says. Pure.

The date that was written down with an intent names its create; but the clock may have been set since, and no two such
dates can be compared.
"""

from __future__ import annotations

from dataclasses import replace

from sorad.elapsed import Moment, passed, same_boot
from sorad.model import Take

# When nothing is known: before any create.
LONG_AGO = 0.0
# Seconds that a create is answered after its intent, at most.
ANSWERED_WITHIN = 300.0


# Seconds that the wall clock may come off the uptime, and neither a sleep nor a jump be taken for it.
TOGETHER = 30.0


def dated(take: Take, now: float, present: Moment, ahead: float = 0.0, *, tells_sleep: bool = True) -> Take:
    """A take with its intent dated by the clock that says ``now``: no later than it was, :data:`LONG_AGO` at worst.

    Within a boot it is known exactly. Over a boot the provider's clock tells it, where that was heard before the
    intent and again since: ours is ``ahead`` of it by so many seconds. So it is where the machine may have slept, and
    its uptime does not count that (not ``tells_sleep``): it then lags behind a clock that was not set.
    """
    if take.intent_at is None:
        return take
    up = passed(take.moment, present)
    sure = tells_sleep or abs(now - take.intent_at - up) <= TOGETHER
    if sure and same_boot(take.moment, present):
        at = now - up
    elif take.ahead is not None:
        at = min(take.intent_at - take.ahead + ahead, now)
    else:
        at = LONG_AGO
    return replace(take, intent_at=at)


def accepted(
    take: Take, now: float, present: Moment, ahead: float = 0.0, *, tells_sleep: bool = True
) -> float:
    """When a take's create was accepted, by the clock that says ``now``; as written down, where nothing is known."""
    intent = dated(take, now, present, ahead, tells_sleep=tells_sleep).intent_at
    at = take.accepted_at or now
    if intent is None or take.intent_at is None or intent == LONG_AGO:
        return at
    return intent + min(max(at - take.intent_at, 0.0), ANSWERED_WITHIN)
