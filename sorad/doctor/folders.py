"""The watched folders: what is seen of them, what the running daemon says of them, who buys there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from sorad.config.model import Watch
from sorad.doctor import inotify, storyboards
from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok, problem, warning
from sorad.doctor.root import Look, look
from sorad.health.buying import CLAIMS_IN_ORDER
from sorad.ledger.values import RootRow
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem
from sorad.vault import problems
from sorad.vault.compare import not_ours
from sorad.vault.scan import Scan

# So many of a kind are named; the rest is counted.
NAMED = 3


def check(context: Context) -> Iterator[Finding]:
    """Look at all roots, then judge each, and the system's limits on all of them."""
    watches = context.watches
    looks = [look(watch, [one.path for one in watches if one is not watch]) for watch in watches]
    rows = _rows(context)
    for watch, seen in zip(watches, looks):
        yield from judge(watch, seen)
        yield from _known_of(context, watch, seen, rows.get(seen.path))
    if context.running:
        yield from judge_rest(rows, [str(watch.path) for watch in watches])
    yield from nested([watch for watch, seen in zip(watches, looks) if not seen.hung])
    yield from storyboards.judge(storyboards.look(context, looks))
    watched = [seen.watchable for watch, seen in zip(watches, looks) if _by_events(watch, seen)]
    yield from _watches(context, watched)


def _rows(context: Context) -> dict[str, RootRow]:
    """The roots as the ledger knows them, by path."""
    return {row.path: row for row in context.facts.roots} if context.facts is not None else {}


def _known_of(context: Context, watch: Watch, seen: Look, row: Optional[RootRow]) -> Iterator[Finding]:
    """What is to be said of a root beside what the ledger and the daemon know of it."""
    facts = context.facts
    known = any(board.root == seen.path for board in facts.storyboards) if facts else False
    strange = list(judge_identity(seen, row, known=known))
    yield from strange
    if facts is not None and context.running and not strange:
        yield from judge_daemon(seen, row)
        if seen.offline is None and not seen.hung:  # that it is not there says it all
            yield from judge_claim(watch, seen, facts.claims)


def _watches(context: Context, watched: Sequence[int]) -> Iterator[Finding]:
    """Whether the system grants as many watches as are needed."""
    holder = context.facts.holder if context.facts is not None else None
    if watched:
        yield from inotify.judge(inotify.look(watched, holder.pid if holder else None))


def _by_events(watch: Watch, seen: Look) -> bool:
    return watch.polling != "always" and seen.events and seen.found is not None


# --- what is seen -----------------------------------------------------------------------------------------


def judge(watch: Watch, seen: Look) -> Iterator[Finding]:
    """What a look at the folder itself shows."""
    path = seen.path
    if seen.hung:
        yield problem(
            "root",
            "root.hung",
            N_("{path} does not answer."),
            N_("Its disk or network share hangs: connect it again, or unmount it."),
            path=path,
        )
        return
    if seen.offline is not None:
        yield Finding("root", Level.PROBLEM, seen.offline)
        return
    troubles = [*_output(watch, seen), *_contents(seen), *_surroundings(watch, seen)]
    yield from troubles
    if not any(found.level is Level.PROBLEM for found in troubles):
        yield ok("root", "root.ok", N_("{path}: {facts}"), path=path, facts=_("; ").join(_facts(watch, seen)))


def _facts(watch: Watch, seen: Look) -> Iterator[str]:
    kind = seen.kind or "?"
    period = f"{watch.rescan_seconds:g}"
    if watch.polling == "always":
        yield _("polled, as the config asks")
    elif not seen.events and watch.polling == "never":
        yield _("looked through every {seconds} s ({kind} reports no changes, and polling is off)").format(
            seconds=period, kind=kind
        )
    elif not seen.events:
        yield _("polled, as {kind} reports no changes").format(kind=kind)
    else:
        yield _("changes are reported ({kind})").format(kind=kind) if seen.kind else _("changes are reported")
    if seen.found is None:
        yield _("too large to be looked through here")
    else:
        folders, boards = seen.found.folders, len(seen.found.files)
        yield ngettext("{count} folder", "{count} folders", folders).format(count=folders)
        yield ngettext("{count} storyboard", "{count} storyboards", boards).format(count=boards)
    yield _("writable") if seen.output == seen.path else _("videos go to {path}").format(path=seen.output)
    if seen.same_case:
        yield _("large and small letters are the same there")


def _output(watch: Watch, seen: Look) -> Iterator[Finding]:
    fix = N_("Give the user that runs sorad the right to write there, or mount it writable.")
    if seen.obstacle:
        message = N_("Videos cannot be written to {path}: {reason}.")
        yield problem("root", "root.not_writable", message, fix, path=seen.output, reason=seen.obstacle)
    for path in seen.locked[:NAMED]:
        message = N_("{path} holds storyboards, and their videos cannot be written there.")
        yield problem("root", "root.locked_folder", message, fix, path=path)
    yield from _more("root", "root.locked_folder", Level.PROBLEM, len(seen.locked))
    for path in seen.too_long[:NAMED]:
        yield problem(
            "root",
            "root.long_name",
            N_("{path}: the names of its videos would be longer than the file system allows."),
            N_("Give the storyboard or its folders a shorter name."),
            path=path,
        )
    yield from _more("root", "root.long_name", Level.PROBLEM, len(seen.too_long))


