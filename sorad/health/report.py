"""The report behind `sorad status`: facts in, the documented JSON out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sorad.clock import iso
from sorad.health.complaint import Complaint
from sorad.health.complaints import complaints
from sorad.health.estimates import Kind, Pace, forecast, late, learn, queue_done
from sorad.health.facts import Facts
from sorad.health.pulse import Pulse
from sorad.health.vendors import Vendor
from sorad.ledger.turns import turn_of
from sorad.model import State, Take, units
from sorad.problems import after_the_end

HEALTHY, PROBLEMS, NOT_RUNNING = 0, 1, 3

Report = dict[str, Any]


def report(facts: Facts) -> Report:
    """How sorad stands, as plain JSON values; sentences in the language in force.

    Beside the fields of the design: ``read`` (whether the ledger could be), ``daemon.command``, ``.ready`` and
    ``.threads``, ``problems[].level`` (``"problem"``, or ``"note"`` for what needs nobody), ``roots[].claim``,
    ``in_flight``, ``delivered``, ``pace``, ``next``, ``queue_done_at``, ``time`` and ``providers[].concurrency``; see
    docs/monitoring.md.
    """
    with after_the_end(facts.holder is None):
        found = complaints(facts)
        problems = [_problem(one) for one in found]
    working = facts.holder
    paces = learn(facts.finished)
    return {
        "time": iso(facts.now),
        "daemon": {
            "running": working is not None,
            "pid": working.pid if working else None,
            "since": iso(working.started) if working else None,
            "command": working.command if working else None,
            "healthy": working is not None and not any(one.heavy for one in found),
            "paused": bool(facts.paused),
            "ready": _ready(facts.pulse),
            "threads": _threads(facts.pulse),
        },
        "read": facts.ledger is None or facts.ledger.code == "ledger.missing",
        "takes": {state.value: facts.counts[state] for state in State},
        "limits": _limits(facts),
        "roots": _roots(facts),
        "disk": _disks(facts),
        "spend": _spend(facts),
        "providers": [_provider(vendor) for vendor in facts.vendors],
        "in_flight": _in_flight(facts, paces),
        "pace": [_pace(kind, pace) for kind, pace in paces.items()],
        "delivered": _delivered(facts),
        "next": [turn_of(take) for take in facts.next_up],
        "queue_done_at": iso(_queue_done(facts, paces)),
        "problems": problems,
    }


def exit_code(report: Report) -> int:
    """0 healthy, 1 problems (or nobody can tell whether it runs), 3 not running."""
    daemon = report["daemon"]
    if daemon["running"]:
        return HEALTHY if daemon["healthy"] else PROBLEMS
    known = any(problem["code"] == "daemon.not_running" for problem in report["problems"])
    return NOT_RUNNING if known else PROBLEMS


def _problem(one: Complaint) -> dict[str, str]:
    return {
        "code": one.problem.code,
        "message": one.problem.text(),
        "fix": one.problem.fix_text(),
        "level": "problem" if one.heavy else "note",
    }


def _ready(pulse: Pulse | None) -> bool | None:
    """Whether the daemon does all its work by now; ``None``: it does not tell."""
    return None if pulse is None else pulse.ready and not pulse.frozen


def _threads(pulse: Pulse | None) -> list[dict[str, Any]]:
    """How the parts of the daemon stand; none of a frozen one is alive."""
    if pulse is None:
        return []
    return [
        {
            "name": part.name,
            "beat_age": round(part.age + pulse.age, 1),
            "limit": part.limit,
            "failures": part.failures,
            "ok": part.ok and not pulse.frozen,
        }
        for part in pulse.parts
    ]


def _disks(facts: Facts) -> list[dict[str, Any]]:
    return [
        {"path": row["path"], "free": row["free"], "needed": row["needed"], "ok": row["ok"]}
        for row in facts.disk
    ]


def _spend(facts: Facts) -> dict[str, Any]:
    """What the first provider's currency comes to, and each one beside it."""
    return {
        "today": units(facts.spent_today),
        "per_day": facts.per_day,
        "unpriced_today": facts.unpriced_today,
        "total": units(facts.spent),
        "currency": facts.currency,
        "by_currency": {
            currency: {"today": units(today), "total": units(total)}
            for currency, (today, total) in facts.spent_by_currency.items()
        },
    }


