"""A reload: the config is read again, and taken over or refused.

A refused config changes nothing, and stays visible in `status` until one is taken over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from loguru import logger

from sorad.config.errors import ConfigError
from sorad.config.model import Config
from sorad.daemon.assembly import Daemon
from sorad.ledger.errors import LedgerUnavailable
from sorad.messages import N_, _
from sorad.problems import Param, Problem, SoradError

# Under this key the daemon's standing troubles hold that a config was refused.
REFUSED = "config"


@dataclass
class Reload:
    """Carries reloads out, one at a time, in the main thread."""

    daemon: Daemon
    read: Callable[[], Config]  # the file as it is now; :class:`SoradError`
    taken: Callable[[Config], None]  # told of a config right before it is taken over: language, log
    interrupted: Callable[[], bool]  # whether the process is to end
    file: Optional[Path] = None

    def run(self) -> bool:
        """Whether the config was taken over."""
        self.daemon.watchman.reloading()
        try:
            return self._run()
        finally:
            self.daemon.watchman.reloaded()

    def _run(self) -> bool:
        if self.file is not None:
            self.daemon.reads(self.file)
        try:
            config = self.read()
            refuse_another_place(self.daemon.config.state_dir, config.state_dir)
            self.daemon.change(config, self.interrupted)
        except (SoradError, LedgerUnavailable) as error:
            reason = error.problem if isinstance(error, SoradError) else _no_ledger(error)
            logger.error(_("the config was not taken over: {problem}"), problem=str(reason))
            several = error.problems if isinstance(error, ConfigError) else (reason,)
            self.daemon.complain(REFUSED, refused(several[0], len(several) - 1))
            return False
        self.taken(config)
        self.daemon.complain(REFUSED, None)
        logger.info(_("the config was read again; folders watched: {count}"), count=len(config.watch))
        return True


def refuse_another_place(here: Path, there: Path) -> None:
    """:class:`SoradError` where the ledger would be another one: that is another daemon."""
    if here != there:
        raise SoradError(
            Problem(
                "config.state_dir",
                N_("state_dir is now {there}, and sorad works on the ledger in {here}."),
                N_("Restart sorad, for another state_dir is another ledger; or put it back."),
                {"here": str(here), "there": str(there)},
            )
        )


def refused(reason: Problem, more: int = 0) -> Problem:
    """What `status` shows of a config that was not taken over. ``more``: mistakes beside that one."""
    told: dict[str, Param] = {"reason": reason, "pid": os.getpid(), "more": more}
    message = N_("The config was read again and refused; the one before stays in force. {reason}")
    fix = N_("{reason_fix} Then have it read again: `sorad service reload`, or kill -HUP {pid}")
    if more:
        fix = N_(
            "{reason_fix} {more} more mistakes: `sorad doctor`. Then have it read again: `sorad service reload`, "
            "or kill -HUP {pid}"
        )
    return Problem("config.refused", message, fix, told)


def _no_ledger(error: LedgerUnavailable) -> Problem:
    return Problem(
        "ledger.unavailable",
        N_("The ledger cannot be used just now ({reason})."),
        N_("Try again in a moment. If it stays so: check the disk and the rights of state_dir."),
        {"reason": str(error)},
    )
