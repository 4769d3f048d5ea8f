"""What takes wait for, and why some failed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Optional

from sorad.budget import awaits_price
from sorad.delivery.outcome import OBSTACLES
from sorad.engine.decide.doubtful import SAME_ID, UNFINISHED, is_same_id
from sorad.engine.decide.missing_key import NO_KEY
from sorad.engine.decide.not_found import is_told
from sorad.engine.decide.pictures import IGNORED
from sorad.health.complaint import NAMED, Complaint, board_name, counted, heavy, note
from sorad.health.facts import Facts
from sorad.ledger.chain import WAITS, is_waiting
from sorad.ledger.copied import is_copied
from sorad.messages import N_, _
from sorad.model import State, Take
from sorad.problems import Problem

# Unknown takes with one of these wait for the user; the others are still being looked up.
FOR_THE_USER = frozenset({"take.unknown", "take.several", SAME_ID, NO_KEY})


def about_takes(facts: Facts) -> Iterator[Complaint]:
    """Takes that wait, for the user or for something else, and those that failed."""
    yield from _unknown(facts)
    yield from _paid(facts)
    for takes in _by_reason(_with_code(facts.queued, OBSTACLES)):
        said = N_("Not bought, for the folder takes no files: {takes}. {reason}")
        yield _refused_by_disk(takes, facts.counts[State.QUEUED], said)
    # where pictures are ignored is told once for each provider
    held = [take for take in facts.held if not _with_code([take], {IGNORED})]
    for takes in _by_code(held):
        yield from _held_for(takes, facts.counts[State.HELD])
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
        yield heavy(
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
            storyboard=board_name(facts, take.root, take.storyboard),
            segment=take.segment,
            reason=take.error.text() if take.error else "",
        )
    if len(waiting) > NAMED:
        yield heavy(
            "take.unknown",
            N_("{takes} more may have been bought."),
            N_("`sorad list --state unknown` shows all."),
            takes=counted(len(waiting) - NAMED, facts.counts[State.UNKNOWN]),
        )
    yield from _looked_up(facts, len(facts.unknown) - len(waiting))


def _looked_up(facts: Facts, count: int) -> Iterator[Complaint]:
    """So many are still looked up; those that wait for tasks to end say until when."""
    unfinished = _with_code(facts.unknown, {UNFINISHED})
    for takes in _by_reason(unfinished):
        yield note(
            UNFINISHED,
            N_("{takes} may have been bought: {reason}"),
            "{mend}",
            takes=counted(len(takes), facts.counts[State.UNKNOWN]),
            reason=takes[0].error.text() if takes[0].error else "",
            mend=takes[0].error.fix_text() if takes[0].error else "",
        )
    if count > len(unfinished):
        yield note(
            "take.looked_up",
            N_("{takes} may have been bought; the provider's list is being looked at."),
            takes=counted(count - len(unfinished), facts.counts[State.UNKNOWN]),
        )


def _keyless(takes: Sequence[Take]) -> Complaint:
    """Paid for, and only the key that bought them can ask after them."""
    return heavy(
        NO_KEY,
        N_("Paid for, and waiting for the key that bought them: {takes}. {reason}"),
        N_("{mend} `sorad cancel {ids}` gives up waiting."),
        takes=counted(len(takes), len(takes)),
        reason=takes[0].error.text() if takes[0].error else "",
        mend=takes[0].error.fix_text() if takes[0].error else "",
        ids=" ".join(str(take.id) for take in takes[:NAMED]),
    )


def _unfetched(facts: Facts, takes: Sequence[Take]) -> Complaint:
    """Paid for, and the provider does not show them or their video."""
    error = takes[0].error
    return heavy(
        error.code if error else "take.unfetched",
        N_("Take {ids} is paid for and has not come yet: {reason} ({storyboard}, segment {segment})")
        if len(takes) == 1
        else N_("Paid for, and not come yet: {takes}. {reason}"),
        "{mend}",
        takes=counted(len(takes), len(takes)),
        storyboard=board_name(facts, takes[0].root, takes[0].storyboard),
        segment=takes[0].segment,
        ids=takes[0].id,
        reason=error.text() if error else "",
        mend=error.fix_text() if error else "",
    )


def _refused_by_disk(takes: Sequence[Take], total: int, message: str) -> Complaint:
    """This machine does not take their files. ``message``: what that means for them."""
    error = takes[0].error
    return heavy(
        error.code if error else "delivery.local",
        message,
        "{mend}",
        takes=counted(len(takes), total),
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
    return heavy(
        most.code if most else "take.failed",
        message,
        fix,
        takes=counted(len(takes), facts.counts[State.FAILED]),
        storyboard=board_name(facts, takes[0].root, takes[0].storyboard),
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


def _held_for(takes: Sequence[Take], total: int) -> Iterator[Complaint]:
    """Held takes of one code. What the user is to mend is told for each reason: each is mended in its own way."""
    code = takes[0].error.code if takes[0].error else ""
    if is_waiting(takes[0]) and code == WAITS:
        yield _continuing(takes, total)
        return
    if code in ("budget.day", "budget.price") or awaits_price(takes[0]):
        yield _held(takes, total)  # their reasons differ by the hour and the price alone
        return
    groups = sorted(_same_words(takes), key=len, reverse=True)
    for group in groups[:NAMED]:
        yield _frameless(group, total) if is_waiting(group[0]) else _held(group, total)
    left = sum(map(len, groups[NAMED:]))
    if left:
        yield heavy(
            code or "take.held",
            N_("{takes} more are held for reasons of their own."),
            N_("`sorad list --state held` shows them."),
            takes=counted(left, total),
        )


def _held(takes: Sequence[Take], total: int) -> Complaint:
    error = takes[0].error
    reason = error.text() if error else _("the reason is not known.")
    boards = sorted({take.storyboard for take in takes})
    if error is not None and is_copied(takes[0]):
        return note(
            error.code,
            N_("Not bought without you: {takes}. {reason}"),
            N_("`sorad approve {path}` buys them; `sorad cancel --storyboard {path}` drops them.")
            if len(boards) == 1
            else N_(
                "`sorad list --state held` shows them; `sorad approve PATH` buys, `sorad cancel` drops them."
            ),
            takes=counted(len(takes), total),
            reason=reason,
            path=boards[0],
        )
    if error is not None and error.code == "budget.day":
        return note(
            error.code,
            N_("{takes} wait for tomorrow: {reason}"),
            "{mend}",
            takes=counted(len(takes), total),
            reason=reason,
            mend=error.fix_text(),
        )
    if error is not None and awaits_price(takes[0]):
        return heavy(
            error.code,
            N_("{takes} wait for their price, because there is a budget: {reason}"),
            "{mend}",
            takes=counted(len(takes), total),
            reason=reason,
            mend=error.fix_text(),
        )
    return heavy(
        error.code if error else "take.held",
        N_("{takes} wait for you: {reason}"),
        N_("`sorad approve {path}` releases them; `sorad cancel --storyboard {path}` drops them.")
        if len(boards) == 1
        else N_("`sorad list --state held` shows them; `sorad approve` releases all."),
        takes=counted(len(takes), total),
        reason=reason,
        path=boards[0],
    )


def _continuing(takes: Sequence[Take], total: int) -> Complaint:
    """They wait for the shots before theirs."""
    count, groups = counted(len(takes), total), _same_words(takes)
    if len(groups) == 1:
        message = N_("{takes} wait for the shot before theirs: {reason}")
        error = takes[0].error
        return note(WAITS, message, takes=count, reason=error.text() if error else "")
    awaited = Counter(take.follows for take in takes if take.follows is not None)
    named = [
        _("segment {segment} ({takes})").format(segment=segment, takes=counted(each, each))
        for segment, each in sorted(awaited.items())[:NAMED]
    ]
    more = ["…"] if len(awaited) > NAMED else []
    message = N_("{takes} wait for the shots before theirs: {segments}")
    return note(WAITS, message, takes=count, segments=_(", ").join([*named, *more]))


def _frameless(takes: Sequence[Take], total: int) -> Complaint:
    """The shot before theirs has ended, and they cannot begin with its last frame."""
    error = takes[0].error
    return heavy(
        error.code if error else WAITS,
        N_("Not bought, for what they continue is not there: {takes}. {reason}"),
        "{mend}",
        takes=counted(len(takes), total),
        reason=error.text() if error else "",
        mend=error.fix_text() if error else "",
    )


def _by_reason(takes: Sequence[Take]) -> list[list[Take]]:
    """In groups of the same words, because each names a place of its own; of many, those left over by their codes."""

    groups = _same_words(takes)
    return [*groups[:NAMED], *_by_code([take for group in groups[NAMED:] for take in group])]


def _same_words(takes: Sequence[Take]) -> list[list[Take]]:
    """The takes in groups of the same reason."""

    def reason(take: Take) -> str:
        return take.error.text() if take.error else ""

    return [list(group) for _reason, group in groupby(sorted(takes, key=reason), key=reason)]


def _by_code(takes: Sequence[Take]) -> list[list[Take]]:
    """The takes in groups of the same error, the largest group first."""

    def code(take: Take) -> str:
        return take.error.code if take.error else ""

    groups = [list(group) for _code, group in groupby(sorted(takes, key=code), key=code)]
    return sorted(groups, key=len, reverse=True)


def _with_code(takes: Iterable[Take], codes: Collection[str]) -> list[Take]:
    return [take for take in takes if take.error is not None and take.error.code in codes]
