"""The report behind `sorad status`: facts in, the documented JSON out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sorad.clock import iso
from sorad.health.complaints import Complaint, complaints
from sorad.health.facts import Facts
from sorad.model import State, Take, units

HEALTHY, PROBLEMS, NOT_RUNNING = 0, 1, 3

Report = dict[str, Any]

# Takes in flight that are named one by one; the counts tell of all.
NAMED = 10


def report(facts: Facts) -> Report:
    """How sorad stands, as plain JSON values; sentences in the language in force.

    Beside the documented fields: ``daemon.command``, ``problems[].level`` (``"problem"``, or ``"note"`` for
    what needs nobody), ``roots[].claim``, ``in_flight`` and ``time``.
    """
    found = complaints(facts)
    working = facts.holder
    return {
        "time": iso(facts.now),
        "daemon": {
            "running": working is not None,
            "pid": working.pid if working else None,
            "since": iso(working.started) if working else None,
            "command": working.command if working else None,
            "healthy": working is not None and not any(one.heavy for one in found),
            "paused": bool(facts.paused),
        },
        "takes": {state.value: facts.counts[state] for state in State},
        "limits": _limits(facts),
        "roots": _roots(facts),
        "disk": [
            {"path": row["path"], "free": row["free"], "needed": row["needed"], "ok": row["ok"]}
            for row in facts.disk
        ],
        "spend": {
            "today": units(facts.spent_today),
            "total": units(facts.spent),
            "currency": facts.currency,
        },
        "in_flight": _in_flight(facts.in_flight),
        "problems": [_problem(one) for one in found],
    }


def exit_code(report: Report) -> int:
    """0 healthy, 1 problems, 3 not running."""
    daemon = report["daemon"]
    if not daemon["running"]:
        return NOT_RUNNING
    return HEALTHY if daemon["healthy"] else PROBLEMS


def _problem(one: Complaint) -> dict[str, str]:
    return {
        "code": one.problem.code,
        "message": one.problem.text(),
        "fix": one.problem.fix_text(),
        "level": "problem" if one.heavy else "note",
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


def _in_flight(takes: Sequence[Take]) -> list[dict[str, Any]]:
    longest = sorted(takes, key=lambda take: take.intent_at or take.updated_at)[:NAMED]
    return [
        {
            "id": take.id,
            "storyboard": take.storyboard,
            "segment": take.segment,
            "take": take.take,
            "state": take.state.value,
            "since": iso(take.intent_at or take.updated_at),
        }
        for take in longest
    ]
