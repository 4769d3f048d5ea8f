"""When to tell what: given what was told before and what is so now, the new memory. Pure.

A trouble is told once it has lasted ``settle`` seconds, and that it is over once it was gone for so long: a
flap is no storm. What could not be sent stays in the outbox; more than ``per_hour`` messages to a target wait
there, too, and go out together. What is over before it went out is not told at all.

Two clocks: ``now`` is monotonic, so that neither a set clock nor a week of sleep ends a wait; ``at`` is the
wall clock, for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Optional

from sorad.notify.memory import DONE, OVER, TROUBLE, Alert, Item, Line, Memory
from sorad.problems import Problem

HOUR, DAY = 3600.0, 86_400.0
# Between the tries of a target that takes nothing, in seconds.
FIRST, LONGEST = 30.0, 1800.0


@dataclass(frozen=True)
class Rules:
    """What the user wants."""

    kinds: frozenset[str]
    targets: tuple[str, ...]
    settle: float
    per_hour: int


class Condition(NamedTuple):
    """Something that is so for a while: a trouble, or something that waits for the user."""

    kind: str
    problem: Problem


@dataclass(frozen=True)
class Seen:
    """How it stands, by keys that stay the same while a condition lasts.

    ``whole``: all was looked at. If not (the ledger cannot be read), that something is not there says nothing.
    ``open``: the storyboards with work; ``ended``: those that had work before and have none now, with what to
    tell of them (``None``: nothing).
    """

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    whole: bool = True
    open: frozenset[int] = frozenset()
    ended: Mapping[int, Optional[Problem]] = field(default_factory=dict)


def step(memory: Memory, seen: Seen, rules: Rules, now: float, at: float) -> Memory:
    """What is told, and to be told, after a look at how it stands."""
    memory = _without_strangers(memory, rules)
    memory = _boards(memory, seen, rules, now, at)
    return _conditions(memory, seen, rules, now, at)


def _without_strangers(memory: Memory, rules: Rules) -> Memory:
    """Targets that the config no longer has get nothing."""
    outbox = [
        replace(item, to=tuple(one for one in item.to if one in rules.targets)) for item in memory.outbox
    ]
    return replace(memory, outbox=tuple(item for item in outbox if item.to))


def _boards(memory: Memory, seen: Seen, rules: Rules, now: float, at: float) -> Memory:
    if not seen.whole:
        return memory
    # min: a clock that was set back must not put the beginning of the work behind its end
    still = {board: min(memory.open.get(board, at), at) for board in seen.open}
    items = [
        Item(DONE, f"board:{board}", at, problem, rules.targets, now)
        for board, problem in seen.ended.items()
        if problem is not None and board in memory.open and DONE in rules.kinds
    ]
    return replace(memory, open=still, outbox=(*memory.outbox, *items))


def _conditions(memory: Memory, seen: Seen, rules: Rules, now: float, at: float) -> Memory:
    found = {key: one for key, one in seen.conditions.items() if one.kind in rules.kinds}
    told, outbox = dict(memory.told), list(memory.outbox)
    fresh = {key: memory.fresh.get(key, now) for key in found if key not in told}
    if not seen.whole:
        fresh = {**memory.fresh, **fresh}
    for key, since in list(fresh.items()):
        if key in found and now - since >= rules.settle:
            del fresh[key]
            told[key] = Alert(found[key].kind, at, found[key].problem)
            outbox = _begun(outbox, key, told[key], rules, now)
    calm = _calm(memory, found, now) if seen.whole else {}
    for key, since in list(calm.items()):
        if now - since >= rules.settle:
            del calm[key]
            outbox = _ended(outbox, key, told.pop(key), rules, now)
    return replace(memory, told=told, outbox=tuple(outbox), fresh=fresh, calm=calm)


def _calm(memory: Memory, found: Mapping[str, object], now: float) -> dict[str, float]:
    """Since when what was told of is no longer found."""
    return {key: memory.calm.get(key, now) for key in memory.told if key not in found}


def _begun(outbox: Sequence[Item], key: str, alert: Alert, rules: Rules, now: float) -> list[Item]:
    """Who was not told yet that it was over is told nothing: as far as they know, it went on."""
    ends = [item for item in outbox if item.key == key and item.kind == OVER]
    unaware = {target for item in ends for target in item.to}
    to = tuple(target for target in rules.targets if target not in unaware)
    kept = [item for item in outbox if item not in ends]
    return [*kept, Item(alert.kind, key, alert.at, alert.problem, to, now)] if to else kept


def _ended(outbox: Sequence[Item], key: str, alert: Alert, rules: Rules, now: float) -> list[Item]:
    """Who was told of it is told that it is over; who was not is told nothing."""
    begun = [item for item in outbox if item.key == key and item.kind == alert.kind]
    kept = [item for item in outbox if item not in begun]
    aware = _aware(begun, rules)
    if alert.kind == TROUBLE and alert.kind in rules.kinds and OVER in rules.kinds and aware:
        kept.append(Item(OVER, key, alert.at, alert.problem, aware, now))
    return kept


def _aware(begun: Sequence[Item], rules: Rules) -> tuple[str, ...]:
    """Who was told of what began: the targets for which no message of it waits."""
    unaware = {target for item in begun for target in item.to}
    return tuple(target for target in rules.targets if target not in unaware)


def due(memory: Memory, rules: Rules, now: float, quiet: bool) -> dict[str, tuple[Item, ...]]:
    """What goes out now, by target; all of a target's in one message. In ``quiet`` hours only troubles do."""
    found: dict[str, tuple[Item, ...]] = {}
    for target in rules.targets:
        line = memory.lines.get(target, Line())
        if now < line.again or len(_recent(line, now)) >= rules.per_hour:
            continue
        items = [item for item in memory.outbox if target in item.to]
        items = [item for item in items if item.kind == TROUBLE or not quiet]
        if items:
            found[target] = tuple(items)
    return found


def sent(memory: Memory, target: str, items: Sequence[Item], error: str, now: float) -> Memory:
    """After a try to send them to a target; ``error`` is empty where it worked."""
    line = memory.lines.get(target, Line())
    if error:
        failures = line.failures + 1
        wait = min(FIRST * 2.0 ** min(failures - 1, 16), LONGEST)
        line = replace(line, failures=failures, again=now + wait, error=error)
        return replace(memory, lines={**memory.lines, target: line})
    line = Line(sent=(*_recent(line, now), now))
    out = {(item.kind, item.key, item.at) for item in items}
    outbox = [
        replace(item, to=tuple(one for one in item.to if one != target))
        if (item.kind, item.key, item.at) in out
        else item
        for item in memory.outbox
    ]
    outbox = [item for item in outbox if item.to]
    return replace(memory, outbox=tuple(outbox), lines={**memory.lines, target: line})


def expire(memory: Memory, now: float) -> tuple[Memory, tuple[Item, ...]]:
    """Without what could not be sent for a day; and that."""
    old = tuple(item for item in memory.outbox if now - item.queued >= DAY)
    return replace(memory, outbox=tuple(item for item in memory.outbox if item not in old)), old


def _recent(line: Line, now: float) -> tuple[float, ...]:
    return tuple(at for at in line.sent if now - at < HOUR)