def _provider(vendor: Vendor) -> dict[str, Any]:
    """How buying stands at one of them; ``spend``: today's."""
    return {
        "name": vendor.name,
        "kind": vendor.kind,
        "account": vendor.account,
        "mode": vendor.mode,
        "concurrency": vendor.concurrency,
        "effective": vendor.effective,
        "in_flight": vendor.in_flight,
        "halt": vendor.why,
        "spend": units(vendor.spent_today),
        "per_day": vendor.per_day,
        "currency": vendor.currency,
    }


def _limits(facts: Facts) -> dict[str, Any]:
    breaker = facts.breaker or {}
    mode = breaker.get("mode", "normal")
    return {
        "mode": mode,
        "concurrency": facts.concurrency,
        "effective": facts.concurrency if mode == "normal" else breaker.get("effective", 0),
        "until": iso(breaker.get("until")),
    }


def _roots(facts: Facts) -> list[dict[str, Any]]:
    boards = Counter(board.root for board in facts.storyboards)
    invalid = Counter(board.root for board in facts.storyboards if board.state == "invalid")
    claims = {row["path"]: row for row in facts.claims}
    return [
        {
            "path": row.path,
            "state": row.state,
            "storyboards": boards[row.path],
            "invalid": invalid[row.path],
            "claim": _claim(claims.get(row.path)),
        }
        for row in facts.roots
    ]


def _claim(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Who may buy for a root; ``None`` where any machine may."""
    return None if row is None else {name: row[name] for name in ("state", "buys", "owner", "since")}


def _in_flight(facts: Facts, paces: Mapping[Kind, Pace]) -> list[dict[str, Any]]:
    """What is under way, the longest first. Till when it takes is told only while sorad runs."""
    overdue = late(facts.in_flight, facts.finished, facts.now) if facts.holder else ()
    return [
        {
            "id": take.id,
            "storyboard": take.storyboard,
            "segment": take.segment,
            "take": take.take,
            "state": take.state.value,
            "since": iso(take.intent_at or take.updated_at),
            **_expected(take, paces, facts),
            "overdue": take.id in overdue,
        }
        for take in sorted(facts.in_flight, key=lambda take: take.intent_at or take.updated_at)
    ]


def _delivered(facts: Facts) -> list[dict[str, Any]]:
    """What came last, the latest first."""
    return [
        {
            "id": take.id,
            "storyboard": take.storyboard,
            "segment": take.segment,
            "take": take.take,
            "output": take.output,
            "at": iso(take.finished_at),
        }
        for take in facts.delivered
    ]


def _expected(take: Take, paces: Mapping[Kind, Pace], facts: Facts) -> dict[str, Any]:
    told = forecast(take, paces if facts.holder else {}, facts.now)
    return {"expected": iso(told.expected), "latest": iso(told.latest)}


def _pace(kind: Kind, pace: Pace) -> dict[str, Any]:
    return {
        **kind._asdict(),
        "quick": round(pace.quick, 1),
        "median": round(pace.median, 1),
        "slow": round(pace.slow, 1),
        "samples": len(pace.took),
    }


def _queue_done(facts: Facts, paces: Mapping[Kind, Pace]) -> float | None:
    """When all of it will be there, as far as can be told; nothing while buying stands still."""
    flying = [take for take in facts.in_flight if take.state is not State.DOWNLOADING]
    flying += facts.unknown
    seen = sum(facts.counts[state] for state in (State.SUBMITTING, State.GENERATING, State.UNKNOWN))
    waiting = facts.counts[State.QUEUED]
    if facts.holder is None or len(flying) < seen or (waiting and _stands_still(facts)):
        return None
    slots = _limits(facts)["effective"]
    return queue_done(flying, facts.queued, waiting, slots, paces, facts.now)


def _stands_still(facts: Facts) -> bool:
    """Whether buying stands still, at least in part."""
    if (
        facts.paused
        or any(vendor.stands_still for vendor in facts.each_vendor)
        or any(not row["ok"] for row in facts.disk)
    ):
        return True
    away = {row.path for row in facts.roots if row.state == "offline"}
    return any(take.root in away for take in facts.queued)
