"""The takes that `once` works on: how they stand, and which of them still come to an end by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sorad.budget import is_asked_for
from sorad.engine.decide.ambiguous import waits_for_user
from sorad.engine.decide.chain import waits_for
from sorad.engine.decide.not_found import is_stuck
from sorad.ledger.chain import WAITS, is_waiting, segment_before
from sorad.ledger.states import OPEN
from sorad.model import State, Take

if TYPE_CHECKING:
    from sorad.daemon.assembly import Daemon


@dataclass(frozen=True)
class Standing:
    """The takes of the folders that `once` works on."""

    counts: Counter[State]
    waiting: int  # for the user, or parked: not worth staying for
    failed: list[Take]
    left_out: Counter[State] = field(default_factory=Counter)  # unsent ones of segments that are not meant

    @property
    def moving(self) -> int:
        """Takes that will still come to an end by themselves."""
        return sum(self.counts[state] for state in OPEN) - self.waiting - sum(self.left_out.values())

    @property
    def queued(self) -> int:
        """Takes that are still to be bought."""
        return self.counts[State.QUEUED] - self.left_out[State.QUEUED]


def standing_of(daemon: Daemon, in_vain: Mapping[int, int]) -> Standing:
    """Count the takes under the watched folders. ``in_vain``: see :func:`_stuck`."""
    counts: Counter[State] = Counter()
    waiting = 0
    failed: list[Take] = []
    for watch in daemon.config.watch:
        root = str(watch.path)
        here = daemon.ledger.counts(root)
        counts.update(here)
        waiting += daemon.ledger.parked(root)
        if here[State.HELD]:
            # Each as it stands now: one that was queued since it was counted waits for nobody.
            waiting += _waiting(daemon, daemon.ledger.takes(states=[State.HELD], root=root))
        if here[State.QUEUED] and daemon.claims.waits(root) is not None:
            waiting += here[State.QUEUED]
        if here[State.UNKNOWN]:
            unknown = daemon.ledger.takes(states=[State.UNKNOWN], root=root)
            asking = {take.fingerprint for take in unknown if waits_for_user(take)}
            # Takes of the same request wait with it: sent now, the two could not be told apart.
            same = daemon.ledger.takes(states=[State.UNKNOWN, State.QUEUED], root=root) if asking else ()
            waiting += sum(take.fingerprint in asking for take in same)
        waiting += _stuck(daemon, root, here, in_vain)
        if here[State.FAILED]:
            failed += daemon.ledger.takes(states=[State.FAILED], root=root)
    if daemon.segments:
        return _of_the_segments(daemon, counts, waiting, failed)
    return _with_chains(daemon, Standing(counts, waiting, failed))


def _waiting(daemon: Daemon, takes: Iterable[Take]) -> int:
    """How many of these are held for the user or another day.

    The answer about its price moves a take; so does a look of the engine that is due: at a start all that waits for a
    price is weighed again.
    """
    now = daemon.clock.time()
    held = (take for take in takes if take.state is State.HELD and take.due_at > now)
    return sum(not is_asked_for(take) for take in held)


def is_meant(daemon: Daemon, take: Take) -> bool:
    """Whether its segment is one of those that are to be bought."""
    return not daemon.segments or any(take.segment in one for one in daemon.segments)


def _of_the_segments(daemon: Daemon, counts: Counter[State], waiting: int, failed: list[Take]) -> Standing:
    """How it stands with the segments that are meant; the others' takes are neither waited for nor told."""
    roots = [str(watch.path) for watch in daemon.config.watch]
    states = [state for state in (State.QUEUED, State.HELD) if counts[state]]
    unsent = (
        [take for root in roots for take in daemon.ledger.takes(states=states, root=root)] if states else []
    )
    left_out = [take for take in unsent if not is_meant(daemon, take)]
    theirs = [take for take in failed if is_meant(daemon, take)]
    others = Counter(take.state for take in left_out)
    standing = Standing(counts, waiting - _waiting(daemon, left_out), theirs, others)
    return _with_chains(daemon, standing)


def _with_chains(daemon: Daemon, standing: Standing) -> Standing:
    """What only waits for a shot that has just ended still comes to an end by itself."""
    return standing if standing.moving else replace(standing, waiting=standing.waiting - _continuing(daemon))


def _continuing(daemon: Daemon) -> int:
    """How many takes are held for a segment that has just ended: they go on by themselves, or are told why not."""
    ledger, roots = daemon.ledger, [str(watch.path) for watch in daemon.config.watch]
    found = (take for root in roots for take in ledger.takes(states=[State.HELD], root=root))
    held = [take for take in found if is_waiting(take) and is_meant(daemon, take)]
    return sum(_is_about_to_move(take, segment_before(ledger, take)) for take in held)


def _is_about_to_move(take: Take, before: Sequence[Take]) -> bool:
    told, now = "" if take.error is None else take.error.code, waits_for(take, before)
    return told == WAITS and (now is None or now.code != told)


def _stuck(daemon: Daemon, root: str, here: Mapping[State, int], in_vain: Mapping[int, int]) -> int:
    """How many more finished takes than the parked ones wait for an address in vain.

    ``in_vain``: how often each was tried in vain before the start, by take. The config may have changed since, so
    these count once they were tried again; below 0 are parked ones that were not.
    """
    takes = _stuck_takes(daemon, root, here)
    tried = [(take.parked, take.attempt > in_vain.get(take.id, 0)) for take in takes]
    return tried.count((False, True)) - tried.count((True, False))


def tried_in_vain(daemon: Daemon) -> dict[int, int]:
    """How often each finished take that waits for an address was tried, by take."""
    roots = [str(watch.path) for watch in daemon.config.watch]
    stuck = [take for root in roots for take in _stuck_takes(daemon, root, daemon.ledger.counts(root))]
    return {take.id: take.attempt for take in stuck}


def _stuck_takes(daemon: Daemon, root: str, here: Mapping[State, int]) -> list[Take]:
    states = [state for state in (State.GENERATING, State.DOWNLOADING) if here[state]]
    if not states:
        return []
    # Of thousands in flight, which are well, none is read: this is asked for again and again.
    return [take for take in daemon.ledger.takes(states=states, root=root, troubled=True) if is_stuck(take)]
