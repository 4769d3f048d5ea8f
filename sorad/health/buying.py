"""Why nothing is bought, or less than could be. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sorad.claim.doubles import problem as paid_twice
from sorad.engine.decide.stops import Stop
from sorad.health.complaint import Complaint, heavy, local_time, note
from sorad.health.facts import Facts
from sorad.health.vendors import Vendor
from sorad.messages import N_
from sorad.model import State, Take
from sorad.problems import Problem
from sorad.units import format_size

# A pause that the provider asks for is a trouble if it is longer than this, in seconds.
LONG_PAUSE = 900.0


# What is said of a claim though nothing is wrong: another machine buys, or this one is about to.
CLAIMS_IN_ORDER = frozenset(
    {
        "claim.other",
        "claim.other_process",
        "claim.no_lock",
        "claim.released",
        "claim.settling",
        "claim.missing",
    }
)


def about_buying(facts: Facts) -> Iterator[Complaint]:
    """What stops buying, or bounds it: halt, stops, breaker, claims, disks."""
    for vendor in facts.each_vendor:
        yield from _stopped(vendor)
        if vendor.mode == "safe":
            yield _safe(facts, vendor)
    for name, count in facts.without_provider.items():
        yield Complaint(no_provider(name, count))
    yield from _claims(facts)
    for row in facts.disk:
        if not row["ok"]:
            yield Complaint(full_disk(row))


def no_provider(name: str, count: int) -> Problem:
    """Why takes wait that are wanted from a provider which is not in the config."""
    return Problem(
        "take.no_provider",
        N_("Not bought, for the config has no provider {name}: {count} takes wait for it."),
        N_("Add it as a [[provider]], or `sorad retarget PATH --provider NAME`, or change their storyboard."),
        {"name": name, "count": count},
    )


def _stopped(vendor: Vendor) -> Iterator[Complaint]:
    """Why nothing is bought at a provider."""
    message = N_("Nothing is bought since {since}: {reason}")
    if vendor.name:
        message = N_("Nothing is bought from {name} since {since}: {reason}")
    if vendor.halt:
        cause = Problem.from_json(vendor.halt["problem"])
        yield heavy(
            cause.code,
            message,
            N_("{mend} What is paid for goes on meanwhile."),
            since=local_time(vendor.halt["since"]),
            reason=cause.text(),
            mend=cause.fix_text(),
            name=vendor.name,
        )
    for stop in map(Stop.from_json, vendor.stops):
        yield heavy(
            stop.code,
            message,
            N_("{reason_fix} What is paid for goes on meanwhile."),
            since=local_time(stop.since),
            reason=stop.as_problem(),
            name=vendor.name,
        )
    for ignored in vendor.pictures:
        yield heavy(
            ignored.code,
            N_("Nothing is bought with a picture at {name}: {reason}")
            if vendor.name
            else N_("Nothing is bought with a picture: {reason}"),
            "{reason_fix}",
            name=vendor.name,
            reason=ignored,
        )


def full_disk(row: Mapping[str, Any]) -> Problem:
    """Of a row of ``disk`` that is not ``ok``."""
    return Problem(
        "disk.full",
        N_("The disk of {path} has {free} free, and {needed} are needed: nothing is bought for it."),
        N_("Make room there; {then}."),
        {"path": row["path"], "free": format_size(row["free"]), "needed": format_size(row["needed"])},
    )


def _wanted_from(facts: Facts, vendor: Vendor, take: Take) -> bool:
    """Whether a take is to be bought there."""
    first = not vendor.name or vendor is facts.vendors[0]
    return not vendor.name or take.target == vendor.name or (first and not take.target)


def _errors_met(vendor: Vendor, *, told: bool) -> str:
    """What is said of errors with creates; ``told``: whether it is known which."""
    if vendor.name and not told:
        return N_("Creates at {name} met errors in a row: until {until} at most {count} in flight there.")
    if vendor.name:
        return N_("Creates at {name} met errors: until {until} at most {count} in flight there. {reason}")
    if told:
        return N_("Creates meet errors: until {until} at most {count} in flight. {reason}")
    return N_("Creates met errors in a row: until {until} at most {count} in flight.")


def _safe(facts: Facts, vendor: Vendor) -> Complaint:
    """A problem while creates are refused; what is left of it afterwards hurts nobody and ends by itself."""
    breaker, gate = vendor.breaker or {}, vendor.gate or {}
    queued = [take for take in facts.queued if _wanted_from(facts, vendor, take)]
    said = Counter(take.error.text() for take in queued if take.error is not None)
    closed = gate.get("until", 0) > facts.now or (gate.get("delay", 0) > 0 and said)
    refused = bool(closed and facts.counts[State.QUEUED] + facts.counts[State.SUBMITTING])
    message = _errors_met(vendor, told=bool(said and (refused or vendor.name)))
    problem = Problem(
        "breaker.safe",
        message,
        N_("Nothing to do: it goes back to full by itself. `sorad log` has the errors."),
        {
            "reason": max(said, key=said.__getitem__, default=""),
            "name": vendor.name,
            "count": breaker.get("effective", 0),
            "until": local_time(breaker.get("until")),
        },
    )
    return Complaint(problem, heavy=refused)


def _claims(facts: Facts) -> Iterator[Complaint]:
    """Who buys, where that is not simply this machine, and what two machines bought."""
    if facts.doubles:
        yield Complaint(paid_twice(facts.doubles, facts.currency))
    told = set()
    away = {row.path for row in facts.roots if row.state == "offline"}
    for row in facts.claims:
        if row["path"] in away:
            continue  # that the folder is not there says it all
        if row["problem"] and row["problem"] not in told:  # once for all roots of a vault
            problem = Problem.from_json(row["problem"])
            told.add(row["problem"])
            yield Complaint(problem, heavy=problem.code not in CLAIMS_IN_ORDER)


def about_slowness(facts: Facts) -> Iterator[Complaint]:
    """Why less is bought than could be."""
    for vendor in facts.each_vendor:
        yield from _slow(facts, vendor)


def _slow(facts: Facts, vendor: Vendor) -> Iterator[Complaint]:
    gate = vendor.gate or {}
    until = gate.get("until", 0)
    if gate.get("delay", 0) > 0 and until > facts.now + LONG_PAUSE:
        message = N_("Nothing is bought before {until}: the provider asks for so long a pause.")
        if vendor.name:
            message = N_("Nothing is bought from {name} before {until}: it asks for so long a pause.")
        fix = N_("Look at your limits at the provider; it goes on by itself then.")
        yield heavy("gate.closed", message, fix, until=local_time(until), name=vendor.name)
    elif gate.get("delay", 0) > 0 and until > facts.now:
        message = N_("The provider takes nothing just now; it is tried again at {until}.")
        if vendor.name:
            message = N_("{name} takes nothing just now; it is tried again at {until}.")
        yield note("gate.closed", message, until=local_time(until), name=vendor.name)
    if vendor.mode == "recovering":
        message = N_("Recovering from errors: {count} in flight at most, and one more each step.")
        if vendor.name:
            message = N_("{name} recovers from errors: {count} in flight at most, and one more each step.")
        yield note("breaker.recovering", message, count=vendor.effective, name=vendor.name)
