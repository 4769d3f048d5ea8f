"""How much time really passed, and what came first, whatever the wall clock was set to.

Dates of the wall clock are for people, and for budgets by day. Two of them tell neither an order nor a length of time:
the clock may have been set between. So what money hangs on is kept with its *moment*: by the time that the machine
has been up, which nobody can set, and in which boot that was.

Within a boot all is known. Over a boot the order is, and the time that has passed at least: that since sorad was first
started in this one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional


class Moment(NamedTuple):
    """A point in time. Moments of one ledger compare as they came."""

    boot: int  # of the machine, as the ledger counts them; 0: before the first that it counted
    up: float  # seconds since sorad was first started in it; asleep or not, where the system tells

    def __str__(self) -> str:
        """As a column keeps it."""
        return f"{self.boot}:{self.up!r}"

    @classmethod
    def read(cls, text: Optional[str]) -> Optional[Moment]:
        """The reverse of ``str``; ``None`` for ``None``."""
        if text is None:
            return None
        boot, _colon, up = text.partition(":")
        return cls(int(boot), float(up))


@dataclass(frozen=True)
class Boot:
    """A start of the machine, as a ledger remembers it."""

    name: str = ""  # as the system names it; "": it has no names for them
    number: int = 0
    began: float = 0.0  # the machine's uptime when sorad was first started in it, seconds
    seen: float = 0.0  # that when sorad was last started

    def next(self, name: str, up: float) -> Boot:
        """The boot in which sorad is started now: the same one, or another.

        It is another where it cannot be told, and where the uptime went back (a snapshot was put back). What passed
        before sorad was started in it does not count: a container that starts anew has a new name for an old boot.
        """
        if name and name == self.name and up >= self.seen:
            return replace(self, seen=up)
        return Boot(name, self.number + 1, up, up)


def passed(since: Optional[Moment], now: Moment) -> float:
    """Seconds that have passed, at least. 0 where nothing is known (``None``).

    Within a boot exactly so many, but for those asleep where the system does not tell them.
    """
    if since is None:
        return 0.0
    return max(now.up - since.up, 0.0) if since.boot == now.boot else now.up


def same_boot(one: Optional[Moment], other: Moment) -> bool:
    """Whether :func:`passed` tells all that passed between, except for sleep that is not told."""
    return one is not None and one.boot == other.boot
