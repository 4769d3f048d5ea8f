"""Whether a list of tasks proves that a create was not accepted, so that it may be sent again. Pure.

Each row of the list is *ours*, *not ours*, or it *cannot be told*: by the first rule of :data:`RULES` that says so.
A create is sent again only if no row of its time is ours or cannot be told, if the list is whole: if a task of
ours would be on it, and if it has shown that it lists at all: a create of ours, dated as no clock forbids. Lists lag,
page wrongly, show only the newest, are stubs for ever empty, and show texts and dates that nobody sent; accounts have
several users. What cannot be told is for the user to decide.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, NamedTuple, Optional

from sorad.elapsed import Moment
from sorad.engine.decide.kinds import Kind
from sorad.engine.decide.matching import in_window, of_model, resembles, same
from sorad.engine.decide.shapes import by_id, by_shape, carried_id, shape_shown
from sorad.messages import N_
from sorad.model import Take
from sorad.problems import Problem
from sorad.providers.base import Listed, RemoteTask
from sorad.providers.errors import faults
from sorad.providers.finding import BY_TEXT, Find, Finding

# A create's task is no older than its intent less this, in seconds: clocks that are measured agree so far; of one
# that no server's answer has told, nothing is known but that few are further off.
MEASURED, GUESSED = 60.0, 600.0
# A list may be dated by another clock than answers are; no two places on earth are further apart.
ZONES = 15 * 3_600.0
# Providers keep tasks on their lists for an hour at least: what was there shortly before must be there.
KEPT = 3_600.0
# Lists are cut to a number of tasks that is a multiple of this.
ROUND = 5
# Dates of one clock are in order if they are so far apart.
INSTANT = 5.0
# No two zones on earth are nearer than this, in seconds: a date that is off by less is a clock's that is just wrong.
NEAREST_ZONE = 1_800.0


class Shown(NamedTuple):
    """How a list shows a create of ours, beside what was sent."""

    altered: bool  # with another length, model or shape
    verbatim: Optional[bool]  # with its text; None: it shows none yet
    with_id: Optional[bool]  # with the id that the create brought; None: it brought none


class Own(NamedTuple):
    """A create of ours that was accepted by the account whose list it is."""

    remote_id: str
    accepted_at: float  # epoch seconds; by our clock, where it was answered
    answered: bool = False  # surely before the lost create left, where it is dated so
    told: bool = False  # its create was answered with the id, and our clock was not set since
    shown: Optional[Shown] = None  # of those on the list
    ended: bool = False  # its task was known to have ended when the list was read


class Seen(NamedTuple):
    """A task that nobody owns, as earlier looks saw it."""

    at: Moment  # when first
    created_at: Optional[float] = None
    seconds: Optional[int] = None
    pro: Optional[bool] = None
    belated: bool = False  # an earlier look reached back behind its date, and did not show it


class Evidence(NamedTuple):
    """What one look says of the list itself."""

    shown: Optional[float] = None  # seconds ago that the last create of ours was accepted that it showed
    behind: float = 0.0  # how far it dates ours back, as 0 or less
    against: bool = False  # it lacks one of ours, or dates one as no clock on earth does
    altered: bool = False  # it shows one of ours with another length or model than was sent
    verbatim: Optional[bool] = None  # it shows ours with the texts that were sent; None: it shows none


@dataclass(frozen=True)
class View:
    """All that is known when a lost create is judged by a list. Intents are dated by our clock as it is now."""

    take: Take
    listed: Listed
    now: float  # epoch seconds, our clock
    ahead: float = 0.0  # seconds that our clock is ahead of the provider's, as it told itself
    measured: bool = False  # whether it told at all
    owned: Collection[str] = ()  # ids, of the list and of ``seen``, that some take has or had
    others: Sequence[Take] = ()  # other open creates at that account
    own: Sequence[Own] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    most: int = 0  # rows that this list has shown at once
    settled: float = 60.0  # seconds after which an accepted create must be on the list
    proved: bool = False  # whether this list, now or earlier, has shown that it shows what it should
    behind: float = 0.0  # how far it has dated ours back at another time, as 0 or less
    altered: bool = False  # whether it has shown ours with another length or model than was sent
    verbatim: Optional[bool] = (
        None  # whether it has shown ours with no other texts than were sent; None: it showed none
    )
    crowded: bool = False  # more tasks came since the create left than are remembered
    gone: bool = False  # it lacks a task that it has shown at another time
    finding: Finding = BY_TEXT  # what the list can tell at all

    @cached_property
    def altered_now(self) -> bool:
        """See :func:`alters`: asked of each row, and the same for all."""
        return _alters(self)

    @cached_property
    def shows_ids(self) -> bool:
        """Whether the list shows all of ours that went by an id with that id, and some of them."""
        return _shows_ids(self)

    @property
    def intent_at(self) -> float:
        """When the create may have left first."""
        return self.now if self.take.intent_at is None else self.take.intent_at

    @property
    def start(self) -> float:
        """Since when its task may have been created, by the clock of the list."""
        slack = MEASURED if self.measured else GUESSED
        return self.intent_at - max(self.ahead, 0.0) - slack + self._behind

    @cached_property
    def _behind(self) -> float:
        """How far the list dates our own creates back, now or earlier, as 0 or less."""
        return max(min([0.0, self.behind, *self.off(self.own)]), -ZONES)

    def off(self, own: Sequence[Own]) -> list[float]:
        """How far the list's dates of these are off, in seconds, of those that it dates."""
        dates, ahead = self.listed.dates, max(self.ahead, 0.0)
        return [dates[one.remote_id] - one.accepted_at + ahead for one in own if one.remote_id in dates]


