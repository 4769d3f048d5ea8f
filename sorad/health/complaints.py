"""What `sorad status` has to say: everything that is wrong or worth knowing, most important first. Pure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Optional

from sorad.budget import awaits_price
from sorad.claim.doubles import problem as paid_twice
from sorad.delivery.outcome import OBSTACLES
from sorad.engine.decide.doubtful import SAME_ID, is_same_id
from sorad.engine.decide.missing_key import NO_KEY
from sorad.engine.decide.not_found import is_told
from sorad.engine.decide.stops import Stop
from sorad.engine.state.gateways import repeats_by_itself
from sorad.health.alive import ailments
from sorad.health.facts import SAMPLE, Facts
from sorad.layout import below
from sorad.ledger.copied import is_copied
from sorad.ledger.interface import RootRow
from sorad.messages import N_, _, ngettext
from sorad.model import State, Take
from sorad.problems import Param, Problem
from sorad.units import format_size
from sorad.vault.problems import NOT_TAKEN_UP

# So many of a kind are named; the rest is counted.
NAMED = 5
# A pause that the provider asks for is a trouble if it is longer than this, in seconds.
LONG_PAUSE = 900.0

# Unknown takes with one of these wait for the user; the others are still being looked up.
FOR_THE_USER = frozenset({"take.unknown", "take.several", SAME_ID, NO_KEY})


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


class Complaint(NamedTuple):
    """One thing to say. ``heavy``: it makes the daemon unhealthy; else it is worth knowing, no more."""

    problem: Problem
    heavy: bool = True


def complaints(facts: Facts) -> list[Complaint]:
    """All of them, in the order in which they matter."""
    return [
        *_daemon(facts),
        *_buying(facts),
        *_roots(facts),
        *_takes(facts),
        *_storyboards(facts),
        *_notes(facts),
    ]


# --- the daemon itself ------------------------------------------------------------------------------------


def _daemon(facts: Facts) -> Iterator[Complaint]:
    # where the ledger may not be seen, nobody can tell whether its holder lives
    hidden = facts.ledger is not None and facts.ledger.code.startswith(("config.", "ledger.unreadable"))
    if facts.holder is None and not hidden:
        yield _heavy(
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


# --- buying -----------------------------------------------------------------------------------------------


def _buying(facts: Facts) -> Iterator[Complaint]:
    if facts.halt:
        cause = Problem.from_json(facts.halt["problem"])
        yield _heavy(
            cause.code,
            N_("Nothing is bought since {since}: {reason}"),
            N_("{mend} What is paid for goes on meanwhile."),
            since=_when(facts.halt["since"]),
            reason=cause.text(),
            mend=cause.fix_text(),
        )
    for stop in map(Stop.from_json, facts.stops):
        yield _heavy(
            stop.code,
            N_("Nothing is bought since {since}: {reason}"),
            N_("{reason_fix} What is paid for goes on meanwhile."),
            since=_when(stop.since),
            reason=stop.told(),
        )
    if (facts.breaker or {}).get("mode") == "safe":
        yield _safe(facts)
    yield from _claims(facts)
    for row in facts.disk:
        if not row["ok"]:
            yield Complaint(full_disk(row))


def full_disk(row: Mapping[str, Any]) -> Problem:
    """Of a row of ``disk`` that is not ``ok``."""
    return Problem(
        "disk.full",
        N_("The disk of {path} has {free} free, and {needed} are needed: nothing is bought for it."),
        N_("Make room there; it goes on by itself."),
        {"path": row["path"], "free": format_size(row["free"]), "needed": format_size(row["needed"])},
    )


def _safe(facts: Facts) -> Complaint:
    """A problem while creates are refused; what is left of it afterwards hurts nobody and ends by itself."""
    breaker, gate = facts.breaker or {}, facts.gate or {}
    said = Counter(take.error.text() for take in facts.queued if take.error is not None)
    closed = gate.get("until", 0) > facts.now or (gate.get("delay", 0) > 0 and said)
    refused = bool(closed and facts.counts[State.QUEUED] + facts.counts[State.SUBMITTING])
    if refused and said:
        message = N_("Creates meet errors: until {until} at most {count} in flight. {reason}")
    else:
        message = N_("Creates met errors in a row: until {until} at most {count} in flight.")
    problem = Problem(
        "breaker.safe",
        message,
        N_("Nothing to do: it goes back to full by itself. `sorad log` has the errors."),
        {
            "reason": max(said, key=said.__getitem__, default=""),
            "count": breaker.get("effective", 0),
            "until": _when(breaker.get("until")),
        },
    )
    return Complaint(problem, heavy=refused)


# --- folders ----------------------------------------------------------------------------------------------


def _roots(facts: Facts) -> Iterator[Complaint]:
    for row in facts.roots:
        yield from _root(row)
    for problem in _notices(facts):
        if problem.params.get("waiting"):
            yield Complaint(problem)  # takes wait for a disk


def _storyboards(facts: Facts) -> Iterator[Complaint]:
    yield from _named((one for one in _notices(facts) if one.code in NOT_TAKEN_UP), heavy=True)
    invalid = [board for board in facts.storyboards if board.state == "invalid"]
    for board in invalid[:NAMED]:
        name = _name(facts, board.root, board.path)
        for problem in board.problems[:NAMED]:
            yield _heavy(
                problem.code,
                N_("{path}: {problem}"),
                "{mend}",
                path=name,
                problem=problem.text(),
                mend=problem.fix_text(),
                storyboard=board.path,
            )
        if len(board.problems) > NAMED:
            yield _heavy(
                "storyboard.more_problems",
                N_("{name}: further mistakes: {count}."),
                N_("`sorad validate {path}` shows all."),
                name=name,
                path=board.path,
                count=len(board.problems) - NAMED,
                storyboard=board.path,
            )
    if len(invalid) > NAMED:
        yield _heavy(
            "storyboard.more_invalid",
            N_("Storyboards with mistakes besides: {count}."),
            N_("`sorad validate FOLDER` shows all."),
            count=len(invalid) - NAMED,
        )


def _root(row: RootRow) -> Iterator[Complaint]:
    if row.state == "offline":
        yield Complaint(
            row.reason
            or Problem(
                "root.offline",
                N_("{path} is not there; what is meant for it waits."),
                N_("Connect or mount it again; it goes on by itself."),
                {"path": row.path},
            )
        )
    elif row.reason is not None and row.reason.code != "root.polling":
        # a watcher in trouble needs somebody; a file system without events is what it is
        yield Complaint(row.reason, heavy=row.reason.code.startswith("watch."))


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


# --- takes ------------------------------------------------------------------------------------------------


def _takes(facts: Facts) -> Iterator[Complaint]:
    yield from _unknown(facts)
    yield from _paid(facts)
    for takes in _by_reason(_with_code(facts.queued, OBSTACLES)):
        said = N_("Not bought, for the folder takes no files: {takes}. {reason}")
        yield _refused_by_disk(takes, facts.counts[State.QUEUED], said)
    for takes in _by_code(facts.held):
        yield _held(takes, facts.counts[State.HELD])
    for takes in _by_code(facts.failed):
        yield _failed(facts, takes)


def _paid(facts: Facts) -> Iterator[Complaint]:
    """What was bought and does not come."""
    keyless = _with_code(facts.in_flight, {NO_KEY})
    if keyless:
        yield _keyless(keyless)
    told_apart = {NO_KEY, *OBSTACLES}
    away = [take for take in facts.in_flight if is_told(take) and not _with_code([take], told_apart)]
    for takes in _by_code(away):
        yield _unfetched(facts, takes)
    for takes in _by_code(_with_code(facts.downloading, OBSTACLES)):
        said = N_("Paid for, and cannot be delivered: {takes}. {reason}")
        yield _refused_by_disk(takes, facts.counts[State.DOWNLOADING], said)


def _unknown(facts: Facts) -> Iterator[Complaint]:
    waiting = [take for take in facts.unknown if take.error is not None and take.error.code in FOR_THE_USER]
    for take in waiting[:NAMED]:
        yield _heavy(
            SAME_ID if is_same_id(take) else "take.unknown",
            N_("Take {take} may have been bought: {reason} ({storyboard}, segment {segment})"),
            N_(
                "Set that key again: sorad then looks there by itself. Or look at that account. It is there: `sorad "
                "resolve {take} --adopt TASK_ID`; it is not: `sorad resolve {take} --resend`; not wanted: `sorad "
                "resolve {take} --drop`."
            )
            if take.error is not None and take.error.code == NO_KEY
            else N_(
                "Look at your account at the provider. It is there: `sorad resolve {take} --adopt TASK_ID`; "
                "it is not: `sorad resolve {take} --resend`; not wanted: `sorad resolve {take} --drop`."
            ),
            take=take.id,
            storyboard=_name(facts, take.root, take.storyboard),
            segment=take.segment,
            reason=take.error.text() if take.error else "",
        )
    if len(waiting) > NAMED:
        yield _heavy(
            "take.unknown",
            N_("{takes} more may have been bought."),
            N_("`sorad list --state unknown` shows all."),
            takes=_counted(len(waiting) - NAMED, facts.counts[State.UNKNOWN]),
        )
    looked_up = len(facts.unknown) - len(waiting)
    if looked_up:
        yield _note(
            "take.looked_up",
            N_("{takes} may have been bought; the provider's list is being looked at."),
            takes=_counted(looked_up, facts.counts[State.UNKNOWN]),
        )


def _keyless(takes: Sequence[Take]) -> Complaint:
    """Paid for, and only the key that bought them can ask after them."""
    return _heavy(
        NO_KEY,
        N_("Paid for, and waiting for the key that bought them: {takes}. {reason}"),
        N_("{mend} `sorad cancel {ids}` gives up waiting."),
        takes=_counted(len(takes), len(takes)),
        reason=takes[0].error.text() if takes[0].error else "",
        mend=takes[0].error.fix_text() if takes[0].error else "",
        ids=" ".join(str(take.id) for take in takes[:NAMED]),
    )


def _unfetched(facts: Facts, takes: Sequence[Take]) -> Complaint:
    """Paid for, and the provider does not show them or their video."""
    error = takes[0].error
    return _heavy(
        error.code if error else "take.unfetched",
        N_("Take {ids} is paid for and has not come yet: {reason} ({storyboard}, segment {segment})")
        if len(takes) == 1
        else N_("Paid for, and not come yet: {takes}. {reason}"),
        "{mend}",
        takes=_counted(len(takes), len(takes)),
        storyboard=_name(facts, takes[0].root, takes[0].storyboard),
        segment=takes[0].segment,
        ids=takes[0].id,
        reason=error.text() if error else "",
        mend=error.fix_text() if error else "",
    )


def _refused_by_disk(takes: Sequence[Take], total: int, message: str) -> Complaint:
    """This machine does not take their files. ``message``: what that means for them."""
    error = takes[0].error
    return _heavy(
        error.code if error else "delivery.local",
        message,
        "{mend}",
        takes=_counted(len(takes), total),
        reason=error.text() if error else "",
        mend=error.fix_text() if error else "",
    )


def _failed(facts: Facts, takes: Sequence[Take]) -> Complaint:
    """Of the same code; where the provider said several things, what it said most."""
    said, most = _most_said(takes)
    ids = " ".join(str(take.id) for take in takes[:NAMED])
    if len(takes) > NAMED:
        fix = N_("{mend} `sorad list --state failed` shows them, `sorad retry` tries all failed takes again.")
    else:
        fix = N_("{mend} `sorad retry {ids}` tries again, `sorad cancel {ids}` puts it aside.")
    if len(takes) == 1:
        message = N_("Take {ids} failed: {reason} ({storyboard}, segment {segment})")
    elif len(said) > 1:
        message = N_("{takes} failed, most of them so: {reason}")
    else:
        message = N_("{takes} failed: {reason}")
    return _heavy(
        most.code if most else "take.failed",
        message,
        fix,
        takes=_counted(len(takes), facts.counts[State.FAILED]),
        storyboard=_name(facts, takes[0].root, takes[0].storyboard),
        segment=takes[0].segment,
        reason=most.text() if most else _("the reason is not known."),
        mend=most.fix_text() if most else "",
        ids=ids,
    )


def _most_said(takes: Sequence[Take]) -> tuple[Counter[str], Optional[Problem]]:
    """How often each error was told, and the one that was told most; ``None``: none was."""
    errors = [take.error for take in takes if take.error is not None]
    said = Counter(error.text() for error in errors)
    return said, next((error for error in errors if error.text() == said.most_common(1)[0][0]), None)


def _held(takes: Sequence[Take], total: int) -> Complaint:
    error = takes[0].error
    reason = error.text() if error else _("the reason is not known.")
    boards = sorted({take.storyboard for take in takes})
    if error is not None and is_copied(takes[0]):
        return _note(
            error.code,
            N_("Not bought without you: {takes}. {reason}"),
            N_("`sorad approve {path}` buys them; `sorad cancel --storyboard {path}` drops them.")
            if len(boards) == 1
            else N_(
                "`sorad list --state held` shows them; `sorad approve PATH` buys, `sorad cancel` drops them."
            ),
            takes=_counted(len(takes), total),
            reason=reason,
            path=boards[0],
        )
    if error is not None and error.code == "budget.day":
        return _note(
            error.code,
            N_("{takes} wait for tomorrow: {reason}"),
            "{mend}",
            takes=_counted(len(takes), total),
            reason=reason,
            mend=error.fix_text(),
        )
    if error is not None and awaits_price(takes[0]):
        return _heavy(
            error.code,
            N_("{takes} wait for their price, because there is a budget: {reason}"),
            "{mend}",
            takes=_counted(len(takes), total),
            reason=reason,
            mend=error.fix_text(),
        )
    return _heavy(
        error.code if error else "take.held",
        N_("{takes} wait for you: {reason}"),
        N_("`sorad approve {path}` releases them; `sorad cancel --storyboard {path}` drops them.")
        if len(boards) == 1
        else N_("`sorad list --state held` shows them; `sorad approve` releases all."),
        takes=_counted(len(takes), total),
        reason=reason,
        path=boards[0],
    )


def _by_reason(takes: Sequence[Take]) -> list[list[Take]]:
    """In groups of the same words, for each names a place of its own; of many, those left over by their codes."""

    def reason(take: Take) -> str:
        return take.error.text() if take.error else ""

    groups = [list(group) for _reason, group in groupby(sorted(takes, key=reason), key=reason)]
    return [*groups[:NAMED], *_by_code([take for group in groups[NAMED:] for take in group])]


def _by_code(takes: Sequence[Take]) -> list[list[Take]]:
    """The takes in groups of the same error, the largest group first."""

    def code(take: Take) -> str:
        return take.error.code if take.error else ""

    groups = [list(group) for _code, group in groupby(sorted(takes, key=code), key=code)]
    return sorted(groups, key=len, reverse=True)


def _with_code(takes: Iterable[Take], codes: Collection[str]) -> list[Take]:
    return [take for take in takes if take.error is not None and take.error.code in codes]


def _name(facts: Facts, root: str, path: str) -> str:
    """A storyboard as it is called below its root; where there are several, with the root's own name before it."""
    roots = {root, *(row.path for row in facts.roots)} - {""}
    return below(path, roots, named=len(roots) > 1)


