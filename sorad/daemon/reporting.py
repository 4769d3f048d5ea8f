"""The parts that tell people and programs how it stands: messages, the ping, the HTTP endpoint.

Each is made only where the config asks for it, and its modules are loaded only then.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from sorad.clock import Clock
from sorad.condition import LIMIT
from sorad.config.model import Config
from sorad.daemon.threads import Supervised
from sorad.health.facts import Facts
from sorad.ledger.interface import Ledger
from sorad.model import Take
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.notify.view import Viewer


@dataclass(frozen=True)
class World:
    """What all of them need. ``gather`` raises nothing; ``complain`` shows a standing trouble in `status`."""

    ledger: Ledger
    clock: Clock
    gather: Callable[[], Facts]
    complain: Callable[[str, Optional[Problem]], None]
    failed: Callable[[], None]
    limit: float = LIMIT  # of their threads' heartbeats, in seconds


class Reporting:
    """``threads`` to be started with the others; ``stepped`` is to be told of every step."""

    def __init__(self, config: Config, world: Optional[World]) -> None:
        """``None``: nobody is told (`sorad once`, whose user looks on)."""
        self.threads: list[Supervised] = []
        self._steps: list[Callable[[Take, str, float], None]] = []
        self._notes: list[Callable[[], tuple[Problem, ...]]] = []
        self._world = world
        if world is None or not (
            config.notify.urls or config.notify.urls_file or config.ping.url or config.http.listen
        ):
            return
        from sorad.notify.view import Viewer

        look = Viewer(world.gather, world.clock)
        if config.notify.urls or config.notify.urls_file is not None:
            self._notify(config, world, look)
        if config.ping.url:
            self._ping(config, world, look)
        if config.http.listen:
            self._http(config, world, look)

    def begin(self) -> None:
        """Before the threads start: what was said under an earlier config no longer holds."""
        if self._world is not None:
            for name in ("notify", "ping", "http"):
                self._world.complain(name, None)

    def stepped(self, take: Take, step: str, seconds: float) -> None:
        """A step of this kind took so long."""
        for hear in self._steps:
            hear(take, step, seconds)

    def notes(self) -> list[Problem]:
        """What is worth knowing of the telling itself."""
        return [note for notes in self._notes for note in notes()]

    def _notify(self, config: Config, world: World, look: Viewer) -> None:
        from sorad.notify.part import Notifier
        from sorad.notify.sender import Sender

        sender = Sender(config.notify.proxy, [one.api_key_env for one in config.providers])
        host = platform.node() or "?"
        one = Notifier(config.notify, world.ledger, look, world.clock, sender, world.complain, host)
        self._steps.append(lambda take, step, seconds: one.worked_on(take.storyboard_id))
        self._notes.append(lambda: one.notes)
        self.threads.append(Supervised("notify", one.run, world.clock, world.failed, world.limit))

    def _ping(self, config: Config, world: World, look: Viewer) -> None:
        from sorad.notify.ping import Pinger

        one = Pinger(config.ping, lambda: look().healthy, world.clock, world.complain)
        self._notes.append(lambda: one.notes)
        self.threads.append(Supervised("ping", one.run, world.clock, world.failed, world.limit))

    def _http(self, config: Config, world: World, look: Viewer) -> None:
        from sorad.http.latency import Latencies
        from sorad.http.part import pages
        from sorad.http.server import Endpoint

        latencies = Latencies()
        self._steps.append(lambda take, step, seconds: latencies.saw(step, seconds))
        one = Endpoint(config.http.listen, pages(look, world.ledger, latencies), world.clock, world.complain)
        self.threads.append(Supervised("http", one.run, world.clock, world.failed, world.limit))