# --- rows -------------------------------------------------------------------------------------------------

Rule = Callable[[View, RemoteTask], Optional[Kind]]


def owned(view: View, row: RemoteTask) -> Optional[Kind]:
    """Another take has it, or had it."""
    return Kind.NOT_OURS if row.remote_id in view.owned else None


def our_id(view: View, row: RemoteTask) -> Optional[Kind]:
    """It has the id that the create brought, or another one; or none, on a list that shows ours with theirs."""
    told = by_id(view.take, row)
    if told is not None:
        return Kind.OURS if told else Kind.NOT_OURS
    none = row.own_id == "" and carried_id(view.take) and view.shows_ids
    return Kind.NOT_OURS if none else None


def _shows_ids(view: View) -> bool:
    """Whether the list shows all of ours that went by an id with that id, and some of them."""
    told = [own.shown.with_id for own in view.own if own.shown is not None]
    return any(told) and False not in told


def there_before(view: View, row: RemoteTask) -> Optional[Kind]:
    """It was on a list before the create left."""
    return Kind.NOT_OURS if was_before(view.seen.get(row.remote_id), view.take) else None


def same_request(view: View, row: RemoteTask) -> Optional[Kind]:
    """It shows the same text, and nothing else; at another time, a clock may have been wrong."""
    if not same(view.take, row, view.finding):
        return None
    return Kind.OURS if in_window(view.take, row, view.now, view.ahead) else Kind.CANNOT_TELL


def explained(view: View, row: RemoteTask) -> Optional[Kind]:
    """Another open create asked for just this. Each create explains one task at most."""
    claims = [other for other in view.others if same(other, row, view.finding)]
    claims = [other for other in claims if in_window(other, row, view.now, view.ahead)]
    if not claims:
        return None
    rows = [task for task in view.listed.tasks if same(claims[0], task, view.finding)]
    rows = [task for task in rows if owned(view, task) is there_before(view, task) is None]
    return Kind.NOT_OURS if row in rows[: len(claims)] else None


def much_like_it(view: View, row: RemoteTask) -> Optional[Kind]:
    """It is of that time, and its text may have become this one on its way through the list."""
    close = in_window(view.take, row, view.now, view.ahead)
    return Kind.CANNOT_TELL if close and resembles(view.take.request, row) else None


def too_old(view: View, row: RemoteTask) -> Optional[Kind]:
    """It was created before the create left, as its date says.

    That is not believed where it came too late. Nor is it of a task that was on no list before the create left, where
    no text speaks for it: it may be dated by another zone. See :mod:`sorad.engine.steps.prove_list`.
    """
    if row.created_at is None or row.created_at >= view.start:
        return None
    seen = view.seen.get(row.remote_id)
    belated = seen is not None and seen.belated
    other_text = view.verbatim is True and not resembles(view.take.request, row)
    of_another_zone = not other_text and row.created_at < view.start - NEAREST_ZONE
    return None if belated or of_another_zone else Kind.NOT_OURS


def other_length(view: View, row: RemoteTask) -> Optional[Kind]:
    """It is of another length, as far as told, and the list does not round them."""
    told = row.seconds not in (None, view.take.request.seconds) and not alters(view)
    return Kind.NOT_OURS if told else None


def other_model(view: View, row: RemoteTask) -> Optional[Kind]:
    """It is of another model, as far as told; an unknown name may be the gateway's own name for ours."""
    if alters(view):
        return None
    if not of_model(view.take, row):
        return Kind.NOT_OURS
    ids = {own.remote_id for own in view.own}
    ours = [task for task in view.listed.tasks if task.remote_id in ids]
    named_as_sent = bool(ours) and not any(task.other_model for task in ours)
    return Kind.NOT_OURS if row.other_model and named_as_sent else None


