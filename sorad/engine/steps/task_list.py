"""One look at a provider's list of tasks, with all that is known beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Union

from sorad import heartbeat
from sorad.elapsed import passed, same_boot
from sorad.engine.decide.absence import Own, View, covers, evidence, shown_as
from sorad.engine.decide.dating import accepted, dated
from sorad.engine.decide.matching import began
from sorad.engine.state.list_history import LATEST
from sorad.engine.steps.context import StepContext
from sorad.ledger.values import Event
from sorad.model import State, Take
from sorad.providers.base import Fault, Listed, Provider, RemoteTask

# Tasks that the provider does not know any more are on no list of it.
LOST_SIGHT = ("provider.missing", "take.lost")
# Creates of ours that were accepted within a day tell whether a list shows what it should; those within ten minutes
# before a lost one also tell how far back it reaches. In seconds.
TELLING, SHORTLY = 86_400.0, 600.0
# Before a create is sent again, the list is searched this much further back, in seconds: nothing in it may be
# ours by its text though not by its time.
DOUBT = 2 * 86_400.0
_PAGE = 200  # takes read at a time
_TURN = 120.0  # seconds that it may take until others have judged theirs


@dataclass(frozen=True)
class Look:
    """What came of it. ``window``: seconds after which a task of ours must be on the list."""

    view: View
    window: float


def look(context: StepContext, take: Take, provider: Provider, further: float = 0.0) -> Union[Look, Fault]:
    """Read the list back to the take's intent, and so many seconds ``further``. :class:`LedgerUnavailable`."""
    with context.locks.listing:  # until it was judged: what waits for that is as long
        lost = as_dated(context, take)
        since = max(began(lost, context.clock.time(), context.times.ahead) - further, 0.0)
        listed = provider.recent(since, take.own_id)
        if isinstance(listed, Fault):
            return listed
        heartbeat.beat(_TURN)
        with context.locks.judging:
            heartbeat.beat()
            return _judged(context, take, provider, listed)


def _judged(context: StepContext, take: Take, provider: Provider, listed: Listed) -> Look:
    """What a list tells, with all that is known beside it."""
    now = context.clock.time()
    # Before the owners: what is accepted now is theirs.
    others = [as_dated(context, other) for other in open_creates(context, take, provider.account)]
    remembered = context.lookups.list_history.of(context.ledger, provider.account)
    here = (provider.kind, provider.base_url)
    owned = context.ledger.owned([*(task.remote_id for task in listed.tasks), *remembered.rows], here)
    lost = as_dated(context, take)  # once more: the clock may have been set while the list was on its way
    own = _own_creates(context, take, lost, provider.account, {row.remote_id: row for row in listed.tasks})
    reach = covers(listed, context.times.ahead, measured=context.times.proven)
    due = [] if reach is None else [one for one in own if one.accepted_at >= reach]
    seen = context.lookups.list_history.add(context.ledger, provider.account, listed, owned, due, now)
    finding = provider.capabilities.finding
    window = max(context.config.reconcile.window, 2 * seen.lateness(), finding.seen_after)
    view = View(
        lost,
        listed,
        now,
        context.times.ahead,
        context.times.proven,
        owned,
        others,
        own,
        seen.rows,
        seen.most,
        max(window / 2, finding.seen_after),
        finding=finding,
    )
    seen = context.lookups.list_history.update(context.ledger, provider.account, evidence(view))
    # It was not seen to show ours any sooner.
    window = max(window, seen.shown or 0.0) if seen.proved else window
    view = replace(
        view,
        proved=seen.proved,
        behind=seen.behind,
        altered=seen.altered,
        verbatim=seen.verbatim,
        crowded=seen.is_crowded(view.start, lost.moment),
        gone=remembered.lacks(listed, now - finding.kept_for),
    )
    return Look(view, window)