def _counted(seen: int, total: int) -> str:
    """``3 takes``; ``200+ takes`` where not all were looked at."""
    more = "+" if total > SAMPLE else ""
    return ngettext("{count} take", "{count} takes", seen).format(count=f"{seen}{more}")


def _when(seconds: Optional[float]) -> str:
    """A time on the user's clock."""
    return "?" if seconds is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


# --- worth knowing ----------------------------------------------------------------------------------------


def _notes(facts: Facts) -> Iterator[Complaint]:
    if facts.paused:
        yield _note(
            "paused",
            N_("Paused since {since}: nothing is bought; what is paid for goes on."),
            N_("`sorad resume` goes on."),
            since=_when(facts.paused.get("since")),
        )
    yield from _slowed(facts)
    if facts.waiting_commands and facts.holder is None:
        yield _note(
            "command.waiting",
            N_("Commands that wait for the next start: {count}."),
            count=facts.waiting_commands,
        )
    yield from _named(take.error for take in facts.rescued if take.error is not None)
    yield from _named(map(Problem.from_json, facts.paid_too))
    if facts.gateway:
        told = repeats_by_itself(str(facts.gateway["base_url"]), str(facts.gateway["version"]))
        yield Complaint(told, heavy=False)
    yield from _named(
        problem
        for problem in _notices(facts)
        if not problem.params.get("waiting") and problem.code not in NOT_TAKEN_UP
    )
    yield from _copies(facts)


