"""One look at a provider's list of tasks, with all that is known beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from sorad.engine.decide.absence import INSTANT, Own, View, covers
from sorad.engine.steps.kit import Kit
from sorad.model import State, Take
from sorad.providers.base import Fault, Provider

# Tasks that the provider does not know any more are on no list of it.
LOST_SIGHT = ("provider.missing", "take.lost")
# Creates of ours that were accepted within a day tell whether a list shows what it should; those within ten minutes
# before a lost one also tell how far back it reaches. In seconds.
TELLING, SHORTLY = 86_400.0, 600.0


@dataclass(frozen=True)
class Look:
    """What came of it. ``window``: seconds after which a task of ours must be on the list."""

    view: View
    window: float


def look(kit: Kit, take: Take, provider: Provider, since: float) -> Union[Look, Fault]:
    """Read the list back to ``since`` (epoch seconds, the provider's clock). :class:`LedgerUnavailable`."""
    listed = provider.recent(since)
    if isinstance(listed, Fault):
        return listed
    now = kit.clock.time()
    # Before the owners: what is accepted now is theirs.
    others = open_creates(kit, take, provider.account)
    remembered = kit.lookups.list_history.of(kit.ledger, provider.account)
    here = (provider.kind, provider.base_url)
    owned = kit.ledger.owned([*(task.remote_id for task in listed.tasks), *remembered.rows], here)
    own = _own_creates(kit, take, provider.account, now)
    reach = covers(listed, kit.times.ahead, measured=kit.times.proven)
    due = [] if reach is None else [one for one in own if one.accepted_at >= reach]
    seen = kit.lookups.list_history.add(kit.ledger, provider.account, listed, owned, due, now)
    window = max(kit.config.reconcile.window, 2 * seen.lateness(now))
    view = View(
        take,
        listed,
        now,
        kit.times.ahead,
        kit.times.proven,
        owned,
        others,
        own,
        seen.rows,
        seen.most,
        window / 2,
    )
    return Look(view, window)


def open_creates(kit: Kit, take: Take, account: str) -> list[Take]:
    """Other takes whose create, sent to that account, is open."""
    takes = kit.ledger.takes(states=[State.SUBMITTING, State.UNKNOWN])
    return [other for other in takes if other.id != take.id and other.account in ("", account)]


def _own_creates(kit: Kit, take: Take, account: str, now: float) -> list[Own]:
    """Creates that this account accepted lately, as far as their tasks are still known there."""
    intent_at = now if take.intent_at is None else min(take.intent_at, now)
    since = intent_at - TELLING
    ids = [one.remote_id for one in kit.ledger.purchases(since) if one.remote_id]
    in_order = _undisturbed_for(kit, now - intent_at + SHORTLY)
    found = []
    for one in kit.ledger.with_tasks(ids):
        at = one.accepted_at
        if at is None or at < since or not _is_known_to(account, one):
            continue
        shortly = in_order and intent_at - SHORTLY < at < intent_at - INSTANT
        found.append(Own(one.remote_id, at, shortly and _was_answered(kit, one)))
    return found


def _undisturbed_for(kit: Kit, seconds: float) -> bool:
    """Whether the clock was not set for so long."""
    undisturbed = kit.times.undisturbed()
    return undisturbed is None or undisturbed > seconds


def _is_known_to(account: str, take: Take) -> bool:
    """Whether a task is that account's, and was not lost sight of there."""
    return take.account == account and (take.error is None or take.error.code not in LOST_SIGHT)


def _was_answered(kit: Kit, take: Take) -> bool:
    """Whether the create itself told the id; what was adopted is dated by the provider's clock."""
    notes = [event.note for event in kit.ledger.history(take.id) if event.note in ("accepted", "adopted")]
    return notes[-1:] == ["accepted"]
