"""What ``/health`` and ``/metrics`` say: from a view to pages. Pure.

Any program of this machine may ask, also one of another user. So there are no prompts, no storyboards' names
and no sentences in them (those name files); of paths only those of the watched folders and disks, as labels.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any, Optional

from sorad import __version__
from sorad.health.facts import Facts
from sorad.health.report import report
from sorad.http.exposition import Family, Sample, gauge, histogram, render
from sorad.http.latency import Histogram
from sorad.model import State, units
from sorad.notify.view import View


def health(view: View) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the page."""
    told = report(view.facts)
    daemon = told["daemon"]
    return view.healthy, {
        "healthy": view.healthy,
        "time": told["time"],
        "version": __version__,
        "since": daemon["since"],
        "paused": daemon["paused"],
        "takes": told["takes"],
        "limits": told["limits"],
        "roots": [{key: row[key] for key in ("state", "storyboards", "invalid")} for row in told["roots"]],
        "spend": told["spend"],
        "problems": [{key: row[key] for key in ("code", "level")} for row in told["problems"]],
    }


def metrics(view: View, steps: Mapping[str, Histogram], oldest: Optional[float]) -> str:
    """The page; ``oldest``: since when the take waits that has waited longest to be bought (epoch seconds)."""
    return render(
        [
            *_daemon(view),
            *_takes(view.facts, oldest),
            *_buying(view.facts),
            *_places(view.facts),
            *_work(steps),
        ]
    )


def _daemon(view: View) -> list[Family]:
    facts = view.facts
    levels = [one.heavy for one in view.complaints]
    found = [
        gauge(
            "sorad_build_info",
            "Versions, as labels.",
            Sample(1, {"version": __version__, "python": platform.python_version()}),
        ),
        gauge("sorad_healthy", "1: as `sorad status` exits with 0.", int(view.healthy)),
        gauge(
            "sorad_problems",
            "What `sorad status` shows, by level.",
            Sample(levels.count(True), {"level": "problem"}),
            Sample(levels.count(False), {"level": "note"}),
        ),
    ]
    if facts.holder is not None:
        found.append(gauge("sorad_start_time_seconds", "When the daemon started.", facts.holder.started))
    pulse = facts.pulse
    if pulse is not None:
        found += [
            gauge(
                "sorad_heartbeat_age_seconds",
                "Since the last sign of life of each part.",
                *(Sample(part.age + pulse.age, {"part": part.name}) for part in pulse.parts),
            ),
            gauge(
                "sorad_heartbeat_limit_seconds",
                "The age from which on a part counts as hung.",
                *(Sample(part.limit, {"part": part.name}) for part in pulse.parts),
            ),
            Family(
                "sorad_part_failures_total",
                "counter",
                "Failures of each part since the start.",
                tuple(Sample(part.failures, {"part": part.name}) for part in pulse.parts),
            ),
        ]
    return found


def _takes(facts: Facts, oldest: Optional[float]) -> list[Family]:
    return [
        gauge(
            "sorad_takes",
            "Takes by state.",
            *(Sample(facts.counts[state], {"state": state.value}) for state in State),
        ),
        gauge(
            "sorad_queue_age_seconds",
            "How long the oldest queued take has waited; 0: none is queued.",
            0 if oldest is None else max(facts.now - oldest, 0.0),
        ),
        gauge(
            "sorad_commands_waiting", "Commands that the daemon has not carried out.", facts.waiting_commands
        ),
    ]


def _buying(facts: Facts) -> list[Family]:
    limits = report(facts)["limits"]
    spent = facts.spent_by_currency or {facts.currency: (facts.spent_today, facts.spent)}
    money = [({"currency": currency}, *sums) for currency, sums in spent.items()]
    return [
        gauge("sorad_paused", "1: paused by the user.", int(bool(facts.paused))),
        gauge(
            "sorad_buying_halted",
            "1: no create can succeed (key, balance, model), or buying waits for the user.",
            int(any(vendor.stands_still for vendor in facts.each_vendor)),
        ),
        gauge(
            "sorad_breaker_mode",
            "1 at the mode in force.",
            *(
                Sample(int(limits["mode"] == mode), {"mode": mode})
                for mode in ("normal", "safe", "recovering")
            ),
        ),
        gauge("sorad_concurrency_limit", "Takes in flight, by the config.", limits["concurrency"]),
        gauge("sorad_concurrency_effective", "Takes in flight, by the breaker.", limits["effective"]),
        gauge(
            "sorad_spend_today",
            "Spent since midnight.",
            *(Sample(units(today), label) for label, today, _total in money),
        ),
        gauge(
            "sorad_spend_total", "Spent in all.", *(Sample(units(total), label) for label, _t, total in money)
        ),
        *_providers(facts),
    ]


def _providers(facts: Facts) -> list[Family]:
    """The same of each provider."""
    each = [({"provider": vendor.name}, vendor) for vendor in facts.vendors]
    if not each:
        return []
    return [
        gauge(
            "sorad_provider_halted",
            "1: nothing is bought there.",
            *(Sample(int(vendor.stands_still), label) for label, vendor in each),
        ),
        gauge(
            "sorad_provider_in_flight",
            "Takes in flight there.",
            *(Sample(vendor.in_flight, label) for label, vendor in each),
        ),
        gauge(
            "sorad_provider_concurrency_effective",
            "Takes in flight there, by its breaker.",
            *(Sample(vendor.effective, label) for label, vendor in each),
        ),
        gauge(
            "sorad_provider_spend_today",
            "Spent there since midnight.",
            *(Sample(units(one.spent_today), {**label, "currency": one.currency}) for label, one in each),
        ),
    ]


def _places(facts: Facts) -> list[Family]:
    return [
        gauge(
            "sorad_root_up",
            "1: the watched folder is there.",
            *(Sample(int(row.state != "offline"), {"path": row.path}) for row in facts.roots),
        ),
        gauge(
            "sorad_disk_free_bytes",
            "Free on the disk of a folder.",
            *(Sample(row["free"], {"path": row["path"]}) for row in facts.disk),
        ),
        gauge(
            "sorad_disk_needed_bytes",
            "What must be free there to buy more.",
            *(Sample(row["needed"], {"path": row["path"]}) for row in facts.disk),
        ),
    ]


def _work(steps: Mapping[str, Histogram]) -> list[Family]:
    return [histogram("sorad_step_seconds", "How long steps took, by kind.", "step", steps)] if steps else []