def other_shape(view: View, row: RemoteTask) -> Optional[Kind]:
    """It has another model, length, resolution, ratio or sound than was sent, and the list does not change ours."""
    if alters(view):
        return None
    return Kind.NOT_OURS if by_shape(view.take.said, shape_shown(row)) is Kind.NOT_OURS else None


def alters(view: View) -> bool:
    """Whether the list shows ours with another length or model than was sent, now or earlier."""
    return view.altered_now


def _alters(view: View) -> bool:
    return view.altered or any(own.shown is not None and own.shown.altered for own in view.own)


def shown_as(sent: Take, row: RemoteTask) -> Shown:
    """How a create of ours is shown by its row."""
    of_shape = by_shape(sent.said, shape_shown(row)) is not Kind.NOT_OURS
    altered = row.seconds not in (None, sent.request.seconds) or not of_model(sent, row) or not of_shape
    has_text = bool(row.prompt.strip()) or not row.running
    return Shown(
        altered,
        resembles(sent.request, row) if has_text else None,
        bool(by_id(sent, row)) if carried_id(sent) else None,
    )


RULES: Sequence[Rule] = (
    owned,
    our_id,
    there_before,
    same_request,
    explained,
    much_like_it,
    too_old,
    other_length,
    other_model,
    other_shape,
)


def kind(view: View, row: RemoteTask) -> Kind:
    """What a row is: as the first rule says that can tell."""
    found = (rule(view, row) for rule in RULES)
    return next((one for one in found if one is not None), Kind.CANNOT_TELL)


def blocking_tasks(view: View) -> Iterator[RemoteTask]:
    """The tasks for which the create must not be sent again: those on the list, then those that were on it."""
    there = {row.remote_id for row in view.listed.tasks}
    gone = (
        RemoteTask(remote_id, "", seen.created_at, seen.seconds, pro=seen.pro)
        for remote_id, seen in view.seen.items()
        if remote_id not in there
    )
    return (row for row in (*view.listed.tasks, *gone) if kind(view, row) is not Kind.NOT_OURS)


def may_show_more(view: View) -> bool:
    """Whether a row that may be ours still runs, on a list that shows texts with the end: then none is ours alone."""
    late = view.finding.how is Find.TEXT_LATER
    return late and any(row.running for row in blocking_tasks(view))


def turned_up(view: View, again: Take) -> Optional[RemoteTask]:
    """A task on the list that may be the lost create's after all, though it was sent ``again``; ``None``: none.

    One of another text counts only where it is no younger than the second create: that was sent when none was there.
    """
    until = (again.intent_at or view.now) - min(view.ahead, 0.0) + MEASURED
    for row in view.listed.tasks:
        early = row.created_at is not None and row.created_at <= until
        if kind(view, row) is not Kind.NOT_OURS and (early or resembles(view.take.request, row)):
            return row
    return None


def was_before(seen: Optional[Seen], take: Take) -> bool:
    """Whether a task was on a list before the take's create left. Dates tell no order; moments do."""
    return seen is not None and take.moment is not None and seen.at < take.moment


# --- the whole list ----------------------------------------------------------------------------------------


def not_whole(view: View) -> Optional[Problem]:
    """Why the list does not prove that the task was never made; ``None``: it does."""
    lacking = _lacking(view)
    if lacking is not None:
        return _lacks(lacking)
    if _is_forgotten(view):
        return _forgets(view.finding.kept_for)
    if view.crowded and not view.finding.how.by_id:
        return faults.incomplete_list(_TOO_MANY)
    if _reaches_back(view) or _ended(view):
        return None if view.proved else _unproved()
    return view.listed.doubt or faults.incomplete_list(_TOO_SHORT)


def evidence(view: View) -> Evidence:
    """Whether the list shows what it should: by creates of ours, accepted there lately, whose answer told the task."""
    listed, told = view.listed, [own for own in view.own if own.told]
    dated = [own for own in told if own.remote_id in (listed.dates or listed.ids)]
    # One that has ended tells nothing of those that run: some lists show what is ready alone.
    ages = [view.now - own.accepted_at for own in dated if own.accepted_at <= view.now and not own.ended]
    off = view.off(dated)
    odd = any(abs(one) > ZONES for one in off)
    behind = max(min([0.0, *off]), -ZONES)
    against = odd or _lacking(view) is not None
    return Evidence(min(ages, default=None), behind, against, alters(view), _is_verbatim(view))


def _is_verbatim(view: View) -> Optional[bool]:
    """Whether it shows ours with the texts that were sent; ``None``: it shows none of ours, or texts tell nothing."""
    if not view.finding.how.by_text:
        return None
    alike = [own.shown.verbatim for own in view.own if own.shown is not None]
    return False not in alike if any(one is not None for one in alike) else None