def _slowed(facts: Facts) -> Iterator[Complaint]:
    """Why less is bought than could be."""
    gate = facts.gate or {}
    until = gate.get("until", 0)
    if gate.get("delay", 0) > 0 and until > facts.now + LONG_PAUSE:
        yield _heavy(
            "gate.closed",
            N_("Nothing is bought before {until}: the provider asks for so long a pause."),
            N_("Look at your limits at the provider; it goes on by itself then."),
            until=_when(until),
        )
    elif gate.get("delay", 0) > 0 and until > facts.now:
        yield _note(
            "gate.closed",
            N_("The provider takes nothing just now; it is tried again at {until}."),
            until=_when(until),
        )
    if (facts.breaker or {}).get("mode") == "recovering":
        yield _note(
            "breaker.recovering",
            N_("Recovering from errors: {count} in flight at most, and one more each step."),
            count=(facts.breaker or {}).get("effective", 0),
        )


def _copies(facts: Facts) -> Iterator[Complaint]:
    copies = [board for board in facts.storyboards if board.state == "copy"]
    for board in copies[:NAMED]:
        yield _note(
            "storyboard.copy",
            N_("{path} has the same content as {original}; nothing is bought for it."),
            path=_name(facts, board.root, board.path),
            original=_name(facts, board.root, board.copy_of),
        )
    if len(copies) > NAMED:
        yield _note(
            "storyboard.copy",
            N_("{count} more storyboards are copies; nothing is bought for them."),
            count=len(copies) - NAMED,
        )


def _notices(facts: Facts) -> list[Problem]:
    return [Problem.from_json(notice) for notice in facts.notices]


def _named(problems: Iterable[Problem], *, heavy: bool = False) -> Iterator[Complaint]:
    """Of each kind as many as a screen has room for; the rest is counted."""
    for code, group in groupby(sorted(problems, key=_code), key=_code):
        several = list(group)
        for problem in several[:NAMED]:
            yield Complaint(problem, heavy=heavy)
        if len(several) > NAMED:
            more = Problem(code, N_("{count} more of this kind."), "", {"count": len(several) - NAMED})
            yield Complaint(more, heavy=heavy)


def _code(problem: Problem) -> str:
    return problem.code


def _heavy(code: str, message: str, fix: str = "", **params: Param) -> Complaint:
    return Complaint(Problem(code, message, fix, params))


def _note(code: str, message: str, fix: str = "", **params: Param) -> Complaint:
    return Complaint(Problem(code, message, fix, params), heavy=False)
