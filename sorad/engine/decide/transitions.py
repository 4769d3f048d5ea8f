"""What comes next for a take, given what a step found. Pure: facts in, a ledger change and a verdict out."""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Union

from sorad.config.model import Polling
from sorad.engine.decide import backoff
from sorad.engine.decide.halt import HALTING
from sorad.engine.decide.not_found import NO_ADDRESS, STUCK_AT
from sorad.engine.decide.own_ids import REFUSED_AGAIN, in_doubt
from sorad.engine.decide.paid_twice import NOT_SENT
from sorad.ledger.values import Change
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.providers.base import (
    Accepted,
    Created,
    Fault,
    Finished,
    Missing,
    NotSent,
    Polled,
    Refused,
    Running,
    TaskFailed,
    Trouble,
    Unknown,
)
from sorad.receipts.folder import gone

# A paid take is asked after for a day before it is given up as lost (design: the life of a take). Patience with
# it goes by `Take.watched`, the waits between looks that told something: not by dates, because the clock may be set,
# and a machine that slept for a week has looked at nothing meanwhile.
LOST_AFTER = 86_400.0
# Past `give_up_after` a take is polled this many times more slowly.
PARKED_SLOWER = 30
# Polls that meet no answer at all are tried again no later than this, in seconds; nor does a server that asks to
# come back in a day (`Retry-After`) keep a paid take from being asked after.
AWAY = 300.0
# "I do not know that task" right after a create is often a lagging replica: several looks, then park.
MISSES_TO_PARK = 3
# A video that is fetched a second time is taken to be gone after so many tries that met none, some ten minutes.
GIVEN_UP_AT = 8
# After so many refusals in a row, others are tried first: a take that is refused again and again for what it is must
# not hold up the line, because creates are tried one at a time then. Seconds that it waits more after each further one.
REFUSALS_TO_WAIT, WAITS_MORE, WAITS_MOST = 12, 600.0, 86_400.0


# Under this name a problem in the history keeps the answer that was not understood.
ANSWER = "answer"


class Verdict(enum.Enum):
    """What a create says about creates as such."""

    GOOD = "good"
    NEUTRAL = "neutral"  # the take's own fault
    REFUSED = "refused"  # counts as an error, and closes the gate
    ERROR = "error"  # counts as an error; nothing was refused
    HALT = "halt"


@dataclass(frozen=True)
class AfterCreate:
    """The take's change, and what the create says about creates as such. ``refused``: by the provider, as is proved."""

    change: Change
    verdict: Verdict
    fault: Optional[Fault] = None
    refused: bool = False
    stop: Optional[Problem] = None  # why buying stops until the user acts


def after_create(
    take: Take, outcome: Created, price: Optional[int], polling: Polling, now: float, known: bool = True
) -> AfterCreate:
    """A create was answered (or not). ``known``: its address has answered creates with tasks before."""
    if isinstance(outcome, Accepted):
        return AfterCreate(_accepted(outcome, price, polling, now), Verdict.GOOD)
    if isinstance(outcome, (Refused, NotSent)):
        return _after_refusal(take, outcome, now)
    return _after_unknown(take, outcome, now, known)


def _accepted(outcome: Accepted, price: Optional[int], polling: Polling, now: float) -> Change:
    return Change(
        State.GENERATING,
        "accepted",
        due_at=now + polling.first_after,
        attempt=0,
        clear_error=True,
        remote_id=outcome.remote_id,
        sole=True,
        request_id=outcome.request_id,
        cost=outcome.cost if outcome.cost is not None else price,
        told=outcome.cost is not None,
        accepted_at=now,
        watched=polling.first_after,
        repeats=outcome.repeats or None,
    )


def _after_refusal(take: Take, outcome: Union[Refused, NotSent], now: float) -> AfterCreate:
    """Nothing was bought: what is refused for itself fails, all else is sent again later."""
    fault = outcome.fault
    if fault.trouble is Trouble.REQUEST:
        change = Change(
            State.FAILED, "refused", error=fault.problem, request_id=fault.request_id, refused=True
        )
        return AfterCreate(change, Verdict.NEUTRAL, fault, isinstance(outcome, Refused))
    refusals = take.attempt + (isinstance(outcome, Refused) and fault.trouble not in HALTING)
    change = Change(
        State.QUEUED,
        "refused" if isinstance(outcome, Refused) else NOT_SENT,
        due_at=now + wait_for_others(refusals),
        attempt=refusals,
        error=fault.problem,
        request_id=fault.request_id,
        refused=True,
    )
    verdict = Verdict.HALT if fault.trouble in HALTING else Verdict.REFUSED
    return AfterCreate(change, verdict, fault, isinstance(outcome, Refused))


