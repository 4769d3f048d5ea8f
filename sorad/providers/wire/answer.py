"""What comes of an HTTP exchange: an answer, or why there is none. Without the libraries that make it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, Optional

from sorad.problems import Problem
from sorad.providers.base import Fault, Trouble
from sorad.providers.errors import faults
from sorad.providers.wire import reading
from sorad.providers.wire.addresses import host_of
from sorad.providers.wire.headers import request_id as find_request_id
from sorad.providers.wire.headers import retry_after as find_retry_after

LARGEST_ANSWER = 10_000_000  # bytes of JSON; a page of tasks has some 20 kB

Authorize = Callable[[str], dict[str, str]]  # the header that a key becomes


def bearer(key: str) -> dict[str, str]:
    """As nearly all want it."""
    return {"Authorization": f"Bearer {key}"}


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end. ``headers`` have small names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; ``None`` where it is none."""
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        return reading.parse(self.body)

    @property
    def good(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def redirects(self) -> bool:
        """3xx."""
        return 300 <= self.status < 400

    def request_id(self) -> str:
        """The request id, from header or body."""
        return find_request_id(self.headers, self.json())

    def retry_after(self) -> Optional[float]:
        """Seconds, where the server says so."""
        return find_retry_after(self.headers, time.time())

    def elsewhere(self) -> Problem:
        """The problem with a redirect."""
        return faults.redirected(host_of(self.headers.get("location", "")), self.status)


@dataclass(frozen=True)
class Heard:
    """What an exchange tells beside its answer; `sorad doctor` judges the clock of this machine by it."""

    status: int
    date: Optional[float]  # the server's clock in epoch seconds, whole ones; None: it does not tell
    sent: float  # epoch seconds by the clock of this machine
    took: float  # seconds until the whole answer was there
    gateway: str = ""  # the version of LiteLLM, where that answered


@dataclass(frozen=True)
class Broken:
    """No whole answer came. ``left``: a byte of the request may have left this machine."""

    left: bool
    problem: Problem
    trouble: Trouble = Trouble.TRANSPORT

    def fault(self) -> Fault:
        """The same as the engine knows it."""
        return Fault(self.trouble, self.problem)
