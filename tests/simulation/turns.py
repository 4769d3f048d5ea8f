"""Steps that run at once, replayed by the dice: each in a thread of its own, of which one moves at a time."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from typing import Any, Callable, Optional

Job = Callable[[], None]


class Died(BaseException):
    """The process is gone, between one instruction and the next."""


class _Actor:
    """A job, and the gate at which it waits for its turn."""

    def __init__(self, job: Job, turns: Turns) -> None:
        self.gate = threading.Semaphore(0)
        self.error: Optional[BaseException] = None
        self.ended = False
        self.thread = threading.Thread(target=self._run, args=(job, turns), daemon=True)
        self.thread.start()

    def _run(self, job: Job, turns: Turns) -> None:
        self.gate.acquire()
        try:
            if not turns.dead:
                job()
        except BaseException as error:  # noqa: BLE001  (raised again by who runs the jobs)
            self.error = error
        self.ended = True
        turns.back.release()


class Turns:
    """Runs jobs together. They call :meth:`pause` where another may come between."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._now: Optional[_Actor] = None
        self.back = threading.Semaphore(0)
        self.dead = False

    def run(self, jobs: Sequence[Job], meanwhile: Callable[[], Sequence[Job]] = lambda: ()) -> None:
        """To the end of all. ``meanwhile`` is done now and then between two turns; what it starts joins in.

        The first error of any, above all :class:`Died`, ends the others where they stand.
        """
        actors, error = [_Actor(job, self) for job in jobs], None
        while actors:
            one = self._rng.choice(actors)
            self._now = one
            one.gate.release()
            self.back.acquire()
            if one.ended:
                actors.remove(one)
                error = error or one.error
            elif not self.dead and self._rng.random() < 0.1:
                try:
                    actors += [_Actor(job, self) for job in meanwhile()]
                except BaseException as found:  # noqa: BLE001  (raised again below)
                    error = error or found
            self.dead = error is not None
        self._now, self.dead = None, False
        if error is not None:
            raise error

    def pause(self) -> None:
        """Let others move; nothing where no job is run."""
        me = self._now
        if me is None or threading.current_thread() is not me.thread:
            return
        if not self.dead:
            self.back.release()
            me.gate.acquire()
        if self.dead:
            raise Died


class Alone:
    """A lock among such jobs: who waits for it lets others move."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._held = turns, False

    def __enter__(self) -> None:
        while self._held:
            self._turns.pause()
        self._held = True

    def __exit__(self, *_error: Any) -> None:
        self._held = False
