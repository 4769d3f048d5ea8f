"""A daemon that only answers commands."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from sorad.ledger.sqlite import SqliteLedger
from sorad.ledger.values import Command


class Answerer:
    """The daemon's side of the post: answers each command with ``result`` and keeps what it saw."""

    def __init__(self, ledger: SqliteLedger, result: Mapping[str, Any]) -> None:
        self.seen: list[Command] = []
        self._ledger, self._result = ledger, result
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Answerer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            for command in self._ledger.commands():
                self.seen.append(command)
                self._ledger.answer(command.id, self._result, time.time())