def refused_again(fault: Fault, now: float) -> AfterCreate:
    """What was sent again was refused: its first create may have been accepted, and is looked for."""
    change = Change(
        State.UNKNOWN,
        REFUSED_AGAIN,
        due_at=now,
        attempt=0,
        error=in_doubt(fault.problem),
        request_id=fault.request_id,
    )
    return AfterCreate(change, Verdict.NEUTRAL, fault)


def _after_unknown(take: Take, outcome: Unknown, now: float, known: bool) -> AfterCreate:
    """It may have been bought: an answer that was not understood stops buying until the user acts."""
    fault = outcome.fault
    why, stop = lost_create(fault), None
    if outcome.answer:
        stop = unreadable(take, fault.problem)
        why = replace(stop, params={**stop.params, ANSWER: outcome.answer})
    change = Change(
        State.UNKNOWN,
        "unknown",
        due_at=now,
        attempt=0,
        error=why,
        request_id=fault.request_id,
        repeats=outcome.repeats or None,
    )
    # A web page may be a wrong address, or a proxy's that is in trouble: that it worked before tells them apart.
    wrong = fault.trouble in HALTING and not known
    return AfterCreate(change, Verdict.HALT if wrong else Verdict.ERROR, fault, stop=stop)


def unreadable(take: Take, why: Problem) -> Problem:
    """Why nothing more is bought where an answer was not understood."""
    return replace(
        why,
        fix=N_(
            "Take {take} may be paid for. `sorad show {take}` has the whole answer: if the id is in it, name its place "
            "with id_paths under [provider]. `sorad resolve {take}` says what became of it."
        ),
        params={**why.params, "take": take.id},
    )


def wait_for_others(refusals: int) -> float:
    """How long a take waits after so many refusals in a row, in seconds: 10 minutes after a dozen, then 20, 30…

    Before that it is first in line again, and the gate does the waiting.
    """
    return min(max(refusals + 1 - REFUSALS_TO_WAIT, 0) * WAITS_MORE, WAITS_MOST)


def after_poll(take: Take, found: Polled, polling: Polling, now: float, rng: random.Random) -> Change:
    """A task was asked after. ``take`` is ``generating``, or ``downloading`` with its URL forgotten."""
    if isinstance(found, Finished):
        return Change(
            State.DOWNLOADING,
            "finished",
            due_at=now,
            attempt=take.attempt if take.state is State.DOWNLOADING else 0,
            clear_error=take.state is State.GENERATING,
            cost=found.cost,
            told=_is_stated(found.cost),
            request_id=found.request_id or None,
            parked=False,
            rebuy=False,
        )
    if isinstance(found, TaskFailed):
        return failed(found, "failed")
    if isinstance(found, Fault):
        return _later(take, found, polling, now, rng)
    if isinstance(found, Missing):
        return _missing(take, found, polling, now, rng)
    return _running(take, found, polling, now, rng)


def _is_stated(cost: Optional[int]) -> Optional[bool]:
    """Whether a cost is the provider's word from now on; ``None``: that stays as it is."""
    return None if cost is None else True


def _missing(take: Take, found: Missing, polling: Polling, now: float, rng: random.Random) -> Change:
    """The provider does not know it: asked after again, ever slower, before that is believed."""
    if take.watched >= LOST_AFTER:
        return failed(found, "lost")
    missed = take.error is not None and take.error.code == found.problem.code
    attempt = take.attempt + 1 if missed else 1  # other trouble between is no miss
    if take.rebuy and attempt >= MISSES_TO_PARK:
        return failed(found, "missing")  # it was said to have failed before
    if take.state is State.DOWNLOADING and take.finished_at is not None and attempt >= GIVEN_UP_AT:
        return Change(State.DONE, "gone", attempt=0, error=gone(Path(take.output)))
    wait = backoff.delay(attempt, polling.every, polling.every * PARKED_SLOWER, rng)
    parked = take.state is State.GENERATING and (take.parked or attempt >= MISSES_TO_PARK)
    return Change(
        take.state,
        "missing",
        due_at=now + wait,
        attempt=attempt,
        error=found.problem,
        parked=parked,
        watched=take.watched + wait,
    )


def is_given_up(take: Take, fault: Fault) -> bool:
    """Whether a video that was delivered once, and is fetched again, is no longer at the provider, as it says again and
    again. One that never came is asked for on."""
    lacks = fault.trouble in (Trouble.EXPIRED, Trouble.BAD_FILE)
    return lacks and take.finished_at is not None and take.attempt >= GIVEN_UP_AT


def failed(found: Union[TaskFailed, Missing], note: str) -> Change:
    """The provider gave it up, or no longer knows it. The ledger has it asked after for a day more."""
    cost = found.cost if isinstance(found, TaskFailed) else None
    return Change(
        State.FAILED,
        note,
        error=found.problem,
        request_id=found.request_id or None,
        cost=cost,
        told=_is_stated(cost),
        parked=False,
        rebuy=False,
    )


