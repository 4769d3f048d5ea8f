"""The first create at a place leaves alone, until one there was answered with a task.

Whether sorad understands a gateway's answers shows with the first of them. Twenty that left at once would all be paid
for before that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from loguru import logger

from sorad.config.model import ProviderConfig
from sorad.engine.decide.parties import memory_key
from sorad.ledger.errors import LedgerUnavailable
from sorad.ledger.interface import Ledger
from sorad.messages import _
from sorad.model import Request

_KEY, _REMEMBERED = "answered", 200


def place_of(base_url: str, config: ProviderConfig, request: Request) -> str:
    """Where a request is sent: the base URL and the model."""
    model = request.model or (config.model_pro if request.pro else config.model)
    return f"{base_url} {model or ('pro' if request.pro else '-')}"


class FirstCreates:
    """Which places have answered a create with a task, and where the first one is under way. Thread-safe."""

    def __init__(self, ledger: Ledger, key: str = "") -> None:
        """``key`` names the account, as in :class:`sorad.engine.state.control.Control`."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._key = memory_key(_KEY, key)
        self._answered: list[str] = ledger.recall(self._key) or []
        self._trying: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a first create is under way somewhere."""
        return bool(self._trying)

    def knows(self, place: str) -> bool:
        """Whether a create there was answered with a task."""
        return place in self._answered

    @contextmanager
    def alone(self, place: str) -> Iterator[bool]:
        """Inside the block, one create may leave for the place, if the value says so."""
        with self._lock:
            first = place not in self._answered
            may = not (first and place in self._trying)
            if first and may:
                self._trying.add(place)
        try:
            yield may
        finally:
            if first and may:
                self._trying.discard(place)

    @contextmanager
    def moved(self, key: str) -> Iterator[dict[str, object]]:
        """As :meth:`sorad.engine.state.control.Control.moved`."""
        with self._lock:
            yield {memory_key(_KEY, key): self._answered}
            self._key = memory_key(_KEY, key)

    def answered(self, place: str) -> None:
        """A create there was answered with a task."""
        with self._lock:
            if place in self._answered:
                return
            self._answered = [*self._answered, place][-_REMEMBERED:]
            self._keep()

    def _keep(self) -> None:
        try:
            self._ledger.remember(self._key, self._answered)
        except LedgerUnavailable as error:  # after a restart one create more leaves alone
            logger.warning(_("the ledger cannot be written just now: {error}"), error=str(error))
