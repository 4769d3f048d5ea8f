"""Who buys in a vault, given what its notes and receipts say. Pure.

No clock is trusted: claims are ordered by their generation alone, and a new one waits until the sync has had
``settle`` seconds to show another. While notes take less than that to arrive, there are never two machines
that buy. Where they take longer, a second payer is noticed by its claim or by its receipts, and stops.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

from sorad.claim import problems
from sorad.claim.machine import Machine
from sorad.claim.note import Claim, Reading
from sorad.problems import Problem


class Standing(str, enum.Enum):
    """Whose a vault is, for this machine."""

    NONE = "none"  # nobody's: no claim is needed, or ours was given up
    OURS = "ours"
    OTHER = "other"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Rival:
    """Another machine that has bought here, as its receipts tell."""

    name: str
    generation: int  # of the newest claim that it bought under; 0: under none


@dataclass(frozen=True)
class Mine:
    """What this machine remembers of a vault. ``until`` and ``gone`` are monotonic times, not kept."""

    generation: int = 0  # of our last claim; 0: never claimed
    holds: bool = False  # that claim is ours still
    released: bool = False  # we gave it up
    settled: bool = False  # it has stood long enough to buy under it, in this process
    since: float = 0.0  # epoch seconds, for people
    until: Optional[float] = None  # when it will have settled
    gone: Optional[float] = None  # since when our claim is missing from the notes
    highest: int = 0  # the newest generation that was ever seen here
    owner: str = ""  # whose that was: a name
    rivals: Mapping[str, Rival] = field(default_factory=dict)  # by machine
    twice: tuple[str, ...] = ()  # remote ids that another machine bought while we owned it
    known: tuple[str, ...] = ()  # those that an earlier claim of ours has settled


@dataclass(frozen=True)
class Facts:
    """What is decided by. ``needed``: the config or signs of a sync service ask for a claim."""

    path: str
    me: Machine
    needed: bool
    reading: Reading
    mine: Mine
    now: float  # monotonic
    settle: float  # seconds
    unreadable: str = ""  # why a note that is there cannot be read


@dataclass(frozen=True)
class Decision:
    """What follows. ``write``: the generation of a claim to be written now, before ``mine`` holds."""

    standing: Standing
    buys: bool
    mine: Mine
    write: Optional[int] = None
    problem: Optional[Problem] = None
    owner: str = ""  # a name


def decide(facts: Facts) -> Decision:
    """Whose the vault is, whether we may buy, and whether a claim has to be written."""
    reading = facts.reading
    if facts.unreadable:
        return _stopped(facts, Standing.CONFLICT, problems.unreadable(facts.path, facts.unreadable))
    if reading.damaged:
        return _stopped(facts, Standing.CONFLICT, problems.damaged(facts.path))
    top = newest(reading, facts.me)
    if len({claim.machine for claim in top}) > 1:
        return _stopped(facts, Standing.CONFLICT, problems.conflict(facts.path, _names(top)))
    claim = top[0] if top else None
    if claim is not None and claim.generation >= facts.mine.highest:
        seen = replace(facts.mine, highest=claim.generation, owner=claim.name)
        facts = replace(facts, mine=seen)
    return _holding(facts, claim) if facts.mine.holds else _not_holding(facts, claim)


def newest(reading: Reading, me: Machine) -> list[Claim]:
    """The claims of the highest generation, a release by the same machine before the claim it ends.

    A conflict copy tells what others claimed; of ours it proves nothing, because the note has moved on since.
    """
    claims = [*reading.claims, *(claim for claim in reading.copies if claim.machine != me.id)]
    highest = max((claim.generation for claim in claims), default=0)
    top = [claim for claim in claims if claim.generation == highest]
    return sorted(top, key=lambda claim: not claim.released)


def next_generation(reading: Reading, mine: Mine) -> int:
    """One that beats everything that was ever seen here."""
    seen = [claim.generation for claim in (*reading.claims, *reading.copies)]
    bought = [rival.generation for rival in mine.rivals.values()]
    return max([mine.generation, mine.highest, *seen, *bought]) + 1


def claimed(mine: Mine, generation: int, now: float, settle: float, wall: float) -> Mine:
    """What we remember once our claim is written. What others bought before is settled by it."""
    return replace(
        mine,
        generation=generation,
        holds=True,
        released=False,
        settled=False,
        since=wall,
        until=now + settle,
        gone=None,
        highest=generation,
        twice=(),
        known=(*mine.known, *mine.twice),
    )


def given_up(mine: Mine, generation: int) -> Mine:
    """What we remember once our release is written."""
    return replace(
        mine,
        generation=generation,
        highest=generation,
        holds=False,
        released=True,
        settled=False,
        until=None,
        gone=None,
    )


# --- the cases ------------------------------------------------------------------------------------------


def _holding(facts: Facts, top: Optional[Claim]) -> Decision:
    mine = facts.mine
    if top is not None and top.generation > mine.generation:
        # Taken over; or our own claim or release, written while this process did not look.
        return _not_holding(replace(facts, mine=replace(mine, holds=False, settled=False, until=None)), top)
    names = _payers_beside(mine)
    if names is not None:
        return _stopped(facts, Standing.CONFLICT, problems.second_payer(facts.path, names))
    if top is None and not facts.needed and not mine.rivals:
        return Decision(Standing.NONE, True, Mine(known=mine.known))  # the user took the note away
    if top is None or top.generation < mine.generation:
        return _lost(facts)
    if top.machine != facts.me.id:
        names = ", ".join(sorted({_names([top]), facts.me.name}))
        return _stopped(facts, Standing.CONFLICT, problems.conflict(facts.path, names))
    return _ours(facts, replace(mine, gone=None))


def _payers_beside(mine: Mine) -> Optional[str]:
    """The names of others that bought under our claim or a later one; ``None``: nobody did."""
    rivals = [rival for rival in mine.rivals.values() if rival.generation >= mine.generation]
    if not rivals and not mine.twice:
        return None
    return ", ".join(sorted({rival.name for rival in rivals or mine.rivals.values()}))


def _ours(facts: Facts, mine: Mine) -> Decision:
    name = facts.me.name
    if mine.settled:
        return Decision(Standing.OURS, True, mine, owner=name)
    until = facts.now + facts.settle if mine.until is None else mine.until
    if facts.now >= until:
        return Decision(Standing.OURS, True, replace(mine, settled=True, until=None), owner=name)
    waits = problems.settling(facts.path, facts.settle)
    return Decision(Standing.OURS, False, replace(mine, until=until), problem=waits, owner=name)


def _lost(facts: Facts) -> Decision:
    """Our claim is missing, or an older one is in its place: a sync in the middle of its work, an old copy.

    Nothing is bought; if it stays so, it is written again, and settles again.
    """
    mine = facts.mine
    gone = facts.now if mine.gone is None else mine.gone
    mine = replace(mine, gone=gone, settled=False, until=None)
    write = mine.generation if facts.now >= gone + facts.settle else None
    others = {claim.name or claim.machine for claim in (*facts.reading.claims, *facts.reading.copies)}
    others |= {rival.name for rival in mine.rivals.values()}
    told = problems.missing(facts.path, facts.me.name, ", ".join(sorted(others - {facts.me.name})))
    return Decision(Standing.OURS, False, mine, write, problem=told, owner=facts.me.name)


def _not_holding(facts: Facts, top: Optional[Claim]) -> Decision:
    mine, me = facts.mine, facts.me
    newer = _newer_elsewhere(facts, top.generation if top is not None else 0)
    if newer is not None:
        return newer
    if top is None:
        if not facts.needed and not mine.rivals:
            return Decision(Standing.NONE, True, mine)
        return _claim(facts)
    if top.machine == me.id:
        if top.released:
            return _stopped(facts, Standing.NONE, problems.released(facts.path))
        # Ours, and this process does not remember it: a lost ledger, or another process wrote it.
        held = replace(mine, generation=top.generation, holds=True, released=False, settled=False, until=None)
        return _ours(facts, held)
    if top.released or (me.home and top.home == me.home):
        return _claim(facts)
    return _stopped(facts, Standing.OTHER, problems.other(facts.path, top.name), top.name)


def _newer_elsewhere(facts: Facts, shown: int) -> Optional[Decision]:
    """A newer claim was seen, or has bought, and its note is not here: it is on its way, or was set back."""
    mine = facts.mine
    bought = max(mine.rivals.values(), key=lambda rival: rival.generation, default=Rival("", 0))
    newest = max(mine.highest, bought.generation)
    if shown >= newest:
        return None
    if mine.released and mine.generation >= newest:
        return _stopped(facts, Standing.NONE, problems.released(facts.path))
    owner = bought.name if bought.generation > mine.highest else mine.owner
    return _stopped(facts, Standing.OTHER, problems.seen_other(facts.path, owner), owner)


def _claim(facts: Facts) -> Decision:
    """Nobody's: ours, from when our claim is written and has settled."""
    generation = next_generation(facts.reading, facts.mine)
    return Decision(Standing.OURS, False, facts.mine, generation, owner=facts.me.name)


def _stopped(facts: Facts, standing: Standing, problem: Problem, owner: str = "") -> Decision:
    """Nothing is bought. What had to settle begins again when it is over."""
    mine = replace(facts.mine, settled=False, until=None, gone=None)
    return Decision(standing, False, mine, problem=problem, owner=owner)


def _names(claims: list[Claim]) -> str:
    return ", ".join(sorted(claim.name or claim.machine for claim in claims))
