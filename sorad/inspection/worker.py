"""The thread that looks at delivered videos, one at a time, by a child process of low priority.

What is still to be looked at is asked of the ledger each time: an end at any moment costs the look at one video.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from loguru import logger

from sorad.clock import Clock
from sorad.config.model import Config
from sorad.files.durable import remove
from sorad.inspection.ours import is_anothers
from sorad.inspection.sheets import Sheets
from sorad.layout import poster_path
from sorad.ledger.errors import ClaimLost, IllegalMove, LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.ledger.values import Change, Unseen
from sorad.media import flaws
from sorad.media.questions import (
    Answer,
    Frame,
    Inspect,
    Inspected,
    PictureSaved,
    Question,
    Unanswered,
    is_there,
)
from sorad.messages import _
from sorad.model import State, Take
from sorad.receipts.receipt import Payer
from sorad.receipts.writing import write_checks_of

TURN = 2.0  # seconds between two looks for work, while there is none
WIDTH = 640  # pixels of a poster
# What cannot be read or written just now is tried again so much later, then twice as long, up to a day; seconds.
LATER, LATEST = 60.0, 86_400.0
IDLE = 60.0  # seconds without work after which the child process is let go
_MADE, _NONE = 1, 2


@dataclass
class Inspector:
    """``may_write``: this machine sees to a root, and that is there; ``payer``: who it is, in receipts below a root.

    ``ask``: puts a question to the child process; ``rest``: lets that process go.
    """

    config: Config
    ledger: Ledger
    clock: Clock
    may_write: Callable[[str], bool]
    payer: Callable[[str], Payer]
    ask: Callable[[Question], Answer]
    rest: Callable[[], object] = lambda: None
    installed: Callable[[], bool] = is_there

    # By take: until when, and for how long.
    _later: dict[int, tuple[float, float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.sheets = Sheets(self.config, self.ledger, self.clock, self.ask)

    def run(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Look again and again until ``stop``."""
        self._stop = stop
        worked = self.clock.monotonic()
        while not stop.is_set():
            alive()
            try:
                busy = self.turn()
            except LedgerUnavailable as error:
                logger.debug(_("the ledger cannot be used just now: {error}"), error=str(error))
                busy = False
            if busy:
                worked = self.clock.monotonic()
                continue
            if self.clock.monotonic() - worked > IDLE:
                self.rest()
            stop.wait(TURN)

    def turn(self) -> bool:
        """Look at one video; whether there was one. :class:`LedgerUnavailable`."""
        roots = [str(one.path) for one in self.config.watch if self.may_write(str(one.path))]
        tidied = self._each("left", roots, self._tidy)
        if not self.installed():
            return tidied
        wanted = self.config.media
        return (
            tidied
            or (wanted.posters and self._each("poster", roots, self._poster))
            or (wanted.checks and self._each("checks", roots, self._check))
            or (wanted.sheets and self.sheets.turn(roots))
        )

    def _each(self, what: Unseen, roots: Collection[str], look: Callable[[Take], Optional[Change]]) -> bool:
        """The first that is not put off; whether there was one."""
        now = self.clock.monotonic()
        limit = 1 + len(self._later)  # one of them is not put off
        for take in self.ledger.unseen(what, roots, limit):
            if now < self._later.get(take.id, (0.0, 0.0))[0]:
                continue
            try:
                change = look(take)
            except OSError as error:
                logger.debug("take {}: {}", take.id, error)
                change = None
            if change is None:
                self._put_off(take.id)
            else:
                self._later.pop(take.id, None)
                self._record(take, change)
            return True
        return False

    def _record(self, take: Take, change: Change) -> None:
        try:
            self.ledger.record(take, change, self.clock.time())
        except (ClaimLost, IllegalMove):
            logger.debug("take {}: changed meanwhile", take.id)  # and is looked at again
            self._put_off(take.id)

    def _put_off(self, take_id: int) -> None:
        before = self._later.get(take_id, (0.0, LATER / 2))[1]
        wait = min(before * 2, LATEST)
        self._later[take_id] = (self.clock.monotonic() + wait, wait)

    # --- one video ---------------------------------------------------------------------------------

    def _tidy(self, take: Take) -> Optional[Change]:
        """The video is gone: so is its poster."""
        if take.error is None or take.error.code != "take.missing" or os.path.lexists(take.output):
            return None
        poster = poster_path(Path(take.output))
        if not is_anothers(poster):
            remove(poster)
        return Change(State.DONE, "poster", poster=0)

    def _poster(self, take: Take) -> Optional[Change]:
        video = Path(take.output)
        out = poster_path(video)
        if is_anothers(out):  # the user's own stands for it, where it is a file
            return Change(State.DONE, "poster", poster=_MADE if out.is_file() else _NONE)
        if _is_newer(out, video):  # of a ledger that was lost
            return Change(State.DONE, "poster", poster=_MADE)
        found = self.ask(Frame(str(video), str(out), "poster", WIDTH))
        if isinstance(found, PictureSaved):
            return Change(State.DONE, "poster", poster=_MADE)
        return None if self._is_passing(take, found) else Change(State.DONE, "poster", poster=_NONE)

    def _check(self, take: Take) -> Optional[Change]:
        found = self.ask(Inspect(take.output))
        if isinstance(found, Inspected):
            wrong = flaws.flaws(found, flaws.expected_of(take))
            told = flaws.as_json(found, wrong)
            if wrong:
                logger.info(
                    _("take {id}: {flaws}"), id=take.id, flaws=_("; ").join(one.text() for one in wrong)
                )
        elif self._is_passing(take, found):
            return None
        else:
            unfit = isinstance(found, Unanswered) and found.why == "unreadable"
            told = flaws.unreadable() if unfit else flaws.unchecked(getattr(found, "why", ""))
        # The receipt first: what the ledger knows is not looked at again.
        error = write_checks_of(take, flaws.members(told), self.payer(take.root))
        if error is not None:
            logger.debug("take {}: {}", take.id, error)
        return Change(State.DONE, "checked", checks=told)

    def _is_passing(self, take: Take, found: Answer) -> bool:
        """Whether another try may end otherwise: the disk is in trouble, or the child was ended from here."""
        logger.debug("take {}: {}", take.id, found)
        why = found.why if isinstance(found, Unanswered) else ""
        return why in ("disk", "missing") or self._stop.is_set()


def _is_newer(poster: Path, video: Path) -> bool:
    try:
        told, its = poster.lstat(), video.stat()
    except OSError:
        return False
    return poster.is_file() and not poster.is_symlink() and told.st_size > 0 and told.st_mtime >= its.st_mtime
