"""The price list of sora.hk: remembered for an hour, and asked for without keeping anybody waiting for long."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Callable, Optional, Union

from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Problem
from sorad.providers.sora_hk import answers
from sorad.providers.wire import reading
from sorad.providers.wire.answer import Answer, Broken

PRICE_AGE = 3_600.0  # seconds that prices are remembered
PRICE_RETRY = 60.0  # seconds until prices are asked for again where there was no answer
# Who needs a price waits so long for the list, in seconds: one that hangs must not hold the folders up.
PATIENCE = 3.0


class Prices:
    """Thread-safe. A thread of its own asks; the others wait for it, :data:`PATIENCE` at most since it began."""

    def __init__(
        self,
        ask: Callable[[], Union[Answer, Broken]],
        monotonic: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        """``ask`` asks for the list."""
        self._get, self._monotonic, self._patience = ask, monotonic, patience
        self._lock = threading.Lock()
        self._known: Mapping[bool, int] = {}
        self._ask_at: Optional[float] = None
        self._came: Optional[threading.Event] = None  # set once the answer is there that is asked for
        self._began = 0.0
        self.trouble: Optional[Problem] = None

    def of(self, request: Request) -> Optional[int]:
        """Micro-units; ``None`` where the price is not known, or not yet. An old price is better than none."""
        with self._lock:
            now = self._monotonic()
            if self._came is None and (self._ask_at is None or now >= self._ask_at):
                self._came, self._began = threading.Event(), now
                threading.Thread(target=self._ask, args=(self._came,), name="prices", daemon=True).start()
            came, left = self._came, self._patience - (now - self._began)
        if came is not None and not came.wait(max(left, 0.0)):
            with self._lock:
                if self._came is came:
                    self.trouble = _awaited()
        return self._known.get(request.pro)

    def _ask(self, came: threading.Event) -> None:
        found: Mapping[bool, int] = {}
        trouble: Optional[Problem] = _awaited()
        try:
            found, trouble = self._list()
        finally:
            with self._lock:
                self._known, self.trouble = found or self._known, trouble
                self._ask_at = self._monotonic() + (PRICE_AGE if found else PRICE_RETRY)
                self._came = None
            came.set()

    def _list(self) -> tuple[Mapping[bool, int], Optional[Problem]]:
        came = self._get()
        fault = came.fault() if isinstance(came, Broken) else answers.fault_of(came)
        if isinstance(came, Broken) or fault is not None:
            return {}, fault.problem if fault is not None else None
        data = reading.at(came.json(), "data")
        found = {}
        for pro, name in ((False, "normal_price"), (True, "pro_price")):
            amount = answers.micros_of(reading.at(data, name), reading.at(data, "unit"))
            if amount is not None:
                found[pro] = amount
        return found, None if found else answers.senseless(came).problem


def _awaited() -> Problem:
    return Problem(
        "provider.prices",  # as sorad.budget knows it
        N_("The provider has not answered yet what a take costs."),
        N_("Nothing to do: it is asked on."),
    )
