"""The ledger: is it whole, is it of this version, was it rebuilt? Never written to, never checkpointed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from sorad.doctor.context import Context
from sorad.doctor.finding import Finding, Level, ok, problem
from sorad.health.facts import ledger_problem
from sorad.ledger.connection import check_sound, open_connection
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.migrate import check_not_newer, steps, version
from sorad.ledger.place import ledger_path
from sorad.messages import N_, ngettext
from sorad.problems import Param, Problem, SoradError

# A ledger of 100,000 takes is looked over in 0.15 s; the daemon does it wholly at each start.
PATIENCE = 10.0  # seconds
# How long to wait for a ledger that another process keeps locked, in seconds.
WAIT = 2.0


@dataclass(frozen=True)
class Look:
    """What was found. ``whole``: the look was brought to its end."""

    path: str
    exists: bool = False
    wrong: Optional[Problem] = None
    version: int = 0
    takes: int = 0
    whole: bool = True


def check(context: Context) -> Iterator[Finding]:
    """Look and judge."""
    if context.state_dir is None:
        return
    yield from judge(look(ledger_path(context.state_dir)), running=context.running)
    for text in context.facts.notices if context.facts is not None else ():
        notice = Problem.from_json(text)
        if notice.code == "ledger.rebuilt":
            yield Finding("ledger", Level.WARNING if notice.fix else Level.OK, notice)


def look(path: Path) -> Look:
    """Read the whole file, for so long as patience lasts. Raises nothing."""
    try:
        if not path.exists():
            return Look(str(path))
        db = open_connection(path, owner=False, wait=WAIT)
    except (OSError, SoradError, LedgerUnavailable, LedgerDamaged) as error:
        return Look(str(path), exists=True, wrong=_wrong(error))
    try:
        check_not_newer(db, path, steps())
        have = version(db)
        row = db.row("SELECT count(*) FROM takes")
        takes, whole = int(row[0]) if row else 0, True
        try:
            with db.bounded(PATIENCE):
                check_sound(db)
        except LedgerUnavailable as error:
            if str(error) != "interrupted":
                raise
            whole = False
        return Look(str(path), True, None, have, takes, whole)
    except (SoradError, LedgerUnavailable, LedgerDamaged) as error:
        return Look(str(path), exists=True, wrong=_wrong(error))
    finally:
        db.close()


def _wrong(error: Exception) -> Problem:
    found = ledger_problem(error)
    return (
        found if found is not None else Problem("ledger.unreadable", "{reason}", "", {"reason": str(error)})
    )


def judge(seen: Look, *, running: bool) -> Iterator[Finding]:
    """Is it sound, and is it ours to write?"""
    if not seen.exists:
        if running:
            yield problem(
                "ledger",
                "ledger.gone",
                N_("{path} is gone while sorad runs; what it still writes would be lost."),
                N_("Restart sorad: it builds a new ledger from the receipts beside the videos."),
                path=seen.path,
            )
        else:
            yield ok("ledger", "ledger.new", N_("{path} is made at the first start."), path=seen.path)
    elif seen.wrong is not None:
        yield Finding("ledger", Level.PROBLEM, seen.wrong)
    elif seen.version < steps()[-1][0] and running:
        yield problem(
            "ledger",
            "ledger.older_daemon",
            N_(
                "The running sorad is older than this one: its ledger is of version {have}, this one's of {latest}."
            ),
            N_("Restart it: the new version upgrades the ledger and keeps a copy."),
            have=seen.version,
            latest=steps()[-1][0],
        )
    else:
        takes = ngettext("{count} take", "{count} takes", seen.takes).format(count=seen.takes)
        message = (
            N_("{path}: sound; {takes}, version {version}")
            if seen.whole
            else N_("{path}: {takes}, version {version}; sound as far as a look of {seconds} s went")
        )
        params: dict[str, Param] = {
            "path": seen.path,
            "takes": takes,
            "version": seen.version,
            "seconds": f"{PATIENCE:g}",
        }
        yield ok("ledger", "ledger.ok", message, **params)
