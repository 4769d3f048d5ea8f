"""The dead man's ping: an address that is called while all is well.

Who watches it hears of everything that sorad cannot tell itself: that it was stopped, is frozen, or that the
machine is off. So it is called from inside, and never while `sorad status` would show a problem.
"""

from __future__ import annotations

import threading
from typing import Callable, Optional

import requests
from loguru import logger

from sorad import __version__
from sorad.clock import Clock
from sorad.config.model import Ping
from sorad.messages import N_, _
from sorad.notify.targets import resolved
from sorad.problems import Problem, SoradError
from sorad.providers.wire.addresses import host_of, proxies_for

SLICE = 1.0  # seconds between heartbeats


class Pinger:
    """Calls the address every so often. ``run`` it in a thread of its own."""

    def __init__(
        self,
        config: Ping,
        healthy: Callable[[], bool],
        clock: Clock,
        complain: Callable[[str, Optional[Problem]], None],
    ) -> None:
        self._config = config
        self._healthy = healthy
        self._clock = clock
        self._complain = complain
        self._failing = False
        self._stop = threading.Event()
        self._beat: Callable[[], None] = lambda: None
        self.notes: tuple[Problem, ...] = ()

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Until ``stop``."""
        self._stop, self._beat = stop, beat
        due = self._clock.monotonic()
        while not stop.wait(max(0.0, min(SLICE, due - self._clock.monotonic()))):
            beat()
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + self._config.every
                self._turn()

    def _turn(self) -> None:
        try:
            url = resolved(self._config.url)
            fail_url = resolved(self._config.fail_url) if self._config.fail_url else ""
        except SoradError as error:
            self._complain("ping", error.problem)
            return
        self._complain("ping", None)
        called = url if self._healthy() else fail_url
        if called:
            reason = self._waited_for(called)
            if reason is not None:
                self._judge(called, reason)

    def _waited_for(self, url: str) -> Optional[str]:
        """What the call came to; ``None`` where the daemon ended meanwhile.

        In a thread of its own: neither a name server that is silent nor one that drips holds up the end, or
        looks like a part that hangs. While such a call is under way there is no other.
        """
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(self._call(url)), name="ping-call", daemon=True)
        thread.start()
        told = False
        late = self._clock.monotonic() + 2 * self._config.timeout + SLICE
        while thread.is_alive():
            if self._stop.is_set():
                return None
            self._beat()
            thread.join(0.2)
            if not told and self._clock.monotonic() > late:
                told = True
                self._judge(url, _("no answer in time"))
        return found[0] if found else _("no answer in time")

    def _call(self, url: str) -> str:
        """Why it did not work, or ``""``. The answer's text is not read: it could be endless."""
        session = requests.Session()
        session.trust_env = False  # the proxies are settled here, and nobody's .netrc goes along
        try:
            with (
                session,
                session.get(
                    url,
                    timeout=self._config.timeout,
                    proxies=proxies_for(url, self._config.proxy),
                    headers={"User-Agent": f"sorad/{__version__}"},
                    stream=True,
                ) as answer,
            ):
                return "" if answer.ok else f"HTTP {answer.status_code}"
        except (requests.RequestException, OSError, ValueError) as error:
            # its text may hold the address, and that is a secret
            return type(error).__name__

    def _judge(self, url: str, reason: str) -> None:
        host = host_of(url)
        if reason and not self._failing:
            logger.warning(_("the ping to {host} failed: {reason}"), host=host, reason=reason)
        elif self._failing and not reason:
            logger.info(_("the ping to {host} works again"), host=host)
        self._failing = bool(reason)
        self.notes = (_failed(host, reason),) if reason else ()


def _failed(host: str, reason: str) -> Problem:
    return Problem(
        "ping.failed",
        N_("The ping to {host} does not get through: {reason}."),
        N_("It is tried again by itself. Check url and proxy in [ping]."),
        {"host": host, "reason": reason},
    )