def _running(take: Take, found: Running, polling: Polling, now: float, rng: random.Random) -> Change:
    if take.watched >= LOST_AFTER:
        return Change(State.FAILED, "lost", error=lost(take.watched))
    # One that was said to have failed has given its slot up.
    watched = max(take.watched, polling.give_up_after) if take.rebuy else take.watched
    parked = watched >= polling.give_up_after
    every = polling.every * (PARKED_SLOWER if parked else 1)
    wait = max(min(found.poll_after or 0.0, AWAY), backoff.spread(every, rng))
    return Change(
        take.state,
        "parked" if parked and not take.parked else "running",
        due_at=now + wait,
        attempt=0,
        clear_error=take.error is not None and not parked,
        error=slow(watched) if parked and not take.parked else None,
        parked=parked,
        watched=watched + wait,
        rebuy=False,
    )


def _later(take: Take, fault: Fault, polling: Polling, now: float, rng: random.Random) -> Change:
    """Trouble with the exchange says nothing about the task: ask again, ever more slowly."""
    attempt = take.attempt + 1
    # Where the network is away, for a day maybe, each paid take makes a few hundred tries, not thousands; the
    # first answer after it has them all asked after at once (see `Engine`).
    longest = AWAY if fault.trouble is Trouble.TRANSPORT else 60.0
    wait = backoff.delay(attempt, polling.every, max(longest, polling.every), rng)
    no_address = fault.problem.code == NO_ADDRESS
    return Change(
        take.state,
        "poll failed",
        due_at=now + max(wait, min(fault.retry_after or 0.0, AWAY)),
        attempt=attempt,
        error=fault.problem,
        request_id=fault.request_id or None,
        # A generation that has ended needs no slot, though its video is not to be found.
        parked=True if take.state is State.GENERATING and attempt >= STUCK_AT and no_address else None,
    )


def lost_create(fault: Fault) -> Problem:
    """Why nobody knows whether a create was accepted. It is not sent again by itself, as what else fails is.

    What only the user can mend keeps its mend.
    """
    if fault.trouble in HALTING:
        return fault.problem
    fix = N_(
        "Nothing to do yet: whether it was bought is looked up, and until that is known it is not sent again."
    )
    return replace(fault.problem, fix=fix)


def goes_on(take: Take, found: Union[Running, Finished], polling: Polling, now: float) -> Change:
    """A task that was said to have failed did not. ``take`` has the task's id and account.

    Where it still runs it holds no slot: another take may have that by now.
    """
    ready = isinstance(found, Finished)
    return Change(
        State.DOWNLOADING if ready else State.GENERATING,
        "not failed",
        due_at=now if ready else now + AWAY,
        attempt=0,
        clear_error=True,
        provider=take.provider,
        base_url=take.base_url,
        account=take.account,
        remote_id=take.remote_id,
        request_id=found.request_id or None,
        cost=found.cost if isinstance(found, Finished) else None,
        told=isinstance(found, Finished) and found.cost is not None,
        validator="",
        parked=not ready,
        watched=polling.give_up_after,
        rebuy=False,
    )


def _retry(to: State, now: float) -> Change:
    return Change(to, "retry", due_at=now, attempt=0, clear_error=True)


def fetch_again(now: float) -> Change:
    """`retry` of a delivered take whose video is missing: the provider may still have it, and that costs nothing."""
    return replace(_retry(State.GENERATING, now), watched=0.0)


def look_again(now: float) -> Change:
    """`retry` of a paid take of which the provider never said that it failed: look, do not buy."""
    return replace(fetch_again(now), parked=False)


def ask_first(now: float) -> Change:
    """`retry` of a take whose task was said to have failed: is that still so? Its answer decides (`rebuy`)."""
    return replace(look_again(now), rebuy=True)


def buy_anew(now: float) -> Change:
    """A create of its own, asked for by the user."""
    return replace(_retry(State.QUEUED, now), remote_id="", own_id="", parked=False, rebuy=False, fresh=True)


def slow(watched: float) -> Problem:
    """Why a take gave its slot up."""
    return Problem(
        "take.slow",
        N_("still generating after {minutes} minutes."),
        N_("Nothing to do: it no longer takes up a slot, and is asked after more slowly for a day."),
        {"minutes": round(watched / 60)},
    )


def lost(watched: float) -> Problem:
    """Why a take is given up."""
    return Problem(
        "take.lost",
        N_("the provider has not finished it in {hours} hours."),
        N_(
            "Ask the provider about the task id, then `sorad retry` to look again, or `sorad redo` to buy anew."
        ),
        {"hours": round(watched / 3600)},
    )