def as_dated(context: StepContext, take: Take) -> Take:
    """A take with its intent dated by our clock as it is now."""
    present, times = context.ledger.moment(), context.times
    return dated(take, context.clock.time(), present, times.ahead, tells_sleep=times.tells_sleep)


def as_of_first(context: StepContext, take: Take, creates: Sequence[Event]) -> Take:
    """A take as of the first of its ``creates`` (see :mod:`sorad.engine.late`) of the last days."""
    now, present = context.clock.time(), context.ledger.moment()
    for event in creates:
        known = event.moment is not None and same_boot(event.moment, present)
        if passed(event.moment, present) < DOUBT if known else event.at > now - DOUBT:
            # The offset of its clock is not known: that of the last create, or the present one.
            ahead = context.times.ahead if take.ahead is None else take.ahead
            return replace(take, intent_at=event.at, moment=event.moment, ahead=ahead)
    return take


def open_creates(context: StepContext, take: Take, account: str) -> list[Take]:
    """Other takes whose create, sent to that account, is open."""
    takes = context.ledger.takes(states=[State.SUBMITTING, State.UNKNOWN])
    return [other for other in takes if other.id != take.id and other.account in ("", account)]


def _own_creates(
    context: StepContext, take: Take, lost: Take, account: str, rows: Mapping[str, RemoteTask]
) -> list[Own]:
    """Creates that this account accepted lately, as far as their tasks are still known there.

    ``lost``: the take as dated; ``rows``: of the list, by id. No take is kept: there may be thousands.
    """
    now, present = context.clock.time(), context.ledger.moment()
    began_at = now if lost.intent_at is None else lost.intent_at
    since = began_at - TELLING
    written = [at for at in (take.intent_at, lost.intent_at, now) if at]
    found = []
    for one in _bought_since(context, min(written) - TELLING):
        at = accepted(one, now, present, context.times.ahead, tells_sleep=context.times.tells_sleep)
        if one.accepted_at is None or at < since or not _is_known_to(account, one):
            continue
        shortly = began_at - SHORTLY < at < began_at
        answered = shortly and _was_answered(context, one) and _left_before(context, one, take)
        row = rows.get(one.remote_id)
        shown = None if row is None else shown_as(one, row)
        ended = one.state is not State.GENERATING
        found.append(Own(one.remote_id, at, answered, _is_answered_lately(context, one, at), shown, ended))
    return found


def _bought_since(context: StepContext, since: float) -> Iterator[Take]:
    """The takes that were bought since then, page by page."""
    ids = sorted({one.remote_id for one in context.ledger.purchases(since) if one.remote_id})
    for start in range(0, len(ids), _PAGE):
        heartbeat.beat()
        yield from context.ledger.with_tasks(ids[start : start + _PAGE])


def _is_answered_lately(context: StepContext, one: Take, at: float) -> bool:
    """Whether the answer to a create of the last hour told its task; ``at``: when, known exactly."""
    lately = context.clock.time() - LATEST < at and same_boot(one.moment, context.ledger.moment())
    return lately and _was_answered(context, one)


def _is_known_to(account: str, take: Take) -> bool:
    """Whether a task is that account's, and was not lost sight of there."""
    return take.account == account and (take.error is None or take.error.code not in LOST_SIGHT)


def _was_answered(context: StepContext, one: Take) -> bool:
    """Whether the create itself told the id; what was adopted is dated otherwise."""
    return [event.note for event in _beginnings(context, one)][-1:] == ["accepted"]


def _left_before(context: StepContext, one: Take, lost: Take) -> bool:
    """Whether one was accepted surely before the lost one left."""
    at = [event.moment for event in _beginnings(context, one)][-1:]
    return lost.moment is not None and all(moment is not None and moment < lost.moment for moment in at)


def _beginnings(context: StepContext, one: Take) -> list[Event]:
    return [event for event in context.ledger.history(one.id) if event.note in ("accepted", "adopted")]
