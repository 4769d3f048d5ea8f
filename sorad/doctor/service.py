"""The service: installed, running, fit for the config; lingering; and what the daemon saw of its sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok, problem, warning
from sorad.lock import Holder
from sorad.messages import N_
from sorad.problems import Problem
from sorad.service import ServiceState
from sorad.service.query import troubles

# A service may be restarted once in a while: a new version, a machine that slept. Not again and again.
RESTARTS = 3

# Of an installed service, what deserves a look and stops no work.
_LIGHT = frozenset({"service.outdated", "service.disabled"})
# What the daemon cannot do its work with; that a sandbox is wider than promised is no such thing.
_NEEDED = frozenset({"sandbox.read_only", "sandbox.processes", "sandbox.network"})


def check(context: Context) -> Iterator[Finding]:
    """Judge what the context has of it."""
    holder = context.facts.holder if context.facts is not None else None
    if context.service is not None:
        yield from judge(context.service, holder, context.path)
        yield from judge_lingering(context.service)
    pulse = context.facts.pulse if context.facts is not None else None
    if pulse is not None and not pulse.frozen:
        yield from judge_sandbox(pulse.more.get("sandbox"))


def judge(found: ServiceState, holder: Optional[Holder], config: Optional[Path]) -> Iterator[Finding]:
    """Is it there, does it run, and is it the one that works on this ledger?"""
    if not found.installed:
        yield _not_installed(found)
        return
    wrong = troubles(found)
    for one in wrong:
        yield Finding("service", Level.WARNING if one.code in _LIGHT else Level.PROBLEM, one)
    standing = _other_one(found, holder, config) or _not_running(found)
    if standing is not None:
        yield standing
    elif not any(one.code not in _LIGHT for one in wrong):
        yield ok("service", "service.ok", N_("{unit} runs (process {pid})."), unit=found.unit, pid=found.pid)
    if found.restarts >= RESTARTS:
        yield warning(
            "service",
            "service.restarts",
            N_("{unit} was restarted {count} times since it was started (last end: {result})."),
            N_("Its own words:\n  {log}"),
            unit=found.unit,
            count=found.restarts,
            result=found.result or "?",
            log=found.log,
        )


def _not_installed(found: ServiceState) -> Finding:
    reason = found.missing.text() if found.missing is not None else ""
    if reason:
        return ok("service", "service.none", N_("Not installed: {reason}"), reason=reason)
    return ok("service", "service.none", N_("Not installed; `sorad service install` does it."))


def _other_one(found: ServiceState, holder: Optional[Holder], config: Optional[Path]) -> Optional[Finding]:
    """It works with another config, or another process works on its ledger."""
    if found.config and config is not None and Path(found.config) != config:
        return warning(
            "service",
            "service.other_config",
            N_("{unit} works with another config: {path}."),
            N_("Look at that one:\n  sorad --config {path} doctor"),
            unit=found.unit,
            path=found.config,
        )
    if found.running and holder is not None and found.pid and holder.pid != found.pid:
        return problem(
            "service",
            "service.not_the_holder",
            N_("{unit} runs (process {pid}), but another sorad holds the ledger: process {other}."),
            N_("End the other one: kill {other}. The service takes over by itself."),
            unit=found.unit,
            pid=found.pid,
            other=holder.pid,
        )
    return None


def _not_running(found: ServiceState) -> Optional[Finding]:
    """It is not up yet, or not at all."""
    if found.active == "activating":
        return warning(
            "service",
            "service.starting",
            N_("{unit} is starting, or about to start again."),
            N_("Look again in a moment. Its own words:\n  {log}"),
            unit=found.unit,
            log=found.log,
        )
    if not found.running and found.missing is None and found.active != "failed":
        return warning(
            "service",
            "service.stopped",
            N_("{unit} is installed and does not run ({state})."),
            N_("To start it: {start}"),
            unit=found.unit,
            start=found.start,
            state=found.active or "?",
        )
    return None


def judge_lingering(found: ServiceState) -> Iterator[Finding]:
    """Whether a user's service goes on while that user is logged out (systemd alone asks)."""
    if not found.installed or found.lingers is None:
        return
    if found.lingers:
        yield ok("lingering", "lingering.on", N_("On: sorad runs though nobody is logged in."))
    else:
        yield warning(
            "lingering",
            "lingering.off",
            N_("Off: sorad ends when you log out, and starts only when you log in."),
            N_("On a machine that works alone, switch it on:\n  sorad service install --linger"),
        )


def judge_sandbox(found: Optional[Sequence[Mapping[str, Any]]]) -> Iterator[Finding]:
    """What the daemon found, from inside."""
    if not found:
        return
    wrong = [Problem.from_json(one["problem"]) for one in found if "problem" in one]
    for one in wrong:
        yield Finding("sandbox", Level.PROBLEM if one.code in _NEEDED else Level.WARNING, one)
    if not wrong:
        yield ok(
            "sandbox",
            "sandbox.ok",
            N_(
                "Seen from inside: open is what sorad needs, closed what the service promises ({count} looks)."
            ),
            count=len(found),
        )
