"""What a storyboard's wants mean for the takes it already has: pure, so that it can be tested as a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sorad.ledger.copied import REPEATED
from sorad.ledger.states import PAID
from sorad.ledger.values import Change, Want
from sorad.model import BY_USER, State, Take

Key = tuple[int, int, str]  # segment, take, fingerprint

# Whether some create was ever answered with a want's remote id; or, without one, whether the take had that intent.
Knows = Callable[["Known | None", Want], bool]

UNSENT = frozenset({State.QUEUED, State.HELD})
# Takes whose output may still be moved: nothing lies there yet, nothing is on its way there.
MOVABLE = UNSENT | {State.FAILED, State.CANCELLED}


@dataclass(frozen=True)
class Known:
    """A take the ledger has of the storyboard."""

    id: int
    state: State
    output: str
    extra: bool
    by_user: bool  # cancelled by the user, not by the folder
    wanted: bool = True
    repeated: bool = False  # held, because its text stood twice
    target: str = ""
    moved_by: str = ""
    moved_from: str = ""
    moved_as: str = ""
    model: str = ""  # that its request names


def goes_along(have: Known | Take, model: str, want: Want) -> bool:
    """Whether a new text goes where the user moved the one before it (which names ``model``): that was about the shot.

    What a fallback did was about the text that failed.
    """
    return have.moved_by == BY_USER and have.moved_from == want.target and model == want.request.model


def stays_moved(take: Take, target: str) -> bool:
    """Whether a take stays where it was moved to: its storyboard still names the ``target`` that it named then."""
    return take.moved_by != "" and take.moved_from == target


@dataclass
class Plan:
    """What is to be done so that the ledger agrees with the wants."""

    insert: list[Want] = field(default_factory=list)
    follow: list[tuple[Known, Want]] = field(default_factory=list)  # request and output brought up to date
    requeue: list[tuple[Known, Want]] = field(default_factory=list)
    found: list[tuple[Known, Want]] = field(default_factory=list)  # bought, as the folder shows
    cancel: list[Known] = field(default_factory=list)
    wanted: list[Known] = field(default_factory=list)  # asked for again
    unwanted: list[Known] = field(default_factory=list)  # not asked for any more
    added: int = 0
    skipped: int = 0
    kept: int = 0


def plan(
    wants: Sequence[Want],
    known: Mapping[Key, Known],
    owned: Callable[[str], bool],
    knows: Knows,
) -> Plan:
    """Compare. ``owned`` tells whether an open or done take of another storyboard has an output path, ``knows``
    whether the ledger knows the create that a want tells of: see :data:`Knows`."""
    result = Plan()
    left = dict(known)
    seen: set[Key] = set()
    for want in wants:
        key = (want.segment, want.take, want.fingerprint)
        have = known.get(key)
        if not want.wanted:
            if key not in seen and not owned(want.output):
                _beside(result, have, want, knows)
            continue
        if key in seen:
            result.skipped += 1
            continue
        seen.add(key)
        if _goes_there(have, want) and owned(want.output):
            result.skipped += 1  # and cancelled below, where it was queued: the other take delivers it
            continue
        left.pop(key, None)
        _one(result, have, want, knows)
    _leave(result, left, texts_of(wants, (take for _segment, take, _text in left)))
    _take_along(result, left)
    return result


def _take_along(result: Plan, left: Mapping[Key, Known]) -> None:
    """New texts go where the user moved those before them."""
    last = {
        (segment, take): have
        for (segment, take, _text), have in sorted(left.items(), key=lambda one: one[1].id)
    }
    for index, want in enumerate(result.insert):
        have = last.get((want.segment, want.take))
        if have is not None and want.state in UNSENT and goes_along(have, have.model, want):
            result.insert[index] = replace(
                want, target=have.target, moved_by=BY_USER, moved_from=want.target, moved_as=have.moved_as
            )


def _goes_there(have: Known | None, want: Want) -> bool:
    """Whether the want would get its output path only now."""
    return have is None or (have.state in MOVABLE and have.output != want.output)


def _leave(result: Plan, left: Mapping[Key, Known], texts: Collection[tuple[int, str]]) -> None:
    """What is not asked for. A further take of one of the ``texts`` (segment, fingerprint) stays wanted."""
    shown = {have.id for have, _want in result.found}
    for (segment, _take, fingerprint), have in left.items():
        if have.id in shown:
            continue
        if have.extra and (segment, fingerprint) in texts:
            if not have.wanted:
                result.wanted.append(have)
            continue
        if have.wanted:
            result.unwanted.append(have)
        if have.state in UNSENT:
            result.cancel.append(have)
        elif have.state in PAID or have.state is State.DONE:
            result.kept += 1


def texts_of(wants: Iterable[Want], numbers: Iterable[int]) -> set[tuple[int, str]]:
    """Segments with the texts that they ask for, of which `redo` may have bought further takes.

    ``numbers`` are those of such takes: where a segment says a seed, each take has its own.
    """
    asked = [want for want in wants if want.wanted]
    requests = [(want, want.newer) for want in asked if want.newer is not None]
    requests += [(want, want.request) for want in asked]
    seeded = [(want, request) for want, request in requests if request.seed is not None]
    further = sorted(set(numbers)) if seeded else []
    return {(want.segment, request.fingerprint()) for want, request in requests}.union(
        (want.segment, request.of_take(1 + number - want.take).fingerprint())
        for want, request in seeded
        for number in further
    )


def _one(result: Plan, have: Known | None, want: Want, knows: Knows) -> None:
    if have is None:
        result.insert.append(want)
        result.added += want.state in UNSENT
        result.skipped += want.state not in UNSENT
        return
    if not have.wanted:
        result.wanted.append(have)
    if have.state in MOVABLE:
        result.follow.append((have, want))
    if _tells_more(have, want, knows):
        result.found.append((have, want))
    elif (have.state is State.CANCELLED and not have.by_user) or _stands_alone(have, want):
        result.requeue.append((have, want))
        result.added += 1
        return
    result.skipped += 1


def _stands_alone(have: Known, want: Want) -> bool:
    """Whether a take that was held because its text stood twice is asked for once by now."""
    still = want.error is not None and want.error.code == REPEATED
    return have.repeated and want.state in UNSENT and not still


def _beside(result: Plan, have: Known | None, want: Want, knows: Knows) -> None:
    """What was bought and is not wanted (any more): known again, so that it is delivered."""
    if have is None:
        if want.state is State.FAILED and knows(have, want):
            return  # some take has had this bad luck already
        result.insert.append(want)
        result.kept += 1
    elif _tells_more(have, want, knows):
        result.found.append((have, want))
        result.kept += 1


def _tells_more(have: Known, want: Want, knows: Knows) -> bool:
    """Whether the folder tells more of a take than the ledger. One that failed was bought anew, and that is
    forgotten, where the receipt is of a create that the ledger never heard of."""
    if have.state is State.FAILED and want.state is not State.UNKNOWN:
        return bool(want.remote_id) and not knows(have, want)
    return have.state in MOVABLE and _shows_bought(have, want, knows)


def _shows_bought(have: Known, want: Want, knows: Knows) -> bool:
    """Whether the folder knows more than the ledger: the file is there, or the receipt of a create that the
    ledger never heard of (it was restored from an old copy). A receipt of a create that it did hear of tells
    nothing new: the user may have queued that take again. Nor does the intent of one whose end it knows."""
    if want.state is State.UNKNOWN:
        return want.intent_at is not None and not knows(have, want)
    if want.state in (State.GENERATING, State.FAILED) or (want.state is State.DONE and want.error):
        return not knows(have, want)
    return want.state is State.DONE


def is_known(intents: Collection[float], intent_at: float) -> bool:
    """Whether an intent is one of those that the ledger knows of. Its date names it, and tells no order: the clock may
    have been set between two. Older versions wrote whole seconds."""
    return any(intent_at in (known, int(known)) for known in intents)


def changes_found(state: State, want: Want, now: float) -> Iterable[Change]:
    """The moves, each a legal one, that bring an unsent take to where the folder shows it."""
    if state is not State.QUEUED:
        yield Change(State.QUEUED, "found")
    if want.state in (State.GENERATING, State.UNKNOWN):
        yield _sent(want)
    yield _as_found(want, now)


def _sent(want: Want) -> Change:
    """Its create left, as the folder tells."""
    return Change(
        State.SUBMITTING,
        "found",
        intent=True,
        intent_at=want.intent_at,
        provider=want.provider or None,
        base_url=want.base_url or None,
        account=want.account or None,
        own_id=want.own_id,
        sent=want.sent,
    )


def _as_found(want: Want, now: float) -> Change:
    """The state that the folder shows, with all that it tells."""
    change = Change(
        want.state,
        "found",
        due_at=now if want.due_at is None else want.due_at,
        attempt=0,
        error=want.error,
        clear_error=True,
        provider=want.provider or None,
        base_url=want.base_url or None,
        account=want.account or None,
        remote_id=want.remote_id or None,
        reused=want.reused or None,
        output=want.output,
        request_id=want.request_id or None,
        cost=want.cost,
        currency=want.currency or None,
        own_id=want.own_id,
        sent=want.sent,
        repeats=want.repeats or None,
        accepted_at=accepted_at(want, now),
        finished_at=want.finished_at,
        chosen_at=want.chosen_at or None,
    )
    change = replace(change, frame=want.frame, frame_of=want.frame_of) if want.frame else change
    return _with_attempts(change, want)


def _with_attempts(change: Change, want: Want) -> Change:
    return replace(change, attempts=want.attempts) if want.attempts else change


def accepted_at(want: Want, now: float) -> float | None:
    """When the take was accepted, as its receipt says; now, where that is lost: its money counts.

    A receipt of the future was written under a wrong clock, or by a stranger: it counts as of now, not every day.
    """
    if want.accepted_at is None:
        return now if want.state is State.GENERATING else None
    return min(want.accepted_at, now)
