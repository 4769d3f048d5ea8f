"""What the daemon's pulse says: is it frozen, does a part of it hang or fail, has it come up yet? Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sorad.condition import DEAD, HUNG, Part
from sorad.health.pulse import OVERDUE, STARTING, Pulse
from sorad.lock import Holder
from sorad.messages import N_, _
from sorad.problems import Problem

# What each part is there for.
DOES = {
    "engine": N_("gives out all work: creates, looks at tasks, downloads, commands"),
    "vault": N_("watches the folders and reads storyboards"),
    "housekeeping": N_("looks at the disks and at what a sync brought"),
    "submit": N_("sends creates"),
    "poll": N_("asks after tasks"),
    "fetch": N_("downloads videos"),
    "watchman": N_("tells how the others stand"),
    "main": N_("takes signals and reads the config again"),
    "notify": N_("sends notifications"),
    "ping": N_("calls the dead man's ping"),
    "notes": N_("writes the notes"),
    "media": N_("makes posters and checks videos"),
    "cuts": N_("joins chosen takes in one video"),
    "http": N_("serves /health and /metrics"),
}


def ailments(pulse: Pulse | None, holder: Holder, now: float) -> Iterator[tuple[Problem, bool]]:
    """Each with whether it makes the daemon unhealthy, the heaviest first; ``now`` in epoch seconds."""
    if pulse is None:
        if holder.pulse:
            # Between the lock and the first pulse there is none yet.
            yield (_starting(), False) if 0 <= now - holder.started < OVERDUE else (_lost(holder), True)
        return
    if pulse.frozen:
        # Whatever it told of its parts is no longer true.
        yield _frozen(pulse, holder, now), True
        return
    for part in pulse.parts:
        if part.state in (HUNG, DEAD):
            yield _hung(part, pulse, holder, now), True
        elif not part.ok:
            yield _failing(part), True
    for trouble in pulse.troubles:
        yield Problem.from_json(trouble["problem"]), True
    if not pulse.ready:
        yield _starting(), pulse.running + pulse.age > STARTING


def _starting() -> Problem:
    return Problem(
        "daemon.starting",
        N_("sorad is starting: it has not looked through all folders yet, and buys nothing for those."),
        N_("Nothing to do if this passes; with many files or a slow disk it takes minutes."),
    )


def _lost(holder: Holder) -> Problem:
    return Problem(
        "daemon.no_pulse",
        N_("The daemon (process {pid}) runs, and how its parts stand cannot be read from {path}."),
        N_("Ask as the user that it runs as; otherwise restart it."),
        {"pid": holder.pid, "path": holder.pulse},
    )


def _frozen(pulse: Pulse, holder: Holder, now: float) -> Problem:
    return Problem(
        "daemon.frozen",
        N_("sorad is frozen: process {pid} has given no sign of life since {since}."),
        N_(
            "If somebody stopped it: kill -CONT {pid}. Otherwise kill -9 {pid} and start it again; nothing "
            "paid for is lost. Under systemd, its watchdog does that by itself."
        ),
        {"pid": holder.pid, "since": _clock(now - pulse.age)},
    )


def _hung(part: Part, pulse: Pulse, holder: Holder, now: float) -> Problem:
    does = DOES.get(part.name.partition(".")[0], part.name)
    return Problem(
        "daemon.hung",
        N_("The part {name}, which {does}, hangs: no sign of life since {since}."),
        N_(
            "If it does not go on by itself, restart sorad: nothing paid for is lost. Under systemd, its watchdog "
            "does that. `sorad log` has the place where it hangs; often a disk or a share does not answer."
        ),
        {
            "name": part.name,
            "does": _(does),
            "since": _clock(now - pulse.age - part.age),
            "pid": holder.pid,
        },
    )


def _failing(part: Part) -> Problem:
    if not part.problem:  # a state that only a newer sorad knows
        return Problem("daemon.thread", N_("the part {name} does not do its work."), "", {"name": part.name})
    cause = Problem.from_json(part.problem)
    return Problem(
        cause.code,
        N_("{reason} ({count} times since the start)"),
        "{mend}",
        {"reason": cause.text(), "count": part.failures, "mend": cause.fix_text()},
    )


def _clock(seconds: float) -> str:
    """A time on the user's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
