"""Run the daemon until everything in its folders is done: what `once` and `demo` share."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from loguru import logger

from sorad import logs
from sorad.cli.shared.common import say
from sorad.cli.shared.screen import Screen, Snapshot, make_screen
from sorad.cli.shared.signals import INTERRUPTED, Ending
from sorad.cli.work.blocked import Deadlock
from sorad.cli.work.remaining import Standing, is_meant, standing_of, tried_in_vain
from sorad.config.model import Config
from sorad.daemon.assembly import Daemon
from sorad.engine.steps.redo import another_take
from sorad.health.complaints import complaints
from sorad.health.facts import from_ledger
from sorad.ledger.values import Storyboard
from sorad.messages import N_, _, ngettext
from sorad.model import State, Take, units
from sorad.problems import Problem, after_the_end
from sorad.vault.problems import NOT_TAKEN_UP, WHAT_THEY_ARE

# Codes of what the folder side could not look at.
UNREAD = NOT_TAKEN_UP | {"vault.unreadable"}
# How often the screen and the end are looked at, in seconds; where there is much to look through, looks take a tenth
# of the time at most, but none is put off for longer than this.
LOOK, REST, LONGEST = 0.1, 9.0, 2.0
# And how often what stands in the way; so many lines of it are shown.
LOOK_AT_TROUBLE, NOTES = 2.0, 3
# So many folders with videos are named at the end.
FOLDERS = 5


def work(
    config: Config,
    command: str,
    *,
    force: bool = False,
    verbose: bool = False,
    segments: Sequence[range] = (),
) -> int:
    """Do all that is there, or buy these ``segments`` alone. 0: all done; 1: some failed or could not be bought; 130:
    Ctrl+C."""
    looked_at = sys.stdout.isatty()
    level, shown = _log_levels(config, verbose=verbose, looked_at=looked_at)
    logs.setup(None, level, stderr=shown)
    daemon = Daemon(config, command, segments=segments)
    with Ending() as ending, make_screen(looked_at) as screen:
        began = daemon.clock.time()
        daemon.start(lambda: logs.setup(config.state_dir, level, stderr=shown))
        try:
            if force:
                _force(daemon, ending)
            standing, stopped = _until_done(daemon, ending, screen)
            unread = unread_of(daemon)
            invalid, none = _invalid(daemon), () if unread else _none_there(daemon)
            spent = [*_spent(daemon, began), *_places(daemon)]
        finally:
            ended = daemon.stop()
    stopped = [*stopped, *(one for one in unread if one not in stopped)]
    _summary(standing, [*stopped, *invalid, *none], spent, interrupted=ending.requested)
    undone = standing.failed or standing.waiting or stopped or invalid
    code = INTERRUPTED if ending.requested else int(bool(undone))
    if not ended:
        ending.leave(code)
    return code


def _log_levels(config: Config, *, verbose: bool, looked_at: bool) -> tuple[str, str]:
    """That of the file, and that of the terminal, which shows the progress where somebody looks at it."""
    if verbose:
        return "DEBUG", "DEBUG"
    return config.log.level, "WARNING" if looked_at else config.log.level


def _until_done(daemon: Daemon, ending: Ending, screen: Screen) -> tuple[Standing, list[Problem]]:
    """Wait for the end; what stands then, and what stopped the buying, if anything did."""
    began = looked = time.monotonic()
    before = standing_of(daemon, {}).counts[State.DONE]
    in_vain = tried_in_vain(daemon)
    notes: list[str] = []
    stillness = Deadlock(daemon)
    while True:
        start = time.monotonic()
        if start - looked > LOOK_AT_TROUBLE:
            looked, notes = time.monotonic(), _troubles(daemon)
            stillness.look(standing_of(daemon, in_vain), looked)
        quiet = daemon.vault.quiet()  # asked before the counts: what is queued after it is seen next time
        standing = standing_of(daemon, in_vain)
        stopped = _stopped(daemon, standing) or stillness.ends
        screen.show(_snapshot(daemon, standing, before, time.monotonic() - began, notes))
        if ending.requested or (quiet and (standing.moving == 0 or stopped)):
            return standing, stopped
        ending.wait(max(LOOK, min(LONGEST, REST * (time.monotonic() - start))))


def _halted(daemon: Daemon, standing: Standing) -> list[Problem]:
    """Why nothing is bought at each of the providers that takes are wanted from; nothing, while one may buy."""
    parts = daemon.parts
    queued = daemon.ledger.takes(states=[State.QUEUED]) if standing.counts[State.QUEUED] else ()
    asked = list({seller.name: seller for seller in map(parts.seller_of, queued)}.values())
    several = len(parts.sellers) > 1
    each = [seller.stopped(named=several) for seller in asked or parts.sellers]
    if asked and not all(each):
        return []
    found: list[Problem] = []
    for one in chain(*each):
        found += [one] if one not in found else []
    return found


def _stopped(daemon: Daemon, standing: Standing) -> list[Problem]:
    """Why nothing more will be bought, once all that was bought has arrived."""
    if standing.moving > standing.queued:
        return []
    found = _halted(daemon, standing)
    if daemon.control.paused and standing.queued:
        found.append(_paused())
    if standing.moving == 0:
        roots = [str(watch.path) for watch in daemon.config.watch]
        waiting = [root for root in roots if daemon.ledger.counts(root)[State.QUEUED]]
        found += filter(None, map(daemon.claims.waits, waiting))
    return found


def unread_of(daemon: Daemon) -> list[Problem]:
    """What in the folders could not even be looked at: whole roots, folders, files."""
    away = [row.reason for row in daemon.vault.states() if row.state == "offline" and row.reason is not None]
    return [*away, *(one for one in daemon.vault.problems() if one.code in UNREAD)]


def _troubles(daemon: Daemon) -> list[str]:
    """What `sorad status` would say of trouble just now: why nothing seems to happen."""
    facts = from_ledger(daemon.ledger, daemon.holder, daemon.clock.time())
    return [str(one.problem) for one in complaints(facts) if one.heavy][:NOTES]


def _invalid(daemon: Daemon) -> list[Problem]:
    """The storyboards with mistakes in them, each by its first."""
    boards = [board for watch in daemon.config.watch for board in daemon.ledger.storyboards(str(watch.path))]
    return [_mistaken(board) for board in boards if board.state == "invalid" and board.problems]


def _none_there(daemon: Daemon) -> list[Problem]:
    """Where no file is a storyboard, it may be for its name."""
    if any(board.state != "gone" for board in daemon.ledger.storyboards()):
        return []
    return [
        Problem(
            "once.no_storyboards",
            N_("There are no storyboards here."),
            WHAT_THEY_ARE,
        )
    ]


def _mistaken(board: Storyboard) -> Problem:
    first = board.problems[0]
    return Problem(
        first.code,
        N_("{path}: {problem} Nothing of it is bought."),
        N_("`sorad validate {path}` shows all."),
        {"path": board.path, "problem": str(first)},
    )


def _paused() -> Problem:
    return Problem("daemon.paused", N_("buying is paused."), N_("`sorad resume` ends the pause."))


def _snapshot(
    daemon: Daemon, standing: Standing, before: int, elapsed: float, notes: Sequence[str]
) -> Snapshot:
    return Snapshot(
        counts=dict(standing.counts),
        done=standing.counts[State.DONE] - before,
        moving=standing.moving,
        fetched=daemon.progress.bytes,
        downloads=daemon.progress.downloads(),
        elapsed=elapsed,
        notes=notes,
        latest=daemon.progress.latest(),
    )


def _force(daemon: Daemon, ending: Ending) -> None:
    """Queue one more take of every segment that had a video before this run."""
    began = daemon.clock.time()
    while not daemon.vault.quiet() and not ending.requested:
        ending.wait(LOOK)
    latest: dict[tuple[int, int, str], Take] = {}
    for watch in daemon.config.watch:
        for take in daemon.ledger.takes(states=[State.DONE], root=str(watch.path)):
            if is_meant(daemon, take) and (take.finished_at is None or take.finished_at < began):
                latest[take.storyboard_id, take.segment, take.fingerprint] = take
    for take in latest.values():
        another_take(daemon.ledger, take, daemon.clock.time(), daemon.config)
    daemon.engine.wake()


def _spent(daemon: Daemon, began: float) -> list[str]:
    """What this run has cost."""
    unpriced = daemon.ledger.unpriced(began)
    costs = daemon.ledger.spend_by_currency(began)
    first = str(daemon.ledger.recall("currency") or "USD")
    told = [
        _("Counted as spent in this run: {cost:.2f} {currency}.").format(cost=units(cost), currency=currency)
        for currency, cost in {first: 0, **costs}.items()
        if cost or (unpriced and currency == first)
    ]
    if unpriced:
        told.append(_("Takes whose price is not known, counted as 0: {count}.").format(count=unpriced))
    return told


def _places(daemon: Daemon) -> list[str]:
    """In which folders the videos lie, and how many in each: not all lie where the next one would be put."""
    roots = [str(watch.path) for watch in daemon.config.watch]
    done = [take for root in roots for take in daemon.ledger.takes(states=[State.DONE], root=root)]
    there = [Path(take.output) for take in done if take.error is None or take.error.code != "take.missing"]
    folders = Counter(str(video.parent.parent) for video in there)
    latest = {str(Path(video).parent.parent) for video in daemon.progress.latest()}
    # those of this run first
    names = sorted(folders, key=lambda folder: (folder not in latest, folder))
    told = [
        ngettext("{count} video in {folder}", "{count} videos in {folder}", folders[name]).format(
            count=folders[name], folder=name
        )
        for name in names[:FOLDERS]
    ]
    beyond = len(names) - FOLDERS
    if beyond > 0:
        more = ngettext("and {count} more folder", "and {count} more folders", beyond)
        told.append(more.format(count=beyond))
    return told


def _summary(standing: Standing, stopped: list[Problem], spent: list[str], *, interrupted: bool) -> None:
    done = standing.counts[State.DONE]
    out = [ngettext("{count} video is there.", "{count} videos are there.", done).format(count=done), *spent]
    for take in standing.failed[:10]:
        where = _("{storyboard}, segment {segment}").format(storyboard=take.storyboard, segment=take.segment)
        out.append(_("{where}: {text}").format(where=where, text=take.error))
    if len(standing.failed) > 10:
        out.append(
            _("and {count} more; `sorad list --state failed` shows all").format(
                count=len(standing.failed) - 10
            )
        )
    with after_the_end():
        out += [str(problem) for problem in stopped]
    if stopped and not interrupted:
        out.append(_("Then start again: it goes on where this one ended."))
    if standing.waiting:
        text = ngettext(
            "{count} take waits for you or is slow: `sorad status`",
            "{count} takes wait for you or are slow: `sorad status`",
            standing.waiting,
        )
        out.append(text.format(count=standing.waiting))
    if interrupted:
        out.append(_("Stopped. Nothing is lost: the next start goes on where this one ended."))
    for line in out:
        say(line)
    logger.debug(_("ended"))
