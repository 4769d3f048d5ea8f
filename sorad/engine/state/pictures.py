"""Which places were seen to use the pictures that takes are bought with, and where buying with them stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Callable, Optional

from sorad.engine.decide.parties import memory_key
from sorad.engine.decide.pictures import Trial, compared, is_ignored
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import _
from sorad.problems import Problem

KEY, _REMEMBERED = "pictures", 200


class PictureTrials:
    """One account's, by place. Thread-safe."""

    def __init__(self, ledger: Ledger, key: str = "") -> None:
        """``key`` names the account, as in :class:`sorad.engine.state.control.Control`."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._key = memory_key(KEY, key)
        told = ledger.recall(self._key) or {}
        self._trials = {place: Trial.from_json(raw) for place, raw in told.items()}

    def at(self, place: str) -> Trial:
        """What is known of a place."""
        return self._trials.get(place, Trial())

    def compared(
        self, place: str, take: int, likeness: float, why: Callable[[Trial], Problem]
    ) -> Optional[Problem]:
        """A take was compared; the problem (``why``) where buying with pictures stops there by it."""
        with self._lock:
            trial = compared(self.at(place), take, likeness)
            stops = why(trial) if is_ignored(trial) else None
            self._put(place, trial if stops is None else replace(trial, stopped=stops))
        return stops

    def vouch(self) -> int:
        """The user wants it to go on wherever it stopped; at how many places it had."""
        with self._lock:
            stopped = [place for place, trial in self._trials.items() if trial.stopped is not None]
            for place in stopped:
                self._put(place, Trial(passed=True, vouched=True))
        return len(stopped)

    def follow(self, base_url: str, field: str) -> None:
        """The config sends there, in this field, from now on: what stopped elsewhere is past."""
        with self._lock:
            for place, trial in list(self._trials.items()):
                ours = place.startswith(f"{base_url} ") and place.endswith(field)
                if trial.stopped is not None and not ours:
                    self._put(place, Trial())

    @contextmanager
    def moved(self, key: str) -> Iterator[dict[str, object]]:
        """As :meth:`sorad.engine.state.control.Control.moved`."""
        with self._lock:
            yield {memory_key(KEY, key): self._as_json()}
            self._key = memory_key(KEY, key)

    def _as_json(self) -> dict[str, object]:
        return {place: trial.to_json() for place, trial in self._trials.items()}

    def _put(self, place: str, trial: Trial) -> None:
        if self._trials.get(place) == trial:
            return
        self._trials.pop(place, None)
        self._trials[place] = trial
        for oldest in list(self._trials)[:-_REMEMBERED]:
            del self._trials[oldest]
        try:
            self._ledger.remember(self._key, self._as_json())
        except LedgerUnavailable as error:  # after a restart it is found out once more
            from loguru import logger  # here: `sorad plan` need not load it

            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))