def _reaches_back(view: View) -> bool:
    """Whether it shows, newest first and without gaps, what is older than the lost create."""
    back_to = view.listed.back_to
    if back_to is None:
        return False
    before = view.intent_at - INSTANT
    older = (own for own in view.own if own.answered and own.accepted_at < before)
    return back_to < view.start or any(own.remote_id in view.listed.ids for own in older)


def _ended(view: View) -> bool:
    """Whether it holds as many as it counts, or ended and shows all of ours since the intent; and is not just cut.

    It is not cut if it has shown more at another time. Else there must not be just as many as lists are cut to: some
    count only what they show. One that does not count must say itself that it ends, and show nobody else's tasks, which
    could have pushed ours off.
    """
    listed = view.listed
    ours = all(own.remote_id in listed.ids for own in view.own if own.accepted_at >= view.intent_at)
    if not (listed.counted or (listed.ended and ours)):
        return False
    if len(listed.ids) < view.most:
        return True
    round_number = len(listed.ids) % ROUND == 0 and bool(listed.ids)
    return _tells_its_end(view) and not round_number and not _may_be_cut(view)


def _tells_its_end(view: View) -> bool:
    foreign = any(task.remote_id not in view.owned for task in view.listed.tasks)
    return view.listed.counted or (view.listed.said_so and not foreign)


def _may_be_cut(view: View) -> bool:
    """Whether it may be cut to any number, at either end, and count only what it shows.

    So it may where it shows nothing older than the create, and lacks what it has shown, or shows many; and where its
    newest do not come first, and it shows none from after the create.
    """
    listed, many = view.listed, len(view.listed.ids) >= ROUND
    if not _shows_older(view) and (many or view.gone):
        return True
    after = view.intent_at - min(view.ahead, 0.0) + MEASURED
    younger = any(at >= after for at in listed.dates.values())
    return many and listed.back_to is None and bool(listed.dates) and not younger


def _shows_older(view: View) -> bool:
    """Whether it shows what was there before the create left: what was answered by then was."""
    before = view.intent_at - INSTANT
    ours = any(
        own.remote_id in view.listed.ids and own.accepted_at < (view.intent_at if own.answered else before)
        for own in view.own
    )
    dated_so = any(at < view.start for at in view.listed.dates.values())
    return ours or dated_so or any(there_before(view, task) for task in view.listed.tasks)


def covers(listed: Listed, ahead: float, *, measured: bool) -> Optional[float]:
    """Since when, by our clock, all that was accepted should be on the list; ``None``: it does not tell."""
    if listed.counted or listed.ended:
        return 0.0
    slack = MEASURED if measured else GUESSED
    return None if listed.back_to is None else listed.back_to + max(ahead, 0.0) + slack


def _lacking(view: View) -> Optional[Own]:
    """A create of ours that was accepted long enough ago and should be on the list, but is not."""
    since = covers(view.listed, view.ahead, measured=view.measured)
    # What the list forgets is not there to be seen; what it keeps for longer must be there for an hour at least.
    kept = max(view.intent_at - KEPT, view.now - view.finding.kept_for + MEASURED) if view.listed.ids else 0.0
    if since is None:
        return None
    due = (own for own in view.own if max(since, kept) <= own.accepted_at <= view.now - view.settled)
    return next((own for own in due if own.remote_id not in view.listed.ids), None)


def _is_forgotten(view: View) -> bool:
    """Whether the list may have forgotten the task by now, if it ever was there. Clocks may be off."""
    if view.take.intent_at is None:
        return view.finding.kept_for < math.inf
    return view.now - view.start >= view.finding.kept_for


def _forgets(kept_for: float) -> Problem:
    return Problem(
        "provider.list",
        N_("The provider's list of tasks keeps a task for {hours} hours only, and this create is older."),
        N_("Look at your account at the provider; `sorad resolve` ends the wait."),
        {"hours": round(kept_for / 3_600)},
    )


def _lacks(own: Own) -> Problem:
    return Problem(
        "provider.list",
        N_(
            "The provider's list of tasks lacks the task {remote_id}, which it accepted from us: it lags or is cut."
        ),
        N_("Look at your account at the provider; `sorad resolve` ends the wait."),
        {"remote_id": own.remote_id},
    )


def _unproved() -> Problem:
    return Problem(
        "provider.list",
        N_(
            "The provider's list of tasks has not shown one of our own tasks yet: it may always be empty, or its dates "
            "may be another clock's."
        ),
        N_(
            "Look at your account at the provider, then `sorad resolve`. Or buy another video: once the list shows "
            "its task, the list is believed."
        ),
    )


_TOO_MANY = N_(
    "More tasks came on the provider's list since the lost create than sorad remembers: it cannot be told which were "
    "there before."
)
_TOO_SHORT = N_("The provider's list of tasks ends before the lost create: it may show only its newest.")
