"""Which video that was bought for another storyboard serves a take in place of a purchase. Pure.

Matching is by count: one video serves one take of each other storyboard. What is under way is waited for; of two that
wait, the one of the first storyboard by its path buys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePath

from sorad.ledger.states import PAID
from sorad.model import State, Take

NO_REUSE, FOLDER, ROOT = "never", "folder", "root"
_RANK = (State.DONE, State.DOWNLOADING, State.GENERATING, State.UNKNOWN, State.SUBMITTING, State.QUEUED)


def sources(path: str, root: str, takes: Iterable[Take], reuse: str) -> list[Take]:
    """Those of ``takes`` (of one text) that may serve the storyboard at ``path``, the most advanced first.

    ``reuse``: "folder", "root" or "never". What was reused itself, is missing or was cancelled serves nobody.
    """
    if reuse == NO_REUSE:
        return []
    found = [
        take
        for take in takes
        if take.storyboard != path and _is_near(take, path, root, reuse) and _serves(take, path)
    ]
    return sorted(found, key=lambda take: (_RANK.index(take.state), take.storyboard, take.segment, take.take))


def _is_near(take: Take, path: str, root: str, reuse: str) -> bool:
    if reuse == ROOT:
        return take.root == root
    return PurePath(take.storyboard).parent == PurePath(path).parent


def _serves(take: Take, path: str) -> bool:
    if take.reused:
        return False
    if take.state is State.DONE:
        missing = take.error is not None and take.error.code == "take.missing"
        return take.remote_id != "" and not missing
    return take.state in PAID or (take.state is State.QUEUED and take.wanted and take.storyboard < path)


def left(found: Sequence[Take], mine: Iterable[Take]) -> list[Take]:
    """Those sources that no take of the storyboard (``mine``, of the same text) has used yet."""
    used = {take.reused for take in mine if take.reused}
    return [take for take in found if not take.remote_id or take.remote_id not in used]


def bought_as(take: Take, takes: Iterable[Take]) -> list[Take]:
    """Those of ``takes`` (of its text) whose video a reused take is: another text may have its id at another place."""
    return [one for one in takes if one.remote_id == take.reused and one.state is State.DONE]


def served(wants: Iterable[tuple[int, int, str]], free: Mapping[str, int]) -> set[tuple[int, int, str]]:
    """Of takes that are to be bought (segment, take, text), those that get a video; ``free``: how many of a text."""
    count: Counter[str] = Counter()
    found = set()
    for key in sorted(wants):
        if count[key[2]] < free.get(key[2], 0):
            count[key[2]] += 1
            found.add(key)
    return found


def source_for(take: Take, takes: Collection[Take], reuse: str) -> Take | None:
    """What serves a queued take, or will; ``None``: it is to be bought. ``takes``: all of its text, it among them."""
    if take.extra or take.remote_id:  # `redo`, and `retry` of what failed, buy
        return None
    mine = [one for one in takes if one.storyboard_id == take.storyboard_id]
    asking = [one for one in mine if one.id == take.id or (one.state is State.QUEUED and not one.extra)]
    asking.sort(key=lambda one: (one.segment, one.take, one.id))
    place = [one.id for one in asking].index(take.id)
    free = left(sources(take.storyboard, take.root, takes, reuse), mine)
    return free[place] if place < len(free) else None
