"""The ledger in one SQLite file: how it is opened. The verbs are in the parts, one file each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sorad.ledger.connection import (
    BUSY_SECONDS,
    check_sound,
    create_file,
    open_connection,
    scratch_connection,
)
from sorad.ledger.control import Control
from sorad.ledger.failed_tasks import Rechecks
from sorad.ledger.interface import Ledger
from sorad.ledger.migrate import check_not_newer, migrate, steps, version
from sorad.ledger.queries import Queries
from sorad.ledger.steps import Steps
from sorad.ledger.storyboards import Storyboards
from sorad.messages import N_
from sorad.problems import Problem, SoradError


class SqliteLedger(Storyboards, Steps, Rechecks, Queries, Control):
    """The ledger of :mod:`sorad.ledger.interface`, in a file."""

    @classmethod
    def open(cls, path: Path) -> SqliteLedger:
        """For the one process that runs the ledger (it holds the daemon's lock): made and migrated as needed.

        The whole file is read once (0.15 s for 100,000 takes), so that damage is told before money is spent.
        Raises :class:`SoradError` where the file cannot be made or a newer sorad wrote it,
        :class:`LedgerUnavailable`, :class:`LedgerDamaged`.
        """
        try:
            create_file(path)
        except OSError as error:
            raise SoradError(
                Problem(
                    "ledger.cannot_create",
                    N_("The ledger {path} cannot be opened: {reason}."),
                    N_("Make its folder writable, or set state_dir to another folder."),
                    {"path": os.fspath(path), "reason": error.strerror or str(error)},
                )
            ) from error
        db = open_connection(path, owner=True)
        try:
            check_sound(db)
            migrate(db, path, steps())
        except BaseException:
            db.close()
            raise
        return cls(db)

    @classmethod
    def attach(cls, path: Path, *, wait: float = BUSY_SECONDS) -> SqliteLedger:
        """For every other process: the file must be there and of this version; it is never checkpointed.

        ``wait`` is how long each question waits for a locked ledger, in seconds. Raises :class:`SoradError`
        (exit code 3 where there is no ledger yet), :class:`LedgerUnavailable`, :class:`LedgerDamaged`.
        """
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise _nothing_yet(path) from None
        except OSError as error:
            raise _unreadable(path, error) from error
        db = open_connection(path, owner=False, wait=wait)
        try:
            known = steps()
            check_not_newer(db, path, known)
            if version(db) == 0:
                raise _nothing_yet(path)
            if version(db) < known[-1][0]:
                raise _older(path)
        except BaseException:
            db.close()
            raise
        return cls(db)

    @classmethod
    def scratch(cls, of: SqliteLedger | None) -> SqliteLedger:
        """A ledger in memory, to try out what would come of something: a copy of another one (``None``: empty)."""
        db = scratch_connection(None if of is None else of._db)
        if of is None:
            migrate(db, Path(), steps())
        return cls(db)

    def close(self) -> None:
        self._db.close()


def _nothing_yet(path: Path) -> SoradError:
    problem = Problem(
        "ledger.missing",
        N_("There is nothing here yet: {path} does not exist."),
        N_("Start sorad once with `sorad run`, or check state_dir in the config."),
        {"path": os.fspath(path)},
    )
    return SoradError(problem, exit_code=3)


def _unreadable(path: Path, error: OSError) -> SoradError:
    problem = Problem(
        "ledger.unreadable",
        N_("The ledger {path} cannot be read: {reason}."),
        N_("Run this as the user that runs sorad, or check the rights of state_dir."),
        {"path": os.fspath(path), "reason": error.strerror or str(error)},
    )
    return SoradError(problem)


def _older(path: Path) -> SoradError:
    problem = Problem(
        "ledger.older",
        N_("The ledger {path} was written by an older sorad and is not upgraded yet."),
        N_("Restart the daemon with this version (`sorad run`): it upgrades the ledger and keeps a copy."),
        {"path": os.fspath(path)},
    )
    return SoradError(problem)


if TYPE_CHECKING:

    def _speaks_the_interface(ledger: SqliteLedger) -> Ledger:
        return ledger