def _contents(seen: Look) -> Iterator[Finding]:
    found: Optional[Scan] = seen.found
    if found is None:
        return
    clouded = sorted(one.path for one in found.files if one.placeholder)
    kinds: list[list[Problem]] = [
        [problems.unreadable(path, reason) for path, reason in sorted(found.errors)],
        [problems.in_the_cloud(path) for path in clouded],
        [problems.conflict(path) for path in sorted(found.conflicts)],
        [_case_clashes(one, other) for one, other in seen.case_clashes],
    ]
    for found_ones in kinds:
        yield from (Finding("root", Level.WARNING, one) for one in found_ones[:NAMED])
        if found_ones:
            yield from _more("root", found_ones[0].code, Level.WARNING, len(found_ones))


def _case_clashes(one: str, other: str) -> Problem:
    return Problem(
        "root.twins",
        N_("{one} and {other} differ by large and small letters alone."),
        N_("Rename one of them: on macOS and Windows, and in some sync services, they are one file."),
        {"one": one, "other": other},
    )


def _surroundings(watch: Watch, seen: Look) -> Iterator[Finding]:
    if seen.service and watch.claim == "never":
        yield warning(
            "root",
            "root.synced_unclaimed",
            N_('{path} seems to be synced ({service}), and claim = "never" lets every computer buy there.'),
            N_('Remove claim = "never" unless sorad runs on this computer alone.'),
            path=seen.path,
            service=seen.service,
        )


def _more(check: str, code: str, level: Level, count: int) -> Iterator[Finding]:
    if count > NAMED:
        yield Finding(
            check, level, Problem(code, N_("{count} more of this kind."), "", {"count": count - NAMED})
        )


def nested(watches: Sequence[Watch]) -> Iterator[Finding]:
    """Roots inside others: in order, and told, because the settings of the inner one count there."""
    real = {str(watch.path): os.path.realpath(watch.path) for watch in watches}
    for inner, there in real.items():
        around = [path for path, outer in real.items() if Path(outer) in Path(there).parents]
        if around:
            message = N_("{path} lies inside {outer}; what is in it is treated by its own settings.")
            yield ok("root", "root.nested", message, path=inner, outer=max(around, key=len))


# --- against what the daemon knows ------------------------------------------------------------------------


def judge_identity(seen: Look, row: Optional[RootRow], *, known: bool) -> Iterator[Finding]:
    """Whether it is the folder that was watched before: an unmounted disk leaves an empty one."""
    if seen.found is None:
        return
    familiar = row is None or row.device in ("", seen.found.identity)
    strange = not_ours(seen.found, seen.path, known=known, familiar=familiar)
    if strange is not None:
        yield Finding("root", Level.PROBLEM, strange)


def judge_daemon(seen: Look, row: Optional[RootRow]) -> Iterator[Finding]:
    """What the running daemon says of it must be what is seen here."""
    here = seen.offline is None and not seen.hung
    if row is None:
        yield problem(
            "root",
            "root.not_watched",
            N_("{path} stands in the config, and the running sorad does not watch it."),
            N_("The config was changed since it started: reload or restart it."),
            path=seen.path,
        )
    elif row.state == "offline" and here:
        reason = row.reason.text() if row.reason is not None else _("the reason is not known.")
        yield problem(
            "root",
            "root.unseen",
            N_("{path} is there, but the running sorad cannot use it: {reason}"),
            N_(
                "If it has just come back, wait a minute. Else sorad may run as another user, or the service's "
                "sandbox hides it: `sorad service install` anew lets it see what the config names."
            ),
            path=seen.path,
            reason=reason,
        )
    elif row.state != "offline" and not here:
        yield warning(
            "root",
            "root.not_noticed",
            N_("The running sorad has not noticed yet that {path} is away."),
            N_("Look again in a minute; if it stays so, restart sorad and report it, please."),
            path=seen.path,
        )
    elif row.reason is not None and row.reason.code.startswith("watch."):
        yield Finding("root", Level.PROBLEM, row.reason)


def judge_rest(rows: Mapping[str, RootRow], configured: Sequence[str]) -> Iterator[Finding]:
    """Folders that the running daemon watches though the config does not name them (any more)."""
    for path in rows:
        if path not in configured:
            yield warning(
                "root",
                "root.still_watched",
                N_("The running sorad watches {path}, which the config does not name."),
                N_("The config was changed since it started: reload or restart it."),
                path=path,
            )


def judge_claim(watch: Watch, seen: Look, claims: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Which computer buys there."""
    row = next((row for row in claims if row["path"] == seen.path), None)
    if row is None or watch.claim == "never":
        return
    if row["problem"]:
        problem_of = Problem.from_json(row["problem"])
        level = Level.WARNING if problem_of.code in CLAIMS_IN_ORDER else Level.PROBLEM
        yield Finding("root", level, problem_of)
    elif row["buys"] and row["state"] == "ours":
        yield ok("root", "root.claimed", N_("{path}: this computer buys there."), path=seen.path)
