"""What an API's own error codes mean, as data of each provider: the HTTP status does not tell money. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from sorad.providers.base import Trouble


@dataclass(frozen=True)
class Meaning:
    """What a code means. ``status``: the HTTP status that says the same; ``content``: what was to be seen is refused;
    ``person``: because it is a real person; ``final``: of a task that failed, it is over for good, and not charged."""

    trouble: Trouble
    status: int
    content: bool = False
    person: bool = False
    final: bool = False


KEY = Meaning(Trouble.KEY, 401)
BALANCE = Meaning(Trouble.BALANCE, 402)
RATE = Meaning(Trouble.RATE, 429)
RETIRED = Meaning(Trouble.RETIRED, 404)  # the model, for every take
MISSING = Meaning(Trouble.RETIRED, 404)  # the task
REQUEST = Meaning(Trouble.REQUEST, 400)
MODERATION = Meaning(Trouble.REQUEST, 400, content=True)
WITHHELD = Meaning(Trouble.REQUEST, 400, content=True, final=True)  # what came of it; nothing is charged
PERSON = Meaning(Trouble.REQUEST, 400, content=True, person=True)
DOUBT = Meaning(Trouble.SERVER, 500)  # the task may have been accepted

# By code, in small letters. A code with dots has the meaning of its first part, unless the whole is named.
Codes = Mapping[str, Meaning]


def meaning_of(code: str, codes: Codes) -> Optional[Meaning]:
    """What a code means; ``None`` for one that the table does not have."""
    found = code.strip().lower()
    while found:
        if found in codes:
            return codes[found]
        found = found.rpartition(".")[0]
    return None
