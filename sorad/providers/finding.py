"""How a provider lets a create be found whose answer was lost: facts, kept as data in ``<kind>.toml``.

None of the providers documents an idempotency key, so what is known of each decides what sorad may do by itself:
adopt what is surely ours, send again what is surely not there, and leave the rest to the user.
"""

from __future__ import annotations

import enum
import math
import secrets
from dataclasses import dataclass

# Names in `Provider.sent` that lists show, too: the shape of a take. Lengths are whole seconds, sound is true or false.
MODEL, SECONDS, RESOLUTION, RATIO, AUDIO = "model", "seconds", "resolution", "ratio", "audio"
SHAPE = (MODEL, SECONDS, RESOLUTION, RATIO, AUDIO)


# Seconds that a create may take where its task cannot be found again, if the config says nothing.
LONG_CREATE = 300.0


class Find(str, enum.Enum):
    """What tells that a task is ours."""

    OWN_ID = "own_id"  # an id of our own, sent with the create, by which the task is asked for
    TAG = "tag"  # a field of the create that the list of tasks shows again
    TEXT = "text"  # the text, in the list at once
    TEXT_LATER = "text_later"  # the text, but only of tasks that have ended
    ELIMINATION = "elimination"  # time, model, length, ratio, resolution, sound; and that there is no other
    NONE = "none"  # there is no list: the user decides

    def __str__(self) -> str:
        return self.value

    @property
    def by_id(self) -> bool:
        """Whether an id that we chose tells it, whatever else a list shows."""
        return self in (Find.OWN_ID, Find.TAG)

    @property
    def by_text(self) -> bool:
        """Whether the text tells it."""
        return self in (Find.TEXT, Find.TEXT_LATER)


@dataclass(frozen=True)
class Finding:
    """The facts of one provider. ``kept_for`` counts from the create on."""

    how: Find = Find.TEXT
    seen_after: float = 0.0  # seconds until a task that was accepted is on the list
    kept_for: float = math.inf  # seconds that the list remembers it for
    exact: bool = False  # one create of a shape leaves at a time (``exact_elimination``)


BY_TEXT = Finding()


def new_own_id() -> str:
    """A random id for one purchase: several ledgers share an account, so it is no number of a row."""
    return f"sorad-{secrets.token_hex(16)}"
