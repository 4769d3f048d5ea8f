"""What is known of a take that was sent with a key which is not set now. Pure, and light: `sorad status` reads it."""

from __future__ import annotations

from sorad.ledger.values import Change
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem

# The error of such a take.
NO_KEY = "account.key"
# Its key is looked for at this pace, in seconds.
NO_KEY_EVERY = 300.0


def keyless(take: Take, why: Problem, now: float) -> Change:
    """The change with which a paid take waits for the key it was bought with, for as long as that takes.

    It holds no slot: those are the present account's.
    """
    parked = True if take.state is State.GENERATING else None
    return Change(take.state, "no key", due_at=now + NO_KEY_EVERY, error=why, parked=parked)


def no_key(take: Take) -> Problem:
    """Why a take cannot even be asked after."""
    return Problem(
        NO_KEY,
        N_("take {take} was bought at {base_url}, and the key for it is no longer set."),
        N_(
            "Set that key again (as it was when the take was bought) and restart sorad: the video is waiting."
        ),
        {"take": take.id, "base_url": take.base_url},
    )


def other_account(take: Take) -> Problem:
    """Why a take is neither found nor given up: it is not known at the account of the key that is set now."""
    return Problem(
        NO_KEY,
        N_(
            "take {take} was sent to {base_url} with another key, and the account of the key that is set now does "
            "not know it."
        ),
        N_("Set that key again (as it was when the take was sent); {then}."),
        {"take": take.id, "base_url": take.base_url},
    )
