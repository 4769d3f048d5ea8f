"""A vault that steps by hand, on a clock that only the test moves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sorad.config.model import Watch
from sorad.vault.service import Vault


class Clock:
    """Time that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class NoWatcher:
    """A watcher that never hints and never fails."""

    def __init__(self, hint, wake) -> None:
        pass

    def add(self, root, now) -> None:
        pass

    def remove(self, root) -> None:
        pass

    def problem(self, root):
        return None

    def check(self, now):
        return []

    def next_at(self):
        return None

    def close(self) -> None:
        pass

    def renew(self, root, now) -> None:
        pass

    def compare(self, root, walked, now) -> None:
        pass


@dataclass
class World:
    """Folders, a vault that steps by hand, and what it should know."""

    base: Path
    ledger: object
    intake: object
    edit: float = 20.0
    note: float = 120.0

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.root = self.base / "root"
        (self.root / "deep").mkdir(parents=True)
        (self.root / "note.md").touch()
        self.stamp = 10**18
        self.start()

    def start(self) -> None:
        watches = [
            Watch(
                path=self.root,
                settle_seconds=2.0,
                edit_seconds=self.edit,
                note_seconds=self.note,
                rescan_seconds=30.0,
            )
        ]
        self.vault = Vault(watches, self.ledger, self.intake, self.clock, make_watcher=NoWatcher)  # type: ignore

    def path(self, name: str) -> str:
        return str(self.root / name)

    def look(self) -> None:
        """What a watcher would bring about: a look at all that is or was there."""
        for path in {*map(str, self.root.rglob("*.json")), *self.ledger.boards}:  # type: ignore[attr-defined]
            self.vault.hint(path)
        self.vault.turn()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        self.stamp += 10**9
        os.utime(path, ns=(self.stamp, self.stamp))

    def run_for(self, seconds: float) -> None:
        end = self.clock.now + seconds
        due = self.vault.turn()
        for _ in range(100 + 10 * int(seconds)):
            if due > end:
                break
            self.clock.now = max(due, self.clock.now)
            due = self.vault.turn()
        else:
            raise AssertionError("it spins")
        self.clock.now = end
