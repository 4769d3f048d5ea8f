"""Look at the standing again and again, cheaply: the ledger is asked again only after somebody wrote to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

from sorad.health.facts import PATIENCE, Facts, from_ledger, ledger_problem
from sorad.health.pulse import read_pulse
from sorad.ledger.errors import LedgerDamaged, LedgerUnavailable
from sorad.ledger.sqlite import SqliteLedger
from sorad.lock import holder
from sorad.problems import Problem, SoradError

# Some answers change with the time alone: what was spent today does at midnight.
OLDEST = 30.0


class Look:
    """Keeps the ledger open from one look to the next; no question stays open in between."""

    def __init__(self, ledger_path: Path) -> None:
        self._path = ledger_path
        self._ledger: Optional[SqliteLedger] = None
        self._file: tuple[int, int] = (0, 0)  # which file is open: a rebuilt ledger has the same name
        self._seen = -1
        self._read: Optional[Facts] = None

    def facts(self, now: float, config: Optional[Problem] = None) -> Facts:
        """As they stand at ``now``; a ledger that cannot be read is one of them. Raises nothing.

        ``config`` is what is wrong with the config, as far as the caller knows.
        """
        working = holder(self._path.parent)
        try:
            ledger = self._opened()
            change = ledger.changed()
            read = self._read
            if read is None or change != self._seen or not 0 <= now - read.now < OLDEST:
                self._read = read = from_ledger(ledger, working, now)
                self._seen = change
        except (SoradError, LedgerUnavailable, LedgerDamaged) as error:
            self.close()
            return Facts(now, working, ledger_problem(error), config, pulse=read_pulse(working))
        return replace(read, now=now, holder=working, config=config, pulse=read_pulse(working))

    def close(self) -> None:
        """Let go of the ledger; the next look opens it again."""
        if self._ledger is not None:
            self._ledger.close()
        self._ledger, self._read = None, None

    def _opened(self) -> SqliteLedger:
        try:
            found = self._path.stat()
            file = (found.st_dev, found.st_ino)
        except OSError:
            file = (0, 0)  # attaching tells why
        if self._ledger is None or file != self._file:
            self.close()
            self._ledger = SqliteLedger.attach(self._path, wait=PATIENCE)
            self._file = file
        return self._ledger
