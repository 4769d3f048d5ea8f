"""What `sorad status` has to say: everything that is wrong or worth knowing, most important first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sorad.engine.state.gateways import repeats_by_itself
from sorad.health.alive import ailments
from sorad.health.buying import about_buying, about_slowness
from sorad.health.complaint import Complaint, few_of_each, heavy, local_time, note, notices
from sorad.health.facts import Facts
from sorad.health.folders import about_copies, about_roots, about_storyboards
from sorad.health.takes import about_takes
from sorad.messages import N_
from sorad.problems import Problem
from sorad.vault.problems import NOT_TAKEN_UP


def complaints(facts: Facts) -> list[Complaint]:
    """All of them, in the order in which they matter."""
    return [
        *_daemon(facts),
        *about_buying(facts),
        *about_roots(facts),
        *about_takes(facts),
        *about_storyboards(facts),
        *_notes(facts),
    ]


def _daemon(facts: Facts) -> Iterator[Complaint]:
    # where the ledger may not be seen, nobody can tell whether its holder lives
    hidden = facts.ledger is not None and facts.ledger.code.startswith(("config.", "ledger.unreadable"))
    if facts.holder is None and not hidden:
        yield heavy(
            "daemon.not_running", N_("sorad is not running."), how_to_start(facts.start), start=facts.start
        )
    if facts.config is not None:
        yield Complaint(facts.config)
    yield from map(Complaint, facts.service)
    # before the first start there is no ledger: that it does not run says it all
    if facts.ledger is not None:
        first = facts.holder is None and facts.ledger.code == "ledger.missing"
        if facts.start or not first:
            yield Complaint(facts.ledger, heavy=not first)
    if facts.holder is not None:
        yield from (Complaint(*one) for one in ailments(facts.pulse, facts.holder, facts.now))
        for trouble in facts.troubles:
            yield Complaint(Problem.from_json(trouble["problem"]))


def how_to_start(command: str) -> str:
    """The mend for a sorad that does not run; its ``start`` is ``command``, ``""`` where there is no config."""
    if not command:
        return N_("It has no config yet: `sorad init` writes one and can start it.")
    return N_("Start it with `{start}`.")


def _notes(facts: Facts) -> Iterator[Complaint]:
    if facts.paused:
        yield note(
            "paused",
            N_("Paused since {since}: nothing is bought; what is paid for goes on."),
            N_("`sorad resume` goes on."),
            since=local_time(facts.paused.get("since")),
        )
    yield from about_slowness(facts)
    if facts.waiting_commands and facts.holder is None:
        yield note(
            "command.waiting",
            N_("Commands that wait for the next start: {count}."),
            count=facts.waiting_commands,
        )
    yield from few_of_each(take.error for take in facts.rescued if take.error is not None)
    yield from few_of_each(map(Problem.from_json, facts.paid_too))
    if facts.gateway:
        told = repeats_by_itself(str(facts.gateway["base_url"]), str(facts.gateway["version"]))
        yield Complaint(told, heavy=False)
    yield from few_of_each(
        problem
        for problem in notices(facts)
        if not problem.params.get("waiting") and problem.code not in NOT_TAKEN_UP
    )
    yield from about_copies(facts)
